"""Changes of many people: begun by a user, made batch by batch by the worker, stopped, undone.

Whom it concerns is written down first (BulkItem), so that it is exactly those whom the user saw, however long it takes.
A batch is one transaction: the people's lanes, the change, what each had before and after, and the job's progress. A
worker that dies leaves a batch undone or done, never half; another goes on.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from headwater.core import clock, crash, wake
from headwater.core.lanes import lane_key
from headwater.timeline.actions import in_lane

from .. import queries, registry, rules
from ..models import BulkItem, BulkJob, BulkPart, Contact
from ..models.bulk import JobState
from ..queries import Listing

log = logging.getLogger("headwater.people")
#: People of one transaction
BATCH = 500
#: What was before is kept so long, and an export can be fetched so long
KEEP, KEEP_FILES = timedelta(days=30), timedelta(days=7)
OPEN = (JobState.GATHERING, JobState.RUNNING, JobState.UNDOING)
GONE, SINCE = gettext_noop("not there any more"), gettext_noop("changed since")


def start_bulk(
    action: str,
    *,
    given: Mapping[str, Any],
    actor: str,
    person_ids: Sequence[int] | None = None,
    listing: Listing | None = None,
) -> BulkJob:
    """Begin a change of many: of these people, or of everybody in a list. The worker makes it.

    Raises rules.Invalid on "action" or on what the action was given.
    """
    bulk = registry.bulks.get(action)
    if bulk is None:
        raise rules.Invalid({"action": _("There is no such change.")})
    params = bulk.clean(given)
    if listing is None and not person_ids:
        raise rules.Invalid({"ids": _("Choose somebody first.")})
    kept = {} if listing is None else {"q": listing.q, "filters": [list(pair) for pair in listing.filters]}
    with transaction.atomic():
        job = BulkJob.objects.create(action=action, params=params, listing=kept, actor=actor, created_at=clock.now())
        if listing is None:
            _gather(job, ["c.id = ANY(%s)"], [list(person_ids or ())])
        wake.notify(["bulk"])
    return job


def _gather(job: BulkJob, where: Sequence[str], args: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO people_bulkitem (lane_key, job_id, person_id, state) "
            "SELECT l.lane_key, %s, c.id, 0 FROM people_contact c "
            "JOIN timeline_lane l ON l.lane = ((hashint8(c.id)::bigint + 2147483648) >> 24) "
            f"WHERE {' AND '.join(where) or 'true'}",
            [job.pk, *args],
        )
        job.total = cursor.rowcount
    job.state = JobState.RUNNING
    job.save(update_fields=["total", "state"])


def _gather_list(job: BulkJob) -> int:
    """Write down everybody in the list as it is now."""
    pairs = tuple((str(name), str(value)) for name, value in job.listing.get("filters", ()))
    _gather(job, *queries.where_of(Listing(job.listing.get("q", ""), pairs)))
    return 1


_served = 0


def run_once() -> int:
    """One batch of one open change, in turn. Returns how many people it passed (at least 1 where it did something)."""
    global _served
    if not BulkJob.objects.filter(state__in=OPEN).exists():  # asked at every word of new work
        return 0
    with transaction.atomic():
        jobs = BulkJob.objects.select_for_update(skip_locked=True).filter(state__in=OPEN)
        job = jobs.filter(pk__gt=_served).order_by("pk").first() or jobs.order_by("pk").first()
        if job is None:
            return 0
        _served = job.pk
        return _guarded(job)


def run_here(job_id: int) -> None:
    """Make a small change at once, in the caller's process, so that the next page shows it. A worker that is at it
    already is left to it."""
    while True:
        with transaction.atomic():
            job = BulkJob.objects.select_for_update(skip_locked=True).filter(pk=job_id, state__in=OPEN).first()
            if job is None:
                return
            _guarded(job)


def _guarded(job: BulkJob) -> int:
    """A batch; what it cannot do ends the job with the reason, and what was done before stays undoable."""
    try:
        with transaction.atomic():
            passed = _STEPS[JobState(job.state)](job)
    except (OperationalError, InterfaceError):
        raise
    except Exception as problem:
        log.exception("bulk_failed", extra={"job": job.pk})
        job.refresh_from_db()
        said = "; ".join(problem.errors.values()) if isinstance(problem, rules.Invalid) else str(problem)
        job.error, job.state, job.finished_at = said[:500], JobState.FAILED, clock.now()
        job.save(update_fields=["error", "state", "finished_at"])
        passed = 1
    crash.point("bulk.batch")
    wake.publish(f"bulk:{job.pk}")
    return passed


def _next(job: BulkJob, state: int) -> list[int]:
    rows = BulkItem.objects.filter(job_id=job.pk, state=state)
    order = ("person_id",) if registry.bulks[job.action].file else ("lane_key", "person_id")
    return list(rows.order_by(*order).values_list("person_id", flat=True)[:BATCH])


def _batch(job: BulkJob) -> int:
    bulk, ids = registry.bulks[job.action], _next(job, BulkItem.WAITING)
    if not ids:
        return _end(job, JobState.DONE)
    if bulk.file is not None:
        if not job.done:
            BulkPart.objects.create(job=job, number=0, text=bulk.file([]))
        BulkPart.objects.create(job=job, number=job.done + 1, text=bulk.file(ids))
        _mark(job, dict.fromkeys(ids, (BulkItem.KEPT, None, None)))
        job.changed += len(ids)
    else:
        if bulk.prepare is not None:
            bulk.prepare(ids)
        with in_lane(*ids):
            _change(job, bulk, ids)
    job.done += len(ids)
    job.save(update_fields=["done", "changed", "refused"])
    return len(ids)


def _change(job: BulkJob, bulk: registry.Bulk, ids: list[int]) -> None:
    there = set(Contact.objects.filter(pk__in=ids).values_list("pk", flat=True))
    known = [p for p in ids if p in there]
    look = bulk.snapshot or (lambda people, params: {})
    before = _plain(look(known, job.params))
    assert bulk.apply is not None
    refused = dict(bulk.apply(known, job.params, job.actor) or {}) if known else {}
    after = _plain(look(known, job.params))
    moved = {p for p in known if p not in refused and (bulk.snapshot is None or before.get(p) != after.get(p))}
    _mark(
        job,
        {
            p: (BulkItem.CHANGED, before.get(p), after.get(p)) if p in moved else (BulkItem.KEPT, None, None)
            for p in ids
        },
    )
    why = Counter(refused.values()) + Counter({GONE: len(ids) - len(known)})
    job.changed += len(moved)
    job.refused = _added(job.refused, why)


def undo_bulk(job_id: int, *, actor: str) -> bool:
    """Begin to put back what each person had. False where there is nothing to undo (any more)."""
    with transaction.atomic():
        job = BulkJob.objects.select_for_update().filter(pk=job_id).first()
        if job is None or not can_undo(job):
            return False
        job.state, job.undone_by = JobState.UNDOING, actor
        job.save(update_fields=["state", "undone_by"])
        wake.notify([f"bulk:{job_id}"])
    return True


def can_undo(job: BulkJob) -> bool:
    """Whether a change has ended, changed somebody, and is of a sort and an age that can be undone."""
    bulk = registry.bulks.get(job.action)
    ended = job.state in (JobState.DONE, JobState.STOPPED, JobState.FAILED)
    return bool(bulk and bulk.restore and ended and job.changed and clock.now() - job.created_at < KEEP)


def stop_bulk(job_id: int, *, actor: str) -> bool:
    """End a change where it is; what it did stays, and can be undone. False where it does not run (any more)."""
    now = clock.now()
    jobs = BulkJob.objects.filter(pk=job_id, state__in=(JobState.GATHERING, JobState.RUNNING))
    stopped = bool(jobs.update(state=JobState.STOPPED, finished_at=now))
    if stopped:
        wake.publish(f"bulk:{job_id}")
    return stopped


def _undo_batch(job: BulkJob) -> int:
    bulk, ids = registry.bulks[job.action], _next(job, BulkItem.CHANGED)
    if not ids or bulk.restore is None or bulk.snapshot is None:
        return _end(job, JobState.UNDONE)
    with in_lane(*ids):
        rows = BulkItem.objects.filter(lane_key__in={lane_key(p) for p in ids}, job_id=job.pk, person_id__in=ids)
        said = {p: (before, after) for p, before, after in rows.values_list("person_id", "before", "after")}
        there = set(Contact.objects.filter(pk__in=ids).values_list("pk", flat=True))
        present = _plain(bulk.snapshot([p for p in ids if p in there], job.params))
        good = {
            p: (before, present.get(p))
            for p, (before, after) in said.items()
            if p in there and bulk.same(job.params, after, present.get(p))
        }
        if good:
            bulk.restore(good, job.params, job.undone_by)
        why = Counter(GONE if p not in there else SINCE for p in ids if p not in good)
        _mark(job, {p: (BulkItem.RESTORED if p in good else BulkItem.SKIPPED, *said[p]) for p in ids if p in said})
    job.undo_done += len(ids)
    job.restored += len(good)
    job.skipped = _added(job.skipped, why)
    job.save(update_fields=["undo_done", "restored", "skipped"])
    return len(ids)


def _end(job: BulkJob, state: JobState) -> int:
    job.state, job.finished_at = state, clock.now()
    job.save(update_fields=["state", "finished_at"])
    return 1


def _mark(job: BulkJob, items: Mapping[int, tuple[int, Any, Any]]) -> None:
    people = list(items)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE people_bulkitem i SET state = x.s, before = x.b, after = x.a "
            "FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::jsonb[], %s::jsonb[]) AS x(l, p, s, b, a) "
            "WHERE i.lane_key = x.l AND i.job_id = %s AND i.person_id = x.p",
            [
                [lane_key(p) for p in people],
                people,
                [items[p][0] for p in people],
                [json.dumps(items[p][1]) for p in people],
                [json.dumps(items[p][2]) for p in people],
                job.pk,
            ],
        )


_STEPS = {JobState.GATHERING: _gather_list, JobState.RUNNING: _batch, JobState.UNDOING: _undo_batch}


def _plain(values: Mapping[int, Any]) -> dict[int, Any]:
    """Values as they come back from the database."""
    return {p: json.loads(json.dumps(v, default=str)) for p, v in values.items()}


def _added(kept: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {why: n for why, n in (Counter(kept) + Counter(more)).items() if n}


def forget_old() -> int:
    """Let go of what was before and of exports that are too old. Returns how many changes it concerned."""
    now = clock.now()
    with transaction.atomic():
        dropped, _kinds = (
            BulkPart.objects.filter(job__created_at__lt=now - KEEP_FILES).exclude(job__state__in=OPEN).delete()
        )
        old = BulkJob.objects.filter(created_at__lt=now - KEEP).exclude(state__in=OPEN)
        jobs = list(old.values_list("pk", flat=True)[:20])
        if jobs:
            BulkItem.objects.filter(job_id__in=jobs).delete()
            BulkJob.objects.filter(pk__in=jobs).delete()
    return dropped + len(jobs)
