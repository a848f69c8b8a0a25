"""Each kind of step does what it says, for a set of people, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headwater.accounts.models import User
from headwater.audience import queries as audience
from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import Entry
from headwater.journeys.engine import due
from headwater.journeys.engine.checking import problems
from headwater.journeys.models import Journey, Passage, PassageLog
from headwater.journeys.steps.send_email import SendEmail
from headwater.messaging.actions.templates import TemplateText, create_template
from headwater.messaging.models import Message
from headwater.people import actions as people
from headwater.people.models import Contact
from headwater.sales.models import Deal, LeadHandover
from headwater.teamwork.models import Task
from headwater.timeline import dispatch
from headwater.timeline.actions import Custom, record

from .conftest import Make, chain, minutes

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
MJML = "<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>"


def person(n: int, *, consent: bool = True, **fields: Any) -> int:
    pk = people.create_contact(actor="user:1", first_name=f"P{n}", email=f"p{n}@example.com", **fields).pk
    if consent:
        people.set_consent(pk, "email", "granted", topic="", proof={}, actor="user:1")
    return pk


@pytest.fixture
def template() -> int:
    return create_template(name="Hello", says=TemplateText(subject="Hi", mjml=MJML), actor="user:1").pk


def enter(journey: Journey, *ids: int) -> None:
    actions.enter(journey.pk, [Entry(p, "k") for p in ids], actor="system")


def reasons(journey: Journey) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for row in PassageLog.objects.order_by("person_id", "hop"):
        found.setdefault(row.person_id, []).append(f"{row.step}:{row.outcome}:{row.reason}")
    return found


def test_a_mail_goes_to_whoever_may_get_it_and_the_others_go_on_with_the_reason(live: Make, template: int) -> None:
    journey = live(chain(("mail", "send_email", {"template": template}), ("end", "exit", {})))
    yes, no = person(1), person(2, consent=False)
    enter(journey, yes, no)
    assert reasons(journey) == {
        yes: ["mail:next:", "end:end:"],
        no: ["mail:next:refused:no_consent", "end:end:"],
    }
    passage = Passage.objects.get(person_id=yes)
    message = Message.objects.get(person_id=yes)
    assert (message.key, message.status, message.actor) == (
        f"journey:{yes}.{passage.id}:mail",
        "queued",
        f"journey:{journey.pk}",
    )


def test_tags_stage_and_score_change_before_the_next_step_asks(live: Make) -> None:
    wanted = [
        {"tag": "vip"},
        {"score": "engagement", "op": "gte", "value": 15},
        {"field": "contact.stage", "op": "eq", "value": "mql"},
    ]
    arms = [{"id": "all", "label": "All", "when": {"all": wanted}}]
    graph = chain(
        ("tag", "add_tag", {"tag": "vip"}),
        ("untag", "remove_tag", {"tag": "old"}),
        ("score", "change_score", {"points": 15}),
        ("stage", "set_stage", {"stage": "mql"}),
        ("ask", "branch", {"arms": arms}),
    )
    graph["steps"]["ask"] = {"kind": "branch", "settings": {"arms": arms}, "arms": {"all": None, "else": None}}
    journey = live(graph)
    pk = person(1)
    people.add_tags([pk], ["old"], actor="user:1")
    enter(journey, pk)
    contact = Contact.objects.get(pk=pk)
    assert (contact.tags, contact.stage, audience.scores([pk])[pk].points) == (["vip"], "mql", 15)
    assert reasons(journey)[pk][-1] == "ask:all:"


def test_a_task_is_made_once_for_the_owner(live: Make) -> None:
    rep = User.objects.create_user(username="r@x.example", email="r@x.example")
    settings = {"title": "Call {{ contact.name }}", "kind": "call", "due": minutes(30), "priority": "high"}
    journey = live(chain(("task", "create_task", settings)))
    pk = person(1)
    people.set_owner([pk], rep.pk, reason="", actor="user:1")
    with clock.freeze(AT):
        enter(journey, pk)
    task = Task.objects.get()
    assert (task.title, task.kind, task.due_at, task.owner_id, task.priority) == (
        "Call P1",
        "call",
        AT + timedelta(minutes=30),
        rep.pk,
        2,
    )


@pytest.mark.parametrize(("value", "handed"), [(499.99, 0), (500, 1), (None, 1)])
def test_a_deal_worth_500_goes_to_sales_and_a_smaller_one_to_nurture(live: Make, value: Any, handed: int) -> None:
    User.objects.create_user(username="r@x.example", email="r@x.example", takes_leads=True)
    settings = {"reason": "Hot", "amount_from": "event.value, contact.deal_value", "amount": 1200, "threshold": 500}
    graph = chain(("hand", "hand_over", settings), entry=[{"kind": "event", "event": "trial.started"}])
    graph["steps"]["hand"] = {"kind": "hand_over", "settings": settings, "arms": {"next": None, "under": "small"}}
    graph["steps"]["small"] = {"kind": "add_tag", "settings": {"tag": "small"}, "next": None}
    journey = live(graph)
    pk = person(1)
    record(pk, Custom("trial.started", {} if value is None else {"value": value}))
    dispatch.run_once("journeys")
    assert LeadHandover.objects.count() == Deal.objects.count() == handed
    assert [bool(Contact.objects.get(pk=pk).tags)] == [not handed]
    assert reasons(journey)[pk][0] == ("hand:next:" if handed else f"hand:under:value:{value}")


def test_waits_follow_the_time_zone_of_the_person(live: Make) -> None:
    journey = live(chain(("wait", "wait", {"at": "08:00", "days": ["tue"]})))
    tokyo, unknown = person(1, time_zone="Asia/Tokyo"), person(2)
    with clock.freeze(AT):  # a Monday
        enter(journey, tokyo, unknown)
    assert dict(Passage.objects.values_list("person_id", "until")) == {
        tokyo: datetime(2026, 11, 2, 23, tzinfo=UTC),
        unknown: datetime(2026, 11, 3, 8, tzinfo=UTC),
    }


def test_an_event_ends_the_waiting_and_the_clock_ends_it_otherwise(live: Make) -> None:
    settings = {"until": {"tag": "ready"}, "timeout": minutes(10)}
    graph = chain(("wait", "wait_until", settings))
    graph["steps"]["wait"] = {"kind": "wait_until", "settings": settings, "arms": {"yes": None, "timeout": None}}
    journey = live(graph)
    one, two = person(1), person(2)
    with clock.freeze(AT):
        enter(journey, one, two)
    with clock.freeze(AT + timedelta(minutes=3)):
        people.add_tags([one], ["ready"], actor="user:1")
        dispatch.run_once("journeys")
        assert reasons(journey) == {one: ["wait:yes:"]}
    with clock.freeze(AT + timedelta(minutes=10)):
        assert due.run_once() == 1
    assert reasons(journey) == {one: ["wait:yes:"], two: ["wait:timeout:timeout"]}


def test_what_is_wrong_with_a_journey_is_said_with_its_place() -> None:
    graph = chain(
        ("a", "wait", {}),
        ("b", "send_email", {"template": 0}),
        ("c", "wait", {"for": {"amount": -1, "unit": "days"}, "colour": "red"}),
        ("d", "dance", {}),
        entry=[{"kind": "tag"}],
        reentry={"rule": "never"},
    )
    graph["steps"]["e"] = {
        "kind": "branch",
        "settings": {"arms": [{"id": "x", "when": {"mail": "no", "did": "opened"}}]},
    }
    assert [(p.where, p.message.split(";")[0]) for p in problems(graph)] == [
        ("steps.a.for", "Say how long or until when to wait."),
        ("steps.b.template", "Choose one."),
        ("steps.c.colour", "This step has no such setting."),
        ("steps.c.for", "The amount must be a number, zero or more."),
        ("steps.d", "Unknown kind of step"),
        ("steps.e.arms", "No step “no” sends a mail."),
        ("entry.0.tag", "This is needed."),
        ("reentry.rule", "Re-entry is one of once, when_finished, always."),
    ]


def mailing(live: Make, count: int) -> list[Journey]:
    says = TemplateText(subject="Hi", mjml=MJML)
    mails = [create_template(name=f"Mail {n}", says=says, actor="user:1").pk for n in range(count)]
    return [live(chain(("mail", "send_email", {"template": m}), ("end", "exit", {}))) for m in mails]


def entered_by(journeys: list[Journey], ids: list[int]) -> None:
    actions.enter_all({j.pk: [Entry(p, "k") for p in ids] for j in journeys}, actors={j.pk: "system" for j in journeys})


def test_mails_of_several_journeys_are_queued_at_once(live: Make) -> None:
    journeys, ids = mailing(live, 5), [person(n) for n in range(4)]
    asked = []
    for some in (journeys[:1], journeys[1:]):
        with CaptureQueriesContext(connection) as queries:
            entered_by(some, ids)
        asked.append(sum("messaging_message" in q["sql"] for q in queries))
    assert asked[0] == asked[1]
    assert Message.objects.count() == 20
    assert Passage.objects.filter(state="finished").count() == 20


def test_mails_wait_for_those_who_get_one_after_other_steps(live: Make) -> None:
    at_once = mailing(live, 1)[0]
    mail = at_once.draft["steps"]["mail"]["settings"]
    later = live(chain(("tag", "add_tag", {"tag": "first"}), ("mail", "send_email", mail), ("end", "exit", {})))
    ids = [person(n) for n in range(3)]
    with CaptureQueriesContext(connection) as queries:
        entered_by([at_once, later], ids)
    assert sum("INSERT INTO messaging_message" in q["sql"] for q in queries) == 1
    assert Message.objects.count() == 6
    assert Passage.objects.filter(state="finished").count() == 6


def test_a_mail_that_fails_keeps_nobody_from_those_of_other_journeys(
    live: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    journeys, ids = mailing(live, 3), [person(n) for n in range(2)]
    bad, whole = journeys[1].draft["steps"]["mail"]["settings"]["template"], SendEmail.requests.__func__

    def requests(cls: Any, context: Any, people: Any, *more: Any) -> Any:
        if context.settings["template"] == bad:
            raise ValueError("odd")
        return whole(cls, context, people, *more)

    monkeypatch.setattr(SendEmail, "requests", classmethod(requests))
    entered_by(journeys, ids)
    assert Message.objects.count() == 4
    states = Passage.objects.order_by("journey_id", "person_id").values_list("journey_id", "state", "outcome")
    went, failed = ("finished", "end"), ("active", "ValueError: odd")
    assert [(j, (s, o)) for j, s, o in states] == [
        (j.pk, failed if j == journeys[1] else went) for j in journeys for _ in ids
    ]
