"""Topics from what people look at, download, click and ask for. A topic is a score of its own: its signs are lines of
the ledger, they decay as the topic says, and what they are worth is her interest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection

from headwater.core.arrays import columns

from .book import Book
from .ledger import Entry, Happened, Worth

#: The rule of lines that are signs of a topic
SIGN = -1
#: What a sign weighs by its kind of fact.
WEIGHTS = {
    "page.viewed": 1,
    "link.clicked": 2,
    "mail.clicked": 2,
    "asset.downloaded": 3,
    "file.downloaded": 3,
    "form.submitted": 3,
}
_PATHS = ("path", "url")
#: What a sign is about -> kinds of facts, and the properties that name it
_NAMED = {
    "asset": (("asset.downloaded", "file.downloaded"), ("name",)),
    "form": (("form.submitted",), ("name",)),
    "link": (("link.clicked", "mail.clicked"), ("href", "url")),
}
#: What names it for people to read
_ABOUT = ("title", "name", "subject", "path", "href", "url")
_TEXTS = ("path", "url", "title", "asset", "name", "form", "subject")


def signs(events: Sequence[Happened], book: Book, space: int | None = None) -> list[Entry]:
    """The lines of the ledger that facts mean to topics (space: to one of them only)."""
    if not book.signs:
        return []
    lines = []
    for e in events:
        step = WEIGHTS.get(e.kind)
        if step:
            found = [of for of in topics_of(e, book) if space is None or of == space]
            lines += [Entry(e.person_id, e.at, e.id, SIGN, of, step, e.kind, _about(e)) for of in found]
    return lines


def _about(event: Happened) -> str:
    """What somebody saw, clicked or asked for, in its own words."""
    return next((str(event.data[k])[:200] for k in _ABOUT if event.data.get(k)), "")


def topics_of(event: Happened, book: Book) -> set[int]:
    """The spaces of the topics that a fact shows interest in."""
    paths = [str(event.data[k]).lower() for k in _PATHS if event.data.get(k)]
    words = " ".join(str(event.data[k]).lower() for k in _TEXTS if event.data.get(k))
    words = re.sub(r"[-_/.]+", " ", words)
    names = {match: [str(event.data[k]).lower() for k in keys if event.data.get(k)]
             for match, (kind, keys) in _NAMED.items() if event.kind in kind}  # fmt: skip
    out = set()
    for topic, match, value in book.signs:
        if topic in out:
            continue
        if match == "path":
            fits = any(p.startswith(value) for p in paths)
        elif match == "keyword":
            fits = value in words
        elif match == "link":
            fits = any(value in address for address in names.get("link", ()))
        else:
            fits = value in names.get(match, ())
        if fits:
            out.add(topic)
    return out


def settle(delta: Mapping[tuple[int, int], int], aged: Worth, now: datetime) -> None:
    """Set what people's signs are worth: (person, space) to which so much came, and what it is worth where it
    decays."""
    put([(*key, *aged[key], False) if key in aged else (*key, plus, None, True) for key, plus in delta.items()], now)


def put(rows: Sequence[tuple[int, int, int, datetime | None, bool]], now: datetime) -> None:
    """Write interests: (person, space, weight, when time changes it, whether the weight is added to what is there)."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_interest AS i (person_id, topic_id, weight, turns_at, last_at) "
            "SELECT n.p, -n.s, n.w + CASE WHEN n.more THEN coalesce(o.weight, 0) ELSE 0 END, n.t, coalesce((SELECT "
            "max(e.at) FROM audience_scoreentry e WHERE e.person_id = n.p AND e.model_id = n.s), o.last_at, %s) "
            "FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::timestamptz[], %s::bool[]) AS n(p, s, w, t, more) "
            "LEFT JOIN audience_interest o ON o.person_id = n.p AND o.topic_id = -n.s AND o.person_id = ANY(%s) "
            "ON CONFLICT (person_id, topic_id) DO UPDATE SET weight = EXCLUDED.weight, last_at = EXCLUDED.last_at, "
            "turns_at = EXCLUDED.turns_at",
            [now, *columns(rows, 5), list({row[0] for row in rows})],
        )
