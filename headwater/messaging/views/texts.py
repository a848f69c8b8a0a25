"""Templates of texts (SMS): the editor with its live size and checks, and a test to a telephone of one's own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from headwater.accounts.access import has_role, require_role
from headwater.accounts.models import Role
from headwater.content.rules import FIELDS, TemplateProblem
from headwater.core import actors

from .. import actions, queries, registry, texts
from ..actions.testtext import send_test_text
from ..forms import TestTextForm, TextForm
from ..models import MailTemplate, TemplateVersion
from ..queries.preview import TextPreview, preview_text
from ..rules import segments
from ..rules.checks import check_text
from .words import LEVELS, check_words

#: A text has no such addresses
_TAGS = [name for name in FIELDS if not name.endswith("_url") or "." in name]


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, template_id: int | None = None) -> HttpResponse:
    """The editor; saving writes a new version."""
    row = _current(template_id) if template_id is not None else None
    can_edit = has_role(request.user, Role.MARKETER)
    if not can_edit and (row is None or request.method == "POST"):
        raise PermissionDenied
    form = TextForm(request.POST or None, initial=_initial(row))
    if request.method == "POST" and form.is_valid():
        try:
            saved = _save(request, form, template_id)
        except TemplateProblem as problem:
            form.add_error("body", str(problem))
        else:
            messages.success(request, _("Template saved."))
            return redirect("messaging:text", saved.pk)
    context = {
        "form": form,
        "row": row,
        "template": row.template if row else None,
        "fields": _TAGS,
        "can_edit": can_edit,
        "can_send": can_edit and _provider() is not None,
        "test_form": TestTextForm(),
        "uses": registry.uses([template_id])[template_id] if template_id is not None else [],
        **_live({name: form[name].value() or "" for name in form.fields}),
    }
    return render(request, "messaging/text.html", context)


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


def _current(template_id: int) -> TemplateVersion:
    row = queries.current(template_id)
    if row is None or row.template.channel != "sms":
        raise Http404
    return row


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


def _save(request: HttpRequest, form: TextForm, template_id: int | None) -> MailTemplate:
    actor = actors.user(request.user.pk or 0)
    name, purpose = form.cleaned_data["name"], form.cleaned_data["purpose"]
    if template_id is None:
        return actions.create_template(name=name, purpose=purpose, says=form.says(), actor=actor)
    return actions.update_template(template_id, name=name, purpose=purpose, says=form.says(), actor=actor)


def _preview(values: Any) -> TextPreview:
    person = str(values.get("person", ""))
    return preview_text(
        body=str(values.get("body", ""))[:5000],
        opt_out=str(values.get("opt_out", ""))[:160],
        purpose=str(values.get("purpose", "marketing")),
        person_id=int(person) if person.isdigit() and len(person) < 19 else None,
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
        "size": size,
        "room": alone if size.segments <= 1 else each,
        "checks": [(*LEVELS[c.level], check_words(c)) for c in found],
    }
