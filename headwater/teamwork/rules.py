"""Pure decisions: who is mentioned, how a note looks, when a task is late."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Literal
from zoneinfo import ZoneInfo

Bucket = Literal["overdue", "today", "upcoming", "someday"]


def mentioned(body: str, users: Mapping[int, tuple[str, str]]) -> list[int]:
    """Which users a text names: "@" and the full name, the first name, or the address. users: id -> (name, email).

    A first name that two users share names neither. Ids in ascending order.
    """
    text = body.casefold()
    firsts: dict[str, list[int]] = {}
    found = set()
    for pk, (name, email) in users.items():
        firsts.setdefault(name.split(" ")[0].casefold(), []).append(pk)
        if any(_names(text, full.casefold()) for full in (name, email) if full):
            found.add(pk)
    for first, pks in firsts.items():
        if first and len(pks) == 1 and _names(text, first):
            found.add(pks[0])
    return sorted(found)


def _names(text: str, who: str) -> bool:
    return re.search(rf"(?<!\w)@{re.escape(who)}(?!\w)", text) is not None


_INLINE = (
    (re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"(?<!\*)\*(?=\S)([^*]+?)(?<=\S)\*(?!\*)"), r"<em>\1</em>"),
    (re.compile(r"(?<![\w@])@(\w[\w.\-]*)"), r'<span class="tw-at">@\1</span>'),
)
_URL = re.compile(r"(https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]])")


def _inline(line: str) -> str:
    """One escaped line with its marks as HTML; an address is a link and takes no other mark."""
    parts = _URL.split(line)
    for i, part in enumerate(parts):
        if i % 2:
            safe = html.escape(part)
            parts[i] = f'<a class="lnk" href="{safe}" rel="noopener nofollow" target="_blank">{safe}</a>'
            continue
        text = html.escape(part, quote=False)
        for pattern, replacement in _INLINE:
            text = pattern.sub(replacement, text)
        parts[i] = text
    return "".join(parts)


def note_html(body: str) -> str:
    """A note's text as safe HTML: paragraphs, "- " lists, **bold**, *italic*, links, @mentions; all else escaped."""
    out: list[str] = []
    for block in re.split(r"\n\s*\n", body.strip()):
        for listed, run in groupby(block.splitlines(), key=lambda line: re.match(r"\s*[-*] ", line) is not None):
            if listed:
                out.append("<ul>" + "".join(f"<li>{_inline(line.lstrip()[2:])}</li>" for line in run) + "</ul>")
            else:
                out.append("<p>" + "<br>".join(_inline(line) for line in run) + "</p>")
    return "".join(out)


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The calendar day of a moment where its reader is."""
    return moment.astimezone(zone).date()


def bucket(due_at: datetime | None, now: datetime, zone: ZoneInfo) -> Bucket:
    """Where an open task belongs: past its moment, later today, on a later day, or without a date."""
    if due_at is None:
        return "someday"
    if due_at < now:
        return "overdue"
    return "today" if day_of(due_at, zone) == day_of(now, zone) else "upcoming"


def next_morning(now: datetime, zone: ZoneInfo, days: int = 1, hour: int = 9) -> datetime:
    """Nine o'clock, `days` days on, where the reader is (what "tomorrow" of Snooze means)."""
    local = now.astimezone(zone) + timedelta(days=days)
    return local.replace(hour=hour, minute=0, second=0, microsecond=0)
