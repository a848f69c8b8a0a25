"""Score models: made, changed, archived, deleted."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from headwater.core import clock, wake

from .. import queries, rules
from ..engine import companies, runs
from ..models import CompanyScore, ScoreModel, ScoreRun
from .revision import hold_definitions, touch_revision
from .segments import InUse

ENGAGEMENT = "engagement"
MOST_DAYS = 3660


def _free_key(name: str) -> str:
    base = slugify(name)[:30] or f"score-{uuid.uuid4().hex[:6]}"
    taken = set(ScoreModel.objects.filter(key__startswith=base).values_list("key", flat=True))
    return next(k for k in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if k not in taken)


def _check(model: ScoreModel) -> None:
    """Raises ValueError where a model cannot be."""
    problem = rules.bands_problem(model.bands)
    if problem:
        raise ValueError(f"bands: {problem}")
    found = model.thresholds
    if not isinstance(found, list) or len(found) > 20 or any(type(t) is not int or abs(t) > 1_000_000 for t in found):
        raise ValueError(_("Thresholds are at most 20 whole numbers"))
    model.thresholds = sorted(set(found))
    if model.decay not in ScoreModel.Decay.values or model.rollup not in ScoreModel.Rollup.values:
        raise ValueError("decay: one of none, half, linear, expiry; rollup: one of none, sum, max, avg")
    if model.decay == ScoreModel.Decay.NONE:
        model.decay_days = 0
    elif not 1 <= model.decay_days <= MOST_DAYS:
        raise ValueError(_("Points decay over 1 to %(most)s days") % {"most": MOST_DAYS})


def create_model(*, actor: str, name: str, key: str = "", description: str = "", bands: Sequence[Any] | None = None,
                 thresholds: Sequence[int] = (), decay: str = "none", decay_days: int = 0,
                 rollup: str = "none") -> ScoreModel:  # fmt: skip
    """A new model without rules; everybody has 0 points in it. Raises ValueError."""
    with transaction.atomic():
        if key and ScoreModel.objects.filter(key=key).exists():
            raise ValueError(_("There is a score with the key “%(key)s” already") % {"key": key})
        made = ScoreModel(key=key or _free_key(name), name=name, description=description, thresholds=list(thresholds),
                          decay=decay, decay_days=decay_days, rollup=rollup)  # fmt: skip
        if bands is not None:
            made.bands = _whole(bands)
        _check(made)
        made.save()
        touch_revision()
        wake.notify([runs.TOPIC])
    return made


def _whole(bands: Sequence[Any]) -> list[Any]:
    """Bands with what may be left out: name "" and a colour."""
    hues = (235, 190, 150, 60, 90, 25, 345, 300)
    return [
        {"key": b.get("key"), "name": b.get("name", ""), "hue": b.get("hue", hues[n % 8]), "start": b.get("start")}
        if isinstance(b, dict)
        else b
        for n, b in enumerate(bands)
    ]


def update_model(model_id: int, *, actor: str, **changes: Any) -> ScoreModel:
    """Change a model (name, description, bands, thresholds, decay, decay_days, rollup; what is left out stays). Another
    decay is computed for everybody in the background, other bands hold at once; neither tells facts. Raises
    ValueError, ScoreModel.DoesNotExist, InUse where a segment or a journey asks for a band that goes."""
    with transaction.atomic():
        hold_definitions()
        model = ScoreModel.objects.select_for_update().get(pk=model_id)
        decay, bands, rollup = [model.decay, model.decay_days], model.bands, model.rollup
        for field, value in changes.items():
            if field not in ("name", "description", "bands", "thresholds", "decay", "decay_days", "rollup"):
                raise TypeError(f"a score has no {field}")
            setattr(model, field, _whole(value) if field == "bands" and isinstance(value, (list, tuple)) else value)
        _check(model)
        _keep_bands(model, bands)
        model.save()
        if bands != model.bands:
            _cut(model)
        if decay != [model.decay, model.decay_days]:
            runs.start(model, decay=decay, actor=actor)
        if rollup != model.rollup or bands != model.bands:
            CompanyScore.objects.filter(model_id=model.pk).delete()
            companies.note_all(clock.now())
        touch_revision()
        wake.notify([runs.TOPIC])
    return model


def _keep_bands(model: ScoreModel, before: Sequence[Any]) -> None:
    """Raises InUse where something asks for a band that goes."""
    users = queries.band_users(model, {b["key"] for b in before} - {b["key"] for b in model.bands})
    if users:
        raise InUse(sorted({use.name for use in users}))


def _cut(model: ScoreModel) -> None:
    """Bring everybody's band up to date, in one statement and without facts."""
    cases = "".join(" WHEN points >= %s THEN %s" for _b in model.bands[1:])
    values: list[Any] = [v for b in reversed(model.bands[1:]) for v in (b["start"], b["key"])]
    band = f"CASE{cases} ELSE %s END" if cases else "%s"
    values.append(model.bands[0]["key"])
    spaces = [model.living, *ScoreRun.objects.filter(model_id=model.pk, state="running").values_list("pk", flat=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE audience_personscore SET band = {band} WHERE model_id = ANY(%s) AND band <> {band}",
            [*values, spaces, *values],
        )
    runs.rebuild_askers(model)


def set_bands(model_id: int, *, warm: int, hot: int, actor: str) -> ScoreModel:
    """Other limits of the bands "warm" and "hot". Raises ValueError, ScoreModel.DoesNotExist."""
    if not warm < hot:
        raise ValueError(_("“Hot” must begin above “warm”"))
    starts = {"warm": warm, "hot": hot}
    bands = ScoreModel.objects.get(pk=model_id).bands
    return update_model(model_id, actor=actor, bands=[{**b, "start": starts.get(b["key"], b["start"])} for b in bands])


def archive_model(model_id: int, *, actor: str, archived: bool = True) -> ScoreModel:
    """Put a model away (it stops to score and is not shown), or take it up again: then it is computed anew, since it
    heard nothing meanwhile. Raises InUse, ValueError for the lead score, ScoreModel.DoesNotExist."""
    with transaction.atomic():
        hold_definitions()
        model = ScoreModel.objects.select_for_update().get(pk=model_id)
        if archived == (model.archived_at is not None):
            return model
        if archived:
            _free(model)
            ScoreRun.objects.filter(model_id=model.pk, state="running").update(state="stale")
        model.archived_at = clock.now() if archived else None
        model.save(update_fields=["archived_at"])
        touch_revision()
        if not archived:
            from .scoring import recompute_model

            recompute_model(model.pk, actor=actor)
        companies.note_all(clock.now())
        wake.notify([runs.TOPIC])
    return model


def delete_model(model_id: int, *, actor: str) -> None:
    """Delete a model with its rules; its points are swept away in the background. Raises InUse, ValueError for the lead
    score, ScoreModel.DoesNotExist."""
    with transaction.atomic():
        hold_definitions()
        model = ScoreModel.objects.select_for_update().get(pk=model_id)
        _free(model)
        ScoreRun.objects.filter(model_id=model.pk).update(state="stale")
        runs.stale(model)
        CompanyScore.objects.filter(model_id=model.pk).delete()
        model.delete()
        touch_revision()
        wake.notify([runs.TOPIC])


def _free(model: ScoreModel) -> None:
    if model.key == ENGAGEMENT:
        raise ValueError(_("This is the lead score, which lists, the hand-over and Today show. It stays."))
    users = [use.name for use in queries.score_users(model)]
    if users:
        raise InUse(sorted(set(users)))
