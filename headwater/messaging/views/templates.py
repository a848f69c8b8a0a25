"""Templates: the list, the editor with its preview and checks, a test to one's own mailbox."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from headwater.accounts.access import has_role, require_role
from headwater.accounts.models import Role
from headwater.content.rules import FIELDS, TemplateProblem
from headwater.core import actors
from headwater.core.ids import id_of
from headwater.people import queries as people

from .. import actions, delivery, queries, registry
from ..actions.testmail import send_test
from ..forms import TemplateForm
from ..models import Channel, MailTemplate, TemplateVersion
from ..queries.preview import Preview, preview
from ..rules.checks import check_template
from ..rules.starter import STARTER
from .frames import mail_frame
from .words import LEVELS, check_words, without


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """All templates with their numbers; `?archived=1`: those that are out of use."""
    archived, channel = bool(request.GET.get("archived")), request.GET.get("channel", "")
    channel = channel if channel in Channel.values else ""
    rows = queries.templates(archived=archived, channel=channel)
    numbers = queries.results([row.pk for row in rows]) if rows else {}
    lines = [(row, numbers.get(row.pk, queries.Results())) for row in rows]
    context = {
        "lines": lines,
        "archived": archived,
        "channel": channel,
        "channels": [(value, label, _which(value, archived)) for value, label in (("", _("All")), *Channel.choices)],
        "in_use": _which(channel, False),
        "out_of_use": _which(channel, True),
        "can_edit": has_role(request.user, Role.MARKETER),
    }
    return render(request, "messaging/templates.html", context)


def _which(channel: str, archived: bool) -> str:
    chosen = {"channel": channel, "archived": "1" if archived else ""}
    wanted = urlencode({k: v for k, v in chosen.items() if v})
    return f"?{wanted}" if wanted else reverse("messaging:templates")


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, template_id: int | None = None) -> HttpResponse:
    """The editor; saving writes a new version."""
    row = _current(template_id) if template_id is not None else None
    if row is not None and row.template.channel == "sms":
        return redirect("messaging:text", row.template_id)
    if row is not None and row.template.channel == "push":
        return redirect("messaging:push", row.template_id)
    can_edit = has_role(request.user, Role.MARKETER)
    if not can_edit and (row is None or request.method == "POST"):
        raise PermissionDenied
    form = TemplateForm(request.POST or None, initial=_initial(row))
    if request.method == "POST" and form.is_valid():
        try:
            saved = _save(request, form, template_id)
        except TemplateProblem as problem:
            form.add_error("mjml", str(problem))
        else:
            messages.success(request, _("Template saved."))
            return redirect("messaging:template", saved.pk)
    context = {
        "form": form,
        "row": row,
        "template": row.template if row else None,
        "fields": FIELDS,
        "checks": _checks({name: form[name].value() or "" for name in form.fields}),
        "can_edit": can_edit,
        "can_send": can_edit and bool(delivery.server_url()),
        "uses": registry.uses([template_id])[template_id] if template_id is not None else [],
    }
    return render(request, "messaging/template.html", context)


@require_POST
def preview_frame(request: HttpRequest) -> HttpResponse:
    """The text in the editor, saved or not, as the chosen person would see it."""
    try:
        shown = _preview(request)
    except TemplateProblem as problem:
        return mail_frame(_note(str(problem)))
    if shown.missing and id_of(request.POST.get("person", "")) is None:
        return mail_frame(_note(without(shown.missing), look="background:#fff3e0;color:#7a4100;") + shown.html)
    if shown.missing:
        words = _("This person would not get the mail. No value and no fallback: %(names)s")
        return mail_frame(_note(words % {"names": ", ".join(shown.missing)}) + shown.html)
    return mail_frame(shown.html)


@require_POST
def checks(request: HttpRequest) -> HttpResponse:
    """The checks of the text in the editor."""
    return render(request, "messaging/checks.html", {"checks": _checks(request.POST)})


@require_role(Role.MARKETER)
@require_POST
def test(request: HttpRequest) -> HttpResponse:
    """Send what the editor shows to the user's own address, then show the editor again with what it held."""
    user: Any = request.user
    template_id = request.POST.get("template_id", "")
    server = delivery.server_url()
    try:
        shown = _preview(request)
        problem = (
            send_test(
                shown,
                to=user.email,
                from_name=request.POST.get("from_name", ""),
                from_address=request.POST.get("from_address", ""),
                server=server,
                actor=actors.user(user.pk),
            )
            if server
            else _("No SMTP server is set.")
        )
    except TemplateProblem as error:
        problem = str(error)
    if problem:
        messages.error(request, _("The test was not sent: %(why)s") % {"why": problem})
    else:
        messages.success(request, _("Test sent to %(address)s.") % {"address": user.email})
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    if (template := id_of(template_id)) is not None:
        return redirect("messaging:template", template)
    return redirect("messaging:templates")


@require_role(Role.MARKETER)
@require_POST
def copy(request: HttpRequest, template_id: int) -> HttpResponse:
    """A copy to change."""
    row = _current(template_id)
    name = _("Copy of %(name)s") % {"name": row.template.name}
    made = actions.copy_template(template_id, name=name[:160], actor=actors.user(request.user.pk or 0))
    return redirect("messaging:template", made.pk)


@require_role(Role.MARKETER)
@require_POST
def archive(request: HttpRequest, template_id: int) -> HttpResponse:
    """Out of the list; its mails stay."""
    _current(template_id)
    try:
        actions.archive_template(template_id, actor=actors.user(request.user.pk or 0))
    except actions.InUse as problem:
        text = _("This mail is still sent by %(names)s. Take it out there first, then it can be archived.")
        messages.error(request, text % {"names": problem})
        return redirect("messaging:template", template_id)
    undo = f"undo:{reverse('messaging:template_restore', args=[template_id])}"
    messages.success(request, _("Template archived."), extra_tags=undo)
    return redirect("messaging:templates")


@require_role(Role.MARKETER)
@require_POST
def restore(request: HttpRequest, template_id: int) -> HttpResponse:
    """An archived template, in use again."""
    _current(template_id)
    actions.restore_template(template_id, actor=actors.user(request.user.pk or 0))
    messages.success(request, _("Template is in use again."))
    return redirect("messaging:template", template_id)


@require_safe
def find_people(request: HttpRequest) -> HttpResponse:
    """People to preview as."""
    text = request.GET.get("person_search", "").strip()
    rows = people.page(people.Listing(q=text, sort="seen"), limit=8).rows if text else []
    return render(request, "messaging/people_hits.html", {"rows": rows, "text": text})


def _current(template_id: int) -> TemplateVersion:
    row = queries.current(template_id)
    if row is None:
        raise Http404
    return row


def _initial(row: TemplateVersion | None) -> dict[str, Any]:
    if row is None:
        return {"mjml": STARTER, "purpose": "marketing"}
    names = ("subject", "preview", "from_name", "from_address", "reply_to", "mjml", "text_override")
    return {"name": row.template.name, "purpose": row.template.purpose, **{n: getattr(row, n) for n in names}}


def _save(request: HttpRequest, form: TemplateForm, template_id: int | None) -> MailTemplate:
    actor = actors.user(request.user.pk or 0)
    name, purpose = form.cleaned_data["name"], form.cleaned_data["purpose"]
    if template_id is None:
        return actions.create_template(name=name, purpose=purpose, says=form.says(), actor=actor)
    return actions.update_template(template_id, name=name, purpose=purpose, says=form.says(), actor=actor)


def _checks(values: Any) -> list[tuple[int, str, str]]:
    """(hue, icon, words) of each check."""
    found, _made = check_template(
        subject=values.get("subject", ""),
        preview=values.get("preview", ""),
        mjml=values.get("mjml", ""),
        text_override=values.get("text_override", ""),
        purpose=values.get("purpose", "marketing"),
    )
    return [(*LEVELS[c.level], check_words(c)) for c in found]


def _preview(request: HttpRequest) -> Preview:
    person = request.POST.get("person", "")
    return preview(
        subject=request.POST.get("subject", "")[:300],
        preview=request.POST.get("preview", "")[:300],
        mjml=request.POST.get("mjml", "")[:500_000],
        text_override=request.POST.get("text_override", "")[:200_000],
        purpose=request.POST.get("purpose", "marketing"),
        person_id=id_of(person),
    )


def _note(words: str, look: str = "background:#fdecea;color:#8a1c12;") -> str:
    style = f"font:13px/1.5 system-ui,sans-serif;padding:10px 14px;{look}border-bottom:1px solid rgb(0 0 0 / 12%)"
    return f'<div style="{style}">{escape(words)}</div>'
