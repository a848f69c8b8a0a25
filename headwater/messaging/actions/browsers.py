"""Browsers that take push messages: subscribed, given to who is behind them, ended. Subscribing is consent to the
channel `push`, ending the last browser of one's own will takes it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import transaction

from headwater.core import clock
from headwater.people.actions import ConsentChange, Visit, see, set_consents
from headwater.people.actions.consent import rows_of
from headwater.people.queries import visitor_people
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..channels import push
from ..facts import PushEnded, PushSubscribed
from ..models import PushDevice, VisitorPush
from ..rules import webpush
from ..rules.webpush import browser_id

Why = Literal["browser", "page", "gone", "other", "replaced"]
#: What a browser is told: it takes push messages; it does not (any more), so that it may forget its subscription
State = Literal["on", "ended"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a browser gives. proof: where and to which words somebody agreed."""

    endpoint: str
    p256dh: str
    auth: str
    agent: str = ""
    site_id: int | None = None
    proof: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        return browser_id(self.endpoint)

    def columns(self, at: datetime) -> dict[str, Any]:
        """As tables keep it."""
        return {
            "endpoint": self.endpoint, "p256dh": self.p256dh, "auth": self.auth, "agent": self.agent[:80],
            "site_id": self.site_id, "proof": dict(self.proof), "created_at": at, "ended_at": None, "ended_why": "",
            "ended_words": "",
        }  # fmt: skip


def checked(
    endpoint: str, p256dh: str, auth: str, *, user_agent: str, site_id: int | None, proof: Mapping[str, Any]
) -> Subscription | None:
    """What a browser gave, where it can be a subscription; else None."""
    if webpush.check(endpoint, p256dh, auth, plain=push.allowed(endpoint)):
        return None
    return Subscription(endpoint, p256dh, auth, webpush.agent(user_agent), site_id, dict(proof))


def subscribe(visitor_id: int, given: Subscription, *, asked: bool) -> State:
    """A browser says that it takes push messages. asked: somebody has just agreed; else the page only tells, on a later
    visit, which subscription its browser has.

    Nobody is given what another person agreed to: where the browser is somebody else's by now, the subscription ends
    for the one before, and begins for this one when she agrees herself.
    """
    now = clock.now()
    with transaction.atomic():
        person = see([Visit(visitor_id, now, views=0, site_id=given.site_id)])[visitor_id]
        owners = PushDevice.objects.filter(id=given.id, ended_at=None).values_list("person_id", flat=True)
        with in_lane(*{*owners, *([person] if person else [])}):
            if person is None:
                return _anonymous(visitor_id, given, now, asked)
            return _known(person, visitor_id, given, now, asked)


def subscribe_person(person_id: int, given: Subscription, *, actor: str) -> None:
    """An application of ours says that she has agreed in this browser."""
    now = clock.now()
    owners = PushDevice.objects.filter(id=given.id, ended_at=None).values_list("person_id", flat=True)
    with in_lane(person_id, *owners):
        _end(list(PushDevice.objects.filter(id=given.id, ended_at=None).exclude(person_id=person_id)), "other", now)
        VisitorPush.objects.filter(id=given.id).delete()
        _put([(person_id, None, given, now)], actor=actor)


def _known(person: int, visitor: int, given: Subscription, now: datetime, asked: bool) -> State:
    others = PushDevice.objects.filter(id=given.id, ended_at=None).exclude(person_id=person)
    _end(list(others), "other", now)
    own = PushDevice.objects.filter(person_id=person, id=given.id).first()
    told = VisitorPush.objects.filter(id=given.id, ended_at=None).order_by("-created_at").first()
    if not asked:
        if own is not None and own.ended_at is None:
            return "on"
        if told is None:
            return "ended"
        given = _of(told)
    VisitorPush.objects.filter(id=given.id).delete()
    if own is not None and own.ended_at is None:
        PushDevice.objects.filter(person_id=person, id=given.id).update(p256dh=given.p256dh, auth=given.auth)
        _agree([(person, given, now)])
        return "on"
    _put([(person, visitor, given, now if asked or told is None else told.created_at)])
    return "on"


def _anonymous(visitor: int, given: Subscription, now: datetime, asked: bool) -> State:
    told = VisitorPush.objects.filter(id=given.id).order_by("-created_at").first()
    if PushDevice.objects.filter(id=given.id, ended_at=None).exists():
        return "on"
    if not asked and told is None:
        return "ended"
    kept = given if asked or told is None else _of(told)
    at = now if asked or told is None else told.created_at
    VisitorPush.objects.filter(id=given.id).delete()
    VisitorPush.objects.create(visitor_id=visitor, id=given.id, **kept.columns(at))
    return "on"


def _of(row: PushDevice | VisitorPush) -> Subscription:
    return Subscription(row.endpoint, row.p256dh, row.auth, row.agent, row.site_id, row.proof)


def identified(pairs: Mapping[int, int]) -> None:
    """Visitors (visitor -> person) are known now: what their browsers agreed to goes along. A constant number of
    statements."""
    rows = list(VisitorPush.objects.filter(visitor_id__in=list(pairs), ended_at=None))
    if not rows:
        return
    with in_lane(*{pairs[r.visitor_id] for r in rows}):
        rows = list(VisitorPush.objects.filter(visitor_id__in=list(pairs), ended_at=None).select_for_update())
        VisitorPush.objects.filter(visitor_id__in=[r.visitor_id for r in rows]).delete()
        _put([(pairs[r.visitor_id], r.visitor_id, _of(r), r.created_at) for r in rows])


def follow(visitor_ids: Sequence[int]) -> None:
    """The same, of visitors as the facts name them: whoever they belong to now."""
    identified(visitor_people(list(visitor_ids)))


def _put(new: Sequence[tuple[int, int | None, Subscription, datetime]], actor: str = "visitor") -> None:
    """Begin subscriptions of (person, visitor, subscription, since when). The lanes are held."""
    rows = [PushDevice(person_id=p, visitor_id=v, id=s.id, **s.columns(at)) for p, v, s, at in new]
    PushDevice.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["person_id", "id"],
        update_fields=["visitor_id", *Subscription("", "", "").columns(clock.now())],
    )
    now = clock.now()
    facts = [(r.person_id, PushSubscribed(device=str(r.id), browser=r.agent, site=r.site_id)) for r in rows]
    record_many([NewFact(person, fact, now, actor=actor) for person, fact in facts])
    _agree([(p, s, at) for p, _, s, at in new], actor)


def _agree(items: Sequence[tuple[int, Subscription, datetime]], actor: str = "visitor") -> None:
    """Consent by subscribing; what she said after that (on another device) stays."""
    said = rows_of(list({p for p, _, _ in items}), "push")
    later = {p for p, row in said.items() if datetime.fromisoformat(row["at"]) > max(a for q, _, a in items if q == p)}
    changes = [ConsentChange(p, "push", "granted", proof=s.proof, at=at) for p, s, at in items if p not in later]
    set_consents(changes, actor=actor)


def unsubscribe_browser(endpoint: str, *, proof: Mapping[str, Any]) -> bool:
    """She has switched push messages off in this browser; it alone knows its address. Where it was her last one, she
    takes her consent back. Returns whether it was known."""
    pk = browser_id(endpoint)
    known = VisitorPush.objects.filter(id=pk).delete()[0] > 0
    people = PushDevice.objects.filter(id=pk, ended_at=None).values_list("person_id", flat=True)
    for person in sorted(set(people)):
        with in_lane(person):
            rows = list(PushDevice.objects.filter(person_id=person, id=pk, ended_at=None))
            _end(rows, "browser", clock.now())
            known = known or bool(rows)
            if rows and not PushDevice.objects.filter(person_id=person, ended_at=None).exists():
                set_consents([ConsentChange(person, "push", "withdrawn", proof=proof)], actor="visitor")
    return known


def stop_push(person_id: int, *, proof: Mapping[str, Any], actor: str) -> int:
    """No more push messages to her: all her browsers end, and her consent. Returns how many took them."""
    with in_lane(person_id):
        rows = list(PushDevice.objects.filter(person_id=person_id, ended_at=None))
        _end(rows, "page", clock.now())
        set_consents([ConsentChange(person_id, "push", "withdrawn", proof=proof)], actor=actor)
    return len(rows)


def end_browser(person_id: int, device: UUID, *, actor: str) -> bool:
    """A colleague ends one browser of hers; her consent stays."""
    with in_lane(person_id):
        rows = list(PushDevice.objects.filter(person_id=person_id, id=device, ended_at=None))
        _end(rows, "page", clock.now(), actor=actor)
    return bool(rows)


def replace_browser(before: str, given: Subscription) -> bool:
    """A browser's address has changed (`pushsubscriptionchange`): the new one takes the old one's place. Knowing the
    old address is the proof. Returns whether it was known."""
    old = browser_id(before)
    if old == given.id:
        return True
    waiting = VisitorPush.objects.filter(id=old).first()
    if waiting is not None:
        with transaction.atomic():
            VisitorPush.objects.filter(id__in=[old, given.id]).delete()
            columns = given.columns(waiting.created_at) | {"proof": waiting.proof, "site_id": waiting.site_id}
            VisitorPush.objects.create(visitor_id=waiting.visitor_id, id=given.id, **columns)
        return True
    found = PushDevice.objects.filter(id=old).order_by("-created_at").values_list("person_id", flat=True).first()
    if found is None:
        return False
    with in_lane(found):
        # One that its push service gave up a moment ago is replaced, too: that is how such a change may look to us.
        row = PushDevice.objects.filter(person_id=found, id=old, ended_why__in=("", "gone")).first()
        if row is None:
            return False
        _end([row] if row.ended_at is None else [], "replaced", clock.now())
        columns = given.columns(clock.now()) | {"proof": row.proof, "site_id": row.site_id}
        columns |= {"agent": given.agent or row.agent, "visitor_id": row.visitor_id}
        PushDevice.objects.update_or_create(person_id=found, id=given.id, defaults=columns)
    return True


def gone(items: Sequence[tuple[int, UUID, str]], *, at: datetime) -> None:
    """Push services say that these browsers (person, id, their words) take nothing any more. Their lanes are held; what
    people agreed to stays as it is, for nobody of them said a word."""
    if not items:
        return
    words = {(p, d): w for p, d, w in items}
    rows = PushDevice.objects.filter(pk__in=list(words), ended_at=None)
    _end(list(rows), "gone", at, words=words)


def _end(
    rows: Sequence[PushDevice],
    why: Why,
    at: datetime,
    *,
    words: Mapping[tuple[int, UUID], str] | None = None,
    actor: str = "visitor",
) -> None:
    if not rows:
        return
    for row in rows:
        row.ended_at, row.ended_why = at, why
        row.ended_words = (words or {}).get((row.person_id, row.id), "")[:300]
    PushDevice.objects.bulk_update(rows, ["ended_at", "ended_why", "ended_words"])
    who = "system" if why == "gone" else actor
    facts = [(r.person_id, PushEnded(device=str(r.id), browser=r.agent, why=why, words=r.ended_words)) for r in rows]
    record_many([NewFact(person, fact, at, actor=who) for person, fact in facts])
