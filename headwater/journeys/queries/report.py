"""What came of a journey: per version, per step, per way, against its goal, with the people behind each number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext as _

from headwater.core import clock
from headwater.messaging.queries.results import MonthOfMails, months
from headwater.people.models import Contact

from ..engine.base import STEPS
from ..engine.foresight.plan import templates_of
from ..engine.graph import Version, versions
from ..models import Journey, StepCount
from .called import Names, called
from .inside import refusal, title
from .kept import is_large, kept

#: People named behind a number
NAMED = 50
#: Months of mails
MONTHS = 12


@dataclass(frozen=True)
class VersionLine:
    """What came of the people of one version. converted: who reached the goal, or, without a goal, the end."""

    number: int
    published_at: datetime
    entered: int
    inside: int
    finished: int
    goal: int
    left: int
    sent: int
    has_goal: bool
    current: bool

    @property
    def converted(self) -> int:
        return self.goal if self.has_goal else self.finished

    @property
    def rate(self) -> float | None:
        """Per cent of those who entered, to one place."""
        return round(100 * self.converted / self.entered, 1) if self.entered else None


@dataclass
class WayLine:
    """One way out of a step: how many took it, and how many of them reached the goal."""

    id: str
    label: str
    n: int = 0
    share: int = 0
    goal: int = 0
    rate: float | None = None


@dataclass
class StepLine:
    """One step. goal: of those who came through it; a mail has `mail`."""

    step: str
    kind: str
    icon: str
    hue: int
    label: str
    title: str
    entered: int
    done: int
    waiting: int
    left: int
    failed: int
    goal: int = 0
    rate: float | None = None
    ways: list[WayLine] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    mail: dict[str, Any] | None = None


def report(journey: Journey, number: int | None = None) -> dict[str, Any]:
    """{"versions": [VersionLine], "version": number or None, "steps": [StepLine]} of one version, or of all. A constant
    number of statements. Steps are those of the chosen version, without one of the live version."""
    rows = list(journey.versions.order_by("-number"))
    known = versions(r.pk for r in rows)
    chosen = [r.pk for r in rows if number is None or r.number == number]
    large = is_large(journey.pk)
    people = kept(("people", journey.pk), large, lambda: _people(journey.pk))
    mails = kept(("sent", journey.pk, *sorted(known)), large, lambda: _mails(journey.pk, known))
    sent: dict[int, int] = {}
    for (version_id, _step), counts in mails.items():
        sent[version_id] = sent.get(version_id, 0) + counts[0]
    lines = [
        VersionLine(
            row.number,
            row.published_at,
            *people.get(row.pk, (0, 0, 0, 0, 0)),
            sent=sent.get(row.pk, 0),
            has_goal=bool(row.graph.get("goal")),
            current=row.pk == journey.version_id,
        )
        for row in rows
    ]
    shown = chosen[0] if number is not None and chosen else journey.version_id
    version = known.get(shown or 0)
    steps = _steps(journey, version, chosen, mails) if version is not None else []
    return {"versions": lines, "version": number, "steps": steps}


def _people(journey_id: int) -> dict[int, tuple[int, int, int, int, int]]:
    """version -> (entered, inside, finished, goal, left early)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT version_id, count(*), count(*) FILTER (WHERE ended_at IS NULL), "
            "count(*) FILTER (WHERE state = 'finished'), count(*) FILTER (WHERE outcome = 'goal' "
            "AND ended_at IS NOT NULL), count(*) FILTER (WHERE state = 'exited') "
            "FROM journeys_passage WHERE journey_id = %s GROUP BY version_id",
            [journey_id],
        )
        return {row[0]: tuple(row[1:]) for row in cursor.fetchall()}


MAILS_OF_ONE = (
    "SELECT %(version)s::bigint, split_part(split_part(key, ':', 3), '~', 1), count(sent_at), count(opened_at), "
    "count(clicked_at) FROM messaging_message WHERE template_id = ANY(%(templates)s::bigint[]) AND actor = %(actor)s "
    "GROUP BY 2"
)
MAILS = (
    "SELECT p.version_id, split_part(split_part(m.key, ':', 3), '~', 1), count(m.sent_at), count(m.opened_at), "
    "count(m.clicked_at) FROM messaging_message m JOIN journeys_passage p ON p.person_id = m.person_id "
    "AND p.id::text = split_part(split_part(m.key, ':', 2), '.', 2) "
    "WHERE m.template_id = ANY(%(templates)s::bigint[]) AND m.actor = %(actor)s AND p.journey_id = %(journey)s "
    "GROUP BY 1, 2"
)


def _mails(journey_id: int, known: Mapping[int, Version]) -> dict[tuple[int, str], tuple[int, int, int]]:
    """(version, step) -> (sent, opened, clicked) of the mails that the journey sent."""
    templates = sorted({pk for version in known.values() for pk in templates_of(version)})
    if not templates:
        return {}
    # Most journeys have one version: which of them a mail is of need not be asked of a million passages.
    values: dict[str, Any] = {
        "templates": templates,
        "actor": f"journey:{journey_id}",
        "journey": journey_id,
        "version": min(known),
    }
    with connection.cursor() as cursor:
        cursor.execute(MAILS_OF_ONE if len(known) == 1 else MAILS, values)
        return {(version, step): (a, b, c) for version, step, a, b, c in cursor.fetchall()}


def _steps(
    journey: Journey, version: Version, chosen: list[int], mails: Mapping[tuple[int, str], tuple[int, int, int]]
) -> list[StepLine]:
    counts: dict[str, dict[str, int]] = {}
    rows = StepCount.objects.filter(version_id__in=chosen)
    for step, what, n in rows.values_list("step", "what").annotate(total=Sum("n")):
        counts.setdefault(step, {})[what] = n
    out, names = [], called(version.graph["steps"])
    for key in version.nodes:
        line = _step(version, key, counts.get(key, {}), names)
        reached = {what.removeprefix("goal:"): n for what, n in counts.get(key, {}).items() if what.startswith("goal:")}
        line.goal = sum(reached.values())
        line.rate = round(100 * line.goal / line.entered, 1) if line.entered else None
        for way in line.ways:
            way.goal = reached.get(way.id, 0)
            way.rate = round(100 * way.goal / way.n, 1) if way.n else None
        if STEPS[line.kind].sends:
            sums = [sum(mails.get((pk, key), (0, 0, 0))[n] for pk in chosen) for n in range(3)]
            line.mail = {"sent": sums[0], "opened": sums[1], "clicked": sums[2]}
            for name, n in (("open_rate", sums[1]), ("click_rate", sums[2])):
                line.mail[name] = round(100 * n / sums[0]) if sums[0] else None
            if STEPS[line.kind].sends != "email":  # nobody can say whether a text was read
                line.mail["open_rate"] = None
        out.append(line)
    return out


def _step(version: Version, key: str, n: Mapping[str, int], names: Names) -> StepLine:
    node = version.nodes[key]
    done, entered, left = n.get("done", 0), n.get("entered", 0), n.get("left", 0)
    arms = [*node.kind.arms(node.settings)]
    arms += [(arm, str(_("Back to the step"))) for arm in node.targets if arm not in dict(arms)]
    ways = []
    if len(arms) > 1:
        for arm, label in arms:
            k = n.get(f"arm:{arm}", 0)
            ways.append(WayLine(arm, label, k, round(100 * k / done) if done else 0))
    refused = [(what.removeprefix("refused:"), k) for what, k in sorted(n.items()) if what.startswith("refused:")]
    return StepLine(
        key, node.kind.kind, node.kind.icon, node.kind.hue, str(node.kind.label), title(version, key, names),
        entered, done, max(0, entered - done - left), left, n.get("failed", 0), ways=ways,
        refused=[{"why": why, "words": refusal(why), "n": k} for why, k in refused],
    )  # fmt: skip


#: What a number of a step stands for -> which rows of the log are behind it
LOGGED = {
    "entered": "true",
    "done": "l.outcome NOT IN ('goal', 'exit')",
    "left": "l.outcome IN ('goal', 'exit')",
    "goal": "p.outcome = 'goal' AND p.ended_at IS NOT NULL",
}
LOG = "journeys_passagelog l WHERE l.person_id = p.person_id AND l.passage_id = p.id"
#: What a number of a version stands for -> which passages are behind it
PASSED = {
    "entered": "true",
    "inside": "p.ended_at IS NULL",
    "finished": "p.state = 'finished'",
    "goal": "p.outcome = 'goal' AND p.ended_at IS NOT NULL",
    "left": "p.state = 'exited'",
}


def behind(journey: Journey, what: str, step: str = "", number: int | None = None) -> list[tuple[Contact, int]]:
    """The first 50 people behind a number, with their passage: of a step ("entered", "done", "waiting", "left", "goal",
    "arm:ID", "refused:WHY"), or without one of the journey ("entered", "inside", "finished", "goal", "left"). Raises
    KeyError for any other."""
    chosen = [pk for pk, n in journey.versions.values_list("pk", "number") if number is None or n == number]
    args: dict[str, Any] = {"journey": journey.pk, "versions": chosen, "step": step, "most": NAMED}
    source, where = "journeys_passage p", PASSED.get(what, "")
    if step and what == "waiting":
        where = "p.step = %(step)s AND p.ended_at IS NULL"
    elif step:
        if what.startswith("arm:"):
            where, args["value"] = "l.outcome = %(value)s", what.removeprefix("arm:")
        elif what.startswith("refused:"):
            where, args["value"] = "l.reason = %(value)s", what
        else:
            where = LOGGED[what]
        # One after the other in the order of the key, until there are enough: nobody reads a million for fifty.
        source += f" CROSS JOIN LATERAL (SELECT 1 FROM {LOG} AND l.step = %(step)s AND {where} LIMIT 1) taken"
        # Who left did so in the step where she was last.
        where = "p.step = %(step)s AND p.ended_at IS NOT NULL" if what == "left" else "true"
    if not where:
        raise KeyError(what)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.person_id, p.id FROM {source} WHERE p.journey_id = %(journey)s "
            f"AND p.version_id = ANY(%(versions)s::bigint[]) AND {where} ORDER BY 1, 2 LIMIT %(most)s",
            args,
        )
        rows = cursor.fetchall()
    if step and what == "entered" and len(rows) < NAMED:
        there = behind(journey, "waiting", step, number)
        known = {person for person, _pk in rows}
        rows += [(contact.pk, passage) for contact, passage in there if contact.pk not in known]
    found = Contact.objects.in_bulk([person for person, _pk in rows])
    return [(found[person], pk) for person, pk in rows if person in found][:NAMED]


def mails_by_month() -> list[MonthOfMails]:
    """One-off against nurture mail, of the last twelve months, this one too."""
    now = clock.now()
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _n in range(MONTHS - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    return months(first, now)
