"""Journeys over the API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headwater.people import actions as people

pytestmark = pytest.mark.django_db


def test_a_journey_is_made_published_entered_and_read(call: Any) -> None:
    status, made = call("POST", "/journeys", {"template": "welcome-nurture", "name": "Mine"})
    assert (status, made["name"], made["status"], made["version"], made["problems"]) == (201, "Mine", "draft", None, [])
    path = f"/journeys/{made['id']}"
    assert call("POST", f"{path}/publish")[1]["version"] == 1
    person = people.create_contact(actor="user:1", first_name="Ada", email="a@example.com").pk
    entered = call("POST", f"{path}/enter", {"person_ids": [person], "key": "k1"})[1]["entered"]
    assert list(entered) == [str(person)]
    assert call("POST", f"{path}/enter", {"person_ids": [person], "key": "k1"})[1] == {"entered": {}}
    (passage,) = call("GET", f"/contacts/{person}/passages")[1]
    assert (passage["step"], passage["state"], passage["why"]) == ("reaction", "waiting", "Added by hand")
    log = call("GET", f"/contacts/{person}/passages/{passage['id']}")[1]["log"]
    assert [(s["step"], s["reason"]) for s in log] == [("welcome", "refused:no_consent"), ("tag", "")]
    counts = call("GET", f"{path}/counts")[1]
    assert counts["totals"] == {"entered": 1}
    assert counts["steps"]["reaction"] == {"entered": 1, "here": 1}
    assert call("POST", f"{path}/pause")[1]["status"] == "paused"
    assert call("POST", f"{path}/resume")[1]["status"] == "live"


def test_two_editors_at_once_are_noticed(call: Any) -> None:
    made = call("POST", "/journeys", {"template": "event"})[1]
    path = f"/journeys/{made['id']}"
    assert call("PATCH", path, {"name": "One", "revision": made["revision"]})[0] == 200
    assert call("PATCH", path, {"name": "Two", "revision": made["revision"]})[0] == 409
    assert call("GET", path)[1]["name"] == "One"


def test_bad_journeys_are_refused_with_the_place(call: Any) -> None:
    made = call("POST", "/journeys", {"name": "X", "graph": {"start": "a", "steps": {"a": {"kind": "fly"}}}})[1]
    assert [p["where"] for p in made["problems"]] == ["steps.a"]
    status, answer = call("POST", f"/journeys/{made['id']}/publish")
    assert status == 422
    assert "steps.a: Unknown kind of step" in json.dumps(answer)
    assert call("POST", "/journeys", {"name": " "})[0] == 422
    assert call("POST", "/journeys", {"template": "none"})[0] == 422
    assert call("GET", "/journeys/999999999")[0] == 404
    assert call("GET", "/contacts/987654321/passages")[0] == 404
    assert call("POST", f"/journeys/{made['id']}/enter", {"person_ids": [987654321]})[0] == 422


def test_the_schema_names_every_step_with_its_settings(call: Any) -> None:
    schema = call("GET", "/schemas/journey")[1]
    kinds = {s["properties"]["kind"]["const"] for s in schema["properties"]["steps"]["additionalProperties"]["oneOf"]}
    assert kinds == {
        "add_note", "add_tag", "branch", "change_score", "create_deal", "create_task", "create_ticket", "exit",
        "hand_over", "jump", "move_deal", "notify", "pick_segment", "remove_tag", "send_best", "send_email",
        "send_push", "send_sms", "set_consent", "set_field", "set_owner", "set_stage", "set_ticket_status",
        "split", "start_journey", "stop_journey", "wait", "wait_date", "wait_until", "webhook",
    }  # fmt: skip
