"""Score models and topics are computed anew beside what lives, in steps that any worker can take up, and take its
place by one transaction.

1. Saving a rule (the signs of a topic, the decay) with "recompute the past" starts a run: a space of its own. From that
   commit on, reactions score into both spaces: by the rules as they were into the living one, by the new ones into the
   run's. The first step takes and lets go all lanes: whoever did not yet know of the run is done.
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
from django.db.models import QuerySet

from headwater.audience.models import (
    Interest,
    PersonScore,
    Revision,
    ScoreModel,
    ScoreRule,
    ScoreRun,
    Segment,
    SegmentMember,
    SegmentRetest,
    Topic,
    TopicRule,
)
from headwater.core import clock, wake
from headwater.core.lanes import LANE_KEYS
from headwater.people.models import Contact
from headwater.timeline.actions import in_lane

from . import building, companies, history, interests, scoring, standing
from .book import Book, book
from .ledger import insert
from .scales import restored, snapshot

#: People computed by one step, rows swept by one step
CHUNK, SWEPT = 500, 5_000
TOPIC = "scoring"
Owner = ScoreModel | Topic


def owner_of(one: Owner) -> int:
    """The id by which runs know a model (above zero) or a topic (below)."""
    return one.pk if isinstance(one, ScoreModel) else -one.pk


def space_of(run: ScoreRun) -> int:
    """The space that a run fills or that is to be swept."""
    return run.pk if run.model_id > 0 else -abs(run.pk)


def lives_in(one: Owner) -> int:
    """The space of a model or a topic that counts."""
    return one.living if isinstance(one, ScoreModel) else -one.living


def start(
    model: Owner,
    *,
    rules: Mapping[int, Any] | None = None,
    decay: list[Any] | None = None,
    signs: list[list[str]] | None = None,
    actor: str,
) -> ScoreRun:
    """Have a model or a topic computed anew. rules: those that changed, as they were before (None: there was none);
    decay, signs of a topic: as they were. A run that is under way is given up for one that does what it would have done
    too. The caller has the row of the model or topic locked."""
    before: dict[str, Any] = {"rules": {}}
    running = ScoreRun.objects.select_for_update().filter(state=ScoreRun.State.RUNNING)
    under_way = running.filter(model_id=owner_of(model)).first()
    if under_way is not None:
        before = under_way.before
        under_way.state = ScoreRun.State.STALE
        under_way.save(update_fields=["state"])
    for pk, snap in (rules or {}).items():
        before["rules"].setdefault(str(pk), snap)
    if decay is not None:
        before.setdefault("decay", decay)
    if signs is not None:
        before.setdefault("signs", signs)
    run = ScoreRun.objects.create(model_id=owner_of(model), before=before, actor=actor)
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
        kept = ScoreModel.objects if run.model_id > 0 else Topic.objects
        kept.filter(pk=abs(run.model_id)).update(decay=kind, decay_days=days)
    if "signs" in run.before:
        TopicRule.objects.filter(topic_id=-run.model_id).delete()
        TopicRule.objects.bulk_create(
            [TopicRule(topic_id=-run.model_id, match=match, value=value) for match, value in run.before["signs"]]
        )
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
    if space_of(run) not in book().every:  # archived: when it is taken up again, it is computed anew
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
    space = space_of(run)
    if space not in rules.every:
        return 0
    old = lives_in(_owner(run))
    changed = [int(pk) for pk in run.before["rules"]] + [interests.SIGN] * ("signs" in run.before)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audience_scoreentry WHERE person_id = ANY(%s) AND model_id = %s", [ids, space])
        _scored(space).filter(person_id__in=ids).delete()
        cursor.execute(
            "INSERT INTO audience_scoreentry (person_id, at, fact_id, rule_id, model_id, points, kind, reason, actor) "
            "SELECT person_id, at, fact_id, rule_id, %s, points, kind, reason, actor FROM audience_scoreentry "
            "WHERE person_id = ANY(%s) AND model_id = %s AND rule_id <> ALL(%s) RETURNING person_id, rule_id, points",
            [space, ids, old, changed],
        )
        taken = cursor.fetchall()
    delta: dict[tuple[int, int], int] = defaultdict(int)
    stood: dict[tuple[int, int], int] = defaultdict(int)
    for person_id, rule_id, points in taken:
        delta[person_id, space] += points
        stood[person_id, rule_id] += points
    lines = interests.signs(history.past(ids, [*interests.WEIGHTS], now), rules, space) if "signs" in run.before else []
    heard = {kind: [r for r in of if r.space == space and r.id in changed] for kind, of in rules.rules.items()}
    heard = {kind: of for kind, of in heard.items() if of}
    if heard:
        lines = scoring.given(scoring.hits(history.past(ids, [*heard], now), heard), fresh=True)
    lines += standing.level(ids, space, stood, rules, now)
    for person_id, _space, points in insert([line for line in lines if line.points]):
        delta[person_id, space] += points
    scoring.settle(delta, rules, now, tell=False)
    return _moved(ids, space, old)


def _owner(run: ScoreRun) -> Owner:
    return ScoreModel.objects.get(pk=run.model_id) if run.model_id > 0 else Topic.objects.get(pk=-run.model_id)


def _scored(space: int) -> QuerySet[Any]:
    """The scores, or the interests, of a space."""
    if space > 0:
        return PersonScore.objects.filter(model_id=space)
    return Interest.objects.filter(topic_id=-space)


def _moved(ids: list[int], new: int, old: int) -> int:
    if new < 0:
        weighs = {space: dict(_scored(space).filter(person_id__in=ids).values_list("person_id", "weight"))
                  for space in (new, old)}  # fmt: skip
        return sum(weighs[new].get(pk, 0) != weighs[old].get(pk, 0) for pk in ids)
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
    kept: Any = ScoreModel.objects if run.model_id > 0 else Topic.objects
    model: Owner | None = kept.select_for_update(skip_locked=True).filter(pk=abs(run.model_id)).first()
    if model is None:
        return
    ScoreRun.objects.filter(pk=run.pk).delete()
    stale(model, run.created_at)
    model.space = run.pk
    model.save(update_fields=["space"])
    rebuild_askers(model)
    if isinstance(model, ScoreModel) and model.rollup != ScoreModel.Rollup.NONE:
        companies.note_all(clock.now())
    _touch()


def stale(model: Owner, at: datetime | None = None) -> None:
    """Have what lives of a model or a topic swept away: its space becomes a run that is over."""
    done = {"model_id": owner_of(model), "state": ScoreRun.State.STALE, "created_at": at or clock.now()}
    ScoreRun.objects.update_or_create(pk=lives_in(model), defaults=done)


def rebuild_askers(model: Owner) -> None:
    """Have the segments that ask for the score of a model, or for interest in a topic, built anew."""
    keys = [f"score:{model.key}", f"company_score:{model.key}"]
    keys = keys if isinstance(model, ScoreModel) else [f"interest:{model.key}"]
    asking = {s.id for s in book().segments if not s.needs.isdisjoint(keys) and s.id > 0}
    for s in Segment.objects.filter(pk__in=asking).order_by("pk").select_for_update():
        building.start(s, s.definition if s.pending is None else s.pending)
        s.save()


def _sweep() -> bool:
    """Delete rows of spaces that no longer count."""
    run = ScoreRun.objects.filter(state=ScoreRun.State.STALE).order_by("pk").select_for_update(skip_locked=True).first()
    if run is None:
        return False
    space = space_of(run)
    scores = _scored(space)
    order = ("band", "-points") if space > 0 else ("-weight",)
    people = list(scores.order_by(*order, "person_id").values_list("person_id", flat=True)[:SWEPT])
    if people:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM audience_scoreentry WHERE person_id = ANY(%s) AND model_id = %s", [people, space]
            )
        scores.filter(person_id__in=people).delete()
        return True
    SegmentMember.objects.filter(generation=run.pk, segment_id__lt=0).delete()
    SegmentRetest.objects.filter(lane_key__in=LANE_KEYS, generation=run.pk, segment_id__lt=0).delete()
    run.delete()
    return True
