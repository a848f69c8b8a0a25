"""Several workers at once: each mail is claimed by one of them, and asking twice at once queues once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from headwater.messaging import delivery
from headwater.messaging.actions import MailRequest, queue
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
