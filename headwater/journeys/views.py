"""Pages of journeys: the list, the gallery, the picture with its numbers, people inside, one person's way."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from headwater.capture.models import Form
from headwater.core.actors import user
from headwater.messaging.actions.templates import TemplateProblem, TemplateText, update_template
from headwater.messaging.models import MailTemplate, TemplateVersion
from headwater.people.models import Contact

from . import actions
from .engine.graph import problems
from .forms import StepForm
from .models import Journey, Passage, Status
from .queries import gallery, inside, overview
from .rules.duration import UNITS, RuleError

PAGE = 30


def _actor(request: HttpRequest) -> str:
    return user(int(request.user.pk or 0))


def _leave_dialog(request: HttpRequest, url: str) -> HttpResponse:
    """End a form that the shared dialog shows; without htmx, a plain redirect."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)


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
            journey = actions.install(slug, actor=_actor(request), name=request.POST.get("name", ""), choices=values)
        except RuleError as error:
            context |= {"error": error.message, "name": request.POST.get("name", "")}
            return render(request, "journeys/install.html", context, status=422)
        messages.success(request, _("%(name)s is ready. Look it over, then publish it.") % {"name": journey.name})
        return _leave_dialog(request, reverse("journeys:detail", args=[journey.pk]))
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
    """Publish, pause and the like are `change`; this makes a copy of a journey as a new draft."""
    source = get_object_or_404(Journey, pk=request.POST.get("copy") if str(request.POST.get("copy")).isdigit() else 0)
    name = _("Copy of %(name)s") % {"name": source.name}
    made = actions.create_journey(name=name, description=source.description, graph=source.draft, actor=_actor(request))
    return redirect("journeys:detail", made.pk)


@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The picture of a journey; ?step=ID opens a step beside it."""
    journey = get_object_or_404(Journey.objects.select_related("version"), pk=pk)
    return render(request, "journeys/detail.html", _page(journey, request.GET.get("step", "")))


@require_GET
def flow(request: HttpRequest, pk: int) -> HttpResponse:
    """The picture alone, fetched again when something happened."""
    journey = get_object_or_404(Journey.objects.select_related("version"), pk=pk)
    return render(request, "journeys/_flow.html", _flow(journey, request.GET.get("step", "")))


def _flow(journey: Journey, step: str) -> dict[str, Any]:
    found = problems(journey.draft)
    return {
        "journey": journey,
        "drawn": overview.drawn(journey.draft, journey.pk, found),
        "selected": step,
        "problems": found,
    }


def _page(journey: Journey, step: str, form: StepForm | None = None) -> dict[str, Any]:
    steps = journey.draft.get("steps") or {}
    sums = overview.totals(journey.pk)
    context = _flow(journey, step) | {
        "sums": sums,
        "month": overview.totals(journey.pk, 30),
        "inside": sums.get("entered", 0) - sums.get("finished", 0) - sums.get("exited", 0),
        "changed": journey.version is None or journey.version.graph != journey.draft,
        "next_number": journey.version.number + 1 if journey.version else 1,
        "goal": overview.said(journey.draft["goal"]) if journey.draft.get("goal") else "",
        "exits": [overview.said(rule) for rule in journey.draft.get("exits") or []],
        "entries": [overview.said(rule) for rule in journey.draft.get("entry") or []],
        "reentry": (journey.draft.get("reentry") or {}).get("rule", "when_finished"),
    }
    if step == "people":
        context |= {"panel": "people", **_people(journey, "", 0)}
    elif step in steps:
        form = form or StepForm(steps[step])
        context |= {"panel": "step", "form": form, "inputs": form.inputs(), "step": step, **_people(journey, step, 0)}
        context |= _mail(form)
    else:
        context["panel"] = "journey"
    return context


def _mail(form: StepForm) -> dict[str, Any]:
    """Subject and editor of the mail that a step sends."""
    pk = form.settings.get("template")
    if form.kind.kind != "send_email" or not isinstance(pk, int):
        return {}
    template = MailTemplate.objects.filter(pk=pk).first()
    if template is None:
        return {}
    said = TemplateVersion.objects.filter(template=template, version=template.version).first()
    try:
        url = reverse("messaging:template", args=[pk])
    except NoReverseMatch:
        url = ""
    return {"mail": said, "mail_url": url}


def _people(journey: Journey, step: str, after: int) -> dict[str, Any]:
    seats = inside.at_step(journey.pk, step, after=after, limit=PAGE + 1)
    more = seats[PAGE - 1].passage.person_id if len(seats) > PAGE else None
    url = reverse("journeys:people", args=[journey.pk])
    return {"seats": seats[:PAGE], "more_url": f"{url}?step={step}&after={more}" if more else ""}


@require_GET
def people(request: HttpRequest, pk: int) -> HttpResponse:
    """Further rows of the people at a step."""
    journey = get_object_or_404(Journey, pk=pk)
    after = request.GET.get("after", "0")
    found = _people(journey, request.GET.get("step", ""), int(after) if after.isdigit() else 0)
    return render(request, "journeys/_seats.html", found | {"journey": journey})


@require_POST
def edit_step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Change the texts and times of a step in the draft; a mail's subject changes at once."""
    journey = get_object_or_404(Journey.objects.select_related("version"), pk=pk)
    steps = journey.draft.get("steps") or {}
    if step not in steps:
        raise Http404
    form = StepForm(steps[step], request.POST)
    if form.check(steps):
        _subject(form, request, _actor(request))
    if form.errors:
        return render(request, "journeys/detail.html", _page(journey, step, form))
    changed = {**steps[step], "settings": form.settings, "title": form.title}
    graph = {**journey.draft, "steps": {**steps, step: changed}}
    if graph != journey.draft:
        actions.update_journey(pk, graph=graph, actor=_actor(request))
        messages.success(request, _("Saved. It takes effect when you publish it."))
    else:
        messages.success(request, _("Saved."))
    return redirect(f"{reverse('journeys:detail', args=[pk])}?step={step}")


def _subject(form: StepForm, request: HttpRequest, actor: str) -> None:
    """Give the step's mail another subject or preview, where they were changed."""
    subject, preview = request.POST.get("subject", "").strip(), request.POST.get("preview", "").strip()
    said = _mail(form).get("mail")
    # Another mail was chosen: the subject shown was the former one's.
    if said is None or not subject or request.POST.get("subject_of") != str(said.template_id):
        return
    if (subject, preview) == (said.subject, said.preview):
        return
    names = ("mjml", "text_override", "from_name", "from_address", "reply_to")
    kept = {name: getattr(said, name) for name in names}
    try:
        update_template(
            said.template_id, says=TemplateText(subject=subject[:300], preview=preview[:300], **kept), actor=actor
        )
    except TemplateProblem as problem:
        form.errors["template"] = str(problem)


@require_POST
def settings(request: HttpRequest, pk: int) -> HttpResponse:
    """Name, description and re-entry."""
    journey = get_object_or_404(Journey, pk=pk)
    rule = request.POST.get("reentry", "when_finished")
    graph = {**journey.draft, "reentry": {**(journey.draft.get("reentry") or {}), "rule": rule}}
    amount, unit = request.POST.get("after_amount", "").strip(), request.POST.get("after_unit", "days")
    graph["reentry"].pop("after", None)
    try:
        if amount:
            if not amount.isdigit() or unit not in UNITS:
                raise RuleError(_("Give a whole number."))
            graph["reentry"]["after"] = {"amount": int(amount), "unit": unit}
        actions.update_journey(
            pk,
            name=request.POST.get("name", journey.name),
            description=request.POST.get("description", journey.description)[:2000],
            graph=graph,
            actor=_actor(request),
        )
        messages.success(request, _("Saved."))
    except RuleError as error:
        messages.error(request, error.message)
    return redirect("journeys:detail", pk)


@require_POST
def change(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """publish, pause, resume or delete."""
    journey = get_object_or_404(Journey, pk=pk)
    actor = _actor(request)
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
        return _leave_dialog(request, reverse("journeys:detail", args=[pk]))
    return render(request, "journeys/add_person.html", context)


def _enter(request: HttpRequest, journey: Journey, contact: Contact) -> None:
    done = actions.enter_by_hand(journey.pk, [contact.pk], actor=_actor(request))
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
        journey = get_object_or_404(Journey, pk=int(chosen) if chosen.isdigit() else 0)
        _enter(request, journey, contact)
        return _leave_dialog(request, _record_url(person_id))
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
        verb, actor = request.POST.get("do"), _actor(request)
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
