"""Simulations ask conditions as of the moment: each condition answers of the past what the database answered then."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headwater.audience import actions as audience_actions
from headwater.audience import queries as audience
from headwater.audience.actions import Points
from headwater.audience.engine import building
from headwater.audience.models import ScoreModel, ScoreRule, Topic, TopicRule
from headwater.capture.facts import PageViewed
from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import simulating
from headwater.journeys.engine import foresight
from headwater.journeys.engine.foresight.person import Way
from headwater.journeys.engine.graph import ready
from headwater.journeys.queries import simulation
from headwater.people import actions as people
from headwater.people.models import Company
from headwater.timeline import dispatch
from headwater.timeline.actions import Custom, record

from .conftest import chain

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def field(name: str, op: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"field": name, "op": op, **({} if value is None else {"value": value}), **more}


CONDITIONS: list[dict[str, Any]] = [
    *(field("contact.city", op, v) for op, v in [
        ("eq", "seoul"), ("ne", "Seoul"), ("in", ["Seoul", "Rome"]), ("not_in", ["seoul"]), ("contains", "EO"),
        ("not_contains", "eo"), ("starts_with", ["S", "b"]), ("not_starts_with", "se"), ("ends_with", "n"),
        ("not_ends_with", "n"), ("matches", "^(seo|ber)"), ("not_matches", "o.l$"), ("empty", None),
        ("not_empty", None)]),
    field("contact.city", "held_for", "20d", equals="Seoul"),
    *(field("contact.country", op, v) for op, v in [("eq", "kr"), ("ne", "KR"), ("in", ["KR", "de"]), ("empty", None)]),
    *(field("contact.custom.seats", op, v) for op, v in [
        ("gt", 5), ("gte", 5), ("lt", 12.5), ("lte", 5), ("between", [4, 13]), ("eq", 5), ("empty", None)]),
    field("contact.custom.seats", "ne", 5, **{"as": "number"}),
    field("contact.custom.seats", "in", [5, 12], **{"as": "number"}),
    *(field("contact.custom.topics", op, v) for op, v in [
        ("has", "ai"), ("has_not", "ai"), ("has_any", ["ai", "bi"]), ("has_all", ["ai", "bi"])]),
    field("contact.custom.topics", "empty", **{"as": "choices"}),
    *(field("contact.renewal_date", op, v) for op, v in [
        ("within_next", "30d"), ("older_than", "10d"), ("within", "60d"), ("before", "2026-10-01"),
        ("after", "2026-10-01"), ("between", ["2026-09-01", "2026-12-01"]), ("anniversary", "40d"),
        ("eq", "2026-11-01"), ("ne", "2026-11-01"), ("empty", None), ("not_empty", None)]),
    field("contact.created_at", "within", "50d"), field("contact.created_at", "older_than", "50d"),
    field("contact.stage_at", "within", "30d"), field("contact.stage", "in", ["lead", "mql"]),
    field("contact.stage", "ne", "customer"), field("contact.stage", "held_for", "15d", equals="lead"),
    field("contact.owner", "empty"), field("company.industry", "eq", "retail"),
    field("company.industry", "ne", "retail"),
    {"tag": "vip"}, {"consent": "email"}, {"consent": "email", "state": "withdrawn"}, {"consent": "sms"},
    {"consent": "email", "topic": "news", "state": "granted"}, {"consent": "sms", "state": "none"},
    {"score": "engagement", "op": "gte", "value": 30}, {"score": "engagement", "op": "between", "value": [1, 40]},
    {"score": "engagement", "band": "cold"}, {"score": "engagement", "band": "hot"},
    {"score": "fading", "op": "gt", "value": 10},
    {"interest": "ai"}, {"interest": "ai", "op": "gte", "value": 2}, {"interest": "ai", "op": "lt", "value": 3},
    {"interest": "ai", "within": "20d"}, {"interest": "old", "op": "gt", "value": 1, "within": "40d"},
    {"event": "order.paid"}, {"event": "order.paid", "count": {"op": "gte", "value": 2}, "within": "30d"},
    {"event": "order.paid", "between": ["2026-09-15", "2026-10-10"]},
    {"event": "order.paid", "sum": {"prop": "total", "op": "gte", "value": 100}},
    {"event": "order.paid", "avg": {"prop": "total", "op": "lt", "value": 60}, "within": "40d"},
    {"event": "order.paid", "max": {"prop": "total", "op": "ne", "value": 80}},
    {"event": "order.paid", "first": {"op": "within", "value": "30d"}},
    {"event": "order.paid", "last": {"op": "older_than", "value": "10d"}},
    {"event": "order.paid", "where": [{"prop": "total", "op": "gte", "value": 50}],
     "last": {"op": "after", "value": "2026-10-01"}},
    {"all": [{"tag": "vip"}, {"not": field("contact.city", "eq", "Rome")}]},
    {"segment": "seoul"}, {"not": {"segment": "seoul"}},
]  # fmt: skip


def happen(rng: random.Random, pk: int, company: int) -> None:
    """Something, at random."""
    update = people.update_contact
    kind = rng.randrange(16)
    if kind < 3:
        update(
            pk, city=rng.choice(["Seoul", "Berlin", "Rome", ""]), country=rng.choice(["KR", "DE", ""]), actor="user:1"
        )
    elif kind == 3:
        update(pk, custom={"seats": rng.choice([3, 5, 12, "many", None])}, actor="user:1")
    elif kind == 4:
        update(pk, custom={"topics": rng.choice([["ai"], ["ai", "bi"], [], "bi"])}, actor="user:1")
    elif kind == 5:
        update(pk, renewal_date=rng.choice(["2026-11-01", "2026-12-24", "2024-02-29", ""]), actor="user:1")
    elif kind == 6:
        people.set_stage([pk], rng.choice(["lead", "mql", "customer"]), reason="", actor="user:1")
    elif kind == 7:
        rng.choice([people.add_tags, people.remove_tags])([pk], ["vip"], actor="user:1")
    elif kind == 8:
        channel, topic = rng.choice([("email", ""), ("email", "news"), ("sms", "")])
        proof = {"text": "form"}
        people.set_consent(pk, channel, rng.choice(["granted", "withdrawn"]), topic=topic, proof=proof, actor="user:1")
    elif kind < 11:
        model = rng.choice(["engagement", "fading"])
        audience_actions.add_points([Points(pk, rng.choice([5, 15, 40, -10]), "x", "user:1", model)])
    elif kind == 11:
        people.update_company(company, industry=rng.choice(["retail", "banks"]), actor="user:1")
    elif kind < 14:
        record(pk, PageViewed(path="/ai", title="AI", url="https://x.example/ai"))
    else:
        record(pk, Custom("order.paid", {"total": rng.choice([20, 50, 80, "free"])}))


def drain() -> None:
    while dispatch.run_once("audience"):
        pass


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_past_is_what_it_was(seed: int) -> None:
    rng = random.Random(seed)
    arms = [{"id": f"a{n}", "label": "x", "when": when} for n, when in enumerate(CONDITIONS)]
    graph = {"entry": [], "start": "ask", "steps": {
        "ask": {"kind": "branch", "settings": {"arms": arms}, "arms": {a["id"]: None for a in arms} | {"else": None}}
    }}  # fmt: skip
    with clock.freeze(NOW - timedelta(days=70)):
        ScoreModel.objects.get_or_create(key="engagement", defaults={"name": "Engagement"})
        ScoreModel.objects.create(key="fading", name="Fading", decay="linear", decay_days=30)
        for key, more in (("ai", {}), ("old", {"decay": "none", "decay_days": 0})):
            topic = Topic.objects.create(key=key, name=key, **more)
            TopicRule.objects.create(topic=topic, match="path", value="/ai")
        company = Company.objects.create(name="Acme", industry="retail").pk
        audience_actions.create_segment(
            name="Seoul", key="seoul", definition=field("contact.city", "eq", "Seoul"), actor="user:1"
        )
        building.run_all()
        ids = [people.create_contact(actor="user:1", first_name=f"P{n}", company_id=company).pk for n in range(8)]
        drain()
    expected: list[tuple[datetime, list[set[int]]]] = []
    for day in range(60, -1, -6):
        at = NOW - timedelta(days=day)
        for n, pk in enumerate(ids):
            with clock.freeze(at + timedelta(minutes=n)):
                happen(rng, pk, company)
                drain()
        with clock.freeze(at + timedelta(hours=5)):
            expected.append((clock.now(), [audience.matching(when, ids) for when in CONDITIONS]))
    with clock.freeze(NOW + timedelta(days=1)):
        version = ready(0, 1, "X", 1, graph)
        plan = foresight.plan_of(
            version, NOW - timedelta(days=65), clock.now(), opens="nobody", responses={}, default_zone="UTC"
        )
        assert [leaf for n, leaf in enumerate(plan.today) if n not in plan.timeless] == []
        world = foresight.load(plan, ids)
        wrong = []
        for at, sets in expected:
            for arm, holds in zip(version.nodes["ask"].settings["arms"], sets, strict=True):
                ways = {pk: Way(at, at, at, "ask", at, {}, 0) for pk in ids}
                said = {pk for pk in ids if plan.test(arm["when"])(world.people[pk], ways[pk])}
                if said != holds:
                    wrong.append((at, arm["when"], said ^ holds))
    assert not wrong, wrong


def test_dates_let_in_by_the_day_as_it_stood() -> None:
    """The renewal was on the 10th and moved to the 30th on the 12th: both days came; who moved it before, came once."""
    rule = {"kind": "date", "field": "contact.renewal_date", "days": 0, "side": "before"}
    with clock.freeze(NOW - timedelta(days=90)):
        one, two = (
            people.create_contact(actor="user:1", first_name=f"P{n}", renewal_date="2026-10-10").pk for n in (1, 2)
        )
        journey = actions.create_journey(name="X", graph=chain(("a", "exit", {}), entry=[rule],
                                         reentry={"rule": "always"}), actor="user:1")  # fmt: skip
    for pk, at in ((one, datetime(2026, 10, 12, tzinfo=UTC)), (two, datetime(2026, 10, 8, tzinfo=UTC))):
        with clock.freeze(at):
            people.update_contact(pk, renewal_date="2026-10-30", actor="user:1")
    with clock.freeze(NOW):
        found = simulating.start(journey.pk, actor="user:1")
        while simulating.run_once():
            pass
        found.refresh_from_db()
        said = simulation.told(found, "")
    assert said["by_day"] == [("2026-10-10", 1), ("2026-10-30", 2)]


def test_the_page_names_what_was_asked_as_of_today(call: Any) -> None:
    ScoreModel.objects.get_or_create(key="engagement", defaults={"name": "Engagement"})
    when = {"all": [{"score": "engagement", "op": "gte", "value": 3, "of": "company"}, {"random": 50},
                    {"tag": "vip"}, field("contact.city", "matches", r"\mSeoul"),
                    field("company.industry", "eq", "retail")]}  # fmt: skip
    ask = ("ask", "branch", {"name": "Big?", "arms": [{"id": "y", "label": "Y", "when": when}]})
    graph = chain(ask, entry=[{"kind": "tag", "tag": "x"}])
    graph["steps"]["ask"] = {"kind": "branch", "settings": ask[2], "arms": {"y": None, "else": None}}
    with clock.freeze(NOW):
        journey = actions.create_journey(name="X", graph=graph, actor="user:1")
        found = simulating.start(journey.pk, actor="user:1")
        while simulating.run_once():
            pass
        found.refresh_from_db()
        said = simulation.told(found, "")
    assert [(t["where"], t["why"]) for t in said["today"]] == [
        ("Big?", "Of the scores of companies only the present is kept."),
        ("Big?", "Only the database reads this pattern, and it holds the present value."),
    ]
    assert "Fields of the company are those of the company where each person is now." in said["assumes"]
    page = call.client.get(f"/journeys/{journey.pk}/simulation/").content.decode()
    assert "Asked as it is today, because its past is not kept" in page
    assert "Of the scores of companies only the present is kept." in page


def test_points_that_stand_while_a_condition_holds_are_said_to() -> None:
    model, _made = ScoreModel.objects.get_or_create(key="engagement", defaults={"name": "Engagement"})
    ScoreRule.objects.create(model=model, name="VIP", points=5, condition={"tag": "vip"})
    arms = [{"id": "y", "label": "Y", "when": {"score": "engagement", "op": "gte", "value": 3}}]
    graph = chain(("ask", "branch", {"arms": arms}), entry=[{"kind": "tag", "tag": "x"}])
    graph["steps"]["ask"] = {"kind": "branch", "settings": {"arms": arms}, "arms": {"y": None, "else": None}}
    journey = actions.create_journey(name="X", graph=graph, actor="user:1")
    found = simulating.start(journey.pk, actor="user:1")
    said = simulation.told(found, "")
    assert (
        "Points of a score that are given only while a condition holds count where they stand today." in said["assumes"]
    )
    assert said["today"] == []
