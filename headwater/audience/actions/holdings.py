"""What the audience keeps of people (people.registry.Holder): ledger, scores, interests, memberships, picks.

After a merge the ledger decides what scores and interests are, and every segment is tested anew, in the same
transaction. Who was in a segment stays in it without being told again; only real changes are facts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from headwater.core import clock, holdings
from headwater.core.arrays import columns
from headwater.core.holdings import Table
from headwater.core.lanes import lane_key
from headwater.people.models import Contact
from headwater.people.registry import Gone, Holder, Joining

from ..engine import companies, membership
from ..engine.book import book
from ..models import CompanyTurn, Interest, PersonScore, Picked, ScoreEntry, SegmentMember, SegmentRetest
from ..rules import STANDS
from . import recount

#: Of whatever space: a model may have been computed anew since
ENTRIES = Table(ScoreEntry, match=("at", "fact_id", "rule_id"))
SCORES, INTERESTS = Table(PersonScore), Table(Interest)
MEMBERS, PICKED, TURNS = Table(SegmentMember), Table(Picked), Table(SegmentRetest)
COMPANIES = Table(CompanyTurn)
ALL = (ENTRIES, SCORES, INTERESTS, MEMBERS, PICKED, TURNS, COMPANIES)


def _erase(gone: Gone) -> None:
    people = list(gone.person_ids)
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, segment_id, generation FROM audience_segmentmember WHERE person_id = ANY(%s)", [people]
        )
        _count([(lane_key(p), s, g, -1) for p, s, g in cursor.fetchall()])
    rows = Contact.objects.filter(pk__in=people, company__isnull=False)
    employers = {pk for pk in rows.values_list("company_id", flat=True) if pk}
    holdings.erase(ALL, people)
    _note_building(people, now)
    companies.note([(lane_key(0), now, 0, pk) for pk in sorted(employers)])


def _note_building(people: Sequence[int], now: datetime) -> None:
    """Have whoever goes looked for in what is being built: a step may have seen them, and write it down yet."""
    found = [s for s in book().segments if s.building]
    membership.note_turns([(p, s.id, s.generation, now) for p in people for s in found])


def _export(person_id: int) -> dict[str, Any]:
    return holdings.export([ENTRIES, SCORES, INTERESTS, MEMBERS, PICKED], person_id)


def _join(joining: Joining) -> dict[str, Any]:
    now, rules = clock.now(), book()
    pair = (joining.survivor, joining.merged)
    state = {t.name: {str(p): holdings.rows(t, p) for p in pair} for t in (SCORES, MEMBERS, PICKED)}
    state["standing"] = {str(p): _standing(p) for p in pair}
    # what holds while a condition holds is found out anew for the survivor
    ScoreEntry.objects.filter(person_id=joining.merged, kind=STANDS).delete()
    kept: dict[str, Any] = holdings.move([ENTRIES], joining.merged, joining.survivor, joining.mark)
    members = state[MEMBERS.name]
    own = [row for row in members[str(joining.survivor)] if row["segment_id"] < 0]
    _replace(MEMBERS, joining, [*_first(members, joining, "since"), *own])
    mine = {(r["segment_id"], r["generation"]) for r in members[str(joining.survivor)]}
    theirs = {(r["segment_id"], r["generation"]) for r in members[str(joining.merged)]}
    _count([(lane_key(joining.merged), s, g, -1) for s, g in theirs])
    _count([(lane_key(joining.survivor), s, g, 1) for s, g in theirs - mine])
    _replace(PICKED, joining, _stricter(state[PICKED.name], joining))
    holdings.erase([SCORES, INTERESTS, TURNS, COMPANIES], [joining.merged])
    _note_building([joining.merged], now)
    recount.recount([joining.survivor], rules, now)
    best: dict[int, tuple[int, str]] = {}
    for row in (r for p in pair for r in state[SCORES.name][str(p)]):
        best[row["model_id"]] = max(
            best.get(row["model_id"], (row["points"], row["band"])), (row["points"], row["band"])
        )
    recount.tell(joining.survivor, best, rules, now)
    _note_companies(pair, joining.survivor, now)
    return kept | {"state": state}


def _standing(person_id: int) -> list[dict[str, Any]]:
    return [row for row in holdings.rows(ENTRIES, person_id) if row["kind"] == STANDS]


def _note_companies(people: Sequence[int], person_id: int, now: datetime) -> None:
    """Have the companies of people rolled up."""
    rows = Contact.objects.filter(pk__in=list(people), company__isnull=False).values_list("company_id", flat=True)
    companies.note([(lane_key(person_id), now, person_id, pk) for pk in sorted({pk for pk in rows if pk})])


def _first(rows: Mapping[str, Any], joining: Joining, column: str) -> list[dict[str, Any]]:
    """Memberships of either, since the first of the two."""
    found: dict[tuple[int, int], dict[str, Any]] = {}
    both = [r for r in (*rows[str(joining.survivor)], *rows[str(joining.merged)]) if r["segment_id"] > 0]
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
    _part_picks(joining, state[PICKED.name])
    _part_members(joining, state[MEMBERS.name])
    _part_standing(joining, state)
    people = [joining.survivor, joining.merged]
    now, rules = clock.now(), book()
    before = [r for p in people for r in state[SCORES.name][str(p)] if r["model_id"] in rules.scales]
    _replace(SCORES, joining, before)
    holdings.erase([INTERESTS], people)
    recount.recount(people, rules, now)
    for person in people:
        _note_companies([person], person, now)


def _part_standing(joining: Joining, state: Mapping[str, Any]) -> None:
    """Lines that hold while a condition holds: as they were, for rules that are there still; the test that follows
    brings them up to date."""
    people = (joining.survivor, joining.merged)
    known = {(-pk, space) for pk, space in book().standing}
    ScoreEntry.objects.filter(person_id__in=people, kind=STANDS).delete()
    rows = [r for p in people for r in state["standing"][str(p)] if (r["rule_id"], r["model_id"]) in known]
    holdings.put(ENTRIES, rows)


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
    lives = {(s.id, s.generation) for s in book().segments}
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
        if segment > 0:  # below zero: rules, which nobody counts
            more[lane, segment, generation] += n
    found = sorted((*key, n) for key, n in more.items() if n)
    if found:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO audience_segmenttally AS t (lane_key, segment_id, generation, members) "
                "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::bigint[]) "
                "ON CONFLICT (lane_key, segment_id, generation) DO UPDATE SET members = t.members + EXCLUDED.members",
                columns(found),
            )


def _settle(person_ids: Sequence[int]) -> None:
    """Every segment is tested anew."""
    now, rules = clock.now(), book()
    people = set(person_ids)
    membership.test({s: set(people) for s in rules.segments}, now, rules)


HOLDER = Holder(
    "audience",
    tables=(
        "audience_scoreentry", "audience_personscore", "audience_interest", "audience_segmentmember",
        "audience_picked", "audience_segmentretest", "audience_companyturn",
    ),
    erase=_erase, export=_export, join=_join, part=_part, settle=_settle, order=90,
)  # fmt: skip
