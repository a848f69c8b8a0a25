"""A fact touches the segments whose conditions it can meet, and no others."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from headwater.audience import actions, queries
from headwater.audience.engine import building, membership
from headwater.audience.engine.book import TOGETHER, book
from headwater.core import clock
from headwater.people import actions as people
from headwater.people.models import Contact
from headwater.timeline import dispatch
from headwater.timeline.registry import Event

pytestmark = pytest.mark.django_db


def viewed(*where: dict[str, Any]) -> dict[str, Any]:
    return {"event": "page.viewed", "where": list(where)}


def path(op: str, value: Any) -> dict[str, Any]:
    return {"prop": "path", "op": op, "value": value}


CONDITIONS = {
    "any": viewed(),
    "pricing": viewed(path("starts_with", "/pricing")),
    "both": viewed(path("starts_with", "/pricing"), {"prop": "n", "op": "gte", "value": 2}),
    "one": viewed({"prop": "n", "op": "eq", "value": 1}),
    "true": viewed({"prop": "n", "op": "eq", "value": True}),
    "street": viewed(path("contains", "straße")),
    "docs": viewed(path("contains", "/DOCS")),
    "within": viewed({"prop": "fields.plan", "op": "eq", "value": "x"}),
    "not": {"not": viewed(path("eq", "/jobs"))},
    "taken in": {"segment": "docs"},
    "vip": {"tag": "vip"},
}


def touched(kind: str = "page.viewed", **data: Any) -> set[str]:
    event = Event(0, 0, 7, clock.now(), uuid.uuid4(), kind, data, "system", clock.now())
    return {living.name for living in membership.touched([event], (), book())}


def test_a_fact_touches_those_whose_properties_it_has_or_may_have() -> None:
    for name, condition in CONDITIONS.items():
        actions.create_segment(key=name.replace(" ", "-"), name=name, definition=condition, actor="test")
    building.run_all()
    always = {"any", "street", "within"}  # what Python might see in another way than PostgreSQL is asked
    assert touched(path="/b") == always
    assert touched(path="/pricing/x", n=2) == always | {"pricing", "both"}
    assert touched(path="/pricing", n=1) == always | {"pricing", "one"}
    assert touched(path="/b", n=True) == always | {"true"}
    assert touched(path="/b", n=1) == always | {"one"}
    assert touched(path="/b", n=1.0) == always | {"one", "true", "both"}
    assert touched(path="/jobs") == always | {"not"}
    assert touched(path="/docs/a") == always | {"docs", "taken in"}
    assert touched(path="/É") == always | {"docs", "taken in"}
    assert touched(path=["/docs"]) == set(CONDITIONS) - {"vip", "one", "true"}
    assert touched("tag.added", tag="vip") == {"vip"}
    assert touched("tag.removed", tag="fair") == set()
    assert touched("contact.updated", changes={"tags": [[], ["vip"]]}) == {"vip"}
    assert touched("contact.created") == set(CONDITIONS)


def test_everybody_finds_the_way_into_each_segment_of_a_whole_block_and_out_of_it() -> None:
    ids = [
        actions.create_segment(key=f"s{n}", name=str(n), definition={"tag": f"t{n}"}, actor="test").pk
        for n in range(TOGETHER + 2)
    ]
    building.run_all()
    one, other = (Contact.objects.create(created_at=clock.now()).pk for _ in range(2))
    people.add_tags([one], ["t0", f"t{TOGETHER - 1}", f"t{TOGETHER}"], actor="test")
    people.add_tags([one, other], ["t31", "t32"], actor="test")
    dispatch.run_once("audience")
    inside = {n: queries.are_members(pk, [one, other]) for n, pk in enumerate(ids)}
    assert {n: found for n, found in inside.items() if found} == {
        0: {one}, 31: {one, other}, 32: {one, other}, TOGETHER - 1: {one}, TOGETHER: {one},
    }  # fmt: skip
    people.remove_tags([one], ["t31", f"t{TOGETHER - 1}"], actor="test")
    dispatch.run_once("audience")
    assert queries.are_members(ids[31], [one, other]) == {other}
    assert queries.are_members(ids[TOGETHER - 1], [one, other]) == set()
