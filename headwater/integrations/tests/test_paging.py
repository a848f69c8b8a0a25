"""Every long list of the API is paged in one way, and says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.audience.engine import building
from headwater.core.paging import BadCursor, opened, sealed
from headwater.integrations.views.reference import schema

pytestmark = pytest.mark.django_db
Call = Callable[..., tuple[int, Any]]
MJML = "<mjml><mj-body><mj-section><mj-column><mj-text>Hi</mj-text></mj-column></mj-section></mj-body></mjml>"


@pytest.fixture
def call(client: Client) -> Call:
    client.force_login(User.objects.create_user("a@x.example", "a@x.example", "pw", role="admin"))

    def run(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        response = client.generic(method, f"/api/v1{path}", json.dumps(body) if body else "", "application/json")
        return response.status_code, json.loads(response.content or b"null")

    return run


def _contacts(call: Call) -> str:
    for n in range(5):
        assert call("POST", "/contacts", {"email": f"p{n}@x.example"})[0] == 201
    return "/contacts"


def _companies(call: Call) -> str:
    for n in range(5):
        assert call("POST", "/companies", {"name": f"Ähre ~{n}: 한국"})[0] == 201
    return "/companies"


def _timeline(call: Call) -> str:
    pk = call("POST", "/contacts", {"email": "ana@x.example"})[1]["id"]
    for n in range(4):
        assert call("POST", f"/contacts/{pk}/tags", {"add": [f"t{n}"]})[0] == 200
    return f"/contacts/{pk}/timeline"


def _deals(call: Call) -> str:
    for n in range(5):
        assert call("POST", "/deals", {"name": f"Deal {n}"})[0] == 201
    return "/deals"


def _tickets(call: Call) -> str:
    for n in range(5):
        assert call("POST", "/tickets", {"subject": f"Ticket {n}"})[0] == 201
    return "/tickets"


def _orders(call: Call) -> str:
    for n in range(5):
        assert call("POST", "/orders", {"number": f"{n}"})[0] == 201
    return "/orders"


def _tasks(call: Call) -> str:
    for n in range(5):
        assert call("POST", "/tasks", {"title": f"Task {n}"})[0] == 201
    return "/tasks"


def _mails(call: Call) -> str:
    pk = call("POST", "/contacts", {"email": "ana@x.example"})[1]["id"]
    sent = {"name": "Receipt", "purpose": "transactional", "subject": "Hi", "mjml": MJML}
    template = call("POST", "/templates", sent)[1]["id"]
    for n in range(5):
        assert call("POST", "/mails", {"person_id": pk, "template_id": template, "key": str(n)})[0] == 202
    return "/mails"


def _submissions(call: Call) -> str:
    fields = [{"key": "email", "label": "E-mail", "type": "email", "required": True, "maps_to": "email"}]
    form = call("POST", "/forms", {"name": "Paper", "fields": fields})[1]["id"]
    for n in range(5):
        sent = {"answers": {"email": f"p{n}@x.example"}, "key": str(n)}
        assert call("POST", f"/forms/{form}/submissions", sent)[0] == 201
    return f"/forms/{form}/submissions"


def _people_in_a_list(call: Call) -> int:
    made = call("POST", "/segments", {"name": "List"})[1]["id"]
    people = [call("POST", "/contacts", {"email": f"p{n}@x.example"})[1]["id"] for n in range(5)]
    assert call("POST", f"/segments/{made}/picked", {"people": people})[0] == 200
    building.run_all()
    return int(made)


def _members(call: Call) -> str:
    return f"/segments/{_people_in_a_list(call)}/members"


def _picked(call: Call) -> str:
    return f"/segments/{_people_in_a_list(call)}/picked"


FILL = (_members, _picked, _contacts, _companies, _timeline, _deals, _orders, _tickets, _tasks, _mails, _submissions)


@pytest.mark.parametrize("fill", FILL, ids=lambda f: f.__name__.strip("_"))
def test_following_next_gives_every_row_once_and_then_ends(call: Call, fill: Callable[[Call], str]) -> None:
    path = fill(call)
    pages = list(_pages(call, path))
    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert len({json.dumps(row, sort_keys=True) for page in pages for row in page["items"]}) == 5
    whole = call("GET", f"{path}?limit=5")[1]
    assert [row for page in pages for row in page["items"]] == whole["items"]
    assert whole["next"] == ""  # a page that is just full promises nothing more


def _pages(call: Call, path: str) -> Iterator[Any]:
    following = None
    while following != "":
        status, page = call("GET", f"{path}?limit=2" + (f"&cursor={following}" if following else ""))
        assert (status, sorted(page)) == (200, ["items", "next"])
        yield page
        following = page["next"]


@pytest.mark.parametrize("fill", FILL, ids=lambda f: f.__name__.strip("_"))
def test_a_cursor_that_is_none_of_this_list_is_refused_at_its_field(call: Call, fill: Callable[[Call], str]) -> None:
    path = fill(call)
    for wrong in ("nonsense", "x", "%F0x", sealed("elsewhere", "1~2"), "2026-11-02T09:30:00Z~1"):
        status, said = call("GET", f"{path}?cursor={wrong}")
        assert (status, said["error"], [e["field"] for e in said["errors"]]) == (422, "invalid", ["query.cursor"])
    assert call("GET", f"{path}?limit=0")[1]["errors"][0]["field"] == "query.limit"
    assert call("GET", f"{path}?limit=201")[0] == 422


@pytest.mark.parametrize("path", ["/deals?after=x", "/tasks?after=x", "/mails?before=x", "/contacts?stgae=mql"])
def test_a_parameter_that_nobody_takes_is_refused_and_not_overheard(call: Call, path: str) -> None:
    status, said = call("GET", path)
    name = path.partition("?")[2].partition("=")[0]
    assert (status, said["error"], said["errors"][0]["field"]) == (422, "invalid", f"query.{name}")
    assert f"There is no parameter `{name}` here." in said["reason"]
    assert "`cursor`" in said["reason"]


def test_the_reference_shows_the_same_three_names_wherever_there_is_a_next() -> None:
    """A new list with `next` that is paged by other names fails here."""
    paged = 0
    for path, verbs in schema()["paths"].items():
        answer = verbs.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        ref = answer.get("application/json", {}).get("schema", {}).get("$ref", "")
        props = schema()["components"]["schemas"].get(ref.rpartition("/")[2], {}).get("properties", {})
        if "next" not in props:
            continue
        paged += 1
        parameters = {p["name"]: p["schema"] for p in verbs["get"]["parameters"]}
        assert set(props) == {"items", "next"}, path
        assert props["next"]["description"] == "Send it as `cursor` for the page that follows; empty at the end", path
        assert (parameters["limit"]["minimum"], parameters["limit"]["maximum"]) == (1, 200), path
        assert (parameters["limit"]["default"], parameters["cursor"]["default"]) == (50, ""), path
        assert not {"before", "after", "offset", "page"} & set(parameters), path
    assert paged >= len(FILL)


def test_a_place_is_sealed_for_its_list_and_safe_in_a_url() -> None:
    place = "2026-11-02T09:30:00+00:00~한국 & more:7"
    cursor = sealed("deals", place)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert (opened("deals", cursor), opened("deals", ""), sealed("deals", "")) == (place, "", "")
    for wrong in (sealed("tasks", place), "é", "!!!!"):
        with pytest.raises(BadCursor):
            opened("deals", wrong)
