"""Forms as marketers make them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext

from headwater.core import clock
from headwater.people.rules import clean_tags, country_code

from ..models import Form, Thanks
from ..rules import forms as rules
from ..rules.forms import Invalid

PLAIN = (
    "title", "intro", "button", "consent_text", "consent_required", "sms_consent_text", "sms_consent_required",
    "thanks", "thanks_message", "redirect_url", "asset_id", "min_seconds", "active",
)  # fmt: skip


def create_form(*, name: str, fields: list[dict[str, Any]], actor: str, slug: str = "", **more: Any) -> Form:
    """Make a form. fields: rules.forms says what they may be. Raises Invalid, each problem beside its field."""
    form = Form(created_at=clock.now(), updated_at=clock.now())
    _apply(form, {"name": name, "fields": fields, "slug": slug or _free_slug(name), **more})
    form.save()
    return form


def update_form(form_id: int, *, actor: str, **changes: Any) -> Form:
    """Change a form. A new consent text is a new version; who agreed to the old one agreed to the old one. Raises
    Invalid, Form.DoesNotExist."""
    with transaction.atomic():
        form = Form.objects.select_for_update().get(pk=form_id)
        text, sms_text = form.consent_text, form.sms_consent_text
        _apply(form, changes)
        form.consent_version += form.consent_text != text
        form.sms_consent_version += form.sms_consent_text != sms_text
        form.updated_at = clock.now()
        form.save()
    return form


def _apply(form: Form, changes: dict[str, Any]) -> None:
    errors: dict[str, str] = {}
    for field in PLAIN:
        if field in changes:
            setattr(form, field, changes[field])
    if "tags" in changes:
        form.tags = clean_tags(changes["tags"])
    if "name" in changes:
        form.name = " ".join(str(changes["name"]).split())[:120]
        if not form.name:
            errors["name"] = "Give the form a name."
    if "slug" in changes:
        form.slug = slugify(changes["slug"])[:80]
        if not form.slug:
            errors["slug"] = "Use letters, digits and hyphens."
        elif Form.objects.filter(slug=form.slug).exclude(pk=form.pk).exists():
            errors["slug"] = "Another form has this address already."
    if "fields" in changes:
        try:
            form.fields = rules.clean_fields(changes["fields"], gettext)
        except Invalid as problem:
            errors |= problem.errors
    if form.thanks not in Thanks.values:
        errors["thanks"] = "Choose what happens afterwards."
    if form.thanks == Thanks.ASSET and form.asset_id is None:
        errors["asset_id"] = "Choose the download to hand out."
    if form.thanks == Thanks.REDIRECT and not str(form.redirect_url).startswith(("http://", "https://", "/")):
        errors["redirect_url"] = "Enter the address of the page, starting with https://."
    errors |= _consent_problems(form, changes)
    if errors:
        raise Invalid(errors)


def _consent_problems(form: Form, changes: dict[str, Any]) -> dict[str, str]:
    errors = {}
    form.consent_text, form.sms_consent_text = form.consent_text.strip(), form.sms_consent_text.strip()
    if form.consent_required and not form.consent_text:
        errors["consent_text"] = "Write the text she agrees to, or do not require it."
    if form.sms_consent_required and not form.sms_consent_text:
        errors["sms_consent_text"] = "Write the text she agrees to, or do not require it."
    elif form.sms_consent_text and not rules.number_field(form.fields):
        errors["sms_consent_text"] = "Texts need a number: add a field of type phone that goes to the contact's phone."
    if "country" in changes:
        form.country = country_code(str(changes["country"] or "").strip())
        if changes["country"] and not form.country:
            errors["country"] = "There is no such country."
    return errors


def _free_slug(name: str) -> str:
    base = slugify(name)[:70] or "form"
    slug, number = base, 2
    while Form.objects.filter(slug=slug).exists():
        slug, number = f"{base}-{number}", number + 1
    return slug
