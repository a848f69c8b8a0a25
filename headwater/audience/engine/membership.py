"""Who is in which segment: tests of the people of a batch, and the moments at which time alone can move them.

The caller holds the lanes of the people. Statements: one for all segments that the batch can touch (see `batch`), and
where somebody moves a few more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from headwater.audience import facts
from headwater.core.arrays import columns
from headwater.core.lanes import LANE_KEYS, lane_key
from headwater.timeline.actions import NewFact, in_lane, record_many

from . import batch, scoring, standing
from .book import Book, Living
from .book import book as present
from .ledger import Happened

#: Everything: a contact that is new can be in any segment
ALL = "*"
_NAMES = {"name", "first_name", "last_name"}
#: Whom to test: segment -> people
Wanted = dict[Living, set[int]]


def keys_of(event: Happened) -> set[str]:
    """The dependencies that a fact can touch."""
    kind, data = event.kind, event.data
    keys = {f"kind:{kind}"}
    if kind == "contact.created":
        keys.add(ALL)
    elif kind == "contact.updated":
        changes = data.get("changes")
        keys |= _changed(changes if isinstance(changes, Mapping) else {})
    elif kind == "company.updated":
        names = [str(n).removesuffix("_id").removeprefix("custom.") for n in data.get("changes", ())]
        keys |= {f"field:company.{name}" for name in names}
    elif kind == "contact.identified":  # her first touch is known now
        keys |= {f"field:contact.origin.{part}" for part in ("source", "medium", "campaign")}
    elif kind == "stage.changed":
        keys |= {"field:contact.stage", "field:contact.stage_at"}
    elif kind == "owner.changed":
        keys.add("field:contact.owner")
    elif kind in ("tag.added", "tag.removed"):
        keys.add("tags")
    elif kind in ("segment.picked_in", "segment.picked_out", "segment.picked_none"):
        keys.add(f"picked:{data.get('key', '')}")
    elif kind == "consent.changed":
        keys.add(f"consent:{data.get('channel', '')}")
    return keys


def _changed(changes: Iterable[str]) -> set[str]:
    out: set[str] = set()
    for name in changes:
        if name == "custom" or name == "origin":  # changed as a whole
            return {ALL}
        if name == "tags":
            out.add("tags")
        name = name.removesuffix("_id").removeprefix("custom.")
        out.add(f"field:{name}" if name.startswith("company.") else f"field:contact.{name}")
        if name in _NAMES:
            out |= {f"field:contact.{n}" for n in _NAMES}
    return out


def touched(events: Sequence[Happened], scored: Iterable[tuple[int, int]], book: Book) -> Wanted:
    """Which segments must be tested for whom after these facts and changes of scores and interests (person, space)."""
    if not book.segments:
        return {}
    watched = {*book.watched, ALL}
    of: dict[int, set[Living]] = defaultdict(set)
    for e in events:
        keys = keys_of(e)
        if ALL in keys:
            of[e.person_id].update(book.segments)
        elif not watched.isdisjoint(keys):
            for key in keys & watched:
                of[e.person_id] |= book.heeders(key, e.kind).of(e.data)
    for person_id, space in scored:
        scale = book.every.get(space)
        if scale is not None and not scale.building:
            key = f"{'score' if space >= 0 else 'interest'}:{scale.key}"
            of[person_id].update(book.watchers.get(key, ()))
    out: Wanted = defaultdict(set)
    for person_id, segments in of.items():
        for living in segments:
            out[living].add(person_id)
    return out


def test(wanted: Wanted, now: datetime, book: Book | None) -> int:
    """Test these people and move them in and out; returns how many moved. Generations that are being built are not
    tested here: their people are noted, and tested when the building reaches them. book: whole blocks of its segments
    are asked, by statements that come up all the time; without it, by one that knows of no segments but these."""
    noted = [(p, s.id, s.generation, now) for s, people in wanted.items() if s.building for p in people]
    if noted:
        note_turns(noted)
    moved = []
    for segments, again in _rounds({s: people for s, people in wanted.items() if not s.building}, book):
        moved += batch.apply(segments, wanted, now, again=again)
    members = [one for one in moved if one[1].id > 0]
    if members:
        _tally(members, counted=True)
        told = {True: facts.SegmentEntered, False: facts.SegmentLeft}
        record_many([NewFact(p, told[inside](segment=s.id, name=s.name), now) for p, s, inside in members])
    if len(members) < len(moved):
        _score([one for one in moved if one[1].id < 0], now)
    return len(moved)


def _score(moved: Sequence[batch.Moved], now: datetime) -> None:
    """Points of rules whose conditions began or ceased to hold. Their conditions never ask for scores, so this cannot
    come back here."""
    rules = present()
    changed = scoring.post(standing.lines(moved, rules, now), rules, now)
    wanted = touched((), changed, rules)
    test({s: people for s, people in wanted.items() if s.id > 0}, now, rules)


def settle(living: Living, people: set[int], now: datetime) -> None:
    """The same for a generation that is being built: without facts."""
    moved = batch.apply([living], {living: people}, now)
    if moved:
        _tally(moved)


def forget(living: Living, people: set[int]) -> None:
    """Let people go who were erased, or merged into others, while a generation was being built."""
    if not people:
        return
    args: list[Any] = [living.id, living.generation, list(people)]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM audience_segmentmember WHERE segment_id = %s AND generation = %s AND person_id = ANY(%s) "
            "RETURNING person_id",
            args,
        )
        gone = [(p, living, False) for (p,) in cursor.fetchall()]
        cursor.execute(
            "DELETE FROM audience_segmentretest WHERE segment_id = %s AND generation = %s AND person_id = ANY(%s) "
            "AND lane_key = ANY(%s)",
            [*args, sorted({lane_key(p) for p in people})],
        )
    if gone:
        _tally(gone)


def _rounds(wanted: Wanted, book: Book | None) -> list[tuple[list[Living], bool]]:
    """What is asked together, and whether it comes up again and again: a whole block each time, whose statement stays
    prepared, while each new choice of segments would be planned anew (20 ms). Who wants none of it costs nothing."""
    left = dict.fromkeys(wanted)
    out: list[tuple[list[Living], bool]] = []
    for block in book.blocks if book else []:
        if any(s in left for s in block):
            out.append((block, True))
            for s in block:
                left.pop(s, None)
    return [*out, (list(left), False)] if left else out


def note_turns(rows: Sequence[tuple[int, int, int, datetime]]) -> None:
    """Have (person, segment, generation) tested again at a moment. One that is due earlier anyway makes it needless:
    a test too early is harmless and notes the next moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_segmentretest (lane_key, due_at, person_id, segment_id, generation) "
            "SELECT l, d, p, s, g FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::int[]) "
            "AS n(l, d, p, s, g) WHERE (SELECT true FROM audience_segmentretest r WHERE r.lane_key = n.l "
            "AND r.person_id = n.p AND r.segment_id = n.s AND r.generation = n.g AND r.due_at <= n.d LIMIT 1) IS NULL "
            "ON CONFLICT DO NOTHING",
            [
                [lane_key(r[0]) for r in rows],
                [r[3] for r in rows],
                [r[0] for r in rows],
                [r[1] for r in rows],
                [r[2] for r in rows],
            ],
        )


def _tally(moved: Sequence[batch.Moved], *, counted: bool = False) -> None:
    """Count members, and (counted) who came and went."""
    came: dict[tuple[int, int, int], list[int]] = defaultdict(lambda: [0, 0])
    for p, s, inside in moved:
        came[lane_key(p), s.id, s.generation][0 if inside else 1] += 1
    rows = [(*key, i - o, i * counted, o * counted) for key, (i, o) in sorted(came.items())]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_segmenttally AS t (lane_key, segment_id, generation, members, entered, gone) "
            "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::bigint[], %s::bigint[], %s::bigint[]) "
            "ON CONFLICT (lane_key, segment_id, generation) DO UPDATE SET members = t.members + EXCLUDED.members, "
            "entered = t.entered + EXCLUDED.entered, gone = t.gone + EXCLUDED.gone",
            columns(rows),
        )


#: People whose due moments one pass of the loop serves
RETEST_BATCH = 2000


def due(book: Book, now: datetime, limit: int = RETEST_BATCH) -> set[int]:
    """People for whom a living generation is due (a hint: claim them under their lanes)."""
    living = book.living()
    if not living:
        return set()
    with connection.cursor() as cursor:  # the lanes are hidden from the planner, which would weigh each: it asks often
        cursor.execute(
            "SELECT r.person_id FROM audience_segmentretest r "
            "JOIN unnest(%s::bigint[], %s::int[]) AS s(id, g) ON r.segment_id = s.id AND r.generation = s.g "
            "WHERE r.lane_key = ANY((SELECT %s::bigint[])::bigint[]) AND r.due_at <= %s LIMIT %s",
            [[s for s, _ in living], [g for _, g in living], list(LANE_KEYS), now, limit],
        )
        return {row[0] for row in cursor.fetchall()}


def claim(people: set[int], pairs: Sequence[tuple[int, int]], now: datetime) -> list[tuple[int, int, int]]:
    """Take what is due for these people out of the table: (person, segment, generation). Their lanes are held."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM audience_segmentretest r USING unnest(%s::bigint[], %s::int[]) AS s(id, g) "
            "WHERE r.segment_id = s.id AND r.generation = s.g AND r.lane_key = ANY(%s) AND r.person_id = ANY(%s) "
            "AND r.due_at <= %s RETURNING r.person_id, r.segment_id, r.generation",
            [
                [s for s, _ in pairs],
                [g for _, g in pairs],
                sorted({lane_key(p) for p in people}),
                list(people),
                now,
            ],
        )
        return list(cursor.fetchall())


def retest(book: Book, people: set[int], now: datetime) -> int:
    """Test what is due for these people, in one transaction; returns how many tests were due."""
    with in_lane(*people):
        taken = claim(people, book.living(), now)
        by_key = {(s.id, s.generation): s for s in book.segments}
        wanted: Wanted = defaultdict(set)
        for person_id, segment_id, generation in taken:
            if (living := by_key.get((segment_id, generation))) is not None:
                wanted[living].add(person_id)
        test(wanted, now, book)
        return len(taken)
