"""Facts and notices of one transaction, written and sent in one go: nobody sees the difference."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from headwater.core import wake
from headwater.timeline import actions
from headwater.timeline.actions import Custom, NewFact, in_lane, together
from headwater.timeline.models import LaneLog, StoredFact

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def say(person: int, what: str, **more: Any) -> None:
    actions.record(person, Custom(f"test.{what}", {}), at=AT, **more)


def said() -> list[tuple[int, str]]:
    return list(LaneLog.objects.order_by("lane_key", "seq").values_list("person_id", "kind"))


def _writes(queries: Any) -> int:
    return sum("INSERT INTO timeline_fact" in q["sql"] for q in queries)


def test_what_several_actions_record_is_written_by_one_statement_in_their_order() -> None:
    with CaptureQueriesContext(connection) as queries, transaction.atomic(), in_lane(7, 8), together():
        for what in ("a", "b", "c"):
            say(7, what)
        ids = actions.record_many([NewFact(8, Custom("test.d", {}), AT), NewFact(7, Custom("test.e", {}), AT)])
        assert len(ids) == 2
    assert _writes(queries) == 1
    assert [kind for person, kind in said() if person == 7] == ["test.a", "test.b", "test.c", "test.e"]
    assert [kind for person, kind in said() if person == 8] == ["test.d"]
    assert set(StoredFact.objects.filter(kind__in=["test.d", "test.e"]).values_list("id", flat=True)) == set(ids)


def test_who_looks_at_facts_in_between_sees_those_recorded_before() -> None:
    with transaction.atomic(), in_lane(7), together():
        say(7, "a")
        assert StoredFact.objects.filter(person_id=7).count() == 1
        say(7, "b")
        assert StoredFact.objects.filter(person_id=7).count() == 2
    assert said() == [(7, "test.a"), (7, "test.b")]


def test_a_fact_with_an_id_of_its_own_comes_behind_those_recorded_before_it_and_once() -> None:
    key = uuid.UUID(int=5)
    with transaction.atomic(), in_lane(7), together():
        say(7, "a")
        say(7, "b", id=key)
        say(7, "b", id=key)
        say(7, "c")
    assert said() == [(7, "test.a"), (7, "test.b"), (7, "test.c")]


def test_a_fact_of_the_future_is_held_and_the_others_keep_their_order() -> None:
    with transaction.atomic(), in_lane(7), together():
        say(7, "a")
        actions.record(7, Custom("test.later", {}), at=datetime.now(UTC) + timedelta(days=400))
        say(7, "b")
    assert said() == [(7, "test.a"), (7, "test.b")]


@pytest.mark.parametrize("looked", [False, True])
def test_a_savepoint_that_is_rolled_back_takes_its_facts_with_it_and_no_others(looked: bool) -> None:
    with transaction.atomic(), in_lane(7), together():
        say(7, "before")
        with suppress(RuntimeError), transaction.atomic():
            say(7, "lost")
            if looked:  # so that they are written inside it, those from before it, too
                assert StoredFact.objects.filter(person_id=7).count() == 2
            raise RuntimeError
        say(7, "after")
    assert said() == [(7, "test.before"), (7, "test.after")]


def test_what_was_written_in_a_savepoint_that_stays_is_not_written_again() -> None:
    with transaction.atomic(), in_lane(7), together():
        with transaction.atomic():
            say(7, "a")
            assert StoredFact.objects.filter(person_id=7).count() == 1
        with transaction.atomic():
            say(7, "b")
    assert said() == [(7, "test.a"), (7, "test.b")]


def test_after_an_error_nothing_is_kept_for_the_next_transaction() -> None:
    with suppress(RuntimeError), transaction.atomic(), in_lane(7), together():
        say(7, "lost")
        raise RuntimeError
    with transaction.atomic(), in_lane(7), together():
        say(7, "a")
    assert said() == [(7, "test.a")]


def test_notices_go_out_once_at_the_end_and_not_those_of_a_savepoint_that_was_rolled_back() -> None:
    with CaptureQueriesContext(connection) as queries, transaction.atomic(), wake.together():
        wake.notify(["person:7"])
        wake.publish("mail", "person:7")
        with suppress(RuntimeError), transaction.atomic():
            wake.publish("board:1")
            raise RuntimeError
    sent = [q["sql"] for q in queries if "pg_notify" in q["sql"]]
    assert len(sent) == 1
    assert ("person:7" in sent[0], "mail" in sent[0], "board:1" in sent[0]) == (True, True, False)
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        wake.publish("board:1")
    assert len(queries) == 3, [q["sql"] for q in queries]  # savepoint of the test, the notice, and its end
