"""Topics of interest and what feeds them. Another decay, and on demand other signs, are computed for everybody in the
background (`engine.runs`); until that is done, what was holds."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from headwater.core import wake

from .. import rules
from ..engine import runs
from ..engine.book import book
from ..models import HALF_LIFE, ScoreModel, ScoreRun, Topic, TopicRule
from .models import MOST_DAYS
from .revision import hold_definitions, touch_revision
from .segments import InUse


def save_topic(
    *,
    actor: str,
    name: str,
    matches: Sequence[tuple[str, str]],
    hue: int = 235,
    key: str = "",
    decay: str = "half",
    decay_days: int = HALF_LIFE,
    past: bool = False,
) -> Topic:
    """Create a topic, or (with the key of one) change it. matches: (TopicRule.Match, value) pairs; decay: one of
    ScoreModel.Decay. Other signs count from now on, with `past` in what happened before too. Raises ValueError where
    there are no signs, one is too short, or the days are missing."""
    clean = [(m, v.strip()[:200]) for m, v in matches if v.strip()]
    if not clean or any(m not in TopicRule.Match.values or len(v) < 2 for m, v in clean):
        raise ValueError(_("Give at least one sign of two letters or more"))
    days = 0 if decay == ScoreModel.Decay.NONE else decay_days
    if decay not in ScoreModel.Decay.values:
        raise ValueError("decay: one of none, half, linear, expiry")
    if decay != ScoreModel.Decay.NONE and not 1 <= days <= MOST_DAYS:
        raise ValueError(_("Points decay over 1 to %(most)s days") % {"most": MOST_DAYS})
    with transaction.atomic():
        topic = Topic.objects.select_for_update().filter(key=key).first() if key else None
        fresh = topic is None
        if topic is None:
            key = key or slugify(name)[:60] or f"topic-{uuid.uuid4().hex[:8]}"
            topic, fresh = Topic.objects.get_or_create(key=key, defaults={"name": name})
        before, signs = [topic.decay, topic.decay_days], _signs(topic)
        topic.name, topic.hue, topic.decay, topic.decay_days = name, hue, decay, days
        topic.save()
        topic.rules.all().delete()
        TopicRule.objects.bulk_create([TopicRule(topic=topic, match=m, value=v) for m, v in clean])
        _anew(topic, fresh, before, signs, past, actor)
        touch_revision()
        wake.notify([runs.TOPIC])
    return topic


def ensure_topics() -> None:
    """Make the topics of the demo company, where there are none at all."""
    with transaction.atomic():
        hold_definitions()
        if Topic.objects.exists():
            return
        for key, name, hue, matches in rules.EXAMPLE_TOPICS:
            topic = Topic.objects.create(key=key, name=name, hue=hue)
            TopicRule.objects.bulk_create([TopicRule(topic=topic, match=m, value=v) for m, v in matches])
        touch_revision()


def _signs(topic: Topic) -> list[list[str]]:
    return [[r.match, r.value] for r in topic.rules.order_by("pk")]


def _anew(topic: Topic, fresh: bool, decay: list[object], signs: list[list[str]], past: bool, actor: str) -> None:
    """Have a topic computed anew where it must be: a new one has no past yet, unless it is to have one."""
    aged = not fresh and decay != [topic.decay, topic.decay_days]
    # signs that change while a run reads the past by them: that run would not know them
    reading = ScoreRun.objects.filter(model_id=-topic.pk, state=ScoreRun.State.RUNNING).first()
    past = past or (reading is not None and "signs" in reading.before and signs != _signs(topic))
    if aged or past:
        runs.start(topic, decay=decay if aged else None, signs=signs if past else None, actor=actor)


def recompute_topic(key: str, *, actor: str) -> ScoreRun:
    """Compute everybody's interest in a topic anew from the whole past, by its signs as they are now. Raises
    Topic.DoesNotExist."""
    with transaction.atomic():
        topic = Topic.objects.select_for_update().get(key=key)
        return runs.start(topic, signs=_signs(topic), actor=actor)


def cancel_topic_run(key: str, *, actor: str) -> bool:
    """Stop that: signs and decay are again what they were. Returns whether there was something to stop. Raises
    Topic.DoesNotExist."""
    with transaction.atomic():
        topic = Topic.objects.select_for_update().get(key=key)
        run = ScoreRun.objects.select_for_update().filter(model_id=-topic.pk, state=ScoreRun.State.RUNNING).first()
        if run is not None:
            runs.cancel(run)
    return run is not None


def delete_topic(key: str, *, actor: str) -> None:
    """Delete a topic with its signs; what it gathered is swept away in the background. Raises InUse where segments ask
    for it, Topic.DoesNotExist."""
    with transaction.atomic():
        hold_definitions()
        topic = Topic.objects.select_for_update().get(key=key)
        users = {one.name for one in book().segments if f"interest:{key}" in one.needs}
        if users:
            raise InUse(sorted(users))
        ScoreRun.objects.filter(model_id=-topic.pk).update(state=ScoreRun.State.STALE)
        runs.stale(topic)
        topic.delete()
        touch_revision()
        wake.notify([runs.TOPIC])
