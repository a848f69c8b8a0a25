"""What this package and the log keep of people (registry.Holder): claims, browsers, consent, places in companies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q

from headwater.core import holdings
from headwater.core.holdings import Table
from headwater.core.lanes import lane_key
from headwater.timeline import actions as timeline

from .. import registry
from ..models import (
    Affiliation,
    Alike,
    AlikeKey,
    BulkItem,
    BulkPart,
    Consent,
    Contact,
    EmailClaim,
    ExternalClaim,
    Merge,
    Visitor,
)
from ..registry import Gone, Holder, Joining

CONTACT = Table(Contact, person="id")
MOVING = (Table(EmailClaim), Table(ExternalClaim), Table(Visitor), Table(Affiliation))
CONSENT = Table(Consent)
ITEMS, KEYS = Table(BulkItem), Table(AlikeKey)
#: The strictest first
_STRICT = ("withdrawn", "pending", "granted")


def former_ids(person_ids: Sequence[int]) -> list[int]:
    """Ids that were merged into these people, and into those."""
    out: list[int] = []
    more = list(person_ids)
    while more:
        merges = Merge.objects.filter(survivor_id__in=more, undone_at=None)
        more = [p for p in merges.values_list("merged_id", flat=True) if p not in out]
        out += more
    return out


def _erase(gone: Gone) -> None:
    people = list(gone.person_ids)
    lanes = {lane_key(p) for p in people}
    jobs = BulkItem.objects.filter(lane_key__in=lanes, person_id__in=people).values_list("job_id", flat=True)
    BulkPart.objects.filter(job_id__in=list(jobs), job__action="export").delete()  # a file that she stands in
    holdings.erase([*MOVING, CONSENT, ITEMS, KEYS], people)
    Merge.objects.filter(Q(survivor_id__in=people) | Q(merged_id__in=people)).delete()
    Alike.objects.filter(Q(one_id__in=people) | Q(other_id__in=people)).delete()
    Contact.objects.filter(pk__in=people).delete()


def _export(person_id: int) -> dict[str, Any]:
    out = holdings.export([CONTACT, *MOVING, CONSENT], person_id)
    for contact in out.get("people_contact", []):
        for column in ("search", "grams"):
            contact.pop(column, None)
    return out


def _join(joining: Joining) -> dict[str, Any]:
    both = {p: holdings.rows(CONSENT, p) for p in (joining.survivor, joining.merged)}
    kept: dict[str, Any] = holdings.move(MOVING, joining.merged, joining.survivor, joining.mark)
    wanted: dict[tuple[str, str], dict[str, Any]] = {}
    for row in (*both[joining.survivor], *both[joining.merged]):
        key = (row["channel"], row["topic"])
        if key not in wanted or _STRICT.index(row["state"]) < _STRICT.index(wanted[key]["state"]):
            wanted[key] = {**row, "person_id": joining.survivor}
    _replace_consents([joining.survivor, joining.merged], list(wanted.values()))
    kept["consents"] = {"survivor": both[joining.survivor], "merged": both[joining.merged]}
    kept["joined"] = list(wanted.values())
    kept["keys"] = holdings.rows(KEYS, joining.merged)
    holdings.erase([KEYS], [joining.merged])
    return kept


def _part(joining: Joining, kept: Mapping[str, Any]) -> None:
    holdings.back(MOVING, kept, joining.merged, joining.survivor)
    holdings.put(KEYS, kept["keys"])

    def keyed(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
        return {(r["channel"], r["topic"]): dict(r) for r in rows}

    joined, now = keyed(kept["joined"]), keyed(holdings.rows(CONSENT, joining.survivor))
    survivor, merged = keyed(kept["consents"]["survivor"]), keyed(kept["consents"]["merged"])
    for key, row in now.items():
        if (row["state"], row["at"]) != _said(joined.get(key)):  # said since: it stays, and a refusal counts for both
            survivor[key] = row
            if row["state"] == "withdrawn":
                merged[key] = {**row, "person_id": joining.merged}
    _replace_consents([joining.survivor, joining.merged], [*survivor.values(), *merged.values()])


def _said(row: Mapping[str, Any] | None) -> tuple[Any, Any]:
    return (row["state"], row["at"]) if row else (None, None)


def _replace_consents(people: Sequence[int], rows: Sequence[Mapping[str, Any]]) -> None:
    Consent.objects.filter(person_id__in=list(people)).delete()
    holdings.put(CONSENT, rows)


def _forget_facts(gone: Gone) -> None:
    timeline.erase_people(gone.person_ids, visitors=gone.visitors, former=former_ids(gone.person_ids))


def _join_facts(joining: Joining) -> dict[str, Any]:
    return timeline.join_people(
        joining.merged, joining.survivor, former=former_ids([joining.merged]), mark=joining.mark
    )


def _part_facts(joining: Joining, kept: dict[str, Any]) -> None:
    timeline.part_people(joining.merged, joining.survivor, kept, late=joining.late)


registry.holders.add(
    "people",
    Holder(
        "people",
        tables=(
            "people_contact", "people_emailclaim", "people_externalclaim", "people_visitor", "people_affiliation",
            "people_consent", "people_bulkitem", "people_merge", "people_alike", "people_alikekey",
        ),
        erase=_erase, export=_export, join=_join, part=_part, order=10,
    ),
)  # fmt: skip
registry.holders.add(
    "timeline",
    Holder(
        "timeline", tables=timeline.FACT_TABLES, erase=_forget_facts, export=timeline.export_person, join=_join_facts,
        part=_part_facts, order=20,
    ),
)  # fmt: skip
