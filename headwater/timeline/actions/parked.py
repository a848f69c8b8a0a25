"""Facts that a reaction could not digest: let it try again, or give them up with a note.

A retry gives the fact its effect and takes it off the list in one transaction that holds the person's lane, as the
reaction would have done in its turn. Its turn has passed, though: facts of the same person that came after it have
been handled already, so the reaction now hears an older fact later.
"""

from __future__ import annotations

import logging
import traceback
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _
from msgspec import json

from headwater.core import clock, wake
from headwater.core.arrays import columns

from ..models import Parked
from ..registry import Event, consumers
from .journal import note_down
from .recording import in_lane

log = logging.getLogger("headwater.dispatch")
#: Facts of one transaction, and of one call of `retry_all` or `discard_all`.
BATCH, AT_ONCE = 200, 2000
MAX_NOTE = 500
GONE = "The fact is no longer in the history (its month was retired, or the person erased); it can only be discarded."


class Place(NamedTuple):
    """Where a parked fact stands: the key of `Parked`."""

    lane_key: int
    seq: int
    consumer: str


@dataclass(frozen=True, slots=True)
class Retried:
    """done: had their effect and are off the list. failed: stay parked, with the new error. left: parked facts of the
    consumer that this call did not come to."""

    done: int
    failed: int
    left: int = 0


def place(key: str) -> Place:
    """The place that a key such as "audience:-12:331" names. Raises ValueError."""
    consumer, _, rest = key.partition(":")
    lane_key, _, seq = rest.partition(":")
    try:
        return Place(int(lane_key), int(seq), consumer)
    except ValueError:
        raise ValueError(f"{key!r} names no parked fact; a key looks like audience:-12:331") from None


def retry(*, places: Sequence[Place], actor: str) -> Retried:
    """Let the reactions hear these parked facts again, each person's in lane order. Places that are not parked (any
    more) count as nothing. Raises nothing for a fact that fails again: it stays parked and its error is renewed."""
    done = failed = 0
    by_consumer: dict[str, list[Place]] = defaultdict(list)
    for one in sorted(set(places)):
        by_consumer[one.consumer].append(one)
    for consumer, mine in by_consumer.items():
        for start in range(0, len(mine), BATCH):
            good, bad = _retry(consumer, mine[start : start + BATCH], actor)
            done, failed = done + good, failed + bad
    return Retried(done, failed)


def retry_all(*, consumer: str, actor: str, limit: int = AT_ONCE) -> Retried:
    """The same for everything that is parked for a consumer, at most `limit` facts in a call; `left` says how many
    remain untried."""
    rows = Parked.objects.filter(consumer=consumer).order_by("lane_key", "seq")
    places = [Place(*row) for row in rows.values_list("lane_key", "seq", "consumer")[:limit]]
    tried = retry(places=places, actor=actor)
    left = max(0, Parked.objects.filter(consumer=consumer).count() - tried.failed)
    return Retried(tried.done, tried.failed, left)


def discard(*, places: Sequence[Place], note: str, actor: str) -> int:
    """Give parked facts up: their effect will never be. Returns how many. Raises ValueError without a note."""
    note = _note(note)
    done = 0
    for consumer in sorted({p.consumer for p in places}):
        mine = [p for p in places if p.consumer == consumer]
        people = _rows(mine).values_list("person_id", flat=True).distinct()
        with in_lane(*people):
            rows = list(_rows(mine).select_for_update())
            _drop(rows)
            if rows:
                note_down("parked.discarded", consumer, actor=actor, note=note, detail=_what(rows))
                wake.publish("health")
        done += len(rows)
    return done


def discard_all(*, consumer: str, note: str, actor: str, limit: int = AT_ONCE) -> int:
    """Give up what is parked for a consumer, at most `limit` facts in a call. Returns how many."""
    rows = Parked.objects.filter(consumer=consumer).order_by("lane_key", "seq")
    places = [Place(*row) for row in rows.values_list("lane_key", "seq", "consumer")[:limit]]
    return discard(places=places, note=note, actor=actor)


def _note(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValueError(_("Say why: a note is needed to discard a fact."))
    if len(text) > MAX_NOTE:
        raise ValueError(_("The note is longer than %(n)s characters.") % {"n": MAX_NOTE})
    return text


def _rows(places: Sequence[Place]) -> QuerySet[Parked]:
    match = Q()
    for lane_key in {p.lane_key for p in places}:
        match |= Q(lane_key=lane_key, seq__in=[p.seq for p in places if p.lane_key == lane_key])
    if not places:
        return Parked.objects.none()
    return Parked.objects.filter(match, consumer=places[0].consumer).order_by("lane_key", "seq")


def _retry(consumer: str, places: Sequence[Place], actor: str) -> tuple[int, int]:
    """Together; where that fails, in halves, until what fails alone is found. (done, failed)"""
    try:
        return _effect(consumer, places, actor)
    except (OperationalError, InterfaceError):
        raise  # the database, not the fact
    except Exception:
        if len(places) == 1:
            _failed_again(places, traceback.format_exc())
            return 0, 1
    half = len(places) // 2
    first, second = _retry(consumer, places[:half], actor), _retry(consumer, places[half:], actor)
    return first[0] + second[0], first[1] + second[1]


def _effect(consumer: str, places: Sequence[Place], actor: str) -> tuple[int, int]:
    reaction = consumers().get(consumer)
    if reaction is None:
        raise LookupError(f"this release has no reaction named {consumer!r}")
    people = set(_rows(places).values_list("person_id", flat=True))
    with in_lane(*people):
        rows = list(_rows(places).select_for_update())
        facts = _facts(rows)
        found = [row for row in rows if row.fact_id in facts]
        if found:
            reaction.react([facts[row.fact_id] for row in found if row.fact_id])
            _drop(found)
            note_down("parked.retried", consumer, actor=actor, detail=_what(found))
            wake.publish("health")
    gone = [Place(r.lane_key, r.seq, r.consumer) for r in rows if r.fact_id not in facts]
    if gone:
        _failed_again(gone, GONE)
    return len(found), len(gone)


def _facts(rows: Sequence[Parked]) -> dict[UUID, Event]:
    """The facts that the rows name, from the history; those that are no longer there are left out."""
    named = {r.fact_id: r for r in rows if r.fact_id and r.at}
    if not named:
        return {}
    keys = columns([(r.person_id, r.at, r.fact_id) for r in named.values()])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.person_id, f.at, f.id, f.kind, f.data::text, f.actor, f.recorded_at FROM timeline_fact f "
            "JOIN unnest(%s::bigint[], %s::timestamptz[], %s::uuid[]) AS n(p, a, i) "
            "ON f.person_id = n.p AND f.at = n.a AND f.id = n.i WHERE f.person_id = ANY(%s) AND f.at = ANY(%s)",
            [*keys, keys[0], keys[1]],
        )
        return {
            i: Event(named[i].lane_key, named[i].seq, p, at, i, kind, json.decode(data), who, recorded)
            for p, at, i, kind, data, who, recorded in cursor.fetchall()
        }


def _failed_again(places: Sequence[Place], error: str) -> None:
    with transaction.atomic():
        changed = _rows(places).update(error=error[-4000:], attempts=F("attempts") + 1, tried_at=clock.now())
        if changed:
            wake.publish("health")
    log.warning("retry_failed", extra={"consumer": places[0].consumer, "facts": changed})


def _drop(rows: Sequence[Parked]) -> None:
    _rows([Place(r.lane_key, r.seq, r.consumer) for r in rows]).delete()


def _what(rows: Sequence[Parked]) -> dict[str, Any]:
    """What the journal keeps of the facts: how many of which kinds, and which, where they are few."""
    detail: dict[str, Any] = {"facts": len(rows), "kinds": dict(Counter(r.kind for r in rows))}
    if len(rows) <= 20:
        detail["which"] = [{"person": r.person_id, "fact": str(r.fact_id), "parked_at": str(r.parked_at)} for r in rows]
    return detail
