"""Telling colleagues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from headwater.core import clock, wake
from headwater.core.arrays import columns

from ..models import Notification


@dataclass(frozen=True, slots=True)
class NewNotification:
    """Something for one user's bell. The same key is told once."""

    user_id: int
    text: str
    url: str
    key: str
    icon: str = "bell"


def notify(items: Sequence[NewNotification]) -> int:
    """Put notifications into the bells of their users, in one statement. Returns how many were new."""
    if not items:
        return 0
    rows = [(i.user_id, i.text[:300], i.url[:300], i.icon, f"{i.user_id}:{i.key}"[:160]) for i in items]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO teamwork_notification (user_id, text, url, icon, created_at, key) SELECT u, t, l, i, %s, k "
            "FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[]) AS v(u, t, l, i, k) "
            "ON CONFLICT (key) DO NOTHING",
            [clock.now(), *columns(rows)],
        )
        count = int(cursor.rowcount)
    wake.publish(*sorted({f"user:{i.user_id}" for i in items}))
    return count


def forget_about(urls: Sequence[str]) -> None:
    """Take what leads there out of all bells: the record is gone, or must not be quoted any more."""
    if not urls:
        return
    with transaction.atomic():
        rows = Notification.objects.filter(url__in=list(urls))
        users = set(rows.values_list("user_id", flat=True))
        rows.delete()
        wake.publish(*sorted(f"user:{pk}" for pk in users))


def mark_read(user_id: int, *, notification_id: int | None = None) -> int:
    """Mark one notification of a user, or all of hers, as read. Returns how many were unread."""
    unread = Notification.objects.filter(user_id=user_id, read_at=None)
    if notification_id is not None:
        unread = unread.filter(pk=notification_id)
    with transaction.atomic():
        count: int = unread.update(read_at=clock.now())
        if count:
            wake.publish(f"user:{user_id}")
    return count
