"""Score models are computed anew beside what lives, in steps that any worker can take up, and take its place by one
transaction.

1. Saving a rule (or the decay) with "recompute the past" starts a run: a space of its own. From that commit on,
   reactions score into both spaces: by the rules as they were into the living one, by the new ones into the run's. The
   first step takes and lets go all lanes: whoever did not yet know of the run is done.
2. A step computes some hundred people, each under her lane: lines by rules that did not change are taken over, those
   of changed rules come from the facts of the past, rules on conditions are asked, and the score is added up.
3. When all are through, one transaction under all lanes makes the run's space the living one. Segments that ask for
   the score are built anew, companies are rolled up, the old space is swept away. Bands that change are not told.

A worker that dies leaves the cursor where its last commit put it. Cancelling puts the rules back as they were.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from headwater.audience.models import (
    PersonScore,
    Revision,
    ScoreModel,
    ScoreRule,
    ScoreRun,
    Segment,
    SegmentMember,
    SegmentRetest,
)
from headwater.core import clock, wake
from headwater.core.lanes import LANE_KEYS
from headwater.people.models import Contact
from headwater.timeline.actions import in_lane

from . import building, companies, history, scoring, standing
from .book import Book, book
from .scales import restored, snapshot

#: People computed by one step, rows swept by one step
CHUNK, SWEPT = 500, 5_000
TOPIC = "scoring"


def start(
    model: ScoreModel, *, rules: Mapping[int, Any] | None = None, decay: list[Any] | None = None, actor: str
) -> ScoreRun:
    """Have a model computed anew. rules: those that changed, as they were before (None: there was none); decay: as it
    was. A run that is under way is given up for one that does what it would have done too. The caller has the model's
    row locked."""
    before: dict[str, Any] = {"rules": {}}
    under_way = ScoreRun.objects.select_for_update().filter(model_id=model.pk, state=ScoreRun.State.RUNNING).first()
    if under_way is not None:
        before = under_way.before
        under_way.state = ScoreRun.State.STALE
        under_way.save(update_fields=["state"])
    for pk, snap in (rules or {}).items():
        before["rules"].setdefault(str(pk), snap)
    if decay is not None:
        before.setdefault("decay", decay)
    run = ScoreRun.objects.create(model_id=model.pk, before=before, actor=actor)
    _touch()
    return run


def redo(rule_ids: Iterable[int], *, actor: str = "system") -> None:
    """Have models computed anew whose rules stand on something that changed its meaning (a segment)."""
    for rule in ScoreRule.objects.filter(pk__in=list(rule_ids)).select_related("model"):
        model = ScoreModel.objects.select_for_update().get(pk=rule.model_id)
        start(model, rules={rule.pk: snapshot(rule)}, actor=actor)


def cancel(run: ScoreRun) -> None:
    """Give a run up: rules and decay are again what they were. The caller has the model's row locked."""
    for pk, snap in run.before["rules"].items():
        if snap is None:
            ScoreRule.objects.filter(pk=int(pk)).delete()
        else:
            ScoreRule.objects.update_or_create(pk=int(pk), defaults={**restored(snap), "model_id": run.model_id})
    if run.before.get("decay"):
        kind, days = run.before["decay"]
        ScoreModel.objects.filter(pk=run.model_id).update(decay=kind, decay_days=days)
    run.state = ScoreRun.State.STALE
    run.save(update_fields=["state"])
    _touch()


def _touch() -> None:
    Revision.objects.filter(pk=1).update(token=uuid.uuid4())
    wake.notify([TOPIC])


def run_once() -> int:
    """One step of one run; returns 1 if there was something to do."""
    for step in (_compute, _sweep):
        with transaction.atomic():
            if step():
                return 1
    return 0


def run_all(limit: int = 10_000) -> None:
    """Steps until nothing is left to do (tests, sample data)."""
    for _ in range(limit):
        if not run_once():
            return
    raise RuntimeError("scores are still not computed")


def _compute() -> bool:
    run = (
        ScoreRun.objects.filter(state=ScoreRun.State.RUNNING).order_by("pk").select_for_update(skip_locked=True).first()
    )
    if run is None:
        return False
    if run.pk not in book().scales:  # archived: when it is taken up again, it is computed anew
        run.state = ScoreRun.State.STALE
        run.save(update_fields=["state"])
        return True
    if run.cursor is None:
        building.take_all_lanes()
        run.cursor = 0
        run.save(update_fields=["cursor"])
        return True
    ids = list(Contact.objects.filter(pk__gt=run.cursor).order_by("pk").values_list("pk", flat=True)[:CHUNK])
    if not ids:
        _swap(run)
        return True
    with in_lane(*ids):
        run.moved += _people(run, ids, book(), clock.now())
    run.people += len(ids)
    run.cursor = ids[-1]
    top = Contact.objects.order_by("-pk").values_list("pk", flat=True).first() or 1
    run.progress = min(99, ids[-1] * 100 // top)
    run.save(update_fields=["moved", "people", "cursor", "progress"])
    wake.publish(TOPIC)
    return True


def _people(run: ScoreRun, ids: list[int], rules: Book, now: datetime) -> int:
    """Compute these people in the run's space; returns how many of them change their band."""
    scale = rules.scales.get(run.pk)
    if scale is None:
        return 0
    model = ScoreModel.objects.get(pk=run.model_id)
    changed = [int(pk) for pk in run.before["rules"]]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audience_scoreentry WHERE person_id = ANY(%s) AND model_id = %s", [ids, run.pk])
        cursor.execute("DELETE FROM audience_personscore WHERE person_id = ANY(%s) AND model_id = %s", [ids, run.pk])
        cursor.execute(
            "INSERT INTO audience_scoreentry (person_id, at, fact_id, rule_id, model_id, points, kind, reason, actor) "
            "SELECT person_id, at, fact_id, rule_id, %s, points, kind, reason, actor FROM audience_scoreentry "
            "WHERE person_id = ANY(%s) AND model_id = %s AND rule_id <> ALL(%s) RETURNING person_id, rule_id, points",
            [run.pk, ids, model.living, changed],
        )
        taken = cursor.fetchall()
    delta: dict[tuple[int, int], int] = defaultdict(int)
    stood: dict[tuple[int, int], int] = defaultdict(int)
    for person_id, rule_id, points in taken:
        delta[person_id, run.pk] += points
        stood[person_id, rule_id] += points
    heard = {kind: [r for r in of if r.space == run.pk and r.id in changed] for kind, of in rules.rules.items()}
    heard = {kind: of for kind, of in heard.items() if of}
    lines = []
    if heard:
        lines = scoring.given(scoring.hits(history.past(ids, [*heard], now), heard), fresh=True)
    lines += standing.level(ids, run.pk, stood, rules, now)
    for person_id, space, points in scoring.insert([line for line in lines if line.points]):
        delta[person_id, space] += points
    scoring.settle(delta, rules, now, tell=False)
    return _moved(ids, run.pk, model.living)


def _moved(ids: list[int], new: int, old: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM audience_personscore n LEFT JOIN audience_personscore o "
            "ON o.person_id = n.person_id AND o.model_id = %s "
            "WHERE n.person_id = ANY(%s) AND n.model_id = %s AND n.band IS DISTINCT FROM o.band",
            [old, ids, new],
        )
        return int(cursor.fetchone()[0])


def _swap(run: ScoreRun) -> None:
    """Make the run's space the living one."""
    building.take_all_lanes()
    if Contact.objects.filter(pk__gt=run.cursor or 0).exists():
        return  # somebody came in the last moment
    # who changes the model has its row and may be waiting for that of the run: then later
    model = ScoreModel.objects.select_for_update(skip_locked=True).filter(pk=run.model_id).first()
    if model is None:
        return
    old = model.living
    model.space = run.pk
    model.save(update_fields=["space"])
    ScoreRun.objects.filter(pk=run.pk).delete()
    # the old space becomes a run of its own that is to be swept away
    ScoreRun.objects.update_or_create(
        pk=old, defaults={"model_id": model.pk, "state": ScoreRun.State.STALE, "created_at": run.created_at}
    )
    rebuild_askers(model)
    if model.rollup != ScoreModel.Rollup.NONE:
        companies.note_all(clock.now())
    _touch()


def rebuild_askers(model: ScoreModel) -> None:
    """Have the segments that ask for the score of a model built anew."""
    keys = (f"score:{model.key}", f"company_score:{model.key}")
    asking = {s.id for s in book().segments if not s.needs.isdisjoint(keys) and s.id > 0}
    for s in Segment.objects.filter(pk__in=asking).order_by("pk").select_for_update():
        building.start(s, s.definition if s.pending is None else s.pending)
        s.save()


def _sweep() -> bool:
    """Delete rows of spaces that no longer count."""
    run = ScoreRun.objects.filter(state=ScoreRun.State.STALE).order_by("pk").select_for_update(skip_locked=True).first()
    if run is None:
        return False
    scores = PersonScore.objects.filter(model_id=run.pk)
    people = list(scores.order_by("band", "-points", "person_id").values_list("person_id", flat=True)[:SWEPT])
    if people:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM audience_scoreentry WHERE person_id = ANY(%s) AND model_id = %s", [people, run.pk]
            )
        scores.filter(person_id__in=people).delete()
        return True
    SegmentMember.objects.filter(generation=run.pk, segment_id__lt=0).delete()
    SegmentRetest.objects.filter(lane_key__in=LANE_KEYS, generation=run.pk, segment_id__lt=0).delete()
    run.delete()
    return True
