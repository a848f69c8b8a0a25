"""Conditions answer exactly for whom they hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from headwater.audience import actions, queries
from headwater.audience.compiler import ConditionError, parse, summary
from headwater.audience.models import Segment
from headwater.core import clock
from headwater.people.models import Company, Consent

from .helpers import NOW, happened, person

pytestmark = pytest.mark.django_db


def holds(condition: Any, *people: int) -> list[bool]:
    with clock.freeze(NOW):
        found = queries.matching(condition, people)
    return [p in found for p in people]


def field(name: str, op: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"field": f"contact.{name}", "op": op, "value": value, **more}


@pytest.mark.parametrize(
    "condition,expected",
    [
        (field("country", "eq", "kr"), [True, False, False]),
        (field("country", "ne", "KR"), [False, True, True]),
        (field("country", "in", ["KR", "DE"]), [True, True, False]),
        (field("country", "not_in", ["KR", "DE"]), [False, False, True]),
        (field("job_title", "contains", "MARKET"), [True, False, False]),
        (field("job_title", "not_contains", "market"), [False, True, True]),
        (field("job_title", "starts_with", ["vp", "head"]), [True, True, False]),
        (field("job_title", "ends_with", "sales"), [False, True, False]),
        (field("job_title", "empty"), [False, False, True]),
        (field("job_title", "not_empty"), [True, True, False]),
        (field("plan", "eq", "trial"), [True, False, False]),
        (field("plan", "ne", "trial"), [False, True, True]),
        (field("seats", "gte", 10), [True, False, False]),
        (field("seats", "between", [2, 9]), [False, True, False]),
        (field("stage", "eq", "customer"), [False, True, False]),
        (field("renewal_date", "within_next", "30d"), [True, False, False]),
        (field("renewal_date", "eq", "2026-12-01"), [True, False, False]),
        (field("renewal_date", "before", "2026-01-01"), [False, True, False]),
        (field("birthday", "anniversary", "3d"), [True, False, False]),
        ({"tag": "vip"}, [True, False, False]),
        ({"not": {"tag": "vip"}}, [False, True, True]),
        ({"consent": "email"}, [True, False, False]),
        ({"consent": "email", "state": "withdrawn"}, [False, True, False]),
        ({"consent": "email", "state": "none"}, [False, False, True]),
        ({"field": "company.industry", "op": "eq", "value": "Retail"}, [True, False, False]),
        ({"field": "company.industry", "op": "ne", "value": "Retail"}, [False, True, True]),
        ({"field": "company.roles", "op": "has", "value": "partner"}, [True, False, False]),
        ({"field": "company.roles", "op": "has_not", "value": "partner"}, [False, True, True]),
        ({"all": []}, [True, True, True]),
        ({"any": []}, [False, False, False]),
        ({"any": [{"tag": "vip"}, field("country", "eq", "DE")]}, [True, True, False]),
        ({"all": [{"tag": "vip"}, field("country", "eq", "DE")]}, [False, False, False]),
        ({"random": 100}, [True, True, True]),
    ],
)
def test_a_condition_on_a_contact_holds_for_whom_it_says(condition: Any, expected: list[bool]) -> None:
    company = Company.objects.create(name="Shop", industry="Retail", roles=["customer", "partner"])
    a = person(
        country="KR",
        job_title="VP Marketing",
        custom={"plan": "trial", "seats": 12},
        tags=["vip"],
        company=company,
        renewal_date="2026-12-01",
        birthday="1990-11-22",
    )
    b = person(
        country="DE",
        job_title="Head of Sales",
        custom={"seats": 5},
        stage="customer",
        renewal_date="2025-12-01",
        birthday="1990-11-24",
    )
    c = person()
    Consent.objects.create(person_id=a, channel="email", state="granted", at=NOW)
    Consent.objects.create(person_id=b, channel="email", state="withdrawn", at=NOW)
    assert holds(condition, a, b, c) == expected


PRICING = [{"prop": "path", "op": "starts_with", "value": "/pricing"}]


@pytest.mark.parametrize(
    "condition,expected",
    [
        ({"event": "page.viewed"}, [True, True, False]),
        ({"not": {"event": "page.viewed"}}, [False, False, True]),
        ({"event": "page.viewed", "where": PRICING, "count": {"op": "gte", "value": 3}}, [True, False, False]),
        (
            {"event": "page.viewed", "where": PRICING, "count": {"op": "gte", "value": 3}, "within": "30d"},
            [False, False, False],
        ),
        (
            {"event": "page.viewed", "where": PRICING, "count": {"op": "eq", "value": 2}, "within": "30d"},
            [True, False, False],
        ),
        ({"event": "page.viewed", "count": {"op": "between", "value": [1, 3]}}, [False, True, False]),
        ({"event": "page.viewed", "count": {"op": "lt", "value": 1}}, [False, False, True]),
        ({"event": "page.viewed", "first": {"op": "older_than", "value": "30d"}}, [True, False, False]),
        ({"event": "page.viewed", "last": {"op": "older_than", "value": "5d"}}, [False, True, False]),
        ({"event": "page.viewed", "where": [{"prop": "seconds", "op": "gt", "value": 30}]}, [True, False, False]),
        ({"event": "page.viewed", "where": [{"prop": "utm.source", "value": "ads"}]}, [False, True, False]),
        ({"event": "page.viewed", "where": [{"prop": "utm.source", "op": "empty"}]}, [True, False, False]),
        (
            {"event": "page.viewed", "where": [{"prop": "title", "op": "contains", "value": "PRIC"}]},
            [True, False, False],
        ),
    ],
)
def test_a_condition_on_events_holds_for_whom_it_says(condition: Any, expected: list[bool]) -> None:
    a, b, c = person(), person(), person()
    for days in (1, 20, 40):
        happened(a, "page.viewed", NOW - timedelta(days=days), path="/pricing/pro", title="Pricing", seconds=31)
    happened(a, "page.viewed", NOW - timedelta(days=2), path="/blog", seconds=4)
    happened(b, "page.viewed", NOW - timedelta(days=10), path="/blog", utm={"source": "ads"})
    happened(c, "page.viewed", NOW + timedelta(days=1), path="/pricing")  # its time has not come
    assert holds(condition, a, b, c) == expected


def test_a_missing_company_is_not_the_value_and_a_segment_in_a_segment_is_taken_in() -> None:
    Segment.objects.create(key="vips", name="VIPs", definition={"tag": "vip"})
    a, b = person(tags=["vip"]), person()
    assert holds({"not": {"segment": "vips"}}, a, b) == [False, True]


def test_a_cycle_of_segments_is_refused_with_its_path() -> None:
    Segment.objects.create(key="a", name="A", definition={"segment": "b"})
    Segment.objects.create(key="b", name="B", definition={"all": [{"segment": "c"}]})
    with pytest.raises(ConditionError) as caught:
        parse({"any": [{"tag": "x"}, {"segment": "a"}]}, trail=("c",))
    assert [(p.path, p.message) for p in caught.value.problems] == [
        ("$.any[1].segment", "leads back to itself: c → a → b → c")
    ]


def test_every_mistake_is_named_with_its_path() -> None:
    with pytest.raises(ConditionError) as caught:
        parse(
            {
                "all": [
                    {"field": "contact.contry", "op": "eq", "value": "KR"},
                    {"field": "contact.country", "op": "gte", "value": 3},
                    {"event": "page.viewed", "within": "soon", "where": [{"prop": "path", "op": "like"}]},
                    {"any": {"tag": "x"}},
                    {"tag": "x", "op": "eq"},
                    {"nothing": 1},
                    {"score": "nope", "op": "gte", "value": "many"},
                ]
            }
        )
    assert [p.path for p in caught.value.problems] == [
        "$.all[0].field",
        "$.all[1].op",
        "$.all[2].where[0].op",
        "$.all[2].within",
        "$.all[3].any",
        "$.all[4].op",
        "$.all[5]",
        "$.all[6].score",
        "$.all[6].value",
    ]
    assert caught.value.problems[0].message == "unknown field 'contact.contry'; did you mean 'contact.country'?"


def test_values_are_bound_and_never_become_sql() -> None:
    a = person(job_title="x'); DROP TABLE people_contact; --")
    nasty = "x'); DROP TABLE people_contact; --"
    assert holds({"any": [field("job_title", "eq", nasty), {"tag": "%s %(p0)s"}]}, a) == [True]


def test_a_score_and_its_band_are_conditions() -> None:
    a, b = person(), person()
    actions.add_points([actions.Points(a, 60, "met at the fair", "user:1")])
    assert holds({"score": "engagement", "op": "gte", "value": 60}, a, b) == [True, False]
    assert holds({"score": "engagement", "band": "hot"}, a, b) == [True, False]
    assert holds({"score": "engagement", "op": "lt", "value": 1}, a, b) == [False, True]


def test_a_condition_says_itself_in_plain_words() -> None:
    condition = {
        "all": [
            field("country", "eq", "KR"),
            {"any": [{"tag": "vip"}, {"not": {"consent": "email"}}]},
            {"event": "page.viewed", "where": PRICING, "count": {"op": "gte", "value": 3}, "within": "30d"},
        ]
    }
    assert summary(parse(condition)) == (
        "Country is “South Korea” and (tagged “vip” or not (consent for email is granted)) and "
        "page viewed (path starts with “/pricing”) at least 3 times in the last 30 days"
    )


IN_KOREAN = (
    "국가: “대한민국” 그리고 다음이 아님(페이지를 봄 (path: “/p”(으)로 시작) 2회 이상 최근 30일, "
    "마지막: 7일보다 오래전) 그리고 Engagement 점수: 60 이상"
)
IN_CHINESE = (
    "国家/地区是“韩国” 且 非（浏览了页面 (path以“/p”开头) 至少 2 次 最近 30 天, 最近一次距今超过 7 天） "
    "且 Engagement 评分至少为 60"
)


@pytest.mark.parametrize(("language", "said"), [("ko", IN_KOREAN), ("zh-hans", IN_CHINESE)])
def test_a_condition_is_said_in_the_order_of_the_readers_language(language: str, said: str) -> None:
    looked = {
        "event": "page.viewed", "within": "30d", "count": {"op": "gte", "value": 2},
        "where": [{"prop": "path", "op": "starts_with", "value": "/p"}], "last": {"op": "older_than", "value": "7d"},
    }  # fmt: skip
    korean = {"field": "contact.country", "op": "eq", "value": "KR"}
    node = parse({"all": [korean, {"not": looked}, {"score": "engagement", "op": "gte", "value": 60}]})
    with translation.override(language):
        assert summary(node) == said
