"""What journeys keep of people (people.registry.Holder): their passages with every step, what is due, calls.

Somebody who is in a journey twice after a merge, and the journey does not allow that, goes on once: the merged one's
passage ends with "merged", and goes on where it was when they are parted again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection

from headwater.core import clock, holdings
from headwater.core.holdings import Table
from headwater.core.lanes import lane_key
from headwater.people.registry import Gone, Holder, Joining

from ..engine.graph import versions
from ..models import OPEN, Due, OutCall, OutDue, Passage, Stretch
from . import tallies

PASSAGES = Table(Passage, rename="entry_key", within=("journey_id",))
DUE = Table(Due, match=("passage_id",))
CALLS, CALLS_DUE = Table(OutCall, rename="key"), Table(OutDue, match=("call_id",))
LOG = Table(Stretch, match=("passage_id",))
TABLES = (PASSAGES, LOG, DUE, CALLS, CALLS_DUE)
MERGED = "exit:merged"


def _erase(gone: Gone) -> None:
    inside = Passage.objects.filter(person_id__in=list(gone.person_ids), state__in=OPEN)
    tallies.left(inside.values_list("person_id", "journey_id", "version_id", "step"))
    holdings.erase(TABLES, gone.person_ids)


def _export(person_id: int) -> dict[str, Any]:
    return holdings.export([PASSAGES, LOG, CALLS], person_id)


def _twice(joining: Joining) -> list[dict[str, Any]]:
    """Open passages of the merged one in journeys where the survivor is on her way too, and may be once only."""
    inside = set(
        Passage.objects.filter(person_id=joining.survivor, state__in=OPEN).values_list("journey_id", flat=True)
    )
    rows = [
        row for row in holdings.rows(PASSAGES, joining.merged) if row["state"] in OPEN and row["journey_id"] in inside
    ]
    known = versions(row["version_id"] for row in rows)
    return [row for row in rows if known[row["version_id"]].reentry.get("rule", "when_finished") != "always"]


def _join(joining: Joining) -> dict[str, Any]:
    ended = _twice(joining)
    ids = [row["id"] for row in ended]
    due = [row for row in holdings.rows(DUE, joining.merged) if row["passage_id"] in ids]
    if ids:
        mine = Passage.objects.filter(person_id=joining.merged, id__in=ids)
        tallies.left(mine.values_list("person_id", "journey_id", "version_id", "step"))
        mine.update(state="exited", ended_at=clock.now(), outcome=MERGED, until=None, due_at=None)
        Due.objects.filter(lane_key=lane_key(joining.merged), person_id=joining.merged, passage_id__in=ids).delete()
    moved: dict[str, Any] = dict(holdings.move(TABLES, joining.merged, joining.survivor, joining.mark))
    return moved | {"ended": ended, "due": due}


def _part(joining: Joining, kept: Mapping[str, Any]) -> None:
    holdings.back([PASSAGES, LOG, CALLS], kept, joining.merged, joining.survivor)
    # what is due goes along with its passage or call, at whatever time it is due by now
    holdings.give(DUE, _keys(kept, PASSAGES), joining.survivor, joining.merged)
    holdings.give(CALLS_DUE, _keys(kept, CALLS), joining.survivor, joining.merged)
    ids = [row["id"] for row in kept["ended"]]
    if ids:
        with connection.cursor() as cursor:  # only where nothing else has become of them
            cursor.execute(
                "DELETE FROM journeys_passage WHERE person_id = %s AND id = ANY(%s) AND outcome = %s RETURNING id",
                [joining.merged, ids, MERGED],
            )
            ended = {pk for (pk,) in cursor.fetchall()}
        again = [row for row in kept["ended"] if row["id"] in ended]
        tallies.left([(joining.merged, r["journey_id"], r["version_id"], r["step"]) for r in again], back=True)
        holdings.put(PASSAGES, again)
        holdings.put(DUE, [row for row in kept["due"] if row["passage_id"] in ended])


def _keys(kept: Mapping[str, Any], table: Table) -> list[Any]:
    keys: list[Any] = kept.get(table.name, {}).get("keys", [])
    return keys


HOLDER = Holder(
    "journeys",
    tables=("journeys_passage", "journeys_stretch", "journeys_due", "journeys_outcall", "journeys_outdue"),
    erase=_erase, export=_export, join=_join, part=_part, order=80,
)  # fmt: skip
