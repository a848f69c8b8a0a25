"""Lists of journeys, and the picture of one with its numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext as _

from headwater.core import clock
from headwater.core.actors import journey as journey_actor
from headwater.messaging.models import MailTemplate
from headwater.messaging.queries.results import Results

from ..engine.base import STEPS, messages_of
from ..engine.graph import targets_of
from ..models import DayCount, Journey, StepCount
from ..rules import layout
from ..rules.duration import RuleError
from .words import said as said
from .words import title


@dataclass(frozen=True)
class Line:
    """A journey in the list."""

    journey: Journey
    inside: int
    entered: int  # in 30 days
    finished: int
    goals: int

    @property
    def conversion(self) -> int | None:
        """Per cent of those who ended in 30 days and had reached the goal, or, without a goal, the end."""
        reached = self.goals if (self.journey.draft or {}).get("goal") else self.finished
        return round(100 * reached / self.entered) if self.entered else None


def lines() -> list[Line]:
    """All journeys: live first, then by name. Three statements."""
    journeys = list(Journey.objects.select_related("version").order_by("name", "pk"))
    order = {"live": 0, "paused": 1, "draft": 2}
    journeys.sort(key=lambda j: order.get(j.status, 3))
    recent, ever = _days(since=30), _days()
    out = []
    for j in journeys:
        total = ever.get(j.pk, {})
        inside = total.get("entered", 0) - total.get("finished", 0) - total.get("exited", 0)
        month = recent.get(j.pk, {})
        out.append(Line(j, inside, month.get("entered", 0), month.get("finished", 0), month.get("goal", 0)))
    return out


def _days(since: int | None = None, journey_id: int | None = None) -> dict[int, dict[str, int]]:
    rows = DayCount.objects.all()
    if since is not None:
        rows = rows.filter(day__gt=(clock.now() - timedelta(days=since)).date())
    if journey_id is not None:
        rows = rows.filter(journey_id=journey_id)
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for pk, what, n in rows.values_list("journey_id", "what").annotate(total=Sum("n")):
        found[pk][what] = n
    return found


def totals(journey_id: int, days: int | None = None) -> dict[str, int]:
    """{"entered", "finished", "exited", "goal"} of one journey, ever or in the last days."""
    return _days(days, journey_id).get(journey_id, {})


def counts(journey_id: int) -> dict[str, dict[str, int]]:
    """step id -> {"entered", "done", "left", "arm:ID", "refused:WHY", "failed"}, over all versions."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    rows = StepCount.objects.filter(version_id__in=Journey.objects.get(pk=journey_id).versions.values("pk"))
    for step, what, n in rows.exclude(what__startswith="goal:").values_list("step", "what").annotate(total=Sum("n")):
        found[step][what] = n
    return found


@dataclass
class Box:
    """A step in the picture."""

    id: str
    x: int
    y: int
    kind: str
    icon: str
    hue: int
    label: str
    title: str
    stats: list[tuple[str, str]] = field(default_factory=list)
    problem: str = ""
    failed: int = 0


@dataclass
class Arrow:
    path: str
    x: int
    y: int
    label: str
    share: str
    hue: int


@dataclass
class Drawn:
    width: int
    height: int
    boxes: list[Box]
    arrows: list[Arrow]


def drawn(
    graph: Mapping[str, Any], journey_id: int | None = None, problems: Sequence[RuleError] = (), *, names: bool = True
) -> Drawn:
    """The picture of a graph, with the numbers of the journey where one is given."""
    steps: Mapping[str, Any] = graph.get("steps") or {}
    steps = {k: s for k, s in steps.items() if isinstance(s, Mapping) and s.get("kind") in STEPS}
    ways = {key: list(targets_of(step).items()) for key, step in steps.items()}
    for key, step in steps.items():
        order = [arm for arm, _l in STEPS[step["kind"]].arms(step.get("settings") or {})]
        ways[key].sort(key=lambda way: order.index(way[0]) if way[0] in order else 99)
    ways[layout.TOP] = [("next", graph.get("start"))]
    plan = layout.picture(ways, layout.TOP)
    numbers = counts(journey_id) if journey_id else {}
    templates = _templates(steps) if names else {}
    mails = mails_of(journey_id, list(templates)) if journey_id and templates else {}
    wrong = {p.where.split(".")[1]: p.message for p in reversed(problems) if p.where.startswith("steps.")}
    boxes = [_entry_box(graph, plan.at[layout.TOP], totals(journey_id) if journey_id else None, names)]
    for key, (x, y) in plan.at.items():
        if key in steps:
            box = _box(key, steps, x, y, templates)
            box.problem = wrong.get(key, "")
            if journey_id:
                _numbers(box, steps[key], numbers.get(key, {}), mails.get(key, Results()))
            boxes.append(box)
    arrows = [_arrow(edge, steps, numbers) for edge in plan.edges]
    return Drawn(plan.width, plan.height, boxes, arrows)


def _templates(steps: Mapping[str, Any]) -> dict[int, str]:
    ids = {pk for s in steps.values() for _setting, _channel, pk in messages_of(s)}
    return dict(MailTemplate.objects.filter(pk__in=ids).values_list("pk", "name"))


def _box(key: str, steps: Mapping[str, Any], x: int, y: int, templates: Mapping[int, str]) -> Box:
    step = steps[key]
    kind = STEPS[step["kind"]]
    settings = step.get("settings") or {}
    named = str(step.get("title") or templates.get(settings.get("template", 0)) or "")
    return Box(key, x, y, kind.kind, kind.icon, kind.hue, str(kind.label), named or title(step, steps))


def _entry_box(graph: Mapping[str, Any], at: tuple[int, int], sums: Mapping[str, int] | None, names: bool) -> Box:
    rules = [said(rule, names=names) for rule in graph.get("entry") or []]
    title = str(_(" or ")).join(rules) if rules else str(_("By hand or API"))
    box = Box(layout.TOP, *at, layout.TOP, "zap", 265, str(_("Entry")), title)
    if sums is not None:
        box.stats = [(f"{sums.get('entered', 0):,}", str(_("entered")))]
    return box


def _numbers(box: Box, step: Mapping[str, Any], n: Mapping[str, int], mails: Results) -> None:
    """The line of numbers under a step."""
    box.failed = n.get("failed", 0)
    box.stats = stats_of(step, n, mails)


def stats_of(step: Mapping[str, Any], n: Mapping[str, int], r: Results) -> list[tuple[str, str]]:
    """A step's numbers in words: [("6", "waiting"), ("2", "went on")]."""
    kind, entered, done = step["kind"], n.get("entered", 0), n.get("done", 0)
    here = entered - done - n.get("left", 0)
    stats: list[tuple[str, str]]
    if STEPS[kind].sends:
        stats = [(f"{r.sent:,}", str(_("sent")))]
        if r.queued:
            stats.append((f"{r.queued:,}", str(_("in the outbox"))))
        if r.sent:
            if STEPS[kind].sends == "email":  # nobody can say whether a text was read
                stats.append((f"{round(100 * r.opened / r.sent)} %", str(_("open"))))
            stats.append((f"{round(100 * r.clicked / r.sent)} %", str(_("click"))))
        refused = sum(v for k, v in n.items() if k.startswith("refused:"))
        if refused:
            stats.append((f"{refused:,}", str(_("not sent"))))
    elif STEPS[kind].waits:
        stats = [(f"{here:,}", str(_("waiting"))), (f"{done:,}", str(_("went on")))]
    else:
        stats = [(f"{done:,}", str(_("ended here") if kind == "exit" else _("done")))]
    if here and not STEPS[kind].waits:
        stats.append((f"{here:,}", str(_("here"))))
    return stats


def mails_of(journey_id: int, templates: Sequence[int]) -> dict[str, Results]:
    """step -> what became of the mails and texts that it sent, of all versions. One statement."""
    if not templates:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT split_part(split_part(key, ':', 3), '~', 1), "
            "count(*) FILTER (WHERE status IN ('queued', 'sending')), count(sent_at), count(opened_at), "
            "count(clicked_at) FROM messaging_message WHERE template_id = ANY(%s::bigint[]) AND actor = %s GROUP BY 1",
            [list(templates), journey_actor(journey_id)],
        )
        return {row[0]: Results(*row[1:]) for row in cursor.fetchall()}


def _arrow(edge: tuple[str, str, str, str, int, int], steps: Mapping[str, Any], numbers: Mapping[str, Any]) -> Arrow:
    key, arm, _to, path, x, y = edge
    step = steps.get(key)
    arms = STEPS[step["kind"]].arms(step.get("settings") or {}) if step else []
    if len(arms) < 2:
        return Arrow(path, x, y, "", "", 265)
    n = numbers.get(key, {})
    share = f"{round(100 * n.get(f'arm:{arm}', 0) / n['done'])} %" if n.get("done") else ""
    place = [a for a, _l in arms].index(arm) if arm in dict(arms) else 0
    hue = 25 if arm in ("else", "timeout", "under") else (150, 235, 300, 60)[place % 4]
    return Arrow(path, x, y, dict(arms).get(arm, arm), share, hue)
