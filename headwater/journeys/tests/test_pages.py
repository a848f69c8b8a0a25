"""Pages of journeys as people use them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from headwater.accounts.models import User
from headwater.journeys import actions
from headwater.journeys.engine.base import STEPS
from headwater.journeys.gallery import templates
from headwater.journeys.models import Journey, Passage
from headwater.journeys.views.words import words
from headwater.messaging.actions.templates import TemplateText, create_template
from headwater.messaging.models import TemplateVersion
from headwater.people import actions as people

PASSWORD = "correct horse"
HERE = Path(__file__).resolve().parent


@pytest.fixture
def marketer(db: Any) -> User:
    user = User.objects.create_user(username="m@x.example", email="m@x.example", role="marketer", first_name="Maria")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def signed_in(marketer: User) -> Client:
    client = Client()
    client.force_login(marketer)
    return client


def walkers(journey: Journey, count: int = 6) -> list[int]:
    ids = []
    for n in range(count):
        contact = people.create_contact(
            actor="user:1", first_name="Ada", last_name=f"Lovelace {n}", email=f"a{n}@example.com"
        )
        people.set_consent(contact.pk, "email", "granted", topic="", proof={}, actor="user:1")
        ids.append(contact.pk)
    actions.enter_by_hand(journey.pk, ids, actor="user:1")
    return ids


@pytest.mark.django_db
def test_from_the_gallery_to_people_inside(signed_in: Client) -> None:
    assert "No journeys yet" in signed_in.get(reverse("journeys:list")).content.decode()
    page = signed_in.get(reverse("journeys:gallery")).content.decode()
    assert page.count("jv-card") == len(templates())
    assert "<c-" not in page
    answer = signed_in.post(
        reverse("journeys:install", args=["welcome-nurture"]), {"name": "Mine", "choice_form": "any"}
    )
    journey = Journey.objects.get()
    assert answer.url == f"/journeys/{journey.pk}/"
    signed_in.post(reverse("journeys:change", args=[journey.pk, "publish"]))
    ids = walkers(journey)
    page = signed_in.get(answer.url).content.decode()
    assert "<c-" not in page
    numbers = signed_in.get(reverse("journeys:numbers", args=[journey.pk])).json()
    assert numbers["entered"] == 6
    assert numbers["counts"]["reaction"]["stats"] == [["6", "waiting"], ["0", "went on"]]
    assert numbers["counts"]["reaction"]["here"] == 6
    beside = signed_in.get(reverse("journeys:people", args=[journey.pk]) + "?step=reaction").content.decode()
    assert "Ada Lovelace 0" in beside
    passage = Passage.objects.get(person_id=ids[0])
    story = signed_in.get(reverse("journeys:passage", args=[ids[0], passage.id])).content.decode()
    assert "Added by hand" in story
    assert "How was it taken within 2 days?" in story
    signed_in.post(reverse("journeys:passage", args=[ids[0], passage.id]), {"do": "skip"})
    passage.refresh_from_db()
    assert passage.step == "patience"
    signed_in.post(reverse("journeys:passage", args=[ids[0], passage.id]), {"do": "remove"})
    passage.refresh_from_db()
    assert (passage.state, passage.outcome) == ("exited", "removed")


@pytest.mark.django_db
def test_the_page_brings_what_the_canvas_needs(signed_in: Client) -> None:
    journey = actions.install("welcome-nurture", actor="user:1")
    page = signed_in.get(reverse("journeys:detail", args=[journey.pk]) + "?step=digest").content.decode()
    boot = json.loads(re.search(r'<script id="journey-boot" type="application/json">(.*?)</script>', page, re.S)[1])
    assert boot["opened"] == "digest"
    assert boot["draft"]["graph"] == journey.draft
    assert boot["live"] is None
    assert {k["id"] for k in boot["palette"]["steps"]} == set(STEPS)
    mails = [s["settings"]["template"] for s in journey.draft["steps"].values() if s["kind"] == "send_email"]
    assert set(mails) <= {c["value"] for c in boot["choices"]["templates"]}
    for record in boot["records"].values():
        assert "new" not in record or signed_in.get(record["new"]).status_code == 200
    assert boot["urls"]["draft"] == f"/api/v1/journeys/{journey.pk}/draft"


@pytest.mark.django_db
def test_a_journey_goes_out_as_a_file_and_comes_back(signed_in: Client) -> None:
    journey = actions.install("birthday", actor="user:1")
    answer = signed_in.get(reverse("journeys:export", args=[journey.pk]))
    assert "attachment" in answer["Content-Disposition"]
    said = json.loads(answer.content)
    bring = reverse("journeys:import")
    assert bring in signed_in.get(reverse("journeys:list")).content.decode()

    def send(content: bytes) -> Any:
        return signed_in.post(bring, {"file": SimpleUploadedFile("j.json", content)})

    assert send(answer.content)["Location"] == reverse("journeys:detail", args=[journey.pk])
    made = send(json.dumps({**said, "name": "Another"}).encode())
    assert Journey.objects.get(name="Another").draft == journey.draft
    assert made.status_code == 302
    for bad, where in (
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "headwater.journey/1"),
        (json.dumps({**said, "graph": {"steps": [1]}}).encode(), "graph.steps"),
    ):
        refused = send(bad)
        assert (refused.status_code, where in refused.content.decode()) == (422, True), bad[:20]
    assert signed_in.post(bring).status_code == 422
    assert Journey.objects.count() == 2
    assert signed_in.get(reverse("journeys:export", args=[10**6])).status_code == 404


@pytest.mark.django_db
def test_every_text_the_canvas_asks_for_is_there() -> None:
    sources = "".join(p.read_text() for p in (HERE.parent / "islands/src").iterdir())
    asked = set(re.findall(r"""\bt\(\s*"(\w+)\"""", sources)) | set(re.findall(r"""\bt\('(\w+)'""", sources))
    known = words()
    assert sorted(asked - set(known)) == []
    assert sorted(key for key in known if f'"{key}"' not in sources and f"'{key}'" not in sources) == []


@pytest.mark.django_db
def test_the_words_of_a_mail_are_changed_beside_its_step(signed_in: Client) -> None:
    journey = actions.install("welcome-nurture", actor="user:1")
    template = journey.draft["steps"]["welcome"]["settings"]["template"]
    said = TemplateVersion.objects.get(template_id=template)
    people_url = reverse("journeys:people", args=[journey.pk])
    assert said.preview in signed_in.get(f"{people_url}?step=welcome&template={template}").content.decode()
    url = reverse("journeys:subject", args=[template])
    assert "Here it is" in signed_in.post(url, {"subject": "Here it is", "preview": "x"}).content.decode()
    newest = TemplateVersion.objects.filter(template_id=template).latest("version")
    assert (newest.version, newest.subject, newest.mjml) == (2, "Here it is", said.mjml)
    refused = signed_in.post(url, {"subject": " ", "preview": "x"})
    assert refused.status_code == 422
    assert "A mail needs a subject." in refused.content.decode()
    assert signed_in.post(reverse("journeys:subject", args=[999]), {"subject": "x"}).status_code == 404


@pytest.mark.django_db
def test_a_journey_begins_empty_or_as_a_copy(signed_in: Client) -> None:
    answer = signed_in.post(reverse("journeys:new"))
    empty = Journey.objects.get()
    assert answer.url == f"/journeys/{empty.pk}/"
    assert (empty.name, empty.draft["steps"]) == ("New journey", {})
    signed_in.post(reverse("journeys:new"), {"copy": empty.pk})
    assert Journey.objects.latest("pk").name == "Copy of New journey"
    assert signed_in.post(reverse("journeys:new"), {"copy": "999"}).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/journeys/999999999/",
        "/journeys/passages/1/2/",
        "/journeys/gallery/none/",
        "/journeys/999999999/add/",
        "/journeys/999999999/numbers/",
    ],
)
def test_what_is_not_there_is_not_found(signed_in: Client, path: str) -> None:
    assert signed_in.get(path).status_code == 404


@pytest.mark.django_db
def test_a_page_needs_as_many_queries_for_many_people_as_for_few(
    signed_in: Client,
) -> None:
    journey = actions.install("hand-over", actor="user:1")
    graph = {**journey.draft, "start": "calm", "steps": {k: journey.draft["steps"][k] for k in ("calm",)}}
    graph["steps"]["calm"]["next"] = None
    actions.update_journey(journey.pk, graph=graph, actor="user:1")
    actions.publish(journey.pk, actor="user:1")
    url = reverse("journeys:people", args=[journey.pk]) + "?step=calm"
    whole = reverse("journeys:detail", args=[journey.pk])
    walkers(journey, 2)
    with CaptureQueriesContext(connection) as few:
        signed_in.get(url)
        signed_in.get(whole)
    actions.enter_by_hand(
        journey.pk,
        [people.create_contact(actor="user:1", email=f"z{n}@x.example").pk for n in range(40)],
        actor="user:1",
    )
    with CaptureQueriesContext(connection) as many:
        page = signed_in.get(url).content.decode()
        signed_in.get(whole)
    assert len(many) == len(few)
    assert page.count("jv-seat") == 30
    assert "More" in page


@pytest.mark.django_db
def test_the_canvas_offers_a_role_only_what_opens_for_it(signed_in: Client) -> None:
    journey = actions.create_journey(name="Plain", actor="user:1")
    sales = Client()
    sales.force_login(User.objects.create_user(username="s@x.example", email="s@x.example", role="sales"))

    def offered(client: Client) -> dict[str, set[str]]:
        page = client.get(reverse("journeys:detail", args=[journey.pk]))
        return {source: set(found) - {"label"} for source, found in page.context["boot"]["records"].items()}

    both = {"open", "new"}
    whole = dict.fromkeys(("templates", "texts", "pushes", "forms", "segments"), both) | {"journeys": {"open"}}
    assert offered(signed_in) == whole
    read = {source: {"open"} for source in ("templates", "texts", "pushes")}
    assert offered(sales) == read | {"segments": both, "journeys": {"open"}}
    says = TemplateText(subject="Hi", mjml="<mjml><mj-body></mj-body></mjml>")
    mail = create_template(name="Hello", says=says, actor="user:1")
    subject, beside = reverse("journeys:subject", args=[mail.pk]), reverse("journeys:people", args=[journey.pk])
    assert sales.post(subject, {"subject": "Mine"}).status_code == 403
    assert "Save the mail" in signed_in.get(f"{beside}?step=a&template={mail.pk}").content.decode()
    assert "Save the mail" not in sales.get(f"{beside}?step=a&template={mail.pk}").content.decode()
