"""Rules, bands and topics."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from .. import rules
from ..engine import building
from ..engine.book import book
from ..models import Revision, ScoreModel, ScoreRule, Segment, Topic, TopicRule
from .revision import touch_revision
from .segments import InUse

_UNSET: Any = object()


def ensure_defaults() -> None:
    """Give a fresh database its score model, rules and topics. An installation that has had them keeps its own."""
    with transaction.atomic():
        _row, fresh = Revision.objects.get_or_create(pk=1)
        if not fresh:
            return
        model = ScoreModel.objects.create(key="engagement", name="Engagement")
        for name, kind, where, points, cap in rules.DEFAULT_RULES:
            ScoreRule.objects.create(model=model, name=name, kind=kind, where=where, points=points, cap=cap)
        for key, name, hue, matches in rules.DEFAULT_TOPICS:
            topic = Topic.objects.create(key=key, name=name, hue=hue)
            TopicRule.objects.bulk_create([TopicRule(topic=topic, match=m, value=v) for m, v in matches])


def _check_rule(kind: str, where: Any) -> None:
    problems = rules.where_problems(where)
    if problems:
        raise ValueError("; ".join(f"where{path}: {message}" for path, message in problems))
    if not rules.is_kind(kind):
        raise ValueError(_("“%(kind)s” is not a kind of event") % {"kind": kind})


def create_rule(
    *,
    actor: str,
    name: str,
    kind: str,
    points: int,
    where: Sequence[Any] = (),
    cap: int | None = None,
    cap_per: str = "day",
    active: bool = True,
    model: str = "engagement",
) -> ScoreRule:
    """A new rule; it counts facts that are heard from now on. Raises ValueError, ScoreModel.DoesNotExist."""
    _check_rule(kind, list(where))
    with transaction.atomic():
        made = ScoreRule.objects.create(
            model=ScoreModel.objects.get(key=model), name=name, kind=kind, where=list(where), points=points, cap=cap,
            cap_per=cap_per, active=active,
        )  # fmt: skip
        touch_revision()
    return made


def update_rule(
    rule_id: int,
    *,
    actor: str,
    name: str = _UNSET,
    kind: str = _UNSET,
    points: int = _UNSET,
    where: Sequence[Any] = _UNSET,
    cap: int | None = _UNSET,
    cap_per: str = _UNSET,
    active: bool = _UNSET,
) -> ScoreRule:
    """Change a rule (what is left out stays). Points already given stay. Raises ValueError, ScoreRule.DoesNotExist."""
    changes: dict[str, Any] = {"name": name, "kind": kind, "points": points, "where": where, "cap": cap}
    changes |= {"cap_per": cap_per, "active": active}
    with transaction.atomic():
        rule = ScoreRule.objects.select_for_update().get(pk=rule_id)
        for field, value in changes.items():
            if value is not _UNSET:
                setattr(rule, field, list(value) if field == "where" else value)
        _check_rule(rule.kind, rule.where)
        rule.save()
        touch_revision()
    return rule


def delete_rule(rule_id: int, *, actor: str) -> None:
    """Delete a rule; the points that it gave stay, with their lines. Raises ScoreRule.DoesNotExist."""
    with transaction.atomic():
        rule = ScoreRule.objects.select_for_update().get(pk=rule_id)
        rule.delete()
        touch_revision()


def set_bands(model_id: int, *, warm: int, hot: int, actor: str) -> ScoreModel:
    """Other thresholds. Bands follow at once, in one statement and without facts. Raises ValueError,
    ScoreModel.DoesNotExist."""
    if not warm < hot:
        raise ValueError(_("“Hot” must begin above “warm”"))
    with transaction.atomic():
        model = ScoreModel.objects.select_for_update().get(pk=model_id)
        model.warm, model.hot = warm, hot
        model.save()
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE audience_personscore SET band = CASE WHEN points >= %s THEN 'hot' "
                "WHEN points >= %s THEN 'warm' ELSE 'cold' END WHERE model_id = %s "
                "AND band <> CASE WHEN points >= %s THEN 'hot' "
                "WHEN points >= %s THEN 'warm' ELSE 'cold' END",
                [hot, warm, model_id, hot, warm],
            )
        touch_revision()
        for s in Segment.objects.select_for_update().order_by("pk"):
            if f"score:{model.key}" in _needs(s):
                building.start(s, s.definition if s.pending is None else s.pending)
                s.save()
    return model


def _needs(s: Segment) -> frozenset[str]:
    return frozenset().union(*(one.needs for one in book().segments if one.id == s.pk))


def save_topic(*, actor: str, name: str, matches: Sequence[tuple[str, str]], hue: int = 235, key: str = "") -> Topic:
    """Create a topic, or (with the key of one) change it. matches: ("path" or "keyword", value) pairs. Raises
    ValueError where there are none or one is too short."""
    clean = [(m, v.strip()) for m, v in matches if v.strip()]
    if not clean or any(m not in ("path", "keyword") or len(v) < 2 for m, v in clean):
        raise ValueError(_("Give at least one path or keyword of two letters or more"))
    with transaction.atomic():
        key = key or slugify(name)[:60] or f"topic-{uuid.uuid4().hex[:8]}"
        topic, _made = Topic.objects.update_or_create(key=key, defaults={"name": name, "hue": hue})
        topic.rules.all().delete()
        TopicRule.objects.bulk_create([TopicRule(topic=topic, match=m, value=v[:200]) for m, v in clean])
        touch_revision()
    return topic


def delete_topic(key: str, *, actor: str) -> None:
    """Delete a topic with its rules. Raises InUse where segments ask for it, Topic.DoesNotExist."""
    with transaction.atomic():
        topic = Topic.objects.select_for_update().get(key=key)
        users = {one.name for one in book().segments if f"interest:{key}" in one.needs}
        if users:
            raise InUse(sorted(users))
        topic.delete()
        touch_revision()
