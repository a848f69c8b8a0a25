"""A person's page: who she is, what happened, what belongs to her."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from headwater.accounts.access import has_role
from headwater.accounts.models import Role
from headwater.core.facts import Group
from headwater.core.facts import _ as mark
from headwater.core.prepared import Prepared
from headwater.timeline import queries as log

from .. import feed, queries, rules
from ..forms import STAGE_HUES, prop_views
from ..models import Contact
from .common import icons, listing_in, places, shown
from .edit import consent_line

PAGE = 30
#: What each pill above the timeline lets through
PILLS: dict[str, tuple[str, tuple[Group, ...]]] = {
    "sales": (mark("Sales"), ("sales",)),
    "marketing": (mark("Marketing"), ("marketing",)),
    "website": (mark("Website"), ("website",)),
    "service": (mark("Service"), ("service",)),
}


_by_id = Prepared(lambda pk: Contact.objects.defer("search", "grams").select_related("company", "owner").filter(pk=pk))


def _contact(pk: int) -> Contact:
    found = _by_id.first(pk)
    if found is None:
        raise Http404
    return found


@require_safe
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """The page. The id of somebody who was merged leads to the one whom she is part of."""
    try:
        contact = _contact(pk)
    except Http404:
        now = queries.survivors([pk])
        if pk not in now:
            raise
        return redirect("people:record", now[pk])
    base = reverse("people:record", args=[pk])
    tabs = places("contact", "tab")
    tab = request.GET.get("tab", "")
    props = prop_views(contact, queries.tag_hues(contact.tags), base)
    said = {c.channel: c for c in queries.consents(pk) if not c.topic}
    inside = request.GET.get("in")
    context = {
        "person": contact,
        "icons": icons(),
        "initials": rules.initials(contact.name, contact.email),
        "hue": queries.hue_of(pk),
        "stage_hue": STAGE_HUES.get(contact.stage, ""),
        "props": [p for p in props if not p.prop.more],
        "more_props": [p for p in props if p.prop.more],
        "others": [email for email in queries.emails(pk) if email != contact.email],
        "custom": sorted(contact.custom.items()),
        "consents": [
            consent_line(pk, channel, said[channel].state if channel in said else "", _proof(said.get(channel)))
            for channel in ("email", "sms", *sorted(set(said) - {"email", "sms"}))
        ],
        "origin": contact.origin,
        "browsing": queries.browsing(pk),
        "seen": feed.ago(contact.last_seen_at) if contact.last_seen_at else "",
        "actions": shown(request, "contact", "action", contact),
        "lefts": shown(request, "contact", "left", contact),
        "composers": shown(request, "contact", "composer", contact) if not tab else [],
        "rails": shown(request, "contact", "rail", contact),
        "tabs": tabs,
        "tab": tab,
        "tab_panels": shown(request, "contact", "tab", contact, only=tab) if tab else [],
        "rail_url": reverse("people:rail", args=[pk]),
        "back": inside or "",
        "may_erase": has_role(request.user, Role.MARKETER),
        **_around(inside, pk),
    }
    if not tab:
        context |= _feed(request, [contact], reverse("people:timeline", args=[pk]), [pk])
    return render(request, "people/record.html", context)


@require_safe
def props(request: HttpRequest, pk: int) -> HttpResponse:
    """The property lines again, after something happened."""
    contact = _contact(pk)
    lines = prop_views(contact, queries.tag_hues(contact.tags), reverse("people:record", args=[pk]))
    context = {"lines": [p for p in lines if not p.prop.more], "icons": icons()}
    return render(request, "people/props.html", context)


@require_safe
def rail(request: HttpRequest, pk: int) -> HttpResponse:
    """The right column again, after something happened."""
    return render(request, "people/rail.html", {"rails": shown(request, "contact", "rail", _contact(pk))})


@require_safe
def timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """Part of a timeline: what is older than `before`, newer than `after`, or the first page of a filter."""
    return feed_part(request, [_contact(pk)], reverse("people:timeline", args=[pk]), [pk])


def feed_part(request: HttpRequest, people: list[Contact], url: str, live: list[int], **more: Any) -> HttpResponse:
    """The fragment that a timeline asks for as it grows at either end."""
    try:
        context = _feed(request, people, url, live, **more)
    except ValueError:
        return HttpResponseBadRequest(_("This link to a part of the timeline is broken."))
    return render(request, f"people/feed_{context['part']}.html", context)


def _feed(
    request: HttpRequest, people: list[Contact], url: str, live: list[int], *, full_names: bool = False
) -> dict[str, Any]:
    """What the timeline templates need. live: the people whose news it waits for."""
    show = request.GET.get("show", "")
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    kinds = log.kinds_of(PILLS[show][1]) if show in PILLS else None
    ids = [p.pk for p in people]
    entries = log.read_many(ids, before=before, after=after, limit=200 if after else PAGE + 1, kinds=kinds)
    more = not after and len(entries) > PAGE
    entries = entries if after else entries[:PAGE]
    days = feed.days(entries, _names(people, full_names))
    newest = entries[0].cursor if entries else after or ""
    keep = {"show": show} if show in PILLS else {}
    return {
        "icons": icons(),
        "part": "older" if before else "newer" if after else "all",
        "days": days,
        "skip": request.GET.get("last", "") if before else "",
        "older_url": f"{url}?{urlencode({**keep, 'before': entries[-1].cursor, 'last': days[-1].key})}" if more else "",
        "newer_url": f"{url}?{urlencode({**keep, 'after': newest or _BEGINNING})}",
        "trigger": ", ".join(f"live:person:{pk} from:body throttle:500ms" for pk in live[:20]),
        "pills": _pills(url, show),
        "first": not before and not after,
    }


#: A cursor before everything, for a timeline that is still empty
_BEGINNING = "1970-01-01T00:00:00+00:00~00000000-0000-0000-0000-000000000000"


def _pills(url: str, show: str) -> list[dict[str, Any]]:
    labels = {"": _("Everything"), **{key: _(label) for key, (label, _groups) in PILLS.items()}}
    shown_now = show if show in PILLS else ""
    return [
        {"label": label, "url": f"{url}?{urlencode({'show': key})}" if key else url, "on": key == shown_now}
        for key, label in labels.items()
    ]


def _names(people: list[Contact], full: bool) -> dict[int, tuple[str, str]]:
    if full:
        return {p.pk: (str(p), reverse("people:record", args=[p.pk])) for p in people}
    return {p.pk: (p.first_name or str(p), "") for p in people}


def _proof(said: Any) -> dict[str, Any]:
    return {**said.proof, "when": feed.ago(said.at)} if said else {}


def _around(inside: str | None, pk: int) -> dict[str, Any]:
    """Links to who stands before and after her in the list that she was opened from."""
    if inside is None:
        return {"pager": False}
    before, after = queries.neighbours(listing_in(inside), pk)
    tail = "?" + urlencode({"in": inside})
    previous, following = (reverse("people:record", args=[p]) + tail if p else "" for p in (before, after))
    return {"pager": True, "previous_url": previous, "following_url": following}
