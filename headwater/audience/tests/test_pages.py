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
from headwater.audience.engine import building
from headwater.audience.models import Segment
from headwater.audience.views.segment_people import shown
from headwater.core import clock
from headwater.timeline import dispatch

from .helpers import NOW, happened, person, text

pytestmark = pytest.mark.django_db


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
    page = text(client.get(f"/segments/{s.pk}/"))
    assert "is being built" in page
    assert f'hx-get="/segments/{s.pk}/?part=members"' in page  # asked again by the page itself until they are there
    building.run_all()
    assert "Ana &lt;b&gt;Lopez&lt;/b&gt;" in text(client.get(f"/segments/{s.pk}/?part=members"))
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
    for path in (
        "/segments/77777/",
        "/segments/77777/edit/",
        "/segments/77777/members/",
        "/segments/77777/why/",
        "/people/77777/score/",
        "/scoring/rules/77777/",
        "/scoring/of/nope/",
        "/scoring/topics/nope/",
    ):
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


@pytest.mark.parametrize(
    ("definition", "before", "after"),
    [
        ({"any": []}, "nobody", "chosen by hand"),
        ({"tag": "vip"}, "tagged “vip”", "tagged “vip”, with changes by hand"),
    ],
)
def test_who_was_picked_is_no_part_of_the_words(client: Client, definition: Any, before: str, after: str) -> None:
    s = actions.create_segment(name="S", definition=definition, actor="user:1")
    said = f'<p class="seg-words"><bdi>{before}</bdi></p>'
    assert said in client.get(f"/segments/{s.pk}/").content.decode()
    actions.pick_members(s.pk, [person(name="Ana")], side="in", actor="user:1")
    assert said.replace(before, after) in client.get(f"/segments/{s.pk}/").content.decode()


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
    assert client.get("/people/999999999/segments/").status_code == 404
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


def test_a_sample_that_is_not_saved_yet_shows_the_people_whom_it_will_have(client: Client) -> None:
    for _ in range(60):
        person()
    form = {"name": "Half of them", "definition": '{"random": 50}'}
    shown = client.post("/segments/preview/", form).json()["count"]
    client.post("/segments/new/", form)
    building.run_all()
    made = Segment.objects.get(key="half-of-them")
    assert shown == queries.counts()[made.pk]
    again = client.post("/segments/preview/", form).json()["count"]  # another one of this name draws its own
    drawn = {key: queries.preview({"random": 50}, key=key, sample=60)[1] for key in (made.key, "half-of-them-2")}
    assert [shown, again] == [len(who) for who in drawn.values()]
    assert drawn[made.key] != drawn["half-of-them-2"]  # other people; by chance as many
