"""The page on which a draft is held against the past."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from headwater.core.ids import id_of

from .. import actions
from ..actions import simulating
from ..models import Journey, Simulation
from ..queries import simulation
from ..rules.duration import RuleError
from .common import actor_of

DAYS = (7, 30, 90, 180, 365)


def page(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the newest result, or ?run=ID, and how far a running one is. POST: begin one."""
    journey = get_object_or_404(Journey.objects.select_related("version"), pk=pk)
    if request.method == "POST":
        _begin(request, journey)
        return redirect("journeys:simulation", pk)
    current = simulating.graph_hash(journey.draft)
    runs = simulation.listed(journey)
    running = next((r for r in runs if r.phase == Simulation.Phase.RUNNING), None)
    ended = [r for r in runs if r.phase in (Simulation.Phase.DONE, Simulation.Phase.FAILED)]
    chosen = request.GET.get("run", "")
    shown = next((r for r in ended if str(r.pk) == chosen), ended[0] if ended and not chosen else None)
    said = simulation.told(shown, current) if shown else None
    context: dict[str, Any] = {
        "journey": journey,
        "runs": ended,
        "running": simulation.progress(running) if running else None,
        "days": DAYS,
        "chosen_days": shown.days if shown else 90,
        "chosen_opens": shown.opens if shown else "rates",
        "sim": said,
    }
    if said:
        context |= {
            "refused": sum(r["n"] for r in said["mails"]["refused"]),
            "goal": bool(shown and shown.graph.get("goal")),
            "goal_share": round(100 * said["goal"] / said["entries"]) if said["entries"] else None,
            "median": simulation.span(said["time"]["median_s"]),
            "most": simulation.span(said["time"]["most_s"]),
        }
    return render(request, "journeys/simulation.html", context)


def _begin(request: HttpRequest, journey: Journey) -> None:
    days, opens = request.POST.get("days", "90"), request.POST.get("opens", "rates")
    try:
        simulating.start(journey.pk, actor=actor_of(request), days=id_of(days) or 0, opens=opens)
    except actions.NotPublishable as error:
        messages.error(request, _("The draft has problems: %(what)s") % {"what": _(error.problems[0].message)})
    except RuleError as error:
        messages.error(request, error.message)
    except simulating.Running as error:
        messages.error(request, str(error))


@require_POST
def cancel(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Stop a running one."""
    found = get_object_or_404(Simulation, pk=number, journey_id=pk)
    if simulating.cancel(found.pk, actor=actor_of(request)):
        messages.success(request, _("Cancelled."))
    return redirect("journeys:simulation", pk)


@require_GET
def people(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The first people behind a number, in the shared dialog."""
    found = Simulation.objects.filter(pk=number, journey_id=pk).first()
    if found is None:
        raise Http404
    context = {
        "people": simulation.behind(found, request.GET.get("what", "")),
        "heading": _("The people behind it"),
        "note": _("The first 20."),
    }
    return render(request, "journeys/behind.html", context)
