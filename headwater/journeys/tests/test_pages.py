"""Pages of journeys as people use them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from headwater.accounts.models import User
from headwater.core.setup import after_migrate
from headwater.journeys import actions
from headwater.journeys.models import Journey, Passage
from headwater.messaging.models import TemplateVersion
from headwater.people import actions as people
from tests.browser import Watch, launched, shoot

PASSWORD = "correct horse"


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
    assert page.count("jv-card") == 3
    assert "<c-" not in page
    answer = signed_in.post(reverse("journeys:install", args=["welcome-nurture"]), {"name": "Mine", "form": "any"})
    journey = Journey.objects.get()
    assert answer.url == f"/journeys/{journey.pk}/"
    signed_in.post(reverse("journeys:change", args=[journey.pk, "publish"]))
    ids = walkers(journey)
    page = signed_in.get(answer.url).content.decode()
    assert "<b>6</b> waiting" in page
    assert "<b>6</b> entered" in page
    assert "<c-" not in page
    step = signed_in.get(answer.url + "?step=reaction").content.decode()
    assert "Ada Lovelace 0" in step
    passage = Passage.objects.get(person_id=ids[0])
    story = signed_in.get(reverse("journeys:passage", args=[ids[0], passage.id])).content.decode()
    assert "Added by hand" in story
    assert "How did she take it within 2 days?" in story
    signed_in.post(reverse("journeys:passage", args=[ids[0], passage.id]), {"do": "skip"})
    passage.refresh_from_db()
    assert passage.step == "patience"
    signed_in.post(reverse("journeys:passage", args=[ids[0], passage.id]), {"do": "remove"})
    passage.refresh_from_db()
    assert (passage.state, passage.outcome) == ("exited", "removed")


@pytest.mark.django_db
def test_texts_and_times_are_edited_in_a_form(signed_in: Client) -> None:
    journey = actions.install("welcome-nurture", actor="user:1")
    url = reverse("journeys:step", args=[journey.pk, "digest"])
    signed_in.post(url, {"title": "Let it sink in", "for_amount": "90", "for_unit": "seconds"})
    journey.refresh_from_db()
    assert journey.draft["steps"]["digest"]["settings"] == {"for": {"amount": 90, "unit": "seconds"}}
    assert journey.draft["steps"]["digest"]["title"] == "Let it sink in"
    page = signed_in.post(url, {"for_amount": "soon", "for_unit": "seconds"}).content.decode()
    assert "This must be a number." in page
    said = TemplateVersion.objects.get(template_id=journey.draft["steps"]["welcome"]["settings"]["template"])
    signed_in.post(
        reverse("journeys:step", args=[journey.pk, "welcome"]),
        {"template": said.template_id, "subject_of": said.template_id, "subject": "Here it is", "preview": "x"},
    )
    newest = TemplateVersion.objects.filter(template_id=said.template_id).latest("version")
    assert (newest.version, newest.subject, newest.mjml) == (2, "Here it is", said.mjml)
    signed_in.post(reverse("journeys:step", args=[journey.pk, "reaction"]), {
        "within_amount": "3", "within_unit": "hours", "arms_pricing_label": "Looked at prices"})  # fmt: skip
    journey.refresh_from_db()
    settings = journey.draft["steps"]["reaction"]["settings"]
    assert settings["within"] == {"amount": 3, "unit": "hours"}
    assert [a["label"] for a in settings["arms"]] == ["Looked at prices", "Clicked"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/journeys/99/", "/journeys/passages/1/2/", "/journeys/gallery/none/", "/journeys/99/add/"]
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
    url = reverse("journeys:detail", args=[journey.pk]) + "?step=calm"
    walkers(journey, 2)
    with CaptureQueriesContext(connection) as few:
        signed_in.get(url)
    actions.enter_by_hand(
        journey.pk,
        [people.create_contact(actor="user:1", email=f"z{n}@x.example").pk for n in range(40)],
        actor="user:1",
    )
    with CaptureQueriesContext(connection) as many:
        page = signed_in.get(url).content.decode()
    assert len(many) == len(few)
    assert page.count("jv-seat") == 30
    assert "More" in page


@pytest.fixture
def whole_database(transactional_db: Any) -> Any:
    """A database that a live server sees too; what every installation has is put back afterwards."""
    after_migrate()


@pytest.mark.browser
def test_a_marketer_takes_a_template_changes_a_wait_and_publishes(
    whole_database: Any, live_server: Any, marketer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's loop runs in this thread
    client = Client()
    client.force_login(marketer)
    with launched() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        context.set_default_timeout(60000)
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        watch = Watch(page)
        page.goto(f"{live_server.url}/journeys/")
        page.get_by_role("link", name="Choose a template").click()
        page.get_by_role("heading", name="Welcome and lead nurture").wait_for()
        page.wait_for_timeout(200)
        shoot(page, "journeys_gallery")
        page.get_by_role("button", name="Use this template").first.click()
        page.get_by_role("button", name="Create journey").click()
        page.wait_for_timeout(1500)
        shoot(page, "dbg")
        print(watch.problems, page.url, page.locator("#dialog").inner_html())
        page.locator(".jv-box").first.wait_for()
        page.locator("[data-step=digest]").click()
        page.locator("#f-for").fill("20")
        page.locator("select[name=for_unit]").select_option("minutes")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Wait 20 minutes").first.wait_for()
        page.get_by_role("button", name="Publish v1").click()
        page.get_by_text("is live.").wait_for()
        journey = Journey.objects.get()
        ids = walkers(journey)
        page.goto(f"{live_server.url}/journeys/{journey.pk}/")
        page.get_by_text("6").first.wait_for()
        shoot(page, "journeys_overview")
        page.locator("[data-step=reaction]").click()
        page.locator(".jv-seat").first.wait_for()
        shoot(page, "journeys_step")
        page.locator(".jv-seat").first.click()
        page.get_by_text("Why is this person here?").wait_for()
        shoot(page, "journeys_passage")
        page.goto(f"{live_server.url}/journeys/")
        shoot(page, "journeys_list")
        page.set_viewport_size({"width": 390, "height": 844})
        for path, name in (("", "list"), ("gallery/", "gallery"), (f"{journey.pk}/", "overview")):
            page.goto(f"{live_server.url}/journeys/{path}")
            shoot(page, f"journeys_{name}_mobile", themes=("light",))
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert [p for p in watch.problems if "404 (Not Found)" not in p] == []  # /live needs ASGI
    assert journey.draft["steps"]["digest"]["settings"] == {"for": {"amount": 20, "unit": "minutes"}}
    assert journey.status == "live"
    assert len(ids) == 6
