"""A person walks through a journey while the clock travels from one thing that happens, or is due, to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from headwater.accounts.models import User
from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import starts
from headwater.journeys.engine import due
from headwater.journeys.models import Due, Journey, Passage, PassageLog
from headwater.messaging.models import Message, TrackedLink
from headwater.messaging.queries import ledger
from headwater.people import actions as people
from headwater.teamwork.models import Task
from headwater.timeline import dispatch
from headwater.timeline.actions import Custom, record

#: A Monday
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@dataclass
class Walk:
    """One person in one journey. Things are told as "4d 10:00 what": the day after AT, and the time."""

    journey: Journey
    person: int
    owner: int

    @property
    def mails(self) -> list[str]:
        """Each mail by its key, in order; a refused one with the reason."""
        keys = {
            step["settings"]["template"]: step_id
            for step_id, step in self.journey.draft["steps"].items()
            if step["kind"] == "send_email"
        }
        rows = Message.objects.filter(person_id=self.person).order_by("queued_at", "key")
        return [
            f"{_when(m.queued_at)} {keys[m.template_id]}" + (f" ({m.reason})" if m.status == "refused" else "")
            for m in rows
        ]

    @property
    def tasks(self) -> list[str]:
        """Each task with its kind, in order."""
        rows = Task.objects.filter(contact_id=self.person).order_by("created_at", "pk")
        assert {t.owner_id for t in rows} <= {self.owner}
        return [f"{_when(t.created_at)} {t.kind}: {t.title}" for t in rows]

    def addresses(self, step: str) -> list[str | None]:
        """Where the links in the mail of a step lead her."""
        template = self.journey.draft["steps"][step]["settings"]["template"]
        row = Message.objects.get(person_id=self.person, template_id=template)
        links = TrackedLink.objects.filter(template_id=row.template_id).exclude(url__contains="unsubscribe")
        return [ledger.destination(row, link.pk) for link in links.order_by("pk")]

    @property
    def end(self) -> str:
        """How it ended, or where she still is."""
        passage = Passage.objects.filter(person_id=self.person, journey_id=self.journey.pk).latest("entered_at")
        if passage.ended_at is None:
            return f"{passage.state} in {passage.step}"
        return f"{_when(passage.ended_at)} {passage.state}: {passage.outcome}"

    @property
    def steps(self) -> list[str]:
        rows = PassageLog.objects.filter(person_id=self.person).order_by("passage_id", "hop")
        return [f"{row.step}:{row.outcome}" for row in rows]

    # -- what happens --------------------------------------------------------------------------------------------------
    def event(self, kind: str, **data: Any) -> None:
        record(self.person, Custom(kind, data))

    def view(self, path: str) -> None:
        self.event("page.viewed", path=path)

    def mail(self, did: str, step: str) -> None:
        """ "clicked" or "opened" of the mail that this step sent."""
        self.event(f"mail.{did}", template=self.journey.draft["steps"][step]["settings"]["template"])

    def stage(self, stage: str) -> None:
        people.set_stage([self.person], stage, reason="", actor="user:1")


def _when(at: datetime) -> str:
    return f"{(at.date() - AT.date()).days}d {at:%H:%M}"


Happening = tuple[timedelta, Callable[[Walk], None]]


def walk(
    slug: str,
    cause: Callable[[Walk], None],
    *then: Happening,
    choices: dict[str, Any] | None = None,
    stage: str = "lead",
    **fields: Any,
) -> Walk:
    """Install and publish a template, let one person in, and go on until nothing is due any more."""
    with clock.freeze(AT):
        owner = User.objects.create_user("rep@x.example", "rep@x.example", first_name="Rep", takes_leads=True)
        person = people.create_contact(
            actor="user:1", first_name="Ada", last_name="Lovelace", email="ada@example.com", **fields
        )
        people.set_consent(person.pk, "email", "granted", topic="", proof={}, actor="user:1")
        people.set_owner([person.pk], owner.pk, reason="", actor="user:1")
        if stage != "lead":
            people.set_stage([person.pk], stage, reason="", actor="user:1")
        _drain()
    with clock.freeze(AT - timedelta(hours=1)):
        journey = actions.install(slug, actor="user:1", choices=choices, language="en")
        actions.publish(journey.pk, actor="user:1")
    found = Walk(journey, person.pk, owner.pk)
    _travel(found, [(timedelta(0), cause), *then])
    return found


def _travel(found: Walk, happenings: Sequence[Happening]) -> None:
    left = sorted(happenings, key=lambda h: h[0])
    while True:
        waiting = Due.objects.order_by("due_at").values_list("due_at", flat=True).first()
        comes = AT + left[0][0] if left else None
        at = min((t for t in (waiting, comes) if t is not None), default=None)
        if at is None:
            return
        assert at < AT + timedelta(days=400), "it does not end"
        with clock.freeze(at):
            if comes == at:
                left.pop(0)[1](found)
            _drain()


def _drain() -> None:
    while dispatch.run_once("journeys") or due.run_once():
        pass


def calendar(_walk: Walk) -> None:
    """What the clocks of dates let in."""
    while starts.run_once():
        pass
