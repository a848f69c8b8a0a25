"""Push messages against a real push service: what browsers show, what is refused and why, what a kill leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headwater.accounts.models import Workspace
from headwater.core import clock
from headwater.core.registry import doctor_checks
from headwater.messaging import actions, pushes
from headwater.messaging.actions import MailRequest, Outcome, PushText, Subscription, queue_pushes
from headwater.messaging.actions.browsers import follow
from headwater.messaging.actions.pushclaims import claim_pushes
from headwater.messaging.actions.restoring import hold
from headwater.messaging.channels import http
from headwater.messaging.models import MailTemplate, Message, PushDevice, PushOutbox, VisitorPush
from headwater.messaging.queries import browsers
from headwater.messaging.rules import webpush
from headwater.messaging.tests.push_server import Browser, PushService, running, unb64
from headwater.people.actions import Identity, identify, set_consent
from headwater.people.models import Consent, Contact
from headwater.timeline import dispatch
from headwater.timeline import queries as timeline

pytestmark = pytest.mark.django_db
WORDS = {"source": "site:1", "url": "https://shop.example/", "text": "News in this browser?"}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[PushService]:
    monkeypatch.setenv(http.PRIVATE, "1")
    pushes._busy.clear()
    with running(PushService()) as made:
        yield made


@pytest.fixture
def push(workspace: object) -> Callable[..., MailTemplate]:
    def make(title: str = "Hi {{ contact.first_name | default('there') }}", **more: str) -> MailTemplate:
        purpose = more.pop("purpose", "marketing")
        return actions.create_template(name="Push", says=PushText(title, **more), actor="test", purpose=purpose)

    return make


def subscription(browser: Browser) -> Subscription:
    keys = browser.given()["keys"]
    return Subscription(browser.endpoint, keys["p256dh"], keys["auth"], "Chrome, Windows", 1, WORDS)


def somebody(service: PushService, *names: str, email: str = "ana@example.org", **fields: Any) -> Contact:
    """A person with browsers that take push messages."""
    row = Contact.objects.create(email=email, **fields)
    for n, name in enumerate(names):
        visitor = row.pk * 100 + n
        identify([Identity(person_id=row.pk, visitor_id=visitor)])
        assert actions.subscribe(visitor, subscription(service.browser(name)), asked=True) == "on"
    return row


def ask(person: Contact | int, template: MailTemplate, key: str = "k", **more: Any) -> MailRequest:
    return MailRequest(getattr(person, "pk", person), template.pk, key, "journey:1", **more)


def kinds(person: Contact, family: str = "push.") -> list[str]:
    return [e.kind for e in reversed(timeline.read(person.pk, quiet=True)) if e.kind.startswith(family)]


def row(person: Contact) -> Message:
    return Message.objects.get(person_id=person.pk)


def test_the_example_of_rfc_8291() -> None:
    sender = webpush.ec.derive_private_key(
        int.from_bytes(unb64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), webpush.ec.SECP256R1()
    )
    browser = webpush.ec.derive_private_key(
        int.from_bytes(unb64("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big"), webpush.ec.SECP256R1()
    )
    public = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    auth, plain = "BTBZMqHH6r4Tts7J_aSIgg", b"When I grow up, I want to be a watermelon"
    made = webpush.encrypt(plain, public, auth, sender=sender, salt=unb64("DGv6ra1nlYgDCS1FRnbzlw"))
    assert webpush.encoded(made) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3j"
        "l7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    assert webpush.decrypt(made, browser, auth) == plain
    with pytest.raises(webpush.Unreadable):
        webpush.decrypt(made[:-1] + bytes([made[-1] ^ 1]), browser, auth)


def test_all_browsers_of_hers_show_it_signed_by_us_and_readable_for_them_alone(
    service: PushService, push: Callable[..., MailTemplate]
) -> None:
    ana = somebody(service, "laptop", "phone", first_name="Ana")
    made = push(
        "Hi {{ contact.first_name }}", body="New: {{ event.name }}", link="https://shop.example/sale?x=1",
        icon="https://shop.example/icon.png", image="{{ event.image | default('') }}",
    )  # fmt: skip
    outcome = queue_pushes([ask(ana, made, context={"event": {"name": "shoes"}})])[0]
    assert outcome == Outcome(ana.pk, row(ana).id, None)
    assert pushes.run_once() == 2
    assert sorted(name for name, _ in service.taken) == ["laptop", "phone"]
    said = service.taken[0][1]
    link, receipt = said.pop("u"), said.pop("r")
    assert said == {
        "t": "Hi Ana", "b": "New: shoes", "i": "https://shop.example/icon.png", "id": row(ana).id.hex,
    }  # fmt: skip
    assert link.startswith("https://crm.example/s/")
    assert receipt.startswith("https://crm.example/push/shown/")
    claims, headers = service.signed[0], service.headers[0]
    now = clock.now().timestamp()
    assert claims["aud"] == f"http://127.0.0.1:{service.port}"
    assert claims["sub"] == "mailto:hello@northstar.example"
    assert now < claims["exp"] <= now + 24 * 3600
    assert claims["k"] == browsers.application_key()
    assert (headers["ttl"], headers["content-encoding"], headers["urgency"]) == ("172800", "aes128gcm", "normal")
    assert headers["topic"] == row(ana).id.hex
    sent = row(ana)
    assert (sent.channel, sent.status, sent.segments, sent.subject) == ("push", "sent", 2, "Hi Ana")
    assert kinds(ana) == ["push.subscribed", "push.subscribed", "push.queued", "push.sent"]
    assert PushOutbox.objects.count() == 0
    assert pushes.run_once() == 0


def test_shown_and_clicked_come_back_once(service: PushService, push: Callable[..., MailTemplate]) -> None:
    ana = somebody(service, "laptop", "phone")
    queue_pushes([ask(ana, push(link="https://shop.example/x"))])
    pushes.run_once()
    client = Client()
    for _, said in service.taken * 2:
        assert client.post(said["r"].removeprefix("https://crm.example")).status_code == 204
    there = client.get(
        service.taken[0][1]["u"].removeprefix("https://crm.example"), headers={"user-agent": "Mozilla/5.0 Chrome/140"}
    )
    assert there["Location"].startswith("https://shop.example/x?hw_m=")
    assert kinds(ana)[-2:] == ["push.shown", "push.clicked"]
    assert row(ana).delivered_at is not None
    assert row(ana).clicks == 1
    assert PushDevice.objects.filter(shown_at__isnull=False).count() == 2
    assert client.post("/push/shown/forged").status_code == 404


def test_who_may_not_get_it_gets_none_and_the_ledger_says_why(
    service: PushService, push: Callable[..., MailTemplate]
) -> None:
    yes = somebody(service, "a", email="a@example.org")
    none = Contact.objects.create(email="b@example.org")
    no = somebody(service, "c", email="c@example.org")
    set_consent(no.pk, "push", "withdrawn", actor="user:1")
    actions.set_policy(cap_mails=1, cap_days=7, actor="system", channel="push")
    news, needed = push(), push("Your order", purpose="transactional")
    named = push("Hi {{ contact.last_name }}", purpose="transactional")
    got = queue_pushes(
        [
            ask(yes, news),
            ask(yes, news, "2"),
            ask(none, news),
            ask(no, news),
            ask(no, needed, "3"),
            ask(yes, named, "4"),
        ]
    )
    assert [o.refused for o in got] == [None, "cap", "no_device", "no_consent", None, "missing_field:contact.last_name"]
    assert queue_pushes([ask(yes, news, "2")])[0].refused == "cap"
    assert kinds(none) == ["push.refused"]
    assert pushes.run_once() == 2
    # consent that is withdrawn between queueing and sending counts
    actions.set_policy(cap_mails=None, cap_days=7, actor="system", channel="push")
    queue_pushes([ask(yes, news, "5")])
    set_consent(yes.pk, "push", "withdrawn", actor="user:1")
    assert pushes.run_once() == 1
    assert Message.objects.get(person_id=yes.pk, key="5").reason == "no_consent"
    assert len(service.taken) == 2


def test_a_browser_that_is_gone_ends_with_its_reason_and_the_others_get_it(
    service: PushService, push: Callable[..., MailTemplate]
) -> None:
    ana = somebody(service, "old", "new")
    service.answer = lambda name, times: (410, {}) if name == "old" else None
    queue_pushes([ask(ana, push())])
    pushes.run_once()
    assert (row(ana).status, row(ana).segments) == ("sent", 1)
    ended = PushDevice.objects.get(ended_at__isnull=False)
    assert (ended.ended_why, ended.ended_words) == ("gone", "410 as you wished")
    assert kinds(ana)[-2:] == ["push.sent", "push.ended"]
    assert Consent.objects.get(person_id=ana.pk, channel="push").state == "granted"
    service.answer = lambda name, times: (404, {})
    queue_pushes([ask(ana, push(), "2")])
    pushes.run_once()
    assert Message.objects.get(key="2").status == "bounced"
    assert queue_pushes([ask(ana, push(), "3")])[0].refused == "no_device"


def test_a_busy_service_is_left_alone_and_nobody_gets_it_twice(
    service: PushService, push: Callable[..., MailTemplate]
) -> None:
    ana = somebody(service, "busy", "free")
    service.answer = lambda name, times: (429, {"Retry-After": "90"}) if (name, times) == ("busy", 1) else None
    queue_pushes([ask(ana, push())])
    pushes.run_once()
    assert row(ana).status in ("sent", "queued", "sending")
    assert PushOutbox.objects.latest("due_at").due_at - clock.now() > timedelta(seconds=80)
    pushes._busy.clear()
    with clock.travel(timedelta(minutes=3)):
        pushes.run_once()
        assert (row(ana).status, row(ana).segments) == ("sent", 2)
    assert sorted(name for name, _ in service.taken) == ["busy", "free"]
    assert kinds(ana).count("push.sent") == 1


def test_errors_are_tried_again_and_refusals_are_final(service: PushService, push: Callable[..., MailTemplate]) -> None:
    ana, ben = somebody(service, "a", email="a@x.example"), somebody(service, "b", email="b@x.example")
    service.answer = lambda name, times: (503 if name == "a" and times == 1 else 400 if name == "b" else 201, {})
    queue_pushes([ask(ana, push()), ask(ben, push())])
    pushes.run_once()
    assert (row(ana).status, row(ben).status, row(ben).error) == ("sending", "failed", "400 as you wished")
    with clock.travel(timedelta(minutes=2)):
        pushes.run_once()
        assert row(ana).status == "sent"
    assert kinds(ben)[-1] == "push.failed"


def test_what_a_dead_worker_was_sending_is_sent_again_under_the_same_name(
    service: PushService, push: Callable[..., MailTemplate]
) -> None:
    ana = somebody(service, "a")
    queue_pushes([ask(ana, push())])
    assert len(claim_pushes(10, timedelta(seconds=60))) == 1  # and dies
    assert row(ana).status == "sending"
    assert pushes.run_once() == 0
    with clock.travel(timedelta(seconds=61)):
        assert pushes.run_once() == 1
        assert row(ana).status == "sent"
    service.answer = lambda name, times: "cut"
    queue_pushes([ask(ana, push(), "2")])
    pushes.run_once()
    service.answer = lambda name, times: None
    with clock.travel(timedelta(minutes=2)):
        pushes.run_once()
        assert Message.objects.get(key="2").status == "sent"
    again = [said["id"] for _, said in service.taken]
    assert again[1:] == [Message.objects.get(key="2").id.hex] * len(again[1:])
    assert kinds(ana).count("push.sent") == 2


def test_connections_are_kept_and_statements_do_not_grow_with_people(
    service: PushService, push: Callable[..., MailTemplate]
) -> None:
    made, counted = push(), []
    for start, number in ((0, 1), (5, 3), (10, 30)):
        people = [somebody(service, f"n{start + n}", email=f"p{start + n}@x.example") for n in range(number)]
        with CaptureQueriesContext(connection) as asked:
            queue_pushes([ask(p, made) for p in people])
            pushes.run_once()
        counted.append(len(asked))
    assert counted[1] == counted[2]
    assert len(service.taken) == 34
    assert len(service.connections) <= 16


def test_a_visitors_browser_goes_along_when_she_is_identified(service: PushService) -> None:
    browser = subscription(service.browser("a"))
    assert actions.subscribe(7, browser, asked=False) == "ended"  # nothing is known of it
    assert actions.subscribe(7, browser, asked=True) == "on"
    assert actions.subscribe(8, browser, asked=False) == "on"  # the same browser, another visit
    assert VisitorPush.objects.get().visitor_id == 8
    person = identify([Identity(email="ana@example.org", visitor_id=8)])[0]
    dispatch.run_all()
    assert VisitorPush.objects.count() == 0
    device = PushDevice.objects.get(person_id=person)
    assert (device.visitor_id, device.agent, device.site_id) == (8, "Chrome, Windows", 1)
    agreed = Consent.objects.get(person_id=person, channel="push")
    assert (agreed.state, agreed.proof) == ("granted", WORDS)
    follow([8])  # again: nothing new
    assert PushDevice.objects.count() == 1


def test_a_browser_that_somebody_else_uses_now_ends_for_the_one_before(service: PushService) -> None:
    ana = somebody(service, "shared")
    ben = Contact.objects.create(email="ben@example.org")
    visitor = ana.pk * 100
    identify([Identity(person_id=ben.pk, visitor_id=visitor)])
    browser = subscription(service.browser("shared"))
    assert actions.subscribe(visitor, browser, asked=False) == "ended"
    assert PushDevice.objects.get(person_id=ana.pk).ended_why == "other"
    assert not PushDevice.objects.filter(person_id=ben.pk).exists()
    assert actions.subscribe(visitor, browser, asked=True) == "on"
    assert PushDevice.objects.get(person_id=ben.pk).ended_at is None


def test_unsubscribing_the_last_browser_takes_consent_back(service: PushService) -> None:
    ana = somebody(service, "a", "b")
    assert actions.unsubscribe_browser(service.browser("a").endpoint, proof={"source": "browser"})
    assert Consent.objects.get(person_id=ana.pk, channel="push").state == "granted"
    assert actions.unsubscribe_browser(service.browser("b").endpoint, proof={"source": "browser"})
    assert Consent.objects.get(person_id=ana.pk, channel="push").state == "withdrawn"
    assert not actions.unsubscribe_browser(service.browser("b").endpoint, proof={})
    assert actions.subscribe(ana.pk * 100, subscription(service.browser("b")), asked=False) == "ended"
    assert actions.subscribe(ana.pk * 100, subscription(service.browser("b")), asked=True) == "on"
    assert Consent.objects.get(person_id=ana.pk, channel="push").state == "granted"
    assert actions.stop_push(ana.pk, proof={"source": "page"}, actor="visitor") == 1
    assert Consent.objects.get(person_id=ana.pk, channel="push").state == "withdrawn"


def test_a_new_address_takes_the_place_of_the_old_one(service: PushService) -> None:
    ana = somebody(service, "old")
    assert actions.replace_browser(service.browser("old").endpoint, subscription(service.browser("new")))
    assert browsers.taking([ana.pk]) == {ana.pk: [subscription(service.browser("new")).id]}
    assert PushDevice.objects.get(ended_why="replaced").endpoint == service.browser("old").endpoint
    assert not actions.replace_browser("https://push.example/unknown", subscription(service.browser("x")))


def test_an_address_of_our_own_network_is_not_called(
    service: PushService, push: Callable[..., MailTemplate], monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = somebody(service, "a")
    monkeypatch.delenv(http.PRIVATE)
    queue_pushes([ask(ana, push())])
    pushes.run_once()
    assert (row(ana).status, row(ana).error) == ("failed", "an address of the own network")
    assert service.taken == []
    good = service.browser("a").given()["keys"]
    for endpoint in ("http://push.example/a1", "https://user@push.example/a1", "ftp://push.example/a", "https://", "x"):
        assert webpush.check(endpoint, good["p256dh"], good["auth"]) == "endpoint"
    assert webpush.check("https://push.example/abc", good["p256dh"], good["auth"]) == ""
    assert webpush.check("https://push.example/abc", good["auth"], good["auth"]) == "p256dh"
    assert webpush.check("https://push.example/abc", good["p256dh"], "AA") == "auth"


def test_the_doctor_says_which_push_service_is_out_of_reach(service: PushService) -> None:
    check = doctor_checks["push services"]
    assert check() == []  # nobody takes push messages, so nobody misses them
    Workspace.objects.update_or_create(pk=1, defaults={"mail_from": "news@example.org"})
    ana = somebody(service, "a")
    assert check() == []
    PushDevice.objects.filter(person_id=ana.pk).update(endpoint="http://127.0.0.1:9/a")
    assert check() == ["127.0.0.1: [Errno 111] Connection refused"]
    Workspace.objects.update(mail_from="", base_url="http://localhost:8000")
    assert check()[1] == "push services want to know who sends: set the sender of mails (Settings, Workspace)"


def test_a_restored_backup_sends_nothing_twice(service: PushService, push: Callable[..., MailTemplate]) -> None:
    ana = somebody(service, "a", "b")
    queue_pushes([ask(ana, push())])
    assert hold() == [
        "1 push messages that were on their way are not sent (reason: restored); they may have gone out since."
    ]
    assert (row(ana).status, row(ana).reason, PushOutbox.objects.count()) == ("refused", "restored", 0)
    assert kinds(ana)[-1] == "push.refused"
