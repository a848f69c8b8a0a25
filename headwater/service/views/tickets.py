"""The page of a ticket, and what is done there."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from headwater.accounts import queries as accounts
from headwater.core.fragments import changed, is_partial
from headwater.people import feed
from headwater.people.models import Company, Contact
from headwater.timeline import queries as timeline

from .. import actions, panels, queries
from ..forms import ContactForm, EditForm
from ..models import Kind, Priority, Status, Ticket, TicketEntry
from ..rules import STATUS_HUES
from .common import actor, number, stale_words, the_ticket, write

#: Facts of the person beside a ticket
STORY = 25
PARTS = ("head", "props", "talk", "rail")


@require_GET
def ticket(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """A ticket: its properties, what was said, and the person's story. ?part=: one of these alone."""
    row = the_ticket(ticket_id)
    part = request.GET.get("part", "")
    wanted = [part] if part in PARTS and is_partial(request) else list(PARTS)
    context: dict[str, Any] = {"ticket": row, "hue": STATUS_HUES[row.status]}
    for name in wanted:
        context |= _PARTS[name](row)
    template = "service/ticket.html" if len(wanted) > 1 else f"service/ticket.html#{part}"
    return render(request, template, context)


def _props(row: Ticket) -> dict[str, Any]:
    return {
        "mates": accounts.colleagues(),
        "queues": [q for q in queries.queues(archived=True) if q.archived_at is None or q.pk == row.queue_id],
        "kinds": Kind.choices,
        "priorities": list(reversed(Priority.choices)),
        "clocks": panels.clocks_of(row),
    }


def _talk(row: Ticket) -> dict[str, Any]:
    return {"spoken": panels.talk(row)}


def _rail(row: Ticket) -> dict[str, Any]:
    """The person's story, newest first, and her other tickets."""
    if row.contact_id is None:
        return {"days": [], "others": []}
    found = timeline.read(row.contact_id, limit=STORY)
    name, url = str(row.contact), reverse("people:record", args=[row.contact_id])
    others = [other for other in queries.of_contact(row.contact_id) if other.pk != row.pk]
    return {"days": feed.days(found, {row.contact_id: (name, url)}), "others": panels.lines(others)}


_PARTS = {"head": lambda row: {}, "props": _props, "talk": _talk, "rail": _rail}


@require_POST
def edit(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """Change the properties that the form carries."""
    form = EditForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect("service:ticket", ticket_id=the_ticket(ticket_id).pk)
    changes = {name: form.cleaned_data[name] for name in form.cleaned_data if name in request.POST}
    for name in ("queue", "assignee"):
        if name in changes:
            chosen = changes.pop(name)
            changes[f"{name}_id"] = chosen.pk if chosen else None
    version = number(request.POST.get("version"))
    return write(
        request,
        ticket_id,
        lambda: actions.update_ticket(ticket_id, actor=actor(request), version=version, **changes),
    )


@require_POST
def to_status(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """Solve, close, open again."""
    status, version = request.POST.get("status", ""), number(request.POST.get("version"))
    if status not in Status.values:
        raise Http404("status")
    return write(
        request,
        ticket_id,
        lambda: actions.update_ticket(ticket_id, actor=actor(request), version=version, status=status),
    )


@require_http_methods(["GET", "POST"])
def whose(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """The dialog that says whose a ticket is."""
    row = the_ticket(ticket_id)
    form = ContactForm(request.POST or {"contact": row.contact_id or "", "company": row.company_id or ""})
    if request.method == "POST" and form.is_valid():
        wanted = {"contact_id": form.cleaned_data["contact"], "company_id": form.cleaned_data["company"]}
        actions.update_ticket(ticket_id, actor=actor(request), **wanted)
        url = reverse("service:ticket", args=[ticket_id])
        return HttpResponse(status=204, headers={"HX-Redirect": url}) if is_partial(request) else redirect(url)
    contact, company = number(form["contact"].value()), number(form["company"].value())
    context = {
        "ticket": row,
        "form": form,
        "contact": Contact.objects.filter(pk=contact).first() if contact else None,
        "company": Company.objects.filter(pk=company).first() if company else None,
    }
    template = "service/whose.html#form" if is_partial(request) else "service/whose.html"
    return render(request, template, context, status=422 if request.method == "POST" else 200)


@require_POST
def say(request: HttpRequest, ticket_id: int, what: str) -> HttpResponse:
    """A reply, an answer of the contact, or a note; what cannot be said keeps its text."""
    the_ticket(ticket_id)
    text, who = request.POST.get("text", ""), actor(request)
    try:
        if what == TicketEntry.REPLY:
            then = request.POST.get("then") or None
            version = number(request.POST.get("version"))
            _told(request, actions.reply(ticket_id, text, actor=who, then=then, version=version))
        elif what == TicketEntry.ANSWER:
            actions.answer(ticket_id, text, actor=who)
        else:
            actions.note(ticket_id, text, actor=who)
    except actions.Stale:
        return _refused(request, ticket_id, stale_words())
    except ValueError as error:
        return _refused(request, ticket_id, str(error))
    return changed(request, "ticket-changed", "composed", otherwise=reverse("service:ticket", args=[ticket_id]))


def _told(request: HttpRequest, entry: TicketEntry) -> None:
    if entry.refused:
        why = panels.refusal(entry.refused)
        messages.error(request, _("The reply is kept, but no mail went out: %(why)s.") % {"why": why})
    else:
        messages.success(request, _("Reply sent"))


def _refused(request: HttpRequest, ticket_id: int, why: str) -> HttpResponse:
    if is_partial(request):
        return render(request, "service/problem.html", {"problem": why}, status=422)
    messages.error(request, why)
    return redirect("service:ticket", ticket_id=ticket_id)


@require_POST
def send_again(request: HttpRequest, ticket_id: int, entry_id: int) -> HttpResponse:
    """Try the mail of a refused reply once more."""
    if not TicketEntry.objects.filter(pk=entry_id, ticket_id=ticket_id).exists():
        raise Http404("entry")
    return write(request, ticket_id, lambda: _told(request, actions.send_again(entry_id, actor=actor(request))))


@require_POST
def delete(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """Remove a ticket that was opened by mistake."""
    the_ticket(ticket_id)
    actions.delete_ticket(ticket_id, actor=actor(request))
    messages.success(request, _("Ticket deleted"))
    return redirect(reverse("service:list"))


@require_GET
def contact_tickets(request: HttpRequest, person_id: int) -> HttpResponse:
    """The tickets panel of a contact, fetched again."""
    return render(request, "service/panel_tickets.html", panels.tickets_panel(contact=person_id))


@require_GET
def company_tickets(request: HttpRequest, company_id: int) -> HttpResponse:
    """The tickets panel of a company, fetched again."""
    return render(request, "service/panel_tickets.html", panels.tickets_panel(company=company_id))
