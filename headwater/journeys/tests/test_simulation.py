"""Drafts held against the past: exact counts, in the background, over kills and cancels, and nothing written."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import simulating
from headwater.journeys.engine.foresight.chance import drawn
from headwater.journeys.models import Journey, Passage, Simulation
from headwater.journeys.queries import simulation
from headwater.messaging.actions.templates import TemplateText, create_template
from headwater.messaging.models import MailPolicy, Message
from headwater.people import actions as people
from headwater.timeline.actions import Custom, NewFact, record_many

from .conftest import chain, minutes

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
MJML = "<mjml><mj-body><mj-section><mj-column><mj-text>Hi {}</mj-text></mj-column></mj-section></mj-body></mjml>"
PRICING = {"kind": "event", "event": "page.seen", "where": [{"prop": "path", "op": "eq", "value": "/pricing"}]}
DAY, NINE_DAYS = {"amount": 1, "unit": "days"}, {"amount": 9, "unit": "days"}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    simulating._people.clear()
    simulating._plans.clear()


def person(n: int, *, consent: bool = True, **fields: Any) -> int:
    pk = people.create_contact(actor="user:1", first_name=f"P{n}", email=f"p{n}@example.com", **fields).pk
    if consent:
        people.set_consent(pk, "email", "granted", proof={"text": "form"}, actor="user:1")
    return pk


def template(name: str = "Hello", body: str = "there", purpose: str = "marketing") -> int:
    says = TemplateText(subject=name, mjml=MJML.format(body))
    return create_template(name=name, says=says, actor="user:1", purpose=purpose).pk


def happened(*facts: tuple[int, str, dict[str, Any], datetime]) -> None:
    record_many([NewFact(p, Custom(kind, data), at) for p, kind, data, at in facts])


def draft(graph: dict[str, Any]) -> Journey:
    return actions.create_journey(name="X", graph=graph, actor="user:1")


def run(journey: Journey, **how: Any) -> dict[str, Any]:
    found = simulating.start(journey.pk, actor="user:1", **how)
    while simulating.run_once():
        pass
    found.refresh_from_db()
    assert found.phase == "done", found.error
    return simulation.told(found, simulating.graph_hash(journey.draft))


def step(said: dict[str, Any], key: str) -> dict[str, Any]:
    return next(s for s in said["steps"] if s["step"] == key)


def ago(days: float) -> datetime:
    return AT - timedelta(days=days)


def test_entries_follow_rules_and_reentry_and_nothing_is_written() -> None:
    with clock.freeze(AT - timedelta(days=120)):
        one, two, three = (person(n) for n in (1, 2, 3))
        journey = draft(
            chain(
                ("a", "wait", {"for": DAY}), ("t", "create_task", {"title": "Call", "kind": "call"}),
                entry=[PRICING], reentry={"rule": "always", "after": {"amount": 2, "unit": "days"}},
            )
        )  # fmt: skip
    with clock.freeze(AT):
        happened(
            (one, "page.seen", {"path": "/pricing"}, ago(5)), (one, "page.seen", {"path": "/pricing"}, ago(4)),
            (one, "page.seen", {"path": "/pricing"}, ago(0.5)), (two, "page.seen", {"path": "/"}, ago(3)),
            (three, "page.seen", {"path": "/pricing"}, ago(95)),
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM timeline_fact")
            (before,) = cursor.fetchone()
        said = run(journey)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM timeline_fact")
            assert cursor.fetchone() == (before,)
    assert (said["entries"], said["people"], said["finished"], said["inside"]) == (2, 1, 1, 1)
    assert said["by_day"] == [("2026-10-28", 1), ("2026-11-01", 1)]
    assert said["rules"] == [{"rule": "page.seen: /pricing", "entries": 2}]
    assert said["did"] == [{"kind": "create_task", "label": "Create task", "n": 1}]
    assert (step(said, "a")["entered"], step(said, "a")["done"], step(said, "a")["waiting"]) == (2, 1, 1)
    assert said["time"] == {"median_s": 86400, "most_s": 86400}
    assert (Passage.objects.count(), Message.objects.count()) == (0, 0)


def test_mails_are_refused_for_the_reasons_of_the_time() -> None:
    with clock.freeze(ago(120)):
        ann, bob, cal, dee = person(1), person(2, consent=False), person(3), person(4, phone="+49 30 1")
        MailPolicy.objects.update_or_create(pk=1, defaults={"cap_mails": 1, "cap_days": 7})
        plain, filled = template("Plain"), template("Filled", "{{ contact.phone }}")
        graph = chain(
            ("one", "send_email", {"template": plain}), ("wait", "wait", {"for": DAY}),
            ("two", "send_email", {"template": filled, "purpose": "marketing"}), ("w", "wait", {"for": NINE_DAYS}),
            ("three", "send_email", {"template": filled}), entry=[PRICING],
        )  # fmt: skip
        journey = draft(graph)
    with clock.freeze(ago(30)):
        happened(*((p, "page.seen", {"path": "/pricing"}, ago(30)) for p in (ann, bob, cal, dee)))
    with clock.freeze(ago(25)):
        people.set_consent(cal, "email", "withdrawn", actor="user:1")
    with clock.freeze(ago(3)):
        people.set_consent(bob, "email", "granted", proof={"text": "late"}, actor="user:1")
    with clock.freeze(AT):
        said = run(journey)
    assert [(r["why"], r["n"]) for r in step(said, "one")["refused"]] == [("no_consent", 1)]
    assert sorted((r["why"], r["n"]) for r in step(said, "two")["refused"]) == [("cap", 3), ("no_consent", 1)]
    assert sorted((r["why"], r["n"]) for r in step(said, "three")["refused"]) == [
        ("missing_field:contact.phone", 1), ("no_consent", 2),
    ]  # fmt: skip
    assert said["mails"]["sent"] == 4
    assert {r["why"]: r["n"] for r in said["mails"]["refused"]} == {"cap": 3, "no_consent": 4, "missing_field": 1}
    assert said["sentence"].startswith("In the past 90 days 4 people would have entered and 4 mails been sent, ")


def test_a_branch_waits_for_what_really_happened_and_the_goal_ends_the_way() -> None:
    arms = [{"id": "yes", "label": "Yes", "when": {"event": "demo.booked", "since": "entry"}}]
    within = {"amount": 3, "unit": "days"}
    graph = chain(("ask", "branch", {"arms": arms, "within": within}), ("n", "add_note", {"text": "x"}),
                  entry=[PRICING], goal={"kind": "event", "event": "order.paid"})  # fmt: skip
    graph["steps"]["ask"] |= {"arms": {"yes": "n", "else": None}}
    del graph["steps"]["ask"]["next"]
    with clock.freeze(ago(120)):
        quick, slow, paid, early = (person(n) for n in (1, 2, 3, 4))
        journey = draft(graph)
    with clock.freeze(AT):
        happened(
            *((p, "page.seen", {"path": "/pricing"}, ago(20)) for p in (quick, slow, paid, early)),
            (quick, "demo.booked", {}, ago(18)), (slow, "demo.booked", {}, ago(16)), (paid, "order.paid", {}, ago(19)),
            (early, "demo.booked", {}, ago(21)), (early, "order.paid", {}, ago(2)),
        )  # fmt: skip
        said = run(journey)
    assert {a["id"]: a["n"] for a in step(said, "ask")["arms"]} == {"yes": 1, "else": 2}
    assert (said["goal"], said["finished"], step(said, "ask")["left"], step(said, "n")["done"]) == (1, 3, 1, 1)


def test_states_are_those_of_the_time() -> None:
    twice = {"event": "page.seen", "count": {"op": "gte", "value": 2}, "within": "7d"}
    arms = [{"id": "vip", "label": "VIP", "when": {"all": [{"tag": "vip"}, {"not": twice}]}}]
    tag = ("t", "add_tag", {"tag": "seen"})
    graph = chain(("w", "wait", {"for": DAY}), ("ask", "branch", {"arms": arms}), tag, entry=[PRICING],
                  goal={"kind": "tag", "tag": "seen"})  # fmt: skip
    graph["steps"]["ask"] |= {"arms": {"vip": "t", "else": None}}
    del graph["steps"]["ask"]["next"]
    with clock.freeze(ago(100)):
        was, became, never, busy = (person(n) for n in (1, 2, 3, 4))
        people.add_tags([was, busy], ["vip"], actor="user:1")
        journey = draft(graph)
    with clock.freeze(ago(10)):
        people.add_tags([became], ["vip"], actor="user:1")
        people.remove_tags([was], ["vip"], actor="user:1")
    with clock.freeze(AT):
        happened(*((p, "page.seen", {"path": "/pricing"}, ago(20)) for p in (was, became, never, busy)),
                 (busy, "page.seen", {"path": "/"}, ago(19.5)))  # fmt: skip
        said = run(journey)
    assert {a["id"]: a["n"] for a in step(said, "ask")["arms"]} == {"vip": 1, "else": 3}
    assert (said["goal"], said["finished"]) == (1, 3)


def test_opens_are_assumed_as_asked_and_as_she_really_did() -> None:
    with clock.freeze(ago(120)):
        mail = template("Hello")
        arms = [{"id": "yes", "label": "Yes", "when": {"mail": "m", "did": "opened"}}]
        graph = chain(
            ("m", "send_email", {"template": mail}), ("ask", "branch", {"arms": arms, "within": DAY}), entry=[PRICING]
        )
        del graph["steps"]["ask"]["next"]
        graph["steps"]["ask"]["arms"] = {"yes": None, "else": None}
        journey = draft(graph)
        ids = [person(n) for n in range(40)]
    with clock.freeze(AT):
        happened(*((p, "page.seen", {"path": "/pricing"}, ago(20)) for p in ids))
    assert {a["id"]: a["n"] for a in step(_at(journey, opens="nobody"), "ask")["arms"]} == {"yes": 0, "else": 40}
    said = _at(journey, opens="everybody")
    assert {a["id"]: a["n"] for a in step(said, "ask")["arms"]} == {"yes": 40, "else": 0}
    assert said["mails"] == {"sent": 40, "refused": [], "held": 0, "opened": 40, "clicked": 40}
    said = _at(journey)
    assert said["mails"]["opened"] == 0
    assert "There are no figures to go by" in " ".join(said["assumes"])
    for place, pk in enumerate(ids[:10]):  # ten really got it, seven opened it
        Message.objects.create(
            person_id=pk, id=uuid.UUID(int=place), key=str(place), template_id=mail, version=1, purpose="marketing",
            actor="user:1", status="sent", queued_at=ago(5), sent_at=ago(5),
            opened_at=ago(4.9) if place < 7 else None,
        )  # fmt: skip
    said, again = _at(journey), _at(journey)
    assert "10 mails, 70 % opened, 0 % clicked" in " ".join(said["assumes"])
    opened = 7 + sum(drawn(f"{pk}.0:m") < 0.7 for pk in ids[10:])
    assert (said["mails"]["opened"], again["mails"]["opened"]) == (opened, opened)
    assert {a["id"]: a["n"] for a in step(said, "ask")["arms"]} == {"yes": opened, "else": 40 - opened}


def _at(journey: Journey, **how: Any) -> dict[str, Any]:
    with clock.freeze(AT):
        return run(journey, **how)


def test_hours_hold_mails_back_and_are_counted() -> None:
    with clock.freeze(ago(120)):
        one, two = person(1, time_zone="Asia/Seoul"), person(2, time_zone="Europe/Berlin")
        graph = chain(
            ("m", "send_email", {"template": template()}), entry=[PRICING], hours={"from": "09:00", "to": "17:00"}
        )
        journey = draft(graph)
    with clock.freeze(AT):
        happened(*((p, "page.seen", {"path": "/pricing"}, ago(20)) for p in (one, two)))
        said = run(journey)
    assert said["mails"] == {"sent": 2, "refused": [], "held": 1, "opened": 0, "clicked": 0}
    assert said["time"] == {"median_s": 0, "most_s": 14 * 3600 + 30 * 60}


def test_birthdays_of_the_past_let_people_in() -> None:
    rule = {"kind": "date", "field": "contact.birthday", "days": 2, "side": "before", "yearly": True}
    with clock.freeze(ago(120)):
        person(1, birthday="1990-10-20")
        person(2, birthday="1990-03-01")
        person(3)
        journey = draft(chain(("a", "exit", {}), entry=[rule]))
    with clock.freeze(AT):
        said = run(journey)
    assert (said["entries"], said["by_day"]) == (1, [("2026-10-18", 1)])


def test_a_jump_goes_back_as_often_as_it_says() -> None:
    jump = ("j", "jump", {"to": "n", "most": 2})
    graph = chain(("n", "add_note", {"text": "x"}), ("w", "wait", {"for": minutes(5)}), jump, entry=[PRICING])
    graph["steps"]["j"] = {"kind": "jump", "settings": {"to": "n", "most": 2}, "arms": {"done": None}}
    with clock.freeze(ago(120)):
        one = person(1)
        journey = draft(graph)
    with clock.freeze(AT):
        happened((one, "page.seen", {"path": "/pricing"}, ago(20)))
        said = run(journey)
    assert (step(said, "n")["done"], said["did"][0]["n"], said["time"]["median_s"]) == (3, 3, 900)
    assert {a["id"]: a["n"] for a in step(said, "j")["arms"]} == {"done": 1, "again": 2}


def test_one_at_a_time_cancelled_and_taken_up_again_after_a_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulating, "CHUNK", 2)
    with clock.freeze(ago(120)):
        ids = [person(n) for n in range(5)]
        journey = draft(chain(("a", "exit", {}), entry=[PRICING]))
    with clock.freeze(AT):
        happened(*((p, "page.seen", {"path": "/pricing"}, ago(20)) for p in ids))
        first = simulating.start(journey.pk, actor="user:1")
        with pytest.raises(simulating.Running):
            simulating.start(journey.pk, actor="user:1")
        assert simulating.run_once() == 1
        first.refresh_from_db()
        assert (first.seen, first.people, first.counts["totals"]["entries"], first.phase) == (2, 5, 2, "running")
        # a worker takes it and dies: nobody else does, until its lease is over
        Simulation.objects.filter(pk=first.pk).update(claimed_until=AT + simulating.LEASE)
        simulating._people.clear()
        assert simulating.run_once() == 0
    with clock.freeze(AT + simulating.LEASE + timedelta(seconds=1)):
        assert [simulating.run_once() for _n in range(3)] == [1, 1, 0]
        first.refresh_from_db()
        assert (first.phase, first.seen, first.counts["totals"]["entries"]) == ("done", 5, 5)
        second = simulating.start(journey.pk, actor="user:1")
        assert simulating.run_once() == 1
        assert simulating.cancel(second.pk, actor="user:1") is True
        assert (simulating.run_once(), simulating.cancel(second.pk, actor="user:1")) == (0, False)
        second.refresh_from_db()
        assert (second.phase, second.counts) == ("cancelled", {})
        assert simulation.latest(journey) == first


def test_over_the_api(call: Any) -> None:
    with clock.freeze(ago(120)):
        one = person(1)
    with clock.freeze(AT):
        happened((one, "page.seen", {"path": "/pricing"}, ago(20)))
    made = call("POST", "/journeys", {"name": "X", "graph": chain(("a", "exit", {}), entry=[PRICING])})[1]
    path = f"/journeys/{made['id']}"
    status, begun = call("POST", f"{path}/simulations", {"days": 365})
    assert (status, begun["phase"], begun["percent"]) == (202, "running", 0)
    assert call("POST", f"{path}/simulations", {})[0] == 409
    assert call("POST", f"{path}/simulations", {"days": 0})[0] == 422
    assert call("POST", f"{path}/simulations", {"opens": "some"})[0] == 422
    while simulating.run_once():
        pass
    said = call("GET", f"{path}/simulations/{begun['id']}")[1]
    assert (said["phase"], said["percent"], said["entries"], said["current"]) == ("done", 100, 1, True)
    assert call("GET", f"{path}/simulations/{begun['id']}/people?what=a entered")[1] == [
        {"id": one, "name": "P1", "email": "p1@example.com"}
    ]
    graph = chain(("a", "wait", {"for": minutes(5)}), entry=[PRICING])
    call("PUT", f"{path}/draft", {"graph": graph})
    assert [s["current"] for s in call("GET", f"{path}/simulations")[1]] == [False]
    assert call("GET", f"{path}/simulations/999999")[0] == 404
    assert call("POST", f"{path}/simulations/{begun['id']}/cancel")[1]["phase"] == "done"
