"""Forms: list, editor, submissions, spam."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headwater.accounts.access import has_role, require_role
from headwater.accounts.models import Role
from headwater.core import actors

from .. import actions, queries
from ..forms import FormForm, blank_row, editor_rows, field_choices, put_errors, read_fields
from ..models import Form, SpamSubmission
from ..rules.forms import Invalid

STARTER = [
    {"label": "First name", "key": "first_name", "type": "text", "required": False, "maps_to": "first_name"},
    {"label": "E-mail", "key": "email", "type": "email", "required": True, "maps_to": "email"},
    {"label": "Company", "key": "company", "type": "text", "required": False, "maps_to": "company"},
]
PAGE = 50


def _actor(request: HttpRequest) -> str:
    return actors.user(request.user.pk or 0)


def listing(request: HttpRequest) -> HttpResponse:
    """All forms with what came in."""
    return render(
        request, "capture/forms.html", {"rows": queries.forms(), "can_edit": has_role(request.user, Role.MARKETER)}
    )


@require_role(Role.MARKETER)
def new(request: HttpRequest) -> HttpResponse:
    """A new form."""
    return _editor(request, None)


@require_role(Role.MARKETER)
def edit(request: HttpRequest, form_id: int) -> HttpResponse:
    """A form's fields, words and what happens afterwards."""
    return _editor(request, get_object_or_404(Form, pk=form_id))


def _editor(request: HttpRequest, form: Form | None) -> HttpResponse:
    fields: list[dict[str, Any]] = form.fields if form else [{**f, "label": _(str(f["label"]))} for f in STARTER]
    if request.method == "POST":
        typed, fields = FormForm(request.POST), read_fields(request.POST)
        saved = _save(request, form, typed, fields) if typed.is_valid() else None
        if saved is not None:
            messages.success(request, _("Saved"))
            return redirect("capture:form_submissions", saved.pk)
    else:
        typed = FormForm.of(form) if form else FormForm()
    context = {
        "form": form,
        "typed": typed,
        "rows": editor_rows(fields),
        "blank": blank_row("__n__"),
        **field_choices(),
    }
    return render(request, "capture/form_edit.html", context)


def _save(request: HttpRequest, form: Form | None, typed: FormForm, fields: list[dict[str, Any]]) -> Form | None:
    try:
        values = {**typed.values(), "fields": fields}
        if form is None:
            return actions.create_form(actor=_actor(request), **values)
        return actions.update_form(form.pk, actor=_actor(request), **values)
    except Invalid as problem:
        put_errors(typed, problem)
        return None


def submissions(request: HttpRequest, form_id: int) -> HttpResponse:
    """What came in, the newest first, and how to put the form on a page."""
    form = get_object_or_404(Form, pk=form_id)
    try:
        rows = queries.submissions(form, before=request.GET.get("before", ""), limit=PAGE)
    except ValueError:
        raise Http404 from None
    more = f"{request.path}?part=1&before={rows[-1].cursor}" if len(rows) == PAGE else ""
    origin = f"{request.scheme}://{request.get_host()}"
    context = {
        "form": form,
        "rows": rows,
        "more": more,
        "address": f"{origin}/f/{form.slug}/",
        "embed": f'<script async src="{origin}/f/{form.slug}.js"></script>',
        "spam_count": len(queries.waiting_spam(form)),
        "can_edit": has_role(request.user, Role.MARKETER),
    }
    return render(request, f"capture/{'submission_rows' if request.GET.get('part') else 'submissions'}.html", context)


def spam(request: HttpRequest, form_id: int) -> HttpResponse:
    """What was set aside, with the reason, and a way to take it in after all."""
    form = get_object_or_404(Form, pk=form_id)
    context = {"form": form, "rows": queries.waiting_spam(form), "can_edit": has_role(request.user, Role.MARKETER)}
    return render(request, "capture/spam.html", context)


@require_POST
@require_role(Role.MARKETER)
def release(request: HttpRequest, spam_id: int) -> HttpResponse:
    """It was no spam."""
    found = get_object_or_404(SpamSubmission, pk=spam_id)
    try:
        actions.release_spam(spam_id, actor=_actor(request))
        messages.success(request, _("Taken in as a submission"))
    except Invalid as problem:
        messages.error(request, "; ".join(problem.errors.values()))
    return redirect("capture:form_spam", found.form_id)
