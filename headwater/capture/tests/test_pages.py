"""Pages of capture, public and inside, over Django's test client."""

from __future__ import annotations

import gzip
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from headwater.accounts.models import User
from headwater.capture import actions, rules
from headwater.capture.models import Asset, Form, FormSubmission, Site, SpamSubmission
from headwater.core import clock
from headwater.people.actions import Identity, Visit, identify, see
from headwater.people.models import Contact

FIELDS = [
    {"label": "E-mail", "key": "email", "type": "email", "required": True, "maps_to": "email"},
    {"label": "Size <b>", "key": "size", "type": "select", "options": ["small", "large"]},
]


@pytest.fixture
def form(db: None) -> Form:
    return actions.create_form(name="Paper & more", slug="paper", fields=FIELDS, consent_text="Yes, write.", actor="t")


@pytest.fixture
def marketer(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_user("m@example.com", "m@example.com", "x", role="marketer"))
    return client


def token(client: Client) -> str:
    found = re.search(r'name="hw_token" value="([^"]+)"', client.get("/f/paper/").content.decode())
    assert found
    return found.group(1).replace("&amp;", "&")


def send(client: Client, later: int = 5, path: str = "/f/paper/", **data: str) -> Any:
    key = token(client)
    with clock.travel(timedelta(seconds=later)):
        return client.post(path, {"hw_token": key, **data})


def test_the_page_of_a_form_shows_its_fields_and_may_be_framed(client: Client, form: Form) -> None:
    page = client.get("/f/paper/?utm_source=news")
    text = page.content.decode()
    assert page.status_code == 200
    assert "Size &lt;b&gt;" in text
    assert "Yes, write." in text
    assert 'name="utm_source" value="news"' in text
    assert "frame-ancestors *" in page["Content-Security-Policy"]
    assert "X-Frame-Options" not in page
    assert "<c-" not in text
    assert client.get("/f/nothing/").status_code == 404


def test_a_sent_form_thanks_and_makes_a_contact(client: Client, form: Form) -> None:
    client.cookies["hw_v"] = "visitor-0001"
    page = send(client, email="ana@example.com", hw_consent="1", utm_source="news", hw_url="https://example.com/p")
    assert page.status_code == 200
    assert "We have received your answers." in page.content.decode()
    row = FormSubmission.objects.get()
    assert (row.visitor_id, row.utm, row.url, row.ip) == (
        rules.visitor_id("visitor-0001"),
        {"utm_source": "news"},
        "https://example.com/p",
        "127.0.0.1",
    )
    assert row.consent["given"] is True


def test_mistakes_are_named_beside_their_fields_and_nothing_is_lost(client: Client, form: Form) -> None:
    page = send(client, email="nobody", size="small")
    text = page.content.decode()
    assert page.status_code == 422
    assert '<p class="err" id="e-email">An e-mail address needs an @ sign.</p>' in text
    assert "<option selected>small</option>" in text
    assert Contact.objects.count() == 0


def test_a_filled_trap_is_set_aside_and_said(client: Client, form: Form, marketer: Client) -> None:
    page = send(client, email="bot@example.com", website_address="http://spam.example")
    assert "set aside for a person to check" in page.content.decode()
    assert (Contact.objects.count(), SpamSubmission.objects.get().reason) == (0, "honeypot")
    forged = client.post("/f/paper/", {"hw_token": "forged", "email": "bot@example.com"})
    assert "set aside" in forged.content.decode()
    listed = marketer.get(f"/forms/{form.pk}/spam/").content.decode()
    assert "Filled in the hidden field" in listed
    assert "Did not open the form" in listed
    first = SpamSubmission.objects.get(reason="honeypot")
    assert marketer.post(f"/forms/spam/{first.pk}/release/").status_code == 302
    assert Contact.objects.get().email == "bot@example.com"


def test_who_is_too_quick_presses_again_and_who_is_too_slow_sends_again(client: Client, form: Form) -> None:
    quick = send(client, 0, email="ana@example.com")
    assert (quick.status_code, "press the button once more" in quick.content.decode()) == (422, True)
    slow = send(client, 90_000, email="ana@example.com")
    assert (slow.status_code, "open for a long time" in slow.content.decode()) == (422, True)
    assert Contact.objects.count() == 0


def test_an_address_to_go_to_is_allowed_by_the_policy(client: Client, form: Form) -> None:
    actions.update_form(form.pk, thanks="redirect", redirect_url="https://example.com/thanks", actor="t")
    page = send(client, email="ana@example.com")
    assert (page.status_code, page["Location"]) == (302, "https://example.com/thanks")
    assert "form-action 'self' https://example.com" in client.get("/f/paper/")["Content-Security-Policy"]
    framed = send(client, email="ana@example.com", embed="1").content.decode()
    assert 'href="https://example.com/thanks" target="_top"' in framed


def test_a_download_is_handed_out_counted_and_ends(
    client: Client, marketer: Client, form: Form, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    file = SimpleUploadedFile("paper.pdf", b"%PDF-1.7 hello")
    given = {"name": "Paper", "file": file, "link_days": 7, "link_downloads": 1}
    assert marketer.post("/assets/", given).status_code == 302
    asset = Asset.objects.get()
    actions.update_form(form.pk, thanks="asset", asset_id=asset.pk, actor="t")
    visitor = Client()
    found = re.search(r'href="http://testserver(/d/[^"]+)"', send(visitor, email="a@example.com").content.decode())
    assert found
    assert visitor.head(found.group(1)).status_code == 204
    answer = visitor.get(found.group(1))
    assert b"".join(answer.streaming_content) == b"%PDF-1.7 hello"  # type: ignore[attr-defined]
    assert answer["Content-Disposition"] == 'attachment; filename="paper.pdf"'
    gone = visitor.get(found.group(1))
    assert (gone.status_code, "as often as the link allows" in gone.content.decode()) == (410, True)
    assert visitor.get("/d/nonsense/").status_code == 410
    assert "paper.pdf" in marketer.get("/assets/").content.decode()


def test_the_script_is_small_cached_and_served_first_party(client: Client) -> None:
    answer = client.get("/t.js")
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer["Cache-Control"] == "public, max-age=3600"
    assert len(gzip.compress(answer.content, 9)) < 2048
    assert client.get("/t.js", headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_a_form_is_made_in_the_editor_and_edited_again(marketer: Client) -> None:
    text = marketer.get("/forms/new/").content.decode()
    assert text.count('name="row"') == 5  # three to start with, an empty one, the template
    data = {
        "name": "Contact us", "thanks": "message", "active": "on", "tags": "web, contact", "row": ["0", "1", "2"],
        "f-0-label": "E-mail", "f-0-type": "email", "f-0-maps_to": "email", "f-0-required": "1",
        "f-1-label": "Team", "f-1-type": "select", "f-1-options": "small | large", "f-2-label": "",
    }  # fmt: skip
    assert marketer.post("/forms/new/", data).status_code == 302
    form = Form.objects.get()
    assert (form.slug, form.tags, [f["key"] for f in form.fields]) == (
        "contact-us",
        ["web", "contact"],
        ["e_mail", "team"],
    )
    assert form.fields[1]["options"] == ["small", "large"]
    bad = marketer.post(f"/forms/{form.pk}/edit/", {**data, "f-0-type": "text"}).content.decode()
    assert "A form needs one required field of type e-mail" in bad
    assert "Contact us" in marketer.get("/forms/").content.decode()
    assert marketer.get("/forms/999999999/").status_code == 404


def test_submissions_are_paged_without_gap(marketer: Client, form: Form) -> None:
    for n in range(51):
        with clock.travel(timedelta(seconds=n - 100)):
            actions.submit_form(form, {"email": f"p{n}@example.com"})
    first = marketer.get(f"/forms/{form.pk}/").content.decode()
    more = re.search(r'hx-get="([^"]+before[^"]+)"', first)
    assert more
    second = marketer.get(more.group(1).replace("&amp;", "&")).content.decode()
    # each stands there as the name and as the answer
    assert (first.count("p50@example.com"), first.count("p0@example.com"), second.count("p0@example.com")) == (2, 0, 2)
    assert marketer.get(f"/forms/{form.pk}/?before=%F0x").status_code == 404


def test_a_site_is_added_and_says_whether_events_arrive(marketer: Client) -> None:
    made = marketer.post("/sites/", {"name": "Shop", "allowed_origins": "www.example.com\nhttps://x.example/"})
    site = Site.objects.get()
    assert made["Location"] == f"/sites/{site.pk}/"
    assert site.allowed_origins == ["https://www.example.com", "https://x.example"]
    page = marketer.get(made["Location"]).content.decode()
    assert f"data-site=&quot;{site.public_key}&quot;" in page
    assert "Nothing has arrived yet" in page
    assert "Only pages of https://www.example.com, https://x.example may send" in page
    Site.objects.update(bot_events=2, last_event_at=clock.now())
    assert "Only 2 events of bots have arrived." in marketer.get(f"/sites/{site.pk}/check/").content.decode()
    Site.objects.update(last_event_at=clock.now(), events=3)
    assert "Events are arriving: 3 so far" in marketer.get(f"/sites/{site.pk}/check/").content.decode()
    wrong = marketer.post("/sites/", {"name": "Shop", "allowed_origins": "no spaces here"}).content.decode()
    assert "is not an origin" in wrong


def test_live_visitors_show_who_is_there_and_where(marketer: Client, django_assert_max_num_queries: Any) -> None:
    assert "Track your first site" in marketer.get("/visitors/").content.decode()
    now = clock.now()
    person = identify([Identity(email="ana@example.com", fields={"name": "Ana Silva"}, visitor_id=1)])[0]
    see([Visit(1, now, "/pricing", "Pricing", device="Chrome · Linux"), Visit(2, now, "/blog", country="KR")])
    see([Visit(3, now - timedelta(minutes=6), "/gone")])
    with django_assert_max_num_queries(14):
        text = marketer.get("/visitors/?part=1").content.decode()
    assert f'href="/people/{person}/"' in text
    assert "Ana Silva" in text
    assert "Anonymous · South Korea" in text
    assert "/gone" not in text
    assert "<c-" not in text


def test_a_sales_rep_sees_visitors_but_does_not_edit_forms(client: Client, form: Form) -> None:
    client.force_login(User.objects.create_user("s@example.com", "s@example.com", "x", role="sales"))
    assert client.get("/visitors/").status_code == 200
    assert client.get(f"/forms/{form.pk}/").status_code == 200
    assert client.get(f"/forms/{form.pk}/edit/").status_code == 403
    client.logout()
    assert client.get("/forms/").status_code == 302


def test_a_form_asks_for_texts_beside_mails_and_shows_what_was_agreed(client: Client, marketer: Client) -> None:
    phone = {"label": "Mobile", "key": "mobile", "type": "phone", "maps_to": "phone"}
    made = {"sms_consent_text": "Yes, <b>text</b> me.", "consent_text": "Yes, write.", "country": "DE"}
    form = actions.create_form(name="Alerts", slug="paper", fields=[*FIELDS, phone], actor="t", **made)
    said = {"email": "ana@example.com", "hw_consent_sms": "1"}
    missing = send(client, **said).content.decode()
    assert '<p class="err" id="e-mobile">Please enter your number: the texts go there.</p>' in missing
    assert 'name="hw_consent_sms" value="1" checked' in missing
    assert "Yes, &lt;b&gt;text&lt;/b&gt; me." in missing
    assert send(client, **said, mobile="0151 23456789").status_code == 200
    listed = marketer.get(f"/forms/{form.pk}/").content.decode()
    assert (listed.count("Not given"), listed.count("Given v1")) == (1, 1)
    editor = marketer.get(f"/forms/{form.pk}/edit/").content.decode()
    assert '<option value="DE" selected>Germany</option>' in editor
