"""The search for doubles: each contact is compared with all others through keys that both share, a batch at a time; a
pass over everybody begins anew each day, and new contacts are met on the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from headwater.core import clock

from ..models import Alike, AlikeCursor, Contact
from ..rules.doubles import SHARED, SURE, WHY, keys_of, same_place

#: Contacts of one batch, and the pause between two passes
BATCH, AGAIN = 500, timedelta(hours=24)
#: Names in one company are alike from here on (pg_trgm's similarity)
ALIKE = 0.6


def search_once() -> int:
    """Compare the next contacts. Always 0: whoever calls it waits before the next batch, there is no hurry."""
    with transaction.atomic():
        now = clock.now()
        AlikeCursor.objects.get_or_create(pk=1, defaults={"began_at": now})
        cursor = AlikeCursor.objects.select_for_update(skip_locked=True).filter(pk=1).first()
        if cursor is None:
            return 0
        ids = list(Contact.objects.filter(pk__gt=cursor.upto_id).order_by("pk").values_list("pk", flat=True)[:BATCH])
        if ids:
            compare(ids)
            cursor.upto_id = ids[-1]
        elif now - cursor.began_at >= AGAIN:
            cursor.upto_id, cursor.began_at = 0, now
        else:
            return 0
        cursor.save()
    return 0


def compare(person_ids: Sequence[int]) -> int:
    """Find the doubles of these contacts among everybody, in a constant number of statements. Returns how many pairs
    are new."""
    rows = {
        pk: (email, phone, name, company, city)
        for pk, email, phone, name, company, city in Contact.objects.filter(pk__in=list(person_ids)).values_list(
            "pk", "email", "phone", "name", "company_id", "city"
        )
    }
    keys = [
        (pk, key)
        for pk, (email, phone, name, company, _city) in rows.items()
        for key in sorted(keys_of(email=email, phone=phone, name=name, company_id=company))
    ]
    with transaction.atomic():
        _keep(list(person_ids), keys)
        found = _sharing(keys)
        pairs = _judged(found)
        made = Alike.objects.bulk_create(
            [Alike(one_id=a, other_id=b, why=why, score=score, found_at=clock.now()) for (a, b), (score, why) in pairs],
            ignore_conflicts=True,
        )
    return len(made)


def _keep(people: list[int], keys: Sequence[tuple[int, str]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM people_alikekey WHERE person_id = ANY(%s)", [people])
        cursor.execute(
            "INSERT INTO people_alikekey (person_id, key) SELECT * FROM unnest(%s::bigint[], %s::text[]) "
            "ON CONFLICT DO NOTHING",
            [[p for p, _ in keys], [k for _, k in keys]],
        )


def _sharing(keys: Sequence[tuple[int, str]]) -> list[tuple[Any, ...]]:
    """Pairs that share a key which few have: (one, other, key, likeness of names, what `same_place` asks of both)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH mine AS (SELECT * FROM unnest(%s::bigint[], %s::text[]) AS x(p, k)), "
            "few AS (SELECT k FROM (SELECT DISTINCT k FROM mine) d WHERE (SELECT count(*) FROM (SELECT 1 "
            "FROM people_alikekey a WHERE a.key = d.k LIMIT 41) n) BETWEEN 2 AND (%s::jsonb->>left(d.k, 1))::int) "
            "SELECT least(m.p, a.person_id), greatest(m.p, a.person_id), m.k, similarity(c.name, o.name), "
            "c.email, c.city, c.company_id, o.email, o.city, o.company_id "
            "FROM mine m JOIN few USING (k) JOIN people_alikekey a ON a.key = m.k AND a.person_id <> m.p "
            "JOIN people_contact c ON c.id = m.p JOIN people_contact o ON o.id = a.person_id",
            [[p for p, _ in keys], [k for _, k in keys], _json(SHARED)],
        )
        return list(cursor.fetchall())


def _json(limits: dict[str, int]) -> str:
    return "{" + ", ".join(f'"{k}": {n}' for k, n in limits.items()) + "}"


def _judged(found: Sequence[tuple[Any, ...]]) -> list[tuple[tuple[int, int], tuple[int, str]]]:
    best: dict[tuple[int, int], tuple[int, str]] = defaultdict(lambda: (0, ""))
    for one, other, key, likeness, *places in found:
        sort = key[0]
        score = SURE[sort]
        if sort == "c":
            if likeness < ALIKE:
                continue
            score = int(40 + 40 * likeness)
        elif sort == "n" and not same_place((places[0], places[1], places[2]), (places[3], places[4], places[5])):
            continue
        best[one, other] = max(best[one, other], (score, WHY[sort]))
    return sorted(best.items())


def tell_apart(one: int, other: int, *, actor: str) -> None:
    """Remember that these two are not the same person."""
    low, high = sorted((one, other))
    Alike.objects.update_or_create(
        one_id=low, other_id=high, defaults={"apart_by": actor}, create_defaults={"apart_by": actor, "why": "name"}
    )
