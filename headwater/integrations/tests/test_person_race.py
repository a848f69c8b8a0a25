"""A reaction that read a fact before its person was merged or erased, and waited for her lane, reads again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection

from headwater.core.setup import after_migrate
from headwater.people import actions as people
from headwater.timeline import actions as timeline
from headwater.timeline import dispatch, registry
from headwater.timeline.actions import Custom
from headwater.timeline.registry import Event


@pytest.fixture
def heard() -> Any:
    out: list[tuple[int, str]] = []

    def react(batch: Sequence[Event]) -> None:
        out.extend((e.person_id, e.kind) for e in batch)

    registry.reaction("race", hears=["pricing.asked"], order=200)(react)
    timeline.ensure_consumers()
    yield out
    registry._consumers.pop("race")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["merged", "erased"])
def test_a_batch_that_was_read_too_early_is_read_again(
    what: str, heard: list[tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    after_migrate()
    one = people.create_contact(actor="system", name="Amelia", email="a@x.example").pk
    two = people.create_contact(actor="system", name="Amy", email="b@x.example").pk
    timeline.record(two, Custom("pricing.asked", {}))
    timeline.record(one, Custom("pricing.asked", {}))

    def change() -> None:
        if what == "merged":
            people.merge_contacts(one, two, actor="user:1")
        else:
            people.erase_people([two], reason="x", actor="user:1")
        connection.close()

    real, done = dispatch._read, []

    def read_then_wait(*args: Any) -> list[Event]:
        found = real(*args)
        if not done:
            done.append(1)
            other = threading.Thread(target=change)
            other.start()
            other.join(30)
        return found

    monkeypatch.setattr(dispatch, "_read", read_then_wait)
    dispatch.run_once("race")
    assert sorted(heard) == ([(one, "pricing.asked")] * (2 if what == "merged" else 1))
    assert dispatch.run_once("race") == 0
