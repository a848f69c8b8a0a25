"""Tickets: opened once, changed by whoever saw the newest version, told on the timeline of their person."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from headwater.accounts.models import User
from headwater.core import clock
from headwater.people import actions as people
from headwater.people.models import Company, Contact
from headwater.service import actions, queries
from headwater.service.actions import EntrySeed, NewTicket, Stale, TicketSeed, Undo
from headwater.service.models import Ticket, TicketEntry, TicketQueue
from headwater.teamwork.models import Notification
from headwater.timeline.models import LaneLog

from .conftest import NOW

pytestmark = pytest.mark.django_db


def facts(person_id: int) -> list[tuple[str, dict[str, Any]]]:
    rows = LaneLog.objects.filter(person_id=person_id, kind__startswith="ticket.").order_by("seq")
    return [(row.kind, row.data) for row in rows]


def opened(person: Contact | None = None, subject: str = "Import fails", **more: Any) -> int:
    return actions.create_ticket(NewTicket(person.pk if person else None, subject, **more), actor="api:1")


def due(pk: int) -> tuple[Any, ...]:
    row = Ticket.objects.get(pk=pk)
    return row.reply_due_at, row.solution_due_at, row.due_at, row.overdue


def test_a_new_ticket_has_its_clocks_and_is_told(ana: Contact, acme: Company, sam: User, desk: TicketQueue) -> None:
    with clock.freeze(NOW):
        pk = opened(
            ana, " Import  fails ", description=" All rows. ", priority="urgent", assignee_id=sam.pk, source="api"
        )
    row = Ticket.objects.get(pk=pk)
    assert pk > 1000
    assert row.number == f"T-{pk}"
    assert (row.subject, row.description, row.company_id, row.queue_id) == (
        "Import fails",
        "All rows.",
        acme.pk,
        desk.pk,
    )
    assert (row.status, row.version, row.alarm_at) == ("new", 1, NOW + timedelta(hours=1))
    assert due(pk) == (NOW + timedelta(hours=1), NOW + timedelta(days=3), NOW + timedelta(hours=1), False)
    assert facts(ana.pk) == [
        (
            "ticket.opened",
            {
                "ticket": pk, "number": f"T-{pk}", "subject": "Import fails", "ticket_kind": "technical",
                "priority": "urgent", "queue": "Support", "source": "api", "assignee": sam.pk,
            },
        )
    ]  # fmt: skip
    assert list(Notification.objects.values_list("user_id", "url")) == [(sam.pk, f"/tickets/{pk}/")]


def test_the_same_key_opens_one_ticket(ana: Contact, ben: Contact) -> None:
    items = [NewTicket(ana.pk, "A", key="k1"), NewTicket(ben.pk, "B", key="k2"), NewTicket(ana.pk, "A", key="k1")]
    first = actions.create_tickets(items, actor="journey:1")
    assert first[0] == first[2] != first[1]
    assert actions.create_tickets([*items, NewTicket(999_999, "C", key="k3")], actor="journey:1") == [*first, None]
    assert Ticket.objects.count() == 2
    assert len(facts(ana.pk)) == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_time_opens_one_ticket() -> None:
    actions.ensure_queue()
    found: list[int | None] = []

    def run() -> None:
        found.extend(actions.create_tickets([NewTicket(None, "Same", key="one")], actor="api:1"))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [Ticket.objects.get().pk] * 4


def test_many_tickets_take_as_many_statements_as_one(
    ana: Contact, ben: Contact, desk: TicketQueue, django_assert_num_queries: Any
) -> None:
    from django.test.utils import CaptureQueriesContext

    def statements(n: int) -> int:
        with CaptureQueriesContext(connection) as caught:
            items = [NewTicket(ana.pk if i % 2 else ben.pk, f"T {i}", key=f"{n}:{i}") for i in range(n)]
            actions.create_tickets(items, actor="journey:1")
        return len(caught)

    statements(1)
    assert statements(2) == statements(150)


@pytest.mark.parametrize(
    "given, why",
    [
        ({"subject": "  "}, "A ticket needs a subject."),
        ({"subject": "x", "kind": "odd"}, "unknown kind of ticket: 'odd'; one of technical, commercial, other"),
        ({"subject": "x", "priority": "p1"}, "unknown priority: 'p1'; one of low, normal, high, urgent"),
        ({"subject": "x", "queue_id": 999}, "there is no queue 999"),
        ({"subject": "x", "assignee_id": 999}, "there is no assignee 999"),
        ({"subject": "x", "company_id": 999}, "there is no company 999"),
    ],
)
def test_a_ticket_that_cannot_be_is_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        actions.create_ticket(NewTicket(None, **given), actor="user:1")


def test_each_change_has_its_fact_and_its_moment(ana: Contact, sam: User) -> None:
    with clock.freeze(NOW):
        pk = opened(ana, priority="urgent")
        row = actions.update_ticket(pk, actor="user:1", version=1, status="open", assignee_id=sam.pk, subject="Export")
        assert (row.version, row.status, row.assignee_id) == (2, "open", sam.pk)
        assert actions.update_ticket(pk, actor="user:1", status="open").version == 2  # nothing to do
    with clock.freeze(NOW + timedelta(hours=2)):
        actions.update_ticket(pk, actor=f"user:{sam.pk}", status="solved")
        row = Ticket.objects.get(pk=pk)
        assert (row.solved_at, row.closed_at, row.due_at) == (NOW + timedelta(hours=2), None, None)
        actions.update_ticket(pk, actor=f"user:{sam.pk}", status="closed")
        actions.update_ticket(pk, actor=f"user:{sam.pk}", status="open")
    row = Ticket.objects.get(pk=pk)
    assert (row.solved_at, row.closed_at) == (None, None)
    told = facts(ana.pk)
    assert [kind for kind, _data in told[1:]] == [
        "ticket.updated",
        "ticket.assigned",
        "ticket.status_changed",
        "ticket.solved",
        "ticket.status_changed",
        "ticket.reopened",
    ]
    assert told[1][1]["changes"] == {"subject": ["Import fails", "Export"]}
    assert (told[2][1]["assignee"], told[2][1]["assignee_name"]) == (sam.pk, "Sam Rivers")
    assert (told[3][1]["before"], told[3][1]["after"]) == ("new", "open")
    assert (told[4][1]["before"], told[4][1]["minutes"]) == ("open", 120)
    assert (told[6][1]["before"], told[6][1]["after"]) == ("closed", "open")


def test_who_saw_an_older_version_is_refused(ana: Contact) -> None:
    pk = opened(ana)
    actions.update_ticket(pk, actor="user:1", version=1, priority="high")
    with pytest.raises(Stale) as caught:
        actions.update_ticket(pk, actor="user:2", version=1, priority="low")
    assert (caught.value.ticket.priority, caught.value.ticket.version) == ("high", 2)
    with pytest.raises(Ticket.DoesNotExist):
        actions.update_ticket(999, actor="user:1", priority="low")


@pytest.mark.parametrize(
    "changes",
    [{"number": 5}, {"subject": " "}, {"status": "gone"}, {"queue_id": None}, {"queue_id": 999}, {"assignee_id": 999}],
)
def test_a_change_that_cannot_be_is_refused(ana: Contact, changes: dict[str, Any]) -> None:
    pk = opened(ana)
    with pytest.raises(ValueError, match=r"no|needs|unknown|in a queue"):
        actions.update_ticket(pk, actor="user:1", **changes)
    assert Ticket.objects.get(pk=pk).version == 1


def test_the_clocks_stand_while_it_waits_for_the_contact(ana: Contact, desk: TicketQueue) -> None:
    with clock.freeze(NOW):
        pk = opened(ana, priority="urgent")  # a reply within 1 hour, a solution within 8
    with clock.freeze(NOW + timedelta(minutes=30)):
        actions.reply(pk, "Which file?", actor="user:1", then="pending")
        assert due(pk) == (NOW + timedelta(hours=1), None, None, False)
    monday = NOW + timedelta(days=3)
    with clock.freeze(monday):  # waited for 4.5 hours on Friday and 3 on Monday
        actions.answer(pk, "This one", actor="user:1")
    tuesday = NOW + timedelta(days=4)
    assert due(pk)[1:] == (tuesday + timedelta(minutes=-30), tuesday + timedelta(minutes=-30), False)
    with clock.freeze(monday):
        actions.update_ticket(pk, actor="user:1", priority="low")
    assert due(pk)[1:] == (None, None, False)


def test_what_is_overdue_is_told_once_for_each_clock(ana: Contact, sam: User) -> None:
    with clock.freeze(NOW):
        pk = opened(ana, priority="urgent", assignee_id=sam.pk)
    with clock.freeze(NOW + timedelta(minutes=59)):
        assert actions.tell_overdue() == 0
    with clock.freeze(NOW + timedelta(minutes=60)):
        assert (actions.tell_overdue(), actions.tell_overdue()) == (1, 0)
        assert [t.pk for t in queries.table(overdue=True).tickets] == [pk]
    assert Ticket.objects.get(pk=pk).overdue
    with clock.freeze(NOW + timedelta(days=3, minutes=1)):
        assert (actions.tell_overdue(), actions.tell_overdue()) == (1, 0)
    assert [(d["what"], d["due"]) for kind, d in facts(ana.pk) if kind == "ticket.overdue"] == [
        ("reply", "2026-11-20T13:00:00+00:00"),
        ("solution", "2026-11-23T12:00:00+00:00"),
    ]
    with clock.freeze(NOW + timedelta(days=4)):
        actions.update_ticket(pk, actor="user:1", status="solved")
    row = Ticket.objects.get(pk=pk)
    assert (row.overdue, row.reply_late, row.solution_late, row.alarm_at) == (False, True, True, None)
    assert facts(ana.pk)[-1][1].get("in_time") is False
    assert Notification.objects.filter(user=sam).count() == 3


def test_more_time_makes_it_due_once_more(ana: Contact) -> None:
    with clock.freeze(NOW):
        pk = opened(ana, priority="urgent")
    with clock.freeze(NOW + timedelta(hours=1)):
        actions.tell_overdue()
        row = actions.update_ticket(pk, actor="user:1", priority="high")
        assert (row.overdue, row.alarm_at) == (False, NOW + timedelta(hours=4))
        row = actions.update_ticket(pk, actor="user:1", priority="urgent")
        assert (row.overdue, row.alarm_at) == (False, NOW + timedelta(hours=1))
        assert (actions.tell_overdue(), actions.tell_overdue()) == (1, 0)


def test_a_change_of_many_is_undone_where_nobody_changed_it_since(ana: Contact, ben: Contact, sam: User) -> None:
    with clock.freeze(NOW):
        ids = [opened(ana), opened(ben), opened(None)]
        before = [due(pk) for pk in ids]
        items = actions.update_tickets([*ids, 999], actor="user:1", status="closed")
        assert items == [Undo(pk, 2, {"status": "new"}) for pk in ids]
        assert actions.update_tickets(ids, actor="user:1", status="closed") == []
    with clock.freeze(NOW + timedelta(hours=1)):
        actions.update_ticket(ids[1], actor="user:2", priority="high")
        assert actions.undo(items, actor="user:1") == 2
    assert list(Ticket.objects.order_by("pk").values_list("status", flat=True)) == ["new", "closed", "new"]
    hour = timedelta(hours=1)  # the clocks stood meanwhile
    assert due(ids[0])[:2] == (before[0][0] + hour, before[0][1] + hour)


def test_every_open_ticket_of_people_is_closed_at_once(ana: Contact, ben: Contact) -> None:
    first, second, third = opened(ana), opened(ana), opened(ben)
    actions.update_ticket(second, actor="user:1", status="solved")
    assert actions.set_status([ana.pk, ben.pk], "solved", actor="journey:1") == {ana.pk: 1, ben.pk: 1}
    assert actions.set_status([ana.pk], "closed", actor="journey:1", only=("solved",)) == {ana.pk: 2}
    assert actions.set_status([], "closed", actor="journey:1") == {}
    statuses = dict(Ticket.objects.values_list("pk", "status"))
    assert statuses == {first: "closed", second: "closed", third: "solved"}


def test_a_deleted_ticket_is_gone_but_told(ana: Contact) -> None:
    pk = opened(ana)
    actions.note(pk, "spam", actor="user:1")
    actions.delete_ticket(pk, actor="user:1")
    assert (Ticket.objects.count(), TicketEntry.objects.count()) == (0, 0)
    assert facts(ana.pk)[-1][1]["changes"] == {"deleted": ["", "true"]}


def test_tickets_go_with_their_person(ana: Contact, ben: Contact) -> None:
    pk = opened(ben)
    merge = people.merge_contacts(ana.pk, ben.pk, actor="user:1")
    assert Ticket.objects.get().contact_id == ana.pk
    later = opened(ana)
    people.unmerge(merge.pk, actor="user:1")
    assert dict(Ticket.objects.values_list("pk", "contact_id")) == {pk: ben.pk, later: ana.pk}


def test_of_an_erased_person_only_numbers_stay(ana: Contact) -> None:
    pk = opened(ana, "Ana's invoice", description="Call me", key="form:1")
    actions.reply(pk, "Dear Ana", actor="user:1")
    exported = people.export_person(ana.pk)
    assert [row["text"] for row in exported["service_ticketentry"]] == ["Dear Ana"]
    people.erase_people([ana.pk], actor="user:1", reason="request")
    row = Ticket.objects.get(pk=pk)
    assert (row.contact_id, row.subject, row.description, row.status) == (
        None,
        "Ticket of an erased contact",
        "",
        "closed",
    )
    assert (row.key, row.due_at, row.first_reply_at is not None) == (f"erased:{pk}", None, True)
    assert TicketEntry.objects.count() == 0


def test_queues_have_targets_and_hours(ana: Contact) -> None:
    with clock.freeze(NOW):
        vip = actions.create_queue(
            name="VIP", actor="user:1", targets={"normal": {"reply": 10}}, hours={"days": [], "opens": "", "closes": ""}
        )
        pk = opened(ana, queue_id=vip.pk)
        assert due(pk) == (NOW + timedelta(minutes=10), None, NOW + timedelta(minutes=10), False)
        actions.archive_queue(vip.pk, actor="user:1")
        other = opened(ana, queue_id=vip.pk)
        assert Ticket.objects.get(pk=other).queue.name == "Support"
        with pytest.raises(ValueError, match="no tickets any more"):
            actions.update_ticket(other, actor="user:1", queue_id=vip.pk)
    actions.restore_queue(vip.pk, actor="user:1")
    actions.update_ticket(other, actor="user:1", queue_id=vip.pk)


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"name": " "}, "name"),
        ({"name": "support"}, "name"),
        ({"targets": {"p1": {}}}, "targets"),
        ({"targets": {"low": {"reply": 0}}}, "targets"),
        ({"targets": {"low": {"reply": True}}}, "targets"),
        ({"targets": {"low": [1]}}, "targets"),
        ({"hours": {"days": ["mon"], "opens": "17:00", "closes": "09:00"}}, "closes"),
        ({"hours": {"days": ["day"]}}, "days"),
        ({"hours": {"opens": "9"}}, "opens"),
        ({"hours": []}, "hours"),
    ],
)
def test_a_queue_that_cannot_be_is_refused_at_its_field(desk: TicketQueue, changes: dict[str, Any], field: str) -> None:
    other = actions.create_queue(name="Billing", actor="user:1")
    with pytest.raises(actions.Refused) as caught:
        actions.update_queue(other.pk, actor="user:1", **changes)
    assert caught.value.field == field


def test_the_only_queue_stays(desk: TicketQueue) -> None:
    with pytest.raises(actions.Refused):
        actions.archive_queue(desk.pk, actor="user:1")
    other = actions.create_queue(name="Billing", actor="user:1")
    actions.archive_queue(other.pk, actor="user:1")  # never held a ticket
    assert list(TicketQueue.objects.all()) == [desk]


def test_the_list_is_paged_by_what_was_seen_last(ana: Contact, sam: User) -> None:
    ids = []
    for n in range(5):
        with clock.freeze(NOW + timedelta(minutes=n)):
            ids.append(opened(ana if n % 2 else None, f"Subject {n}", priority="urgent" if n % 2 else "low"))

    def pages(**given: Any) -> list[list[int]]:
        out, after = [], ""
        while True:
            page = queries.table(after=after, limit=2, **given)
            out.append([t.pk for t in page.tickets])
            after = page.next
            if not after:
                return out

    assert pages() == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]
    assert pages(sort="due") == [[ids[1], ids[3]], [ids[0], ids[2]], [ids[4]]]
    assert pages(text="ana") == [[ids[3], ids[1]]]
    assert pages(text=f"t-{ids[2]}") == [[ids[2]]]
    assert pages(priority="urgent", statuses=["new"], nobody=True) == [[ids[3], ids[1]]]
    with pytest.raises(ValueError, match="cursor"):
        queries.table(after="x")
    with pytest.raises(ValueError, match="cursor"):
        queries.table(after="2026-01-01~1")


def test_the_past_is_written_with_its_clocks(ana: Contact, sam: User) -> None:
    with clock.freeze(NOW):
        long_ago = NOW - timedelta(days=7)
        ids = actions.import_tickets(
            [
                TicketSeed("Old", long_ago, person_id=ana.pk, status="solved", ended_at=long_ago + timedelta(hours=2),
                           entries=[EntrySeed("reply", "Done", long_ago + timedelta(hours=1))]),
                TicketSeed("Late", long_ago, person_id=ana.pk, priority="urgent", status="open"),
                TicketSeed("Fresh", NOW - timedelta(minutes=5), person_id=ana.pk),
            ]
        )  # fmt: skip
        assert actions.tell_overdue() == 0
    rows = Ticket.objects.in_bulk(ids)
    old, late, fresh = (rows[pk] for pk in ids)
    assert (old.reply_late, old.solution_late, old.due_at) == (False, False, None)
    assert (old.first_reply_at, old.solved_at) == (long_ago + timedelta(hours=1), long_ago + timedelta(hours=2))
    assert (late.overdue, late.reply_late, late.alarm_at) == (True, True, None)
    assert (fresh.overdue, fresh.status, fresh.alarm_at is not None) == (False, "new", True)
    assert facts(ana.pk) == []
