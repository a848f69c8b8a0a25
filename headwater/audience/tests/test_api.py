"""The operations of the API: what they answer, and how they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from ninja.testing import TestClient

from headwater.audience.api import router
from headwater.audience.engine import building
from headwater.timeline import dispatch

from .helpers import happened, person

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
    assert [(m["person_id"], m["name"]) for m in api("GET", f"{path}/members")[1]["items"]] == [(a, "Ana")]
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
    assert api("POST", "/people/999999999/score", body)[0] == 404
    assert api("POST", f"/people/{a}/score", {"points": 1, "model": "nope"})[0] == 422


@pytest.mark.parametrize("of", ["score", "scores", "score/history"])
def test_scores_of_nobody_and_of_no_model_are_not_there(api: Api, of: str) -> None:
    assert api("GET", f"/people/999999/{of}") == (404, {"detail": "There is no such contact."})
    if of != "scores":
        a = person()
        said = {"detail": "There is no score with the key “fti”."}
        assert api("GET", f"/people/{a}/{of}?model=fti") == (404, said)
        assert api("GET", "/companies/1/score?model=fti") == (404, said)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/segments", {}),
        ("/scoring/models", {}),
        ("/scoring/rules", {"kind": "page.viewed", "points": 1}),
        ("/scoring/topics", {"signs": [{"value": "/pricing", "match": "path"}]}),
    ],
)
def test_blanks_are_no_name_and_those_around_one_do_not_count(api: Api, path: str, body: dict[str, Any]) -> None:
    status, said = api("POST", path, {**body, "name": " \t "})
    assert (status, said["detail"][0]["msg"]) == (422, "String should have at least 1 character")
    status, made = api("POST", path, {**body, "name": "  Prices "})
    assert (status, made["name"]) == (201, "Prices")


def test_rules_are_kept(api: Api) -> None:
    status, rule = api("POST", "/scoring/rules", {"name": "Call", "kind": "call.logged", "points": 5})
    assert (status, rule["points"], rule["model"]) == (201, 5, "engagement")
    assert api("PATCH", f"/scoring/rules/{rule['id']}", {"points": 7})[1]["points"] == 7
    wrong = {"name": "X", "kind": "a.b", "points": 1, "where": [{"prop": "x", "op": "like", "value": 1}]}
    assert api("POST", "/scoring/rules", wrong)[0] == 422
    assert api("POST", "/scoring/rules", {"name": "X", "kind": "a.b", "points": 0})[0] == 422
    effect = {"times": 0, "people": 0, "points": 0, "partial": False}
    assert api("GET", f"/scoring/rules/{rule['id']}/effect") == (200, effect)
    assert api("DELETE", f"/scoring/rules/{rule['id']}")[0] == 204
    assert rule["id"] not in [r["id"] for r in api("GET", "/scoring/rules?model=engagement")[1]]


def test_scores_are_made_changed_archived_and_deleted(api: Api) -> None:
    bands = [{"key": "no"}, {"key": "yes", "name": "Fits", "start": 20}]
    status, made = api("POST", "/scoring/models", {"name": "Fit", "bands": bands, "rollup": "max"})
    assert (status, made["key"], made["people"], made["run"]) == (201, "fit", {"yes": 0, "no": 0}, None)
    change = {"decay": "half", "decay_days": 30, "thresholds": [50, 10]}
    changed = api("PATCH", "/scoring/models/fit", change)[1]
    assert (changed["thresholds"], changed["decay_days"], changed["run"]["progress"]) == ([10, 50], 30, 0)
    assert api("DELETE", "/scoring/models/fit/run")[1]["decay"] == "none"
    assert api("PATCH", "/scoring/models/fit", {"bands": [{"key": "a"}, {"key": "a", "start": 1}]})[0] == 422
    assert api("POST", "/scoring/models/fit/archive", {})[1]["archived_at"] is not None
    assert [m["key"] for m in api("GET", "/scoring/models")[1]] == ["engagement"]
    assert api("POST", "/scoring/models/fit/archive", {"archived": False})[1]["run"] is not None
    a = person()
    assert api("GET", f"/people/{a}/scores")[1] == [
        {"model": "engagement", "points": 0, "band": "cold"},
        {"model": "fit", "points": 0, "band": "no"},
    ]
    assert api("DELETE", "/scoring/models/fit")[0] == 204
    assert api("GET", "/scoring/models/fit")[0] == 404
    assert api("DELETE", "/scoring/models/engagement")[0] == 422


def test_a_score_that_a_segment_asks_for_stays(api: Api) -> None:
    api("POST", "/scoring/models", {"name": "Fit"})
    api("POST", "/segments", {"name": "Good", "definition": {"score": "fit", "op": "gte", "value": 5}})
    building.run_all()
    status, answer = api("DELETE", "/scoring/models/fit")
    assert (status, answer["detail"]) == (409, "It is used by: Good")
    assert api("POST", "/scoring/models/fit/archive", {})[0] == 409


def test_topics_are_kept(api: Api) -> None:
    body = {"name": "Stock", "signs": [{"match": "form", "value": "Stock check"}, {"match": "path", "value": "/stock"}]}
    status, made = api("POST", "/scoring/topics", body)
    assert (status, made["key"], made["signs"], made["people"]) == (201, "stock", body["signs"], 0)
    assert api("PUT", "/scoring/topics/stock", {**body, "name": "Stocks"})[1]["name"] == "Stocks"
    assert api("GET", "/scoring/topics/stock/people") == (200, [])
    assert (made["decay"], made["decay_days"], made["progress"]) == ("half", 30, None)
    changed = api("PUT", "/scoring/topics/stock", {**body, "decay": "linear", "decay_days": 5})[1]
    assert (changed["decay"], changed["decay_days"], changed["progress"]) == ("linear", 5, 0)
    assert api("DELETE", "/scoring/topics/stock/run")[1]["decay_days"] == 30
    assert api("PUT", "/scoring/topics/stock", {**body, "decay_days": 0})[0] == 422
    assert api("POST", "/scoring/topics/stock/run")[1]["progress"] == 0
    a = person()
    happened(a, "page.viewed", path="/stock", title="Stock")
    dispatch.run_once("audience")
    status, why = api("GET", f"/people/{a}/interests/stock")
    assert (status, why["weight"], why["decay_days"], [line["why"] for line in why["lines"]]) == (200, 1, 30, ["Stock"])
    assert api("GET", f"/people/{a}/interests/nope")[0] == 404
    assert api("GET", "/people/999999999/interests/stock")[0] == 404
    assert api("DELETE", "/scoring/topics/stock")[0] == 204
    assert api("PUT", "/scoring/topics/stock", body)[0] == 404


def test_the_schema_names_every_sort_of_condition(api: Api) -> None:
    schema = api("GET", "/schemas/segment")[1]
    titles = [one.get("title") for one in schema["$defs"]["condition"]["oneOf"]]
    assert {"field", "tag", "score", "segment", "consent", "random", "interest", "event"} <= set(titles)
