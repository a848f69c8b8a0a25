"""Texts (SMS) at their edges: calls that come twice, numbers as gateways write them, answers that leave things open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from headwater.core import clock
from headwater.core.config import config
from headwater.messaging import actions, texts
from headwater.messaging.actions import MailRequest, SmsText, queue_texts
from headwater.messaging.actions.replies import record_inbound
from headwater.messaging.channels.sms.gateway import Gateway
from headwater.messaging.channels.sms.twilio import Twilio
from headwater.messaging.models import MailTemplate, Message, Suppression
from headwater.messaging.rules.checks import check_text
from headwater.messaging.rules.segments import size_of
from headwater.messaging.rules.texting import answer_of
from headwater.messaging.tests.sms_server import Provider, running
from headwater.people.models import Consent, Contact
from headwater.people.queries import consent_states
from headwater.timeline import queries as timeline

pytestmark = pytest.mark.django_db
NUMBER = "+4915112345678"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    with running(Provider()) as made:
        monkeypatch.setattr(config, "sms_url", made.url)
        yield made


@pytest.fixture
def ana(workspace: object) -> Contact:
    row = Contact.objects.create(phone=NUMBER, search=NUMBER[1:])
    Consent.objects.create(person_id=row.pk, channel="sms", topic="", state="granted", at=clock.now())
    return row


@pytest.fixture
def text(workspace: object) -> MailTemplate:
    return actions.create_template(name="Text", says=SmsText("Hi there"), actor="test", purpose="marketing")


def test_a_word_that_a_provider_tells_twice_counts_once(ana: Contact) -> None:
    def state() -> tuple[str, list[str]]:
        return consent_states([ana.pk], "sms")[ana.pk], list(Suppression.objects.values_list("reason", flat=True))

    record_inbound(NUMBER, "STOP", key="a")
    assert state() == ("withdrawn", ["stopped"])
    record_inbound(NUMBER, "START", key="b")
    assert state() == ("granted", [])
    record_inbound(NUMBER, "STOP", key="a")  # its answer was lost, so it comes again
    assert state() == ("granted", [])
    record_inbound(NUMBER, "STOP", key="c")
    record_inbound(NUMBER, "START", key="b")
    assert state() == ("withdrawn", ["stopped"])


@pytest.mark.parametrize("sender", [NUMBER, NUMBER[1:], "00" + NUMBER[1:], "+49 151 1234-5678"])
def test_a_gateway_may_write_the_number_as_it_likes(ana: Contact, sender: str) -> None:
    said = Gateway("https://gateway.example").inbound({"msisdn": sender, "text": "Stop"})
    assert said is not None
    assert record_inbound(said.sender, said.text) == "stop"
    assert consent_states([ana.pk], "sms")[ana.pk] == "withdrawn"


def test_words_in_wide_letters_and_with_a_nul(ana: Contact) -> None:
    assert [answer_of(t) for t in ("ＳＴＯＰ", "stop\u200b", "ST\0OP")] == ["stop", "stop", "stop"]
    assert record_inbound(NUMBER, "What\0is this?", key="n\0") == ""
    told = next(e for e in timeline.read(ana.pk) if e.kind == "sms.replied")
    assert told.data["text"] == "Whatis this?"


def _ask(ana: Contact, text: MailTemplate, key: str) -> Message:
    queue_texts([MailRequest(ana.pk, text.pk, key, "journey:1")])
    return Message.objects.get(key=key)


@pytest.mark.parametrize("status", [408, 500, 502, 504])
def test_an_answer_that_leaves_open_whether_the_text_went_out_is_asked_about(
    server: Provider, ana: Contact, text: MailTemplate, status: int
) -> None:
    _ask(ana, text, "k")

    def taken(said: dict[str, str]) -> tuple[int, object, dict[str, str]]:
        server.taken.append({**said, "sid": "SM1"})
        return status, {"message": "timeout behind us"}, {}

    server.answer = taken
    texts.run_once()
    server.answer = lambda said: None
    with clock.travel(timedelta(minutes=3)):
        texts.run_once()
    row = Message.objects.get()
    assert (len(server.taken), row.status, row.header_id, row.uncertain) == (1, "sent", "SM1", False)


def test_an_earlier_text_of_the_same_words_is_not_taken_for_this_one(
    server: Provider, ana: Contact, text: MailTemplate
) -> None:
    first, second = _ask(ana, text, "a"), _ask(ana, text, "b")
    assert len(texts.claim_texts(10, texts.LEASE)) == 2  # the worker dies: neither went out
    with clock.travel(timedelta(minutes=3)):
        texts.run_once()
    found = list(Message.objects.filter(id__in=[first.id, second.id]).values_list("header_id", flat=True))
    assert len(server.taken) == 2
    assert sorted(found) == sorted(t["sid"] for t in server.taken)


def test_a_text_sent_before_the_line_broke_on_its_twin_is_not_found_for_it(
    server: Provider, ana: Contact, text: MailTemplate
) -> None:
    _ask(ana, text, "a")
    texts.run_once()
    second = _ask(ana, text, "b")
    assert len(texts.claim_texts(10, texts.LEASE)) == 1
    with clock.travel(timedelta(minutes=3)):
        texts.run_once()
    second.refresh_from_db()
    assert (len(server.taken), second.status, second.header_id) == (2, "sent", server.taken[1]["sid"])


def test_odd_digits_in_what_providers_say_break_nothing() -> None:
    twilio = Twilio("https://x.example", "AC1", "token", "+1555")
    assert twilio.receipt({"MessageStatus": "failed", "ErrorCode": "²"}).words == "²"


@pytest.mark.parametrize(
    ("body", "odd"),
    [
        ("안녕하세요, 내일 오전 10시에 뵙겠습니다 “꼭”", ""),
        ("Добрый день…", ""),
        ("Hi “there” — ok…", "“ ” — …"),
        ("Jó reggelt, Győző", "ó ő"),
    ],
)
def test_longer_characters_are_named_only_where_others_would_do(body: str, odd: str) -> None:
    found = check_text(body=body, opt_out="", purpose="transactional", size=size_of(body), as_sent=body)
    assert [c.values["characters"] for c in found if c.code == "odd_characters"] == ([odd] if odd else [])
