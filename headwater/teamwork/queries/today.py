"""The Today page: lean rows, as 90 lines of models with their people and companies would be 300 of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection

from headwater.accounts.models import User
from headwater.core import clock

from ..registry import TodayItem, TodaySource, today_sources
from .work import COUNT_CAP

#: The score model that says who is hot (audience).
ENGAGEMENT = "engagement"


@dataclass(frozen=True)
class Section:
    source: TodaySource
    items: list[TodayItem]


def today(user: User, now: datetime, *, limit: int = 30) -> list[Section]:
    """The Today page of a user: every source's lines in the sources' order; empty ones left out where they say so."""
    sections: list[Section] = []
    covered: set[int | None] = set()
    for source in sorted(today_sources, key=lambda s: s.order):
        found = source.find(user, now, limit)
        items = [i for i in found if not (i.task_id and i.icon == "phone" and i.person_id in covered)]
        if source.covers_calls:
            covered |= {i.person_id for i in items}
        sections.append(Section(source, items))
    return [s for s in sections if s.items or s.source.empty]


class DueTask(NamedTuple):
    """An open task with whom it is about; `person_id` None: nobody, with empty names."""

    id: int
    title: str
    note: str
    kind: str
    due_at: datetime
    person_id: int | None
    name: str
    company: str


_NAME = "coalesce(nullif(c.name, ''), nullif(c.email, ''), '#' || c.id, '')"


def due(owner_id: int, *, since: datetime | None, until: datetime, limit: int) -> list[DueTask]:
    """Open tasks of a user that are due in [since, until), the most urgent first; since None: from the beginning."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.id, t.title, t.note, t.kind, t.due_at, c.id, {_NAME}, coalesce(co.name, '') "
            "FROM teamwork_task t LEFT JOIN people_contact c ON c.id = t.contact_id "
            "LEFT JOIN people_company co ON co.id = c.company_id WHERE t.owner_id = %s AND t.done_at IS NULL "
            "AND t.due_at >= coalesce(%s, '-infinity'::timestamptz) AND t.due_at < %s ORDER BY t.due_at, t.id LIMIT %s",
            [owner_id, since, until, limit],
        )
        return [DueTask(*found) for found in cursor.fetchall()]


def due_count(user: User) -> int:
    """How many tasks of a user are due by now or within a day, at most COUNT_CAP: the number in the sidebar."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM teamwork_task WHERE owner_id = %s AND done_at IS NULL AND due_at < %s "
            "LIMIT %s) due",
            [user.pk, clock.now() + timedelta(days=1), COUNT_CAP],
        )
        return int(cursor.fetchone()[0])


class HotLead(NamedTuple):
    person_id: int
    name: str
    company: str
    points: int


def hot_without_step(user_id: int, limit: int) -> list[HotLead]:
    """Hot leads of a user, or of nobody, who are no customers and about whom there is no open task, hottest first.

    One statement along the index of hot scores: the model is a value and no join, or the index's order is lost.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT s.person_id, {_NAME}, coalesce(co.name, ''), s.points FROM audience_personscore s "
            "JOIN people_contact c ON c.id = s.person_id LEFT JOIN people_company co ON co.id = c.company_id "
            "WHERE s.model_id = (SELECT coalesce(space, id) FROM audience_scoremodel WHERE key = %s) "
            "AND s.band = 'hot' AND (c.owner_id = %s OR c.owner_id IS NULL) "
            "AND c.stage IN ('lead', 'mql', 'sql', 'opportunity') "
            "AND NOT EXISTS (SELECT 1 FROM teamwork_task t WHERE t.contact_id = s.person_id AND t.done_at IS NULL) "
            "ORDER BY s.points DESC, s.person_id LIMIT %s",
            [ENGAGEMENT, user_id, limit],
        )
        return [HotLead(*found) for found in cursor.fetchall()]
