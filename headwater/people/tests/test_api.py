"""The API of contacts and companies: exact bodies, also of what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.people.actions import doubles, jobs
from headwater.people.models import Contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    made = Client()
    made.force_login(User.objects.create_user(username="a@demo.example", email="a@demo.example", role="admin"))
    return made


def call(client: Client, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    answer = client.generic(method, f"/api/v1{path}", json.dumps(body), content_type="application/json")
    return answer.status_code, answer.json()


def test_a_contact_is_made_read_changed_and_found(client: Client) -> None:
    status, made = call(
        client, "POST", "/contacts", {"name": "김지수", "email": "JiSoo@Seoul.example", "tags": ["vip"]}
    )
    assert status == 201
    assert {k: made[k] for k in ("name", "first_name", "last_name", "email", "stage", "tags")} == {
        "name": "김지수", "first_name": "지수", "last_name": "김", "email": "jisoo@seoul.example", "stage": "lead",
        "tags": ["vip"],
    }  # fmt: skip
    path = f"/contacts/{made['id']}"
    assert made["company"]["name"] == "Seoul"
    status, changed = call(client, "PATCH", path, {"job_title": "CTO", "stage": "mql", "tags": ["a"], "phone": None})
    assert (status, changed["job_title"], changed["stage"], changed["tags"]) == (200, "CTO", "mql", ["a"])
    assert call(client, "GET", path) == (200, changed)
    assert [c["id"] for c in call(client, "GET", "/contacts?q=지수")[1]["items"]] == [made["id"]]
    facts = call(client, "GET", path + "/timeline")[1]["items"]
    assert {f["actor"] for f in facts} == {f"user:{User.objects.get().pk}"}
    assert [f["kind"] for f in facts] == [
        "tag.removed", "tag.added", "stage.changed", "contact.updated", "tag.added", "contact.created",
    ]  # fmt: skip


def test_finding_or_making_twice_is_doing_it_once(client: Client) -> None:
    body = {"email": "a@b.example", "external_id": "shop:1", "city": "Berlin"}
    first = call(client, "PUT", "/contacts", body)
    assert call(client, "PUT", "/contacts", body) == first
    assert call(client, "PUT", "/contacts", {"external_id": "shop:1", "city": "Bonn"})[1]["city"] == "Berlin"
    assert (
        call(client, "PUT", "/contacts", {"external_id": "shop:1", "city": "Bonn", "overwrite": True})[1]["city"]
        == "Bonn"
    )
    assert Contact.objects.count() == 1


def test_tags_stage_and_consent(client: Client) -> None:
    path = f"/contacts/{call(client, 'POST', '/contacts', {'name': 'A'})[1]['id']}"
    assert call(client, "POST", path + "/tags", {"add": ["x", "y"], "remove": ["y"]})[1]["tags"] == ["x"]
    assert call(client, "POST", path + "/stage", {"stage": "customer", "reason": "won"})[1]["stage"] == "customer"
    status, said = call(
        client, "POST", path + "/consent", {"channel": "email", "state": "granted", "proof": {"text": "yes"}}
    )
    assert (status, [(c["channel"], c["state"], c["proof"]) for c in said]) == (
        200, [("email", "granted", {"source": "API", "text": "yes"})],
    )  # fmt: skip


@pytest.mark.parametrize(
    "method, path, body, field, reason",
    [
        ("POST", "/contacts", {"email": "a"}, "email", "An e-mail address needs an @ sign."),
        ("POST", "/contacts", {}, "name", "Give a name, an e-mail address or a telephone number."),
        ("POST", "/contacts", {"name": "A", "phone": "12"}, "phone",
         "Write the number with its country code, such as +49 30 123456."),
        ("POST", "/contacts", {"name": "A", "owner_id": 99}, "owner_id", "There is no such user."),
        ("POST", "/contacts", {"name": "A", "company_id": 99}, "company_id", "There is no such company."),
        ("POST", "/contacts", {"name": "A", "shoe": 99}, "body.shoe", "Extra inputs are not permitted"),
        ("PUT", "/contacts", {"city": "X"}, "email", "Enter an e-mail address."),
        ("GET", "/contacts?sort=shoe", None, "sort", "There is no such order."),
        ("GET", "/contacts?stage=king", None, "stage", "This value cannot be filtered by."),
        ("POST", "/companies", {"name": " "}, "name", "A company needs a name."),
        ("POST", "/companies", {"name": "A", "domain": "x"}, "domain", "Write the domain as in northwind.example."),
    ],
)  # fmt: skip
def test_what_is_refused_says_the_field(
    client: Client, method: str, path: str, body: Any, field: str, reason: str
) -> None:
    assert call(client, method, path, body) == (
        422,
        {"error": "invalid", "reason": reason, "errors": [{"field": field, "reason": reason}]},
    )


def test_an_address_belongs_to_one_contact(client: Client) -> None:
    call(client, "POST", "/contacts", {"email": "a@b.example"})
    other = call(client, "POST", "/contacts", {"email": "c@b.example"})[1]["id"]
    assert call(client, "POST", "/contacts", {"email": "A@b.example"})[1]["errors"] == [
        {"field": "email", "reason": "A contact with this e-mail address exists already."}
    ]
    assert call(client, "PATCH", f"/contacts/{other}", {"email": "a@b.example"})[1]["errors"] == [
        {"field": "email", "reason": "This e-mail address belongs to another contact."}
    ]
    assert call(client, "PATCH", f"/contacts/{other}", {"email": "d@b.example"})[0] == 200
    assert call(client, "POST", "/contacts", {"email": "c@b.example"})[0] == 201


def test_who_and_what_is_not_there(client: Client) -> None:
    gone = (404, {"error": "not_found", "reason": "There is no such thing."})
    for path in ("/contacts/9", "/contacts/9/timeline", "/companies/9", "/contacts/99999999999999999999"):
        assert call(client, "GET", path) == gone, path
    assert call(client, "PATCH", "/contacts/9", {"city": "x"}) == gone
    assert call(client, "GET", "/contacts?cursor=nonsense")[0] == 422


def test_companies_are_made_changed_and_found(client: Client) -> None:
    status, made = call(
        client, "POST", "/companies", {"name": "Northwind", "domain": "https://www.Northwind.example/x"}
    )
    assert (status, made["domain"]) == (201, "northwind.example")
    changed = call(client, "PATCH", f"/companies/{made['id']}", {"roles": ["customer"], "size": "11-50"})[1]
    assert (changed["roles"], changed["size"]) == (["customer"], "11-50")
    assert call(client, "GET", "/companies?q=northw")[1] == {"items": [changed], "next": ""}
    assert call(client, "POST", "/companies", {"name": "NORTHWIND"})[1]["errors"][0]["field"] == "name"
    person = call(client, "POST", "/contacts", {"email": "a@northwind.example"})[1]
    assert person["company"] == {"id": made["id"], "name": "Northwind"}


def test_many_are_changed_merged_parted_and_erased(client: Client) -> None:
    ids = [
        call(client, "POST", "/contacts", {"name": f"P{n}", "email": f"p{n}@x.example", "phone": "+491701234567"})[1][
            "id"
        ]
        for n in range(3)
    ]
    a, b, c = ids
    status, job = call(client, "POST", "/contacts/bulk", {"action": "tag", "params": {"tags": ["x"]}, "q": "p0@"})
    assert (status, job["state"], job["percent"]) == (202, "gathering", 0)
    while jobs.run_once():
        pass
    status, job = call(client, "GET", f"/contacts/bulk/{job['id']}")
    assert (job["state"], job["total"], job["changed"], job["percent"]) == ("done", 1, 1, 100)
    assert call(client, "POST", f"/contacts/bulk/{job['id']}/undo")[0] == 202
    while jobs.run_once():
        pass
    assert call(client, "POST", f"/contacts/bulk/{job['id']}/undo")[0] == 422
    assert call(client, "GET", "/contacts/bulk/9999")[0] == 404
    for body in ({"action": "tag"}, {"action": "tag", "params": {"tags": []}, "everybody": True},
                 {"action": "x", "everybody": True}, {"action": "tag", "filters": {"nothing": "1"}}):  # fmt: skip
        assert call(client, "POST", "/contacts/bulk", body)[0] == 422

    doubles.search_once()
    pairs = call(client, "GET", "/contacts/duplicates")[1]
    assert sorted((p["one"], p["other"], p["why"]) for p in pairs) == [
        (a, b, "phone"),
        (a, c, "phone"),
        (b, c, "phone"),
    ]
    assert client.generic("POST", "/api/v1/contacts/duplicates/apart", json.dumps({"one": c, "other": b}),
                          content_type="application/json").status_code == 204  # fmt: skip
    assert len(call(client, "GET", "/contacts/duplicates")[1]) == 2

    status, one = call(client, "POST", f"/contacts/{a}/merge", {"merged": b, "choices": {"email": b}})
    assert (status, one["id"], one["email"]) == (200, a, "p1@x.example")
    assert call(client, "GET", f"/contacts/{b}")[1]["id"] == a
    assert call(client, "PATCH", f"/contacts/{b}", {"city": "Seoul"})[1]["id"] == a
    assert call(client, "POST", f"/contacts/{a}/merge", {"merged": b})[0] == 422
    assert call(client, "POST", f"/contacts/{a}/merge", {"merged": c, "choices": {"shoe": a}})[0] == 422
    merge = call(client, "GET", f"/contacts/{a}/merges")[1][0]
    assert call(client, "POST", f"/contacts/merges/{merge['id']}/undo")[1]["undone_at"] is not None
    assert call(client, "POST", f"/contacts/merges/{merge['id']}/undo")[0] == 422
    assert [call(client, "GET", f"/contacts/{p}")[1]["email"] for p in (a, b)] == ["p0@x.example", "p1@x.example"]
    assert call(client, "GET", f"/contacts/{a}")[1]["city"] == "Seoul"

    assert call(client, "GET", f"/contacts/{a}/everything")[1]["people_contact"][0]["email"] == "p0@x.example"
    assert client.delete(f"/api/v1/contacts/{a}").status_code == 422
    assert client.delete(f"/api/v1/contacts/{a}?reason=She+asked").status_code == 204
    assert client.delete(f"/api/v1/contacts/{a}?reason=She+asked").status_code == 404
