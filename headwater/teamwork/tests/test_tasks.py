"""Tasks: created once per key, told, completed, reopened, put off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from headwater.accounts.models import User
from headwater.core import clock
from headwater.people.models import Contact
from headwater.teamwork import actions
from headwater.teamwork.actions import NewTask
from headwater.teamwork.models import Call, Note, Notification, Task
from headwater.timeline import queries as timeline

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def rafael() -> User:
    return User.objects.create_user("rafael@x.example", "rafael@x.example", first_name="Rafael", last_name="Costa")


@pytest.fixture
def ana() -> Contact:
    return Contact.objects.create(first_name="Ana", name="Ana Lima", email="ana@x.example")


def test_a_key_makes_one_task_and_one_fact(rafael: User, ana: Contact) -> None:
    call = NewTask(ana.pk, "Call Ana", "call", AT, rafael.pk, 2, deal_id=9, key="journey:1:4:7")
    other = NewTask(ana.pk, "Write to Ana", "email", None, None)
    with clock.freeze(AT):
        first, second = actions.create_tasks([call, other], actor="journey:1")
        again, third = actions.create_tasks([call, NewTask(None, "Tidy up")], actor="journey:1")
    assert again == first
    assert sorted(Task.objects.values_list("id", "title", "owner_id", "created_by")) == [
        (first, "Call Ana", rafael.pk, "journey:1"),
        (second, "Write to Ana", None, "journey:1"),
        (third, "Tidy up", None, "journey:1"),
    ]
    facts = {e.data["task"]: e.data for e in timeline.read(ana.pk)}
    assert facts[first] == {
        "task": first,
        "title": "Call Ana",
        "task_kind": "call",
        "due": "2026-11-02T09:30:00+00:00",
        "owner": rafael.pk,
        "owner_name": "Rafael Costa",
        "deal": 9,
    }
    assert set(facts) == {first, second}
    assert list(Notification.objects.values_list("user_id", "text")) == [(rafael.pk, "Call Ana")]


def test_creating_any_number_of_tasks_takes_the_same_number_of_statements(rafael: User) -> None:
    people = Contact.objects.bulk_create(Contact(name=f"P{n}") for n in range(40))

    def make(some: list[Contact]) -> list[NewTask]:
        return [NewTask(c.pk, "Call", "call", AT, rafael.pk, key=f"k{c.pk}") for c in some]

    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    actions.create_tasks(make(people[:1]), actor="system")  # pages are told once in a transaction
    with CaptureQueriesContext(connection) as few:
        actions.create_tasks(make(people[1:2]), actor="system")
    with CaptureQueriesContext(connection) as many:
        actions.create_tasks(make(people[2:]), actor="system")
    assert len(few) - len(many) in (0, 1)  # the pages of a few people are told, those of many are not
    assert Task.objects.count() == 40


def test_completing_can_be_undone_and_happens_once(rafael: User, ana: Contact) -> None:
    pk = actions.create_task(NewTask(ana.pk, "Call Ana", "call", AT, rafael.pk), actor="user:1")
    assert actions.complete_task(pk, outcome="reached her", actor="user:1") is True
    assert actions.complete_task(pk, actor="user:1") is False
    assert Task.objects.get(pk=pk).outcome == "reached her"
    assert actions.reopen_task(pk, actor="user:1") is True
    assert actions.reopen_task(pk, actor="user:1") is False
    assert Task.objects.get(pk=pk).done_at is None
    assert [e.kind for e in timeline.read(ana.pk)][::-1] == ["task.created", "task.completed", "task.reopened"]


def test_a_task_is_put_off_to_a_later_time_only(ana: Contact) -> None:
    pk = actions.create_task(NewTask(ana.pk, "Call Ana"), actor="user:1")
    with clock.freeze(AT):
        actions.snooze_task(pk, until=AT + timedelta(days=1), actor="user:1")
        with pytest.raises(ValueError, match="only be put off to a later time"):
            actions.snooze_task(pk, until=AT - timedelta(days=1), actor="user:1")
    assert Task.objects.get(pk=pk).due_at == AT + timedelta(days=1)


def test_a_task_without_title_or_of_an_unknown_kind_is_refused(ana: Contact) -> None:
    with pytest.raises(ValueError, match="A task needs a title"):
        actions.create_task(NewTask(ana.pk, "  "), actor="user:1")
    with pytest.raises(ValueError, match="unknown kind of task: 'fax'"):
        actions.create_task(NewTask(ana.pk, "x", "fax"), actor="user:1")


def test_a_note_tells_those_it_names_once(rafael: User, ana: Contact) -> None:
    maria = User.objects.create_user("maria@x.example", "maria@x.example", first_name="Maria")
    text = "Budget is **fixed**, @Rafael please call. @Maria"
    pk = actions.add_note(text, actor=f"user:{maria.pk}", person_id=ana.pk, url="/p/1/")
    assert Note.objects.get(pk=pk).mentions == sorted([rafael.pk, maria.pk])
    assert list(Notification.objects.values_list("user_id", "url", "icon")) == [(rafael.pk, "/p/1/", "at-sign")]
    (entry,) = timeline.read(ana.pk)
    assert (entry.kind, entry.data) == ("note.added", {"note": pk, "text": text})
    with pytest.raises(ValueError, match="A note needs some text"):
        actions.add_note(" \n", actor="user:1", person_id=ana.pk)


def test_a_call_is_kept_at_the_time_it_took_place(rafael: User, ana: Contact) -> None:
    pk = actions.log_call(
        actor=f"user:{rafael.pk}", person_id=ana.pk, outcome="reached", seconds=90, note="Wants a pilot", at=AT
    )
    assert Call.objects.values_list("user_id", "at", "seconds").get(pk=pk) == (rafael.pk, AT, 90)
    (entry,) = timeline.read(ana.pk)
    assert (entry.kind, entry.at, entry.data["text"]) == ("call.logged", AT, "Wants a pilot")
    with pytest.raises(ValueError, match="unknown outcome of a call: 'sang'"):
        actions.log_call(actor="user:1", person_id=ana.pk, outcome="sang")


def test_read_notifications_are_counted_once(rafael: User) -> None:
    told = actions.NewNotification(rafael.pk, "Hello", "/", "k")
    assert actions.notify([told, told]) == 1
    assert actions.notify([told]) == 0
    assert actions.mark_read(rafael.pk) == 1
    assert actions.mark_read(rafael.pk) == 0
