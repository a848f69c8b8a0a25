"""Changing people: one field in place, a new person, many at once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from headwater.core import clock

from .. import actions, queries, rules
from ..forms import CHANNELS, CONSENT_HUES, CONSENT_LABELS, CONTACT_PROPS, STAGE_HUES, PersonForm, prop_view
from ..models import Contact, Stage
from .common import actor, icons, is_fragment


@require_http_methods(["GET", "POST"])
def contact_field(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """A property line: shown, as an editor (`?edit=1`), or saved."""
    contact = get_object_or_404(Contact.objects.select_related("company", "owner"), pk=pk)
    if name not in CONTACT_PROPS:
        raise Http404
    base, error, value, status = reverse("people:record", args=[pk]), "", None, 200
    if request.method == "POST":
        value = request.POST.get("value", "")
        try:
            actions.update_contact(pk, actor=actor(request), **{name: value})
            contact = Contact.objects.select_related("company", "owner").get(pk=pk)
        except rules.Invalid as problem:
            error, status = _(next(iter(problem.errors.values()))), 422
    view = prop_view(contact, name, queries.tag_hues(contact.tags), base, editing=bool(error) or "edit" in request.GET)
    return render(
        request,
        "people/field.html",
        {"f": view, "error": error, "typed": value if error else view.value, "icons": icons()},
        status=status,
    )


@require_POST
def address(request: HttpRequest, pk: int) -> HttpResponse:
    """Another of a person's addresses: make it the main one (`do=use`) or give it free (`do=drop`)."""
    get_object_or_404(Contact.objects.only("pk"), pk=pk)
    email = request.POST.get("email", "")
    try:
        if request.POST.get("do") == "drop":
            actions.drop_email(pk, email, actor=actor(request))
            messages.success(request, _("%(email)s is no longer an address of this person.") % {"email": email})
        else:
            actions.use_email(pk, email, actor=actor(request))
            messages.success(request, _("%(email)s is the main address now.") % {"email": email})
    except rules.Invalid as problem:
        messages.error(request, _(next(iter(problem.errors.values()))))
    return redirect("people:record", pk)


@require_http_methods(["GET", "POST"])
def stage_cell(request: HttpRequest, pk: int) -> HttpResponse:
    """The stage in a row of the list: a chip, or a select to choose another."""
    contact = get_object_or_404(Contact.objects.only("stage", "name", "email"), pk=pk)
    if request.method == "POST":
        stage = request.POST.get("stage", "")
        try:
            actions.set_stage([pk], stage, reason=_("changed by hand"), actor=actor(request))
        except rules.Invalid as problem:
            return HttpResponse(_(problem.errors["stage"]), status=422, content_type="text/plain; charset=utf-8")
        contact.stage = stage
    context = {
        "pk": pk,
        "stage": contact.get_stage_display(),
        "value": contact.stage,
        "stage_hue": STAGE_HUES.get(contact.stage, ""),
        "editing": "edit" in request.GET,
        "stages": [c for c in Stage.choices if c[0] != Stage.VISITOR],
    }
    return render(request, "people/stage_cell.html", context)


@require_POST
def consent(request: HttpRequest, pk: int, channel: str) -> HttpResponse:
    """Consent as a colleague heard it: kept with her name as its proof."""
    get_object_or_404(Contact.objects.only("pk"), pk=pk)
    if channel not in CHANNELS:
        raise Http404
    state = request.POST.get("state", "")
    proof = {"source": "by hand", "text": request.POST.get("text", "")[:500], "at": clock.now().isoformat()}
    try:
        actions.set_consent(pk, channel, state, proof=proof, actor=actor(request))
    except rules.Invalid as problem:
        return HttpResponse(
            _(next(iter(problem.errors.values()))), status=422, content_type="text/plain; charset=utf-8"
        )
    return render(request, "people/consent_line.html", {"line": consent_line(pk, channel, state)})


def consent_line(pk: int, channel: str, state: str, proof: dict[str, Any] | None = None) -> dict[str, Any]:
    """A channel's consent as people/consent_line.html shows it."""
    return {
        "pk": pk,
        "channel": channel,
        "label": CHANNELS[channel],
        "icon": {"email": "mail", "phone": "phone", "post": "mails", "push": "bell"}.get(channel, "message-square"),
        "state": state,
        "words": CONSENT_LABELS.get(state, _("Not given")),
        "hue": CONSENT_HUES.get(state, ""),
        "proof": proof or {},
    }


@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """A new person, in a dialog or on a page of its own."""
    form = PersonForm(request.POST or None, initial={"company": request.GET.get("company", "")})
    if request.method == "POST" and form.is_valid():
        given = {name: value for name, value in form.cleaned_data.items() if value}
        try:
            contact = actions.create_contact(actor=actor(request), **given)
        except rules.Invalid as problem:
            form.refuse(problem.errors)
        else:
            messages.success(request, _("%(name)s was created.") % {"name": str(contact)})
            url = reverse("people:record", args=[contact.pk])
            return HttpResponse(status=204, headers={"HX-Redirect": url}) if is_fragment(request) else redirect(url)
    template = "people/create_dialog.html" if is_fragment(request) else "people/create.html"
    context = {
        "form": form,
        "title": _("Create person"),
        "url": reverse("people:create"),
        "alike_url": reverse("people:alike"),
        "alike": queries.look_alikes(email=form.data.get("email", "")) if form.errors else [],
    }
    return render(request, template, context, status=422 if form.errors else 200)


@require_safe
def alike(request: HttpRequest) -> HttpResponse:
    """Who may be the person that is being typed."""
    given = {name: request.GET.get(name, "")[:254] for name in ("email", "name", "phone")}
    return render(request, "people/alike.html", {"alike": queries.look_alikes(**given)})
