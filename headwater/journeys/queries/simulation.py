"""Simulations as pages and the API show them: counts in words, and what they assume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from headwater.audience.queries import past_scores
from headwater.people.models import Contact

from ..engine.base import STEPS
from ..engine.foresight import Tally
from ..engine.foresight.plan import Plan, plan_of
from ..engine.graph import Version, ready
from ..engine.rulebook import with_segments
from ..models import Journey, Simulation
from ..rules import duration, matching
from .called import Names, called
from .draft import name_of, title
from .inside import refusal
from .words import condition, said

#: Steps that leave something behind, counted in the summary
DOES = (
    "create_task", "create_ticket", "hand_over", "create_deal", "move_deal", "set_ticket_status", "notify", "webhook",
    "add_note", "start_journey",
)  # fmt: skip


def latest(journey: Journey) -> Simulation | None:
    """The newest one that runs or came to its end."""
    rows = journey.simulations.exclude(phase=Simulation.Phase.CANCELLED)
    return rows.order_by("-started_at", "-pk").first()


def listed(journey: Journey) -> list[Simulation]:
    """All that are kept, newest first."""
    return list(journey.simulations.order_by("-started_at", "-pk"))


def progress(found: Simulation) -> dict[str, Any]:
    """How far a running one is: {"id", "seen", "of", "percent"}."""
    percent = round(100 * found.seen / found.people) if found.people else (100 if found.done_at else 0)
    return {"id": found.pk, "seen": found.seen, "of": found.people, "percent": percent}


def told(found: Simulation, current_hash: str) -> dict[str, Any]:
    """A simulation with everything that came of it (docs/journeys-api.md has the shape). current_hash: of the draft as
    it is now."""
    version = ready(0, found.journey_id, found.journey.name, 0, with_segments(found.graph))
    tally = Tally(found.counts)
    return {
        **progress(found),
        "phase": found.phase,
        "days": found.days,
        "from": found.started_at - timedelta(days=found.days),
        "to": found.started_at,
        "done_at": found.done_at,
        "by": {"actor": found.actor, "name": name_of(found.actor)},
        "opens": found.opens,
        "draft": found.graph_hash,
        "current": found.graph_hash == current_hash,
        "error": found.error,
        **_result(found, version, tally),
    }


def _result(found: Simulation, version: Version, tally: Tally) -> dict[str, Any]:
    totals = tally.totals
    names = called(version.graph["steps"])
    steps = [_step(version, key, tally.steps.get(key, {}), names) for key in version.nodes]
    mails = _mails(steps)
    left = [(how.removeprefix("exit:"), n) for how, n in sorted(totals.items()) if how.startswith("exit:")]
    return {
        "sentence": _sentence(found, totals, mails),
        "entries": totals.get("entries", 0),
        "people": totals.get("people", 0),
        "rules": [{"rule": said(rule), "entries": tally.rules.get(str(n), 0)} for n, rule in enumerate(version.entry)]
        + ([{"rule": _("By hand or API"), "entries": tally.rules["-1"]}] if tally.rules.get("-1") else []),
        "by_day": sorted(tally.days.items()),
        "mails": mails,
        "did": [
            {"kind": kind, "label": str(STEPS[kind].label), "n": n}
            for kind in DOES
            if (n := sum(_done(s) for s in steps if s["kind"] == kind))
        ],
        "goal": totals.get("goal", 0),
        "finished": totals.get("finished", 0),
        "inside": totals.get("inside", 0),
        "failed": totals.get("failed", 0),
        "left": [{"why": why, "words": _why(why), "n": n} for why, n in left],
        "time": {"median_s": tally.span(0.5), "most_s": tally.span(0.9)},
        "steps": steps,
        **assumed(version, found),
    }


def _done(step: Mapping[str, Any]) -> int:
    """How often it would have been done: who went another way than a hand-over's first did not get it."""
    under = sum(int(arm["n"]) for arm in step["arms"] if arm["id"] == "under")
    return int(step["done"]) - under


def _step(version: Version, key: str, n: Mapping[str, int], names: Names) -> dict[str, Any]:
    node = version.nodes[key]
    arms = node.kind.arms(node.settings)
    jumps = [(arm, _("Back to the step")) for arm in node.targets if arm not in dict(arms)]
    done = n.get("done", 0)
    return {
        "step": key,
        "kind": node.kind.kind,
        "icon": node.kind.icon,
        "hue": node.kind.hue,
        "label": str(node.kind.label),
        "title": title(version.graph["steps"][key], version.graph["steps"], names),
        "entered": n.get("entered", 0),
        "done": done,
        "left": n.get("left", 0),
        "waiting": n.get("waiting", 0),
        "held": n.get("held", 0),
        "opened": n.get("opened", 0),
        "clicked": n.get("clicked", 0),
        "arms": [
            {"id": arm, "label": label, "n": k, "share": round(100 * k / done) if done else 0}
            for arm, label in (*arms, *jumps)
            if len(node.targets) > 1
            for k in [n.get(f"arm:{arm}", 0)]
        ],
        "refused": [
            {"why": what.removeprefix("refused:"), "words": refusal(what.removeprefix("refused:")), "n": k}
            for what, k in sorted(n.items(), key=lambda item: (-item[1], item[0]))
            if what.startswith("refused:")
        ],
    }


def _mails(steps: list[dict[str, Any]]) -> dict[str, Any]:
    mails = [s for s in steps if STEPS[s["kind"]].sends]
    refused: dict[str, int] = {}
    for step in mails:
        for one in step["refused"]:
            why = one["why"].partition(":")[0]
            refused[why] = refused.get(why, 0) + one["n"]
    out = sum(refused.values())
    words = {"missing_field": _("a field is missing")}
    return {
        "sent": sum(s["done"] for s in mails) - out,
        "refused": [{"why": w, "words": words.get(w) or refusal(w), "n": n} for w, n in sorted(refused.items())],
        "held": sum(s["held"] for s in mails),
        "opened": sum(s["opened"] for s in mails),
        "clicked": sum(s["clicked"] for s in mails),
    }


def _sentence(found: Simulation, totals: Mapping[str, int], mails: Mapping[str, Any]) -> str:
    values = {"days": found.days, "people": f"{totals.get('people', 0):,}", "mails": f"{mails['sent']:,}"}
    said = [_("In the past %(days)s days %(people)s people would have entered and %(mails)s mails been sent") % values]
    said += [
        _("%(n)s refused: %(why)s") % {"n": f"{one['n']:,}", "why": one["words"]}
        for one in sorted(mails["refused"], key=lambda one: -one["n"])
    ]
    return ", ".join(said) + "."


def _why(why: str) -> str:
    if why == "condition":
        return _("an exit condition held")
    if why == "loop":
        return _("went round in circles")
    return why


def assumed(version: Version, found: Simulation) -> dict[str, Any]:
    """What the answer rests on, said plainly: "assumes", sentences, and "today": the conditions that were asked as they
    are today, [{"words", "why", "where"}]."""
    plan = plan_of(version, found.started_at, found.started_at, opens="rates", responses={}, default_zone="UTC")
    return {"assumes": [*_assumptions(version, found, plan)], "today": as_of_today(version, plan)}


def _assumptions(version: Version, found: Simulation, plan: Plan) -> Iterator[str]:
    yield _("Everything is held against the facts as they happened, at the time at which they happened.")
    if plan.histories or plan.scores or plan.interests:
        yield _("Fields, stages, tags, consent, scores and interests are taken as they stood at each moment.")
    if any(name.startswith("company.") for name in plan.histories):
        yield _("Fields of the company are those of the company where each person is now.")
    if any(past.stands for past in past_scores([], plan.scores).values()):
        yield _("Points of a score that are given only while a condition holds count where they stand today.")
    if plan.templates:
        yield _opens(found.opens, {int(pk): values for pk, values in found.rates.items()})
        yield _("Caps count the mails that were really sent, and these.")
        yield _("Mails are filled with what is known of each person today.")
    yield from _of_steps(version)
    if any(rule["kind"] == "manual" for rule in version.entry):
        yield _("By hand or API enter those who really did.")
    if any(rule["kind"] == "schedule" for rule in version.entry):
        yield _("Schedules find the people who are in the segment today.")
    if any(matching.fact_kind(rule) == "segment.entered" for rule in version.entry):
        yield _("Who entered a segment is known from the day on which the segment was made.")


def as_of_today(version: Version, plan: Plan) -> list[dict[str, str]]:
    """The conditions whose past is not kept, with the reason and where in the journey they stand."""
    places = list(_places(version))
    out: dict[str, dict[str, str]] = {}
    for n, leaf in enumerate(plan.today):
        if n not in plan.timeless:
            where = next((name for name, node in places if leaf in leaves_of(node)), "")
            out.setdefault(
                str(leaf), {"words": condition(leaf, version.graph["steps"]), "why": _not_kept(leaf), "where": where}
            )
    return list(out.values())


def _places(version: Version) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(where it stands, condition) of all conditions of a journey."""
    if version.only:
        yield _("Only people for whom"), version.only
    for name, rules in ((_("Goal"), [version.goal] if version.goal else []), (_("Exit"), version.exits)):
        for rule in rules:
            if rule["kind"] == "condition":
                yield name, rule["when"]
    for key, node in version.nodes.items():
        name = title(version.graph["steps"][key], version.graph["steps"], {})
        for arm in node.settings.get("arms") or []:
            yield name, arm.get("when") or {}
        if isinstance(node.settings.get("until"), Mapping):
            yield name, node.settings["until"]


def leaves_of(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The conditions that a condition is made of."""
    children = node.get("all") or node.get("any") or ([node["not"]] if "not" in node else [])
    return [leaf for child in children for leaf in leaves_of(child)] if children else [node]


def _not_kept(leaf: Mapping[str, Any]) -> str:
    """Why the past of a condition is not known."""
    if "score" in leaf:
        return _("Of the scores of companies only the present is kept.")
    if "field" in leaf:
        return _("Only the database reads this pattern, and it holds the present value.")
    return _("Of deals and other records only the present state is kept.")


def _opens(opens: str, rates: Mapping[int, Any]) -> str:
    if opens == "nobody":
        return _("Mails that were never sent cannot be opened: it is taken that nobody opens them.")
    if opens == "everybody":
        return _("Mails that were never sent cannot be opened: it is taken that everybody opens them and clicks.")
    sent, opened, clicked = (rates.get(0) or [0, 0, 0])[:3]
    if not sent:
        return _("Mails that were never sent cannot be opened. There are no figures to go by, so nobody opens them.")
    values = {
        "opened": f"{100 * opened / sent:.0f}",
        "clicked": f"{100 * clicked / sent:.0f}",
        "n": f"{sent:,}",
    }
    return (
        _(
            "Mails that were never sent cannot be opened. Who really got the same mail does with it what she did; "
            "of the others as many open and click as have of that mail, or, where fewer than 50 were sent, of all "
            "marketing mails (%(n)s mails, %(opened)s %% opened, %(clicked)s %% clicked), drawn by chance that is "
            "the same each time."
        )
        % values
    )


def _of_steps(version: Version) -> Iterator[str]:
    kinds = {node.kind.kind for node in version.nodes.values()}
    if kinds & {"set_field", "set_owner", "change_score", "pick_segment", "move_deal", "create_deal"}:
        yield _("What the journey itself changes in fields, scores and deals is not seen by its later conditions.")
    if any(n.kind.kind == "start_journey" and n.settings.get("wait") for n in version.nodes.values()):
        yield _("Journeys that are started and waited for are through at once.")
    if any(n.kind.kind == "split" and n.settings.get("winner") not in (None, "none") for n in version.nodes.values()):
        yield _("Splits keep their shares: which way would have won is not known.")
    if "hand_over" in kinds:
        yield _("Hand-overs count even where sales was with the person already.")


def behind(found: Simulation, key: str) -> list[Contact]:
    """The first people behind a number: "STEP what" ("welcome refused:cap") or a total ("goal", "inside")."""
    ids = Tally(found.counts).named.get(key, [])
    known = Contact.objects.in_bulk(ids)
    return [known[pk] for pk in ids if pk in known]


def span(seconds: int | None) -> str:
    """A length of time in words, roughly."""
    if seconds is None:
        return "–"
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= size * (2 if unit == "hours" else 1):
            return duration.text({"amount": round(seconds / size), "unit": unit})
    return _("at once")
