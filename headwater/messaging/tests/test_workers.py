"""Several workers at once: each mail is claimed by one of them, and asking twice at once queues once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import pytest
from django.db import connection

from headwater.core.lanes import lane_key
from headwater.messaging import delivery
from headwater.messaging.actions import MailRequest, outbox, queue
from headwater.messaging.actions.claims import claim
from headwater.messaging.models import MailTemplate, Message, Outbox
from headwater.people.models import Contact

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*jobs: Callable[[], object]) -> list[object]:
    """Run them in threads that start together; returns what each gave back."""
    gate, out = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(number: int, job: Callable[[], object]) -> None:
        gate.wait()
        try:
            out[number] = job()  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(out)


def test_two_workers_never_take_the_same_mail(
    person: Callable[..., Contact], template: Callable[..., MailTemplate]
) -> None:
    made = template()
    people = [person(f"p{n}@example.org") for n in range(40)]
    queue([MailRequest(p.pk, made.pk, "k", "t") for p in people])
    taken = at_once(*[lambda: claim(30, delivery.LEASE)] * 3)
    ids = [c.message_id for batch in taken for c in batch]  # type: ignore[attr-defined]
    ids += [c.message_id for c in claim(100, delivery.LEASE)]
    assert (len(ids), len(set(ids))) == (40, 40)
    assert (Message.objects.filter(status="sending", attempts=1).count(), Outbox.objects.count()) == (40, 40)


def test_the_same_request_made_twice_at_once_is_queued_once(
    person: Callable[..., Contact], template: Callable[..., MailTemplate]
) -> None:
    wanted = MailRequest(person().pk, template().pk, "k", "t")
    first, second, third = at_once(*[lambda: queue([wanted])] * 3)
    assert first == second == third
    assert (Message.objects.count(), Outbox.objects.count()) == (1, 1)


def test_a_worker_takes_what_others_do_not_hold_instead_of_waiting(
    person: Callable[..., Contact], template: Callable[..., MailTemplate], postgres: str
) -> None:
    made = template()
    people = [person(f"q{n}@example.org").pk for n in range(12)]
    queue([MailRequest(p, made.pk, "k", "t") for p in people])
    busy = lane_key(people[0])
    with psycopg.connect(postgres) as other:
        other.execute("SELECT 1 FROM timeline_lane WHERE lane_key = %s FOR UPDATE", [busy])
        taken = {c.person_id for c in claim(100, delivery.LEASE)}
        assert taken == {p for p in people if lane_key(p) != busy}
    assert {c.person_id for c in claim(100, delivery.LEASE)} == set(people) - taken


def test_of_a_backlog_a_worker_takes_some_lanes_and_urgent_mails_first(
    person: Callable[..., Contact], template: Callable[..., MailTemplate], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "LANES_OF_BACKLOG", 3)
    made = template()
    people = [person(f"r{n}@example.org").pk for n in range(20)]
    queue([MailRequest(p, made.pk, "k", "t") for p in people])
    urgent = people[13]
    Outbox.objects.filter(person_id=urgent).update(rank=0)
    batches = []
    while batch := claim(6, delivery.LEASE):
        batches.append([c.person_id for c in batch])
    assert batches[0][0] == urgent
    assert all(len({lane_key(p) for p in batch}) <= 3 for batch in batches[:-1])
    assert sorted(p for batch in batches for p in batch) == sorted(people)
