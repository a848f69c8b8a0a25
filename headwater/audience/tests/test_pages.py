"""Pages and API of segments and scoring: what people see, what they may send, what is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headwater.accounts.models import User
from headwater.audience import actions, queries
from headwater.audience.engine import building, companies
from headwater.audience.models import ScoreModel, ScoreRule, Segment, Topic
from headwater.audience.views.segment_people import shown
from headwater.core import clock
from headwater.people.models import Company
from headwater.timeline import dispatch

from .helpers import NOW, happened, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    user = User.objects.create_user(username="m@x.test", email="m@x.test", password="x", role="marketer")
    out = Client()
    out.force_login(user)
    return out


def text(response: Any) -> str:
    assert "<c-" not in response.content.decode()
    return response.content.decode()


def test_an_empty_list_says_what_to_do_next(client: Client) -> None:
    page = client.get("/segments/")
    assert page.status_code == 200
    assert "No segments yet" in text(page)


def test_the_list_shows_words_counts_and_state_in_a_constant_number_of_queries(client: Client) -> None:
    person(tags=["vip"])

    def asked(n: int) -> int:
        for _ in range(n):
            actions.create_segment(name="VIPs", definition={"tag": "vip"}, actor="user:1")
        building.run_all()
        client.get("/segments/")  # the rule book is read once
        with CaptureQueriesContext(connection) as seen:
            page = client.get("/segments/")
        assert "tagged “vip”" in text(page)
        assert "Live" in text(page)
        return len(seen)

    assert asked(1) == asked(12)


def test_a_segment_is_made_in_the_editor_and_shown_with_its_members(client: Client) -> None:
    a = person(tags=["vip"], name="Ana <b>Lopez</b>", email="ana@x.test")
    definition = {"all": [{"tag": "vip"}]}
    assert client.get("/segments/new/").status_code == 200
    response = client.post("/segments/new/", {"name": "VIPs", "definition": json.dumps(definition)})
    s = Segment.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/segments/{s.pk}/")
    assert "is being built" in text(client.get(f"/segments/{s.pk}/"))
    building.run_all()
    page = text(client.get(f"/segments/{s.pk}/?person={a}"))
    assert "Ana &lt;b&gt;Lopez&lt;/b&gt;" in page
    assert "Tags: vip" in page
    assert client.get(f"/segments/{s.pk}/edit/").status_code == 200


def test_a_wrong_definition_is_refused_beside_the_form(client: Client) -> None:
    response = client.post("/segments/new/", {"name": "X", "definition": '{"all": [{"tag": ""}]}'})
    assert response.status_code == 200
    assert "$.all[0].tag: must be the name of a tag" in text(response)
    assert "This is not JSON" in text(client.post("/segments/new/", {"name": "X", "definition": "{"}))
    assert Segment.objects.count() == 0


def test_the_preview_counts_and_names_problems_by_path(client: Client) -> None:
    person(tags=["vip"], name="Ana")
    answer = client.post("/segments/preview/", {"definition": '{"tag": "vip"}'}).json()
    assert answer["count"] == 1
    assert "Ana" in answer["html"]
    wrong = client.post("/segments/preview/", {"definition": '{"any": [{"field": "contact.contry"}]}'}).json()
    assert wrong["problems"][0]["path"] == "$.any[0].field"
    assert client.post("/segments/preview/", {"definition": "nonsense"}).json()["problems"][0]["path"] == "$"
    assert client.get("/segments/preview/").status_code == 405


def test_why_names_each_condition_with_the_facts_that_decide(client: Client) -> None:
    a, b = person(name="Ana", country="KR"), person(name="Ben")
    for days in (1, 2):
        happened(a, "page.viewed", clock.now() - timedelta(days=days), path="/pricing", title="Pricing")
    s = actions.create_segment(
        name="S",
        definition={
            "all": [
                {"field": "contact.country", "value": "KR"},
                {"not": {"event": "page.viewed", "count": {"op": "gte", "value": 3}, "within": "30d"}},
            ]
        },
        actor="user:1",
    )
    building.run_all()
    s.refresh_from_db()
    answer = queries.explain_membership(s, a)
    assert answer is not None
    assert answer.holds is True
    assert [(c.op, c.holds) for c in answer.verdict.children] == [("", True), ("not", True)]
    leaf = answer.verdict.children[1].children[0]
    assert (leaf.holds, [line["text"] for line in leaf.evidence]) == (False, ["page viewed Pricing"] * 2)
    other = queries.explain_membership(s, b)
    assert other is not None
    assert other.holds is False
    assert other.verdict.children[0].evidence == [{"text": "Country: —"}]
    page = text(client.get(f"/segments/{s.pk}/why/?person={b}"))
    assert "Not in" in page
    assert "No such event in the last 30 days" in page
    assert "Ana" in text(client.get(f"/segments/{s.pk}/why/?q=ana"))
    assert "no longer exists" in text(client.get(f"/segments/{s.pk}/why/?person=999999"))


def test_unknown_segments_and_rules_are_not_found(client: Client) -> None:
    for path in ("/segments/99/", "/segments/99/edit/", "/segments/99/members/", "/segments/99/why/",
                 "/scoring/rules/99/", "/scoring/of/nope/", "/scoring/topics/nope/", "/people/99/score/"):  # fmt: skip
        assert client.get(path).status_code == 404, path


def test_members_come_page_by_page(client: Client) -> None:
    for n in range(53):
        person(name=f"P{n:02}", tags=["vip"])
    s = actions.create_segment(name="VIPs", definition={"tag": "vip"}, actor="user:1")
    building.run_all()
    first = text(client.get(f"/segments/{s.pk}/"))
    after = queries.members(s.pk, limit=50)[-1][0]
    assert f"/segments/{s.pk}/members/?after={after}" in first
    rest = text(client.get(f"/segments/{s.pk}/members/?after={after}"))
    assert rest.count("/people/") == 3


def test_a_segment_in_use_is_not_deleted(client: Client) -> None:
    inner = actions.create_segment(name="Inner", definition={"tag": "x"}, actor="user:1")
    outer = actions.create_segment(name="Outer", definition={"segment": "inner"}, actor="user:1")
    assert client.post(f"/segments/{inner.pk}/delete/")["Location"] == f"/segments/{inner.pk}/"
    client.post(f"/segments/{outer.pk}/delete/")
    client.post(f"/segments/{inner.pk}/delete/")
    assert Segment.objects.count() == 0
    assert client.get(f"/segments/{inner.pk}/delete/").status_code == 405


def test_a_topic_is_made_and_gathers(client: Client) -> None:
    aging = {"decay": "half", "decay_days": "14"}
    data = {"name": "재고 관리", "hue": "150", "paths": "/inventory", "keywords": "재고", **aging}
    assert client.post("/scoring/topics/new/", data)["HX-Redirect"] == "/scoring/"
    topic = Topic.objects.get(name="재고 관리")
    a = person()
    happened(a, "page.viewed", path="/blog/1", title="재고를 줄이는 법")
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
    assert client.get(f"/people/99/interests/{topic.key}/").status_code == 404
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


def test_signed_out_visitors_see_nothing() -> None:
    assert Client().get("/segments/").status_code == 302
    assert Client().get("/scoring/").status_code == 302


# -- who is in by hand, what a change would do, who uses a segment ----------------------------------------------------
def settle() -> None:
    building.run_all()
    while dispatch.run_once("audience"):
        pass


def test_the_preview_of_an_edit_says_who_comes_in_and_who_leaves(client: Client) -> None:
    person(tags=["a"])
    person(tags=["a"])
    person(tags=["b"])
    s = actions.create_segment(name="S", definition={"tag": "a"}, actor="user:1")
    settle()
    s.refresh_from_db()
    assert queries.change(s, {"tag": "b"}) == queries.Change(1, 1, 2)
    assert queries.change(s, {"any": [{"tag": "a"}, {"tag": "b"}]}) == queries.Change(3, 1, 0)
    html = client.post("/segments/preview/", {"definition": '{"tag": "b"}', "key": s.key}).json()["html"]
    assert "+1 come in" in html
    assert "−2 leave" in html
    same = client.post("/segments/preview/", {"definition": '{"tag": "a"}', "key": s.key}).json()
    assert "Saving moves nobody" in same["html"]


def test_somebody_is_put_in_and_kept_out_by_hand_from_the_explanation(client: Client) -> None:
    a = person(name="Ana")
    s = actions.create_segment(name="S", definition={"tag": "vip"}, actor="user:1")
    settle()
    answer = client.post(f"/segments/{s.pk}/pick/", {"person": a, "side": "in"})
    assert json.loads(answer["HX-Trigger"])["toast"] == {"text": "Put in by hand"}
    assert "put in by hand" in text(answer)
    settle()
    assert queries.are_members(s.pk, [a]) == {a}
    assert "Always in" in text(client.get(f"/segments/{s.pk}/?part=hand"))
    assert "Let the conditions decide" in text(client.get(f"/segments/{s.pk}/why/?person={a}"))
    client.post(f"/segments/{s.pk}/pick/", {"person": a, "side": ""})
    settle()
    assert queries.are_members(s.pk, [a]) == set()
    assert client.post(f"/segments/{s.pk}/pick/", {"person": a, "side": "up"}).status_code == 400
    assert client.post(f"/segments/{s.pk}/pick/", {"side": "in"}).status_code == 400


def test_who_came_and_went_is_told_newest_first(client: Client) -> None:
    a, b = person(name="Ana"), person(name="Ben")
    s = actions.create_segment(name="S", definition={"event": "shop.bought"}, actor="user:1")
    settle()
    assert "Nobody came or left" in text(client.get(f"/segments/{s.pk}/moves/"))
    with clock.freeze(NOW):
        for at, p in enumerate((a, b)):
            happened(p, "shop.bought", NOW - timedelta(minutes=5))
            with clock.freeze(NOW + timedelta(minutes=at)):
                settle()
        with clock.freeze(NOW + timedelta(minutes=9)):
            assert [(m.person_id, m.entered) for m in queries.moves(s.pk) or []] == [(b, True), (a, True)]
            assert text(client.get(f"/segments/{s.pk}/moves/")).count("Came in:") == 2


def test_a_persons_page_leads_to_why_for_every_segment(client: Client) -> None:
    a = person(name="Ana", tags=["vip"])
    actions.create_segment(name="VIPs", definition={"tag": "vip"}, actor="user:1")
    actions.create_segment(name="Others", definition={"not": {"tag": "vip"}}, actor="user:1")
    settle()
    page = text(client.get(f"/people/{a}/segments/"))
    assert page.index("VIPs") < page.index("Others")  # those she is in come first
    assert client.get("/people/999/segments/").status_code == 404
    other = Segment.objects.get(key="others")
    why = text(client.get(f"/segments/{other.pk}/why/?person={a}"))
    assert "not: tagged “vip”" in why
    assert "Not fulfilled:" in why
    assert "Tags: vip" in why


def test_below_none_of_these_a_mark_says_whether_it_speaks_for_her(client: Client) -> None:
    a = person(tags=["x"])
    s = actions.create_segment(
        name="S", definition={"all": [{"not": {"any": [{"tag": "x"}, {"tag": "y"}]}}, {"tag": "x"}]}, actor="user:1"
    )
    settle()
    answer = queries.explain_membership(s, a)
    assert answer is not None
    none, tagged = shown(answer.verdict)["children"]
    assert (none["says"], none["good"], none["head"]) == ("None of these", False, "1 of 2")
    assert [one["good"] for one in none["children"]] == [False, True]
    assert tagged["good"] is True


def test_a_segment_is_copied_and_opened_in_the_editor(client: Client) -> None:
    s = actions.create_segment(name="VIPs", definition={"tag": "vip"}, actor="user:1", description="Dear ones")
    answer = client.post(f"/segments/{s.pk}/duplicate/")
    made = Segment.objects.exclude(pk=s.pk).get()
    assert answer["Location"] == f"/segments/{made.pk}/edit/"
    assert (made.name, made.description, made.definition) == ("Copy of VIPs", "Dear ones", {"tag": "vip"})
    assert client.get(f"/segments/{s.pk}/duplicate/").status_code == 405


def test_what_uses_a_segment_is_shown_and_keeps_it(client: Client) -> None:
    s = actions.create_segment(name="Inner", definition={"tag": "x"}, actor="user:1")
    outer = actions.create_segment(name="Outer", definition={"segment": "inner"}, actor="user:1")
    assert [(u.name, u.url) for u in queries.used_by([s])[s.pk]] == [("Outer", f"/segments/{outer.pk}/")]
    assert "In use: cannot be deleted" in text(client.get(f"/segments/{s.pk}/"))
    assert f'href="/people/?segment={outer.pk}"' in text(client.get("/segments/"))


def test_owners_and_choices_are_called_by_their_names(client: Client) -> None:
    cache.delete("audience:users")
    owner = User.objects.create_user(username="r@x.test", email="r@x.test", password="x", first_name="Rafael")
    a = person(owner=owner, stage="customer")
    definition = {
        "all": [
            {"field": "contact.owner", "op": "in", "value": [owner.pk]},
            {"field": "contact.stage", "op": "eq", "value": "customer"},
        ]
    }
    s = actions.create_segment(name="S", definition=definition, actor="user:1")
    settle()
    page = text(client.get(f"/segments/{s.pk}/?person={a}"))
    assert "Owner is one of “Rafael”" in page
    assert "Owner: Rafael" in page
    assert "Lifecycle stage: Customer" in page


# -- scores ------------------------------------------------------------------------------------------------------------
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
