"""Counts over everybody by the short ways (ADR 10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from headwater.audience import queries
from headwater.audience.compiler import parse, statement
from headwater.audience.compiler.estimates import quarters
from headwater.core import clock
from headwater.people.models import Contact
from headwater.timeline.actions import Custom, record

pytestmark = pytest.mark.django_db
TWICE = {"event": "a.done", "count": {"op": "gte", "value": 2}, "within": "1d"}


def people(*ids: int) -> None:
    for pk in ids:
        Contact.objects.create(pk=pk, created_at=clock.now(), tags=["vip"] if pk % 2 else [])


def test_counting_by_ranges_of_people_misses_nobody_at_their_edges() -> None:
    ids = [1, 24, 25, 26, 50, 51, 75, 76, 100]
    people(*ids)
    assert quarters() == [25, 50, 75]
    for pk in ids:
        for minutes in (1, 2):
            record(pk, Custom("a.done", {}), at=clock.now() - timedelta(minutes=minutes))
    record(75, Custom("b.done", {}))
    assert queries.preview(TWICE, sample=20) == (9, sorted(ids, reverse=True))
    once = {
        "event": "b.done",
        "count": {"op": "between", "value": [1, 3]},
        "first": {"op": "within", "value": "1d"},
    }
    assert queries.preview({"all": [TWICE, once]}, sample=20) == (1, [75])
    assert queries.preview({"all": [TWICE, {"tag": "vip"}]}, sample=20) == (4, [75, 51, 25, 1])


def test_facts_of_who_is_no_contact_count_for_nobody() -> None:
    people(5)
    for pk in (5, 6):
        record(pk, Custom("a.done", {}))
        record(pk, Custom("a.done", {}))
    assert queries.preview(TWICE) == (1, [5])


def test_any_of_few_are_asked_apart_and_counted_once() -> None:
    people(*range(1, 11))
    record(3, Custom("a.done", {}))
    record(4, Custom("a.done", {}))
    any_: dict[str, Any] = {"any": [{"tag": "vip"}, {"event": "a.done", "within": "1d"}]}
    with connection.cursor() as cursor:
        said = statement(parse(any_), timeless=True)
        cursor.execute(f"SELECT count(*) FROM {said.source}", said.params(clock.now()))
        assert cursor.fetchone() == (6,)
    assert " UNION " in said.source
    assert queries.preview(any_, sample=10) == (6, [9, 7, 5, 4, 3, 1])
    within = {"any": [{"any": [{"field": "contact.plan", "op": "eq", "value": "x"}, {"tag": "vip"}]}, any_["any"][1]]}
    assert queries.preview(within, sample=10) == (6, [9, 7, 5, 4, 3, 1])
    assert queries.preview({"not": any_}, sample=10) == (4, [10, 8, 6, 2])
