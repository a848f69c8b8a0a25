"""What values, events and properties there are in truth: what the editor suggests while typing.

Each answer reads at most a fixed number of rows, the newest ones, through an index; one that took long is kept for a
minute. So a suggestion may miss what is rare in a large base; whatever is typed counts all the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.core.cache import caches
from django.db import connection

from .fields import field, names_of
from .nodes import LEAVES
from .records import RecordsLeaf

#: Rows that an answer looks at, and values it keeps
ROWS, KEPT = 20_000, 500
#: Answers that took longer (seconds) are kept so long
SLOW, KEEP = 0.05, 60

Value = tuple[str, int]
cache = caches["local"]


def _kept(name: str, make: Callable[[], Any]) -> Any:
    found = cache.get(f"seen:{name}")
    if found is not None:
        return found
    began = time.perf_counter()
    made = make()
    if time.perf_counter() - began > SLOW:
        cache.set(f"seen:{name}", made, KEEP)
    return made


def _rows(sql: str, args: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, args)
        return list(cursor.fetchall())


def field_values(name: str) -> list[Value]:
    """(value, how many of the newest contacts have it) of a field, most frequent first. Raises ValueError where
    there is no such field."""
    found = field(name)
    x, args = found.column, []
    if found.custom:
        x, args = f"{found.column} ->> %s", [found.custom]
    lists = found.type in ("texts", "choices")
    if lists:
        x = f"unnest({x})"

    def make() -> list[Value]:
        company = "JOIN people_company co ON co.id = c.company_id " if found.company else ""
        return _rows(
            f"SELECT v::text, count(*) FROM (SELECT {x} AS v FROM (SELECT * FROM people_contact ORDER BY id DESC "
            f"LIMIT {ROWS}) c {company}) s WHERE v IS NOT NULL AND v::text <> '' GROUP BY 1 ORDER BY 2 DESC, 1 "
            f"LIMIT {KEPT}",
            args,
        )

    return list(_kept(f"field:{name}", make))


def custom_fields() -> list[dict[str, Any]]:
    """Custom fields that the newest contacts and companies have: name, label, and the type that their values look
    like (what "as" may say)."""
    return list(_kept("custom", lambda: [f for table in ("contact", "company") for f in _custom_of(table)]))


def _custom_of(table: str) -> list[dict[str, Any]]:
    rows = _rows(
        "SELECT v.key, array_agg(DISTINCT jsonb_typeof(v.value)), bool_and(v.value #>> '{}' ~ %s) "
        f"FROM (SELECT custom FROM people_{table} ORDER BY id DESC LIMIT {ROWS // 10}) t, jsonb_each(t.custom) v "
        "WHERE v.value NOT IN ('null', '\"\"') GROUP BY v.key ORDER BY v.key LIMIT %s",
        [r"^\d{4}-\d{2}-\d{2}", KEPT],
    )
    return [
        {"name": f"{table}.custom.{key}", "label": key.replace("_", " "), "type": _looks_like(shapes, dated),
         "choices": None}
        for key, shapes, dated in rows if _is_field(f"{table}.custom.{key}")
    ]  # fmt: skip


def _looks_like(shapes: list[str], dated: bool) -> str:
    if dated:
        return "date"
    types = {"number": "number", "boolean": "boolean", "array": "choices"}
    return types.get(shapes[0], "text") if len(shapes) == 1 else "text"


def _is_field(name: str) -> bool:
    try:
        return bool(field(name))
    except ValueError:
        return False


def kinds() -> list[str]:
    """The kinds of facts that people have, found by leaps through the index."""

    def make() -> list[str]:
        rows = _rows(
            "WITH RECURSIVE k AS ((SELECT kind FROM timeline_fact ORDER BY kind LIMIT 1) UNION ALL "
            "SELECT (SELECT f.kind FROM timeline_fact f WHERE f.kind > k.kind ORDER BY f.kind LIMIT 1) FROM k "
            "WHERE k.kind IS NOT NULL) SELECT kind FROM k WHERE kind IS NOT NULL LIMIT %s",
            [KEPT],
        )
        return [kind for (kind,) in rows]

    return list(_kept("kinds", make))


_SAMPLE = "(SELECT data FROM timeline_fact WHERE kind = %s ORDER BY person_id DESC, at DESC LIMIT %s) f"


def properties(kind: str) -> list[Value]:
    """(property, how many facts of the sample have it); those of an object within come as "fields.company"."""

    def make() -> list[Value]:
        return _rows(
            f"SELECT p, count(*) FROM (SELECT CASE WHEN i.key IS NULL THEN o.key ELSE o.key || '.' || i.key END AS p "
            f"FROM {_SAMPLE} CROSS JOIN LATERAL jsonb_each(f.data) o LEFT JOIN LATERAL jsonb_object_keys("
            "CASE WHEN jsonb_typeof(o.value) = 'object' THEN o.value END) i(key) ON true) s "
            "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %s",
            [kind, ROWS // 10, KEPT],
        )

    return list(_kept(f"props:{kind}", make))


def property_values(kind: str, name: str) -> list[Value]:
    """(value, how many facts of the sample have it) of a property, most frequent first."""

    def make() -> list[Value]:
        return _rows(
            f"SELECT coalesce(f.data ->> %s, f.data #>> %s) AS v, count(*) FROM {_SAMPLE} "
            "WHERE coalesce(f.data ->> %s, f.data #>> %s) <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %s",
            [name, name.split("."), kind, ROWS // 4, name, name.split("."), KEPT],
        )

    return list(_kept(f"values:{kind}:{name}", make))


def record_values(leaf: str, name: str) -> list[Value]:
    """(value, how many of the newest records have it) of a text of a record (the products of orders), most frequent
    first. Raises ValueError where there is no such record or text."""
    cls = LEAVES.get(leaf)
    records = cls if cls is not None and issubclass(cls, RecordsLeaf) else None
    found = records.fields.get(name) if records else None
    if records is None or found is None or found.type != "text":
        raise ValueError(f"there is no text {name!r} of {leaf!r}")
    key = f"{records.person.partition('.')[0]}.id"
    parts = f"CROSS JOIN LATERAL (SELECT {found.column} AS v FROM {found.each}) e" if found.each else ""

    def make() -> list[Value]:
        return _rows(
            f"SELECT v, count(*) FROM (SELECT {'e.v' if parts else found.column} AS v FROM {records.table} {parts} "
            f"ORDER BY {key} DESC LIMIT {ROWS}) s WHERE v <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {KEPT}",
            [],
        )

    return list(_kept(f"record:{leaf}:{name}", make))


def consent_topics() -> list[Value]:
    """(topic, how many of the newest consents are for it), most frequent first."""

    def make() -> list[Value]:
        return _rows(
            f"SELECT topic, count(*) FROM (SELECT topic FROM people_consent ORDER BY person_id DESC LIMIT {ROWS}) s "
            f"WHERE topic <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {KEPT}",
            [],
        )

    return list(_kept("consent_topics", make))


#: What `suggest` takes, for who asks for anything else
OFFERED = '"field:NAME", "kinds", "props:KIND", "prop:KIND:NAME", "record:LEAF:FIELD", "topics" or "tags"'


def suggest(of: str, text: str = "", limit: int = 20) -> list[Value]:
    """Values for an input. of: one of OFFERED; text: what they contain (or their names, where they are codes), without
    regard to case. Those that begin with it come first. Raises ValueError on another `of`."""
    what, _colon, rest = of.partition(":")
    names: dict[str, str] = {}
    if what == "field":
        found, names = field_values(rest), names_of(field(rest))
    elif what == "props":
        found = properties(rest)
    elif what == "prop":
        kind, _colon, name = rest.partition(":")
        found = property_values(kind, name)
    elif what == "record":
        leaf, _colon, name = rest.partition(":")
        found = record_values(leaf, name)
    elif what == "topics":
        found = consent_topics()
    elif what == "kinds":
        found = [(kind, 0) for kind in kinds()]
    elif what == "tags":
        found = [(t, 0) for (t,) in _rows("SELECT name FROM people_tag ORDER BY name LIMIT 1000", [])]
    else:
        raise ValueError(f"must be {OFFERED}")
    needle = text.strip().casefold()
    said = [(v, n, names.get(v, v).casefold()) for v, n in found]
    fits = [one for one in said if needle in one[0].casefold() or needle in one[2]]
    fits.sort(key=lambda one: not (one[0].casefold().startswith(needle) or one[2].startswith(needle)))
    return [(v, n) for v, n, _name in fits[:limit]]
