"""Small journeys and the people who walk them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.journeys import actions
from headwater.journeys.engine import graph as engine_graph
from headwater.journeys.models import Journey

Make = Callable[..., Journey]


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    engine_graph.forget()
    yield
    engine_graph.forget()


def chain(*steps: tuple[str, str, dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A graph of steps one after the other: (id, kind, settings)."""
    found = {}
    for n, (key, kind, settings) in enumerate(steps):
        found[key] = {"kind": kind, "settings": settings}
        if kind != "exit":
            found[key]["next"] = steps[n + 1][0] if n + 1 < len(steps) else None
        else:
            found[key]["arms"] = {}
    return {"entry": [], "reentry": {"rule": "when_finished"}, "goal": None, "exits": [], "start": steps[0][0],
            "steps": found, **more}  # fmt: skip


def minutes(n: int) -> dict[str, Any]:
    return {"amount": n, "unit": "minutes"}


@pytest.fixture
def live() -> Make:
    """Make and publish a journey of this graph."""

    def make(graph: dict[str, Any], name: str = "Test") -> Journey:
        journey = actions.create_journey(name=name, graph=graph, actor="user:1")
        actions.publish(journey.pk, actor="user:1")
        journey.refresh_from_db()
        return journey

    return make


@pytest.fixture
def call() -> Any:
    """The API as a signed-in colleague calls it: (method, path, body) -> (status, answer)."""
    client = Client()
    user = User.objects.create_user("a@x.example", "a@x.example", "pw", role="admin", first_name="Maria")
    client.force_login(user)

    def call(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = json.dumps(body) if body is not None else ""
        answer = client.generic(method, f"/api/v1{path}", data, content_type="application/json")
        return answer.status_code, answer.json() if answer.content else None

    call.client = client  # type: ignore[attr-defined]
    call.user = user  # type: ignore[attr-defined]
    return call
