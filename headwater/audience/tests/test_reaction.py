"""A batch of facts: points, caps, bands, interests and memberships, each exactly once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headwater.audience import actions, queries
from headwater.audience.engine import building
from headwater.audience.models import Interest, ScoreEntry, Segment, SegmentMember, StaleGeneration
from headwater.core import clock
from headwater.people.actions import companies
from headwater.people.facts import ContactCreated, TagAdded
from headwater.people.models import Contact
from headwater.timeline import dispatch
from headwater.timeline import queries as timeline
from headwater.timeline.actions import adopt, record, record_anonymous

from .helpers import NOW, happened, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _still() -> Any:
    with clock.freeze(NOW):
        yield


def settle() -> None:
    while dispatch.run_once("audience"):
        pass


def points(person_id: int) -> int:
    why = queries.explain_score(person_id)
    assert sum(line.points for line in why.lines) == why.points == queries.scores([person_id])[person_id].points
    return why.points


@pytest.mark.parametrize(
    "kind,data,expected",
    [
        ("mail.opened", {}, 10),
        ("page.viewed", {"path": "/site/pricing"}, 20),
        ("page.viewed", {"path": "/pricing/enterprise"}, 20),
        ("page.viewed", {"path": "/site/blog"}, 1),
        ("asset.downloaded", {"name": "White paper"}, 40),
        ("form.submitted", {}, 15),
        ("mail.clicked", {}, 15),
        ("mail.unsubscribed", {}, -50),
    ],
)
def test_the_rules_that_come_with_the_product_give_their_points(kind: str, data: Any, expected: int) -> None:
    a = person()
    happened(a, kind, **data)
    settle()
    assert points(a) == expected


def test_a_cap_bounds_a_day_and_the_next_day_begins_anew() -> None:
    a = person()
    for minute in range(14):
        happened(a, "page.viewed", NOW - timedelta(minutes=minute), path="/blog")
    settle()
    happened(a, "page.viewed", NOW - timedelta(minutes=20), path="/blog")
    settle()
    assert points(a) == 10
    happened(a, "page.viewed", NOW - timedelta(days=1), path="/blog")
    settle()
    assert points(a) == 11


def test_the_band_follows_the_points_and_says_so_once() -> None:
    a = person()
    happened(a, "page.viewed", path="/pricing")
    settle()
    happened(a, "asset.downloaded", name="White paper")
    settle()
    happened(a, "mail.unsubscribed")
    settle()
    told = [e.data for e in timeline.read(a, kinds=["score.band_changed"])]
    assert sorted((d["before"], d["after"], d["points"]) for d in told) == [
        ("cold", "warm", 20),
        ("hot", "cold", 10),
        ("warm", "hot", 60),
    ]


def test_an_adopted_past_scores_too() -> None:
    a = person()
    record_anonymous([(77, NOW - timedelta(days=3), UUID(int=4), "page.viewed", {"path": "/pricing"})])
    adopt([(77, a)])
    settle()
    assert points(a) == 20
    assert queries.explain_score(a).lines[0].at == NOW - timedelta(days=3)


def test_interests_are_gathered_from_pages_assets_and_links() -> None:
    a = person()
    happened(a, "page.viewed", path="/site/blog/demand-forecasting", title="Demand forecasting that works")
    happened(a, "asset.downloaded", name="Forecasting white paper")
    happened(a, "page.viewed", NOW + timedelta(seconds=1), path="/site/pricing")
    settle()
    assert [(t.key, t.weight) for t in queries.interests([a])[a]] == [("forecasting", 4), ("pricing", 1)]


def test_a_score_reached_moves_the_person_into_the_segment_in_the_same_pass() -> None:
    a = person()
    s = actions.create_segment(
        name="Hot leads", definition={"score": "engagement", "op": "gte", "value": 60}, actor="user:1"
    )
    building.run_all()
    happened(a, "page.viewed", path="/pricing")
    happened(a, "asset.downloaded", name="x")
    dispatch.run_once("audience")
    assert queries.are_members(s.pk, [a]) == {a}
    assert queries.counts()[s.pk] == 1
    assert [e.data for e in timeline.read(a, kinds=["segment.entered"])] == [{"segment": s.pk, "name": "Hot leads"}]
    happened(a, "mail.unsubscribed")
    dispatch.run_once("audience")
    assert queries.are_members(s.pk, [a]) == set()
    assert queries.counts()[s.pk] == 0
    assert len(timeline.read(a, kinds=["segment.left"])) == 1


def test_points_given_by_hand_are_heard_by_segments() -> None:
    a = person()
    s = actions.create_segment(name="Hot", definition={"score": "engagement", "band": "hot"}, actor="user:1")
    building.run_all()
    actions.add_points([actions.Points(a, 70, "call", "user:1")])
    settle()
    assert queries.are_members(s.pk, [a]) == {a}


def test_a_new_contact_is_tested_against_every_segment() -> None:
    s = actions.create_segment(name="Koreans", definition={"field": "contact.country", "value": "KR"}, actor="user:1")
    building.run_all()
    a = person(country="KR")
    record(a, ContactCreated(source="test"))
    settle()
    assert queries.are_members(s.pk, [a]) == {a}


def test_a_batch_takes_the_same_number_of_statements_for_one_person_and_for_many() -> None:
    actions.create_segment(name="Viewers", definition={"event": "page.viewed", "within": "30d"}, actor="user:1")
    actions.create_segment(name="VIPs", definition={"tag": "vip"}, actor="user:1")
    building.run_all()

    def statements(people: list[int]) -> int:
        for p in people:
            happened(p, "page.viewed", path="/pricing")
        with CaptureQueriesContext(
            connection,
        ) as seen:
            dispatch.run_once("audience")
        return len(seen)

    statements([person()])  # the book is read once
    assert statements([person()]) == statements([person() for _ in range(40)])


def test_a_new_segment_takes_in_whom_it_holds_for_without_telling_journeys() -> None:
    a, b = person(tags=["vip"]), person()
    s = actions.create_segment(name="VIPs", definition={"tag": "vip"}, actor="user:1")
    assert Segment.objects.get(pk=s.pk).state == "building"
    building.run_all()
    s.refresh_from_db()
    assert (s.state, s.generation, s.progress) == ("ready", 1, 100)
    assert queries.are_members(s.pk, [a, b]) == {a}
    assert timeline.read(a) == []


def test_a_rebuild_swaps_members_keeps_since_and_tells_differences_where_wanted() -> None:
    a, b, c = person(tags=["vip", "old"]), person(tags=["old"]), person(tags=["vip"])
    s = actions.create_segment(name="S", definition={"tag": "old"}, actor="user:1", announce=False)
    building.run_all()
    with clock.freeze(NOW + timedelta(hours=1)):
        actions.update_segment(s.pk, actor="user:1", definition={"tag": "vip"}, announce=True)
        assert queries.are_members(s.pk, [a, b, c]) == {a, b}
        building.run_all()
    assert dict(queries.members(s.pk)) == {a: NOW, c: NOW + timedelta(hours=1)}
    assert queries.counts() == {s.pk: 2}
    assert [len(timeline.read(p)) for p in (a, b, c)] == [0, 1, 1]
    assert (timeline.read(b)[0].kind, timeline.read(c)[0].kind) == ("segment.left", "segment.entered")
    assert SegmentMember.objects.count() == 2
    assert StaleGeneration.objects.count() == 0


def test_what_changes_while_a_segment_is_built_is_neither_missed_nor_told_twice() -> None:
    a, b = person(tags=["vip"]), person()
    s = actions.create_segment(name="VIPs", definition={"tag": "vip"}, actor="user:1")
    building.run_once()  # all lanes taken and let go
    building.run_once()  # everybody evaluated: a is in, b is not
    for p, tags in ((a, []), (b, ["vip"])):
        Contact.objects.filter(pk=p).update(tags=tags)
        record(p, TagAdded(tag="vip"))
    settle()
    assert queries.are_members(s.pk, [a, b]) == set()
    building.run_all()
    assert queries.are_members(s.pk, [a, b]) == {b}
    assert queries.counts() == {s.pk: 1}


def test_a_change_of_an_inner_segment_rebuilds_those_that_take_it_in() -> None:
    a, b = person(tags=["x"]), person(tags=["y"])
    inner = actions.create_segment(name="Inner", definition={"tag": "x"}, actor="user:1")
    outer = actions.create_segment(name="Outer", definition={"not": {"segment": "inner"}}, actor="user:1")
    building.run_all()
    assert queries.are_members(outer.pk, [a, b]) == {b}
    actions.update_segment(inner.pk, actor="user:1", definition={"tag": "y"})
    building.run_all()
    assert queries.are_members(outer.pk, [a, b]) == {a}
    with pytest.raises(actions.InUse) as caught:
        actions.delete_segment(inner.pk, actor="user:1")
    assert caught.value.names == ["Outer"]


def test_a_deleted_segment_leaves_nothing_behind() -> None:
    person(tags=["x"])
    s = actions.create_segment(name="X", definition={"tag": "x"}, actor="user:1")
    building.run_all()
    actions.delete_segment(s.pk, actor="user:1")
    building.run_all()
    assert (Segment.objects.count(), SegmentMember.objects.count()) == (0, 0)


def test_points_and_interests_are_found_again_from_the_past() -> None:
    a = person()
    happened(a, "page.viewed", NOW - timedelta(days=40), path="/pricing")
    happened(a, "asset.downloaded", NOW - timedelta(days=30), name="Loyalty guide")
    actions.add_points([actions.Points(a, 5, "fair", "user:1")])
    settle()
    before = [(line.at, line.points, line.why) for line in queries.explain_score(a).lines]
    ScoreEntry.objects.filter(rule_id__gt=0).delete()
    Interest.objects.all().delete()
    assert actions.recompute(actor="system") == 1
    assert [(line.at, line.points, line.why) for line in queries.explain_score(a).lines] == before
    assert points(a) == 65
    # 3 of 30 days ago have halved, 1 of 40 days ago is worth less than a half
    assert [(t.key, t.weight) for t in queries.interests([a])[a]] == [("loyalty", 2)]


def test_a_change_of_a_company_moves_its_people() -> None:
    company = companies.create_company(actor="user:1", name="Shop", industry="Retail")
    a, b = person(company_id=company.pk), person()
    s = actions.create_segment(
        name="Banks",
        definition={
            "any": [{"field": "company.industry", "value": "Banking"}, {"field": "company.tier", "value": "a"}]
        },
        actor="user:1",
    )
    building.run_all()
    companies.update_company(company.pk, actor="user:1", industry="Banking")
    settle()
    assert queries.are_members(s.pk, [a, b]) == {a}
    companies.update_company(company.pk, actor="user:1", industry="Retail")
    settle()
    assert queries.are_members(s.pk, [a, b]) == set()
