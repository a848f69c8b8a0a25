"""Pages of scoring: rules, scores, and lists by score."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client

from headwater.audience import actions, queries
from headwater.audience.engine import companies
from headwater.audience.models import Revision, ScoreModel, ScoreRule, Topic
from headwater.core import clock
from headwater.people.models import Company
from headwater.timeline import dispatch

from .helpers import NOW, happened, person, text

pytestmark = pytest.mark.django_db


RULE = {"name": "Docs read", "points": "5", "cap": "20", "cap_per": "total", "times_per": "day", "active": "on"}
DOCS = json.dumps(
    {"all": [{"event": "page.viewed", "where": [{"prop": "path", "op": "starts_with", "value": "/docs"}]}]}
)


def test_scoring_shows_scores_with_their_people_and_topics(client: Client) -> None:
    a = person()
    actions.add_points([actions.Points(a, 70, "fair", "user:1")])
    person()
    page = text(client.get("/scoring/"))
    for words in ("Engagement", "Forecasting", "Hot", "People per band"):
        assert words in page
    score = text(client.get("/scoring/of/engagement/"))
    for words in ("Pricing page viewed", "+20", "-50", "from 60", "50 %", "45 points a day"):
        assert words in score
    assert "×" in text(client.get("/scoring/of/engagement/?part=effects"))
    assert queries.band_counts() == {(ScoreModel.objects.get().pk, "hot"): 1}


def test_a_rule_is_made_changed_switched_and_deleted(client: Client) -> None:
    home = "/scoring/of/engagement/"
    assert client.post(f"{home}rules/new/", RULE | {"definition": DOCS}).headers["Location"] == home
    rule = ScoreRule.objects.get(name="Docs read")
    assert (rule.kind, rule.where, rule.points, rule.cap, rule.cap_per) == (
        "page.viewed",
        [{"prop": "path", "op": "starts_with", "value": "/docs"}],
        5,
        20,
        "total",
    )
    assert "/docs" in text(client.get(f"/scoring/rules/{rule.pk}/"))
    client.post(f"/scoring/rules/{rule.pk}/", RULE | {"definition": DOCS, "points": "6"})
    client.post(f"/scoring/rules/{rule.pk}/switch/")
    rule.refresh_from_db()
    assert (rule.points, rule.active, [p["points"] for p in rule.past]) == (6, False, [5, 6])
    assert "They are taken back" in text(client.get(f"/scoring/rules/{rule.pk}/delete/"))
    assert client.post(f"/scoring/rules/{rule.pk}/delete/").headers["HX-Redirect"] == home
    assert client.get(f"/scoring/rules/{rule.pk}/").status_code == 404


def test_a_rule_about_who_people_are_is_computed_in_the_background(client: Client) -> None:
    condition = json.dumps({"all": [{"field": "contact.country", "op": "eq", "value": "KR"}]})
    made = {"name": "Korea", "points": "10", "active": "on", "standing": "1", "definition": condition}
    client.post("/scoring/of/engagement/rules/new/?sort=condition", made)
    page = text(client.get("/scoring/of/engagement/"))
    assert "Being computed anew: 0 %" in page
    assert "Country is “South Korea”" in page
    client.post("/scoring/of/engagement/run/cancel/")
    assert not ScoreRule.objects.filter(name="Korea").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"definition": "{"}, "This is not JSON"),
        ({"definition": '{"all": []}'}, "A rule is about one event"),
        ({"definition": '{"event": "a.b", "count": {"op": "gte", "value": 3}}'}, "A rule is about one event and its"),
        ({"definition": DOCS, "points": "0"}, "A rule of 0 points does nothing"),
        ({"definition": DOCS, "points": "many"}, "Enter a whole number"),
    ],
)
def test_a_wrong_rule_is_refused_next_to_its_field(client: Client, change: dict[str, str], message: str) -> None:
    assert message in text(client.post("/scoring/of/engagement/rules/new/", RULE | change))
    assert not ScoreRule.objects.filter(name="Docs read").exists()


def test_the_effect_of_a_rule_is_told_while_it_is_written(client: Client) -> None:
    a = person()
    for path in ("/docs/1", "/docs/2", "/other"):
        happened(a, "page.viewed", clock.now() - timedelta(days=1), path=path)
    answer = text(client.post("/scoring/effect/", RULE | {"definition": DOCS}))
    assert "10 points for 1 people" in answer
    assert "Something is missing yet." in text(client.post("/scoring/effect/", {"points": ""}))
    anew = RULE | {"definition": DOCS, "points": "20", "cap": "", "past": "yes", "of": "engagement"}
    person()
    assert "1 of 2 people would be in another band" in text(client.post("/scoring/effect/", anew))
    assert "another band" not in text(client.post("/scoring/effect/", anew | {"past": ""}))
    condition = json.dumps({"field": "contact.country", "op": "empty"})
    assert "have these points now" in text(
        client.post("/scoring/effect/", {"standing": "1", "points": "3", "definition": condition})
    )
    palette = client.get("/scoring/palette/").json()
    assert [[part["key"] for part in leaf["parts"]] for leaf in palette["leaves"]] == [["event", "where"]]


SETTINGS = {
    "name": "Fit", "decay": "half", "decay_days": "30", "thresholds": "50, 10", "rollup": "max", "band0_name": "No",
    "band0_hue": "235", "band1_name": "Yes", "band1_start": "20", "band1_hue": "150",
}  # fmt: skip


def test_a_score_is_made_changed_archived_and_deleted(client: Client) -> None:
    others = {f"band{n}_hue": "25" for n in range(2, 6)}
    made = client.post("/scoring/new/", SETTINGS | others)
    assert made.headers["HX-Redirect"] == "/scoring/of/fit/"
    model = ScoreModel.objects.get(key="fit")
    assert [(b["key"], b["name"], b["start"]) for b in model.bands] == [("no", "No", None), ("yes", "Yes", 20)]
    assert (model.thresholds, model.decay, model.decay_days, model.rollup) == ([10, 50], "half", 30, "max")
    wrong = client.post("/scoring/of/fit/edit/", SETTINGS | others | {"band2_name": "Very", "band2_start": "20"})
    assert (wrong.status_code, "Each band must begin above the one before" in text(wrong)) == (422, True)
    missing = client.post("/scoring/of/fit/edit/", SETTINGS | others | {"decay_days": "", "thresholds": "x"})
    assert "Say how many days" in text(missing)
    assert "Write whole numbers" in text(missing)
    client.post("/scoring/of/fit/archive/")
    assert "Archived" in text(client.get("/scoring/"))
    client.post("/scoring/of/fit/delete/")
    client.post("/scoring/of/engagement/delete/")
    assert [m.key for m in ScoreModel.objects.all()] == ["engagement"]


def test_people_can_be_listed_by_the_band_of_any_score(client: Client) -> None:
    actions.create_model(name="Fit", actor="t")
    a, _b = person(name="Ana"), person(name="Ben")
    actions.add_points([actions.Points(a, 70, "fair", "user:1", model="fit")])
    page = text(client.get("/people/?scored=fit:hot"))
    assert "Ana" in page
    assert "Ben" not in page
    assert "Fit: Hot" in page
    assert "Fit" in text(client.get(f"/people/{a}/score/?model=fit"))


def test_companies_show_the_score_of_their_people(client: Client) -> None:
    firm = Company.objects.create(name="Nordwind", created_at=NOW, updated_at=NOW)
    actions.add_points([actions.Points(person(company=firm), 64, "fair", "user:1")])
    companies.roll_up()
    assert '<span class="num">64</span>' in text(client.get("/companies/"))
    page = text(client.get(f"/companies/{firm.pk}/"))
    assert "Sum of its people" in page
    assert "Hot" in page


def test_an_own_installation_begins_with_a_score_and_names_its_topics_itself(client: Client) -> None:
    for model in (Topic, ScoreModel, Revision):
        model._default_manager.all().delete()
    actions.ensure_defaults()
    assert [m.key for m in ScoreModel.objects.all()] == ["engagement"]
    assert "No topics yet" in text(client.get("/scoring/"))
    actions.ensure_topics()  # what the demo company has
    assert sorted(Topic.objects.values_list("key", flat=True)) == ["forecasting", "integrations", "loyalty", "pricing"]
    Topic.objects.exclude(key="pricing").delete()
    actions.ensure_topics()  # who has some keeps them
    assert Topic.objects.count() == 1


def test_a_topic_is_made_and_gathers(client: Client) -> None:
    aging = {"decay": "half", "decay_days": "14"}
    data = {"name": "재고 관리", "hue": "150", "paths": "/inventory", "keywords": "재고", **aging}
    assert client.post("/scoring/topics/new/", data)["HX-Redirect"] == "/scoring/"
    topic = Topic.objects.get(name="재고 관리")
    a = person()
    happened(a, "page.viewed", clock.now(), path="/blog/1", title="재고를 줄이는 법")
    dispatch.run_once("audience")
    assert [(t.key, t.weight) for t in queries.interests([a])[a]] == [(topic.key, 1)]
    assert client.post("/scoring/topics/new/", {"name": "Y", "hue": "150", **aging}).status_code == 422
    missing = client.post("/scoring/topics/new/", {**data, "name": "Y", "decay_days": ""})
    assert missing.status_code == 422
    assert "Say how many days" in missing.content.decode()
    why = client.get(f"/people/{a}/interests/{topic.key}/").content.decode()
    assert "재고를 줄이는 법" in why
    assert "halves each 14 days" in why
    assert client.get(f"/people/{a}/interests/nope/").status_code == 404
    assert client.get(f"/people/{a + 1_000_000}/interests/{topic.key}/").status_code == 404
    assert f"/people/{a}/interests/{topic.key}/" in client.get(f"/people/{a}/").content.decode()
    client.post(f"/scoring/topics/{topic.key}/", {**data, "decay_days": "7"})
    page = client.get("/scoring/?part=topics").content.decode()
    assert f"/scoring/topics/{topic.key}/run/cancel/" in page
    assert client.post(f"/scoring/topics/{topic.key}/run/cancel/").status_code == 302
    topic.refresh_from_db()
    assert topic.decay_days == 14
    assert client.post(f"/scoring/topics/{topic.key}/delete/")["HX-Redirect"] == "/scoring/"


def test_the_dialog_of_a_score_adds_up(client: Client) -> None:
    a = person(name="Ana")
    happened(a, "page.viewed", path="/pricing")
    happened(a, "mail.unsubscribed")
    dispatch.run_once("audience")
    page = text(client.get(f"/people/{a}/score/"))
    for words in ("Pricing page viewed", "+20", "-50", "-30", "Cold"):
        assert words in page


def test_the_history_of_a_score_ends_with_the_score() -> None:
    a = person()
    with clock.freeze(NOW):
        for days in (0, 3, 200):
            happened(a, "page.viewed", NOW - timedelta(days=days), path="/pricing")
        dispatch.run_once("audience")
        history = queries.score_history(a)
    assert (len(history), history[0], history[-5:]) == (90, 20, [20, 40, 40, 40, 60])
