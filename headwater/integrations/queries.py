"""How the machine room is: what operators look at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from headwater.accounts.queries import users
from headwater.core import actors
from headwater.core.config import config
from headwater.messaging.models import Outbox, PushOutbox, TextOutbox
from headwater.people.queries import contacts
from headwater.timeline import queries as log
from headwater.timeline.models import Operation, Parked, Replay
from headwater.timeline.partitions import Month, months
from headwater.timeline.queries import Worker
from headwater.timeline.registry import consumers
from headwater.timeline.replay import live_facts_wait

#: What a consumer of the log is called on the page; a key without a name stands for itself
_CALLED = {
    "audience": gettext_lazy("Scores and segments"),
    "journeys": gettext_lazy("Journeys"),
    "messaging": gettext_lazy("Consent and mail"),
    "insights": gettext_lazy("Dashboard figures"),
}


def called(consumer: str) -> str:
    """A reaction's name for people."""
    return str(_CALLED.get(consumer, consumer))


@dataclass(frozen=True, slots=True)
class ReactionLine:
    """consumer: its key; name: for people."""

    consumer: str
    name: str
    facts_behind: int
    oldest_seconds: float
    per_second: float | None
    parked: int
    replayable: bool


@dataclass(frozen=True, slots=True)
class ParkedLine:
    """name: the person's; "" where she is not there (any more)."""

    row: Parked
    name: str

    @property
    def reaction(self) -> str:
        return called(self.row.consumer)


@dataclass(frozen=True, slots=True)
class JournalLine:
    at: datetime
    who: str
    says: str
    note: str


@dataclass(frozen=True, slots=True)
class ReplayLine:
    row: Replay
    who: str

    @property
    def reaction(self) -> str:
        return called(self.row.consumer)


@dataclass(frozen=True, slots=True)
class Health:
    """lag: per reaction. parked: the newest facts that a reaction could not digest, how many there are, and how many
    of each consumer (key, name, number). Messages waiting, by channel, and the ones due now; the database's size in
    bytes; what operators did."""

    lag: list[ReactionLine]
    parked: list[ParkedLine]
    parked_count: int
    parked_by: list[tuple[str, str, int]]
    mails_waiting: int
    mails_overdue: int
    texts_waiting: int
    texts_overdue: int
    pushes_waiting: int
    pushes_overdue: int
    database_bytes: int
    journal: list[JournalLine]
    months: list[Month]
    replays: list[ReplayLine]
    live_first: bool
    written_per_second: float | None
    workers: list[Worker]
    keep_facts_months: int
    keep_anonymous_months: int


Row = TypeVar("Row", Operation, Replay)


def health(now: datetime) -> Health:
    """A constant number of statements, however much there is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        (size,) = cursor.fetchone()
    counts, (lags, written) = log.parked_counts(), log.standing(now)
    replays = [ReplayLine(row, who) for row, who in _by_whom(log.replays())]
    return Health(
        lag=[
            ReactionLine(
                one.consumer,
                called(one.consumer),
                one.facts_behind,
                one.oldest_seconds,
                one.per_second,
                counts.get(one.consumer, 0),
                can_replay(one.consumer),
            )
            for one in lags
        ],
        parked=named(log.parked(limit=20)),
        parked_count=sum(counts.values()),
        parked_by=[(key, called(key), n) for key, n in sorted(counts.items())],
        mails_waiting=Outbox.objects.count(),
        mails_overdue=Outbox.objects.filter(due_at__lt=now).count(),
        texts_waiting=TextOutbox.objects.count(),
        texts_overdue=TextOutbox.objects.filter(due_at__lt=now).count(),
        pushes_waiting=PushOutbox.objects.count(),
        pushes_overdue=PushOutbox.objects.filter(due_at__lt=now).count(),
        database_bytes=size,
        journal=_journal(log.journal()),
        months=months(),
        replays=replays,
        live_first=any(r.row.state == Replay.RUNNING for r in replays) and live_facts_wait(),
        written_per_second=written,
        workers=log.workers(now),
        keep_facts_months=config.keep_facts_months,
        keep_anonymous_months=config.keep_anonymous_months,
    )


def named(rows: Sequence[Parked]) -> list[ParkedLine]:
    """Parked facts with the names of their people."""
    people = contacts([row.person_id for row in rows])
    return [ParkedLine(row, people[row.person_id].name if row.person_id in people else "") for row in rows]


def can_replay(consumer: str) -> bool:
    """Whether hearing the history again does no harm to this reaction."""
    found = consumers().get(consumer)
    return found is not None and found.replay is not None


def _journal(rows: Sequence[Operation]) -> list[JournalLine]:
    return [JournalLine(row.at, who, _says(row), row.note) for row, who in _by_whom(rows)]


def _by_whom(rows: Sequence[Row]) -> list[tuple[Row, str]]:
    """Rows with the name of who did it: the user's, else the actor as it is ("system", "api:3")."""
    names = users([pk for row in rows if (pk := actors.user_id(row.actor)) is not None])
    found = [(row, names.get(actors.user_id(row.actor) or 0)) for row in rows]
    return [(row, user.name if user else row.actor) for row, user in found]


def _says(row: Operation) -> str:
    """The line of the journal as a sentence."""
    n = row.detail.get("facts", 0)
    sentences = {
        "parked.retried": ngettext(
            "%(facts)s fact of %(subject)s tried again, with success",
            "%(facts)s facts of %(subject)s tried again, with success",
            n,
        ),
        "parked.discarded": ngettext(
            "%(facts)s fact of %(subject)s discarded", "%(facts)s facts of %(subject)s discarded", n
        ),
        "replay.started": _("Replay of %(subject)s started, since %(since)s"),
        "replay.stopped": _("Replay of %(subject)s stopped after %(facts)s facts"),
        "replay.done": _("Replay of %(subject)s done, %(facts)s facts heard again"),
        "month.retired": _("Month %(subject)s retired, about %(facts)s facts"),
        "person.erased": _("%(subject)s erased everywhere"),
        "anonymous.forgotten": _("%(facts)s facts of anonymous visitors forgotten, up to %(subject)s"),
    }
    subject = called(row.subject) if row.what.startswith(("parked.", "replay.")) else row.subject
    words = {"subject": subject, "facts": n, "since": row.detail.get("since", "")[:10]}
    return sentences.get(row.what, f"{row.what}: %(subject)s") % words
