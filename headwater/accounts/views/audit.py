"""The audit log: who changed which setting, from what to what, in words."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from headwater.core.ids import id_of

from .. import queries, registry
from ..access import require_role
from ..forms import SCOPE_LABELS
from ..models import AuditEntry, Role

PAGE = 50


@require_role(Role.ADMIN)
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """A page of it, newest first; `?before=` the id of the last one shown."""
    before = request.GET.get("before", "")
    rows = queries.audit_page(id_of(before), PAGE)
    names = queries.actor_names([row.actor for row in rows])
    entries = [
        {
            "row": row,
            "who": names[row.actor],
            "what": registry.audit_words.get(row.action) or row.action,
            "changes": _changes(row),
        }
        for row in rows
    ]
    more = rows[-1].pk if len(rows) == PAGE else None
    template = "accounts/audit.html#rows" if before and request.headers.get("HX-Request") else "accounts/audit.html"
    return render(request, template, {"entries": entries, "more": more})


def _changes(row: AuditEntry) -> list[tuple[Any, str | None, str]]:
    """(field, what it was, what it is): None where nothing was before."""
    return [
        (
            registry.audit_fields.get(name) or name,
            _said(name, row.before[name]) if name in row.before else None,
            _said(name, row.after.get(name)),
        )
        for name in {**row.before, **row.after}
    ]


def _said(name: str, value: Any) -> str:
    """A value as people read it."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(_said(name, item) for item in value) or "–"
    if name == "role" and value in Role.values:
        return str(Role(value).label)
    if name == "scopes" and value in SCOPE_LABELS:
        return str(SCOPE_LABELS[value])
    return str(value) if value not in (None, "") else "–"
