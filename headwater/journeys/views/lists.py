"""The list of journeys, a new or copied one, and what can be done with a whole journey."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from headwater.core.ids import id_of

from .. import actions
from ..models import Journey
from ..queries import overview
from ..rules.duration import RuleError
from .common import actor_of


@require_GET
def journey_list(request: HttpRequest) -> HttpResponse:
    """All journeys with what happens in them."""
    return render(request, "journeys/list.html", {"lines": overview.lines()})


@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """A new draft: a copy of another journey (`copy`), or an empty one."""
    if "copy" not in request.POST:
        made = actions.create_journey(name=_("New journey"), actor=actor_of(request))
        return redirect("journeys:detail", made.pk)
    source = get_object_or_404(Journey, pk=id_of(request.POST.get("copy")))
    name = _("Copy of %(name)s") % {"name": source.name}
    made = actions.create_journey(
        name=name, description=source.description, graph=source.draft, actor=actor_of(request)
    )
    return redirect("journeys:detail", made.pk)


@require_POST
def change(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """publish, pause, resume or delete."""
    journey = get_object_or_404(Journey, pk=pk)
    actor = actor_of(request)
    try:
        if verb == "publish":
            version = actions.publish(pk, actor=actor)
            messages.success(request, _("%(name)s v%(n)s is live.") % {"name": journey.name, "n": version.number})
        elif verb == "pause":
            actions.pause(pk, actor=actor)
            messages.success(request, _("Paused. Nobody enters, nobody goes on."))
        elif verb == "resume":
            actions.resume(pk, actor=actor)
            messages.success(request, _("It runs again."))
        elif verb == "delete":
            if not actions.delete_draft(pk, actor=actor):
                messages.error(request, _("A journey that was published stays: pause it."))
                return redirect("journeys:detail", pk)
            messages.success(request, _("Deleted."))
            return redirect("journeys:list")
    except actions.NotPublishable as error:
        first = error.problems[0]
        messages.error(request, _("Not published: %(what)s") % {"what": first.message})
        place = first.where.split(".")
        if place[0] == "steps" and len(place) > 1:
            return redirect(f"{reverse('journeys:detail', args=[pk])}?step={place[1]}")
    except actions.Undecided as error:
        messages.error(request, str(error))
    except RuleError as error:
        messages.error(request, error.message)
    return redirect("journeys:detail", pk)
