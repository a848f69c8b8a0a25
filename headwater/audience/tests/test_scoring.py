"""Several scores: limits, decay to the second, conditions, thresholds, the past computed anew, companies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headwater.audience import actions, queries, registry
from headwater.audience.engine import building, companies, runs
from headwater.audience.loops import retest_once, turn_once
from headwater.audience.models import CompanyScore, ScoreEntry, ScoreModel, ScoreRule, ScoreRun, SegmentMember
from headwater.core import clock
from headwater.people.actions import update_contact
from headwater.people.models import Company
from headwater.timeline import dispatch
from headwater.timeline import queries as timeline

from .helpers import happened, person

pytestmark = pytest.mark.django_db
T = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def settle() -> None:
    while dispatch.run_once("audience") + turn_once() + retest_once():
        pass


def finish() -> None:
    runs.run_all()
    building.run_all()


def points(who: int, model: str = "fit") -> int:
    return queries.scores([who], model)[who].points


def fit(**settings: object) -> ScoreModel:
    return actions.create_model(name="Fit", actor="t", **settings)  # type: ignore[arg-type]


def test_points_halve_and_the_band_falls_at_the_second() -> None:
    with clock.freeze(T):
        fit(decay="half", decay_days=10, thresholds=[50])
        a = person()
        segment = actions.create_segment(name="Warm", definition={"score": "fit", "band": "warm"}, actor="t")
        finish()
        actions.add_points([actions.Points(a, 60, "fair", "user:1", model="fit")])
        settle()
        assert queries.scores([a], "fit")[a] == queries.Score(60, "hot")
    # hot until 59.5 is passed: 10 days * log2(60 / 59.5)
    turn = T + timedelta(seconds=10_431)
    for at, band, members in ((turn - timedelta(seconds=1), "hot", set()), (turn, "warm", {a})):
        with clock.freeze(at):
            settle()
            assert queries.scores([a], "fit")[a].band == band
            assert queries.are_members(segment.pk, [a]) == members
    with clock.freeze(T + 10 * DAY):
        settle()
        assert points(a) == 30
        told = [(e.kind, e.data) for e in timeline.read(a, kinds=["score.band_changed", "score.threshold_reached"])]
    assert [d["after"] for k, d in reversed(told) if k == "score.band_changed"] == ["hot", "warm"]
    assert [(d["threshold"], d["direction"], d["points"]) for k, d in reversed(told) if k != "score.band_changed"] == [
        (50, "up", 60),
        (50, "down", 30),
    ]


def test_an_explanation_shows_what_is_left_and_adds_up() -> None:
    with clock.freeze(T):
        fit(decay="half", decay_days=24)
        a = person()
        actions.add_points([actions.Points(a, 20, "Pricing page", "t", model="fit")])
    with clock.freeze(T + 12 * DAY):
        actions.add_points([actions.Points(a, 3, "Blog", "t", model="fit")])
        why = queries.explain_score(a, "fit")
        assert [(line.why, line.points, line.worth) for line in why.lines] == [
            ("Blog", 3, 3.0),
            ("Pricing page", 20, 14.1),
        ]
        assert (why.points, why.rounding) == (17, -0.1)
        assert queries.score_history(a, 15, "fit")[-14:] == [0, 20, 19, 19, 18, 17, 17, 17, 16, 16, 15, 15, 14, 17]


def test_limits_count_points_and_times() -> None:
    with clock.freeze(T):
        fit()
        actions.create_rule(model="fit", name="Mail", kind="mail.opened", points=10, cap=25, cap_per="week", actor="t")
        actions.create_rule(model="fit", name="Visit", kind="page.viewed", points=1, times=2, times_per="day",
                            cap_total=3, actor="t")  # fmt: skip
        a = person()
    for day, mails, visits in ((0, 2, 3), (1, 2, 3), (6, 1, 3), (7, 1, 0)):
        with clock.freeze(T + day * DAY):
            for n in range(mails):
                happened(a, "mail.opened", T + day * DAY + timedelta(seconds=n - 9), n=n)
            for n in range(visits):
                happened(a, "page.viewed", T + day * DAY + timedelta(seconds=n - 9), n=n)
    with clock.freeze(T + 8 * DAY):
        ScoreRule.objects.filter(model__key="fit").update(since=None)
        actions.touch_revision()
        settle()
        lines = list(reversed(queries.explain_score(a, "fit").lines))
        assert [line.points for line in lines if line.why == "Mail"] == [10, 10, 5, 10]
        assert [line.points for line in lines if line.why == "Visit"] == [1, 1, 1]


def test_a_condition_gives_points_while_it_holds() -> None:
    with clock.freeze(T):
        fit()
        a, b = person(job_title="Sales Director", country="DE"), person(country="KR")
        title = {"field": "contact.job_title", "op": "contains", "value": "Director"}
        rule = actions.create_rule(model="fit", name="Director", condition=title, points=15, actor="t")
        korea = {"field": "contact.country", "op": "eq", "value": "KR"}
        actions.create_rule(model="fit", name="Korea", condition=korea, points=10, actor="t")
        assert (points(a), points(b)) == (0, 0)
        finish()
        assert (points(a), points(b)) == (15, 10)
        update_contact(a, actor="t", country="KR")
        update_contact(b, actor="t", country="DE")
        settle()
        assert (points(a), points(b)) == (25, 0)
        assert sorted(line.points for line in queries.explain_score(b, "fit").lines) == [-10, 10]
        actions.update_rule(rule.pk, points=20, actor="t")
        finish()
        assert points(a) == 30
        actions.delete_rule(rule.pk, actor="t")
        finish()
        assert points(a) == 10


def test_a_condition_about_time_ends_by_itself() -> None:
    with clock.freeze(T):
        fit()
        a = person(created_at=T)
        fresh = {"field": "contact.created_at", "op": "within", "value": "30d"}
        actions.create_rule(model="fit", name="New", condition=fresh, points=5, actor="t")
        finish()
        assert points(a) == 5
    for at, expected in ((T + 30 * DAY - timedelta(seconds=1), 5), (T + 30 * DAY, 0)):
        with clock.freeze(at):
            settle()
            assert points(a) == expected


def test_a_rule_must_not_ask_for_a_score() -> None:
    fit()
    with pytest.raises(ValueError, match="must not ask for a score"):
        actions.create_rule(
            model="fit", name="X", condition={"score": "engagement", "op": "gte", "value": 1}, points=1, actor="t"
        )


def test_a_changed_rule_counts_from_now_on_or_for_the_past() -> None:
    with clock.freeze(T):
        fit()
        a = person()
        rule = actions.create_rule(model="fit", name="Call", kind="call.logged", points=5, actor="t")
        happened(a, "call.logged", T)
        settle()
    with clock.freeze(T + DAY):
        actions.update_rule(rule.pk, points=7, actor="t")
        happened(a, "call.logged", T + DAY)
        settle()
        assert points(a) == 12
        actions.recompute_model(rule.model_id, actor="t")
        finish()
        assert points(a) == 12
        actions.update_rule(rule.pk, points=1, past=True, actor="t")
        happened(a, "call.logged", T + DAY, n=2)
        settle()
        assert points(a) == 19  # as before until it is computed
        finish()
        settle()
        assert points(a) == 3
        assert not ScoreRun.objects.exists()
        assert ScoreEntry.objects.filter(person_id=a).count() == 3
        actions.delete_rule(rule.pk, actor="t")
        happened(a, "call.logged", T + DAY, n=3)
        settle()
        assert points(a) == 3
        assert {line.why for line in queries.explain_score(a, "fit").lines} == {"Call"}


def test_a_run_that_is_stopped_puts_the_rules_back() -> None:
    with clock.freeze(T):
        model = fit()
        a = person()
        rule = actions.create_rule(model="fit", name="Call", kind="call.logged", points=5, past=True, actor="t")
        finish()
        happened(a, "call.logged", T)
        settle()
        actions.update_rule(rule.pk, points=50, past=True, actor="t")
        actions.update_model(model.pk, decay="expiry", decay_days=3, actor="t")
        runs.run_once()
        runs.run_once()
        assert ScoreRun.objects.get(state="running").people == 1
        assert actions.cancel_run(model.pk, actor="t") is True
        assert actions.cancel_run(model.pk, actor="t") is False
        finish()
        rule.refresh_from_db()
        model.refresh_from_db()
        assert (rule.points, model.decay, points(a)) == (5, "none", 5)
        assert ScoreEntry.objects.count() == 1
        assert SegmentMember.objects.count() == 0


def test_a_run_says_how_many_change_their_band() -> None:
    with clock.freeze(T):
        fit()
        rule = actions.create_rule(model="fit", name="Call", kind="call.logged", points=5, actor="t")
        people = [person() for _ in range(3)]
        for a in people[:2]:
            happened(a, "call.logged", T)
        settle()
        actions.update_rule(rule.pk, points=30, past=True, actor="t")
        runs.run_once()
        runs.run_once()
        run = ScoreRun.objects.get(state="running")
        assert (run.people, run.moved, run.progress) == (3, 2, 99)


def test_companies_add_up_their_people_live() -> None:
    with clock.freeze(T):
        one, other = (Company.objects.create(name=n, created_at=T, updated_at=T) for n in ("One", "Other"))
        a, b, c = (person(company=one) for _ in range(3))
        segment = actions.create_segment(
            name="Big", definition={"score": "engagement", "of": "company", "op": "gte", "value": 50}, actor="t"
        )
        building.run_all()
        actions.add_points([actions.Points(a, 30, "", "t"), actions.Points(b, 25, "", "t")])
        while companies.roll_up():
            pass
        settle()
        assert queries.company_scores([one.pk, other.pk]) == {one.pk: queries.Score(55, "warm")}
        assert queries.are_members(segment.pk, [a, b, c]) == {a, b, c}
        update_contact(b, actor="t", company_id=other.pk)
        settle()
        while companies.roll_up():
            pass
        settle()
        assert {p: s.points for p, s in queries.company_scores([one.pk, other.pk]).items()} == {
            one.pk: 30,
            other.pk: 25,
        }
        assert queries.are_members(segment.pk, [a, b, c]) == set()
        model = ScoreModel.objects.get(key="engagement")
        actions.update_model(model.pk, rollup="none", actor="t")
        while companies.roll_up():
            pass
        assert not CompanyScore.objects.exists()


def test_more_people_cost_no_more_statements() -> None:
    def cost(people: int) -> int:
        for _ in range(people):
            happened(person(), "page.viewed", path="/pricing")
        with CaptureQueriesContext(connection) as seen:
            dispatch.run_once("audience")
        return len(seen)

    cost(2)
    assert cost(3) == cost(30)


def test_a_model_that_journeys_use_is_refused() -> None:
    model = fit()
    registry.users_of_scores.add("test", lambda keys: {key: [registry.Use("Welcome", "/x/")] for key in keys})
    try:
        with pytest.raises(actions.InUse, match="Welcome"):
            actions.delete_model(model.pk, actor="t")
    finally:
        registry.users_of_scores._items.pop("test")
    actions.delete_model(model.pk, actor="t")
    assert not ScoreModel.objects.filter(key="fit").exists()


def test_an_archived_score_rests_and_catches_up_when_it_is_taken_up_again() -> None:
    with clock.freeze(T):
        model = fit()
        a = person()
        actions.create_rule(model="fit", name="Call", kind="call.logged", points=5, actor="t")
        happened(a, "call.logged", T)
        settle()
        actions.archive_model(model.pk, actor="t")
        korea = {"field": "contact.country", "op": "empty"}
        actions.create_rule(model="fit", name="Nowhere", condition=korea, points=3, actor="t")
        happened(a, "call.logged", T, n=2)
        settle()
        finish()
        with pytest.raises(ValueError, match="no score model 'fit'"):
            actions.add_points([actions.Points(a, 1, "", "t", model="fit")])
        actions.archive_model(model.pk, archived=False, actor="t")
        finish()
        assert points(a) == 13
