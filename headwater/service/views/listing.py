"""The list of tickets, changes of many with undo, and a new ticket."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from headwater.accounts import queries as accounts
from headwater.core.fragments import came_from, changed, is_partial
from headwater.people.models import Company, Contact

from .. import actions, panels, queries
from ..actions import NewTicket, Undo
from ..forms import TicketForm
from ..models import Priority, Status
from ..rules import ACTIVE, PRIORITIES, STATUSES
from .common import actor, number

#: How many tickets one change may touch
MOST = 200
SALT = "headwater.service.undo"


def _given(request: HttpRequest) -> dict[str, str]:
    """The filters of the address that are any; others are left out."""
    said = {name: request.GET.get(name, "") for name in ("status", "queue", "who", "priority", "late", "q", "sort")}
    said["status"] = said["status"] if said["status"] in (*STATUSES, "all") else ""
    said["priority"] = said["priority"] if said["priority"] in PRIORITIES else ""
    said["queue"] = said["queue"] if number(said["queue"]) else ""
    said["who"] = said["who"] if said["who"] in ("me", "nobody") or number(said["who"]) else ""
    said["late"] = "1" if said["late"] else ""
    said["sort"] = "due" if said["sort"] == "due" else ""
    said["q"] = said["q"].strip()[:100]
    return {name: value for name, value in said.items() if value}


def _address(given: dict[str, str], **changes: str) -> str:
    wanted = {name: value for name, value in {**given, **changes}.items() if value}
    return reverse("service:list") + (f"?{urlencode(wanted)}" if wanted else "")


@require_GET
def tickets(request: HttpRequest) -> HttpResponse:
    """Tickets by status, queue, assignee, priority; those overdue; by words; the newest or the next due first."""
    given = _given(request)
    who = given.get("who", "")
    status = given.get("status", "")
    try:
        page = queries.table(
            statuses=() if status == "all" else [status] if status else ACTIVE,
            queue_id=number(given.get("queue")),
            assignee_id=int(request.user.pk) if who == "me" else number(who),  # type: ignore[arg-type]
            nobody=who == "nobody",
            priority=given.get("priority", ""),
            overdue="late" in given,
            text=given.get("q", ""),
            sort=given.get("sort", "created"),
            after=request.GET.get("after", ""),
        )
    except ValueError as error:
        raise Http404(str(error)) from error
    context: dict[str, Any] = {
        "rows": panels.lines(page.tickets),
        "next_url": _address(given, after=page.next) if page.next else "",
    }
    if request.GET.get("after") and is_partial(request):
        return render(request, "service/tickets.html#rows", context)
    context |= _frame(given)
    return render(request, "service/tickets.html#list" if is_partial(request) else "service/tickets.html", context)


def _frame(given: dict[str, str]) -> dict[str, Any]:
    """What stands round the rows: the ways to narrow them."""
    people, queues_ = accounts.colleagues(), queries.queues(archived=True)
    who = given.get("who", "")
    pills = [("", _("Unsolved")), *Status.choices, ("all", _("All"))]
    named = {"me": _("Assigned to me"), "nobody": _("Assigned to nobody")} | {str(p.pk): p.name for p in people}
    queue = next((q for q in queues_ if str(q.pk) == given.get("queue")), None)
    return {
        "here": _address(given),
        "given": given,
        "hidden": [(name, value) for name, value in given.items() if name != "q"],
        "statuses": [(v, label, _address(given, status=v), v == given.get("status", "")) for v, label in pills],
        "late_link": _address(given, late="" if "late" in given else "1"),
        "who_label": named.get(who, _("Assigned to anyone")),
        "who_links": [(_address(given, who=v), v == who, label) for v, label in
                      (("", _("Anyone")), ("me", _("Me")), ("nobody", _("Nobody")))],
        "mates": [(_address(given, who=str(p.pk)), str(p.pk) == who, p) for p in people],
        "queue_label": queue.label if queue else _("All queues"),
        "queue_links": [(_address(given, queue=v), label, v == given.get("queue", "")) for v, label in
                        [("", _("All queues")), *((str(q.pk), q.label) for q in queues_)]],
        "priority_label": dict(Priority.choices).get(given.get("priority", ""), _("Any priority")),
        "priority_links": [(_address(given, priority=v), label, v == given.get("priority", "")) for v, label in
                           [("", _("Any priority")), *reversed(Priority.choices)]],
        "sort_links": [(_address(given, sort=v), label, v == given.get("sort", "")) for v, label in
                       [("", _("Newest first")), ("due", _("Next due first"))]],
        "people": people,
        "narrowed": bool(given),
        "set_statuses": [(v, label) for v, label in Status.choices if v != "new"],
        "set_priorities": list(reversed(Priority.choices)),
    }  # fmt: skip


@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """One change of the chosen tickets: whose they are, their status or their priority."""
    ids = [pk for text in request.POST.getlist("ids")[:MOST] if (pk := number(text)) is not None]
    changes: dict[str, Any] = {}
    for name in ("status", "priority"):
        if request.POST.get(name):
            changes[name] = request.POST[name]
    if "assignee" in request.POST:
        changes["assignee_id"] = number(request.POST["assignee"])
    back = redirect(came_from(request, reverse("service:list")))
    if not changes or not ids:
        return back
    try:
        done = actions.update_tickets(ids, actor=actor(request), **changes)
    except ValueError as error:
        messages.error(request, str(error))
        return back
    if done:
        token = signing.dumps([[u.ticket_id, u.version, dict(u.changes)] for u in done], salt=SALT, compress=True)
        undo = "undo:" + reverse("service:undo") + "?" + urlencode({"token": token})
        words = ngettext("%(n)s ticket changed", "%(n)s tickets changed", len(done)) % {"n": len(done)}
        messages.success(request, words, extra_tags=undo)
    else:
        messages.success(request, _("They are so already."))
    return back


@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Put back what a change of many did; tickets that somebody has changed since stay."""
    try:
        rows = signing.loads(request.GET.get("token", ""), salt=SALT, max_age=86_400)
    except signing.BadSignature as error:
        raise Http404("token") from error
    back = actions.undo([Undo(pk, version, changes) for pk, version, changes in rows], actor=actor(request))
    left = len(rows) - back
    words = ngettext("%(n)s ticket is as it was", "%(n)s tickets are as they were", back) % {"n": back}
    if left:
        words += ". " + ngettext(
            "%(n)s was changed since and stays.", "%(n)s were changed since and stay.", left
        ) % {"n": left}  # fmt: skip
    messages.success(request, words)
    return changed(request, "tickets-fresh", otherwise=reverse("service:list"))


@require_http_methods(["GET", "POST"])
def new_ticket(request: HttpRequest) -> HttpResponse:
    """The dialog that opens a ticket (a page of its own where it is opened by its address)."""
    actions.ensure_queue()
    status = 200
    if request.method == "POST":
        form = TicketForm(request.POST)
        if form.is_valid():
            v = form.cleaned_data
            item = NewTicket(
                v["contact"],
                v["subject"],
                v["description"],
                company_id=v["company"],
                kind=v["kind"],
                queue_id=v["queue"].pk,
                priority=v["priority"],
                assignee_id=v["assignee"].pk if v["assignee"] else None,
                source="page",
            )
            pk = actions.create_ticket(item, actor=actor(request))
            messages.success(request, _("Ticket created"))
            url = reverse("service:ticket", args=[pk])
            return HttpResponse(status=204, headers={"HX-Redirect": url}) if is_partial(request) else redirect(url)
        status = 422 if is_partial(request) else 200
    else:
        form = TicketForm(initial=_initial(request))
    contact, company = number(form["contact"].value()), number(form["company"].value())
    context = {
        "form": form,
        "contact": Contact.objects.filter(pk=contact).first() if contact else None,
        "company": Company.objects.filter(pk=company).first() if company else None,
    }
    template = "service/ticket_form.html#form" if is_partial(request) else "service/ticket_form.html"
    return render(request, template, context, status=status)


def _initial(request: HttpRequest) -> dict[str, Any]:
    contact = Contact.objects.filter(pk=number(request.GET.get("contact")) or 0).first()
    return {
        "contact": contact.pk if contact else None,
        "company": contact.company_id if contact else number(request.GET.get("company")),
        "kind": "technical",
        "priority": "normal",
    }
