"""Delivery against a real SMTP server: what arrives, what is written down, and what a kill leaves behind."""

from __future__ import annotations

import email
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from email import policy
from email.message import EmailMessage

import pytest
from django.db import OperationalError

from headwater.core import clock, crash
from headwater.core.config import config
from headwater.messaging import delivery
from headwater.messaging.actions import MailRequest, queue
from headwater.messaging.channels import pool
from headwater.messaging.channels.smtp import Connection
from headwater.messaging.models import MailTemplate, Message, Outbox, Suppression
from headwater.messaging.queries import results
from headwater.messaging.tests.smtp_server import Server, running
from headwater.people.models import Consent, Contact
from headwater.timeline import queries as timeline

pytestmark = pytest.mark.django_db(transaction=False)
People = Callable[..., Contact]
Templates = Callable[..., MailTemplate]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with running(Server()) as made:
        monkeypatch.setattr(config, "smtp_url", made.url)
        yield made
        pool.close()


def kinds(person: Contact) -> list[str]:
    return [e.kind for e in reversed(timeline.read(person.pk))]


def row(person: Contact) -> Message:
    return Message.objects.get(person_id=person.pk)


def read(data: bytes) -> EmailMessage:
    return email.message_from_bytes(data, policy=policy.default)  # type: ignore[return-value]


def test_a_mail_arrives_with_everything_that_belongs_to_it(server: Server, person: People, template: Templates) -> None:
    ana = person(first_name="Ana", name="Ana Ruiz")
    made = template(
        subject="Hello {{ contact.first_name }}", preview="Only for you", reply_to="sales@northstar.example"
    )
    queue([MailRequest(ana.pk, made.pk, "k", "journey:1")])
    assert delivery.run_once() == 1
    ((to, data),) = server.mails
    message, kept = read(data), row(ana)
    assert to == "ana@example.org"
    assert message["From"] == "Northstar <hello@northstar.example>"
    assert message["To"] == "Ana Ruiz <ana@example.org>"
    assert message["Subject"] == "Hello Ana"
    assert message["Message-ID"] == f"<{kept.header_id}>"
    assert message["Reply-To"] == "sales@northstar.example"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    unsubscribe = message["List-Unsubscribe"].strip("<>")
    assert unsubscribe.startswith("https://crm.example/u/")
    assert message.get_content_type() == "multipart/alternative"
    html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    text = message.get_body(("plain",)).get_content().replace("\r\n", "\n")  # type: ignore[union-attr]
    assert "Hi Ana, good to see you." in html
    assert "Only for you" in html
    assert html.count('href="https://crm.example/c/') == 1
    assert html.count('src="https://crm.example/o/') == 1
    assert unsubscribe in html
    assert "shop.example/pricing" not in html
    assert text.startswith("Hi Ana, good to see you.\n")
    assert f"Unsubscribe: {unsubscribe}" in text
    assert "1 Main St, Springfield" in text
    assert (kept.status, kept.attempts, kept.error, kept.uncertain) == ("sent", 1, "", False)
    assert Outbox.objects.count() == 0
    assert kinds(ana) == ["mail.sent"]
    assert results([made.pk])[made.pk].sent == 1


def test_transactional_mail_has_no_unsubscribe_parts(server: Server, person: People, template: Templates) -> None:
    bo = person("bo@example.org", consent=False)
    queue([MailRequest(bo.pk, template(purpose="transactional").pk, "k", "api:1")])
    delivery.run_once()
    message = read(server.mails[0][1])
    assert message["List-Unsubscribe"] is None
    assert "nsubscribe" not in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_a_batch_goes_over_one_connection_and_the_next_uses_it_again(
    server: Server, person: People, template: Templates
) -> None:
    made = template()
    for batch in range(3):
        people = [person(f"p{batch}.{n}@example.org") for n in range(5)]
        queue([MailRequest(p.pk, made.pk, "k", "t") for p in people])
        assert delivery.run_once() == 5
    assert (len(server.mails), server.sessions) == (15, 1)


def test_a_bounce_says_the_servers_words_and_the_address_is_not_written_to_again(
    server: Server, person: People, template: Templates
) -> None:
    server.refuse = lambda to: "550 5.1.1 no such user" if to.startswith("gone") else None
    gone, made = person("gone@example.org"), template()
    queue([MailRequest(gone.pk, made.pk, "k", "t")])
    delivery.run_once()
    kept = row(gone)
    assert (kept.status, kept.error) == ("bounced", "550 5.1.1 no such user")
    assert (Suppression.objects.get().reason, Outbox.objects.count()) == ("bounce", 0)
    (entry,) = timeline.read(gone.pk)
    assert (entry.kind, entry.data["error"]) == ("mail.bounced", "550 5.1.1 no such user")
    assert queue([MailRequest(gone.pk, made.pk, "k2", "t")])[0].refused == "suppressed"


def test_a_full_mailbox_bounces_without_suppression(server: Server, person: People, template: Templates) -> None:
    server.refuse = lambda to: "552 5.2.2 mailbox full"
    full = person("full@example.org")
    queue([MailRequest(full.pk, template().pk, "k", "t")])
    delivery.run_once()
    assert (row(full).status, Suppression.objects.count()) == ("bounced", 0)


def test_a_mail_refused_for_its_content_has_failed(server: Server, person: People, template: Templates) -> None:
    server.after_data = lambda to: "554 5.7.1 looks like spam"
    ana = person()
    queue([MailRequest(ana.pk, template().pk, "k", "t")])
    delivery.run_once()
    assert (row(ana).status, row(ana).error, kinds(ana)) == ("failed", "554 5.7.1 looks like spam", ["mail.failed"])
    assert Suppression.objects.count() == 0


def test_try_later_is_tried_later_and_fails_in_the_end(server: Server, person: People, template: Templates) -> None:
    server.refuse = lambda to: "450 4.2.1 try later"
    ana = person()
    queue([MailRequest(ana.pk, template().pk, "k", "t")])
    at = clock.now()
    waits = []
    for _ in range(9):
        with clock.freeze(at):
            assert delivery.run_once() == 1
            due = Outbox.objects.first()
        if due is None:
            break
        assert (row(ana).status, row(ana).error) == ("queued", "450 4.2.1 try later")
        waits.append((due.due_at - at) / timedelta(minutes=1))
        with clock.freeze(due.due_at - timedelta(seconds=1)):
            assert delivery.run_once() == 0
        at = due.due_at
    assert waits == [1, 5, 15, 60, 180, 360, 720, 1440]
    assert (row(ana).status, row(ana).attempts, kinds(ana)) == ("failed", 9, ["mail.failed"])


def test_without_an_answer_the_mail_is_sent_again_and_that_is_said(
    server: Server, person: People, template: Templates
) -> None:
    ana, server.after_data = person(), lambda to: "cut"
    queue([MailRequest(ana.pk, template().pk, "k", "t")])
    delivery.run_once()
    assert (row(ana).status, row(ana).attempts) == ("sending", 1)
    server.after_data = lambda to: None
    with clock.travel(timedelta(minutes=2)):
        delivery.run_once()
    kept = row(ana)
    assert (kept.status, kept.attempts, kept.uncertain) == ("sent", 2, True)
    assert kinds(ana) == ["mail.repeated", "mail.sent"]
    assert timeline.read(ana.pk)[0].data["uncertain"] is True
    assert len({read(data)["Message-ID"] for _, data in server.mails}) == 1


def test_without_a_server_mails_wait_and_no_try_is_counted(
    monkeypatch: pytest.MonkeyPatch, person: People, template: Templates
) -> None:
    ana = person()
    queue([MailRequest(ana.pk, template().pk, "k", "t")])
    assert delivery.run_once() == 0  # no server is set
    monkeypatch.setattr(config, "smtp_url", "smtp://127.0.0.1:1")
    assert delivery.run_once() == 0  # nobody answers
    kept = row(ana)
    assert (kept.status, kept.attempts, Outbox.objects.count()) == ("queued", 0, 1)
    assert "refused" in kept.error
    with running(Server()) as up:
        monkeypatch.setattr(config, "smtp_url", up.url)
        with clock.travel(timedelta(seconds=16)):
            assert delivery.run_once() == 1
        pool.close()
    assert (row(ana).status, row(ana).error, row(ana).uncertain) == ("sent", "", False)


class Killed(BaseException):
    """As good as SIGKILL: nothing in the code catches it."""


@pytest.mark.parametrize(
    "point, arrived, repeated",
    [("mail.claimed", 1, True), ("smtp.body", 2, True), ("mail.answered", 2, True), ("mail.settled", 1, False)],
)
def test_a_kill_at_each_step_loses_nothing_and_says_what_it_repeats(
    monkeypatch: pytest.MonkeyPatch,
    server: Server,
    person: People,
    template: Templates,
    point: str,
    arrived: int,
    repeated: bool,
) -> None:
    ana = person()
    queue([MailRequest(ana.pk, template().pk, "k", "t")])

    def die(name: str) -> None:
        if name == point:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(crash, "point", die)
        with pytest.raises(Killed):
            delivery.run_once()
    pool.close()
    assert delivery.run_once() == 0  # the lease still runs
    with clock.travel(delivery.LEASE + timedelta(seconds=1)):
        assert delivery.run_once() == (1 if repeated else 0)
        assert delivery.run_once() == 0
    kept = row(ana)
    assert (kept.status, kept.uncertain, Outbox.objects.count()) == ("sent", repeated, 0)
    assert kinds(ana) == (["mail.repeated", "mail.sent"] if repeated else ["mail.sent"])
    assert len(server.mails) == arrived
    assert len({read(data)["Message-ID"] for _, data in server.mails}) == 1


def test_a_kill_while_queueing_leaves_no_trace(
    monkeypatch: pytest.MonkeyPatch, server: Server, person: People, template: Templates
) -> None:
    ana, made = person(), template()

    def die(name: str) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(crash, "point", die)
        with pytest.raises(Killed):
            queue([MailRequest(ana.pk, made.pk, "k", "t")])
    assert (Message.objects.count(), Outbox.objects.count(), timeline.read(ana.pk, quiet=True)) == (0, 0, [])
    queue([MailRequest(ana.pk, made.pk, "k", "t")])
    delivery.run_once()
    assert len(server.mails) == 1


def test_a_worker_that_was_too_slow_leaves_the_outcome_to_the_one_that_took_over(
    server: Server, person: People, template: Templates
) -> None:
    from headwater.messaging.actions.claims import Result, claim, settle
    from headwater.messaging.rules.delivery import Answer

    ana = person()
    queue([MailRequest(ana.pk, template().pk, "k", "t")])
    slow = claim(10, delivery.LEASE)
    with clock.travel(delivery.LEASE + timedelta(seconds=1)):
        quick = claim(10, delivery.LEASE)
        settle([Result(slow[0], Answer("later", "450 busy", 450, "rcpt"))])
        assert (row(ana).status, Outbox.objects.count()) == ("sending", 1)
        settle([Result(quick[0], Answer("sent", "250 ok", 250, "data"))])
    assert (row(ana).status, Outbox.objects.count()) == ("sent", 0)
    assert claim(10, delivery.LEASE) == []


def test_what_a_server_took_is_not_sent_again_because_the_database_was_away(
    monkeypatch: pytest.MonkeyPatch, server: Server, person: People, template: Templates
) -> None:
    ana = person()
    queue([MailRequest(ana.pk, template().pk, "k", "t")])

    def away(results: object) -> None:
        raise OperationalError("terminating connection due to administrator command")

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "settle", away)
        for _ in range(2):
            with pytest.raises(OperationalError):
                delivery.run_once()
    assert (row(ana).status, len(server.mails)) == ("sending", 1)
    assert delivery.run_once() == 0
    with clock.travel(delivery.LEASE + timedelta(seconds=1)):
        assert delivery.run_once() == 0
    kept = row(ana)
    assert (kept.status, kept.uncertain, kept.attempts, Outbox.objects.count()) == ("sent", False, 1, 0)
    assert (kinds(ana), len(server.mails)) == (["mail.sent"], 1)


def test_a_slow_server_gets_as_many_mails_as_the_lease_allows_and_the_rest_later(
    monkeypatch: pytest.MonkeyPatch, server: Server, person: People, template: Templates
) -> None:
    monkeypatch.setattr(delivery, "LEASE", timedelta(seconds=1.6))
    server.after_data = lambda to: time.sleep(0.3)
    made = template()
    people = [person(f"p{n}@example.org") for n in range(8)]
    queue([MailRequest(p.pk, made.pk, "k", "t") for p in people])
    began = clock.now()
    delivery.run_once()
    took = (clock.now() - began).total_seconds()
    assert took < 1.6
    sent = Message.objects.filter(status="sent").count()
    assert 1 <= sent <= 5
    assert Message.objects.filter(status="queued", attempts=0, error="").count() == 8 - sent
    while delivery.run_once():
        pass
    assert sorted(to for to, _ in server.mails) == sorted(p.email for p in people)
    assert (Message.objects.filter(status="sent", uncertain=False, attempts=1).count(), Outbox.objects.count()) == (
        8,
        0,
    )


def test_a_sender_that_stood_still_beyond_its_lease_sends_no_more(
    server: Server, person: People, template: Templates
) -> None:
    made = template()
    people = [person(f"p{n}@example.org") for n in range(6)]
    queue([MailRequest(p.pk, made.pk, "k", "t") for p in people])
    whole = Connection._reply

    with ExitStack() as later:

        def reply(self: Connection) -> tuple[int, str]:
            if len(server.mails) == 2 and not stood:  # before it hears of its second mail
                stood.append(later.enter_context(clock.travel(delivery.LEASE + timedelta(seconds=1))))
            return whole(self)

        stood: list[None] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Connection, "_reply", reply)
            delivery.run_once()
        assert (len(stood), len(server.mails)) == (1, 2)
        while delivery.run_once():
            pass
    assert len(server.mails) == 6
    assert Message.objects.filter(status="sent", uncertain=False).count() == 6


def test_consent_withdrawn_while_the_mail_waited_stops_it(server: Server, person: People, template: Templates) -> None:
    ana = person()
    queue([MailRequest(ana.pk, template().pk, "k", "t")])
    Consent.objects.filter(person_id=ana.pk).update(state="withdrawn")
    delivery.run_once()
    assert (row(ana).status, row(ana).reason, kinds(ana), server.mails) == (
        "refused",
        "no_consent",
        ["mail.refused"],
        [],
    )


def test_a_value_that_went_missing_while_the_mail_waited_stops_it(
    server: Server, person: People, template: Templates
) -> None:
    ana = person(first_name="Ana")
    queue([MailRequest(ana.pk, template(body="{{ contact.first_name }}").pk, "k", "t")])
    Contact.objects.filter(pk=ana.pk).update(first_name="")
    delivery.run_once()
    assert (row(ana).status, row(ana).reason) == ("refused", "missing_field:contact.first_name")


def test_transactional_mail_goes_before_marketing(server: Server, person: People, template: Templates) -> None:
    ana = person()
    queue([MailRequest(ana.pk, template("News").pk, "1", "t")])
    queue([MailRequest(ana.pk, template("Receipt", purpose="transactional").pk, "2", "t")])
    delivery.run_once()
    assert [read(data)["Subject"] for _, data in server.mails] == ["Receipt", "News"]
