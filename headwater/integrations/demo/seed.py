"""Make the demo company: everything in one transaction, so that a kill leaves nothing half."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from typing import Any

from django.db import connection, transaction

from headwater.accounts.models import Workspace
from headwater.audience import actions as audience
from headwater.audience.actions.history import recall_days
from headwater.audience.engine import building, runs
from headwater.audience.models import ScoreRule
from headwater.audience.rules import where_test
from headwater.core import clock, crash
from headwater.insights import actions as insights
from headwater.journeys.gallery import templates as gallery
from headwater.journeys.models import Journey
from headwater.messaging.models import MailTemplate, TemplateVersion

from . import furniture
from .firms import firms
from .lives import Setting, Way
from .telling import Teller
from .write import PER_COMPANY, STRANGERS, strangers, write

SEED = 20_261_122
#: The settings of steps that are waits
WAITS = ("for", "at", "within", "timeout", "due")

#: Two seeders at once: the second waits, then finds everything there.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('headwater.demo'))"


def is_seeded() -> bool:
    """Whether the demo company is complete: the flag commits together with all of it."""
    return Workspace.objects.filter(pk=1, is_demo=True).exists()


def ensure(people: int = 600, progress: Callable[[str], None] = print) -> bool:
    """Make the demo company with a history of that many people. Returns False where it was there already."""
    if is_seeded():
        return False
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(LOCK)
        if is_seeded():
            return False
        began = time.monotonic()
        progress("Setting up Northstar Analytics")
        had = furniture.ensure()
        crash.point("demo.furnished")
        if people:
            facts = past(had, people, progress)
            progress(f"{facts} facts over 18 months in {time.monotonic() - began:.1f} s")
    crash.point("demo.committed")
    return True


def past(had: furniture.Furniture, people: int, progress: Callable[[str], None], seed: int = SEED) -> int:
    """The history: the same seed and the same present give the same rows. Returns how many facts."""
    now, rng = clock.now(), Random(seed)
    teller = Teller(rng, _setting(had, now))
    companies = firms(rng, max(8, round(people / PER_COMPANY)))
    lives = []
    for _ in range(people):
        number = min(len(companies) - 1, int(len(companies) * rng.random() ** 1.3))
        life = teller.life(companies[number].place)
        life.company = number
        lives.append(life)
    facts = write(lives, companies, had, now, progress)
    crash.point("demo.written")
    strangers(rng, teller, people * STRANGERS, had.site.pk)
    progress("Computing scores, interests and segments")
    audience.recompute(actor=furniture.ACTOR)
    runs.run_all()
    building.run_all()
    recall_days()
    insights.rebuild()
    crash.point("demo.computed")
    return facts


def _setting(had: furniture.Furniture, now: datetime) -> Setting:
    rules: dict[str, list[tuple[Callable[[Mapping[str, Any]], bool], int, int | None]]] = {}
    for r in ScoreRule.objects.filter(active=True, model__key="engagement").order_by("pk"):
        rules.setdefault(r.kind, []).append((where_test(r.where), r.points, r.cap))
    takers = [u for u in had.users.values() if u.takes_leads]
    subjects = dict(TemplateVersion.objects.order_by("version").values_list("template", "subject"))
    return Setting(
        now=now,
        rules=rules,
        forms={slug: (form.pk, form.name) for slug, form in had.forms.items()},
        asset=(had.asset.pk, had.asset.name),
        mails={t.pk: (t.version, subjects[t.pk]) for t in MailTemplate.objects.all()},
        newsletter=had.newsletter.pk,
        journeys={slug: _way(had.journeys[slug]) for slug in furniture.WALKED},
        takers=[(u.pk, u.name) for u in takers],
        marketer=had.users["maria@demo.example"].pk,
        consent_text=furniture.CONSENT,
    )


def _way(journey: Journey) -> Way:
    """A live journey as the past walked it: its own steps, with the gallery's waits of days."""
    version = journey.version
    assert version is not None
    calm = gallery()[journey.gallery].graph["steps"]
    if journey.gallery == "event":
        calm = {**calm, "held": furniture.held()}
    steps = {
        key: {
            **step,
            "settings": step["settings"] | {k: calm[key]["settings"][k] for k in WAITS if k in calm[key]["settings"]},
        }
        for key, step in version.graph["steps"].items()
    }
    return Way(journey.pk, journey.name, version.pk, version.number, {**version.graph, "steps": steps})
