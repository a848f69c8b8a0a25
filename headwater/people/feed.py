"""A timeline as people read it: sentences, days, runs of equal facts folded into one line."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.template.loader import render_to_string
from django.utils import formats, timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext

from headwater.accounts.models import User
from headwater.core import clock
from headwater.core.ids import id_of
from headwater.timeline.queries import Entry

from . import registry

#: From so many on, neighbouring facts of one kind become one line.
RUN = 3
#: Of an event that nobody declared, so many of its properties are shown.
MOST_PROPERTIES = 6


@dataclass(slots=True)
class Line:
    entry: Entry
    sentence: SafeString
    ago: str
    iso: str = ""  # when, for machines
    when: str = ""  # when, in full
    box: SafeString = field(default_factory=lambda: SafeString(""))
    properties: list[tuple[str, str]] = field(default_factory=list)
    #: the facts of a run that this line stands for (itself among them)
    run: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class Day:
    """Lines below one heading."""

    key: str
    label: str
    lines: list[Line]


def days(entries: Sequence[Entry], people: Mapping[int, tuple[str, str]]) -> list[Day]:
    """Entries, newest first, as they are shown. people: person_id -> (name, address of her page or "")."""
    now = timezone.localtime(clock.now())
    actors = names_of_actors({e.actor for e in entries})
    boxes = _boxes(entries)
    out: list[Day] = []
    for e in entries:
        local = timezone.localtime(e.at)
        line = Line(
            e,
            _sentence(e, people.get(e.person_id, ("", "")), actors),
            ago(local, now),
            local.isoformat(),
            formats.date_format(local, "DATETIME_FORMAT"),
            boxes.get(e.id, _NONE),
        )
        if e.fact is None:
            line.properties = [(k, str(v)) for k, v in e.data.items() if v not in (None, "", [], {})][:MOST_PROPERTIES]
        key, label = heading(local, now)
        if not out or out[-1].key != key:
            out.append(Day(key, label, []))
        out[-1].lines.append(line)
    for day in out:
        day.lines = _fold(day.lines)
    return out


_NONE = SafeString("")


def _fold(lines: Iterable[Line]) -> list[Line]:
    out: list[Line] = []
    for line in lines:
        last = out[-1] if out else None
        same = last is not None and (last.entry.kind, last.entry.person_id) == (line.entry.kind, line.entry.person_id)
        if last is not None and same and not line.box and not last.box:
            last.run = last.run or [_alone(last)]
            last.run.append(line)
        else:
            out.append(line)
    flat: list[Line] = []
    for line in out:
        flat += line.run if 0 < len(line.run) < RUN else [line]
    return [_told(line) for line in flat]


def _alone(line: Line) -> Line:
    return replace(line, run=[])


def _told(line: Line) -> Line:
    """The sentence of a run: its own words where the kind has some, else the newest fact and how many more."""
    if not line.run:
        return line
    words = registry.runs.get(line.entry.kind)
    if words is not None:
        line.sentence = format_html("{}", words(len(line.run)))
    else:
        more = len(line.run) - 1
        rest = ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more}
        line.sentence = format_html('{} <span class="faint">{}</span>', line.sentence, rest)
    return line


def _sentence(entry: Entry, person: tuple[str, str], actors: Mapping[str, str]) -> SafeString:
    """The fact's sentence in the reader's language: names and values stand out, user data is isolated."""
    parts = _parts(gettext(entry.look.says))
    out = []
    for text, name, spec, _ in parts:
        out.append(conditional_escape(text))
        if name == "person":
            out.append(_strong(person[0], person[1], "semi"))
        elif name == "actor":
            shown = actors.get(entry.actor) or (person[0] if entry.actor == "visitor" else gettext("Headwater"))
            out.append(_strong(shown, "", "semi"))
        elif name:
            out.append(_value(entry, name.split(".")[0].split("[")[0], spec or ""))
    if person[1] and not any(name == "person" for _, name, _, _ in parts):
        # on a page about several people it must be said whom this is about
        out.append(format_html(' · <a class="med" href="{}"><bdi>{}</bdi></a>', person[1], person[0]))
    return mark_safe("".join(out))  # every part is escaped above


@lru_cache(maxsize=1024)
def _parts(says: str) -> list[tuple[str, str | None, str | None, str | None]]:
    try:
        return list(string.Formatter().parse(says))
    except ValueError:
        return [(says, None, None, None)]


def _value(entry: Entry, name: str, spec: str) -> SafeString:
    value = getattr(entry.fact, name, None) if entry.fact is not None else entry.data.get(name)
    known = f"{entry.kind}.{name}"
    word = registry.words.get(known)
    if word is not None:
        value = word(value)
    elif spec and isinstance(value, (int, float)):
        value = format(value, spec)
    if isinstance(value, tuple):
        return format_html('<span class="chip" data-h="{}"><bdi>{}</bdi></span>', value[1], value[0])
    link = registry.links.get(known)
    return _strong(str(value) if value not in (None, "") else "…", link(entry.data) if link else "", "med")


def _strong(text: str, url: str, weight: str) -> SafeString:
    if url:
        return format_html('<a class="{}" href="{}"><bdi>{}</bdi></a>', weight, url, text)
    return format_html('<b class="{}"><bdi>{}</bdi></b>', weight, text)


def names_of_actors(actors: Iterable[str]) -> dict[str, str]:
    """Names of actors: one statement for each sort of them."""
    by_sort: dict[str, list[int]] = {}
    for actor in actors:
        sort, _, pk = actor.partition(":")
        if (number := id_of(pk)) is not None:
            by_sort.setdefault(sort, []).append(number)
    out = {"system": "Headwater", "api": gettext("The API"), "import": gettext("An import")}
    for sort, pks in by_sort.items():
        if sort == "user":
            names: Mapping[int, str] = {u.pk: u.name for u in User.objects.filter(pk__in=pks)}
        else:
            known = registry.actor_names.get(sort)
            names = known(pks) if known else {}
        fallback = {"journey": gettext("A journey"), "api": out["api"], "import": out["import"]}.get(sort, "Headwater")
        out.update({f"{sort}:{pk}": names.get(pk, fallback) for pk in pks})
    return out


def _boxes(entries: Sequence[Entry]) -> dict[Any, SafeString]:
    """The details of facts whose kind has a box, by the entry's id."""
    out: dict[Any, SafeString] = {}
    by_kind: dict[str, list[Entry]] = {}
    for e in entries:
        if e.kind in registry.boxes:
            by_kind.setdefault(e.kind, []).append(e)
    for kind, some in by_kind.items():
        box = registry.boxes[kind]
        found = box.context(some)
        for e in some:
            if e.id in found:
                out[e.id] = render_to_string(box.template, {"entry": e, "box": found[e.id]})
    return out


def heading(at: datetime, now: datetime) -> tuple[str, str]:
    """The key and the words of the group that a moment belongs to."""
    local = timezone.localtime(at)
    gap = (now.date() - local.date()).days
    monday = now.date() - timedelta(days=now.weekday())
    if gap <= 0:
        return "today", gettext("Today")
    if gap == 1:
        return "yesterday", gettext("Yesterday")
    if local.date() >= monday:
        return "week", gettext("Earlier this week")
    if local.date() >= monday - timedelta(days=7):
        return "last-week", gettext("Last week")
    return f"{local:%Y-%m}", _date(local.date().replace(day=1), "YEAR_MONTH_FORMAT", get_language() or "en")


def ago(at: datetime, now: datetime | None = None) -> str:
    """When it was, in as few words as will do: "8 min ago", "Mon 16:20", "14 Nov"."""
    now = now or timezone.localtime(clock.now())
    local = timezone.localtime(at)
    seconds = (now - local).total_seconds()
    if seconds < 60:
        return gettext("just now")
    if seconds < 3600:
        return gettext("%(n)s min ago") % {"n": int(seconds // 60)}
    if local.date() == now.date() or seconds < 6 * 3600:
        return gettext("%(n)s h ago") % {"n": int(seconds // 3600)}
    language = get_language() or "en"
    if seconds < 6 * 86400:
        return f"{_date(local.date(), 'D', language)} {local:%H:%M}"
    return _date(local.date(), "MONTH_DAY_FORMAT" if local.year == now.year else "DATE_FORMAT", language)


@lru_cache(maxsize=4096)
def _date(day: date, pattern: str, language: str) -> str:
    """A date in the reader's words, in the language that is active. Lists say the same few hundred over and over."""
    return formats.date_format(day, pattern)
