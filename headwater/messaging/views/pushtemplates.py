"""Push messages: the editor with its preview and checks, and a test to one's own browsers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from headwater.content.queries import workspace_context
from headwater.content.rules import TemplateProblem
from headwater.core.ids import id_of

from .. import actions
from ..actions import PushText
from ..forms import PushForm
from ..models import TemplateVersion
from ..queries import browsers
from ..queries.preview import preview_push
from ..rules.checks import check_push
from .shorts import Editor
from .words import LEVELS, check_words, without

_PARTS = tuple(PushText.__dataclass_fields__)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, template_id: int | None = None) -> HttpResponse:
    """The editor; saving writes a new version."""
    return _EDITOR.answer(request, template_id)


@require_POST
def live(request: HttpRequest) -> HttpResponse:
    """What the editor shows beside the message: how it looks, and its checks."""
    return render(request, "messaging/push_live.html", shown(request.POST))


def says_of(values: Any) -> PushText:
    """What stands in the editor."""
    return PushText(**{name: str(values.get(name, ""))[:2000] for name in _PARTS})


def shown(values: Any) -> dict[str, Any]:
    """The preview and the checks of what stands in the editor."""
    says, person = says_of(values), str(values.get("person", ""))
    try:
        found = preview_push(
            says,
            purpose=str(values.get("purpose", "marketing")),
            person_id=id_of(person),
        )
        checks = check_push(
            parts={name: getattr(says, name) for name in _PARTS},
            title=found.shown.title,
            body=found.shown.body,
            size=found.size,
        )
    except TemplateProblem as problem:
        return {"problem": str(problem), "checks": [], "shown": None}
    host = str(workspace_context().get("website") or "").partition("//")[2].strip("/")
    lines = [(*LEVELS[c.level], check_words(c)) for c in checks]
    nobody = without(found.missing) if id_of(person) is None else ""
    return {"problem": "", "shown": found, "without": nobody, "host": host, "checks": lines}


def _initial(row: TemplateVersion | None) -> dict[str, Any]:
    if row is None:
        return {"purpose": "marketing"}
    says = actions.says_of(row)
    words = {name: getattr(says, name) for name in _PARTS}
    return {"name": row.template.name, "purpose": row.template.purpose, **words}


def _more(request: HttpRequest, can_edit: bool) -> dict[str, Any]:
    return {"own": browsers.own(request.user.pk or 0), "push_key": browsers.application_key()}


_EDITOR = Editor("push", PushForm, "messaging/push.html", "messaging:push", _initial, shown, _more)
