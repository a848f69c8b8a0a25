"""Texts (SMS) as steps of a journey: sent, refused with the reason, foreseen, tried, counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import Entry
from headwater.journeys.engine import due
from headwater.journeys.engine.checking import gone, problems
from headwater.journeys.models import PassageLog
from headwater.journeys.queries import report
from headwater.messaging import actions as messaging
from headwater.messaging.actions import SmsText, Touch
from headwater.messaging.models import Message, TextOutbox
from headwater.people import actions as people
from headwater.timeline import dispatch

from .conftest import Make, chain

pytestmark = pytest.mark.django_db
DAY = {"amount": 1, "unit": "days"}


def person(n: int, *, consent: bool = True, **fields: Any) -> int:
    phone = fields.pop("phone", f"+4915112345{n:03}")
    pk = people.create_contact(actor="user:1", first_name=f"P{n}", phone=phone, **fields).pk
    if consent:
        people.set_consent(pk, "sms", "granted", proof={}, actor="user:1")
    return pk


@pytest.fixture
def text() -> int:
    says = SmsText("Hi {{ contact.first_name }}: https://shop.example/x")
    return messaging.create_template(name="Offer", says=says, actor="user:1").pk


def reasons() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for row in PassageLog.objects.order_by("person_id", "hop"):
        found.setdefault(row.person_id, []).append(f"{row.step}:{row.outcome}:{row.reason}")
    return found


def test_a_text_goes_to_whoever_may_get_it_and_the_others_go_on_with_the_reason(live: Make, text: int) -> None:
    journey = live(chain(("sms", "send_sms", {"template": text}), ("end", "exit", {})))
    yes, no, landline = person(1), person(2, consent=False), person(3, phone="+49301234567")
    actions.enter(journey.pk, [Entry(p, "k") for p in (yes, no, landline)], actor="system")
    assert reasons() == {
        yes: ["sms:next:", "end:end:"],
        no: ["sms:next:refused:no_consent", "end:end:"],
        landline: ["sms:next:refused:not_mobile", "end:end:"],
    }
    sent = Message.objects.get(person_id=yes)
    assert (sent.channel, sent.status, sent.subject) == ("sms", "queued", "Hi P1: https://shop.example/x")
    assert TextOutbox.objects.count() == 1


def test_a_branch_asks_whether_she_followed_the_link_of_the_text(live: Make, text: int) -> None:
    until = {"mail": "sms", "did": "clicked"}
    graph = chain(
        ("sms", "send_sms", {"template": text}),
        ("wait", "wait_until", {"until": until, "timeout": DAY}),
        ("end", "exit", {}),
    )
    graph["steps"]["wait"].pop("next", None)
    graph["steps"]["wait"]["arms"] = {"yes": "end", "timeout": None}
    journey = live(graph)
    ana, ben = person(1), person(2)
    actions.enter(journey.pk, [Entry(p, "k") for p in (ana, ben)], actor="system")
    row = Message.objects.get(person_id=ana)
    messaging.record_touches([Touch(ana, row.id, "click", url="https://shop.example/x")])
    dispatch.run_all()
    with clock.travel(timedelta(days=2)):
        due.run_once()
    assert [r.split(":")[1] for r in reasons()[ana]][:2] == ["next", "yes"]
    assert [r.split(":")[1] for r in reasons()[ben]][:2] == ["next", "timeout"]


def test_a_mail_is_no_text_and_a_text_is_no_mail(text: int) -> None:
    graph = chain(("mail", "send_email", {"template": text}), ("end", "exit", {}))
    assert problems(graph) == []
    assert [str(p.where) for p in gone(graph)] == ["steps.mail.template"]
    graph["steps"]["mail"]["kind"] = "send_sms"
    assert gone(graph) == []


def test_the_report_counts_texts_without_openings(live: Make, text: int) -> None:
    journey = live(chain(("sms", "send_sms", {"template": text}), ("end", "exit", {})))
    ana = person(1)
    actions.enter(journey.pk, [Entry(ana, "k")], actor="system")
    Message.objects.filter(person_id=ana).update(status="sent", sent_at=clock.now())
    messaging.record_touches([Touch(ana, Message.objects.get(person_id=ana).id, "click")])
    (line,) = [s for s in report.report(journey)["steps"] if s.step == "sms"]
    assert line.mail == {"sent": 1, "opened": 0, "clicked": 1, "open_rate": None, "click_rate": 100}
