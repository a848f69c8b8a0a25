"""The funnel: exact on a small history, the same however it is computed, and the list behind a number has as many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.core import clock
from headwater.insights import actions, queries
from headwater.insights.models import Milestone
from headwater.insights.rules import Period, last_days, parse_reached, reached_value
from headwater.people import actions as people
from headwater.people.models import Visitor
from headwater.timeline import dispatch

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def at(days_ago: float) -> datetime:
    return NOW - timedelta(days=days_ago)


def contact(name: str, days_ago: float, *stages: tuple[float, str]) -> int:
    with clock.freeze(at(days_ago)):
        made = people.create_contact(actor="system", email=f"{name}@example.com", first_name=name)
    person_id = getattr(made, "pk", made)
    for ago, stage in stages:
        with clock.freeze(at(ago)):
            people.set_stage([person_id], stage, reason="test", actor="system")
    return int(person_id)


@pytest.fixture
def history() -> dict[str, int]:
    ids = {
        "ann": contact("ann", 20, (15, "mql"), (10, "sql"), (5, "opportunity"), (1, "customer")),
        "bob": contact("bob", 45, (40, "mql"), (12, "sql")),  # qualified before the period, by marketing
        "cho": contact("cho", 40, (3, "sql")),  # sales took him without marketing
        "dee": contact("dee", 2),
        "eve": contact("eve", 100, (90, "mql"), (80, "customer")),
    }
    for number, ago in enumerate((1, 29, 31, 70)):
        Visitor.objects.create(visitor_id=number + 1, first_seen_at=at(ago), last_seen_at=NOW)
    while dispatch.run_once("insights"):
        pass
    return ids


def counts(period: Period) -> list[tuple[str, int, int]]:
    return [(s.name, s.count, s.before) for s in queries.funnel(period)]


def test_each_person_counts_once_in_the_step_she_reached_first(history: dict[str, int]) -> None:
    assert counts(last_days(30, NOW)) == [
        ("awareness", 2, 1),
        ("consideration", 2, 2),
        ("decision", 2, 1),
        ("action", 1, 0),
    ]
    rates = [s.rate for s in queries.funnel(last_days(30, NOW))]
    assert rates == [None, 1.0, 1.0, 0.5]


def test_made_anew_from_the_facts_it_is_the_same(history: dict[str, int]) -> None:
    before = sorted(Milestone.objects.values_list("person_id", "step", "at", "source"))
    assert actions.rebuild() == len(before) == 14
    assert sorted(Milestone.objects.values_list("person_id", "step", "at", "source")) == before


def test_the_earliest_time_stays(history: dict[str, int]) -> None:
    ann = history["ann"]
    assert actions.reach([(ann, "mql", at(1))]) == 0
    assert actions.reach([(ann, "mql", at(18)), (ann, "mql", at(16))]) == 1
    assert Milestone.objects.get(person_id=ann, step="mql").at == at(18)


@pytest.mark.parametrize(
    "step,names", [("consideration", {"ann", "dee"}), ("decision", {"ann", "cho"}), ("action", {"ann"})]
)
def test_the_list_behind_a_number_shows_exactly_these_people(
    history: dict[str, int], client: Client, step: str, names: set[str]
) -> None:
    user = User.objects.create_user(username="m@example.com", email="m@example.com", password="x", role="marketer")
    client.force_login(user)
    page = client.get("/people/", {"reached": reached_value(step, last_days(30, NOW))}).content.decode()
    assert {name for name in history if f"{name}@example.com" in page} == names


def test_the_dashboard_shows_the_numbers_and_where_they_lead(history: dict[str, int], client: Client) -> None:
    user = User.objects.create_user(username="m@example.com", email="m@example.com", password="x", role="marketer")
    client.force_login(user)
    with clock.freeze(NOW):
        page = client.get("/?days=30").content.decode()
        part = client.get("/?days=30&part=1").content.decode()
    for html in (page, part):
        assert 'data-step="decision">2</a>' in html
        assert "reached=decision~2026-10-21" in html.replace("%7E", "~")
    assert "<c-" not in page
    assert "<html" not in part


def test_a_filter_that_is_no_step_is_refused() -> None:
    assert parse_reached("decision~2026-01-01T00:00:00+00:00~2026-02-01T00:00:00+00:00") == (
        ("mql", "sql", "opportunity"),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 2, 1, tzinfo=UTC),
    )
    for wrong in ("nonsense", "decision~2026-01-01~2026-02-01", "decision~x~y", ""):
        with pytest.raises(ValueError):  # noqa: PT011
            parse_reached(wrong)


def test_days_follow_the_workspace_s_time_zone(history: dict[str, int]) -> None:
    day = queries.daily(Period(at(3), NOW), "Asia/Seoul")
    assert (len(day.days), sum(day.visitors), sum(day.leads)) == (4, 1, 1)


def test_sources_are_counted_and_the_rest_is_summed(history: dict[str, int]) -> None:
    assert queries.sources(last_days(365, NOW)) == [("", 5)]
    Milestone.objects.filter(person_id=history["ann"], step="lead").update(source="google")
    assert queries.sources(last_days(365, NOW), most=1) == [("", 4), ("*", 1)]


def test_the_browsers_behind_the_first_number_are_listed_wherever_they_came_from(client: Client) -> None:
    client.force_login(User.objects.create_user(username="m@example.com", email="m@example.com", password="x"))
    origins = ({}, {"utm_source": "google"}, {"source": "LinkedIn"}, {"referrer": "https://news.example/"})
    for number, origin in enumerate(origins):
        Visitor.objects.create(visitor_id=number + 1, first_seen_at=at(1), last_seen_at=NOW, origin=origin)
    with clock.freeze(NOW):
        page = client.get(visitors_url(last_days(30, NOW)))
    assert page.status_code == 200
    html = page.content.decode()
    assert [f"<bdi>{name}</bdi>" in html for name in ("google", "LinkedIn", "https://news.example/")] == [True] * 3
    assert client.get("/insights/visitors/?since=x&until=y").status_code == 400


def visitors_url(period: Period) -> str:
    return "/insights/visitors/?" + urlencode({"since": period.since.isoformat(), "until": period.until.isoformat()})
