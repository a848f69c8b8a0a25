"""Conditions on what became of a journey's own texts, and of a message that goes over the best channel."""

from __future__ import annotations

from typing import Any

import pytest

from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import Entry
from headwater.journeys.engine.checking import problems
from headwater.journeys.models import PassageLog
from headwater.journeys.queries import palette, trying, words
from headwater.messaging import actions as messaging
from headwater.messaging.actions import MailRequest, SmsText, TemplateText, Touch
from headwater.messaging.actions.replies import record_inbound, record_receipt
from headwater.messaging.channels.sms import Receipt
from headwater.messaging.models import Message
from headwater.people import actions as people
from headwater.timeline import dispatch

from .conftest import Make, chain

pytestmark = pytest.mark.django_db
DAY = {"amount": 1, "unit": "days"}


def person(n: int) -> int:
    pk = people.create_contact(actor="user:1", phone=f"+4915112345{n:03}", email=f"p{n}@example.com").pk
    for channel in ("sms", "email"):
        people.set_consent(pk, channel, "granted", proof={}, actor="user:1")
    return pk


@pytest.fixture
def text() -> int:
    return messaging.create_template(name="Offer", says=SmsText("Hi https://shop.example/x"), actor="user:1").pk


@pytest.fixture
def mail() -> int:
    says = TemplateText("Hi", "<mjml><mj-body><mj-section><mj-column><mj-text>Hi</mj-text></mj-column></mj-section>"
                        "</mj-body></mjml>")  # fmt: skip
    return messaging.create_template(name="Mail", says=says, actor="user:1").pk


def waiting(kind: str, settings: dict[str, Any], until: dict[str, Any]) -> dict[str, Any]:
    """A graph that sends, then waits for what becomes of it."""
    steps = ("wait", "wait_until", {"until": until, "timeout": DAY}), ("end", "exit", {})
    graph = chain(("code", kind, settings), *steps)
    graph["steps"]["wait"].pop("next", None)
    graph["steps"]["wait"]["arms"] = {"yes": "end", "timeout": None}
    return graph


def through() -> set[int]:
    return set(PassageLog.objects.filter(step="wait", outcome="yes").values_list("person_id", flat=True))


def sent(person_id: int) -> Message:
    """Her newest text, which the provider has taken."""
    row = Message.objects.filter(person_id=person_id).order_by("-queued_at").first()
    assert row is not None
    Message.objects.filter(id=row.id).update(status="sent", sent_at=clock.now())
    return row


def happen(did: str, row: Message) -> None:
    if did in ("delivered", "failed"):
        record_receipt(row.person_id, row.id, Receipt(did, "no such number"))
    elif did == "clicked":
        messaging.record_touches([Touch(row.person_id, row.id, "click", url="https://shop.example/x")])
    else:
        record_inbound(row.email, "STOP" if did == "stopped" else "Yes please")
    dispatch.run_all()


@pytest.mark.parametrize("did", ["delivered", "failed", "clicked", "replied", "stopped"])
def test_a_wait_ends_by_what_becomes_of_the_text(live: Make, text: int, did: str) -> None:
    journey = live(waiting("send_sms", {"template": text}, {"sms": "code", "did": did}))
    ana, ben = person(1), person(2)
    actions.enter(journey.pk, [Entry(p, "k") for p in (ana, ben)], actor="system")
    row = sent(ana)
    sent(ben)
    happen(did, row)
    assert through() == {ana}


def test_a_text_that_came_from_elsewhere_is_none_of_the_journey(live: Make, text: int) -> None:
    journey = live(waiting("send_sms", {"template": text}, {"sms": "code", "did": "replied"}))
    ana = person(1)
    actions.enter(journey.pk, [Entry(ana, "k")], actor="system")
    sent(ana)
    (by_hand,) = messaging.queue_texts([MailRequest(ana, text, "by hand", actor="user:1")])
    assert by_hand.refused is None
    other = Message.objects.get(key="by hand")
    Message.objects.filter(id=other.id).update(status="sent", sent_at=clock.now())
    happen("replied", other)
    assert through() == set()


def test_what_went_over_the_best_channel_is_asked_by_the_channel(live: Make, mail: int, text: int) -> None:
    until = {"any": [{"mail": "code", "did": "clicked"}, {"sms": "code", "did": "replied"}]}
    journey = live(waiting("send_best", {"email": mail, "sms": text}, until))
    ana, ben = person(1), person(2)
    people.set_consent(ana, "email", "withdrawn", proof={}, actor="user:1")
    people.set_consent(ben, "sms", "withdrawn", proof={}, actor="user:1")
    actions.enter(journey.pk, [Entry(p, "k") for p in (ana, ben)], actor="system")
    texted, mailed = sent(ana), sent(ben)
    assert (texted.channel, mailed.channel) == ("sms", "email")
    happen("replied", texted)
    happen("clicked", mailed)
    assert through() == {ana, ben}


@pytest.mark.parametrize(
    ("kind", "until", "says"),
    [
        ("send_sms", {"sms": "code", "did": "opened"}, "“did” is one of"),
        ("send_sms", {"sms": "code", "did": ["sent"]}, "“did” is one of"),
        ("send_sms", {"sms": "nothing", "did": "sent"}, "no step “nothing” sends one"),
        ("send_sms", {"sms": 7, "did": "sent"}, "Choose a step"),
        ("send_email", {"sms": "code", "did": "sent"}, "no step “code” sends one"),
        ("send_sms", {"sms": "code", "did": "sent", "topic": "x"}, "cannot stand here"),
    ],
)
def test_a_condition_on_a_text_names_a_step_that_sends_one(
    text: int, kind: str, until: dict[str, Any], says: str
) -> None:
    found = problems(waiting(kind, {"template": text}, until))
    assert [says in str(p) for p in found] == [True]


def test_the_editor_offers_it_and_words_say_it(text: int) -> None:
    leaves = {leaf["leaf"]: leaf for leaf in palette.palette()["leaves"]}
    assert leaves["sms"]["fields"]["sms"]["steps"] == ["send_best", "send_sms"]
    assert [c["value"] for c in leaves["sms"]["fields"]["did"]["choices"]] == [
        "sent", "delivered", "clicked", "replied", "failed", "stopped",
    ]  # fmt: skip
    assert leaves["mail"]["fields"]["mail"]["steps"] == ["send_best", "send_email"]
    steps = {"code": {"kind": "send_sms", "settings": {"template": text}}}
    assert words.condition({"sms": "code", "did": "replied"}, steps) == "answered the text of step “Offer”"


def test_trying_asks_what_if_she_answers_the_text(live: Make, text: int) -> None:
    journey = live(waiting("send_sms", {"template": text}, {"sms": "code", "did": "replied"}))
    ana = person(1)
    ways = [trying.dry_run(journey, ana, choices=trying.Choices({"code": did}, {})) for did in ("delivered", "replied")]
    assert [[s.arm for s in way if s.step == "wait"] for way in ways] == [["timeout"], ["yes"]]
