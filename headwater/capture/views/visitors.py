"""Who is on the site now."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from headwater.accounts.access import has_role
from headwater.accounts.models import Role

from .. import queries


def live(request: HttpRequest) -> HttpResponse:
    """Live visitors; the list asks for itself again when somebody moves."""
    people = queries.present()
    context = {
        "people": people,
        "known": sum(1 for p in people if p.name),
        "sites": queries.sites(),
        "can_edit": has_role(request.user, Role.MARKETER),
    }
    template = "capture/visitors_list.html" if request.GET.get("part") else "capture/visitors.html"
    return render(request, template, context)
