"""advance: take people from step to step until everybody waits or has come to an end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from datetime import timedelta
from operator import attrgetter
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, transaction

from headwater.core.session import blame

from .base import Context, Outcome, Step, Traveller
from .batch import Batch
from .graph import Version

log = logging.getLogger("headwater.journeys")
T = TypeVar("T")

#: A person who takes more steps than this without waiting goes round in circles
MAX_STEPS = 100
#: How often a step that fails for one person is tried again, ever later, before she is set aside as stuck
MAX_TRIES = 5

Key = tuple[int, str, bool]
Group = tuple[Context, list[Traveller]]

#: Whether steps are run without a savepoint for each
_trusting: ContextVar[bool] = ContextVar("trusting", default=False)


class StepFailed(Exception):
    """A step failed that had no savepoint of its own."""


def trusting(work: Callable[[], T]) -> T:
    """Do the work inside one savepoint for all of its steps, not one for each: they hardly ever fail, and a savepoint
    costs two statements. Where one does fail, all of the work is done again, with a savepoint for each step."""
    token = _trusting.set(True)
    try:
        with transaction.atomic():
            return work()
    except StepFailed as failed:
        log.info("steps_run_again", extra={"why": str(failed)})
    finally:
        _trusting.reset(token)
    return work()


def _savepoint() -> AbstractContextManager[Any]:
    return nullcontext() if _trusting.get() else transaction.atomic()


def _blame(error: Exception) -> None:
    blame(error)
    if _trusting.get():
        raise StepFailed(f"{type(error).__name__}: {error}"[:200]) from error


def advance(batch: Batch, people: Iterable[Traveller], versions: Mapping[int, Version]) -> int:
    """Run the steps of these people, all who are in the same step at once, until all wait or are through.

    The caller holds their lanes, and calls `batch.flush()` before it commits. Returns the number of steps run.
    """
    queue: dict[Key, list[Traveller]] = {}
    for t in people:
        batch.touch(t)
        queue.setdefault((t.version_id, t.step, t.woken), []).append(t)
    steps = 0
    while queue:
        groups = _next(batch, queue, versions)
        steps += sum(len(people) for _, people in groups)
        for (context, people), outcomes in zip(groups, _run_all(groups), strict=True):
            for outcome, those in _alike(outcomes, people):
                target = _apply(batch, context, those, outcome)
                if target is not None:
                    queue.setdefault((context.version.id, target, False), []).extend(those)
    return steps


def _next(batch: Batch, queue: dict[Key, list[Traveller]], versions: Mapping[int, Version]) -> list[Group]:
    """Take out of the queue whoever is served next. Lowest rank first: arms that meet again are served together. Steps
    of a kind that serves many of them at once wait until everybody else has gone as far as they get, and are then
    served with all others of that kind."""
    first = min(queue, key=lambda k: (_together(versions, k), _rank(versions[k[0]], k[1]), k))
    kind = _kind(versions, first)
    keys = [first]
    if kind is not None and kind.together:
        keys += sorted(k for k in queue if k != first and _kind(versions, k) is kind)
    groups: list[Group] = []
    for key in keys:
        people, version = queue.pop(key), versions[key[0]]
        node = version.nodes.get(key[1])
        if node is None:
            batch.ended(people, version, "exited", "no such step")
        else:
            groups.append((Context(version, node, batch.now), people))
    return groups


def _kind(versions: Mapping[int, Version], key: Key) -> type[Step] | None:
    node = versions[key[0]].nodes.get(key[1])
    return node.kind if node else None


def _together(versions: Mapping[int, Version], key: Key) -> bool:
    kind = _kind(versions, key)
    return kind is not None and kind.together


def _run_all(groups: Sequence[Group]) -> list[Sequence[Outcome]]:
    """The work of several steps of one kind; of each by itself where together it fails."""
    if len(groups) > 1:
        try:
            with _savepoint():
                outcomes = groups[0][0].node.kind.run_all(groups)
                if [len(part) for part in outcomes] != [len(people) for _, people in groups]:
                    raise RuntimeError("an outcome for each is needed")
            return outcomes
        except (OperationalError, InterfaceError):
            raise  # the database, not the step
        except Exception as error:
            _blame(error)
    return [_run(context, people) for context, people in groups]


def _rank(version: Version, step: str) -> int:
    node = version.nodes.get(step)
    return node.rank if node else 0


def _run(context: Context, group: Sequence[Traveller]) -> Sequence[Outcome]:
    """The step's own work, inside a savepoint. Where it fails, for halves of the group, down to the one person on whom
    it fails; the others go on."""
    run = context.node.kind.wake if group[0].woken else context.node.kind.run
    try:
        with _savepoint():
            outcomes = run(context, group)
        if len(outcomes) != len(group):
            raise RuntimeError(f"{context.node.kind.kind}: {len(outcomes)} outcomes for {len(group)} people")
        return outcomes
    except (OperationalError, InterfaceError):
        raise  # the database, not the step: the whole batch is rolled back and done again
    except Exception as error:
        _blame(error)
        if len(group) == 1:
            log.exception(
                "step_failed",
                extra={
                    "journey": context.version.journey_id,
                    "step": context.node.id,
                    "person": group[0].person_id,
                },
            )
            what = "database" if isinstance(error, DatabaseError) else type(error).__name__
            return [Outcome("failed", reason=f"{what}: {error}"[:200])]
    middle = len(group) // 2
    return [*_run(context, group[:middle]), *_run(context, group[middle:])]


def _alike(outcomes: Sequence[Outcome], people: Sequence[Traveller]) -> list[tuple[Outcome, list[Traveller]]]:
    """People with the same outcome go on together."""
    kinds = {id(outcome): outcome for outcome in outcomes}
    if len(kinds) == 1:
        return [(outcomes[0], list(people))]
    # Outcomes that say the same without being the same object
    parts: dict[Any, tuple[Outcome, list[Traveller]]] = {}
    whose = {key: parts.setdefault(_SAYS(outcome), (outcome, []))[1] for key, outcome in kinds.items()}
    for outcome, t in zip(outcomes, people, strict=True):
        whose[id(outcome)].append(t)
    return list(parts.values())


_SAYS = attrgetter("what", "arm", "reason", "until", "due")


def _apply(batch: Batch, context: Context, people: list[Traveller], outcome: Outcome) -> str | None:
    """Move people who stand in one step. Returns the step they go on to at once, or None. Who goes round in circles is
    taken out of `people`."""
    if outcome.what == "wait":
        due = outcome.due or outcome.until
        for t in people:
            t.state, t.woken, t.until, t.due_at = "waiting", False, outcome.until, due
        return None
    if outcome.what == "failed":
        for t in people:
            _failed(batch, t, outcome.reason)
        return None
    version, node = context.version, context.node
    last = outcome.what == "end"
    target = None if last else node.targets.get(outcome.arm)
    _count(batch, context, outcome, len(people))
    batch.stepped(people, "end" if last else outcome.arm, outcome.reason)
    if target is None:
        for t in people:
            t.tries = 0
        batch.ended(people, version, "finished", outcome.reason if last and outcome.reason else "end")
        return None
    _arrive(batch, people, target)
    circling = [t for t in people if t.trail is not None and t.trail.length >= MAX_STEPS] if version.has_loops else []
    for t in circling:
        t.step = node.id
    if circling:
        batch.ended(circling, version, "exited", "loop")
        people[:] = [t for t in people if t.ended_at is None]
    batch.counts[version.id, target, "entered"] += len(people)
    return target


def _arrive(batch: Batch, people: Sequence[Traveller], target: str) -> None:
    """They come to a step."""
    for t in people:
        t.step = target
        if t.trail is not None and t.trail.length == 1:  # so she is already where this transaction took her further
            t.moved_at, t.state, t.woken, t.tries, t.until, t.due_at = batch.now, "active", False, 0, None, None


def _count(batch: Batch, context: Context, outcome: Outcome, n: int) -> None:
    """They have done the step."""
    version, node = context.version, context.node
    batch.counts[version.id, node.id, "done"] += n
    if outcome.what != "end" and len(node.targets) > 1:
        batch.counts[version.id, node.id, f"arm:{outcome.arm}"] += n
    if outcome.reason.startswith("refused:"):
        batch.counts[version.id, node.id, outcome.reason[:60]] += n


def _failed(batch: Batch, t: Traveller, reason: str) -> None:
    """Try again in 1, 2, 4, 8 minutes; then set her aside, visibly."""
    t.tries += 1
    t.outcome = reason
    batch.counts[t.version_id, t.step, "failed"] += 1
    if t.tries >= MAX_TRIES:
        t.state, t.due_at = "stuck", None
    else:
        # A person who had just arrived arrives again; one who was woken is woken again.
        t.state = "waiting" if t.woken else "active"
        t.due_at = batch.now + timedelta(minutes=2 ** (t.tries - 1))
