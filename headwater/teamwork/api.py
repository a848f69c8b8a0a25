"""Tasks, notes and calls over the API; `headwater api` runs the same operations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError
from django.http import HttpRequest
from ninja import Router, Schema
from ninja.errors import HttpError

from headwater.core import clock
from headwater.core.paging import Cursor, Limit, Next, opened, sealed
from headwater.people.models import Contact

from . import actions, queries
from .models import Note, Task

router = Router(tags=["work"])


@contextmanager
def refusals() -> Iterator[None]:
    """What an action refuses, as an answer: 404 for what is not there, 422 for what cannot be."""
    try:
        yield
    except ObjectDoesNotExist as error:
        raise HttpError(404, str(error)) from error
    except ValueError as error:
        raise HttpError(422, str(error)) from error
    except IntegrityError as error:
        raise HttpError(422, "it names a record that does not exist") from error


class TaskIn(Schema):
    title: str
    kind: Literal["call", "email", "todo"] = "todo"
    person_id: int | None = None
    deal_id: int | None = None
    due_at: datetime | None = None
    owner_id: int | None = None
    priority: Literal[0, 1, 2] = 1
    note: str = ""
    key: str = ""


class TaskChange(Schema):
    title: str | None = None
    kind: Literal["call", "email", "todo"] | None = None
    due_at: datetime | None = None
    owner_id: int | None = None
    priority: Literal[0, 1, 2] | None = None
    note: str | None = None


class TaskOut(Schema):
    id: int
    title: str
    kind: str
    person_id: int | None
    deal_id: int | None
    due_at: datetime | None
    owner_id: int | None
    priority: int
    note: str
    done_at: datetime | None
    outcome: str
    created_at: datetime
    created_by: str

    @staticmethod
    def resolve_person_id(task: Task) -> int | None:
        return task.contact_id


class TaskPage(Schema):
    items: list[TaskOut]
    next: Next


class Outcome(Schema):
    outcome: str = ""


def _need_person(person_id: int | None) -> None:
    if person_id is not None and not Contact.objects.filter(pk=person_id).exists():
        raise HttpError(422, f"person_id: there is no contact {person_id}")


@router.get("/tasks", response=TaskPage)
def list_tasks(
    request: HttpRequest,
    view: queries.View = "open",
    owner_id: int | None = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Tasks, open ones by due time."""
    from zoneinfo import ZoneInfo

    with refusals():
        page = queries.tasks(
            view=view,
            now=clock.now(),
            zone=ZoneInfo("UTC"),
            owner_id=owner_id,
            after=opened("tasks", cursor),
            limit=limit,
        )
    return {"items": page.tasks, "next": sealed("tasks", page.next)}


@router.post("/tasks", response={201: TaskOut})
def create_task(request: HttpRequest, body: TaskIn) -> Any:
    _need_person(body.person_id)
    with refusals():
        pk = actions.create_task(actions.NewTask(**body.dict()), actor=request.actor)  # type: ignore[attr-defined]
    return 201, Task.objects.get(pk=pk)


@router.get("/tasks/{task_id}", response=TaskOut)
def get_task(request: HttpRequest, task_id: int) -> Any:
    with refusals():
        return Task.objects.get(pk=task_id)


@router.patch("/tasks/{task_id}", response=TaskOut)
def change_task(request: HttpRequest, task_id: int, body: TaskChange) -> Any:
    with refusals():
        actions.update_task(task_id, actor=request.actor, **body.dict(exclude_unset=True))  # type: ignore[attr-defined]
        return Task.objects.get(pk=task_id)


@router.post("/tasks/{task_id}/complete", response=TaskOut)
def complete_task(request: HttpRequest, task_id: int, body: Outcome) -> Any:
    with refusals():
        actions.complete_task(task_id, outcome=body.outcome, actor=request.actor)  # type: ignore[attr-defined]
        return Task.objects.get(pk=task_id)


@router.post("/tasks/{task_id}/reopen", response=TaskOut)
def reopen_task(request: HttpRequest, task_id: int) -> Any:
    with refusals():
        actions.reopen_task(task_id, actor=request.actor)  # type: ignore[attr-defined]
        return Task.objects.get(pk=task_id)


class NoteIn(Schema):
    body: str
    person_id: int | None = None
    company_id: int | None = None
    deal_id: int | None = None


class NoteOut(Schema):
    id: int
    body: str
    person_id: int | None
    company_id: int | None
    deal_id: int | None
    author_id: int | None
    created_at: datetime

    @staticmethod
    def resolve_person_id(note: Note) -> int | None:
        return note.contact_id


@router.post("/notes", response={201: NoteOut})
def add_note(request: HttpRequest, body: NoteIn) -> Any:
    _need_person(body.person_id)
    with refusals():
        pk = actions.add_note(
            body.body,
            actor=request.actor,  # type: ignore[attr-defined]
            person_id=body.person_id,
            company_id=body.company_id,
            deal_id=body.deal_id,
        )
    return 201, Note.objects.get(pk=pk)


@router.get("/notes", response=list[NoteOut])
def list_notes(
    request: HttpRequest, person_id: int | None = None, deal_id: int | None = None, company_id: int | None = None
) -> Any:
    """The newest notes about one person, deal or company."""
    return queries.notes(person_id=person_id, deal_id=deal_id, company_id=company_id, limit=100)


class CallIn(Schema):
    person_id: int
    outcome: Literal["reached", "left_message", "no_answer", "busy", "wrong_number"]
    direction: Literal["out", "in"] = "out"
    seconds: int = 0
    note: str = ""
    at: datetime | None = None
    deal_id: int | None = None


class CallOut(Schema):
    id: int


@router.post("/calls", response={201: CallOut})
def log_call(request: HttpRequest, body: CallIn) -> Any:
    _need_person(body.person_id)
    with refusals():
        return 201, {"id": actions.log_call(actor=request.actor, **body.dict())}  # type: ignore[attr-defined]
