"""Many people put into a list together, taken out, and back."""

from __future__ import annotations

import pytest

from headwater.audience.actions import create_segment
from headwater.audience.models import Picked
from headwater.people import actions as people
from headwater.people import rules
from headwater.people.actions import jobs

pytestmark = pytest.mark.django_db


def finish() -> None:
    while jobs.run_once():
        pass


def test_people_are_put_into_a_list_and_back() -> None:
    ids = [people.create_contact(actor="system", name=f"P{n}", email=f"p{n}@x.example").pk for n in range(3)]
    segment = create_segment(name="Guests", definition={"any": []}, actor="system")
    first = people.start_bulk("segment_in", given={"segment": str(segment.pk)}, actor="user:1", person_ids=ids[:2])
    finish()
    rows = list(Picked.objects.order_by("person_id").values_list("person_id", "side", "actor", "at"))
    assert [row[:3] for row in rows] == [(ids[0], "in", "user:1"), (ids[1], "in", "user:1")]
    out = people.start_bulk("segment_out", given={"segment": segment.pk}, actor="user:2", person_ids=ids)
    finish()
    assert Picked.objects.count() == 0
    out.refresh_from_db()
    assert out.changed == 2
    people.undo_bulk(out.pk, actor="user:2")
    finish()
    assert list(Picked.objects.order_by("person_id").values_list("person_id", "side", "actor", "at")) == rows
    people.undo_bulk(first.pk, actor="user:1")
    finish()
    assert Picked.objects.count() == 0
    with pytest.raises(rules.Invalid):
        people.start_bulk("segment_in", given={"segment": "9999"}, actor="user:1", person_ids=ids)
