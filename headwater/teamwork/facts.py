"""What can happen in the work with a person: tasks, notes, calls."""

from __future__ import annotations

from headwater.core.facts import Fact, _, fact


@fact("task.created", icon="square-check", hue=60, group="sales", says=_("Task for {owner_name}: {title}"))
class TaskCreated(Fact):
    task: int
    title: str
    task_kind: str = "todo"
    due: str = ""  # ISO 8601
    owner: int | None = None
    owner_name: str = "—"
    deal: int | None = None


@fact("task.completed", icon="circle-check", hue=150, group="sales", says=_("{actor} completed {title}"))
class TaskCompleted(Fact):
    task: int
    title: str
    task_kind: str = "todo"
    outcome: str = ""
    deal: int | None = None


@fact("task.reopened", icon="square-check", hue=60, group="sales", says=_("{actor} reopened {title}"))
class TaskReopened(Fact):
    task: int
    title: str
    deal: int | None = None


@fact("note.added", icon="sticky-note", hue=90, group="sales", says=_("{actor} added a note"))
class NoteAdded(Fact):
    note: int
    text: str  # the first 500 characters, as written
    deal: int | None = None


@fact("call.logged", icon="phone", hue=60, group="sales", says=_("{actor} logged a call: {outcome}"))
class CallLogged(Fact):
    call: int
    direction: str  # "out" | "in"
    outcome: str
    seconds: int = 0
    text: str = ""
    deal: int | None = None
