"""Who is in which segment: tests of the people of a batch, and the moments at which time alone can move them.

The caller holds the lanes of the people. Statements: one per segment that the batch can touch, and five more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from headwater.audience import facts
from headwater.audience.compiler import Scope, statement
from headwater.core.lanes import LANE_KEYS, lane_key
from headwater.timeline.actions import NewFact, in_lane, record_many

from .book import Book, Living
from .scoring import Happened

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


def touched(
    events: Sequence[Happened], scored: Iterable[tuple[int, int]], grown: Iterable[tuple[int, int]], book: Book
) -> Wanted:
    """Which segments must be tested for whom after these facts, changes of score and of interest."""
    if not book.segments:
        return {}
    of: dict[int, set[str]] = defaultdict(set)
    watched = {*book.watched, ALL}
    for e in events:
        keys = keys_of(e)
        if not watched.isdisjoint(keys):
            of[e.person_id] |= keys
    for person_id, model_id in scored:
        if model_id in book.models:
            of[person_id].add(f"score:{book.models[model_id].key}")
    for person_id, topic_id in grown:
        of[person_id].add(f"interest:{book.topic_keys.get(topic_id, '')}")
    out: Wanted = {}
    for living in book.segments:
        needs = living.needs
        people = {p for p, keys in of.items() if ALL in keys or not needs.isdisjoint(keys)}
        if people:
            out[living] = people
    return out


@dataclass
class _Result:
    entered: list[tuple[int, Living]] = field(default_factory=list)
    left: list[tuple[int, Living]] = field(default_factory=list)
    turns: list[tuple[int, Living, datetime]] = field(default_factory=list)


def test(wanted: Wanted, now: datetime) -> int:
    """Test these people and move them in and out; returns how many moved. Generations that are being built are not
    tested here: their people are noted, and tested when the building reaches them."""
    result = _Result()
    for living, people in wanted.items():
        if living.building:
            result.turns += [(p, living, now) for p in people]
        else:
            _ask(living, people, now, result)
    return _write(result, now)


def settle(living: Living, people: set[int], now: datetime) -> None:
    """The same for a generation that is being built: without facts and without counting."""
    result = _Result()
    _ask(living, people, now, result)
    _write(result, now, silent=True)


def _ask(living: Living, people: set[int], now: datetime, result: _Result) -> None:
    said = statement(living.node, scope=Scope(ids=sorted(people)))
    params = said.params(now, seg=living.id, gen=living.generation)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.id, {said.inside} AS inside, {said.turns} AS turns, m.person_id IS NOT NULL AS was "
            f"FROM {said.source} LEFT JOIN audience_segmentmember m ON m.person_id = p.id "
            "AND m.person_id = ANY(%(ids)s::bigint[]) AND m.segment_id = %(seg)s AND m.generation = %(gen)s",
            params,
        )
        for person_id, inside, turns, was in cursor.fetchall():
            if inside and not was:
                result.entered.append((person_id, living))
            elif was and not inside:
                result.left.append((person_id, living))
            if turns is not None:
                result.turns.append((person_id, living, turns))


def _write(result: _Result, now: datetime, *, silent: bool = False) -> int:
    if result.entered:
        _insert_members(result.entered, now)
    if result.left:
        _delete_members(result.left)
    if result.turns:
        note_turns([(p, s.id, s.generation, at) for p, s, at in result.turns])
    if silent:
        return 0
    _tally(result)
    told = [NewFact(p, facts.SegmentEntered(segment=s.id, name=s.name), now) for p, s in result.entered]
    told += [NewFact(p, facts.SegmentLeft(segment=s.id, name=s.name), now) for p, s in result.left]
    record_many(told)
    return len(told)


def _insert_members(rows: Sequence[tuple[int, Living]], now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_segmentmember (person_id, segment_id, generation, since) "
            "SELECT p, s, g, %s FROM unnest(%s::bigint[], %s::bigint[], %s::int[]) AS n(p, s, g) "
            "ON CONFLICT DO NOTHING",
            [now, [p for p, _ in rows], [s.id for _, s in rows], [s.generation for _, s in rows]],
        )


def _delete_members(rows: Sequence[tuple[int, Living]]) -> None:
    people = [p for p, _ in rows]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM audience_segmentmember m USING unnest(%s::bigint[], %s::bigint[], %s::int[]) AS n(p, s, g) "
            "WHERE m.person_id = n.p AND m.segment_id = n.s AND m.generation = n.g AND m.person_id = ANY(%s)",
            [people, [s.id for _, s in rows], [s.generation for _, s in rows], people],
        )


def note_turns(rows: Sequence[tuple[int, int, int, datetime]]) -> None:
    """Have (person, segment, generation) tested again at a moment. One that is due earlier anyway makes it needless:
    a test too early is harmless and notes the next moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_segmentretest (lane_key, due_at, person_id, segment_id, generation) "
            "SELECT l, d, p, s, g FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::int[]) "
            "AS n(l, d, p, s, g) WHERE NOT EXISTS (SELECT 1 FROM audience_segmentretest r WHERE r.lane_key = n.l "
            "AND r.person_id = n.p AND r.segment_id = n.s AND r.generation = n.g AND r.due_at <= n.d) "
            "ON CONFLICT DO NOTHING",
            [
                [lane_key(r[0]) for r in rows],
                [r[3] for r in rows],
                [r[0] for r in rows],
                [r[1] for r in rows],
                [r[2] for r in rows],
            ],
        )


def _tally(result: _Result) -> None:
    delta: dict[tuple[int, int, int], int] = defaultdict(int)
    for sign, rows in ((1, result.entered), (-1, result.left)):
        for p, s in rows:
            delta[lane_key(p), s.id, s.generation] += sign
    rows_ = [(*key, n) for key, n in delta.items() if n]
    if not rows_:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_segmenttally AS t (lane_key, segment_id, generation, members) "
            "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::bigint[]) "
            "ON CONFLICT (lane_key, segment_id, generation) DO UPDATE SET members = t.members + EXCLUDED.members",
            [list(c) for c in zip(*rows_, strict=True)],
        )


#: People whose due moments one pass of the loop serves
RETEST_BATCH = 2000


def due(book: Book, now: datetime, limit: int = RETEST_BATCH) -> set[int]:
    """People for whom a living generation is due (a hint: claim them under their lanes)."""
    living = book.living()
    if not living:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.person_id FROM audience_segmentretest r "
            "JOIN unnest(%s::bigint[], %s::int[]) AS s(id, g) ON r.segment_id = s.id AND r.generation = s.g "
            "WHERE r.lane_key = ANY(%s) AND r.due_at <= %s LIMIT %s",
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
        test(wanted, now)
        return len(taken)
