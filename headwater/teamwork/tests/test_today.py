"""The lines of the Today page, and how few statements they take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from headwater.accounts.models import User, Workspace
from headwater.audience.models import PersonScore, ScoreModel
from headwater.core import clock
from headwater.people.models import Company, Contact
from headwater.teamwork import actions, queries
from headwater.teamwork.actions import NewTask

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def rafael() -> User:
    return User.objects.create_user("rafael@x.example", "rafael@x.example", first_name="Rafael", time_zone="Asia/Seoul")


@pytest.fixture
def ana() -> Contact:
    acme = Company.objects.create(name="Acme")
    return Contact.objects.create(first_name="Ana", name="Ana Lima", email="ana@x.example", company=acme)


def test_tasks_are_due_until_the_midnight_of_their_reader(
    rafael: User, ana: Contact, django_assert_num_queries
) -> None:
    nameless = Contact.objects.create(email="b@x.example")
    late, soon, none = actions.create_tasks(
        [
            NewTask(ana.pk, "Call", "call", NOW - HOUR, rafael.pk, note="promised"),
            NewTask(nameless.pk, "Write", "email", NOW + HOUR, rafael.pk),
            NewTask(None, "Tidy up", "todo", NOW + HOUR, rafael.pk),
        ],
        actor="system",
    )
    midnight = datetime(2026, 11, 2, 15, tzinfo=UTC)  # in Seoul
    actions.create_tasks([NewTask(ana.pk, "Tomorrow", "todo", midnight, rafael.pk)], actor="system")
    assert queries.due(rafael.pk, since=None, until=NOW, limit=5) == [
        (late, "Call", "promised", "call", NOW - HOUR, ana.pk, "Ana Lima", "Acme")
    ]
    with django_assert_num_queries(5):
        sections = queries.today(rafael, NOW)
    assert [(s.source.name, [(i.task_id, i.name, i.why) for i in s.items]) for s in sections] == [
        ("overdue", [(late, "Ana Lima", "promised")]),
        ("due", [(soon, "b@x.example", "Due today"), (none, "", "Due today")]),
    ]
    assert sections[1].items[1].url == "/tasks/"


def test_hot_leads_without_a_step_come_hottest_first(rafael: User, ana: Contact) -> None:
    model = ScoreModel.objects.get_or_create(key="engagement", defaults={"name": "Engagement"})[0]
    other = User.objects.create_user("o@x.example", "o@x.example")
    mine = Contact.objects.create(name="Mine", stage="mql", owner=rafael)
    planned = Contact.objects.create(name="Planned", stage="lead")
    theirs = Contact.objects.create(name="Theirs", stage="lead", owner=other)
    customer = Contact.objects.create(name="Customer", stage="customer")
    Contact.objects.filter(pk=ana.pk).update(stage="lead")
    for points, contact in enumerate([ana, mine, planned, theirs, customer], start=60):
        PersonScore.objects.create(person_id=contact.pk, model_id=model.pk, points=points, band="hot", updated_at=NOW)
    actions.create_tasks([NewTask(planned.pk, "Call", "call", NOW, rafael.pk)], actor="system")
    assert queries.hot_without_step(rafael.pk, 5) == [(mine.pk, "Mine", "", 61), (ana.pk, "Ana Lima", "Acme", 60)]
    assert queries.hot_without_step(rafael.pk, 1) == [(mine.pk, "Mine", "", 61)]


def test_a_deal_shows_its_activity_that_is_due_first(rafael: User, ana: Contact) -> None:
    actions.create_tasks(
        [
            NewTask(ana.pk, "Some day", "todo", None, rafael.pk, deal_id=3),
            NewTask(ana.pk, "Later", "todo", NOW + HOUR, rafael.pk, deal_id=3),
            NewTask(ana.pk, "First", "todo", NOW, rafael.pk, deal_id=3),
            NewTask(ana.pk, "Other deal", "todo", None, rafael.pk, deal_id=4),
        ],
        actor="system",
    )
    assert queries.next_activities([3, 4, 5]) == {3: "First", 4: "Other deal"}
    assert queries.next_activities([]) == {}


def test_the_zone_is_the_users_own_else_the_workspaces(rafael: User, django_assert_num_queries) -> None:
    Workspace.objects.update_or_create(pk=1, defaults={"time_zone": "Europe/Berlin"})
    with django_assert_num_queries(0):
        assert queries.zone_of(rafael).key == "Asia/Seoul"
    other = User.objects.create_user("o@x.example", "o@x.example", time_zone="No/Where")
    with django_assert_num_queries(1):
        assert [queries.zone_of(other).key for _ in range(3)] == ["Europe/Berlin"] * 3


def test_a_record_shows_open_tasks_by_due_time_then_the_last_that_were_done(
    rafael: User, ana: Contact, django_assert_num_queries
) -> None:
    made = actions.create_tasks(
        [
            NewTask(ana.pk, "Some day", "todo", None, None, deal_id=3),
            NewTask(ana.pk, "Later", "todo", NOW + HOUR, rafael.pk, deal_id=3),
            NewTask(ana.pk, "First", "todo", NOW, rafael.pk),
            *[NewTask(ana.pk, f"Done {n}", "todo", None, rafael.pk) for n in range(4)],
        ],
        actor="system",
    )
    for n, pk in enumerate(made[3:]):
        with clock.freeze(NOW + n * HOUR):
            actions.complete_task(pk, actor="system")
    with django_assert_num_queries(1):
        found = queries.for_contact(ana.pk)
    assert [t.title for t in found] == ["First", "Later", "Some day", "Done 3", "Done 2", "Done 1"]
    assert [t.owner.name if t.owner else "" for t in found[:3]] == ["Rafael", "Rafael", ""]
    assert [t.title for t in queries.for_deal(3)] == ["Later", "Some day"]
