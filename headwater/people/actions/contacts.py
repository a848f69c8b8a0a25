"""One contact: made by hand, changed field by field."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from headwater.timeline.actions import in_lane, record

from .. import rules
from ..facts import ContactUpdated
from ..models import Company, Contact, EmailClaim
from . import claims, companies, labels, records
from .identify import Identity, identify

_ELSEWHERE = ("stage", "owner_id", "tags")


def create_contact(*, actor: str, source: str = "", **fields: Any) -> Contact:
    """Make a contact by hand or by API.

    fields: see rules.clean_fields; a name, an e-mail address or a telephone number is needed. Raises rules.Invalid;
    where the address belongs to a contact already, on "email".
    """
    clean = rules.clean_fields(fields)
    if not any(clean.get(f) for f in ("email", "name", "first_name", "last_name", "phone")):
        raise rules.Invalid({"name": _("Give a name, an e-mail address or a telephone number.")})
    email = clean.pop("email", "")
    with transaction.atomic():
        (person_id,) = claims.new_ids(1)
        if email and claims.claim({("email", email): person_id}):
            raise rules.Invalid({"email": _("A contact with this e-mail address exists already.")})
        if clean.get("company_id"):
            _check_company(clean["company_id"])
        if clean.get("owner_id"):
            labels.check_owner(clean["owner_id"])
        labels.ensure_tags(clean.get("tags", []))
        identity = Identity(
            email=email, person_id=person_id, new=True, fields=clean, actor=actor, source=source or "by hand"
        )
        identify([identity])
        return Contact.objects.get(pk=person_id)


def update_contact(person_id: int, *, actor: str, **changes: Any) -> Contact:
    """Change fields of a contact; what is equal already records nothing.

    `stage`, `owner_id` and `tags` (the whole list) are changed with facts of their own, everything else is one
    ContactUpdated with before and after. A new address is claimed and the old one given free. `company` is a name
    (found or made; "" for none). Raises rules.Invalid by field, Contact.DoesNotExist.
    """
    present = Contact.objects.only("country", "email").get(pk=person_id)
    fields = rules.clean_fields(changes, country=present.country)
    special = {name: fields.pop(name) for name in _ELSEWHERE if name in fields}
    with transaction.atomic():
        if fields.get("email"):
            _claim_email(person_id, fields["email"])
        if "company" in fields:
            fields["company_id"] = _company_id(fields.pop("company"))
        elif fields.get("company_id"):
            _check_company(fields["company_id"])
        if special.get("owner_id"):
            labels.check_owner(special["owner_id"])
        labels.ensure_tags(special.get("tags", []))
        with in_lane(person_id):
            contact = Contact.objects.get(pk=person_id)
            before = contact.email
            changed = records.apply(contact, fields, overwrite=True)
            if changed:
                records.save([contact])
                record(person_id, ContactUpdated(changes=changed), actor=actor)
            if "email" in changed and before:
                with connection.cursor() as cursor:
                    cursor.execute(
                        "DELETE FROM people_emailclaim WHERE email = %s AND person_id = %s", [before, person_id]
                    )
            _specials(contact, special, actor)
            return Contact.objects.get(pk=person_id)


def use_email(person_id: int, email: str, *, actor: str) -> Contact:
    """Make another address of hers the main one; the one before stays hers, too. Raises rules.Invalid on "email"
    where the address is not hers, Contact.DoesNotExist."""
    normal = rules.normalise_email(email)
    with transaction.atomic():
        _own(person_id, normal)
        with in_lane(person_id):
            contact = Contact.objects.get(pk=person_id)
            changed = records.apply(contact, {"email": normal}, overwrite=True)
            if changed:
                records.save([contact])
                record(person_id, ContactUpdated(changes=changed), actor=actor)
            return contact


def drop_email(person_id: int, email: str, *, actor: str) -> None:
    """Give an address of hers free that is not the main one; from then on it is nobody's. Raises rules.Invalid on
    "email" where it is not hers or is the main one, Contact.DoesNotExist."""
    normal = rules.normalise_email(email)
    with transaction.atomic():
        claim = _own(person_id, normal)
        with in_lane(person_id):
            if Contact.objects.only("email").get(pk=person_id).email == normal:
                raise rules.Invalid({"email": _("This is the main address. Make another one the main address first.")})
            claim.delete()
            record(person_id, ContactUpdated(changes={"other_email": [normal, ""]}), actor=actor)


def _own(person_id: int, email: str) -> EmailClaim:
    """Her claim to an address, locked."""
    claim = EmailClaim.objects.select_for_update().filter(email=email, person_id=person_id).first()
    if claim is None:
        raise rules.Invalid({"email": _("This person has no such address.")})
    return claim


def _specials(contact: Contact, special: dict[str, Any], actor: str) -> None:
    if "stage" in special:
        labels.set_stage([contact.pk], special["stage"], reason="", actor=actor)
    if "owner_id" in special:
        labels.set_owner([contact.pk], special["owner_id"], reason="", actor=actor)
    if "tags" in special:
        labels.add_tags([contact.pk], special["tags"], actor=actor)
        labels.remove_tags([contact.pk], [t for t in contact.tags if t not in special["tags"]], actor=actor)


def _claim_email(person_id: int, email: str) -> None:
    if claims.claim({("email", email): person_id}):
        owner = claims.owners_of({("email", email)}).get(("email", email))
        if owner not in (None, person_id):
            raise rules.Invalid({"email": _("This e-mail address belongs to another contact.")})


def _company_id(name: str) -> int | None:
    wanted = companies.Wanted(name=name)
    return companies.find_or_create_companies([wanted])[wanted] if name else None


def _check_company(company_id: int) -> None:
    if not Company.objects.filter(pk=company_id).exists():
        raise rules.Invalid({"company_id": _("There is no such company.")})
