"""The operations of the API: what they answer, and how they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from ninja.testing import TestClient

from headwater.audience.api import router
from headwater.audience.engine import building

from .helpers import person

pytestmark = pytest.mark.django_db


class Api:
    """The router alone, with an actor, as integrations mounts it."""

    def __init__(self) -> None:
        self.client = TestClient(router)

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        response = self.client.request(method, path, json=body, actor="api:1")
        return response.status_code, response.json() if response.content else None


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setenv("NINJA_SKIP_REGISTRY", "1")
    return Api()


def test_a_segment_is_created_read_changed_explained_and_deleted(api: Api) -> None:
    a = person(tags=["vip"], name="Ana", email="ana@x.test")
    status, made = api("POST", "/segments", {"name": "VIPs", "definition": {"tag": "vip"}})
    assert (status, made["key"], made["state"]) == (201, "vips", "building")
    building.run_all()
    path = f"/segments/{made['id']}"
    assert api("GET", path)[1]["members"] == 1
    assert [(m["person_id"], m["name"]) for m in api("GET", f"{path}/members")[1]] == [(a, "Ana")]
    answer = api("GET", f"{path}/explain/{a}")[1]
    assert (answer["holds"], answer["verdict"]["evidence"]) == (True, [{"text": "Tags: vip"}])
    assert api("PATCH", path, {"name": "Best"})[1]["name"] == "Best"
    assert api("GET", "/segments")[1][0]["name"] == "Best"
    assert api("DELETE", path)[0] == 204
    assert api("GET", path)[0] == 404


def test_a_preview_counts_and_a_wrong_definition_is_refused_with_its_path(api: Api) -> None:
    a = person(tags=["vip"])
    body = {"definition": {"all": [{"tag": "vip"}]}}
    assert api("POST", "/segments/preview", body) == (200, {"count": 1, "sample": [a], "summary": "tagged “vip”"})
    status, answer = api("POST", "/segments", {"name": "X", "definition": {"all": [{"tag": 3}]}})
    assert (status, answer["detail"]) == (422, "$.all[0].tag: must be the name of a tag")


def test_points_are_given_once_and_explained(api: Api) -> None:
    a = person()
    body = {"points": 25, "reason": "fair", "id": "00000000-0000-0000-0000-000000000001"}
    for _ in range(2):
        status, answer = api("POST", f"/people/{a}/score", body)
        assert (status, answer["points"], answer["band"]) == (200, 25, "warm")
    assert [(line["points"], line["why"], line["actor"]) for line in answer["lines"]] == [(25, "fair", "api:1")]
    assert api("POST", "/people/99999/score", body)[0] == 404
    assert api("POST", f"/people/{a}/score", {"points": 1, "model": "nope"})[0] == 422


def test_rules_and_bands_are_kept(api: Api) -> None:
    status, rule = api("POST", "/scoring/rules", {"name": "Call", "kind": "call.logged", "points": 5})
    assert (status, rule["points"]) == (201, 5)
    assert api("PATCH", f"/scoring/rules/{rule['id']}", {"points": 7})[1]["points"] == 7
    wrong = {"name": "X", "kind": "a.b", "points": 1, "where": [{"prop": "x", "op": "like", "value": 1}]}
    assert api("POST", "/scoring/rules", wrong)[0] == 422
    assert api("DELETE", f"/scoring/rules/{rule['id']}")[0] == 204
    assert api("PUT", "/scoring/models/engagement/bands", {"warm": 10, "hot": 40})[1]["hot"] == 40
    assert api("PUT", "/scoring/models/engagement/bands", {"warm": 50, "hot": 40})[0] == 422


def test_the_schema_names_every_sort_of_condition(api: Api) -> None:
    schema = api("GET", "/schemas/segment")[1]
    titles = [one.get("title") for one in schema["$defs"]["condition"]["oneOf"]]
    assert {"field", "tag", "score", "segment", "consent", "random", "interest", "event"} <= set(titles)
