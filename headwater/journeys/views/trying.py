"""Test with a person, and why she is here or not."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from headwater.core.ids import id_of
from headwater.people.models import Contact

from ..engine.base import STEPS
from ..engine.checking import problems
from ..models import Journey, Passage
from ..queries import explaining, inside, simulation, trying
from .gallery import MAIL_POLICY

MAILS = ("opened", "delivered", "clicked", "replied")


def _person(text: str) -> Contact | None:
    return Contact.objects.filter(pk=id_of(text) or 0).first()


def test(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: whom to test with (?person=). POST: the way she would take, with what is taken to happen on it. Nothing is
    sent, nothing is kept."""
    journey = get_object_or_404(Journey, pk=pk)
    person = _person(request.POST.get("person") or request.GET.get("person", ""))
    context: dict[str, Any] = {"journey": journey, "person": person, "error": "", "way": None}
    if request.method == "POST":
        found = problems(journey.draft)
        if person is None:
            context["error"] = _("Choose a person.")
        elif found:
            context["error"] = _("The draft has problems: %(what)s") % {"what": _(found[0].message)}
        else:
            context |= _way(request, journey, person)
    return render(request, "journeys/test.html", context)


def _way(request: HttpRequest, journey: Journey, person: Contact) -> dict[str, Any]:
    chosen = {name: value for name, value in request.POST.items() if isinstance(value, str) and value}
    choices = trying.Choices(
        mails={k[5:]: v for k, v in chosen.items() if k.startswith("mail.") and v in MAILS},
        arms={k[4:]: v for k, v in chosen.items() if k.startswith("arm.")},
    )
    let_in = trying.entry_of(journey, person.pk)
    way = trying.dry_run(journey, person.pk, choices=choices)
    lines = [_line(step, choices) for step in way]
    return {"way": lines, "rule": let_in.words, "rule_at": let_in.at, "ended": lines[-1] if lines else None}


def _line(step: trying.Tried, choices: trying.Choices) -> dict[str, Any]:
    """A step as the page shows it."""
    kind = STEPS[step.kind]
    seconds = int((step.until - step.at).total_seconds()) if step.until else 0
    for asked in step.asked:
        asked["icon"] = "check" if asked["holds"] else "x"
    return {
        "tried": step,
        "icon": kind.icon,
        "hue": kind.hue,
        "label": kind.label,
        "waits": simulation.span(seconds) if seconds >= 60 else "",
        "did": choices.mails.get(step.step, ""),
        "forced": choices.arms.get(step.step, ""),
    }


@require_GET
@xframe_options_sameorigin
def test_mail(request: HttpRequest, pk: int, person_id: int, template: int) -> HttpResponse:
    """A mail as that person would get it, for a sandboxed frame."""
    get_object_or_404(Journey, pk=pk)
    mail = trying.mail_for(template, person_id)
    if mail is None:
        raise Http404
    response = HttpResponse(mail.html)
    response["Content-Security-Policy"] = MAIL_POLICY
    return response


@require_GET
def why(request: HttpRequest, pk: int = 0, person_id: int = 0) -> HttpResponse:
    """In the shared dialog: why somebody is in a journey, or did not enter it. From the canvas the journey is given,
    from a record the person; the other is chosen (?person=, ?journey=)."""
    number = pk or id_of(request.GET.get("journey", "")) or 0
    journey = Journey.objects.select_related("version").filter(pk=number).first()
    person = _person(str(person_id) if person_id else request.GET.get("person", ""))
    if (pk and journey is None) or (person_id and person is None):
        raise Http404
    context: dict[str, Any] = {
        "journey": journey,
        "person": person,
        "fixed_journey": bool(pk),
        "fixed_person": bool(person_id),
        "journeys": [] if pk else list(Journey.objects.exclude(version=None).order_by("name")[:200]),
        "asked": bool(request.GET),
    }
    if journey is not None and person is not None:
        said = explaining.why_not(journey, person.pk)
        for reason in said["reasons"]:
            reason["icon"] = "check" if reason["holds"] else "x"
        context["said"] = said
        rows = Passage.objects.filter(person_id=person.pk, journey_id=journey.pk).order_by("-entered_at")[:5]
        context["stories"] = [inside.story(p.person_id, p.id) for p in rows]
    return render(request, "journeys/why.html", context)
