"""Pages of texts: the editor with its live size, the lists, the settings; what providers call; the demo's telephone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from headwater.accounts.models import Role, User
from headwater.core import clock
from headwater.core.config import config
from headwater.messaging import actions, texts
from headwater.messaging.actions import MailRequest, SmsText, queue_texts
from headwater.messaging.channels.sms.twilio import signature
from headwater.messaging.models import MailPolicy, MailTemplate, Message, Suppression, TemplateVersion
from headwater.messaging.queries.links import inbound_secret, inbound_url
from headwater.messaging.tests.sms_server import Provider, running
from headwater.people.models import Consent, Contact
from headwater.timeline import dispatch
from headwater.timeline import queries as timeline

pytestmark = pytest.mark.django_db
NUMBER = "+4915112345678"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    with running(Provider()) as made:
        monkeypatch.setattr(config, "sms_url", made.url)
        yield made


@pytest.fixture
def marketer(client: Client, workspace: object) -> Client:
    client.force_login(User.objects.create(email="m@example.org", role=Role.ADMIN))
    return client


@pytest.fixture
def ana(workspace: object) -> Contact:
    row = Contact.objects.create(phone=NUMBER, name="Ana Ruiz", search=f"ana ruiz {NUMBER[1:]}")
    Consent.objects.create(person_id=row.pk, channel="sms", topic="", state="granted", at=clock.now())
    return row


@pytest.fixture
def sent(server: Provider, ana: Contact) -> Message:
    made = actions.create_template(name="Offer", says=SmsText("See https://shop.example/sale"), actor="test")
    queue_texts([MailRequest(ana.pk, made.pk, "k", "journey:1")])
    texts.run_once()
    return Message.objects.get()


def path(url: str) -> str:
    return url.removeprefix("https://crm.example")


def test_a_text_is_written_and_changed(marketer: Client) -> None:
    given = {
        "name": "Offer",
        "purpose": "marketing",
        "body": "Hi there",
        "opt_out": "Reply STOP",
        "sender": "Northstar",
    }
    made = marketer.post("/mail/texts/new/", given)
    row = MailTemplate.objects.get()
    assert (made.status_code, made["Location"]) == (302, f"/mail/texts/{row.pk}/")
    assert (row.channel, row.version) == ("sms", 1)
    marketer.post(f"/mail/texts/{row.pk}/", {**given, "body": "Hello"})
    marketer.post(f"/mail/texts/{row.pk}/", {**given, "body": "Hello"})
    says = TemplateVersion.objects.filter(template=row).order_by("version")
    assert [(v.text_override, v.from_name, v.opt_out) for v in says] == [
        ("Hi there", "Northstar", "Reply STOP"), ("Hello", "Northstar", "Reply STOP"),
    ]  # fmt: skip
    assert marketer.get(f"/mail/templates/{row.pk}/")["Location"] == f"/mail/texts/{row.pk}/"
    page = marketer.get("/mail/templates/?channel=sms").content.decode()
    assert f'href="/mail/templates/{row.pk}/"' in page
    assert f'href="/mail/templates/{row.pk}/"' not in marketer.get("/mail/templates/?channel=email").content.decode()


@pytest.mark.parametrize(
    "field, value, words",
    [
        ("sender", "A name that is too long", "Ensure this value has at most 20 characters"),
        ("sender", "Nämlich", "A number such as +15550100"),
        ("body", "Hi {{ contact.name", "Merge tag:"),
        ("body", "{{ unsubscribe_url }}", "people answer STOP"),
    ],
)
def test_a_mistake_stands_next_to_its_field(marketer: Client, field: str, value: str, words: str) -> None:
    given = {"name": "Offer", "purpose": "marketing", "body": "Hi", "opt_out": "", "sender": "", field: value}
    assert words in marketer.post("/mail/texts/new/", given).content.decode()
    assert MailTemplate.objects.count() == 0


def test_the_size_follows_what_is_typed(marketer: Client, ana: Contact) -> None:
    def live(**values: Any) -> str:
        return marketer.post("/mail/texts/live/", {"purpose": "marketing", **values}).content.decode()

    assert "1 part" in live(body="a" * 160)
    page = live(body="a" * 161)
    assert "2 parts" in page
    assert "161 characters, 145 left" in page
    assert "Unicode: 70 a part" in live(body="안녕하세요")
    assert "No value and no fallback: contact.job_title" in live(body="Hi {{ contact.job_title }}", person=str(ana.pk))
    assert "Hi Ana Ruiz" in live(body="Hi {{ contact.name }}", person=str(ana.pk))
    # An address counts as long as it goes out: https://crm.example/s/ and twenty characters.
    assert "42 characters" in live(body="https://shop.example/a-long-address-that-nobody-would-want-to-type")
    assert "Addresses in it: 2." in live(
        body="{{ workspace.website }}/a, https://shop.example/b or https://shop.example/b"
    )
    assert "Without a fallback: whoever has no value does not get it. contact.job_title" in live(
        body="Hi {{ contact.job_title }}"
    )
    assert "does not say how to get no more texts" in live(body="Hi")
    assert "people answer STOP" not in live(body="{{ nothing.here }}")


def test_a_link_of_a_text_is_counted_and_leads_where_its_author_wrote(
    server: Provider, sent: Message, client: Client
) -> None:
    link = path(server.taken[0]["Body"].removeprefix("See "))
    agent = {"HTTP_USER_AGENT": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148 Safari/604.1"}
    found = client.get(link, **agent)
    assert found.status_code == 302
    assert found["Location"].startswith("https://shop.example/sale?hw_m=")
    row = Message.objects.get()
    assert (row.clicks, row.opens, row.opened_at) == (1, 0, None)
    assert next(e.kind for e in timeline.read(sent.person_id)) == "sms.clicked"
    assert client.get(link, HTTP_USER_AGENT="curl/8").status_code == 302
    assert (Message.objects.get().clicks, Message.objects.get().scans) == (1, 1)
    assert client.get(link[:-1] + ("A" if link[-1] != "A" else "B"), **agent).status_code == 404


def test_the_page_of_a_text_shows_where_its_links_lead_and_that_it_arrived(
    server: Provider, ana: Contact, marketer: Client
) -> None:
    says = SmsText("See https://shop.example/{{ contact.city | lower }} and {{ workspace.base_url }}/x.")
    made = actions.create_template(name="Tags in links", says=says, actor="test")
    Contact.objects.update(city="Ulm")
    queue_texts([MailRequest(ana.pk, made.pk, "k", "journey:1")])
    texts.run_once()
    Message.objects.update(delivered_at=clock.now(), replied_at=clock.now())
    row = Message.objects.get()
    page = marketer.get(f"/mail/{ana.pk}/{row.id}/").content.decode()
    assert re.search(r'tx-bubble"><bdi>(.*?)</bdi>', page)[1] == (  # type: ignore[index]
        'See <a href="https://shop.example/ulm" rel="nofollow">https://shop.example/ulm</a> and '
        '<a href="https://crm.example/x" rel="nofollow">https://crm.example/x</a>.'
    )
    assert re.findall(r'<span class="chip[^>]*>(.+?)</span>', page) == ["Delivered", "Answered"]
    assert 'href="/mail/texts/new/"' in marketer.get("/mail/?channel=sms").content.decode()
    assert 'href="/mail/templates/new/"' in marketer.get("/mail/").content.decode()


def test_the_provider_tells_that_a_text_was_delivered_once(server: Provider, sent: Message, client: Client) -> None:
    url = server.taken[0]["StatusCallback"]
    params = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    headers = {"HTTP_X_TWILIO_SIGNATURE": signature("token", url, params)}
    assert client.post(path(url), params).status_code == 403
    assert client.post(path(url), params, **headers).status_code == 204
    assert client.post(path(url), params, **headers).status_code == 204
    assert Message.objects.get().delivered_at is not None
    assert [e.kind for e in timeline.read(sent.person_id, quiet=True)].count("sms.delivered") == 1
    assert client.post(path(url)[:-2], params, **headers).status_code == 404


def test_a_text_that_was_not_delivered_has_failed_in_words_and_a_landline_is_blocked(
    server: Provider, sent: Message, client: Client
) -> None:
    url = server.taken[0]["StatusCallback"]
    params = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30006"}
    client.post(path(url), params, HTTP_X_TWILIO_SIGNATURE=signature("token", url, params))
    row = Message.objects.get()
    assert (row.status, row.error) == ("bounced", "30006 landline or unreachable carrier")
    assert Suppression.objects.get().reason == "bounce"


def say(client: Client, text: str, sid: str = "SM9", sender: str = NUMBER) -> Any:
    url = inbound_url("https://crm.example")
    params = {"From": sender, "To": "+15005550006", "Body": text, "MessageSid": sid}
    return client.post(path(url), params, HTTP_X_TWILIO_SIGNATURE=signature("token", url, params))


def test_stop_withdraws_consent_blocks_the_number_and_start_takes_it_back(
    server: Provider, sent: Message, ana: Contact, client: Client
) -> None:
    told = say(client, "Stop!")
    assert (told.status_code, told["Content-Type"]) == (200, "text/xml")
    assert b"<Response>" in told.content
    assert (Consent.objects.get().state, Suppression.objects.get().reason) == ("withdrawn", "stopped")
    assert Consent.objects.get().proof["text"] == "Stop!"
    assert Message.objects.get().unsubscribed_at is not None
    assert [e.kind for e in timeline.read(ana.pk)][:2] == ["sms.stopped", "consent.changed"]
    made = MailTemplate.objects.get()
    assert [o.refused for o in queue_texts([MailRequest(ana.pk, made.pk, "again", "x")])] == ["suppressed"]
    say(client, "START", "SM10")
    assert (Consent.objects.get().state, Suppression.objects.count()) == ("granted", 0)


def test_an_answer_stands_on_the_timeline_once(server: Provider, sent: Message, ana: Contact, client: Client) -> None:
    for _ in range(2):
        say(client, "Which size?")
    (entry,) = [e for e in timeline.read(ana.pk) if e.kind == "sms.replied"]
    assert (entry.data["text"], entry.data["message"]) == ("Which size?", str(sent.id))
    assert Message.objects.get().replied_at is not None
    assert Consent.objects.get().state == "granted"


def test_a_number_that_nobody_has_is_answered_and_blocked_at_stop(
    server: Provider, client: Client, ana: Contact
) -> None:
    assert say(client, "Hello", sender="+4915112340000").status_code == 200
    assert Suppression.objects.count() == 0
    assert say(client, "STOP", sender="+4915112340000").status_code == 200
    assert Suppression.objects.get().reason == "stopped"


def test_nobody_but_the_provider_says_that_somebody_wrote(server: Provider, client: Client, ana: Contact) -> None:
    params = {"From": NUMBER, "Body": "STOP"}
    assert client.post(f"/sms/in/{inbound_secret()}", params).status_code == 403
    assert client.post("/sms/in/guessed", params).status_code == 404
    assert Consent.objects.get().state == "granted"


def test_consent_granted_by_hand_lifts_the_stop(server: Provider, sent: Message, ana: Contact, client: Client) -> None:
    say(client, "STOP")
    from headwater.people.actions import set_consent

    set_consent(ana.pk, "sms", "granted", actor="user:1", proof={"text": "called us"})
    dispatch.run_all()
    assert Suppression.objects.count() == 0


def test_another_provider_tells_by_the_secret_in_the_address(
    server: Provider, ana: Contact, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "sms_url", f"http://127.0.0.1:{server.port}/send?user=u")
    monkeypatch.setenv("HEADWATER_SMS_ID", "sid")
    made = actions.create_template(name="Offer", says=SmsText('Say "hi"'), actor="test")
    queue_texts([MailRequest(ana.pk, made.pk, "k", "journey:1")])
    texts.run_once()
    import json

    address, headers, body = server.raw[0]
    said = json.loads(body)
    assert (address, headers["content-type"]) == ("/send?user=u", "application/json")
    assert (said["to"], said["text"]) == (NUMBER, 'Say "hi"')
    row = Message.objects.get()
    assert (row.status, row.header_id) == ("sent", server.taken[0]["sid"])
    assert client.get(path(said["callback"]) + "?status=DELIVRD").status_code == 204
    assert Message.objects.get().delivered_at is not None
    told = client.post(
        f"/sms/in/{inbound_secret()}", json.dumps({"msisdn": NUMBER, "text": "stop"}), content_type="application/json"
    )
    assert told.status_code == 204
    assert Consent.objects.get().state == "withdrawn"


def test_a_gateway_is_called_as_it_wants(server: Provider, ana: Contact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "sms_url", f"http://127.0.0.1:{server.port}/send")
    settings = {
        "METHOD": "PUT", "HEADERS": '{"Authorization": "Bearer k{{ digits }}"}', "FROM": "Shop",
        "BODY": "phone={{ digits }}&msg={{ text }}&from={{ from }}&ref={{ id }}", "SUCCESS": "status=queued",
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(f"HEADWATER_SMS_{name}", value)
    made = actions.create_template(name="Offer", says=SmsText("a & b = c"), actor="test")
    queue_texts([MailRequest(ana.pk, made.pk, "k", "journey:1"), MailRequest(ana.pk, made.pk, "l", "journey:1")])
    server.answer = lambda said: (200, {"status": "no credit"}, {}) if server.asked == 2 else None
    texts.run_once()
    _address, headers, _body = server.raw[0]
    assert headers["authorization"] == f"Bearer k{NUMBER[1:]}"
    (said,) = server.taken
    assert (said["phone"], said["msg"], said["from"]) == (NUMBER[1:], "a & b = c", "Shop")
    rows = sorted(Message.objects.values_list("status", "error"))
    assert rows == [("failed", '200 {"status": "no credit"}'), ("sent", "")]


def test_the_settings_show_the_provider_limit_texts_and_send_a_test(server: Provider, marketer: Client) -> None:
    page = marketer.get("/settings/mail/").content.decode()
    assert f"Texts go out through Twilio (127.0.0.1:{server.port})." in page
    assert inbound_url("https://crm.example") in page
    assert "AC1" not in page
    assert "token@" not in page
    marketer.post("/settings/mail/texts/", {"texts-cap_mails": "2", "texts-cap_days": "7"})
    assert [(r.pk, r.cap_mails, r.cap_days) for r in MailPolicy.objects.all()] == [(2, 2, 7)]
    marketer.post("/settings/mail/texts/test/", {"number": "+49 151 12345678"})
    assert (server.taken[0]["To"], server.taken[0]["Body"]) == (NUMBER, "[Test] This is a test from Northstar.")
    server.answer = lambda said: (400, {"code": 21211, "message": "no such number"}, {})
    page = marketer.post("/settings/mail/texts/test/", {"number": NUMBER}, follow=True).content.decode()
    assert "21211 no such number" in page
    marketer.post("/settings/mail/suppress/", {"email": "+49 151 12345678"})
    assert Suppression.objects.count() == 1
    assert (
        "neither an address nor a telephone number"
        in marketer.post("/settings/mail/suppress/", {"email": "nobody"}).content.decode()
    )


def test_the_ledger_shows_texts_and_one_with_its_fate(marketer: Client, server: Provider, sent: Message) -> None:
    page = marketer.get("/mail/?channel=sms").content.decode()
    assert "See https://shop.example/sale" in page
    assert "See https://shop.example/sale" not in marketer.get("/mail/?channel=email").content.decode()
    one = marketer.get(f"/mail/{sent.person_id}/{sent.id}/").content.decode()
    assert 'class="tx-bubble"' in one
    assert NUMBER in one
    assert (
        "See https://shop.example/sale"
        in marketer.get(f"/people/{sent.person_id}/?tab=messaging.emails").content.decode()
    )


def test_without_a_provider_the_ledger_says_that_texts_wait(marketer: Client, ana: Contact) -> None:
    made = actions.create_template(name="Offer", says=SmsText("Hi"), actor="test")
    queue_texts([MailRequest(ana.pk, made.pk, "k", "journey:1")])
    assert "1 text waits" in marketer.get("/mail/").content.decode()
    assert "No provider of texts is set, so texts wait." in marketer.get("/settings/mail/").content.decode()


def test_who_is_erased_leaves_a_hash_of_her_number(server: Provider, sent: Message, ana: Contact) -> None:
    from headwater.people.actions import erase_people

    erase_people([ana.pk], reason="asked", actor="user:1")
    row = Message.objects.get()
    assert (row.person_id, row.email, row.subject, row.channel, row.segments) == (0, "", "", "sms", 1)
    assert Suppression.objects.get().reason == "erased"
    again = Contact.objects.create(phone=NUMBER)
    Consent.objects.create(person_id=again.pk, channel="sms", topic="", state="granted", at=clock.now())
    assert queue_texts([MailRequest(again.pk, MailTemplate.objects.get().pk, "k", "x")])[0].refused == "suppressed"


def test_a_link_still_works_when_its_person_was_merged_and_texts_move_along(
    server: Provider, sent: Message, ana: Contact, client: Client
) -> None:
    from headwater.people.actions import merge_contacts, unmerge

    made = MailTemplate.objects.get()
    queue_texts([MailRequest(ana.pk, made.pk, "later", "x", at=clock.now() + timedelta(days=1))])
    other = Contact.objects.create(name="Ana R.")
    row = merge_contacts(other.pk, ana.pk, actor="user:1")
    assert set(Message.objects.values_list("person_id", flat=True)) == {other.pk}
    link = path(server.taken[0]["Body"].removeprefix("See "))
    assert client.get(link, HTTP_USER_AGENT="Mozilla/5.0 (iPhone) Safari").status_code == 302
    with clock.travel(timedelta(days=2)):
        assert texts.run_once() == 1
    unmerge(row.pk, actor="user:1")
    assert set(Message.objects.values_list("person_id", flat=True)) == {ana.pk}


def test_texts_over_the_api(client: Client, ana: Contact, marketer: Client, server: Provider) -> None:
    def call(method: str, where: str, body: Any = None) -> Any:
        return getattr(marketer, method)(f"/api/v1{where}", body, content_type="application/json")

    made = call("post", "/text-templates", {"name": "Code", "purpose": "transactional", "body": "Code 4711"})
    assert (made.status_code, made.json()["channel"]) == (201, "sms")
    pk = made.json()["id"]
    assert call("put", f"/text-templates/{pk}", {"name": "Code", "body": "Code 4712"}).json()["version"] == 2
    assert call("get", f"/text-templates/{pk}").json()["body"] == "Code 4712"
    assert call("get", f"/templates/{pk}").status_code == 404
    assert [t["id"] for t in call("get", "/templates?channel=sms").json()] == [pk]
    told = call("post", "/texts", {"person_id": ana.pk, "template_id": pk, "key": "a"})
    assert (told.status_code, told.json()["refused"]) == (202, None)
    assert call("post", "/texts", {"person_id": ana.pk, "template_id": pk, "key": "a"}).json() == told.json()
    texts.run_once()
    (item,) = call("get", "/mails?channel=sms").json()["items"]
    assert (item["channel"], item["status"], item["segments"], item["email"]) == ("sms", "sent", 1, NUMBER)
    assert call("get", "/mails?channel=email").json()["items"] == []
    assert call("post", "/text-templates", {"name": "x", "body": "{{ unsubscribe_url }}"}).status_code == 422
