"""The health page for administrators, and what they may do there."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from headwater.accounts.access import require_role, signed_in
from headwater.accounts.models import Role
from headwater.core import actors, clock
from headwater.timeline import actions as log
from headwater.timeline import queries as logged
from headwater.timeline.models import Parked

from ..forms import ReplayForm
from ..queries import called, can_replay, named
from ..queries import health as read


@require_role(Role.ADMIN)
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    return render(request, "integrations/health.html", {"health": read(clock.now())})


@require_role(Role.ADMIN)
@require_safe
def parked(request: HttpRequest, key: str) -> HttpResponse:
    """One fact that was set aside, for the dialog: the whole error, and what can be done."""
    (line,) = named([_found(key)])
    return render(
        request, "integrations/health/parked_one.html", {"row": line.row, "name": line.name, "reaction": line.reaction}
    )


@require_role(Role.ADMIN)
@require_POST
def retry(request: HttpRequest) -> HttpResponse:
    """POST key: one parked fact; POST consumer: all of a reaction."""
    actor, consumer = actors.user(signed_in(request).pk), request.POST.get("consumer", "")
    if consumer:
        done = log.retry_all(consumer=consumer, actor=actor)
    else:
        done = log.retry(places=[_place(request.POST.get("key", ""))], actor=actor)
    if done.done:
        text = ngettext("%(n)s fact had its effect.", "%(n)s facts had their effect.", done.done)
        messages.success(request, text % {"n": done.done})
    if done.failed:
        text = ngettext(
            "%(n)s fact failed again and stays set aside.", "%(n)s facts failed again and stay set aside.", done.failed
        )
        messages.error(request, text % {"n": done.failed})
    if done.left:
        messages.info(request, _("%(n)s more wait: try again.") % {"n": done.left})
    return redirect("integrations:health")


@require_role(Role.ADMIN)
@require_POST
def discard(request: HttpRequest) -> HttpResponse:
    """POST key, note."""
    try:
        done = log.discard(
            places=[_place(request.POST.get("key", ""))],
            note=request.POST.get("note", ""),
            actor=actors.user(signed_in(request).pk),
        )
    except ValueError as refused:
        messages.error(request, str(refused))
    else:
        if done:
            messages.success(request, _("Discarded."))
    return redirect("integrations:health")


@require_role(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def replay(request: HttpRequest, consumer: str) -> HttpResponse:
    """The dialog that says what a replay does and asks since when; POST starts it."""
    if not can_replay(consumer):
        raise Http404(f"{consumer} cannot be replayed")
    form = ReplayForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            since = form.cleaned_data["since"]
            log.start_replay(consumer=consumer, since=since, actor=actors.user(signed_in(request).pk))
        except log.ReplayRefused as refused:
            form.add_error("since", str(refused))
        else:
            messages.success(request, _("The replay of %(name)s has begun.") % {"name": called(consumer)})
            return HttpResponse(status=204, headers={"HX-Redirect": reverse("integrations:health")})
    status = 422 if request.method == "POST" else 200
    return render(
        request,
        "integrations/health/replay.html",
        {"consumer": consumer, "name": called(consumer), "form": form},
        status=status,
    )


@require_role(Role.ADMIN)
@require_POST
def stop_replay(request: HttpRequest, replay_id: int) -> HttpResponse:
    if log.stop_replay(replay_id, actor=actors.user(signed_in(request).pk)):
        messages.success(request, _("Stopped. What it did so far stays."))
    return redirect("integrations:health")


def _place(key: str) -> log.Place:
    try:
        return log.place(key)
    except ValueError as error:
        raise Http404(str(error)) from error


def _found(key: str) -> Parked:
    row = logged.parked_one(_place(key))
    if row is None:
        raise Http404(f"{key} is not parked")
    return row
