"""What a form asks people to agree to: mails, texts or both, each with its own words, and the proof that they did."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from headwater.messaging.rules.texting import problem
from headwater.people.actions import set_consent, update_contact
from headwater.people.queries import contacts

from ..models import Form
from ..rules.forms import Invalid, number_field


@dataclass(frozen=True, slots=True)
class Submission:
    """What came with the answers. `key` (the form's token) makes the call idempotent; `visitor` is the browser's."""

    key: str = ""
    url: str = ""
    visitor: str = ""
    ip: str = ""
    user_agent: str = ""
    utm: Mapping[str, str] = field(default_factory=dict)
    consent: bool = False
    consent_sms: bool = False
    #: Where the browser says it is (two letters), for numbers without a country code
    country: str = ""


def check_consents(form: Form, values: Mapping[str, Any], sent: Submission) -> None:
    """Whether she agreed where she must, and named a number that texts can reach. Raises Invalid with each problem."""
    errors: dict[str, str] = {}
    if form.consent_required and not sent.consent:
        errors["hw_consent"] = _("Please agree before you send the form.")
    if form.sms_consent_required and not sent.consent_sms:
        errors["hw_consent_sms"] = _("Please agree before you send the form.")
    if form.sms_consent_text and sent.consent_sms and (key := number_field(form.fields)):
        why = problem(str(values.get(key, "")))
        if why == "no_number":
            errors[key] = _("Please enter your number: the texts go there.")
        elif why:
            errors[key] = _("Texts cannot reach this number. Please enter a mobile number.")
    if errors:
        raise Invalid(errors)


def asked(form: Form, values: Mapping[str, Any], sent: Submission) -> dict[str, Any]:
    """What the form asked her and what she said, word for word, as it is kept with the submission."""
    out: dict[str, Any] = {}
    if form.consent_text:
        out = {"text": form.consent_text, "version": form.consent_version, "given": sent.consent}
    if form.sms_consent_text:
        number = str(values.get(number_field(form.fields), ""))
        out["sms"] = {"text": form.sms_consent_text, "version": form.sms_consent_version, "given": sent.consent_sms,
                      "number": number}  # fmt: skip
    return out


def grant(
    form: Form,
    values: Mapping[str, Any],
    sent: Submission,
    person_id: int,
    submission: uuid.UUID,
    *,
    actor: str,
    at: datetime,
) -> None:
    """Keep what she agreed to, with its proof. Her lane is held.

    Who agrees to texts wants them at the number that she names: it becomes hers, whichever the contact had.
    """
    proof = {"source": f"form:{form.pk}", "form": form.name, "url": sent.url, "ip": sent.ip,
             "submission": str(submission)}  # fmt: skip
    if form.consent_text and sent.consent:
        said = {"text": form.consent_text, "version": form.consent_version}
        set_consent(person_id, "email", "granted", actor=actor, proof={**proof, **said}, at=at)
    number = str(values.get(number_field(form.fields), ""))
    if form.sms_consent_text and sent.consent_sms and number:
        contact = contacts([person_id]).get(person_id)
        if contact is not None and contact.phone != number:
            update_contact(person_id, actor=actor, phone=number)
        said = {"text": form.sms_consent_text, "version": form.sms_consent_version, "address": number}
        set_consent(person_id, "sms", "granted", actor=actor, proof={**proof, **said}, at=at)
