"""People in journeys: who is at a step, adding one, and one person's way."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from headwater.accounts.access import has_role, require_role
from headwater.accounts.models import Role
from headwater.core.ids import id_of
from headwater.messaging.actions.templates import TemplateProblem, TemplateText, update_template
from headwater.messaging.models import MailTemplate, TemplateVersion
from headwater.people.models import Contact

from .. import actions
from ..models import Journey, Passage, Status
from ..queries import inside
from .common import actor_of, leave_dialog

PAGE = 30


def seats_of(journey: Journey, step: str, after: int) -> dict[str, Any]:
    """A page of people at a step and the address of the next."""
    seats = inside.at_step(journey.pk, step, after=after, limit=PAGE + 1)
    more = seats[PAGE - 1].passage.person_id if len(seats) > PAGE else None
    url = reverse("journeys:people", args=[journey.pk])
    return {"seats": seats[:PAGE], "more_url": f"{url}?step={step}&after={more}" if more else ""}


@require_GET
def people(request: HttpRequest, pk: int) -> HttpResponse:
    """The people at a step (none: in the whole journey), a page at a time; the first with the mail that the step
    sends, `template` being the one chosen in the editor."""
    journey = get_object_or_404(Journey, pk=pk)
    after, template = request.GET.get("after", ""), request.GET.get("template", "")
    found = seats_of(journey, request.GET.get("step", ""), id_of(after) or 0) | {"journey": journey}
    if after:
        return render(request, "journeys/_seats.html", found)
    return render(
        request,
        "journeys/_beside.html",
        found | {"mail": _mail(id_of(template) or 0), "writes": has_role(request.user, Role.MARKETER)},
    )


def _mail(template: int) -> TemplateVersion | None:
    row = MailTemplate.objects.filter(pk=template).first()
    return TemplateVersion.objects.filter(template=row, version=row.version).first() if row else None


@require_role(Role.MARKETER)
@require_POST
def subject(request: HttpRequest, template: int) -> HttpResponse:
    """Give the mail of a step another subject or preview text, at once and for everybody who sends it."""
    said = _mail(template)
    if said is None:
        raise Http404
    words, preview = request.POST.get("subject", "").strip()[:300], request.POST.get("preview", "").strip()[:300]
    context: dict[str, Any] = {"mail": said, "error": "", "writes": True}
    if not words:
        context["error"] = _("A mail needs a subject.")
    elif (words, preview) != (said.subject, said.preview):
        names = ("mjml", "text_override", "from_name", "from_address", "reply_to")
        kept = {name: getattr(said, name) for name in names}
        try:
            update_template(
                template, says=TemplateText(subject=words, preview=preview, **kept), actor=actor_of(request)
            )
            context["mail"] = _mail(template)
            messages.success(request, _("Saved."))
        except TemplateProblem as problem:
            context["error"] = str(problem)
    return render(request, "journeys/_mail.html", context, status=422 if context["error"] else 200)


def add_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Let one person in by hand, by her address."""
    journey = get_object_or_404(Journey, pk=pk)
    context: dict[str, Any] = {"journey": journey, "email": "", "error": ""}
    if request.method == "POST":
        email = request.POST.get("email", "").strip().lower()
        contact = Contact.objects.filter(email=email).first() if email else None
        if contact is None:
            context |= {"email": email, "error": _("No person has this address.")}
            return render(request, "journeys/add_person.html", context, status=422)
        _enter(request, journey, contact)
        return leave_dialog(request, reverse("journeys:detail", args=[pk]))
    return render(request, "journeys/add_person.html", context)


def _enter(request: HttpRequest, journey: Journey, contact: Contact) -> None:
    done = actions.enter_by_hand(journey.pk, [contact.pk], actor=actor_of(request))
    names = {"person": str(contact), "journey": journey.name}
    if done:
        messages.success(request, _("%(person)s entered %(journey)s.") % names)
    elif journey.status != Status.LIVE:
        messages.error(request, _("%(journey)s is not live: nobody can enter.") % names)
    else:
        messages.error(request, _("%(person)s may not enter %(journey)s again now.") % names)


def enter_person(request: HttpRequest, person_id: int) -> HttpResponse:
    """From a contact's page: choose a journey for her."""
    contact = get_object_or_404(Contact, pk=person_id)
    journeys = Journey.objects.filter(status=Status.LIVE).order_by("name")
    if request.method == "POST":
        chosen = request.POST.get("journey", "")
        journey = get_object_or_404(Journey, pk=id_of(chosen))
        _enter(request, journey, contact)
        return leave_dialog(request, _record_url(person_id))
    return render(request, "journeys/enter_person.html", {"contact": contact, "journeys": journeys})


def _record_url(person_id: int) -> str:
    try:
        return reverse("people:record", args=[person_id])
    except NoReverseMatch:
        return reverse("journeys:list")


def passage(request: HttpRequest, person_id: int, pk: int) -> HttpResponse:
    """One person's way: why she entered, every step, where she is and what she waits for. POST: move her."""
    try:
        story = inside.story(person_id, pk)
    except Passage.DoesNotExist as error:
        raise Http404 from error
    if request.method == "POST":
        verb, actor = request.POST.get("do"), actor_of(request)
        done = False
        if verb == "skip":
            done = actions.skip_wait(person_id, pk, actor=actor)
        elif verb == "retry":
            done = actions.retry(person_id, pk, actor=actor)
        elif verb == "remove":
            done = actions.remove(story.journey.pk, [person_id], actor=actor) > 0
        (messages.success if done else messages.error)(request, _("Done.") if done else _("That is not possible now."))
        return redirect("journeys:passage", person_id, pk)
    return render(request, "journeys/passage.html", {"story": story, "p": story.passage})
