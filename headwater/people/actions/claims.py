"""Who owns an address: the insert that one of two processes wins decides, and the other uses the winner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connection

#: One claim of an item: ("email" | "external", value)
Key = tuple[str, str]
_TABLES = {"email": ("people_emailclaim", "email"), "external": ("people_externalclaim", "external_id")}


def resolve(items: Mapping[int, Sequence[Key]], fixed: Mapping[int, int]) -> tuple[dict[int, int], set[int]]:
    """The person of every item, and which of them are new ids, of those whom nobody knows (without a contact row yet).

    items: index -> its keys, the strongest first. fixed: index -> person known already. Keys without an owner are
    claimed for the item's person. Runs in the caller's transaction; waits for others who claim the same keys.
    """
    wanted = {key for keys in items.values() for key in keys}
    while True:
        owners = owners_of(wanted)
        spare = new_ids(sum(1 for i, keys in items.items() if i not in fixed and not any(k in owners for k in keys)))
        fresh = set(spare)
        claims: dict[Key, int] = {}
        people: dict[int, int] = {}
        for index, keys in items.items():
            known = [fixed[index]] if index in fixed else []
            known += [owners.get(k) or claims[k] for k in keys if k in owners or k in claims]
            person = known[0] if known else spare.pop()
            people[index] = person
            claims.update({k: person for k in keys if k not in owners and k not in claims})
        lost = claim(claims)
        if not lost:
            return people, fresh
        _release({k: p for k, p in claims.items() if k not in lost})


def owners_of(keys: set[Key]) -> dict[Key, int]:
    """The owners of these keys; keys that nobody owns are left out."""
    out: dict[Key, int] = {}
    with connection.cursor() as cursor:
        for kind, (table, column) in _TABLES.items():
            values = [value for k, value in keys if k == kind]
            if values:
                cursor.execute(f"SELECT {column}, person_id FROM {table} WHERE {column} = ANY(%s)", [values])
                out.update({(kind, value): person for value, person in cursor.fetchall()})
    return out


def claim(claims: Mapping[Key, int]) -> set[Key]:
    """Claim each key for its person, in one order. Returns the keys that others have claimed before us."""
    lost: set[Key] = set()
    with connection.cursor() as cursor:
        for kind, (table, column) in _TABLES.items():
            rows = sorted((value, person) for (k, value), person in claims.items() if k == kind)
            if not rows:
                continue
            cursor.execute(
                f"INSERT INTO {table} ({column}, person_id) SELECT k, p FROM unnest(%s::text[], %s::bigint[]) "
                f"AS n(k, p) ORDER BY k ON CONFLICT DO NOTHING RETURNING {column}",
                [[value for value, _ in rows], [person for _, person in rows]],
            )
            won = {value for (value,) in cursor.fetchall()}
            lost |= {(kind, value) for value, _ in rows if value not in won}
    return lost


def _release(claims: Mapping[Key, int]) -> None:
    with connection.cursor() as cursor:
        for kind, (table, column) in _TABLES.items():
            rows = [(value, person) for (k, value), person in claims.items() if k == kind]
            if rows:
                cursor.execute(
                    f"DELETE FROM {table} t USING unnest(%s::text[], %s::bigint[]) AS n(k, p) "
                    f"WHERE t.{column} = n.k AND t.person_id = n.p",
                    [[value for value, _ in rows], [person for _, person in rows]],
                )


def new_ids(count: int) -> list[int]:
    """Ids for contacts to come."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('people_contact', 'id')) FROM generate_series(1, %s)", [count]
        )
        return [pk for (pk,) in reversed(cursor.fetchall())]
