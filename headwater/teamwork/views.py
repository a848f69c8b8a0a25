"""Today, tasks, what the composer sends, notifications."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from headwater.core import actors, clock
from headwater.core.fragments import came_from, changed, is_partial
from headwater.people import queries as people

from . import actions, panels, queries, rules
from .forms import CallForm, NoteForm, TaskForm
from .models import Task


def actor(request: HttpRequest) -> str:
    return actors.user(int(request.user.pk))  # type: ignore[arg-type]


def refused(request: HttpRequest, form: django_forms.Form) -> HttpResponse:
    """The first problem of a form of the composer, as text to show beside it."""
    problem = next(iter(form.errors.values()))[0]
    return render(request, "teamwork/problem.html", {"problem": problem}, status=422)


def _words() -> dict[str, Any]:
    """What every line says, looked up once."""
    return {"sprite": static("web/icons.svg"), "say_later": _("Put off"), "say_done": _("Complete")}


@require_GET
def today(request: HttpRequest) -> HttpResponse:
    """Whom to call, and why."""
    now = clock.now()
    sections = queries.today(request.user, now)  # type: ignore[arg-type]
    zone = queries.zone_of(request.user)  # type: ignore[arg-type]
    context = {
        "sections": sections,
        "now": now,
        "day": now.astimezone(zone).date(),
        "total": sum(len(s.items) for s in sections),
        **_words(),
    }
    return render(request, "teamwork/today.html#list" if is_partial(request) else "teamwork/today.html", context)


LABELS = {
    "open": lambda: _("All open"),
    "overdue": lambda: _("Overdue"),
    "today": lambda: _("Today"),
    "upcoming": lambda: _("Upcoming"),
    "done": lambda: _("Done"),
}


@require_GET
def tasks(request: HttpRequest) -> HttpResponse:
    """The task list: mine or everybody's, by when they are due."""
    who = "all" if request.GET.get("who") == "all" else "mine"
    view = request.GET.get("view", "open")
    if view not in queries.VIEWS:
        raise Http404(view)
    now, zone = clock.now(), queries.zone_of(request.user)  # type: ignore[arg-type]
    owner = int(request.user.pk) if who == "mine" else None  # type: ignore[arg-type]
    try:
        page = queries.tasks(view=view, now=now, zone=zone, owner_id=owner, after=request.GET.get("after", ""))
    except ValueError as error:
        raise Http404(str(error)) from error
    rows = [(t, rules.bucket(t.due_at, now, zone)) for t in page.tasks]
    context: dict[str, Any] = {"rows": rows, "next": page.next, "who": who, "view": view, "now": now, **_words()}
    if request.GET.get("after"):
        return render(request, "teamwork/tasks.html#rows", context)
    counts = queries.counts(now=now, zone=zone, owner_id=owner)
    context["views"] = [(v, LABELS[v](), counts.get(v)) for v in queries.VIEWS]
    return render(request, "teamwork/tasks.html#list" if is_partial(request) else "teamwork/tasks.html", context)


@require_http_methods(["GET", "POST"])
def new_task(request: HttpRequest) -> HttpResponse:
    """The dialog that makes a task (a page of its own where it is opened by its address)."""
    if request.method == "POST":
        form = TaskForm(request.POST)
        if form.is_valid():
            values = form.cleaned_data
            actions.create_task(
                actions.NewTask(
                    values["contact"],
                    values["title"],
                    values["kind"],
                    values["due_at"],
                    values["owner"].pk if values["owner"] else int(request.user.pk),  # type: ignore[arg-type]
                    1 if values["priority"] == "" else values["priority"],
                    deal_id=values["deal"],
                    note=values["note"],
                ),
                actor=actor(request),
            )
            messages.success(request, _("Task created"))
            return changed(request, "tasks-changed", "dialog:close", "composed")
        status = 422 if is_partial(request) else 200
        if request.POST.get("composer"):
            return refused(request, form)
    else:
        now, zone = clock.now(), queries.zone_of(request.user)  # type: ignore[arg-type]
        form = TaskForm(
            initial={
                "owner": request.user.pk,
                "due_at": rules.next_morning(now, zone),
                "contact": _number(request.GET.get("contact")),
                "deal": _number(request.GET.get("deal")),
            }
        )
        status = 200
    contact = queries.contact_or_none(pk) if (pk := _number(form["contact"].value())) else None
    template = "teamwork/task_form.html#form" if is_partial(request) else "teamwork/task_form.html"
    return render(request, template, {"form": form, "contact": contact}, status=status)


def _number(text: Any) -> int | None:
    try:
        return int(text)
    except (TypeError, ValueError):
        return None


@require_POST
def complete(request: HttpRequest, task_id: int) -> HttpResponse:
    """Tick off, with Undo."""
    try:
        done = actions.complete_task(task_id, outcome=request.POST.get("outcome", ""), actor=actor(request))
    except Task.DoesNotExist as error:
        raise Http404 from error
    if done:
        undo = "undo:" + reverse("teamwork:reopen", args=[task_id])
        messages.success(request, _("Task completed"), extra_tags=undo)
    return changed(request, "tasks-changed")


@require_POST
def reopen(request: HttpRequest, task_id: int) -> HttpResponse:
    try:
        actions.reopen_task(task_id, actor=actor(request))
    except Task.DoesNotExist as error:
        raise Http404 from error
    return changed(request, "tasks-changed")


SNOOZES = {"1h": timedelta(hours=1), "3h": timedelta(hours=3)}
SNOOZE_DAYS = {"1d": 1, "3d": 3, "7d": 7}


@require_http_methods(["GET", "POST"])
def snooze(request: HttpRequest, task_id: int) -> HttpResponse:
    """Put off by hours, to the morning some days on, or until a moment of one's choice."""
    task = Task.objects.filter(pk=task_id).first()
    if task is None:
        raise Http404("task")
    now, zone = clock.now(), queries.zone_of(request.user)  # type: ignore[arg-type]
    choices = [
        ("1h", _("1 hour")),
        ("3h", _("3 hours")),
        ("1d", _("Tomorrow morning")),
        ("3d", _("In three days")),
        ("7d", _("Next week")),
    ]
    context = {"task": task, "choices": choices, "until": rules.next_morning(now, zone)}
    if request.method == "GET":
        return render(request, "teamwork/snooze_form.html", context)
    by = request.POST.get("by", "")
    try:
        if by in SNOOZES:
            until = now + SNOOZES[by]
        elif by in SNOOZE_DAYS:
            until = rules.next_morning(now, zone, SNOOZE_DAYS[by])
        else:
            until = datetime.fromisoformat(request.POST.get("until", "")).replace(tzinfo=zone)
        actions.snooze_task(task_id, until=until, actor=actor(request))
    except ValueError:
        problem = _("Choose a later moment.")
        return render(request, "teamwork/snooze_form.html", {**context, "problem": problem}, status=422)
    messages.success(request, _("Put off"))
    return changed(request, "tasks-changed", "dialog:close")


@require_POST
def add_note(request: HttpRequest) -> HttpResponse:
    form = NoteForm(request.POST)
    if not form.is_valid():
        return refused(request, form)
    values = form.cleaned_data
    actions.add_note(
        values["body"],
        actor=actor(request),
        person_id=values["contact"],
        company_id=values["company"],
        deal_id=values["deal"],
        url=came_from(request, reverse("teamwork:tasks")),
    )
    messages.success(request, _("Note added"))
    return changed(request, "composed")


@require_POST
def log_call(request: HttpRequest) -> HttpResponse:
    form = CallForm(request.POST)
    if not form.is_valid():
        return refused(request, form)
    values = form.cleaned_data
    actions.log_call(
        actor=actor(request),
        person_id=values["contact"],
        outcome=values["outcome"],
        direction=values["direction"],
        seconds=60 * (values["minutes"] or 0),
        note=values["note"],
        deal_id=values["deal"],
    )
    messages.success(request, _("Call logged"))
    return changed(request, "composed")


@require_GET
def contact_tasks(request: HttpRequest, person_id: int) -> HttpResponse:
    """The tasks panel of a contact, fetched again."""
    return render(
        request, "teamwork/panel_tasks.html", panels.tasks_panel(queries.for_contact(person_id), contact=person_id)
    )


@require_GET
def company_notes(request: HttpRequest, company_id: int) -> HttpResponse:
    """The notes panel of a company, fetched again."""
    return render(request, "teamwork/panel_notes.html", panels.company_notes(company_id))


@require_GET
def deal_tasks(request: HttpRequest, deal_id: int) -> HttpResponse:
    """The tasks panel of a deal, fetched again."""
    person = _number(request.GET.get("contact"))
    context = panels.tasks_panel(queries.for_deal(deal_id), deal=deal_id, contact=person)
    return render(request, "teamwork/panel_tasks.html", context)


@require_GET
def activities(request: HttpRequest, deal_id: int) -> HttpResponse:
    """Notes and calls of a deal, the newest first."""
    return render(
        request, "teamwork/activities.html", {"activities": panels.deal_activities(deal_id), "deal_id": deal_id}
    )


@require_GET
def notifications(request: HttpRequest) -> HttpResponse:
    """The bell's list; a fragment for the menu, a page by its address."""
    before = _number(request.GET.get("before"))
    rows = queries.notifications(int(request.user.pk), before=before)  # type: ignore[arg-type]
    context = {
        "rows": rows,
        "more": rows[-1].pk if len(rows) == 30 else None,
        "unread": any(not r.read_at for r in rows),
    }
    template = "teamwork/notifications.html#list" if is_partial(request) else "teamwork/notifications.html"
    return render(request, template, context)


@require_GET
def bell(request: HttpRequest) -> HttpResponse:
    """The bell with its count, fetched again when the user's topic says so."""
    return render(request, "teamwork/bell.html", {"unread": queries.unread(int(request.user.pk))})  # type: ignore[arg-type]


@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Mark one notification (and go where it points) or all of them as read."""
    pk = _number(request.POST.get("id"))
    actions.mark_read(int(request.user.pk), notification_id=pk)  # type: ignore[arg-type]
    return changed(request, "notifications-changed")


@require_GET
def pick_contacts(request: HttpRequest) -> JsonResponse:
    """People whose name, address or telephone fits what is typed, for a field that picks one."""
    text = request.GET.get("q", "")[:100]
    rows = people.page(people.Listing(q=text, sort="seen"), limit=8).rows if text.strip() else []
    items = [{"id": r.id, "text": r.title, "sub": " · ".join(p for p in (r.company, r.email) if p)} for r in rows]
    return JsonResponse({"items": items})


@require_GET
def pick_companies(request: HttpRequest) -> JsonResponse:
    """Companies whose name or domain fits what is typed."""
    text = request.GET.get("q", "")[:100]
    rows = people.companies(q=text, limit=8)[0] if text.strip() else []
    return JsonResponse({"items": [{"id": r.pk, "text": r.name, "sub": r.domain} for r in rows]})
