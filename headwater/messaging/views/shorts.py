"""The editor of a short message (a text, a push message): what both have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headwater.accounts.access import has_role
from headwater.accounts.models import Role
from headwater.content.rules import FIELDS, TemplateProblem
from headwater.core import actors

from .. import actions, queries, registry
from ..forms import PushForm, TextForm
from ..models import MailTemplate, TemplateVersion

#: Merge tags without those that only a mail has (links to leave, the browser's view)
_TAGS = [name for name in FIELDS if not name.endswith("_url") or "." in name]


@dataclass(frozen=True)
class Editor:
    """The editor of a channel. initial: what its form begins with; beside: what is shown beside the form, out of what
    stands in it; more: the rest of the page's context (request, whether she may edit)."""

    channel: str
    form: type[TextForm] | type[PushForm]
    page: str
    route: str
    initial: Callable[[TemplateVersion | None], dict[str, Any]]
    beside: Callable[[Any], dict[str, Any]]
    more: Callable[[HttpRequest, bool], dict[str, Any]]

    def answer(self, request: HttpRequest, template_id: int | None) -> HttpResponse:
        """The editor; saving writes a new version."""
        row = self._current(template_id) if template_id is not None else None
        can_edit = has_role(request.user, Role.MARKETER)
        if not can_edit and (row is None or request.method == "POST"):
            raise PermissionDenied
        form = self.form(request.POST or None, initial=self.initial(row))
        if request.method == "POST" and form.is_valid():
            try:
                saved = _save(request, form, template_id)
            except TemplateProblem as problem:
                form.add_error("body", str(problem))
            else:
                messages.success(request, _("Template saved."))
                return redirect(self.route, saved.pk)
        context = {
            "form": form,
            "row": row,
            "template": row.template if row else None,
            "fields": _TAGS,
            "can_edit": can_edit,
            "uses": registry.uses([template_id])[template_id] if template_id is not None else [],
            **self.more(request, can_edit),
            **self.beside({name: form[name].value() or "" for name in form.fields}),
        }
        return render(request, self.page, context)

    def _current(self, template_id: int) -> TemplateVersion:
        row = queries.current(template_id)
        if row is None or row.template.channel != self.channel:
            raise Http404
        return row


def _save(request: HttpRequest, form: TextForm | PushForm, template_id: int | None) -> MailTemplate:
    actor = actors.user(request.user.pk or 0)
    name, purpose = form.cleaned_data["name"], form.cleaned_data["purpose"]
    if template_id is None:
        return actions.create_template(name=name, purpose=purpose, says=form.says(), actor=actor)
    return actions.update_template(template_id, name=name, purpose=purpose, says=form.says(), actor=actor)
