"""Order and completeness with everybody at it at once: processes that write and roll back, processes that read for two
consumers, one of which fails now and then. Each fact is heard once by each, in the order of its lane."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event as Flag

import pytest
from django.db import connection, transaction

from headwater.core.lanes import lane_key
from headwater.timeline import actions, dispatch, registry
from headwater.timeline.actions import Custom, NewFact, in_lane

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
WRITERS, TRANSACTIONS, PEOPLE = 4, 50, 120
fork = multiprocessing.get_context("fork")
#: A fact as the test knows it: person, writer, the writer's own count
Said = tuple[int, int, int]


class _Undone(Exception):
    pass


def write(writer: int, out: Queue[list[Said]]) -> None:
    """Transactions with one or several facts about one or several people; a sixth of them is rolled back."""
    connection.close()
    rng, said, count = random.Random(writer), [], 0
    for _ in range(TRANSACTIONS):
        batch: list[Said] = []
        try:
            with transaction.atomic():
                people = rng.sample(range(1, PEOPLE), rng.choice((1, 1, 2, 8)))
                with in_lane(*people):
                    for _part in range(rng.choice((1, 1, 3))):
                        facts = []
                        for person in people:
                            count += 1
                            batch.append((person, writer, count))
                            kind = rng.choice(("test.even", "test.odd"))
                            facts.append(NewFact(person, Custom(kind, {"w": writer, "n": count})))
                        actions.record_many(facts)
                        time.sleep(rng.choice((0, 0, 0.002)))
                    if rng.random() < 1 / 6:
                        raise _Undone
        except _Undone:
            continue
        said += batch
    connection.close()
    out.put(said)


def read(number: int, written: Flag) -> None:
    """Until everything that was written has been heard."""
    connection.close()
    rng = random.Random(number)
    while True:
        over = written.is_set()
        if not dispatch.run_all() and over and not _behind():
            break
        time.sleep(rng.choice((0, 0.003)))
    connection.close()


def _behind() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM timeline_laneposition p JOIN timeline_lane l USING (lane_key) "
            "WHERE l.head > p.seq AND p.consumer IN ('all', 'odd'))"
        )
        return bool(cursor.fetchone()[0])


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Consumers "all" and "odd" write down what they hear; "all" fails on one batch in ten, after it has written."""
    monkeypatch.setattr(registry, "_consumers", {})
    monkeypatch.setattr(dispatch, "BATCH_PER_LANE", 7)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE heard (nr bigserial, consumer text, lane_key bigint, seq bigint, person bigint, w int, n int)"
        )

    def keep(consumer: str, batch) -> None:  # type: ignore[no-untyped-def]
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO heard (consumer, lane_key, seq, person, w, n) VALUES (%s, %s, %s, %s, %s, %s)",
                [(consumer, e.lane_key, e.seq, e.person_id, e.data["w"], e.data["n"]) for e in batch],
            )

    @registry.reaction("all", hears=None, order=1)
    def hear_all(batch) -> None:  # type: ignore[no-untyped-def]
        keep("all", batch)
        if len(batch) > 1 and random.random() < 0.1:
            raise RuntimeError("one batch in ten")

    @registry.reaction("odd", hears=["test.odd"], order=2)
    def hear_odd(batch) -> None:  # type: ignore[no-untyped-def]
        keep("odd", batch)

    actions.ensure_consumers()
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE heard")


def test_each_fact_is_heard_once_by_each_in_the_order_of_its_lane(ears: None) -> None:
    connection.close()
    out: Queue[list[Said]] = fork.Queue()
    written = fork.Event()
    readers = [fork.Process(target=read, args=(n, written)) for n in range(2)]
    writers = [fork.Process(target=write, args=(n, out)) for n in range(WRITERS)]
    for process in (*readers, *writers):
        process.start()
    said = [fact for _ in writers for fact in out.get(timeout=120)]
    written.set()
    for process in (*writers, *readers):
        process.join(timeout=120)
    assert [p.exitcode for p in (*writers, *readers)] == [0] * (WRITERS + 2)

    with connection.cursor() as cursor:
        cursor.execute("SELECT person_id, data->>'w', data->>'n', kind FROM timeline_fact")
        stored = {(p, int(w), int(n)): kind for p, w, n, kind in cursor.fetchall()}
        cursor.execute("SELECT consumer, lane_key, seq, person, w, n FROM heard ORDER BY nr")
        heard = cursor.fetchall()
        cursor.execute("SELECT count(*) FROM timeline_parked")
        assert cursor.fetchone() == (0,)
    assert len(said) > 500
    assert sorted(stored) == sorted(said)  # what was rolled back left nothing
    odd = [fact for fact in said if stored[fact] == "test.odd"]
    assert Counter((c, p, w, n) for c, _, _, p, w, n in heard) == Counter(
        [("all", *fact) for fact in said] + [("odd", *fact) for fact in odd]
    )
    lanes: dict[tuple[str, int], list[int]] = defaultdict(list)
    own: dict[tuple[str, int, int], list[int]] = defaultdict(list)
    for consumer, key, seq, person, w, n in heard:
        assert key == lane_key(person)
        lanes[consumer, key].append(seq)
        own[consumer, person, w].append(n)
    assert [where for where, seqs in lanes.items() if seqs != sorted(seqs)] == []
    assert [who for who, counts in own.items() if counts != sorted(counts)] == []
