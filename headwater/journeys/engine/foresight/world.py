"""What is known of some thousand people over a time that is past, fetched in a constant number of statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from headwater.audience import queries as audience
from headwater.audience.models import Segment
from headwater.messaging.queries.prospects import Prospects
from headwater.people.models import Consent, Contact

from ...rules.schedule import zone_of
from ..fields import CUSTOM
from .past import column_of, value_in
from .person import Person
from .plan import Plan


@dataclass
class People:
    """Everybody of one batch, and the mails they might get."""

    plan: Plan
    people: dict[int, Person]
    mails: Prospects


def load(plan: Plan, ids: Sequence[int]) -> People:
    """What is known of these people. Who is no contact is left out."""
    found = _contacts(plan, ids)
    for person, at, kind, text in _facts(plan, ids):
        if person in found:
            found[person].facts.append((at, kind, text))
    for place, leaf in enumerate(plan.today):
        for person in audience.matching(dict(leaf), list(found)):
            found[person].today.add(place)
    _passages(plan, found)
    _consents(plan, found)
    scores = audience.past_scores(list(found), sorted(plan.scores))
    interests = audience.past_interests(list(found), sorted(plan.interests))
    for one in found.values():
        one.scores, one.interests = scores, interests
    actor = f"journey:{plan.version.journey_id}"
    mails = Prospects(list(found), sorted(plan.templates), plan.since, actor)
    for person, prospect in mails.people.items():
        found[person].says["email", ""] = "granted" if prospect.consenting else "none"
    return People(plan, found, mails)


def _consents(plan: Plan, found: Mapping[int, Person]) -> None:
    """What people say now on the channels and topics that conditions ask for."""
    for channel, topic in plan.consents:
        rows = Consent.objects.filter(person_id__in=list(found), channel=channel, topic=topic)
        for person, state in rows.values_list("person_id", "state"):
            found[person].says[channel, topic] = state


def _contacts(plan: Plan, ids: Sequence[int]) -> dict[int, Person]:
    histories = plan.histories
    columns = {name: column_of(history.of) for name, history in histories.items()}
    known = {"pk", "time_zone", "tags", "custom", "created_at"}
    rows = Contact.objects.filter(pk__in=list(ids)).values(*sorted(known | set(columns.values())))
    segments = dict(Segment.objects.values_list("key", "pk")) if "segment.entered" in plan.states else {}
    zones: dict[str, str] = {}
    out = {}
    for row in rows:
        name = row["time_zone"]
        if name not in zones:
            zones[name] = name if name and zone_of(name, "").key == name else plan.default_zone
        out[row["pk"]] = Person(
            row["pk"], [], zones[name], frozenset(row["tags"] or ()), row["custom"] or {}, segments=segments,
            since=plan.since, created_at=row["created_at"], histories=histories,
            fields={n: value_in(h.of, row[columns[n]]) for n, h in histories.items()},
        )  # fmt: skip
    return out


def _facts(plan: Plan, ids: Sequence[int]) -> Iterator[tuple[int, datetime, str, str]]:
    """Oldest first. Facts that conditions count come from the beginning of time, others from the time in question."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, at, kind, data::text FROM timeline_fact WHERE person_id = ANY(%s::bigint[]) "
            "AND at <= %s::timestamptz AND (kind = ANY(%s::text[]) OR (kind = ANY(%s::text[]) "
            "AND at >= %s::timestamptz)) ORDER BY person_id, at, id",
            [list(ids), plan.until, sorted(plan.counted), sorted(plan.states | plan.causes), plan.since],
        )
        yield from cursor.fetchall()


def _passages(plan: Plan, found: Mapping[int, Person]) -> None:
    """Who really was in the journey before, and whom somebody let in by hand."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, entered_at, why ->> 'kind' FROM journeys_passage "
            "WHERE person_id = ANY(%s::bigint[]) AND journey_id = %s AND entered_at <= %s "
            "ORDER BY person_id, entered_at",
            [list(found), plan.version.journey_id, plan.until],
        )
        for person, at, why in cursor.fetchall():
            if at < plan.since:
                found[person].before = True
            elif why in ("manual", "journey"):
                found[person].by_hand.append(at)


def people_of(plan: Plan) -> list[int]:
    """Everybody who might have entered, by id: those with a cause, with a date, in a segment that a schedule names,
    or let in by hand."""
    out: set[int] = set()
    with connection.cursor() as cursor:
        if plan.causes:
            cursor.execute(
                "SELECT DISTINCT person_id FROM timeline_fact WHERE kind = ANY(%s::text[]) "
                "AND at >= %s::timestamptz AND at <= %s::timestamptz",
                [sorted(plan.causes), plan.since, plan.until],
            )
            out.update(pk for (pk,) in cursor.fetchall())
        cursor.execute(
            "SELECT DISTINCT person_id FROM journeys_passage WHERE journey_id = %s AND entered_at >= %s "
            "AND why ->> 'kind' IN ('manual', 'journey')",
            [plan.version.journey_id, plan.since],
        )
        out.update(pk for (pk,) in cursor.fetchall())
    for rule in plan.version.entry:
        if rule["kind"] == "date":
            custom = CUSTOM.fullmatch(rule["field"])
            name = {"custom__has_key": custom[1]} if custom else {f"{rule['field'][8:]}__isnull": False}
            out.update(Contact.objects.filter(**name).values_list("pk", flat=True))
        elif rule["kind"] == "schedule":
            out.update(members_of(int(rule["segment"])))
    return sorted(out)


def members_of(segment_id: int) -> Iterator[int]:
    """Who is in a segment now."""
    after = 0
    while page := audience.members(segment_id, after=after, limit=5000):
        after = page[-1][0]
        yield from (person for person, _since in page)
