"""Tickets at their edges: undoing into a queue that is gone, replies asked for twice, clocks that nobody looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest

from headwater.accounts.models import User
from headwater.core import clock
from headwater.people.actions import erase_people
from headwater.people.models import Company, Contact
from headwater.service import actions
from headwater.service.actions import NewTicket
from headwater.service.models import Ticket, TicketEntry, TicketQueue
from headwater.teamwork.models import Notification
from headwater.timeline.models import LaneLog

from .conftest import NOW

pytestmark = pytest.mark.django_db


def opened(person: Contact | None = None, subject: str = "Import fails", **more: object) -> int:
    return actions.create_ticket(NewTicket(person.pk if person else None, subject, **more), actor="api:1")  # type: ignore[arg-type]


def test_a_change_of_many_can_be_taken_back_but_not_into_a_queue_that_is_gone(desk: TicketQueue) -> None:
    other = actions.create_queue(name="VIP", actor="user:1")
    pk = opened(queue_id=other.pk)
    undone = actions.update_tickets([pk], actor="user:1", queue_id=desk.pk, priority="urgent")
    actions.archive_queue(other.pk, actor="user:1")  # it is empty, so nothing is left of it
    assert not TicketQueue.objects.filter(pk=other.pk).exists()
    assert actions.undo(undone, actor="user:1") == 1
    ticket = Ticket.objects.get(pk=pk)
    assert (ticket.queue_id, ticket.priority) == (desk.pk, "normal")


def test_a_reply_asked_for_again_is_the_same_whatever_version_it_names(ana: Contact, sam: User) -> None:
    pk = opened(ana)
    said = {"actor": f"user:{sam.pk}", "version": 1, "key": "m-1"}
    first = actions.reply(pk, "Which file?", **said)  # type: ignore[arg-type]
    assert actions.reply(pk, "Which file?", **said).pk == first.pk  # type: ignore[arg-type]
    assert TicketEntry.objects.count() == 1


def test_long_keys_that_begin_alike_are_two(ana: Contact) -> None:
    first, second = (opened(ana, key="k" * 130 + end) for end in "ab")
    assert first != second
    assert opened(ana, key="k" * 130 + "a") == first
    said = [actions.note(first, "x", actor="user:1", key="k" * 130 + end).pk for end in "aba"]
    assert said[0] == said[2] != said[1]


def test_solved_after_its_time_is_not_in_time_though_nobody_had_said_so(ana: Contact, desk: TicketQueue) -> None:
    with clock.freeze(NOW):
        pk = opened(ana, priority="urgent")
    with clock.freeze(NOW + timedelta(days=30)):
        actions.update_ticket(pk, actor="user:1", status="solved")
    fact = LaneLog.objects.get(person_id=ana.pk, kind="ticket.solved")
    assert fact.data.get("in_time", True) is False


def test_what_rang_a_colleague_says_nothing_of_who_was_erased(ana: Contact, sam: User, acme: Company) -> None:
    pk = opened(ana, "Ana's secret", assignee_id=sam.pk)
    assert Notification.objects.get().text.endswith("Ana's secret")
    erase_people([ana.pk], reason="asked", actor="user:1")
    assert (Notification.objects.count(), Ticket.objects.get().pk) == (0, pk)


def test_what_was_solved_closes_by_itself_where_its_queue_says_so(ana: Contact, desk: TicketQueue) -> None:
    actions.update_queue(desk.pk, actor="user:1", close_after=3)
    with clock.freeze(NOW):
        closes, answered, elsewhere = (opened(ana, subject) for subject in ("a", "b", "c"))
        never = actions.create_queue(name="VIP", actor="user:1")
        actions.update_tickets([closes, answered, elsewhere], actor="user:1", status="solved")
        assert Ticket.objects.get(pk=closes).close_at == NOW + timedelta(days=3)
        actions.update_ticket(elsewhere, actor="user:1", queue_id=never.pk)
        actions.answer(answered, "Still broken", actor="user:1")
    with clock.freeze(NOW + timedelta(days=3) - timedelta(seconds=1)):
        assert actions.close_solved() == 0
    with clock.freeze(NOW + timedelta(days=3)):
        assert (actions.close_solved(), actions.close_solved()) == (1, 0)
    found = dict(Ticket.objects.values_list("pk", "status"))
    assert found == {closes: "closed", answered: "open", elsewhere: "solved"}
    told = LaneLog.objects.filter(person_id=ana.pk, kind="ticket.status_changed").latest("seq")
    assert (told.data["ticket"], told.data["after"], told.actor) == (closes, "closed", "system")
    actions.update_ticket(closes, actor="user:1", status="solved")
    erase_people([ana.pk], reason="asked", actor="user:1")
    with clock.freeze(NOW + timedelta(days=400)):
        assert actions.close_solved() == 0


@pytest.mark.parametrize("days", [-1, 366, True, 1.5, "3", None])
def test_days_until_closing_are_whole_and_at_most_a_year(desk: TicketQueue, days: object) -> None:
    with pytest.raises(actions.Refused):
        actions.update_queue(desk.pk, actor="user:1", close_after=days)
