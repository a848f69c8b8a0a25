"""Tasks, notes and calls of the past, in bulk, for sample data and imports: rows only, no facts, nobody is told."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..models import Call, Note, Task


@dataclass(frozen=True, slots=True)
class TaskSeed:
    person_id: int | None
    title: str
    kind: str
    due_at: datetime
    created_at: datetime
    owner_id: int | None
    deal_id: int | None = None
    priority: int = 1
    done_at: datetime | None = None
    outcome: str = ""
    key: str = ""
    actor: str = "system"


@dataclass(frozen=True, slots=True)
class NoteSeed:
    person_id: int
    body: str
    at: datetime
    author_id: int
    deal_id: int | None = None


@dataclass(frozen=True, slots=True)
class CallSeed:
    person_id: int
    outcome: str
    at: datetime
    user_id: int
    seconds: int = 0
    note: str = ""
    deal_id: int | None = None


def import_tasks(seeds: Sequence[TaskSeed]) -> list[int]:
    """Write tasks, open or done. Returns their ids in order."""
    rows = [
        Task(
            contact_id=s.person_id, deal_id=s.deal_id, kind=s.kind, title=s.title[:200], due_at=s.due_at,
            priority=s.priority, owner_id=s.owner_id, done_at=s.done_at, outcome=s.outcome[:200],
            created_at=s.created_at, created_by=s.actor, key=s.key or uuid.uuid4().hex,
        )
        for s in seeds
    ]  # fmt: skip
    return [row.pk for row in Task.objects.bulk_create(rows, batch_size=1000)]


def import_notes(seeds: Sequence[NoteSeed]) -> list[int]:
    """Write notes. Returns their ids in order."""
    rows = [
        Note(
            contact_id=s.person_id, deal_id=s.deal_id, body=s.body, author_id=s.author_id,
            actor=f"user:{s.author_id}", created_at=s.at,
        )
        for s in seeds
    ]  # fmt: skip
    return [row.pk for row in Note.objects.bulk_create(rows, batch_size=1000)]


def import_calls(seeds: Sequence[CallSeed]) -> list[int]:
    """Write calls. Returns their ids in order."""
    rows = [
        Call(
            contact_id=s.person_id, deal_id=s.deal_id, outcome=s.outcome, seconds=s.seconds, note=s.note, at=s.at,
            user_id=s.user_id, actor=f"user:{s.user_id}",
        )
        for s in seeds
    ]  # fmt: skip
    return [row.pk for row in Call.objects.bulk_create(rows, batch_size=1000)]
