"""Templates of texts (SMS): the editor with its live size and checks, and a test to a telephone of one's own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from headwater.accounts.access import require_role
from headwater.accounts.models import Role
from headwater.content.rules import TemplateProblem
from headwater.core.ids import id_of

from .. import texts
from ..actions.testtext import send_test_text
from ..forms import TestTextForm, TextForm
from ..models import TemplateVersion
from ..queries.preview import TextPreview, preview_text
from ..rules import segments
from ..rules.checks import check_text
from .shorts import Editor
from .words import LEVELS, check_words, without


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, template_id: int | None = None) -> HttpResponse:
    """The editor; saving writes a new version."""
    return _EDITOR.answer(request, template_id)


@require_POST
def live(request: HttpRequest) -> HttpResponse:
    """What the editor shows beside the text: how it looks, its size, its checks."""
    return render(request, "messaging/text_live.html", _live(request.POST))


@require_role(Role.MARKETER)
@require_POST
def test(request: HttpRequest) -> HttpResponse:
    """Send what the editor shows to a number, outside the ledger."""
    form, found = TestTextForm(request.POST), _provider()
    if not form.is_valid():
        problem = str(next(iter(form.errors.values()))[0])
    elif found is None:
        problem = _("No provider of texts is set.")
    else:
        try:
            shown = _preview(request.POST)
            problem = send_test_text(
                shown.words,
                to=form.cleaned_data["number"],
                sender=request.POST.get("sender", "")[:20],
                provider=found,
            )
        except TemplateProblem as error:
            problem = str(error)
    if problem:
        messages.error(request, _("The test was not sent: %(why)s") % {"why": problem})
    else:
        messages.success(request, _("Test sent to %(address)s.") % {"address": form.cleaned_data["number"]})
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    return redirect("messaging:templates")


def _provider() -> Any:
    try:
        return texts.provider()
    except ValueError:  # its address cannot be right; the settings say so
        return None


def _initial(row: TemplateVersion | None) -> dict[str, Any]:
    if row is None:
        return {"purpose": "marketing", "opt_out": _("Reply STOP to get no more.")}
    return {
        "name": row.template.name,
        "purpose": row.template.purpose,
        "body": row.text_override,
        "sender": row.from_name,
        "opt_out": row.opt_out,
    }


def _preview(values: Any) -> TextPreview:
    person = str(values.get("person", ""))
    return preview_text(
        body=str(values.get("body", ""))[:5000],
        opt_out=str(values.get("opt_out", ""))[:160],
        purpose=str(values.get("purpose", "marketing")),
        person_id=id_of(person),
    )


def _live(values: Any) -> dict[str, Any]:
    """The preview, the size and the checks of what stands in the editor."""
    try:
        shown = _preview(values)
    except TemplateProblem as problem:
        return {"problem": str(problem), "checks": [], "shown": None, "size": None}
    size = segments.size_of(shown.as_sent)
    alone, each = segments.SIZES[size.alphabet]
    found = check_text(
        body=str(values.get("body", "")),
        opt_out=str(values.get("opt_out", "")),
        purpose=str(values.get("purpose", "")),
        size=size,
        as_sent=shown.as_sent,
    )
    return {
        "problem": "",
        "shown": shown,
        "without": without(shown.missing) if id_of(str(values.get("person", ""))) is None else "",
        "size": size,
        "room": alone if size.segments <= 1 else each,
        "checks": [(*LEVELS[c.level], check_words(c)) for c in found],
    }


def _more(request: HttpRequest, can_edit: bool) -> dict[str, Any]:
    return {"can_send": can_edit and _provider() is not None, "test_form": TestTextForm()}


_EDITOR = Editor("sms", TextForm, "messaging/text.html", "messaging:text", _initial, _live, _more)
