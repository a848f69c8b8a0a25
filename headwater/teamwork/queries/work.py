"""Reading tasks, notes, calls and notifications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from headwater.accounts.models import User, Workspace
from headwater.accounts.queries import Colleague
from headwater.people.models import Contact

from ..models import Call, Note, Notification, Task

View = Literal["open", "overdue", "today", "upcoming", "done"]
VIEWS: tuple[View, ...] = ("open", "overdue", "today", "upcoming", "done")
#: Counters above this show as "99+".
COUNT_CAP = 100


def zone_of(user: User) -> ZoneInfo:
    """Where a user's days begin and end: her own time zone, else the workspace's. Looked up once for a request, whose
    sections all ask: the user remembers it."""
    kept = vars(user)
    if "_zone" not in kept:
        kept["_zone"] = _zone(user.time_zone) or _zone(_workspace_zone()) or ZoneInfo("UTC")
    return kept["_zone"]  # type: ignore[no-any-return]


def _workspace_zone() -> str:
    return Workspace.objects.values_list("time_zone", flat=True).filter(pk=1).first() or ""


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def zone_of_current() -> ZoneInfo:
    """The time zone that the request runs in."""
    return ZoneInfo(timezone.get_current_timezone_name())


def end_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """The midnight that ends the day of `now` in `zone`."""
    local = now.astimezone(zone) + timedelta(days=1)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class Page:
    """Some tasks, and the cursor of the next page ("" on the last one)."""

    tasks: list[Task]
    next: str


def tasks(
    *, view: View, now: datetime, zone: ZoneInfo, owner_id: int | None = None, after: str = "", limit: int = 50
) -> Page:
    """A page of tasks: open ones by due time, done ones by completion, newest first. owner_id None: everybody's.

    Raises ValueError on a malformed cursor.
    """
    rows = Task.objects.select_related("contact", "contact__company", "owner").only(
        *[f.attname for f in Task._meta.concrete_fields],
        *("contact__name", "contact__email", "contact__company__name"),
        *("owner__first_name", "owner__last_name", "owner__email", "owner__hue"),
    )
    if owner_id is not None:
        rows = rows.filter(owner_id=owner_id)
    rows = _within(rows, view, now, zone)
    if after:
        rows = _after(rows, view, after)
    order = (F("done_at").desc(), "-id") if view == "done" else (F("due_at").asc(nulls_last=True), "id")
    found = list(rows.order_by(*order)[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    if not more:
        return Page(found, "")
    last = found[-1]
    moment = last.done_at if view == "done" else last.due_at
    return Page(found, f"{moment.isoformat() if moment else ''}~{last.pk}")


def _within(rows: QuerySet[Task], view: View, now: datetime, zone: ZoneInfo) -> QuerySet[Task]:
    if view == "done":
        return rows.filter(done_at__isnull=False)
    rows = rows.filter(done_at=None)
    if view == "overdue":
        return rows.filter(due_at__lt=now)
    if view == "today":
        return rows.filter(due_at__gte=now, due_at__lt=end_of_day(now, zone))
    if view == "upcoming":
        return rows.filter(Q(due_at__gte=end_of_day(now, zone)) | Q(due_at=None))
    return rows


def _after(rows: QuerySet[Task], view: View, after: str) -> QuerySet[Task]:
    at, _, pk = after.rpartition("~")
    try:
        moment, last = (datetime.fromisoformat(at) if at else None), int(pk)
    except ValueError as error:
        raise ValueError(f"not a cursor of tasks: {after!r}") from error
    if view == "done":
        return rows.filter(Q(done_at__lt=moment) | Q(done_at=moment, pk__lt=last))
    if moment is None:
        return rows.filter(due_at=None, pk__gt=last)
    return rows.filter(Q(due_at__gt=moment) | Q(due_at=moment, pk__gt=last) | Q(due_at=None))


def counts(*, now: datetime, zone: ZoneInfo, owner_id: int | None) -> dict[str, int]:
    """How many open tasks are overdue, due today and upcoming; each at most COUNT_CAP."""
    rows = Task.objects.all() if owner_id is None else Task.objects.filter(owner_id=owner_id)
    return {v: _within(rows, v, now, zone)[:COUNT_CAP].count() for v in ("overdue", "today", "upcoming")}


class PanelTask(NamedTuple):
    """A task as the panels of records show it."""

    pk: int
    title: str
    due_at: datetime | None
    done_at: datetime | None
    owner: Colleague | None


def for_contact(person_id: int, *, done: int = 3) -> list[PanelTask]:
    """A person's open tasks by due time, then the last few that were done."""
    return _of("contact_id", person_id, done)


def for_deal(deal_id: int, *, done: int = 5) -> list[PanelTask]:
    """A deal's open tasks by due time, then the last few that were done."""
    return _of("deal_id", deal_id, done)


def _of(column: Literal["contact_id", "deal_id"], pk: int, done: int) -> list[PanelTask]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.id, t.title, t.due_at, t.done_at, u.id, u.first_name, u.last_name, u.email, u.hue FROM ("
            f"(SELECT * FROM teamwork_task WHERE {column} = %s AND done_at IS NULL ORDER BY due_at, id LIMIT 20) "
            f"UNION ALL (SELECT * FROM teamwork_task WHERE {column} = %s AND done_at IS NOT NULL "
            "ORDER BY done_at DESC LIMIT %s)) t LEFT JOIN accounts_user u ON u.id = t.owner_id "
            "ORDER BY t.done_at DESC NULLS FIRST, t.due_at, t.id",
            [pk, pk, done],
        )
        return [
            PanelTask(pk, title, due_at, done_at, Colleague.of(*owner) if owner[0] else None)
            for pk, title, due_at, done_at, *owner in cursor.fetchall()
        ]


def next_activities(deal_ids: Sequence[int]) -> dict[int, str]:
    """For each of these deals the title of its open task that is due first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (deal_id) deal_id, title FROM teamwork_task WHERE deal_id = ANY(%s) "
            "AND done_at IS NULL ORDER BY deal_id, due_at NULLS LAST, id",
            [list(deal_ids)],
        )
        return dict(cursor.fetchall())


def with_open_task(person_ids: Sequence[int]) -> set[int]:
    """Which of these people somebody has an open task about."""
    rows = Task.objects.filter(contact_id__in=list(person_ids), done_at=None).values_list("contact_id", flat=True)
    return {pk for pk in rows if pk is not None}


def notes(
    *, person_id: int | None = None, deal_id: int | None = None, company_id: int | None = None, limit: int = 20
) -> list[Note]:
    """The newest notes about a person, a deal or a company."""
    rows = Note.objects.select_related("author")
    if deal_id is not None:
        rows = rows.filter(deal_id=deal_id)
    elif person_id is not None:
        rows = rows.filter(contact_id=person_id)
    else:
        rows = rows.filter(company_id=company_id or 0)
    return list(rows.order_by("-created_at", "-id")[:limit])


def calls(*, person_id: int | None = None, deal_id: int | None = None, limit: int = 20) -> list[Call]:
    """The newest calls with a person, or about a deal."""
    rows = Call.objects.select_related("user")
    rows = rows.filter(deal_id=deal_id) if deal_id is not None else rows.filter(contact_id=person_id or 0)
    return list(rows.order_by("-at", "-id")[:limit])


def unread(user_id: int) -> int:
    """How many notifications a user has not read, at most COUNT_CAP."""
    return Notification.objects.filter(user_id=user_id, read_at=None)[:COUNT_CAP].count()


def notifications(user_id: int, *, before: int | None = None, limit: int = 30) -> list[Notification]:
    """A user's notifications, newest first; `before`: the id of the last one of the page above."""
    rows = Notification.objects.filter(user_id=user_id)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-pk")[:limit])


def contact_or_none(person_id: int) -> Contact | None:
    return Contact.objects.select_related("company", "owner").filter(pk=person_id).first()
