"""Texts (SMS) against a real HTTP server: what arrives, what is refused and why, what a broken line leaves behind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headwater.content.rules import TemplateProblem
from headwater.core import clock
from headwater.core.config import config
from headwater.messaging import actions, texts
from headwater.messaging.actions import MailRequest, Outcome, SmsText, queue, queue_texts
from headwater.messaging.actions.suppress import suppress_many
from headwater.messaging.models import MailTemplate, Message, Outbox, Suppression, TextOutbox
from headwater.messaging.rules.segments import Size, size_of
from headwater.messaging.rules.texting import answer_of, linked, problem
from headwater.messaging.rules.tokens import email_digest
from headwater.messaging.tests.sms_server import Provider, running
from headwater.people.models import Consent, Contact
from headwater.timeline import queries as timeline

pytestmark = pytest.mark.django_db
NUMBER = "+4915112345678"
Make = Callable[..., MailTemplate]
Someone = Callable[..., Contact]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    with running(Provider()) as made:
        monkeypatch.setattr(config, "sms_url", made.url)
        yield made


@pytest.fixture
def someone(workspace: object) -> Someone:
    def make(phone: str = NUMBER, *, consent: bool = True, **fields: object) -> Contact:
        row = Contact.objects.create(phone=phone, **fields)
        if consent:
            Consent.objects.create(person_id=row.pk, channel="sms", topic="", state="granted", at=clock.now())
        return row

    return make


@pytest.fixture
def text(workspace: object) -> Make:
    def make(body: str = "Hi {{ contact.first_name | default('there') }}", **more: str) -> MailTemplate:
        purpose = more.pop("purpose", "marketing")
        return actions.create_template(name="Text", says=SmsText(body, **more), actor="test", purpose=purpose)

    return make


def ask(person: Contact | int, template: MailTemplate, key: str = "k", **more: object) -> MailRequest:
    return MailRequest(getattr(person, "pk", person), template.pk, key, "journey:1", **more)


def kinds(person: Contact) -> list[str]:
    return [e.kind for e in reversed(timeline.read(person.pk, quiet=True))]


def row(person: Contact) -> Message:
    return Message.objects.get(person_id=person.pk)


def test_a_text_goes_out_with_its_values_a_short_link_and_the_line_about_no_more(
    server: Provider, someone: Someone, text: Make
) -> None:
    ana = someone(first_name="Ana")
    made = text(
        "Hi {{ contact.first_name }}, see https://shop.example/sale?x=1.",
        sender="Northstar",
        opt_out="Reply STOP for no more",
    )
    (outcome,) = queue_texts([ask(ana, made)])
    kept = row(ana)
    assert outcome == Outcome(ana.pk, kept.id, None)
    assert (kept.channel, kept.email, kept.status) == ("sms", NUMBER, "queued")
    assert kept.subject == "Hi Ana, see https://shop.example/sale?x=1."
    assert (Outbox.objects.count(), TextOutbox.objects.count()) == (0, 1)
    assert texts.run_once() == 1
    (sent,) = server.taken
    found = re.fullmatch(r"Hi Ana, see (https://crm\.example/s/[\w-]{14,20})\.\nReply STOP for no more", sent["Body"])
    assert found
    assert (sent["To"], sent["From"]) == (NUMBER, "Northstar")
    assert sent["StatusCallback"].startswith("https://crm.example/sms/receipt/")
    kept = row(ana)
    assert (kept.status, kept.header_id, kept.segments, kept.attempts) == ("sent", sent["sid"], 1, 1)
    assert kinds(ana) == ["sms.queued", "sms.sent"]
    assert (TextOutbox.objects.count(), texts.run_once()) == (0, 0)


def test_the_same_key_is_one_text_and_a_mail_template_is_none(someone: Someone, text: Make, template: Make) -> None:
    ana, made, mail = someone(), text(), template()
    first = queue_texts([ask(ana, made), ask(ana, made)])
    assert first == queue_texts([ask(ana, made)]) * 2
    assert queue_texts([ask(ana, mail, "m")]) == [Outcome(ana.pk, None, "no_template")]
    assert queue([ask(ana, made, "t")]) == [Outcome(ana.pk, None, "no_template")]
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    "fields, body, reason",
    [
        ({"phone": ""}, "Hi", "no_number"),
        ({"phone": "+49301234567"}, "Hi", "not_mobile"),
        ({"phone": "+15555550123"}, "Hi", "invalid_number"),
        ({"consent": False}, "Hi", "no_consent"),
        ({}, "Hi {{ contact.first_name }}", "missing_field:contact.first_name"),
    ],
)
def test_a_refusal_is_a_row_and_a_fact_with_its_reason(
    someone: Someone, text: Make, fields: dict[str, object], body: str, reason: str
) -> None:
    ana = someone(**fields)
    (outcome,) = queue_texts([ask(ana, text(body))])
    assert (outcome.refused, row(ana).reason, row(ana).status) == (reason, reason, "refused")
    (entry,) = timeline.read(ana.pk)
    assert (entry.kind, entry.data["reason"]) == ("sms.refused", reason)
    assert TextOutbox.objects.count() == 0


def test_a_text_without_marketing_needs_no_consent_and_has_no_line_about_more(
    server: Provider, someone: Someone, text: Make
) -> None:
    ana = someone(consent=False)
    queue_texts([ask(ana, text("Your code is 4711", purpose="transactional", opt_out="Reply STOP"))])
    texts.run_once()
    assert server.taken[0]["Body"] == "Your code is 4711"


def test_the_limit_of_texts_is_its_own(someone: Someone, text: Make, template: Make) -> None:
    ana, made = someone(email="ana@example.org"), text()
    Consent.objects.create(person_id=ana.pk, channel="email", topic="", state="granted", at=clock.now())
    actions.set_policy(cap_mails=1, cap_days=7, actor="system", channel="sms")
    assert [o.refused for o in queue_texts([ask(ana, made, "1"), ask(ana, made, "2")])] == [None, "cap"]
    assert [o.refused for o in queue([ask(ana, template(), "3")])] == [None]
    actions.set_policy(cap_mails=1, cap_days=7, actor="system")
    assert [o.refused for o in queue([ask(ana, template(), "4")])] == ["cap"]
    actions.set_policy(cap_mails=2, cap_days=7, actor="system", channel="sms")
    assert [o.refused for o in queue_texts([ask(ana, made, "5")])] == [None]


def test_consent_withdrawn_and_a_number_blocked_are_asked_again_before_it_leaves(
    server: Provider, someone: Someone, text: Make
) -> None:
    ana, ben = someone(), someone("+4915112345679")
    queue_texts([ask(ana, text()), ask(ben, text())])
    Consent.objects.filter(person_id=ana.pk).update(state="withdrawn")
    suppress_many([("+4915112345679", "manual", "")])
    assert texts.run_once() == 2
    assert (row(ana).reason, row(ben).reason, server.asked) == ("no_consent", "suppressed", 0)
    assert kinds(ben) == ["sms.queued", "sms.refused"]


def test_without_a_provider_texts_wait(someone: Someone, text: Make) -> None:
    ana = someone()
    queue_texts([ask(ana, text())])
    assert texts.run_once() == 0
    assert (row(ana).status, row(ana).attempts) == ("queued", 0)


def test_a_provider_that_is_away_or_refuses_the_account_costs_no_try(
    server: Provider, someone: Someone, text: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = someone()
    queue_texts([ask(ana, text())])
    server.answer = lambda said: (401, {"code": 20003, "message": "Authenticate"}, {})
    assert texts.run_once() == 0
    assert (row(ana).status, row(ana).attempts, row(ana).error) == ("queued", 0, "20003 Authenticate")
    assert TextOutbox.objects.get().due_at > clock.now() + timedelta(seconds=50)
    monkeypatch.setattr(config, "sms_url", "twilio+http://AC1:token@127.0.0.1:1?from=+15005550006")
    with clock.travel(timedelta(minutes=2)):
        assert texts.run_once() == 0
        assert (row(ana).status, row(ana).attempts) == ("queued", 0)
    server.answer = lambda said: None
    monkeypatch.setattr(config, "sms_url", server.url)
    with clock.travel(timedelta(minutes=4)):
        assert texts.run_once() == 1
    assert (row(ana).status, row(ana).uncertain) == ("sent", False)


def test_too_many_at_once_wait_as_long_as_the_provider_says(server: Provider, someone: Someone, text: Make) -> None:
    people = [someone(f"+49151123456{n:02}") for n in range(20)]
    queue_texts([ask(p, made) for made in [text()] for p in people])
    server.answer = lambda said: (429, {"code": 20429, "message": "Too many"}, {"Retry-After": "90"})
    texts.run_once()
    assert server.asked <= texts.AT_ONCE
    assert Message.objects.filter(status="queued").count() == 20
    tried = Message.objects.filter(attempts=1)
    assert tried.count() == server.asked
    assert TextOutbox.objects.filter(due_at__gt=clock.now() + timedelta(seconds=80)).count() == server.asked
    server.answer = lambda said: None
    with clock.travel(timedelta(minutes=3)):
        assert texts.run_once() == 20
    assert Message.objects.filter(status="sent", uncertain=False).count() == 20


def test_an_error_of_the_provider_is_tried_again_and_a_refusal_is_not(
    server: Provider, someone: Someone, text: Make
) -> None:
    ana, ben = someone(), someone("+4915112345679")
    queue_texts([ask(ana, text()), ask(ben, text())])
    server.answer = lambda said: (
        (500, {"code": 20500, "message": "Internal Server Error"}, {})
        if said["To"] == NUMBER
        else (400, {"code": 21614, "message": "'To' number is not a valid mobile number"}, {})
    )
    texts.run_once()
    assert (row(ana).status, row(ana).error) == ("queued", "20500 Internal Server Error")
    assert (row(ben).status, row(ben).error) == ("bounced", "21614 'To' number is not a valid mobile number")
    assert Suppression.objects.get().digest == email_digest("+4915112345679")
    assert kinds(ben) == ["sms.queued", "sms.failed"]
    server.answer = lambda said: None
    with clock.travel(timedelta(minutes=2)):
        texts.run_once()
    assert (row(ana).status, row(ana).attempts, row(ana).uncertain) == ("sent", 2, False)
    assert kinds(ana) == ["sms.queued", "sms.sent"]


def test_whoever_told_the_provider_to_stop_has_withdrawn_her_consent(
    server: Provider, someone: Someone, text: Make
) -> None:
    ana = someone()
    queue_texts([ask(ana, text())])
    server.answer = lambda said: (400, {"code": 21610, "message": "Attempt to send to unsubscribed recipient"}, {})
    texts.run_once()
    assert row(ana).status == "failed"
    assert Consent.objects.get(person_id=ana.pk).state == "withdrawn"
    assert Suppression.objects.get().reason == "stopped"


def test_a_line_that_breaks_before_the_answer_sends_nothing_twice_where_the_provider_can_be_asked(
    server: Provider, someone: Someone, text: Make
) -> None:
    ana = someone()
    queue_texts([ask(ana, text())])
    server.answer = lambda said: "cut"
    texts.run_once()
    assert (row(ana).status, len(server.taken)) == ("sending", 1)
    server.answer = lambda said: None
    with clock.travel(timedelta(minutes=2)):
        assert texts.run_once() == 1
    assert (len(server.taken), row(ana).status, row(ana).uncertain) == (1, "sent", False)
    assert row(ana).header_id == server.taken[0]["sid"]
    assert kinds(ana) == ["sms.queued", "sms.sent"]


def test_a_provider_that_answers_too_late_is_asked_whether_it_has_the_text(
    server: Provider, someone: Someone, text: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = someone()
    queue_texts([ask(ana, text())])
    monkeypatch.setattr(texts, "PATIENCE", 0.2)
    server.answer = lambda said: "slow"
    texts.run_once()
    assert row(ana).status == "sending"
    with clock.travel(timedelta(minutes=2)):
        texts.run_once()
    assert (len(server.taken), row(ana).status) == (1, "sent")


def test_a_worker_that_dies_leaves_its_text_to_another_one_who_says_that_it_is_sent_again(
    server: Provider, someone: Someone, text: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = someone()
    queue_texts([ask(ana, text())])
    assert len(texts.claim_texts(10, texts.LEASE)) == 1  # and nothing more
    assert texts.run_once() == 0
    with clock.travel(timedelta(minutes=3)):
        assert texts.run_once() == 1
    assert (row(ana).status, row(ana).attempts, row(ana).uncertain) == ("sent", 2, True)
    assert kinds(ana) == ["sms.queued", "sms.repeated", "sms.sent"]


def test_nine_tries_are_enough(server: Provider, someone: Someone, text: Make) -> None:
    ana = someone()
    queue_texts([ask(ana, text())])
    server.answer = lambda said: (503, {"message": "busy"}, {})
    for day in range(12):
        with clock.travel(timedelta(days=day)):
            texts.run_once()
    assert (row(ana).status, row(ana).attempts, row(ana).error) == ("failed", 9, "503 busy")
    assert TextOutbox.objects.count() == 0


def test_texts_for_many_take_the_same_number_of_statements(server: Provider, someone: Someone, text: Make) -> None:
    made = text()
    few = [someone(f"+49151123450{n:02}") for n in range(25)]
    many = [someone(f"+49151123460{n:02}") for n in range(30)]
    counted = []
    queue_texts([ask(someone("+4915112347000"), made)])  # what is asked once in a process
    texts.run_once()
    for people in (few, many):
        with CaptureQueriesContext(connection) as asked:
            queue_texts([ask(p, made) for p in people])
        with CaptureQueriesContext(connection) as sent:
            assert texts.run_once() == len(people)
        counted.append((len(asked), len(sent)))
    assert counted[0] == counted[1]


@pytest.mark.parametrize(
    "said, size",
    [
        ("", Size("gsm", 0, 0, 160)),
        ("a" * 160, Size("gsm", 160, 1, 0)),
        ("a" * 161, Size("gsm", 161, 2, 145)),
        ("€" * 80, Size("gsm", 160, 1, 0)),
        ("a" * 152 + "€" + "a" * 10, Size("gsm", 164, 2, 141)),
        ("가" * 70, Size("ucs2", 70, 1, 0, "가")),
        ("가" * 71, Size("ucs2", 71, 2, 63, "가")),
        ("a" * 66 + "😀😀" + "a" * 10, Size("ucs2", 80, 2, 53, "😀")),
    ],
)
def test_the_size_of_a_text(said: str, size: Size) -> None:
    assert size_of(said) == size


def test_addresses_in_a_text_end_where_the_sentence_goes_on() -> None:
    urls: list[str] = []

    def number(url: str) -> int:
        urls.append(url)
        return len(urls)

    assert (
        linked("At {{ workspace.website }}/x?y=1, or {{ contact.name }}", number)
        == "At {{ hw.l1 }}, or {{ contact.name }}"
    )
    assert urls.pop() == "{{ workspace.website }}/x?y=1"
    said = linked("See https://a.example/x?y={{ contact.id }}. (Or http://b.example/!)", number)
    assert said == "See {{ hw.l1 }}. (Or {{ hw.l2 }}!)"
    assert urls == ["https://a.example/x?y={{ contact.id }}", "http://b.example/"]


def test_what_people_answer_and_where_texts_can_go() -> None:
    assert [answer_of(t) for t in (" Stop. ", "수신 거부", "START", "no, thanks", "退订")] == [
        "stop", "stop", "start", "", "stop",
    ]  # fmt: skip
    assert [problem(n) for n in ("+821012345678", "+8221234567", "x")] == ["", "not_mobile", "invalid_number"]


def test_a_text_cannot_have_the_links_of_a_mail(text: Make) -> None:
    with pytest.raises(TemplateProblem, match="STOP"):
        text("Bye {{ unsubscribe_url }}")
