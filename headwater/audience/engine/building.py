"""Segments are built beside what lives, in steps that any worker can take up, and swapped in by one transaction.

1. Saving sets `pending`. From that commit on, reactions note the people they touch for the new generation instead of
   testing them. The first step takes and lets go all lanes: whoever did not yet know of the new generation is done.
2. A step evaluates up to a million people in one statement, which may run in parallel, without holding any lane or
   the segment's row (who edits it meanwhile does not wait, and the step gives up). Whoever becomes a contact after
   that is noted.
3. When all are through, the people noted meanwhile are tested; the last of them under all lanes, in the transaction
   that makes the new generation the living one. So no change is missed and none is counted twice.
4. Optionally the differences are told as facts; the old generation is swept away.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from headwater.audience.compiler import (
    EVERYBODY,
    ConditionError,
    Scope,
    needs_of,
    parse_segment,
    resolve,
    rows,
    several,
    statement,
)
from headwater.audience.models import Segment, SegmentMember, SegmentRetest, SegmentTally, StaleGeneration
from headwater.core import clock, wake
from headwater.core.lanes import LANE_KEYS
from headwater.people.models import Contact
from headwater.timeline.actions import in_lane

from . import membership
from .announcing import announce
from .book import Living, book, touch

#: People evaluated by one step, noted people tested under all lanes, rows swept by one step
CHUNK, NOTED, SWEPT = 1_000_000, 2_000, 20_000
#: `build_cursor` when everybody is evaluated
THROUGH = -1
#: How many people are asked one by one, and how many they may seem to PostgreSQL
CANDIDATES, SEEMS = 20_000, 50_000
#: Memory for each sort or hash of a statement over all people
MEMORY = "128MB"
_LANE = "((hashint8({0})::bigint + 2147483648) >> 24)"


def run_once() -> int:
    """One step of one segment; returns 1 if there was something to do."""
    for step in (_build, announce, _sweep):
        with transaction.atomic():
            if step():
                return 1
    return 0


def run_all(limit: int = 10_000) -> None:
    """Steps until nothing is left to do (tests, sample data)."""
    for _ in range(limit):
        if not run_once():
            return
    raise RuntimeError("segments are still not built")


def _build() -> bool:
    s = _claim()
    if s is None:
        return False
    try:
        node = parse_segment(s.key, s.pending, s.picked)
    except ConditionError as error:
        Segment.objects.filter(pk=s.pk, pending_generation=s.pending_generation).update(
            state=Segment.State.FAILED, error=str(error)[:500]
        )
        return True
    living = Living(s.pk, s.key, s.name, s.pending_generation, node, needs_of(node), True)
    if s.build_cursor is None:
        take_all_lanes()
        _advance(s, 0, 1)
    elif s.build_cursor != THROUGH:
        _chunk(s, living)
    elif not _noted(living):
        _swap(s, living)
    return True


def _claim() -> Segment | None:
    """The next segment to build, which no other worker builds until this transaction ends."""
    waiting = Segment.objects.filter(pending__isnull=False, state=Segment.State.BUILDING)
    with connection.cursor() as cursor:
        for s in waiting.order_by("updated_at", "pk"):
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('headwater.segment'), %s)", [s.pk])
            if cursor.fetchone()[0]:
                return waiting.filter(pk=s.pk).first()
    return None


def _still(s: Segment) -> bool:
    """Lock the segment's row; whether it is still the same generation that is to be built."""
    found = Segment.objects.select_for_update().filter(pk=s.pk).values_list("pending_generation", "state").first()
    return found == (s.pending_generation, Segment.State.BUILDING)


def _advance(s: Segment, cursor: int, progress: int) -> None:
    s.build_cursor, s.progress = cursor, progress
    Segment.objects.filter(pk=s.pk, pending_generation=s.pending_generation).update(
        build_cursor=cursor, progress=progress
    )
    wake.publish("segments")


def take_all_lanes() -> None:
    """Wait until every transaction that holds a lane is done, and hold all of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lane_key FROM timeline_lane WHERE lane_key = ANY(%s) ORDER BY lane_key FOR UPDATE",
            [list(LANE_KEYS)],
        )


def _chunk(s: Segment, living: Living) -> None:
    """Evaluate the next range of people, or all who are left."""
    low = s.build_cursor or 0
    top = Contact.objects.aggregate(last=Max("pk"))["last"] or 1
    ids = Contact.objects.filter(pk__gt=low).order_by("pk").values_list("pk", flat=True)
    high = ids[CHUNK - 1 : CHUNK].first() if top - low > CHUNK else None
    scope = EVERYBODY if high is None and not low else Scope(low=low, high=high)
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL work_mem = '{MEMORY}'")
        _draft(cursor, living, scope, now)
        if _still(s):
            _write_draft(cursor, s, now)
            _advance(s, THROUGH if high is None else high, min(99, (high or top) * 100 // top))
        cursor.execute("DROP TABLE audience_draft")


def _draft(cursor: Any, living: Living, scope: Scope, now: datetime) -> None:
    """Who is inside, and who may turn when, as a temporary table. Who it can be at all is found first; where these
    are few, only they are asked about turns."""
    into = "CREATE TEMPORARY TABLE audience_draft ON COMMIT DROP AS "
    which = "d WHERE d.inside OR d.turns IS NOT NULL"
    people = _candidates(cursor, living, scope, now)
    if people is None:
        said = statement(living.node, scope=scope)
        cursor.execute(
            f"{into}SELECT d.* FROM (SELECT p.id, {said.inside} AS inside, {said.turns} AS turns FROM {said.source}) "
            f"{which}",
            said.params(now),
        )
        return
    asked = several([living.node])
    inside, turns = asked.said[0]
    cursor.execute(
        f"{into}WITH batch AS MATERIALIZED (SELECT unnest(%(ids)s::bigint[]) AS id, 1::bigint AS wants) "
        f"SELECT d.* FROM (SELECT p.id, {inside} AS inside, {turns} AS turns FROM {asked.source}) {which}",
        resolve({**asked.recipe, "ids": people}, now),
    )


def _candidates(cursor: Any, living: Living, scope: Scope, now: datetime) -> list[int] | None:
    """Everybody who is inside or can be by time alone, and perhaps some more; None where they are, or seem to
    PostgreSQL, many."""
    may = statement(living.node, scope=scope, may=True)
    query, params = f"SELECT p.id FROM {may.source}", may.params(now)
    if (rows(query, params) if may.seems is None or may.seems > SEEMS else may.seems) > SEEMS:
        return None
    cursor.execute(f"WITH m AS MATERIALIZED ({query}) SELECT id FROM m LIMIT {CANDIDATES + 1}", params)
    people = [pk for (pk,) in cursor.fetchall()]
    return people if len(people) <= CANDIDATES else None


def _write_draft(cursor: Any, s: Segment, now: datetime) -> None:
    """Members, their count by lane, and re-tests out of what was evaluated."""
    params = {"at": now, "seg": s.pk, "gen": s.pending_generation, "old": s.generation}
    since = "%(at)s::timestamptz"
    before = ""
    if s.generation:
        since = f"coalesce(m.since, {since})"
        before = (
            "LEFT JOIN audience_segmentmember m ON m.person_id = d.id AND m.segment_id = %(seg)s "
            "AND m.generation = %(old)s "
        )
    cursor.execute(
        "INSERT INTO audience_segmentmember (person_id, segment_id, generation, since) "
        f"SELECT d.id, %(seg)s, %(gen)s, {since} FROM audience_draft d {before}WHERE d.inside "
        "ORDER BY d.id ON CONFLICT DO NOTHING",
        params,
    )
    cursor.execute(
        "INSERT INTO audience_segmenttally AS t (lane_key, segment_id, generation, members) "
        "SELECT l.lane_key, %(seg)s, %(gen)s, count(*) FROM audience_draft d "
        f"JOIN timeline_lane l ON l.lane = {_LANE.format('d.id')} WHERE d.inside GROUP BY 1 "
        "ON CONFLICT (lane_key, segment_id, generation) DO UPDATE SET members = t.members + EXCLUDED.members",
        params,
    )
    cursor.execute(
        "INSERT INTO audience_segmentretest (lane_key, due_at, person_id, segment_id, generation) "
        "SELECT l.lane_key, d.turns, d.id, %(seg)s, %(gen)s FROM audience_draft d "
        f"JOIN timeline_lane l ON l.lane = {_LANE.format('d.id')} WHERE d.turns IS NOT NULL "
        "ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING",
        params,
    )


def _noted(living: Living) -> bool:
    """Test a batch of noted people while there are many; False where few are left."""
    noted = SegmentRetest.objects.filter(
        lane_key__in=LANE_KEYS, segment_id=living.id, generation=living.generation, due_at__lte=clock.now()
    )
    people = set(noted.values_list("person_id", flat=True)[: NOTED + 1])
    if len(people) <= NOTED:
        return False
    with in_lane(*people):
        _settle(living, people)
    return True


def _settle(living: Living, people: set[int]) -> None:
    now = clock.now()
    taken = membership.claim(people, [(living.id, living.generation)], now)
    if taken:
        noted = {p for p, _, _ in taken}
        membership.settle(living, noted, now)
        membership.forget(living, noted - set(Contact.objects.filter(pk__in=noted).values_list("pk", flat=True)))


def _swap(s: Segment, living: Living) -> None:
    """Make the new generation the living one."""
    if not _still(s):
        return
    picked = s.picked
    s.refresh_from_db()
    if s.picked and not picked:  # somebody was put in by hand in the last moment
        node = parse_segment(s.key, s.pending, True)
        living = replace(living, node=node, needs=needs_of(node))
    old = s.generation
    if old:
        _rebuild_dependents(s)
    take_all_lanes()
    now = clock.now()
    noted = SegmentRetest.objects.filter(
        lane_key__in=LANE_KEYS, segment_id=s.pk, generation=living.generation, due_at__lte=now
    )
    _settle(living, set(noted.values_list("person_id", flat=True)))
    s.definition, s.pending, s.generation = s.pending, None, living.generation
    s.state, s.error, s.progress, s.built_at = Segment.State.READY, "", 100, now
    s.build_cursor, s.announce_cursor = None, 0
    s.announcing = (old or -1) if s.announce else 0
    s.save()
    if old and not s.announcing:
        StaleGeneration.objects.create(segment_id=s.pk, generation=old)
    touch()
    wake.notify(["segments"])


def _rebuild_dependents(s: Segment) -> None:
    """Segments that take this one in are built anew from the same definition."""
    keys = [one.id for one in book().segments if f"segment:{s.key}" in one.needs and one.id != s.pk]
    for other in Segment.objects.filter(pk__in=keys).order_by("pk").select_for_update():
        start(other, other.pending if other.pending is not None else other.definition)
        other.save()
    from . import runs  # it builds on this module

    runs.redo({-pk for pk in keys if pk < 0})


def start(s: Segment, definition: Any) -> None:
    """Have a definition built (in memory: the caller saves). A build that was under way is given up."""
    if s.pending is not None:
        StaleGeneration.objects.create(segment_id=s.pk, generation=s.pending_generation)
    s.pending = definition
    s.pending_generation = max(s.pending_generation, s.generation) + 1
    s.state, s.error, s.progress, s.build_cursor = Segment.State.BUILDING, "", 0, None


def _sweep() -> bool:
    """Delete rows of generations that no longer count."""
    stale = StaleGeneration.objects.order_by("pk").select_for_update(skip_locked=True).first()
    if stale is None:
        return False
    of = {"segment_id": stale.segment_id, "generation": stale.generation}
    people = list(SegmentMember.objects.filter(**of).order_by("person_id").values_list("person_id", flat=True)[:SWEPT])
    if people:
        SegmentMember.objects.filter(person_id__in=people, **of).delete()
    else:
        SegmentTally.objects.filter(lane_key__in=LANE_KEYS, **of).delete()
        SegmentRetest.objects.filter(lane_key__in=LANE_KEYS, **of).delete()
        stale.delete()
    return True
