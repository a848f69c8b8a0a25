"""What the audience keeps of people (people.registry.Holder): ledger, scores, interests, memberships, picks.

After a merge the ledger decides what the score is, and every segment is tested anew, in the same transaction. Who was
in a segment stays in it without being told again; only real changes are facts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from headwater.core import clock, holdings
from headwater.core.holdings import Table
from headwater.core.lanes import lane_key
from headwater.people.registry import Gone, Holder, Joining
from headwater.timeline.actions import NewFact, record_many

from .. import facts
from ..engine import membership
from ..engine.book import book
from ..models import Interest, PersonScore, Picked, ScoreEntry, SegmentMember, SegmentRetest
from . import recount

ENTRIES = Table(ScoreEntry)
SCORES, INTERESTS = Table(PersonScore), Table(Interest)
MEMBERS, PICKED, TURNS = Table(SegmentMember), Table(Picked), Table(SegmentRetest)
ALL = (ENTRIES, SCORES, INTERESTS, MEMBERS, PICKED, TURNS)


def _erase(gone: Gone) -> None:
    people = list(gone.person_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, segment_id, generation FROM audience_segmentmember WHERE person_id = ANY(%s)", [people]
        )
        _count([(lane_key(p), s, g, -1) for p, s, g in cursor.fetchall()])
    holdings.erase(ALL, people)


def _export(person_id: int) -> dict[str, Any]:
    return holdings.export([ENTRIES, SCORES, INTERESTS, MEMBERS, PICKED], person_id)


def _join(joining: Joining) -> dict[str, Any]:
    pair = (joining.survivor, joining.merged)
    state = {t.name: {str(p): holdings.rows(t, p) for p in pair} for t in (SCORES, INTERESTS, MEMBERS, PICKED)}
    kept: dict[str, Any] = holdings.move([ENTRIES], joining.merged, joining.survivor, joining.mark)
    members = state[MEMBERS.name]
    _replace(MEMBERS, joining, _first(members, joining, "since"))
    mine = {(r["segment_id"], r["generation"]) for r in members[str(joining.survivor)]}
    theirs = {(r["segment_id"], r["generation"]) for r in members[str(joining.merged)]}
    _count([(lane_key(joining.merged), s, g, -1) for s, g in theirs])
    _count([(lane_key(joining.survivor), s, g, 1) for s, g in theirs - mine])
    _replace(PICKED, joining, _stricter(state[PICKED.name], joining))
    _replace(INTERESTS, joining, _summed(state[INTERESTS.name], joining))
    holdings.erase([SCORES, TURNS], [joining.merged])
    recount.recount([joining.survivor], book(), clock.now())
    had: dict[int, set[str]] = {}
    for row in (r for p in pair for r in state[SCORES.name][str(p)]):
        had.setdefault(row["model_id"], set()).add(row["band"])
    _tell_bands(joining.survivor, had)
    return kept | {"state": state}


def _first(rows: Mapping[str, Any], joining: Joining, column: str) -> list[dict[str, Any]]:
    """Memberships of either, since the first of the two."""
    found: dict[tuple[int, int], dict[str, Any]] = {}
    both = [*rows[str(joining.survivor)], *rows[str(joining.merged)]]
    for row in sorted(both, key=lambda r: datetime.fromisoformat(r[column])):
        found.setdefault((row["segment_id"], row["generation"]), {**row, "person_id": joining.survivor})
    return list(found.values())


def _stricter(rows: Mapping[str, Any], joining: Joining) -> list[dict[str, Any]]:
    """Kept out by hand outweighs put in by hand."""
    found: dict[int, dict[str, Any]] = {}
    for row in (*rows[str(joining.survivor)], *rows[str(joining.merged)]):
        known = found.get(row["segment_id"])
        if known is None or (row["side"] == "out" and known["side"] == "in"):
            found[row["segment_id"]] = {**row, "person_id": joining.survivor}
    return list(found.values())


def _summed(rows: Mapping[str, Any], joining: Joining) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for row in (*rows[str(joining.survivor)], *rows[str(joining.merged)]):
        known = found.get(row["topic_id"])
        row = {**row, "person_id": joining.survivor}
        if known is not None:
            row["weight"] += known["weight"]
            row["last_at"] = max(known["last_at"], row["last_at"], key=datetime.fromisoformat)
        found[row["topic_id"]] = row
    return list(found.values())


def _replace(table: Table, joining: Joining, rows: Sequence[Mapping[str, Any]]) -> None:
    holdings.erase([table], [joining.survivor, joining.merged])
    holdings.put(table, rows)


def _part(joining: Joining, kept: Mapping[str, Any]) -> None:
    holdings.back([ENTRIES], kept, joining.merged, joining.survivor)
    late = [i for _at, i in joining.late]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at::text, fact_id::text, rule_id::text FROM audience_scoreentry WHERE person_id = %s "
            "AND fact_id = ANY(%s)",
            [joining.survivor, late],
        )
        holdings.give(ENTRIES, [list(row) for row in cursor.fetchall()], joining.survivor, joining.merged)
    state = kept["state"]
    _part_interests(joining, state[INTERESTS.name])
    _part_picks(joining, state[PICKED.name])
    _part_members(joining, state[MEMBERS.name])
    people = [joining.survivor, joining.merged]
    recount.recount(people, book(), clock.now())
    recount.keep_times(state[SCORES.name])


def _part_interests(joining: Joining, before: Mapping[str, Any]) -> None:
    """What was gathered since the merge stays with the survivor."""
    merged = {row["topic_id"]: row for row in before[str(joining.merged)]}
    mine = {row["topic_id"]: row for row in before[str(joining.survivor)]}
    joined = {row["topic_id"]: row for row in _summed(before, joining)}
    rows = []
    for row in holdings.rows(INTERESTS, joining.survivor):
        topic = row["topic_id"]
        if topic in merged:
            row["weight"] -= merged[topic]["weight"]
            if row["last_at"] == joined[topic]["last_at"] and topic in mine:
                row["last_at"] = mine[topic]["last_at"]
        if topic in mine or row["weight"] > 0:
            rows.append(row)
    _replace(INTERESTS, joining, [*rows, *merged.values()])


def _part_picks(joining: Joining, before: Mapping[str, Any]) -> None:
    joined = {row["segment_id"]: row for row in _stricter(before, joining)}
    now = {row["segment_id"]: row for row in holdings.rows(PICKED, joining.survivor)}
    mine = {row["segment_id"]: row for row in before[str(joining.survivor)]}
    rows = []
    for segment in {*now, *joined}:
        changed = now.get(segment) != joined.get(segment)
        row = now.get(segment) if changed else mine.get(segment)
        if row:
            rows.append(row)
    _replace(PICKED, joining, [*rows, *before[str(joining.merged)]])


def _part_members(joining: Joining, before: Mapping[str, Any]) -> None:
    """Both are again where they were; the test that follows moves them where they belong by now."""
    lives = set(book().living()) | {(s.id, s.generation) for s in book().segments}
    rows = [r for p in before for r in before[p] if (r["segment_id"], r["generation"]) in lives]
    present = holdings.rows(MEMBERS, joining.survivor)
    other = [r for r in present if (r["segment_id"], r["generation"]) not in lives]
    _count([(lane_key(joining.survivor), r["segment_id"], r["generation"], -1) for r in present if r not in other])
    _replace(MEMBERS, joining, [*rows, *other])
    _count([(lane_key(r["person_id"]), r["segment_id"], r["generation"], 1) for r in rows])


def _count(rows: Sequence[tuple[int, int, int, int]]) -> None:
    """Add to the tallies: (lane, segment, generation, more)."""
    more: Counter[tuple[int, int, int]] = Counter()
    for lane, segment, generation, n in rows:
        more[lane, segment, generation] += n
    found = sorted((*key, n) for key, n in more.items() if n)
    if found:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO audience_segmenttally AS t (lane_key, segment_id, generation, members) "
                "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::bigint[]) "
                "ON CONFLICT (lane_key, segment_id, generation) DO UPDATE SET members = t.members + EXCLUDED.members",
                [list(c) for c in zip(*found, strict=True)],
            )


def _settle(person_ids: Sequence[int]) -> None:
    """Every segment is tested anew."""
    now, rules = clock.now(), book()
    people = set(person_ids)
    membership.test({s: set(people) for s in rules.segments}, now)


def _tell_bands(person_id: int, had: Mapping[int, set[str]]) -> None:
    """Record where a score has come into a band that it had not: space -> bands before."""
    models = book().models
    told = []
    for row in PersonScore.objects.filter(person_id=person_id):
        before, model = had.get(row.model_id, {"cold"}), models.get(row.model_id)
        if model is not None and row.band not in before:
            changed = facts.ScoreBandChanged(
                model=model.key, before=sorted(before)[0], after=row.band, points=row.points
            )
            told.append(NewFact(person_id, changed))
    record_many(told)


HOLDER = Holder(
    "audience",
    tables=(
        "audience_scoreentry", "audience_personscore", "audience_interest", "audience_segmentmember",
        "audience_picked", "audience_segmentretest",
    ),
    erase=_erase, export=_export, join=_join, part=_part, settle=_settle, order=90,
)  # fmt: skip
