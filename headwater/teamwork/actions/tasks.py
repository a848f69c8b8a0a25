"""Writing tasks: create (set-based, once per key), complete, reopen, snooze, change."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from headwater.accounts.models import User
from headwater.core import clock, wake
from headwater.core.actors import user_id
from headwater.core.arrays import columns
from headwater.timeline.actions import NewFact, in_lane, record, record_many

from ..facts import TaskCompleted, TaskCreated, TaskReopened
from ..models import Task
from .notifications import NewNotification, notify


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to create. person_id None: about nobody in particular. key: the same key makes one task only."""

    person_id: int | None
    title: str
    kind: str = "todo"  # "call" | "email" | "todo"
    due_at: datetime | None = None
    owner_id: int | None = None
    priority: int = 1
    deal_id: int | None = None
    key: str = ""
    note: str = ""
    #: The owner is told in another way
    silent: bool = False


_INSERT = (
    "INSERT INTO teamwork_task (contact_id, deal_id, kind, title, note, due_at, priority, owner_id, outcome, "
    "created_at, created_by, key) SELECT p, d, k, t, n, u, r, o, '', %s, %s, y FROM unnest(%s::bigint[], "
    "%s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::smallint[], %s::bigint[], %s::text[]) "
    "AS v(p, d, k, t, n, u, r, o, y) ON CONFLICT (key) DO NOTHING RETURNING id, key"
)


def create_tasks(items: Sequence[NewTask], *, actor: str) -> list[int]:
    """Create tasks in a constant number of statements; records TaskCreated for each new one about a person.

    Returns the tasks' ids in the order of `items`; where a key was there before, the id of the task that has it.
    Raises ValueError on an unknown kind or an empty title.
    """
    if not items:
        return []
    for item in items:
        if item.kind not in ("call", "email", "todo"):
            raise ValueError(f"unknown kind of task: {item.kind!r}")
        if not item.title.strip():
            raise ValueError(_("A task needs a title."))
    keys = [item.key or uuid.uuid4().hex for item in items]
    rows = [
        (i.person_id, i.deal_id, i.kind, i.title.strip()[:200], i.note, i.due_at, i.priority, i.owner_id, key)
        for i, key in zip(items, keys, strict=True)
    ]
    with in_lane(*{i.person_id for i in items if i.person_id is not None}):
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [clock.now(), actor, *columns(rows)])
            new = {key: pk for pk, key in cursor.fetchall()}
        _announce([(new[key], item) for item, key in _first(items, keys) if key in new], actor)
        known = dict(new)
        if missing := set(keys) - set(new):
            known.update(Task.objects.filter(key__in=missing).values_list("key", "id"))
    return [known[key] for key in keys]


def _first(items: Sequence[NewTask], keys: Sequence[str]) -> Iterator[tuple[NewTask, str]]:
    """Items with their keys, a key given twice in one call only once."""
    seen: set[str] = set()
    for item, key in zip(items, keys, strict=True):
        if key not in seen:
            seen.add(key)
            yield item, key


def _announce(made: list[tuple[int, NewTask]], actor: str) -> None:
    """Facts, notifications and live pages for tasks just created."""
    names = {u.pk: u.name for u in User.objects.filter(pk__in={i.owner_id for _, i in made if i.owner_id})}
    record_many(
        [
            NewFact(
                item.person_id,
                TaskCreated(
                    task=pk,
                    title=item.title,
                    task_kind=item.kind,
                    due=item.due_at.isoformat() if item.due_at else "",
                    owner=item.owner_id,
                    owner_name=names.get(item.owner_id or 0, "—"),
                    deal=item.deal_id,
                ),
                actor=actor,
            )
            for pk, item in made
            if item.person_id is not None
        ]
    )
    notify(
        [
            NewNotification(item.owner_id, item.title, "/tasks/", f"task:{pk}", icon="square-check")
            for pk, item in made
            if item.owner_id is not None and item.owner_id != user_id(actor) and not item.silent
        ]
    )
    if made:
        wake.publish("tasks")


def create_task(item: NewTask, *, actor: str) -> int:
    """Create one task; returns its id."""
    return create_tasks([item], actor=actor)[0]


@contextmanager
def _locked(task_id: int) -> Iterator[Task]:
    """The task, locked, inside its person's lane. Raises Task.DoesNotExist."""
    person = Task.objects.values_list("contact_id", flat=True).get(pk=task_id)
    with in_lane(*([person] if person is not None else [])):
        yield Task.objects.select_for_update().get(pk=task_id)


def complete_task(task_id: int, *, outcome: str = "", actor: str) -> bool:
    """Tick a task off. Returns False where it was done already. Raises Task.DoesNotExist."""
    with _locked(task_id) as task:
        if task.done_at is not None:
            return False
        task.done_at, task.outcome = clock.now(), outcome.strip()[:200]
        task.save(update_fields=["done_at", "outcome"])
        if task.contact_id is not None:
            fact = TaskCompleted(
                task=task.pk, title=task.title, task_kind=task.kind, outcome=task.outcome, deal=task.deal_id
            )
            record(task.contact_id, fact, actor=actor)
        wake.publish("tasks", "board")
    return True


def reopen_task(task_id: int, *, actor: str) -> bool:
    """Take a completion back (Undo). Returns False where the task was open. Raises Task.DoesNotExist."""
    with _locked(task_id) as task:
        if task.done_at is None:
            return False
        task.done_at, task.outcome = None, ""
        task.save(update_fields=["done_at", "outcome"])
        if task.contact_id is not None:
            record(task.contact_id, TaskReopened(task=task.pk, title=task.title, deal=task.deal_id), actor=actor)
        wake.publish("tasks", "board")
    return True


def snooze_task(task_id: int, *, until: datetime, actor: str) -> None:
    """Put the due time of an open task off to `until` (aware). Raises Task.DoesNotExist, ValueError on a past time."""
    if until <= clock.now() - timedelta(minutes=1):
        raise ValueError(_("A task can only be put off to a later time."))
    update_task(task_id, actor=actor, due_at=until)


def update_task(task_id: int, *, actor: str, **changes: Any) -> None:
    """Change title, note, kind, due_at, priority or owner_id of a task. Raises Task.DoesNotExist, ValueError."""
    unknown = set(changes) - {"title", "note", "kind", "due_at", "priority", "owner_id"}
    if unknown:
        raise ValueError(f"a task has no {', '.join(sorted(unknown))}")
    if "title" in changes and not changes["title"].strip():
        raise ValueError(_("A task needs a title."))
    with _locked(task_id) as task:
        before = task.owner_id
        for name, value in changes.items():
            setattr(task, name, value)
        task.save(update_fields=list(changes))
        if task.owner_id and task.owner_id not in (before, user_id(actor)):
            notify([NewNotification(task.owner_id, task.title, "/tasks/", f"task:{task.pk}:{task.owner_id}")])
        wake.publish("tasks", "board")


def close_tasks(*, deal_ids: Sequence[int], outcome: str, actor: str) -> int:
    """Close the open tasks of deals that came to an end, without a fact for each (the deal's own fact says it).

    Returns how many were open.
    """
    with transaction.atomic():
        closed = Task.objects.filter(deal_id__in=list(deal_ids), done_at=None)
        return closed.update(done_at=clock.now(), outcome=outcome[:200])


def close_task_by_key(key: str, *, outcome: str) -> bool:
    """Close the open task that was created under `key`, without a fact. Returns whether there was one."""
    with transaction.atomic():
        open_ = Task.objects.filter(key=key, done_at=None)
        return open_.update(done_at=clock.now(), outcome=outcome[:200]) > 0
