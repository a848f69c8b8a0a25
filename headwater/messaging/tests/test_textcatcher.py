"""The demo's own provider of texts: the real adapter talks to it over HTTP, and it calls back as Twilio does."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from headwater.accounts.models import Workspace
from headwater.core import clock
from headwater.messaging import actions, texts
from headwater.messaging.actions import MailRequest, SmsText, queue_texts, restoring
from headwater.messaging.channels import textcatcher
from headwater.messaging.channels.sms import provider_of
from headwater.messaging.models import CaughtMail, Message
from headwater.people.models import Consent, Contact
from headwater.timeline import queries as timeline

NUMBER = "+491713920042"


@pytest.fixture
def catcher(transactional_db: None, live_server: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HEADWATER_TEXTCATCHER_PORT", str(probe.getsockname()[1]))
    monkeypatch.setattr(textcatcher, "DELIVERY", 0.01)
    url = live_server.url  # type: ignore[attr-defined]
    Workspace.objects.update_or_create(pk=1, defaults={"name": "Northstar", "base_url": url, "is_demo": True})
    stop = textcatcher.start()
    yield
    stop()


def until(true: Callable[[], bool]) -> bool:
    for _ in range(200):
        if true():
            return True
        time.sleep(0.05)
    return False


def test_a_text_goes_the_whole_way_in_the_demo_and_stop_comes_back(catcher: None, client: Client) -> None:
    ana = Contact.objects.create(phone=NUMBER, name="Ana")
    Consent.objects.create(person_id=ana.pk, channel="sms", topic="", state="granted", at=clock.now())
    made = actions.create_template(name="Offer", says=SmsText("See {{ workspace.website }}"), actor="test")
    queue_texts([MailRequest(ana.pk, made.pk, "k", "x")])
    assert texts.run_once() == 1
    (row,) = CaughtMail.objects.all()
    sent = Message.objects.get()
    assert (row.channel, row.rcpt_to, row.mail_from, row.header_id) == (
        "sms",
        NUMBER,
        textcatcher.NUMBER,
        sent.header_id,
    )
    assert bytes(row.raw).decode().startswith("See http://")
    assert until(lambda: Message.objects.get().delivered_at is not None)
    page = client.get(f"/demo/inbox/{row.pk}/").content.decode()
    assert 'class="tx-bubble"' in page
    assert "/s/" in page
    answer = client.post(f"/demo/inbox/{row.pk}/answer/", {"text": "stop"})
    assert answer["Location"] == f"/demo/inbox/{row.pk}/?answered=1"
    assert "it stands on her timeline" in client.get(answer["Location"]).content.decode()
    assert Consent.objects.get().state == "withdrawn"
    assert timeline.read(ana.pk)[0].kind == "sms.stopped"


def test_it_says_what_it_has_and_lets_nobody_else_in(catcher: None) -> None:
    from headwater.messaging.channels.sms import Text

    found = texts.provider()
    assert found is not None
    assert found.probe() == ""
    text = Text("1", NUMBER, "", "Hello", "", clock.now())
    assert found.find(text, 5) is None
    reply = found.send(text, 5)
    assert (reply.kind, CaughtMail.objects.count()) == ("sent", 1)
    again = found.find(text, 5)
    assert again is not None
    assert (again.id, again.found) == (reply.id, True)
    host, port = textcatcher.address()
    stranger = provider_of(f"twilio+http://ACdemo:guess@{host}:{port}?from=+15005550006")
    assert stranger.send(text, 5).kind == "untried"
    assert "20003 Authenticate" in stranger.probe()


@pytest.mark.django_db
def test_texts_that_may_have_gone_out_since_a_backup_are_not_sent(workspace: object) -> None:
    ana = Contact.objects.create(phone=NUMBER)
    Consent.objects.create(person_id=ana.pk, channel="sms", topic="", state="granted", at=clock.now())
    made = actions.create_template(name="Offer", says=SmsText("Hi"), actor="test")
    queue_texts([MailRequest(ana.pk, made.pk, "k", "x")])
    assert restoring.hold() == [
        "1 texts that were on their way are not sent (reason: restored); they may have gone out since."
    ]
    assert (Message.objects.get().status, Message.objects.get().reason) == ("refused", "restored")
    assert timeline.read(ana.pk)[0].kind == "sms.refused"
