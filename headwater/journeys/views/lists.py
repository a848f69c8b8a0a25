"""The list of journeys, the gallery, a new or copied one, and what can be done with a whole journey."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from headwater.capture.models import Form

from .. import actions
from ..models import Journey
from ..queries import gallery, overview
from ..rules.duration import RuleError
from .common import actor_of, leave_dialog


@require_GET
def journey_list(request: HttpRequest) -> HttpResponse:
    """All journeys with what happens in them."""
    return render(request, "journeys/list.html", {"lines": overview.lines()})


@require_GET
def gallery_page(request: HttpRequest) -> HttpResponse:
    """The templates, each with its picture."""
    cards = [
        {"t": t, "drawn": _cropped(overview.drawn(t["graph"], names=False)), "steps": len(t["graph"]["steps"])}
        for t in gallery.templates().values()
    ]
    return render(request, "journeys/gallery.html", {"cards": cards})


def _cropped(drawn: overview.Drawn) -> overview.Drawn:
    """The upper part of a long picture: large enough to see what kind of journey it is."""
    drawn.height = min(drawn.height, 700)
    return drawn


def install(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: what the template asks for. POST: make the journey."""
    template = gallery.templates().get(slug)
    if template is None:
        raise Http404
    context: dict[str, Any] = {"t": template, "name": template["name"], "error": None, "choices": _choices(template)}
    if request.method == "POST":
        values = {c["key"]: request.POST.get(f"choice_{c['key']}") for c in template.get("choices", [])}
        try:
            journey = actions.install(slug, actor=actor_of(request), name=request.POST.get("name", ""), choices=values)
        except RuleError as error:
            context |= {"error": error.message, "name": request.POST.get("name", "")}
            return render(request, "journeys/install.html", context, status=422)
        messages.success(request, _("%(name)s is ready. Look it over, then publish it.") % {"name": journey.name})
        return leave_dialog(request, reverse("journeys:detail", args=[journey.pk]))
    return render(request, "journeys/install.html", context)


def _choices(template: dict[str, Any]) -> list[dict[str, Any]]:
    forms = list(Form.objects.filter(active=True).order_by("name").values_list("pk", "name"))
    out = []
    for c in template.get("choices", []):
        chosen = actions.gallery.suggested_form(c.get("hint", [])) if c["kind"] == "form" else c.get("default", "")
        out.append({**c, "forms": forms, "chosen": chosen})
    return out


@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """A new draft: a copy of another journey (`copy`), or an empty one."""
    if "copy" not in request.POST:
        made = actions.create_journey(name=_("New journey"), actor=actor_of(request))
        return redirect("journeys:detail", made.pk)
    source = get_object_or_404(Journey, pk=request.POST.get("copy") if str(request.POST.get("copy")).isdigit() else 0)
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
