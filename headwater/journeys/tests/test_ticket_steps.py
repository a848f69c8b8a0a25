"""Steps that open tickets and end them, and journeys that begin with what happens to one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headwater.accounts.models import User
from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import exchange
from headwater.journeys.engine.base import STEPS
from headwater.journeys.engine.checking import problems
from headwater.journeys.models import Journey, Passage
from headwater.journeys.queries.choices import find, label_of
from headwater.service import actions as service
from headwater.service.actions import NewTicket
from headwater.service.models import Ticket
from headwater.timeline import dispatch

from .conftest import Make, chain
from .test_more_steps import enter, person, reasons

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)  # a Monday


def opened(person_id: int, **more: Any) -> int:
    return service.create_ticket(NewTicket(person_id, "Import fails", **more), actor="user:1")


def test_tickets_are_opened_once_with_what_the_step_says(live: Make) -> None:
    sam = User.objects.create_user("sam@x.example", "sam@x.example", role="service")
    vip = service.create_queue(name="VIP", actor="user:1")
    settings = {
        "subject": "Call {{ contact.first_name }} back",
        "description": "She is in {{ contact.city }}",
        "kind": "commercial",
        "queue": vip.pk,
        "priority": "high",
        "assignee": sam.pk,
    }
    journey = live(chain(("a", "create_ticket", settings), ("b", "create_ticket", {"subject": "Plain"})))
    one, two = person(1, city="Seoul"), person(2, city="Lyon")
    enter(journey, one, two)
    rows = {(t.contact_id, t.subject): t for t in Ticket.objects.all()}
    assert set(rows) == {(one, "Call P1 back"), (two, "Call P2 back"), (one, "Plain"), (two, "Plain")}
    made = rows[two, "Call P2 back"]
    assert (made.description, made.kind, made.queue_id, made.priority, made.assignee_id, made.source) == (
        "She is in Lyon", "commercial", vip.pk, "high", sam.pk, "Test",
    )  # fmt: skip
    plain = rows[one, "Plain"]
    assert (plain.kind, plain.priority, plain.queue.name, plain.assignee_id) == ("technical", "normal", "Support", None)
    assert reasons(journey)[one] == ["a:next:", "b:next:"]


def test_a_subject_that_cannot_be_filled_opens_the_ticket_all_the_same(live: Make) -> None:
    journey = live(chain(("a", "create_ticket", {"subject": "{{ contact.job_title }}"})))
    enter(journey, person(1))
    assert Ticket.objects.get().subject == "{{ contact.job_title }}"


def test_tickets_that_have_not_ended_get_the_status(live: Make) -> None:
    journey = live(chain(("a", "set_ticket_status", {"status": "solved"})))
    one, two, three = person(1), person(2), person(3)
    first, second, ended = opened(one), opened(one), opened(two)
    service.update_ticket(ended, actor="user:1", status="closed")
    enter(journey, one, two, three)
    assert dict(Ticket.objects.values_list("pk", "status")) == {first: "solved", second: "solved", ended: "closed"}
    assert {p: r[0] for p, r in reasons(journey).items()} == {
        one: "a:next:", two: "a:next:refused:no_ticket", three: "a:next:refused:no_ticket",
    }  # fmt: skip


def test_a_journey_begins_when_a_ticket_is_overdue(live: Make) -> None:
    entry = [{"kind": "event", "event": "ticket.overdue", "where": [{"prop": "what", "op": "eq", "value": "reply"}]}]
    graph = chain(("a", "create_ticket", {"subject": "Overdue: {{ event.number }}", "priority": "urgent"}))
    journey = live({**graph, "entry": entry})
    one = person(1)
    with clock.freeze(AT):
        pk = opened(one, priority="urgent")
    with clock.freeze(AT + timedelta(hours=1)):
        assert service.tell_overdue() == 1
        while dispatch.run_once("journeys"):
            pass
    assert Passage.objects.filter(journey_id=journey.pk, person_id=one).count() == 1
    assert Ticket.objects.exclude(pk=pk).get().subject == f"Overdue: T-{pk}"


def test_queues_are_found_by_their_name_here_and_elsewhere() -> None:
    vip = service.create_queue(name="VIP", actor="user:1")
    assert [(c["value"], c["label"]) for c in find("queues", "vi")] == [(vip.pk, "VIP")]
    assert label_of("queues", vip.pk) == "VIP"
    graph = chain(("a", "create_ticket", {"subject": "Hello", "queue": vip.pk}))
    assert problems(graph) == []
    made = actions.create_journey(name="Queues", description="", graph=graph, actor="user:1")
    said = exchange.export_journey(made.pk)
    assert said["graph"]["steps"]["a"]["settings"]["queue"] == "VIP"
    again, new = exchange.import_journey(said, actor="user:1", name="Again")
    assert new
    assert Journey.objects.get(pk=again.pk).draft["steps"]["a"]["settings"]["queue"] == vip.pk


def test_what_a_step_does_reads_in_words() -> None:
    assert STEPS["create_ticket"].summary({"subject": "Call back"}) == "Ticket: Call back"
    shown = {f.name: f.default for f in STEPS["create_ticket"].fields}
    assert (shown["kind"], shown["priority"]) == ("technical", "normal")
    assert STEPS["set_ticket_status"].summary({"status": "closed"}) == "Tickets: Closed"
