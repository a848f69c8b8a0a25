"""The demo company's public site works with the product's own forms and is there in a demo only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client, override_settings

from headwater.capture.models import Form, FormSubmission, SpamSubmission
from headwater.core.clock import travel
from headwater.integrations.demo import furniture, pages
from headwater.integrations.demo.paper import white_paper
from headwater.people.models import Consent, Contact

pytestmark = pytest.mark.django_db
PATHS = [
    "/site/",
    "/site/pricing/",
    "/site/blog/",
    *[a.path for a in pages.ARTICLES],
    "/site/white-paper/",
    "/site/trial/",
    "/site/webinar/",
    "/site/thank-you/",
]


@pytest.fixture
def demo(tmp_path) -> Iterator[furniture.Furniture]:  # type: ignore[no-untyped-def]
    with override_settings(MEDIA_ROOT=tmp_path):
        yield furniture.ensure()


def test_without_a_demo_there_is_no_site() -> None:
    assert {Client().get(path).status_code for path in PATHS} == {404}


def test_every_page_is_public_strict_and_carries_the_script(demo: furniture.Furniture) -> None:
    for path in PATHS:
        response = Client().get(path)
        assert response.status_code == 200, path
        text = response.content.decode()
        assert f'data-site="{furniture.SITE_KEY}"' in text
        assert " style=" not in text
        assert "<c-" not in text
        assert "script-src 'self'" in response["Content-Security-Policy"]


def test_furniture_is_made_once(demo: furniture.Furniture) -> None:
    again = furniture.ensure()
    assert {s: f.pk for s, f in again.forms.items()} == {s: f.pk for s, f in demo.forms.items()}
    assert {s: (j.pk, j.status) for s, j in again.journeys.items()} == {
        s: (j.pk, "live") for s, j in demo.journeys.items()
    }
    assert len(demo.journeys) >= 3
    assert [u.role for u in again.users.values()] == ["marketer", "sales", "admin", "sales", "service"]


def answers(slug: str, **more: str) -> dict[str, str]:
    text = Client().get(f"/site/{slug}/").content.decode()
    token = text.split('name="hw_token" value="')[1].split('"')[0]
    return {"hw_token": token, "first_name": "Ana", "last_name": "Núñez", "email": "ana@tienda.example"} | more


def test_the_white_paper_form_makes_a_contact_and_hands_out_the_file(demo: furniture.Furniture) -> None:
    client = Client()
    with travel(by=timedelta(seconds=5)):
        data = answers("white-paper", company="La Tienda", hw_consent="1")
    with travel(by=timedelta(seconds=15)):
        response = client.post("/site/white-paper/?utm_source=google&utm_medium=cpc", data)
    assert response.status_code == 302
    contact = Contact.objects.get(email="ana@tienda.example")
    assert (contact.name, contact.tags) == ("Ana Núñez", ["white paper"])
    assert FormSubmission.objects.get().utm == {"utm_source": "google", "utm_medium": "cpc"}
    page = client.get("/site/thank-you/").content.decode()
    assert "/d/" in page


def test_a_trial_tells_the_script_to_send_trial_started_once(demo: furniture.Furniture) -> None:
    client = Client()
    data = answers("trial", plan="Enterprise")
    with travel(by=timedelta(seconds=15)):
        client.post("/site/trial/", data)
    assert (
        'data-track="trial.started" data-plan="enterprise" data-value="2400"'
        in client.get("/site/thank-you/").content.decode()
    )
    assert "data-track" not in client.get("/site/thank-you/").content.decode()


def test_who_leaves_a_number_is_asked_for_texts_in_words_of_their_own(demo: furniture.Furniture) -> None:
    data = answers("trial", plan="Team", mobile="+49 171 3920056", hw_consent_sms="1")
    assert "Northstar may send me a text now and then." in Client().get("/site/trial/").content.decode()
    with travel(by=timedelta(seconds=15)):
        Client().post("/site/trial/", data)
    agreed = Consent.objects.filter(person_id=Contact.objects.get().pk, state="granted")
    assert [(c.channel, c.proof["text"]) for c in agreed] == [
        ("sms", "Northstar may send me a text now and then. I can end that with STOP.")
    ]


def test_a_wrong_answer_is_said_beside_its_field(demo: furniture.Furniture) -> None:
    data = answers("webinar", email="nobody")
    with travel(by=timedelta(seconds=15)):
        response = Client().post("/site/webinar/", data)
    assert response.status_code == 422
    assert 'id="e-email"' in response.content.decode()
    assert not Contact.objects.exists()


def test_the_trap_keeps_spam_aside(demo: furniture.Furniture) -> None:
    with travel(by=timedelta(seconds=15)):
        data = answers("webinar", website_address="https://spam.example")
        assert Client().post("/site/webinar/", data).status_code == 302
    assert SpamSubmission.objects.get().form_id == Form.objects.get(slug="webinar").pk
    assert not Contact.objects.exists()


def test_the_white_paper_is_a_pdf_and_always_the_same() -> None:
    made = white_paper()
    assert made == white_paper()
    assert made.startswith(b"%PDF-1.4")
    assert made.count(b"/Type /Page ") == 1 + len(pages.ARTICLES)
