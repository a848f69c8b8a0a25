"""Topics from what people look at, download, click and ask for."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from .book import Book
from .scoring import Happened

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
_TEXTS = ("path", "url", "title", "asset", "name", "form", "subject")


def gather(events: Sequence[Happened], book: Book) -> set[tuple[int, int]]:
    """Add the batch's signs of interest; returns the (person, topic) pairs that grew."""
    if not book.topics:
        return set()
    weight: dict[tuple[int, int], int] = defaultdict(int)
    last: dict[tuple[int, int], datetime] = {}
    for e in events:
        step = WEIGHTS.get(e.kind)
        if not step:
            continue
        for topic in topics_of(e, book):
            key = (e.person_id, topic)
            weight[key] += step
            last[key] = max(last.get(key, e.at), e.at)
    _upsert([(p, t, w, last[p, t]) for (p, t), w in weight.items()])
    return set(weight)


def topics_of(event: Happened, book: Book) -> set[int]:
    """The topics that a fact shows interest in."""
    paths = [str(event.data[k]).lower() for k in _PATHS if event.data.get(k)]
    words = " ".join(str(event.data[k]).lower() for k in _TEXTS if event.data.get(k))
    words = re.sub(r"[-_/.]+", " ", words)
    names = {match: [str(event.data[k]).lower() for k in keys if event.data.get(k)]
             for match, (kind, keys) in _NAMED.items() if event.kind in kind}  # fmt: skip
    out = set()
    for topic, match, value in book.topics:
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


def _upsert(rows: list[tuple[int, int, int, datetime]]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_interest AS i (person_id, topic_id, weight, last_at) "
            "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::timestamptz[]) "
            "ON CONFLICT (person_id, topic_id) DO UPDATE SET weight = i.weight + EXCLUDED.weight, "
            "last_at = GREATEST(i.last_at, EXCLUDED.last_at)",
            [list(c) for c in zip(*rows, strict=True)],
        )
