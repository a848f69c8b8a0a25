"""What the editor asks for: kinds of step, choices, the draft with its problems, who was quicker."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.core.facts import KINDS
from headwater.journeys.engine.base import GROUPS, STEPS
from headwater.journeys.queries.choices import SOURCES
from headwater.journeys.queries.palette import palette
from headwater.people.models import Tag

from .conftest import chain, minutes

pytestmark = pytest.mark.django_db
TYPES = {"text", "number", "boolean", "choice", "duration", "time", "date", "datetime", "days", "reference", "arms",
         "condition", "where", "step", "pairs", "variants"}  # fmt: skip
KEYS = {"name", "type", "label", "help", "required", "default", "source", "choices", "shown"}


def test_every_step_and_rule_is_described(call: Any) -> None:
    said = call("GET", "/journeys/palette")[1]
    assert [g["id"] for g in said["groups"]] == list(GROUPS)
    assert {s["id"] for s in said["steps"]} == set(STEPS)
    fields = [f for s in [*said["steps"], *said["rules"]] for f in s["fields"]] + said["reentry"]
    for f in fields:
        assert set(f) >= KEYS, f
        assert f["type"] in TYPES, f
        assert f["source"] is None or f["source"] in SOURCES, f
    for s in said["steps"]:
        assert s["group"] in GROUPS
        assert s["label"]


def test_a_step_says_what_it_takes_and_where_it_leads(call: Any) -> None:
    steps = {s["id"]: s for s in call("GET", "/journeys/palette")[1]["steps"]}
    assert steps["send_email"]["fields"][0] == {
        "name": "template", "type": "reference", "label": "Mail", "help": "", "required": True, "default": None,
        "source": "templates", "choices": None, "shown": None, "any": False,
    }  # fmt: skip
    assert steps["send_email"]["arms"] == [{"id": "next", "label": ""}]
    assert steps["exit"]["arms"] == []
    assert steps["branch"]["arms"] == [{"each": "arms"}, {"id": "else", "label": "No", "label_from": "else_label"}]
    assert steps["hand_over"]["arms"] == [
        {"id": "next", "label": "{threshold} and over"},
        {"id": "under", "label": "Under {threshold}", "if": "threshold"},
    ]


def test_arms_follow_from_settings() -> None:
    assert STEPS["hand_over"].arms({}) == [("next", "")]
    assert STEPS["hand_over"].arms({"threshold": 1500}) == [("next", "1,500 and over"), ("under", "Under 1,500")]
    arms = [{"id": "a", "label": "A"}, {"id": "b"}]
    assert STEPS["branch"].arms({"arms": arms, "else_label": "Rest"}) == [("a", "A"), ("b", "b"), ("else", "Rest")]


def test_conditions_come_only_when_asked_for(call: Any) -> None:
    assert "conditions" not in palette()
    assert "fields" in call("GET", "/journeys/palette?conditions=true")[1]["conditions"]


def test_every_source_answers_and_searches(call: Any) -> None:
    for source in SOURCES:
        assert call("GET", f"/journeys/choices/{source}")[0] == 200, source
    assert call("GET", "/journeys/choices/nothing")[0] == 404
    Tag.objects.bulk_create([Tag(name="vip"), Tag(name="visitor"), Tag(name="other")])
    assert call("GET", "/journeys/choices/tags?q=vi")[1] == [
        {"value": "vip", "label": "vip", "hint": ""},
        {"value": "visitor", "label": "visitor", "hint": ""},
    ]
    props = [c["value"] for c in call("GET", "/journeys/choices/props?of=tag.added")[1]]
    assert props == list(KINDS["tag.added"].__dataclass_fields__)


def test_a_draft_is_kept_broken_or_not_and_says_what_is_wrong(call: Any) -> None:
    made = call("POST", "/journeys", {"name": "X"})[1]
    graph = chain(("a", "wait", {"for": minutes(5)}), ("b", "add_tag", {}), entry=[{"kind": "tag"}])
    status, saved = call("PUT", f"/journeys/{made['id']}/draft", {"graph": graph, "revision": made["revision"]})
    assert (status, saved["revision"], saved["changed"], saved["version"]) == (200, 2, True, None)
    assert saved["saved_by"] == {"actor": f"user:{call.user.pk}", "name": "Maria"}
    assert saved["problems"] == [
        {"where": "steps.b.tag", "message": "This is needed.", "step": "b", "rule": None, "field": "tag"},
        {"where": "entry.0.tag", "message": "This is needed.", "step": None, "rule": "entry.0", "field": "tag"},
    ]
    assert saved["arms"] == {"a": [{"id": "next", "label": ""}], "b": [{"id": "next", "label": ""}]}
    assert saved["titles"]["a"] == "Wait 5 minutes"
    assert call("GET", f"/journeys/{made['id']}/draft")[1] == saved
    assert call("POST", "/journeys/validate", {"graph": graph})[1]["problems"] == saved["problems"]


def test_who_was_quicker_is_named(call: Any) -> None:
    made = call("POST", "/journeys", {"name": "X"})[1]
    path = f"/journeys/{made['id']}/draft"
    other = User.objects.create_user("b@x.example", "b@x.example", role="marketer", first_name="Rafael")
    quick = Client()
    quick.force_login(other)
    graph = chain(("a", "wait", {"for": minutes(5)}))
    body = {"graph": graph, "revision": 1}
    assert quick.generic("PUT", f"/api/v1{path}", __import__("json").dumps(body)).status_code == 200
    status, answer = call("PUT", path, {"graph": chain(("z", "exit", {})), "revision": 1})
    assert status == 409
    assert (answer["reason"], answer["by"]["name"], answer["revision"]) == (
        "Rafael changed this journey in the meantime.", "Rafael", 2,
    )  # fmt: skip
    assert call("GET", path)[1]["graph"] == graph


@pytest.mark.parametrize(
    ("graph", "where"),
    [
        ({"steps": [1]}, "steps"),
        ({"steps": {"a": 3}}, "steps.a"),
        ({"steps": {"a": {"kind": "wait", "settings": 5}}}, "steps.a"),
        ({"entry": 7}, "entry"),
        ({"goal": "x"}, "goal"),
        ({"exits": [None]}, "exits"),
    ],
)
def test_what_is_not_made_of_the_right_parts_is_not_kept(call: Any, graph: Any, where: str) -> None:
    status, answer = call("POST", "/journeys/validate", {"graph": graph})
    assert (status, answer["problems"] != []) == (200, True)
    made = call("POST", "/journeys", {"name": "X"})[1]
    status, answer = call("PUT", f"/journeys/{made['id']}/draft", {"graph": graph})
    assert (status, answer["reason"].split(":")[0]) == (422, where)


def test_a_step_half_made_is_kept(call: Any) -> None:
    made = call("POST", "/journeys", {"name": "X"})[1]
    graph = {"steps": {"a": {"kind": "branch", "settings": {"arms": [1]}}, "b": {"kind": "fly"}}}
    status, saved = call("PUT", f"/journeys/{made['id']}/draft", {"graph": graph})
    assert (status, saved["arms"]) == (200, {"a": [{"id": "else", "label": "No"}]})
    assert [p["where"] for p in saved["problems"]] == ["steps.a.arms", "steps.b", "start"]


def test_a_refused_publication_says_where(call: Any) -> None:
    made = call("POST", "/journeys", {"name": "X", "graph": chain(("a", "add_tag", {}))})[1]
    status, answer = call("POST", f"/journeys/{made['id']}/publish")
    assert (status, [p["where"] for p in answer["problems"]]) == (422, ["steps.a.tag"])
    assert answer["errors"] == [{"field": "steps.a.tag", "reason": "This is needed."}]


def test_a_copy_is_a_new_draft(call: Any) -> None:
    graph = chain(("a", "wait", {"for": minutes(5)}))
    made = call("POST", "/journeys", {"name": "X", "graph": graph})[1]
    status, copy = call("POST", f"/journeys/{made['id']}/duplicate", {})
    assert (status, copy["name"], copy["status"], copy["draft"], copy["version"]) == (
        201, "Copy of X", "draft", graph, None,
    )  # fmt: skip
