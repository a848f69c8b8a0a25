"""What the editor of conditions is offered: made of what leaves say of themselves, and of what there is in truth."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headwater.accounts.models import User
from headwater.audience.compiler import LEAVES, parse, seen
from headwater.audience.compiler.palette import palette
from headwater.people.actions import set_consent
from headwater.people.models import Company, Tag

from .helpers import happened, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    out = Client()
    out.force_login(User.objects.create_user(username="m@x.test", email="m@x.test", password="x", role="marketer"))
    return out


def leaf(name: str) -> dict[str, Any]:
    return next(one for one in palette()["leaves"] if one["type"] == name)


def parts(name: str) -> dict[str, str]:
    return {p["key"]: p["as"] for p in leaf(name)["parts"] if p.get("key")}


def test_every_registered_leaf_is_offered_with_a_part_for_each_of_its_keys() -> None:
    offered = {one["type"]: one for one in palette()["leaves"]}
    assert set(offered) == set(LEAVES)
    for name, one in offered.items():
        have = {p.get("key") for p in one["parts"]}
        bare = {"op", "value"} if any(p["as"] in ("compare", "field") for p in one["parts"]) else set()
        missing = set() if name == "field" else {name, *LEAVES[name].keys} - have - bare
        assert missing == set(), name


def test_the_parts_of_a_leaf_are_made_from_its_schema() -> None:
    assert parts("event") == {
        "event": "kind", "where": "where", "count": "compare", "within": "span", "between": "pair", "first": "moment",
        "last": "moment", "sum": "measure", "avg": "measure", "min": "measure", "max": "measure",
    }  # fmt: skip
    assert parts("score") == {"score": "choice", "of": "choice", "band": "choice"}
    sums = {"sum": "measure", "avg": "measure", "min": "measure", "max": "measure"}
    assert parts("deal") == {"deal": "records", "count": "compare", **sums}
    assert {"name": "amount", "label": "Amount", "type": "money", "choices": None} in leaf("deal")["fields"]


def test_the_palette_takes_the_same_number_of_statements_however_much_there_is() -> None:
    def asked(n: int) -> int:
        for at in range(n):
            Tag.objects.create(name=f"t{n}-{at}")
            happened(person(custom={f"k{at}": 1}), f"shop.kind{at}", path="/")
        with CaptureQueriesContext(connection) as queries:
            palette()
        return len(queries)

    assert asked(1) == asked(10)


def test_values_are_offered_by_how_often_they_are_seen() -> None:
    for country in ("KR", "KR", "DE", ""):
        person(country=country)
    person(company=Company.objects.create(name="Hanbit", roles=["customer", "partner"]))
    assert seen.suggest("field:contact.country") == [("KR", 2), ("DE", 1)]
    assert seen.suggest("field:contact.country", "d") == [("DE", 1)]
    assert seen.suggest("field:contact.country", "korea") == [("KR", 2)]  # by its name too
    assert seen.suggest("field:company.name", "BIT") == [("Hanbit", 1)]
    assert seen.suggest("field:company.roles") == [("customer", 1), ("partner", 1)]
    person(custom={"plan": "pro"})
    assert seen.suggest("field:contact.plan") == [("pro", 1)]


def test_properties_and_their_values_come_from_the_log() -> None:
    a = person()
    for path in ("/pricing", "/pricing", "/blog"):
        happened(a, "page.viewed", path=path)
    happened(a, "shop.bought", items={"size": 3, "colour": "red"}, amount=12)
    assert "shop.bought" in seen.kinds()
    assert seen.suggest("props:shop.bought") == [("amount", 1), ("items.colour", 1), ("items.size", 1)]
    assert seen.suggest("prop:page.viewed:path") == [("/pricing", 2), ("/blog", 1)]
    assert seen.suggest("prop:shop.bought:items.colour") == [("red", 1)]


def test_the_api_serves_palette_suggestions_and_problems(client: Client) -> None:
    caches["local"].clear()  # what another test suggested on a slow machine
    person(country="KR")
    assert {"leaves", "fields", "kinds", "options", "text"} <= set(client.get("/api/v1/segments/palette").json())
    assert client.get("/api/v1/segments/suggest?of=field:contact.country&q=k").json() == [{"value": "KR", "count": 1}]
    for wrong in ("nothing", "field:contact.contry", "field:"):
        assert client.get(f"/api/v1/segments/suggest?of={wrong}").status_code == 422, wrong

    def check(definition: Any) -> Any:
        body = json.dumps({"definition": definition})
        return client.post("/api/v1/segments/check", body, content_type="application/json").json()

    assert check({"tag": "vip"}) == {"problems": [], "summary": "tagged “vip”"}
    assert [p["path"] for p in check({"all": [{"tag": ""}]})["problems"]] == ["$.all[0].tag"]
    assert check(5)["problems"][0]["path"] == "$"


def test_topics_of_consents_are_suggested_and_states_are_said_in_words() -> None:
    a = person()
    for topic in ("news", "events", ""):
        set_consent(a, "email", "withdrawn", topic=topic, actor="user:1")
    assert seen.suggest("topics", "n") == [("news", 1), ("events", 1)]
    node = parse({"consent": "email", "topic": "news", "state": "withdrawn"})
    assert node.says() == "consent for email (news) is withdrawn"  # type: ignore[attr-defined]
    assert [one["text"] for one in node.evidence(a)] == ["Consent: withdrawn"]  # type: ignore[attr-defined]
