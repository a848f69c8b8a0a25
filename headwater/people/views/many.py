"""Changes of many people: asked for in the list's bar, shown as they go, stopped, undone, fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from headwater.accounts.access import has_role
from headwater.accounts.queries import colleagues
from headwater.core.ids import id_of

from .. import actions, feed, queries, registry, rules
from ..models import BulkJob
from .common import actor, is_fragment, listing_in

#: So many people are changed at once, before the next page; more in the background
AT_ONCE = 200
MOST_CHOSEN = 20_000


def _chosen(request: HttpRequest) -> list[int]:
    texts = [part for text in request.POST.getlist("ids") for part in text.split(",")]
    return [pk for text in texts if (pk := id_of(text)) is not None][:MOST_CHOSEN]


def _list_of(request: HttpRequest) -> queries.Listing | None:
    """The whole list, where the user chose all of it."""
    return listing_in(request.POST.get("in", "")) if request.POST.get("all") else None


def _bulk_of(request: HttpRequest, name: str) -> registry.Bulk:
    bulk = registry.bulks.get(name)
    if bulk is None:
        raise Http404
    if bulk.roles and not has_role(request.user, *bulk.roles):
        raise PermissionDenied
    return bulk


def _named(given: Mapping[str, str]) -> str:
    """Which change the bar asks for: it names owner, stage and tag by their buttons."""
    for name in ("owner", "stage"):
        if name in given:
            return name
    return given.get("action") or ("untag" if given.get("remove") else "tag")


@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Begin a change of the chosen people, or of the whole list. Few are changed before the answer."""
    name = _named(request.POST.dict())
    known = _bulk_of(request, name)
    chosen, listing = _chosen(request), _list_of(request)
    try:
        job = actions.start_bulk(
            name, given=request.POST.dict(), actor=actor(request), person_ids=chosen, listing=listing
        )
    except rules.Invalid as problem:
        text = _(next(iter(problem.errors.values())))
        if is_fragment(request):
            return _dialog(request, known, chosen, text, status=422)
        messages.error(request, text)
        return redirect(_back(request))
    few = len(chosen) if listing is None else queries.count(listing)
    if few <= AT_ONCE:
        actions.run_here(job.pk)
        job.refresh_from_db()
    if job.state in ("done", "failed") and not known.file:
        _say(request, job)
        return _go(request, _back(request))
    back = _back(request)
    return _go(request, f"{back}{'&' if '?' in back else '?'}job={job.pk}")


def _go(request: HttpRequest, url: str) -> HttpResponse:
    return HttpResponse(status=204, headers={"HX-Redirect": url}) if is_fragment(request) else redirect(url)


def _back(request: HttpRequest) -> str:
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, None)
    return back if safe and back.startswith("/people/") else reverse("people:list")


def _say(request: HttpRequest, job: BulkJob) -> None:
    text = ngettext("%(n)s person was changed.", "%(n)s people were changed.", job.changed) % {"n": f"{job.changed:,}"}
    if job.error:
        messages.error(request, _("It ended early: %(why)s") % {"why": job.error})
    elif actions.can_undo(job):
        messages.success(request, text, extra_tags=f"undo:{reverse('people:change_undo', args=[job.pk])}")
    else:
        messages.success(request, text)


@require_POST
def bulk_ask(request: HttpRequest, name: str) -> HttpResponse:
    """The dialog of a change: what it needs to know, how many it concerns, what cannot be taken back."""
    return _dialog(request, _bulk_of(request, name), _chosen(request))


def _dialog(
    request: HttpRequest, known: registry.Bulk, chosen: list[int], error: str = "", status: int = 200
) -> HttpResponse:
    listing = _list_of(request)
    n = len(chosen) if listing is None else queries.count(listing)
    over = listing is not None and n > queries.COUNT_CAP
    given = request.POST
    context = {
        "bulk": known,
        "fields": [
            {"f": f, "choices": list(f.choices()) if f.choices else None, "value": given.get(f.name, "")}
            for f in known.fields
        ],
        "n": n,
        "people": _("More than %(n)s people") % {"n": f"{queries.COUNT_CAP:,}"}
        if over
        else ngettext("%(n)s person", "%(n)s people", n) % {"n": f"{n:,}"},
        "ids": ",".join(map(str, chosen)) if listing is None else "",
        "all": given.get("all", ""),
        "in": given.get("in", ""),
        "next": given.get("next", ""),
        "error": error,
    }
    return render(request, "people/bulk_ask.html", context, status=status)


def line_of(job: BulkJob) -> dict[str, Any]:
    """A change as people/bulk_line.html shows it."""
    known = registry.bulks.get(job.action)
    running = job.state in ("gathering", "running", "undoing")
    skipped = {**job.refused} if job.state != "undone" else {**job.skipped}
    return {
        "job": job,
        "icon": known.icon if known else "list",
        "words": known.words(job.params) if known else job.action,
        "running": running,
        "percent": job.percent,
        "skipped": [(_(why), f"{n:,}") for why, n in sorted(skipped.items())],
        "undo": actions.can_undo(job),
        "file": bool(known and known.file) and job.state == "done",
        "when": feed.ago(job.created_at),
        "whole": bool(job.listing),
    }


@require_safe
def change_line(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a change is; fetched again by itself while it runs."""
    line = line_of(get_object_or_404(BulkJob, pk=pk))
    here = request.GET.get("in", "")[:1000]
    fresh = bool(request.GET.get("was")) and not line["running"]
    return render(request, "people/bulk_line.html", {"line": line, "in": here, "fresh": fresh})


@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """What was changed of late, with its undo."""
    jobs = list(BulkJob.objects.order_by("-pk")[:50])
    names = {u.pk: u.name for u in colleagues()}
    lines = [{**line_of(j), "who": names.get(int(j.actor.partition(":")[2] or 0), j.actor)} for j in jobs]
    return render(request, "people/changes.html", {"lines": lines})


@require_POST
def change_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Put back what each person had."""
    job = get_object_or_404(BulkJob, pk=pk)
    if actions.undo_bulk(pk, actor=actor(request)):
        if job.changed <= AT_ONCE:
            actions.run_here(pk)
        job.refresh_from_db()
        if job.state == "undone":
            _said_undone(request, job)
    else:
        messages.error(request, _("There is nothing to undo any more."))
    if is_fragment(request) and request.POST.get("line"):
        return render(
            request, "people/bulk_line.html", {"line": line_of(job), "in": "", "fresh": job.state == "undone"}
        )
    return redirect(request.POST.get("back") or reverse("people:changes"))


def _said_undone(request: HttpRequest, job: BulkJob) -> None:
    text = ngettext("%(n)s person was put back.", "%(n)s people were put back.", job.restored) % {
        "n": f"{job.restored:,}"
    }
    left = sum(job.skipped.values())
    if left:
        why = ", ".join(f"{n:,} {_(why)}" for why, n in sorted(job.skipped.items()))
        text = _("%(text)s Left as they are: %(why)s.") % {"text": text, "why": why}
    messages.success(request, text)


@require_POST
def change_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """End a change where it is."""
    actions.stop_bulk(pk, actor=actor(request))
    line = line_of(get_object_or_404(BulkJob, pk=pk))
    return render(request, "people/bulk_line.html", {"line": line, "in": "", "fresh": True})


@require_safe
def change_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file that an export made."""
    job = get_object_or_404(BulkJob, pk=pk, state="done")
    if not job.parts.filter(number=0).exists():
        raise Http404

    def parts() -> Iterator[str]:
        yield from job.parts.order_by("number").values_list("text", flat=True).iterator(chunk_size=20)

    answer = StreamingHttpResponse(parts(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="people-{job.created_at:%Y-%m-%d}-{pk}.csv"'
    return answer
