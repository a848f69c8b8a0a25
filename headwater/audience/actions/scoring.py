"""The rules of score models. A change counts from now on, or for the past too: then the model is computed anew in the
background (`engine.runs`), and what holds until that is done are the rules as they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from headwater.core import clock

from .. import compiler, rules
from ..engine import runs
from ..engine.scales import snapshot, versions
from ..models import Revision, ScoreModel, ScoreRule, ScoreRun
from .revision import hold_definitions, touch_revision

_UNSET: Any = object()
PERIODS = tuple(ScoreRule.CapPer.values)


def ensure_defaults() -> None:
    """Give a fresh database its score model and rules. An installation that has had them keeps its own."""
    with transaction.atomic():
        _row, fresh = Revision.objects.get_or_create(pk=1)
        if not fresh:
            return
        model = ScoreModel.objects.create(key="engagement", name="Engagement", rollup=ScoreModel.Rollup.SUM)
        for name, kind, where, points, cap in rules.DEFAULT_RULES:
            ScoreRule.objects.create(model=model, name=name, kind=kind, where=where, points=points, cap=cap)


def _check(rule: ScoreRule) -> None:
    """Raises ValueError where a rule cannot be."""
    if rule.condition is not None:
        node = compiler.parse(rule.condition)
        if any(need.startswith(("score:", "company_score:")) for need in compiler.needs_of(node)):
            raise ValueError(_("A rule must not ask for a score"))
        if rule.kind or rule.where:
            raise ValueError(_("A rule is about an event or about a condition, not both"))
    else:
        problems = rules.where_problems(rule.where)
        if problems:
            raise ValueError("; ".join(f"where{path}: {message}" for path, message in problems))
        if not rules.is_kind(rule.kind):
            raise ValueError(_("“%(kind)s” is not a kind of event") % {"kind": rule.kind})
    if rule.cap_per not in PERIODS or rule.times_per not in PERIODS:
        raise ValueError(f"a period must be one of {', '.join(PERIODS)}")
    if not rule.points or abs(rule.points) > 10_000:
        raise ValueError(_("Points are a whole number from -10,000 to 10,000, and not 0"))


def _locked(model_id: int) -> ScoreModel:
    """The model, which nobody else changes now. Raises ScoreModel.DoesNotExist."""
    return ScoreModel.objects.select_for_update().get(pk=model_id)


def _anew(rule: ScoreRule, past: bool) -> bool:
    """Whether the model must be computed anew: on demand; always where a condition says who has the points; and where
    the rule's past is being computed right now."""
    running = ScoreRun.objects.filter(model_id=rule.model_id, state=ScoreRun.State.RUNNING).first()
    return past or rule.condition is not None or (running is not None and str(rule.pk) in running.before["rules"])


def create_rule(
    *,
    actor: str,
    name: str,
    points: int,
    kind: str = "",
    where: Sequence[Any] = (),
    condition: Any = None,
    cap: int | None = None,
    cap_per: str = "day",
    cap_total: int | None = None,
    times: int | None = None,
    times_per: str = "day",
    active: bool = True,
    model: str = "engagement",
    past: bool = False,
) -> ScoreRule:
    """A new rule: points for a kind of fact whose properties fit `where`, or for as long as `condition` (JSON of a
    segment) holds. It counts what happens from now on, with `past` what happened before too. Raises ValueError,
    ConditionError, ScoreModel.DoesNotExist."""
    with transaction.atomic():
        hold_definitions()
        scored = _locked(ScoreModel.objects.get(key=model).pk)
        made = ScoreRule(
            model=scored, name=name, kind=kind, where=list(where), condition=condition, points=points, cap=cap,
            cap_per=cap_per, cap_total=cap_total, times=times, times_per=times_per, active=active,
        )  # fmt: skip
        _check(made)
        anew = past or condition is not None
        made.since = None if anew else clock.now()
        made.save()
        if anew and active:
            runs.start(scored, rules={made.pk: None}, actor=actor)
        touch_revision()
    return made


def update_rule(rule_id: int, *, actor: str, past: bool = False, **changes: Any) -> ScoreRule:
    """Change a rule (name, kind, where, condition, points, cap, cap_per, cap_total, times, times_per, active). What
    happened until now keeps the points it has; with `past` everything is computed anew. Raises ValueError,
    ConditionError, ScoreRule.DoesNotExist."""
    with transaction.atomic():
        hold_definitions()
        model = _locked(ScoreRule.objects.get(pk=rule_id).model_id)
        rule = ScoreRule.objects.select_for_update().get(pk=rule_id, ended_at=None)
        before = snapshot(rule)
        for field, value in changes.items():
            if field not in before or field in ("since", "past", "ended_at"):
                raise TypeError(f"a rule has no {field}")
            setattr(rule, field, list(value) if field == "where" else value)
        _check(rule)
        if (rule.condition is None) != (before["condition"] is None):
            raise ValueError(_("A rule about events cannot become one about a condition: make a new one"))
        if {**snapshot(rule), "name": ""} != {**before, "name": ""} or past:
            _change(model, rule, before, past, actor)
        rule.save()
        touch_revision()
    return rule


def _change(model: ScoreModel, rule: ScoreRule, before: dict[str, Any], past: bool, actor: str) -> None:
    if _anew(rule, past):
        rule.since, rule.past = None, []
        rule.save()
        runs.start(model, rules={rule.pk: before}, actor=actor)
    else:
        now = clock.now()
        rule.past, rule.since = versions(before, now), now


def delete_rule(rule_id: int, *, actor: str, past: bool = False) -> None:
    """Delete a rule. The points that it gave stay, with their lines; with `past` they are taken back (always where it
    was about a condition). Raises ScoreRule.DoesNotExist."""
    with transaction.atomic():
        model = _locked(ScoreRule.objects.get(pk=rule_id).model_id)
        rule = ScoreRule.objects.select_for_update().get(pk=rule_id, ended_at=None)
        before = snapshot(rule)
        if _anew(rule, past):
            rule.delete()
            runs.start(model, rules={rule_id: before}, actor=actor)
        else:
            now = clock.now()
            rule.past, rule.ended_at, rule.active = versions(before, now), now, False
            rule.save()
        touch_revision()


def cancel_run(model_id: int, *, actor: str) -> bool:
    """Stop computing a model anew: its rules and its decay are again what they were. Returns whether there was
    something to stop. Raises ScoreModel.DoesNotExist."""
    with transaction.atomic():
        _locked(model_id)
        run = ScoreRun.objects.select_for_update().filter(model_id=model_id, state=ScoreRun.State.RUNNING).first()
        if run is not None:
            runs.cancel(run)
    return run is not None


def recompute_model(model_id: int, *, actor: str) -> ScoreRun:
    """Compute a model anew from the whole past, every rule of it. What rules "count from now on" stays so. Raises
    ScoreModel.DoesNotExist."""
    with transaction.atomic():
        model = _locked(model_id)
        return runs.start(model, rules={r.pk: snapshot(r) for r in model.rules.all()}, actor=actor)
