"""Erasing: nothing of a person remains in any table but what is said to; she is not mailed again after a re-import."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from headwater.people import actions, registry, rules
from headwater.people.models import Contact
from headwater.timeline.actions import in_lane
from headwater.timeline.models import Operation

pytestmark = pytest.mark.django_db


def person_tables() -> dict[str, list[str]]:
    """Every table with a column that names a person or a visitor, from the database itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN pg_class k "
            "ON k.relname = c.table_name AND NOT k.relispartition AND k.relkind IN ('r', 'p') "
            "JOIN pg_namespace n ON n.oid = k.relnamespace AND n.nspname = c.table_schema "
            "WHERE c.table_schema = 'public' AND c.column_name IN ('person_id', 'contact_id', 'visitor_id')"
        )
        out: dict[str, list[str]] = {}
        for table, column in cursor.fetchall():
            out.setdefault(table, []).append(column)
        return out


def test_every_table_that_names_people_has_a_holder_who_answers_for_it() -> None:
    held = {table for holder in registry.holders for table in holder.tables}
    assert sorted(set(person_tables()) - held) == []
    assert sorted(held - {m._meta.db_table for m in apps.get_models()}) == []


def test_nobody_is_erased_without_a_reason_and_nobody_twice() -> None:
    person = actions.create_contact(actor="system", name="Amelia Stone", email="a@x.example").pk
    with pytest.raises(rules.Invalid):
        actions.erase_people([person], reason=" ", actor="user:1")
    assert actions.erase_people([person, 999999], reason="She asked", actor="user:1") == [person]
    assert actions.erase_people([person], reason="She asked", actor="user:1") == []
    line = Operation.objects.get(what="person.erased")
    assert (line.actor, line.subject, line.note, line.detail) == ("user:1", f"person {person}", "She asked", {})


def test_an_address_is_free_again_and_the_new_contact_is_another() -> None:
    first = actions.create_contact(actor="system", name="Amelia Stone", email="a@x.example").pk
    actions.erase_people([first], reason="x", actor="user:1")
    second = actions.identify([actions.Identity(email="a@x.example")])[0]
    assert second != first
    assert list(Contact.objects.values_list("pk", flat=True)) == [second]


@pytest.mark.django_db(transaction=True)
def test_whoever_read_her_address_before_she_went_makes_a_new_contact(monkeypatch: pytest.MonkeyPatch) -> None:
    """identify() resolves the address, then waits for the lane; what it resolved may be gone by then."""
    module = sys.modules["headwater.people.actions.identify"]
    first = actions.create_contact(actor="system", name="Amelia Stone", email="a@x.example").pk
    real, went = in_lane, []

    def erase() -> None:
        went.append(actions.erase_people([first], reason="x", actor="user:1"))
        connection.close()

    def in_lane_after_her(*people: int) -> Any:
        if threading.current_thread() is threading.main_thread() and not went:
            other = threading.Thread(target=erase)
            other.start()
            other.join(20)
        return real(*people)

    monkeypatch.setattr(module, "in_lane", in_lane_after_her)
    second = actions.identify([actions.Identity(email="a@x.example", fields={"name": "New"})])[0]
    assert went == [[first]]
    assert list(Contact.objects.values_list("pk", "name")) == [(second, "New")]
    assert second != first
