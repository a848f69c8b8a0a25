"""What somebody sent with a form: a contact, consent with its proof, facts; or spam, kept aside."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.db import OperationalError, connection, transaction

from headwater.capture import rules
from headwater.core import clock
from headwater.core.actors import VISITOR
from headwater.people.actions import Identity, add_tags, identify
from headwater.people.models import Visitor
from headwater.timeline.actions import in_lane, record

from ..facts import FormSubmitted
from ..models import Form, FormSubmission, SpamSubmission, Thanks
from ..rules.events import path_of
from ..rules.forms import clean_answers, contact_fields, country_asked
from .assets import make_link
from .consents import Submission, asked, check_consents, grant

SALT = "capture.form"
TOKEN_LIFE = timedelta(hours=24)
_STEP = timedelta(microseconds=10)
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Submitted:
    person_id: int
    id: uuid.UUID
    #: token for /d/<token>/ where the form hands out an asset, else ""
    link: str = ""


def submit_form(
    form: Form,
    answers: Mapping[str, Any],
    *,
    sent: Submission | None = None,
    actor: str = VISITOR,
    at: datetime | None = None,
) -> Submitted:
    """Take a form in: contact found or made, visitor attached with her past, consent with its proof, the submission,
    `form.submitted`, tags, and a link where an asset is handed out. All of it or nothing.

    Raises rules.forms.Invalid with the problem beside each field ("hw_consent" and "hw_consent_sms" for the tick boxes
    of consent).
    """
    sent = sent or Submission(key=secrets.token_hex(8))
    values = clean_answers(form.fields, answers, _country(form, answers, sent))
    check_consents(form, values, sent)
    for attempt in range(_TRIES):
        try:
            with transaction.atomic():
                return _submit(form, values, sent, actor, at or clock.now())
        except OperationalError as error:
            deadlock = getattr(error.__cause__, "sqlstate", "") == "40P01"
            if connection.in_atomic_block or not deadlock or attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _submit(form: Form, values: dict[str, Any], sent: Submission, actor: str, at: datetime) -> Submitted:
    known = contact_fields(form.fields, values)
    visitor = rules.visitor_id(sent.visitor) if rules.TOKEN.match(sent.visitor) else None
    wish = Identity(
        email=known.pop("email"),
        fields=known,
        visitor_id=visitor,
        how="form",
        source=f"form: {form.name}",
        actor=actor,
        at=at,
    )
    person = identify([wish], strict=False)[0]
    key = rules.event_key(f"form:{form.pk}", person, sent.key or secrets.token_hex(8))
    with in_lane(person):
        if not FormSubmission.objects.filter(person_id=person, id=key).exists():
            _keep(form, values, sent, actor, at, person, key, visitor)
        link = ""
        if form.thanks == Thanks.ASSET and form.asset is not None:
            link = make_link(form.asset, person, actor=actor, id=key)
    return Submitted(person, key, link)


def _keep(
    form: Form,
    values: dict[str, Any],
    sent: Submission,
    actor: str,
    at: datetime,
    person: int,
    key: uuid.UUID,
    visitor: int | None,
) -> None:
    FormSubmission.objects.create(
        person_id=person,
        at=at,
        id=key,
        form_id=form.pk,
        data=values,
        utm=dict(sent.utm),
        url=sent.url[:2000],
        visitor_id=visitor,
        ip=sent.ip[:64],
        user_agent=sent.user_agent[:300],
        consent=asked(form, values, sent),
    )
    grant(form, values, sent, person, key, actor=actor, at=at + _STEP)
    fact = FormSubmitted(
        name=form.name,
        form=form.pk,
        fields=values or None,
        path=path_of(sent.url),
        url=sent.url[:2000],
        submission=str(key),
        **{name: sent.utm.get(name, "") for name in ("utm_source", "utm_medium", "utm_campaign")},  # type: ignore[arg-type]
    )
    record(person, fact, actor=actor, at=at + 2 * _STEP, id=key)
    if form.tags:
        add_tags([person], form.tags, actor=actor)


def _country(form: Form, answers: Mapping[str, Any], sent: Submission) -> str:
    """Where a number without a country code is from: as she says herself, as the form says, as her browser does."""
    if not any(f["type"] == "phone" for f in form.fields):
        return ""
    named = country_asked(form.fields, answers) or form.country
    if named or not rules.TOKEN.match(sent.visitor):
        return named or sent.country
    seen = Visitor.objects.filter(visitor_id=rules.visitor_id(sent.visitor)).values_list("country", flat=True)
    return seen.first() or sent.country


def form_token(form: Form) -> str:
    """What a form's page carries: when it was made, for which form, and a key that makes sending twice count once."""
    stamp = int(clock.now().timestamp())
    return signing.Signer(salt=SALT).sign(f"{form.pk}:{stamp}:{secrets.token_urlsafe(9)}")


def token_age(form: Form, token: str) -> timedelta | None:
    """How long ago the form's page was made, None where the token is not one of this form's."""
    try:
        pk, stamp, _ = signing.Signer(salt=SALT).unsign(token).split(":")
        age = timedelta(seconds=int(clock.now().timestamp()) - int(stamp))
    except (signing.BadSignature, ValueError):
        return None
    return age if pk == str(form.pk) else None


def keep_spam(form: Form, answers: Mapping[str, Any], reason: str, *, sent: Submission) -> SpamSubmission:
    """Keep a submission that fell into a trap aside: no contact comes of it until somebody releases it."""
    data = {f["key"]: str(answers.get(f["key"], ""))[:2000] for f in form.fields}
    return SpamSubmission.objects.create(
        form=form, at=clock.now(), reason=reason, data=data, context={**asdict(sent), "utm": dict(sent.utm)}
    )


def release_spam(spam_id: int, *, actor: str) -> Submitted:
    """It was none: take the submission in after all, with the time at which it came. Raises
    SpamSubmission.DoesNotExist, rules.forms.Invalid."""
    with transaction.atomic():
        spam = SpamSubmission.objects.select_for_update(of=("self",)).select_related("form__asset").get(pk=spam_id)
        sent = Submission(**{**spam.context, "key": spam.context.get("key") or f"spam:{spam.pk}"})
        done = submit_form(spam.form, spam.data, sent=sent, at=spam.at)
        SpamSubmission.objects.filter(pk=spam.pk).update(released_at=clock.now())
    return done
