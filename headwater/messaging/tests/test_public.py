"""What people reach from a mail: clicks, opens, unsubscribing; forged tokens lead nowhere."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from headwater.content.queries import contexts
from headwater.core import clock
from headwater.messaging.actions import MailRequest, queue, record_touches
from headwater.messaging.actions.touches import Touch
from headwater.messaging.models import MailTemplate, Message, Suppression, TrackedLink
from headwater.messaging.queries import person_of_token
from headwater.messaging.queries.links import urls_of
from headwater.messaging.queries.templates import sources
from headwater.people import actions as people
from headwater.people.models import Contact
from headwater.people.queries import consent_states
from headwater.timeline import dispatch
from headwater.timeline import queries as timeline

pytestmark = pytest.mark.django_db
People = Callable[..., Contact]
Templates = Callable[..., MailTemplate]
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"


@pytest.fixture
def browser() -> Client:
    return Client(headers={"User-Agent": BROWSER}, enforce_csrf_checks=True)


@pytest.fixture
def sent(person: People, template: Templates) -> Message:
    ana, made = person(first_name="Ana"), template()
    queue([MailRequest(ana.pk, made.pk, "k", "journey:1")])
    return Message.objects.get()


def address(row: Message, what: str) -> str:
    source = sources([(row.template_id, row.version)])[(row.template_id, row.version)]
    urls = urls_of(row.person_id, row.id, source, "")
    if what == "click":
        return next(iter(urls.clicks.values()))
    return str(getattr(urls, what))


def kinds(row: Message) -> list[str]:
    return [e.kind for e in reversed(timeline.read(row.person_id, quiet=True)) if e.kind != "mail.queued"]


def test_a_click_counts_and_goes_on_to_our_site_with_a_short_lived_name_tag(sent: Message, browser: Client) -> None:
    answer = browser.get(address(sent, "click"))
    assert answer.status_code == 302
    url = urlsplit(answer["Location"])
    query = parse_qs(url.query)
    assert (url.netloc, url.path, query["a"], query["b"]) == ("shop.example", "/pricing", ["1"], ["2"])
    assert person_of_token(query["hw_m"][0]) == sent.person_id
    with clock.travel(timedelta(minutes=31)):
        assert person_of_token(query["hw_m"][0]) is None
    sent.refresh_from_db()
    assert (sent.clicks, sent.opens) == (1, 1)
    assert kinds(sent) == ["mail.opened", "mail.clicked"]
    clicked = timeline.read(sent.person_id, kinds=["mail.clicked"])[0].data
    assert (clicked["url"], clicked["first"]) == ("https://shop.example/pricing?a=1&b=2", True)


def test_a_link_to_somebody_elses_site_carries_no_name_tag(
    person: People, template: Templates, browser: Client
) -> None:
    mjml = (
        "<mjml><mj-body><mj-section><mj-column><mj-text>"
        '<a href="https://else.example/{{ contact.first_name }}?x={{ event.id }}">x</a>'
        "</mj-text></mj-column></mj-section></mj-body></mjml>"
    )
    made = template(mjml=mjml)
    queue([MailRequest(person(first_name="Ana").pk, made.pk, "k", "t", context={"event": {"id": 7}})])
    assert browser.get(address(Message.objects.get(), "click"))["Location"] == "https://else.example/Ana?x=7"


def test_forged_and_foreign_tokens_lead_to_a_friendly_page(sent: Message, browser: Client, template: Templates) -> None:
    good = address(sent, "click").split("/")[-1]
    forged = good[:-1] + ("A" if good[-1] != "A" else "B")
    for token in (forged, "x", "../../etc", "A" * 54):
        assert browser.get(f"/c/{token}").status_code == 404
        assert browser.get(f"/u/{token}").status_code == 404
        assert browser.get(f"/v/{token}").status_code == 404
    assert b"This link leads nowhere" in browser.get(f"/c/{forged}").content
    assert browser.get(f"/o/{forged}.gif")["Content-Type"] == "image/gif"
    other = template("Other", body='<a href="https://evil.example/">x</a>')
    TrackedLink.objects.filter(template_id=sent.template_id).update(template_id=other.pk, digest="moved")
    assert browser.get(f"/c/{good}").status_code == 404
    assert kinds(sent) == []


@pytest.mark.parametrize(
    "method, agent, headers, why",
    [
        ("head", BROWSER, {}, "HEAD request"),
        ("get", "", {}, "no user agent"),
        ("get", "curl/8.0", {}, "bot curl"),
        ("get", BROWSER, {"Sec-Purpose": "prefetch"}, "prefetch"),
        ("get", "Mozilla/5.0 Barracuda Sentinel", {}, "scanner barracuda"),
    ],
)
def test_machines_are_told_why_and_count_as_nobody(
    sent: Message, method: str, agent: str, headers: dict[str, str], why: str
) -> None:
    answer = getattr(Client(headers={"User-Agent": agent, **headers}), method)(address(sent, "click"))
    assert answer["Location"] == "https://shop.example/pricing?a=1&b=2"
    sent.refresh_from_db()
    assert (sent.clicks, sent.opens, sent.scans) == (0, 0, 1)
    (entry,) = timeline.read(sent.person_id, kinds=["mail.scanned"], quiet=True)
    assert (entry.data["what"], entry.data["why"], entry.fact.by) == ("click", why, "machine")  # type: ignore[union-attr]


def test_opens_close_together_are_one_look(sent: Message, browser: Client) -> None:
    url = address(sent, "pixel")
    steps = [(0, 1, 1), (30, 1, 1), (95, 2, 1), (95 + 1801, 3, 2)]
    at = clock.now()
    for seconds, opens, facts in steps:
        with clock.freeze(at + timedelta(seconds=seconds)):
            assert browser.get(url).status_code == 200
        sent.refresh_from_db()
        assert (sent.opens, kinds(sent).count("mail.opened")) == (opens, facts)
    assert [e.data.get("first", False) for e in reversed(timeline.read(sent.person_id, kinds=["mail.opened"]))] == [
        True,
        False,
    ]


def test_many_touches_are_one_action_and_unknown_messages_are_left_out(sent: Message) -> None:
    at = clock.now()
    touches = [
        Touch(sent.person_id, sent.id, "open", at),
        Touch(sent.person_id, sent.id, "click", at, link=1, url="https://x.example"),
        Touch(sent.person_id, sent.id, "click", at + timedelta(seconds=1), link=1),
        Touch(sent.person_id, uuid.uuid4(), "open", at),
    ]
    assert record_touches(touches) == 2
    assert sorted(kinds(sent), reverse=True) == ["mail.opened", "mail.clicked"]


def test_following_the_unsubscribe_link_asks_and_changes_nothing(sent: Message, browser: Client) -> None:
    answer = browser.get(address(sent, "unsubscribe"))
    assert answer.status_code == 200
    assert b"Unsubscribe from our mails?" in answer.content
    assert consent_states([sent.person_id], "email") == {sent.person_id: "granted"}


@pytest.mark.parametrize("body, how", [({"List-Unsubscribe": "One-Click"}, "one-click"), ({}, "page")])
def test_posting_to_it_unsubscribes_once(
    sent: Message, browser: Client, template: Templates, body: dict[str, str], how: str
) -> None:
    for _ in range(2):
        assert browser.post(address(sent, "unsubscribe"), body).status_code == 200
    assert consent_states([sent.person_id], "email") == {sent.person_id: "withdrawn"}
    assert Suppression.objects.get().reason == "unsubscribed"
    assert kinds(sent) == ["consent.changed", "mail.unsubscribed"]
    assert timeline.read(sent.person_id, kinds=["mail.unsubscribed"])[0].data.get("how", "page") == how
    outcome = queue([MailRequest(sent.person_id, sent.template_id, "again", "t")])[0]
    assert outcome.refused == "suppressed"


def test_she_may_take_it_back(sent: Message, browser: Client) -> None:
    url = address(sent, "unsubscribe")
    browser.post(url)
    answer = browser.post(url, {"again": "1"})
    assert b"You are subscribed again" in answer.content
    assert consent_states([sent.person_id], "email") == {sent.person_id: "granted"}
    assert queue([MailRequest(sent.person_id, sent.template_id, "again", "t")])[0].refused is None


def test_consent_given_anew_elsewhere_lifts_the_suppression(sent: Message, browser: Client) -> None:
    browser.post(address(sent, "unsubscribe"))
    people.set_consent(sent.person_id, "email", "granted", actor="visitor", proof={"source": "form:1"})
    dispatch.run_once("messaging")
    assert Suppression.objects.count() == 0
    assert queue([MailRequest(sent.person_id, sent.template_id, "again", "t")])[0].refused is None


def test_the_mail_in_the_browser_is_the_mail(sent: Message, browser: Client) -> None:
    answer = browser.get(address(sent, "view"))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Hi Ana, good to see you." in page
    assert "/o/" not in page
    assert address(sent, "click") in page
    assert "script" not in answer["Content-Security-Policy"].replace("script-src 'none'", "")
    assert kinds(sent) == []


def test_names_in_a_mail_cannot_be_markup(person: People, template: Templates, browser: Client) -> None:
    eve = person("eve@example.org", first_name="<img src=x onerror=alert(1)>")
    queue([MailRequest(eve.pk, template().pk, "k", "t")])
    assert "<img src=x" not in browser.get(address(Message.objects.get(), "view")).content.decode()
    assert contexts([eve.pk])[eve.pk]["contact"]["first_name"].startswith("<img")
