"""Conditions on a person's tickets: all of them speak of one ticket, and follow every change at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from headwater.accounts.models import User
from headwater.audience import actions as audience
from headwater.audience import queries
from headwater.audience.compiler import ConditionError, parse, schema, summary
from headwater.audience.compiler.palette import palette
from headwater.audience.engine import building
from headwater.audience.loops import retest_once
from headwater.core import clock
from headwater.people import actions as people
from headwater.people.models import Contact
from headwater.service import actions
from headwater.service.actions import NewTicket
from headwater.service.models import TicketQueue
from headwater.timeline import dispatch

from .conftest import NOW


def one(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


OPEN = one("status", "in", ["new", "open"])
URGENT = {"ticket": [OPEN, one("priority", "eq", "urgent"), one("queue", "eq", "Support")]}
LATE = {"ticket": [one("overdue", "eq", True)]}


def opened(person: Contact, **more: Any) -> int:
    return actions.create_ticket(NewTicket(person.pk, more.pop("subject", "Import fails"), **more), actor="user:1")


@pytest.mark.parametrize(
    "condition,expected",
    [
        ({"ticket": []}, [True, True]),
        (URGENT, [True, False]),
        ({"not": URGENT}, [False, True]),
        ({"ticket": [OPEN], "count": {"op": "gte", "value": 2}}, [False, True]),
        ({"ticket": [one("kind", "eq", "commercial"), one("priority", "eq", "low")]}, [False, True]),
        ({"ticket": [one("kind", "eq", "commercial"), one("priority", "eq", "urgent")]}, [False, False]),
        ({"ticket": [one("subject", "contains", "invoice")]}, [False, True]),
        ({"ticket": [one("source", "eq", "api")]}, [True, False]),
        ({"ticket": [one("assignee", "empty"), one("first_reply_at", "empty")]}, [True, True]),
        ({"ticket": [one("created_at", "within", "1d")], "count": {"op": "eq", "value": 1}}, [True, False]),
        ({"ticket": [one("solved_at", "not_empty")]}, [False, False]),
        ({"ticket": [one("due_at", "within_next", "2h")]}, [True, False]),
        ({"ticket": [one("number", "starts_with", "t-1")]}, [True, True]),
        (LATE, [False, False]),
        ({"ticket": [one("overdue", "eq", False)]}, [True, True]),
        ({"ticket": [], "count": {"op": "lt", "value": 1}}, [False, False]),
    ],
)
def test_the_conditions_of_the_list_speak_of_the_same_ticket(
    ana: Contact, ben: Contact, condition: Any, expected: list[bool]
) -> None:
    with clock.freeze(NOW):
        opened(ana, priority="urgent", source="api")
        opened(ben, subject="A question on the invoice", kind="commercial", priority="low")
        opened(ben, kind="technical", priority="high")
        found = queries.matching(condition, [ana.pk, ben.pk])
        assert queries.preview(condition)[1] == sorted(found, reverse=True)
    assert [ana.pk in found, ben.pk in found] == expected


class Followed:
    """A segment that is followed fact by fact, and looked at in full beside it."""

    def __init__(self, condition: dict[str, Any], *people_: Contact) -> None:
        self.condition, self.ids = condition, [p.pk for p in people_]
        with clock.freeze(NOW):
            self.pk = audience.create_segment(name="Some", definition=condition, actor="test").pk
            building.run_all()
            dispatch.run_once("audience")

    def members(self, at: timedelta = timedelta()) -> set[int]:
        with clock.freeze(NOW + at):
            while dispatch.run_once("audience") + retest_once():
                pass
            found = queries.are_members(self.pk, self.ids)
            assert queries.matching(self.condition, self.ids) == found
            return found


def test_a_segment_follows_every_change_of_a_ticket(ana: Contact, ben: Contact, desk: TicketQueue) -> None:
    urgent = Followed(URGENT, ana, ben)
    with clock.freeze(NOW):
        pk = opened(ana)
        assert urgent.members() == set()
        actions.update_ticket(pk, actor="user:1", priority="urgent")
        assert urgent.members() == {ana.pk}
        actions.update_ticket(pk, actor="user:1", contact_id=ben.pk)
        assert urgent.members() == {ben.pk}
        actions.reply(pk, "Try again", actor="user:1", then="pending")
        assert urgent.members() == set()
        actions.answer(pk, "Still broken", actor="user:1")
        assert urgent.members() == {ben.pk}
        actions.update_ticket(pk, actor="user:1", status="solved")
        assert urgent.members() == set()
        actions.update_ticket(pk, actor="user:1", status="open")
        assert urgent.members() == {ben.pk}
        vip = actions.create_queue(name="VIP", actor="user:1")
        actions.update_tickets([pk], actor="user:1", queue_id=vip.pk)
        assert urgent.members() == set()
        actions.update_ticket(pk, actor="user:1", queue_id=desk.pk)
        assert urgent.members() == {ben.pk}
        actions.delete_ticket(pk, actor="user:1")
        assert urgent.members() == set()


def test_a_segment_follows_whose_a_ticket_is_and_its_first_reply(ana: Contact, sam: User) -> None:
    mine = Followed({"ticket": [one("assignee", "eq", sam.pk), one("first_reply_at", "not_empty")]}, ana)
    with clock.freeze(NOW):
        pk = opened(ana)
        actions.update_tickets([pk], actor="user:1", assignee_id=sam.pk)
        assert mine.members() == set()
        actions.reply(pk, "Hello", actor="user:1")
        assert mine.members() == {ana.pk}
        actions.update_ticket(pk, actor="user:1", assignee_id=None)
        assert mine.members() == set()


def test_a_segment_follows_to_the_second_what_is_overdue(ana: Contact) -> None:
    late = Followed(LATE, ana)
    with clock.freeze(NOW):
        pk = opened(ana, priority="urgent")  # a reply within the hour
        assert late.members() == set()
    with clock.freeze(NOW + timedelta(seconds=3599)):
        assert actions.tell_overdue() == 0
    with clock.freeze(NOW + timedelta(seconds=3600)):
        assert actions.tell_overdue() == 1
    assert late.members(timedelta(seconds=3600)) == {ana.pk}
    with clock.freeze(NOW + timedelta(hours=2)):
        actions.reply(pk, "Sorry", actor="user:1")
    assert late.members(timedelta(hours=2)) == set()


def test_how_long_somebody_waited_is_asked_of_all_her_tickets(ana: Contact) -> None:
    slow = {"ticket": [], "avg": {"field": "reply_minutes", "op": "gt", "value": 60}}
    followed = Followed(slow, ana)
    with clock.freeze(NOW):
        first, second = opened(ana), opened(ana)
    with clock.freeze(NOW + timedelta(minutes=30)):
        actions.reply(first, "Hello", actor="user:1")
    assert followed.members(timedelta(minutes=30)) == set()
    with clock.freeze(NOW + timedelta(minutes=100)):
        actions.reply(second, "Hello", actor="user:1")
    assert followed.members(timedelta(minutes=100)) == {ana.pk}


def test_people_who_are_merged_take_their_tickets_into_segments(ana: Contact, ben: Contact) -> None:
    urgent = Followed(URGENT, ana, ben)
    with clock.freeze(NOW):
        opened(ben, priority="urgent")
        assert urgent.members() == {ben.pk}
        merge = people.merge_contacts(ana.pk, ben.pk, actor="user:1")
        assert urgent.members() == {ana.pk}
        people.unmerge(merge.pk, actor="user:1")
        assert urgent.members() == {ben.pk}


def test_a_condition_on_tickets_explains_itself(ana: Contact) -> None:
    with clock.freeze(NOW):
        pk = opened(ana, priority="urgent")
        s = audience.create_segment(name="Urgent", definition=URGENT, actor="test")
        building.run_all()
        answer = queries.explain_membership(s, ana.pk)
    assert answer is not None
    assert (answer.holds, answer.verdict.evidence) == (True, [{"text": f"T-{pk} · Import fails · new"}])
    assert summary(parse(URGENT)) == (
        "has a ticket (Status is one of “New”, “Open” and Priority is “Urgent” and Queue is “Support”)"
    )
    assert summary(parse(LATE)) == "has a ticket (Overdue is “yes”)"


def test_a_mistake_in_a_condition_on_tickets_is_told_at_its_place() -> None:
    with pytest.raises(ConditionError) as caught:
        parse({"ticket": [one("colour", "eq", "red"), one("due_at", "contains", "5"), one("assignee", "eq", "me"), 5]})
    assert [p.path for p in caught.value.problems] == [
        "$.ticket[0].field",
        "$.ticket[1].op",
        "$.ticket[2].value",
        "$.ticket[3]",
    ]


@pytest.mark.django_db
def test_the_schema_and_the_palette_know_tickets() -> None:
    actions.ensure_queue()
    titles = {one.get("title"): one for one in schema()["$defs"]["condition"]["oneOf"]}
    assert list(titles["ticket"]["properties"]) == ["ticket", "count", "sum", "avg", "min", "max"]
    (leaf,) = [one for one in palette()["leaves"] if one["type"] == "ticket"]
    fields = {f["name"]: f for f in leaf["fields"]}
    assert fields["priority"]["choices"] == [
        ["low", "Low"],
        ["normal", "Normal"],
        ["high", "High"],
        ["urgent", "Urgent"],
    ]
    assert fields["queue"]["choices"] == [["Support", "Support"]]
    assert fields["overdue"]["type"] == "boolean"
