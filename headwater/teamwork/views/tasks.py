"""The list of tasks, a new one, and what becomes of one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from headwater.core import clock
from headwater.core.fragments import changed, is_partial

from .. import actions, queries, rules
from ..forms import TaskForm
from ..models import Task
from .common import actor, number, refused

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
    context: dict[str, Any] = {
        "rows": rows,
        "next": page.next,
        "who": who,
        "view": view,
        "now": now,
        "sprite": static("web/icons.svg"),
        "say_later": _("Put off"),
        "say_done": _("Complete"),
    }
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
                "contact": number(request.GET.get("contact")),
                "deal": number(request.GET.get("deal")),
            }
        )
        status = 200
    contact = queries.contact_or_none(pk) if (pk := number(form["contact"].value())) else None
    template = "teamwork/task_form.html#form" if is_partial(request) else "teamwork/task_form.html"
    return render(request, template, {"form": form, "contact": contact}, status=status)


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
