"""The channel that somebody answers: by her own answers, by everybody's, by what is open to her; and said why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import Entry
from headwater.journeys.actions.exchange import export_journey, import_journey
from headwater.journeys.engine.checking import gone, problems
from headwater.journeys.models import PassageLog
from headwater.journeys.queries import report
from headwater.journeys.queries.inside import reason
from headwater.journeys.rules.best_channel import ranked, rate
from headwater.messaging import actions as messaging
from headwater.messaging.actions import SmsText, TemplateText
from headwater.messaging.actions.history import MessageSeed, import_messages
from headwater.messaging.models import MailTemplate, Message
from headwater.messaging.registry import uses
from headwater.messaging.rules.tokens import new_id
from headwater.people import actions as people

from .conftest import Make, chain

pytestmark = pytest.mark.django_db
MJML = "<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>"


@pytest.fixture(autouse=True)
def fresh() -> None:
    caches["local"].delete("journeys.best_channel")


@pytest.fixture
def mail() -> int:
    return messaging.create_template(name="Mail", says=TemplateText("Hi", MJML), actor="user:1").pk


@pytest.fixture
def text() -> int:
    return messaging.create_template(name="Text", says=SmsText("Hi"), actor="user:1").pk


def person(n: int, *agreed: str, **fields: Any) -> int:
    given = {"email": f"p{n}@example.com", "phone": f"+4915112345{n:03}"} | fields
    pk = people.create_contact(actor="user:1", first_name=f"P{n}", **given).pk
    for channel in agreed:
        people.set_consent(pk, channel, "granted", proof={}, actor="user:1")
    return pk


def got(pk: int, template: int, channel: str, sent: int, clicked: int = 0, opened: int = 0) -> None:
    """Messages of the past."""
    at = clock.now() - timedelta(days=3)
    ids = [new_id(at) for _ in range(sent)]
    import_messages(
        [
            MessageSeed(
                pk, one, f"past {one}", template, 1, "Hi", "x", at,
                clicked_at=at if n < clicked else None, opened_at=at if n < clicked + opened else None,
            )
            for n, one in enumerate(ids)
        ]
    )  # fmt: skip
    Message.objects.filter(id__in=ids).update(channel=channel)


def best(mail: int, text: int, **more: Any) -> dict[str, Any]:
    return chain(("best", "send_best", {"email": mail, "sms": text, **more}), ("end", "exit", {}))


def went() -> dict[int, str]:
    return {row.person_id: row.reason for row in PassageLog.objects.filter(step="best")}


def test_she_gets_it_over_the_channel_that_she_answers(live: Make, mail: int, text: int) -> None:
    by_mail, by_text, new = (person(n, "email", "sms") for n in (1, 2, 3))
    for pk, mails, texts in ((by_mail, 6, 0), (by_text, 0, 5)):
        got(pk, mail, "email", 8, clicked=mails)
        got(pk, text, "sms", 8, clicked=texts)
    for n in range(4, 14):  # everybody answers texts
        got(person(n), text, "sms", 5, clicked=2)
    journey = live(best(mail, text))
    actions.enter(journey.pk, [Entry(p, "k") for p in (by_mail, by_text, new)], actor="system")
    assert went() == {by_mail: "channel:email:hers", by_text: "channel:sms:hers", new: "channel:sms:usual"}
    queued = Message.objects.filter(status="queued").values_list("person_id", "channel")
    assert dict(queued) == {by_mail: "email", by_text: "sms", new: "sms"}
    line = next(s for s in report.report(journey)["steps"] if s.step == "best")
    assert line.mail is not None


def test_what_is_not_open_to_her_is_left_out_and_said(live: Make, mail: int, text: int) -> None:
    only_mail, only_text, none = person(1, "email"), person(2, "sms"), person(3)
    landline = person(4, "email", "sms", phone="+49301234567")
    got(only_mail, text, "sms", 9, clicked=9)
    journey = live(best(mail, text))
    actions.enter(journey.pk, [Entry(p, "k") for p in (only_mail, only_text, none, landline)], actor="system")
    assert went() == {
        only_mail: "channel:email:only",
        only_text: "channel:sms:only",
        none: "refused:no_consent",
        landline: "channel:email:only",
    }
    refused = Message.objects.get(person_id=none)
    assert (refused.channel, refused.reason) == ("email", "no_consent")


def test_a_limit_that_is_reached_leads_to_the_other_channel(live: Make, mail: int, text: int) -> None:
    ana = person(1, "email", "sms")
    messaging.set_policy(cap_mails=1, cap_days=7, actor="system")
    got(ana, mail, "email", 4, clicked=4)
    journey = live(best(mail, text))
    actions.enter(journey.pk, [Entry(ana, "k")], actor="system")
    assert went() == {ana: "channel:sms:hers"}
    rows = Message.objects.filter(person_id=ana).exclude(status="sent").order_by("queued_at", "id")
    assert [(r.channel, r.status, r.reason) for r in rows] == [("email", "refused", "cap"), ("sms", "queued", "")]


def test_a_message_that_everybody_needs_asks_for_no_consent(live: Make, mail: int, text: int) -> None:
    for template in (mail, text):
        messaging.update_template(template, purpose="transactional", actor="user:1")
    ana = person(1)
    journey = live(best(mail, text, purpose="transactional"))
    actions.enter(journey.pk, [Entry(ana, "k")], actor="system")
    assert went() == {ana: "channel:email:usual"}


def test_many_people_take_as_many_statements_as_few(live: Make, mail: int, text: int) -> None:
    journey = live(best(mail, text))
    counted = []
    for first, count in ((0, 20), (100, 40)):
        ids = [person(first + n, "email", "sms") for n in range(count)]
        if not counted:
            actions.enter(journey.pk, [Entry(person(99, "email", "sms"), "k")], actor="system")
        with CaptureQueriesContext(connection) as asked:
            actions.enter(journey.pk, [Entry(p, "k") for p in ids], actor="system")
        counted.append(len(asked))
    assert counted[0] == counted[1]


def test_both_messages_must_be_there(mail: int, text: int) -> None:
    graph = best(text, mail)
    assert problems(graph) == []
    assert sorted(p.where for p in gone(graph)) == ["steps.best.email", "steps.best.sms"]
    assert gone(best(mail, text)) == []
    del graph["steps"]["best"]["settings"]["sms"]
    assert [p.where for p in problems(graph)] == ["steps.best.sms"]


def test_its_messages_are_in_use_and_go_along_in_a_file(live: Make, mail: int, text: int) -> None:
    journey = live(best(mail, text), name="Offer")
    assert [[u.name for u in found] for found in uses([mail, text]).values()] == [["Offer"], ["Offer"]]
    with pytest.raises(messaging.InUse):
        messaging.archive_template(text, actor="user:1")
    file = export_journey(journey.pk)
    assert file["texts"] == {
        f"text-{text}": {"name": "Text", "purpose": "marketing", "body": "Hi", "sender": "", "opt_out": ""}
    }
    again, new = import_journey(file, actor="user:1")
    assert (again.pk, new) == (journey.pk, False)
    file["texts"][f"text-{text}"]["body"] = "Hello"
    made, new = import_journey(file, actor="user:1")
    step = made.draft["steps"]["best"]["settings"]
    assert new
    assert step["email"] == mail
    assert MailTemplate.objects.get(pk=step["sms"]).channel == "sms"


def test_the_rates_are_smoothed_towards_everybodys() -> None:
    assert rate((0, 0), (0, 0)) == pytest.approx(0.1)
    assert rate((0, 0), (80, 28)) == pytest.approx(0.3)
    assert rate((5, 5), (80, 28)) == pytest.approx(0.65)
    everybody = {"email": (80.0, 8.0), "sms": (80.0, 28.0)}
    assert ranked(["email", "sms"], {}, everybody) == (["sms", "email"], "usual")
    assert ranked(["email", "sms"], {"sms": (20, 0)}, everybody) == (["email", "sms"], "hers")
    assert ranked(["email", "sms"], {}, {}) == (["email", "sms"], "usual")
    assert ranked(["sms"], {}, {}) == (["sms"], "only")
    assert ranked([], {}, {}) == ([], "only")


def test_why_is_said_in_words() -> None:
    assert reason("next", "channel:sms:hers", {}) == "By SMS: that is what she answers most"
    assert reason("next", "channel:email:only", {}) == "By Email: the only channel open to her"
