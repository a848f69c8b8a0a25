"""Two contacts become one, without loss, and two again. See registry.Holder for how each package's rows follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from headwater.core import clock, holdings, wake
from headwater.timeline import actions as timeline
from headwater.timeline.actions import record

from .. import registry, rules
from ..facts import ContactMerged, ContactParted
from ..models import Contact, EmailClaim, Merge, MergePart, Visitor
from ..registry import Joining
from . import claims
from .erasing import held, patient
from .holdings import CONTACT

#: Who is further along counts; a former customer is one who was
_STAGES = ("visitor", "lead", "mql", "sql", "opportunity", "former", "customer", "evangelist")
#: Chosen together
_NAMES = ("name", "first_name", "last_name")
#: Fields whose value a user chooses
CHOICES = (
    "name", "email", "phone", "job_title", "company_id", "country", "city", "region", "language", "time_zone",
    "gender", "birthday", "renewal_date", "customer_since", "stage", "owner_id",
)  # fmt: skip


@patient
def merge_contacts(survivor_id: int, merged_id: int, *, actor: str, choices: Mapping[str, int] | None = None) -> Merge:
    """Make `merged_id` a part of `survivor_id`, in one transaction.

    choices: field -> the id of the one whose value is kept (see CHOICES, and "custom.NAME"); without one the survivor's
    value stays and an empty one is filled. Of stages the further one, of consents the stricter one counts. Raises
    rules.Invalid; Contact.DoesNotExist.
    """
    if survivor_id == merged_id:
        raise rules.Invalid({"with": _("Choose two different contacts.")})
    picks = _picks(choices or {}, survivor_id, merged_id)
    pair = [survivor_id, merged_id]
    with held(pair):
        survivor, merged = Contact.objects.get(pk=survivor_id), Contact.objects.get(pk=merged_id)
        _hindered(pair)
        before = {str(p): holdings.rows(CONTACT, p)[0] for p in pair}
        row = Merge.objects.create(
            survivor_id=survivor_id, merged_id=merged_id, at=clock.now(), actor=actor, before=before
        )
        joining = Joining(row.pk, survivor_id, merged_id, row.at, actor)
        for holder in sorted(registry.holders, key=lambda h: h.order):
            MergePart.objects.create(merge=row, holder=holder.name, kept=holder.join(joining) or {})
        lost = _combine(survivor, merged, picks)
        Contact.objects.filter(pk=merged_id).delete()
        survivor.save()
        row.after = holdings.rows(CONTACT, survivor_id)[0]
        row.save(update_fields=["after"])
        fact = ContactMerged(merge=row.pk, merged=merged_id, name=str(merged), lost=lost)
        record(survivor_id, fact, actor=actor, at=row.at)
        _settle([survivor_id])
        wake.publish(f"person:{merged_id}", f"person:{survivor_id}")
    return row


def _picks(choices: Mapping[str, int], survivor: int, merged: int) -> dict[str, bool]:
    """field -> whether the merged one's value is taken."""
    out = {}
    for field, person in choices.items():
        if field not in CHOICES and not field.startswith("custom."):
            raise rules.Invalid({field: _("There is no such field.")})
        if person not in (survivor, merged):
            raise rules.Invalid({field: _("Choose one of the two.")})
        out[field] = person == merged
    return out


def _hindered(people: Sequence[int]) -> None:
    for holder in registry.holders:
        why = holder.hinders(people) if holder.hinders else ""
        if why:
            raise rules.Invalid({"with": why})


def _settle(people: Sequence[int]) -> None:
    for holder in sorted(registry.holders, key=lambda h: h.order):
        if holder.settle is not None:
            holder.settle(people)


def _combine(survivor: Contact, merged: Contact, picks: Mapping[str, bool]) -> dict[str, Any]:
    """Put the merged one's values into the survivor, in memory. Returns those that were not taken."""
    lost: dict[str, Any] = {}
    for field in CHOICES:
        mine, theirs = getattr(survivor, field), getattr(merged, field)
        take = picks.get(field, (not mine and bool(theirs)) or (field == "stage" and further(theirs, mine)))
        if take:
            for name in _NAMES if field == "name" else (field,):
                setattr(survivor, name, getattr(merged, name))
            if field == "stage":
                survivor.stage_at = merged.stage_at
        left = mine if take else theirs
        if left and left != getattr(survivor, field):
            lost[field] = left.isoformat() if hasattr(left, "isoformat") else left
    if "phone" in lost:
        survivor.custom.setdefault("phone_2", lost["phone"])
    for name, value in merged.custom.items():
        mine = survivor.custom.get(name)
        if picks.get(f"custom.{name}", mine in (None, "", [])):
            survivor.custom[name] = value
        left = mine if survivor.custom[name] == value else value
        if left not in (None, "", []) and left != survivor.custom[name]:
            lost[f"custom.{name}"] = left
    survivor.tags = [*survivor.tags, *(t for t in merged.tags if t not in survivor.tags)]
    first, second = (merged, survivor) if merged.created_at < survivor.created_at else (survivor, merged)
    survivor.origin = first.origin or second.origin
    survivor.created_at = first.created_at
    seen = [at for at in (survivor.last_seen_at, merged.last_seen_at) if at]
    survivor.last_seen_at = max(seen, default=None)
    survivor.updated_at = clock.now()
    survivor.search = rules.searchable(survivor.name, survivor.email, survivor.phone)
    survivor.grams = rules.grams(survivor.search)
    return lost


def further(one: str, other: str) -> bool:
    """Whether one lifecycle stage lies behind another."""
    return _STAGES.index(one) > _STAGES.index(other)


@patient
def unmerge(merge_id: int, *, actor: str) -> tuple[int, int]:
    """Part two contacts again: both are as they were, with what each has become since. Facts that came since by an
    address or a mail of the merged one go to her, all others stay. Returns (survivor, merged).

    Raises rules.Invalid on "merge" where they cannot be parted any more; Merge.DoesNotExist.
    """
    row = Merge.objects.get(pk=merge_id)
    pair = [row.survivor_id, row.merged_id]
    with held(pair):
        row = Merge.objects.select_for_update().get(pk=merge_id)
        _partable(row)
        _hindered(pair)
        parts = {p.holder: p.kept for p in row.parts.all()}
        joining = _parting(row, parts, actor)
        merged = _again(row)
        for holder in sorted(registry.holders, key=lambda h: h.order):
            if holder.name in parts:
                holder.part(joining, parts[holder.name])
        survivor = _as_before(row)
        row.undone_at, row.undone_by = clock.now(), actor
        row.save(update_fields=["undone_at", "undone_by"])
        for one, other in ((survivor, merged), (merged, survivor)):
            record(one.pk, ContactParted(merge=row.pk, other=other.pk, name=str(other)), actor=actor)
        _settle(pair)
        wake.publish(*(f"person:{p}" for p in pair))
    return row.survivor_id, row.merged_id


def _partable(row: Merge) -> None:
    if row.undone_at is not None:
        raise rules.Invalid({"merge": _("They were separated already.")})
    later = Merge.objects.filter(merged_id=row.survivor_id, undone_at=None).first()
    if later is not None:
        raise rules.Invalid({"merge": _("This contact was merged into another one since: separate those two first.")})
    if not Contact.objects.filter(pk=row.survivor_id).exists():
        raise rules.Invalid({"merge": _("This contact is not there any more.")})


def _parting(row: Merge, parts: Mapping[str, Any], actor: str) -> Joining:
    """Who parts, by which addresses and browsers, and which facts came by them since."""
    own = parts.get("people", {})
    emails = [key[0] for key in own.get("people_emailclaim", {}).get("keys", ())]
    visitors = [int(key[0]) for key in own.get("people_visitor", {}).get("keys", ())]
    emails = list(
        EmailClaim.objects.filter(email__in=emails, person_id=row.survivor_id).values_list("email", flat=True)
    )
    visitors = list(Visitor.objects.filter(pk__in=visitors, person_id=row.survivor_id).values_list("pk", flat=True))
    known = Joining(row.pk, row.survivor_id, row.merged_id, row.at, actor, emails, visitors)
    marks: dict[str, list[str]] = {}
    for holder in registry.holders:
        if holder.marks is not None and holder.name in parts:
            for field, values in holder.marks(known, parts[holder.name]).items():
                marks.setdefault(field, []).extend(values)
    late = timeline.late_facts(row.survivor_id, row.at, emails=emails, names=marks)
    return Joining(row.pk, row.survivor_id, row.merged_id, row.at, actor, emails, visitors, late)


def _again(row: Merge) -> Contact:
    """The merged one's row, as it was; an address that somebody else has by now is hers no more."""
    before = dict(row.before[str(row.merged_id)])
    if before["email"]:
        lost = claims.claim({("email", before["email"]): row.merged_id})
        owner = claims.owners_of({("email", before["email"])}).get(("email", before["email"]))
        if lost and owner not in (row.survivor_id, row.merged_id):
            before["email"] = ""
    holdings.put(CONTACT, [before])
    return Contact.objects.get(pk=row.merged_id)


def _as_before(row: Merge) -> Contact:
    """The survivor's row: what was not changed since the merge is what it was before."""
    before, after = row.before[str(row.survivor_id)], row.after
    now = holdings.rows(CONTACT, row.survivor_id)[0]
    wanted = {c: before[c] if now[c] == after[c] else now[c] for c in now}
    if now["tags"] != after["tags"]:
        came = [t for t in now["tags"] if t not in after["tags"]]
        wanted["tags"] = [t for t in before["tags"] if t in now["tags"]] + came
    if now["custom"] != after["custom"]:
        wanted["custom"] = _custom(before["custom"], after["custom"], now["custom"])
    if wanted["email"] != before["email"]:  # chosen since: it may be the one that parts with the other
        mine = set(EmailClaim.objects.filter(person_id=row.survivor_id).values_list("email", flat=True))
        kept = [email for email in (wanted["email"], before["email"]) if email in mine]
        wanted["email"] = kept[0] if kept else ""
    fields = {f.column: f for f in Contact._meta.concrete_fields}
    contact = Contact(**{fields[c].attname: fields[c].to_python(v) for c, v in wanted.items()})
    contact.search = rules.searchable(contact.name, contact.email, contact.phone)
    contact.grams = rules.grams(contact.search)
    contact.save()
    return contact


def _custom(before: Mapping[str, Any], after: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    names = {*before, *after, *now}
    kept = {n: (before if now.get(n) == after.get(n) else now).get(n) for n in sorted(names)}
    return {n: v for n, v in kept.items() if v is not None}
