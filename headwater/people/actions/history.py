"""Companies, contacts and visitors of the past, in bulk, for imports and sample data: rows only, no facts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from headwater.core import clock

from .. import rules
from .companies import Wanted
from .labels import ensure_tags


@dataclass(frozen=True, slots=True)
class CompanySeed:
    name: str
    domain: str = ""
    industry: str = ""
    size: str = ""
    country: str = ""
    city: str = ""
    roles: Sequence[str] = ()
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ContactSeed:
    """A contact of the past. consent: "" (never asked), "granted" or "withdrawn", with when and its proof."""

    first_name: str
    last_name: str
    name: str
    email: str
    created_at: datetime
    stage: str = "lead"
    stage_at: datetime | None = None
    job_title: str = ""
    phone: str = ""
    company_id: int | None = None
    country: str = ""
    city: str = ""
    language: str = ""
    time_zone: str = ""
    owner_id: int | None = None
    customer_since: date | None = None
    tags: Sequence[str] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)
    last_seen_at: datetime | None = None
    consent: str = ""
    consent_at: datetime | None = None
    proof: Mapping[str, Any] = field(default_factory=dict)
    #: The same of texts (SMS)
    texts: str = ""
    texts_at: datetime | None = None
    texts_proof: Mapping[str, Any] = field(default_factory=dict)
    #: And of push messages
    pushes: str = ""
    pushes_at: datetime | None = None
    pushes_proof: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VisitorSeed:
    visitor_id: int
    first_seen_at: datetime
    last_seen_at: datetime
    person_id: int | None = None
    views: int = 0
    last_path: str = ""
    last_title: str = ""
    origin: Mapping[str, Any] = field(default_factory=dict)
    country: str = ""
    device: str = ""
    site_id: int | None = None


@transaction.atomic
def import_companies(seeds: Sequence[CompanySeed]) -> list[int]:
    """Copy companies in with their claims. Returns their ids in order. Raises IntegrityError where one is there."""
    ids = _new_ids("people_company", len(seeds))
    now = clock.now()
    rows, claims = [], []
    for pk, s in zip(ids, seeds, strict=True):
        text = rules.searchable(s.name, s.domain, "", "")
        made = s.created_at or now
        rows.append(
            (pk, s.name, s.domain, s.industry, s.size, s.country, s.city, "", "", list(s.roles), "{}", text,
             rules.grams(text), made, made)
        )  # fmt: skip
        claims += [(key, pk) for key in Wanted(s.domain, s.name).keys]
    _copy(
        "people_company (id, name, domain, industry, size, country, city, phone, website, roles, custom, search, "
        "grams, created_at, updated_at)",
        rows,
    )
    _copy("people_companyclaim (key, company_id)", claims)
    return ids


@transaction.atomic
def import_contacts(seeds: Sequence[ContactSeed]) -> list[int]:
    """Copy contacts in with address claims, places in their companies, tags and consents. Returns their ids in
    order. Raises IntegrityError where somebody has an address already."""
    ids = _new_ids("people_contact", len(seeds))
    ensure_tags(sorted({tag for s in seeds for tag in s.tags}))
    pairs = list(zip(ids, seeds, strict=True))
    _copy(
        "people_contact (id, first_name, last_name, name, email, phone, job_title, company_id, country, city, region, "
        "language, time_zone, gender, customer_since, stage, stage_at, owner_id, tags, custom, origin, last_seen_at, "
        "search, grams, created_at, updated_at)",
        (_contact(pk, s) for pk, s in pairs),
    )
    _copy("people_emailclaim (email, person_id)", ((s.email, pk) for pk, s in pairs if s.email))
    _copy(
        "people_affiliation (person_id, company_id, role)",
        ((pk, s.company_id, "works at") for pk, s in pairs if s.company_id),
    )
    _copy(
        "people_consent (person_id, channel, topic, state, at, proof)",
        (
            (pk, channel, "", state, at or s.created_at, json.dumps(dict(proof)))
            for pk, s in pairs
            for channel, state, at, proof in (
                ("email", s.consent, s.consent_at, s.proof),
                ("sms", s.texts, s.texts_at, s.texts_proof),
                ("push", s.pushes, s.pushes_at, s.pushes_proof),
            )
            if state
        ),
    )
    return ids


@transaction.atomic
def import_visitors(seeds: Sequence[VisitorSeed]) -> None:
    """Copy browsers in, anonymous ones and those of contacts."""
    _copy(
        "people_visitor (visitor_id, person_id, first_seen_at, last_seen_at, views, last_path, last_title, origin, "
        "country, device, site_id)",
        (
            (v.visitor_id, v.person_id, v.first_seen_at, v.last_seen_at, v.views, v.last_path, v.last_title,
             json.dumps(dict(v.origin)), v.country, v.device, v.site_id)
            for v in seeds
        ),
    )  # fmt: skip


def _contact(pk: int, s: ContactSeed) -> tuple[Any, ...]:
    text = rules.searchable(s.name, s.email, s.phone)
    return (
        pk, s.first_name, s.last_name, s.name, s.email, s.phone, s.job_title, s.company_id, s.country, s.city, "",
        s.language, s.time_zone, "", s.customer_since, s.stage, s.stage_at or s.created_at, s.owner_id, list(s.tags),
        "{}", json.dumps(dict(s.origin)), s.last_seen_at, text, rules.grams(text), s.created_at,
        s.stage_at or s.created_at,
    )  # fmt: skip


def _copy(target: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _new_ids(table: str, count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count])
        return [pk for (pk,) in cursor.fetchall()]
