"""The gallery: every template is complete in every language, and can be looked at and installed, as often as wanted."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from headwater.accounts.models import Workspace
from headwater.audience.models import Segment
from headwater.capture.collect import wire
from headwater.capture.models import Form, Site
from headwater.content.rules import unknown_tags
from headwater.core.facts import KINDS
from headwater.journeys import actions
from headwater.journeys.engine.checking import problems
from headwater.journeys.gallery import GOALS, letters, templates
from headwater.journeys.gallery.letters import LANGUAGES
from headwater.journeys.gallery.needs import body
from headwater.journeys.models import Journey
from headwater.journeys.rules.duration import RuleError
from headwater.messaging.models import MailTemplate, TemplateVersion
from headwater.people import actions as people
from headwater.timeline.actions import Custom, record

pytestmark = pytest.mark.django_db
SLUGS = list(templates())


def test_the_gallery_has_what_the_product_names() -> None:
    assert SLUGS == [
        "welcome-series", "welcome-nurture", "event", "webinar", "abandoned-cart", "trial-to-paid", "hand-over",
        "birthday", "customer-education", "renewal", "re-engagement", "win-back", "nps",
    ]  # fmt: skip
    assert {t.goal for t in templates().values()} == set(GOALS)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_template_installs_complete_and_publishes_twice_without_touching_each_other(slug: str) -> None:
    first = actions.install(slug, actor="user:1")
    second = actions.install(slug, actor="user:1")
    assert problems(first.draft) == problems(second.draft) == []
    left = re.findall(r"'@[a-z:_-]+", str(first.draft))
    assert left == []
    assert (second.name, first.gallery) == (f"{first.name} 2", slug)
    mails = [{s["settings"]["template"] for s in j.draft["steps"].values() if s["kind"] == "send_email"}
             for j in (first, second)]  # fmt: skip
    assert mails[0] & mails[1] == set()
    assert len(mails[0]) == len(templates()[slug].mails)
    names = list(MailTemplate.objects.values_list("name", flat=True))
    assert len(names) == len(set(names))
    for journey in (first, second):
        assert actions.publish(journey.pk, actor="user:1").number == 1


@pytest.mark.parametrize("slug", SLUGS)
def test_a_template_can_be_tried_by_a_person_and_carried_elsewhere(slug: str, call: Any) -> None:
    person = people.create_contact(actor="user:1", first_name="Ada", email="ada@x.example").pk
    journey = actions.install(slug, actor="user:1")
    status, tried = call("POST", f"/journeys/{journey.pk}/test", {"person_id": person})
    assert status == 200
    assert (tried[0]["step"], tried[-1]["kind"]) == (journey.draft["start"], "exit")
    assert [t["words"] for t in tried if "cannot be tried" in t["words"]] == []
    _status, file = call("GET", f"/journeys/{journey.pk}/export")
    status, made = call("POST", "/journeys/import", {"journey": file, "name": "Elsewhere"})
    assert (status, made["problems"]) == (201, [])


@pytest.mark.parametrize("slug", SLUGS)
def test_every_mail_is_there_in_every_language_and_says_nothing_that_cannot_be_filled(slug: str) -> None:
    keys = [m.key for m in templates()[slug].mails]
    english = letters(slug, "en")
    for language in LANGUAGES:
        found = letters(slug, language)
        assert sorted(found) == sorted(keys), language
        for key, letter in found.items():
            whole = letter.mjml({a.key: "https://example.com" for a in templates()[slug].asks})
            assert unknown_tags(letter.subject + whole) == []
            assert "@" not in re.sub(r"{{.*?}}", "", " ".join((letter.subject, letter.preview, letter.title)))
            # The same links and the same tags in every language
            assert links(letter.paragraphs) == links(english[key].paragraphs), (language, key)
            bare = re.findall(r"{{\s*(?:contact|company|owner|event)\.[\w.]+\s*}}", letter.subject + whole)
            assert bare == [], "a value that may be missing has a fallback"


def links(paragraphs: tuple[str, ...]) -> list[str]:
    return re.findall(r"\]\(((?:{{.*?}}|[^)])+)\)", "\n".join(paragraphs))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_journey_is_installed_in_the_language_asked_for(language: str) -> None:
    journey = actions.install("birthday", actor="user:1", language=language)
    gift = MailTemplate.objects.get(pk=journey.draft["steps"]["gift"]["settings"]["template"])
    says = TemplateVersion.objects.get(template=gift)
    assert says.subject == letters("birthday", language)["gift"].subject
    with translation.override(language):
        assert journey.name == translation.gettext("Birthday")
        assert translation.gettext("Unsubscribe") in says.mjml


def test_events_in_the_examples_are_taken_by_the_api_and_are_what_the_journey_waits_for() -> None:
    for template in templates().values():
        for need in template.needs:
            if need.kind == "event":
                (item,) = [wire.decode_api_event(__import__("json").dumps(body(need)).encode())]
                assert item.event == need.of
                assert need.of not in KINDS or need.of in wire.API_KINDS
                assert f"'{need.of}'" in str(template.graph), (template.slug, need.of)
                assert str(need.when)


def test_what_is_asked_is_put_into_the_journey_and_its_mails() -> None:
    form = Form.objects.create(name="Registration", slug="registration")
    choices = {"form": str(form.pk), "day": "2027-03-01", "page": "https://tv.example/live"}
    journey = actions.install("webinar", actor="user:1", choices=choices)
    steps = journey.draft["steps"]
    assert journey.draft["entry"] == [{"kind": "form", "form": form.pk}]
    assert [steps[k]["settings"]["date"] for k in ("eve", "today", "after")] == [
        "2027-02-28",
        "2027-03-01",
        "2027-03-02",
    ]
    says = TemplateVersion.objects.get(template_id=steps["soon"]["settings"]["template"])
    assert 'href="https://tv.example/live"' in says.mjml
    cart = actions.install("abandoned-cart", actor="user:1")
    says = TemplateVersion.objects.get(template_id=cart.draft["steps"]["last"]["settings"]["template"])
    assert 'href="{{ event.cart_url | default(workspace.website ~ "/cart") }}"' in says.mjml


@pytest.mark.parametrize(
    ("choices", "where"),
    [
        ({"form": "99"}, "form"),
        ({"day": "soon"}, "day"),
        ({"page": "javascript:alert(1)"}, "page"),
        ({"page": '/a" onclick='}, "page"),
        ({"page": "{{ contact.email }}"}, "page"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_chosen_is_refused_and_leaves_nothing(choices: dict[str, Any], where: str) -> None:
    with pytest.raises(RuleError) as refused:
        actions.install("webinar", actor="user:1", choices=choices)
    assert refused.value.where == where
    assert (Journey.objects.count(), MailTemplate.objects.count()) == (0, 0)


def test_segments_that_are_there_are_used() -> None:
    first, second = (actions.install("re-engagement", actor="user:1") for _n in range(2))
    assert Segment.objects.filter(key="asleep-90").count() == 1
    assert first.draft["entry"] == second.draft["entry"] == [
        {"kind": "segment", "segment": Segment.objects.get(key="asleep-90").pk}
    ]  # fmt: skip


# -- pages -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def page(call: Any) -> Client:
    return call.client  # type: ignore[no-any-return]


def test_cards_are_found_by_goal_and_by_words(page: Client) -> None:
    def slugs(query: str) -> list[str]:
        html = page.get(reverse("journeys:gallery") + query).content.decode()
        assert "<c-" not in html
        return re.findall(r'<h2 class="semi grow"><a href="/journeys/gallery/([\w-]+)/"', html)

    assert slugs("") == SLUGS
    assert slugs("?goal=decision") == ["trial-to-paid", "hand-over"]
    assert slugs("?q=CART+remind") == ["abandoned-cart"]
    assert slugs("?goal=retention&q=gift") == ["birthday"]
    assert slugs("?goal=nothing") == SLUGS
    assert slugs("?q=zzz") == []


def test_a_card_says_what_is_still_missing(page: Client) -> None:
    def said(slug: str) -> str:
        html = page.get(reverse("journeys:template", args=[slug])).content.decode()
        return html[html.index("jv-needs") : html.index("</ul>", html.index("jv-needs"))]

    before = said("trial-to-paid")
    assert "No event trial.started seen yet" in before
    assert "You have no site tracked yet" in before
    assert "Your mails have no sender yet" in before
    assert "/api/v1/events" in before
    Site.objects.create(name="x", public_key="k")
    Workspace.objects.update_or_create(pk=1, defaults={"mail_from": "us@x.example"})
    record(1, Custom("trial.started", {}))
    after = said("trial-to-paid")
    assert "Event trial.started is coming in" in after
    assert "Your site is tracked" in after
    assert "Mails have a sender" in after
    assert "No event trial.activated seen yet" in after


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_template_is_drawn_whole_with_each_of_its_mails(page: Client, slug: str, language: str) -> None:
    template = templates()[slug]
    html = page.get(reverse("journeys:template", args=[slug]) + f"?language={language}").content.decode()
    assert html.count("jv-still") == len(template.graph["steps"]) + 1
    assert "{{" not in "".join(re.findall(r'class="jv-title" title="[^"]*">([^<]*)<', html))
    assert "@" not in "".join(re.findall(r'class="jv-title" title="[^"]*">([^<]*)<', html))
    assert html.count("<iframe") == len(template.mails)
    assert "{{" not in html
    for mail in template.mails:
        frame = page.get(reverse("journeys:gallery_mail", args=[slug, mail.key]) + f"?language={language}")
        assert frame["Content-Security-Policy"].startswith("default-src 'none'")
        assert "[event." not in frame.content.decode()
        assert (
            letters(slug, language)[mail.key].title.split("{")[0].replace("'", "&#x27;")[:12] in frame.content.decode()
        )


def test_what_the_gallery_has_not_is_not_found(page: Client) -> None:
    for path in ("none/", "none/install/", "none/mails/hello/", "birthday/mails/hello/"):
        assert page.get(f"/journeys/gallery/{path}").status_code == 404


def test_a_choice_that_is_refused_is_said_at_its_field(page: Client) -> None:
    url = reverse("journeys:install", args=["webinar"])
    assert 'name="choice_day"' in page.get(url).content.decode()
    answer = page.post(url, {"choice_page": "nowhere", "choice_day": "2027-01-01", "name": "Mine"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert re.search(r'value="nowhere"[^>]*aria-invalid="true"', html)
    assert 'value="2027-01-01"' in html
    made = page.post(url, {"choice_page": "/live", "language": "ko"}, headers={"HX-Request": "true"})
    assert made["HX-Redirect"] == reverse("journeys:detail", args=[Journey.objects.get().pk])


def test_the_gallery_over_the_api(call: Any) -> None:
    status, cards = call("GET", "/journeys/templates?goal=action")
    assert (status, [c["slug"] for c in cards]) == (200, ["abandoned-cart"])
    assert (cards[0]["steps"], cards[0]["mails"]) == (len(templates()["abandoned-cart"].graph["steps"]), 3)
    assert [n["met"] for n in cards[0]["needs"] if n["kind"] == "event"] == [False, False]
    assert call("GET", "/journeys/templates?goal=x")[0] == 422
    status, one = call("GET", "/journeys/templates/hand-over?language=ko")
    assert (status, one["graph"]["steps"]["hand"]["settings"]["threshold"]) == (200, 500)
    assert one["mails"][0]["subject"].startswith("Headwater")
    assert "<html" in one["mails"][0]["html"]
    assert call("GET", "/journeys/templates/none")[0] == 404
    status, made = call("POST", "/journeys/templates/birthday/install", {"name": "Mine", "choices": {"gift": "/x"}})
    assert (status, made["name"], made["gallery"], made["problems"]) == (201, "Mine", "birthday", [])
    assert call("POST", "/journeys/templates/birthday/install")[1]["name"] == "Birthday"
    assert call("POST", "/journeys/templates/birthday/install", {"choices": {"gift": "x y"}})[0] == 422
    assert call("POST", "/journeys/templates/none/install")[0] == 404
