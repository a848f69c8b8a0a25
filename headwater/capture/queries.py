"""Reading sites, forms, submissions, assets, and who is on the site now."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext as _
from msgspec import json

from headwater.core import clock
from headwater.messaging.actions import look
from headwater.people.models import Visitor
from headwater.people.queries import contacts, hue_of
from headwater.people.rules import country_name, initials

from .models import Asset, Form, FormSubmission, IntakeRejected, Site, SpamSubmission

#: A visitor counts as present this long after her last sign of life; the script gives one every minute.
PRESENT = timedelta(minutes=5)
#: A visit starts after a pause of this length.
PAUSE = timedelta(minutes=30)
#: Counts are exact up to here; beyond it is "10,000+".
CAP = 10_000


@dataclass(frozen=True, slots=True)
class FormRow:
    form: Form
    submissions: int  # at most CAP
    last_at: datetime | None
    spam: int  # waiting for a look


def forms() -> list[FormRow]:
    """All forms, the newest first, with what came in."""
    rows = list(Form.objects.select_related("asset").order_by("-active", "-created_at"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.id, "
            "(SELECT count(*) FROM (SELECT 1 FROM capture_formsubmission s WHERE s.form_id = f.id LIMIT %s) c), "
            "(SELECT at FROM capture_formsubmission s WHERE s.form_id = f.id ORDER BY at DESC LIMIT 1), "
            "(SELECT count(*) FROM (SELECT 1 FROM capture_spamsubmission p WHERE p.form_id = f.id AND "
            "p.released_at IS NULL LIMIT %s) c) FROM capture_form f",
            [CAP, CAP],
        )
        found = {pk: (n, at, spam) for pk, n, at, spam in cursor.fetchall()}
    return [FormRow(form, *found.get(form.pk, (0, None, 0))) for form in rows]


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    submission: FormSubmission
    name: str
    answers: list[tuple[str, Any]]

    @property
    def consents(self) -> list[tuple[str, str, dict[str, Any]]]:
        """What the form asked and she said: (icon, channel, {"text", "version", "given"})."""
        kept = self.submission.consent
        pairs = (("mail", _("E-mail"), kept), ("smartphone", _("SMS"), kept.get("sms") or {}))
        return [(icon, channel, said) for icon, channel, said in pairs if said.get("text")]

    @property
    def cursor(self) -> str:
        text = f"{self.submission.at.isoformat()} {self.submission.id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def submissions(form: Form, *, before: str = "", limit: int = 50) -> list[SubmissionRow]:
    """A page of a form's submissions, newest first. `before`: the cursor of the last row. Raises ValueError."""
    found = FormSubmission.objects.filter(form_id=form.pk)
    if before:
        try:
            text = base64.urlsafe_b64decode(before + "=" * (-len(before) % 4)).decode()
            at, _, key = text.partition(" ")
            moment, last = datetime.fromisoformat(at), UUID(key)
        except ValueError as error:
            raise ValueError(f"not a cursor: {before!r}") from error
        found = found.filter(at__lte=moment).extra(where=["(at, id) < (%s, %s)"], params=[moment, last])
    rows = list(found.order_by("-at", "-id")[:limit])
    people = contacts([r.person_id for r in rows])
    labels = [(f["key"], f["label"]) for f in form.fields]
    return [
        SubmissionRow(
            r,
            str(people.get(r.person_id) or f"#{r.person_id}"),
            [(label, r.data[key]) for key, label in labels if key in r.data],
        )
        for r in rows
    ]


def waiting_spam(form: Form, limit: int = 200) -> list[SpamSubmission]:
    """Submissions of a form that were set aside and wait for somebody to look, newest first."""
    return list(form.spam.filter(released_at=None).order_by("-at")[:limit])


def sites() -> list[Site]:
    """All sites, those that send first."""
    return list(Site.objects.order_by("-active", "name"))


def worker_problem(site: Site, address: str, home: str) -> str:
    """What is wrong with the service worker's file at that address of a site; "" where it is in its place."""
    if not address.startswith(("https://", "http://")):
        return gettext("This is not the address of a file on your site: it begins with https://")
    try:
        status, kind, text = look(address, guarded=not address.startswith(f"{home}/"))
    except OSError as error:
        return gettext("Nobody answers there: %(why)s") % {"why": error}
    if status != 200:
        return gettext("There is no such file: the answer is %(status)s.") % {"status": status}
    if f"/push/{site.public_key}/worker.js" not in text:
        return gettext("There is a file, but it is not the one for this site.")
    if "javascript" not in kind:
        return gettext("The file is there, but it is served as %(kind)s; browsers take text/javascript only.") % {
            "kind": kind or "?"
        }
    return ""


def assets() -> list[Asset]:
    """All assets, the newest first."""
    return list(Asset.objects.order_by("-active", "-created_at"))


def rejected(limit: int = 50) -> list[IntakeRejected]:
    """Intake rows that could not be digested, the newest first."""
    return list(IntakeRejected.objects.order_by("-rejected_at")[:limit])


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who is on a site now."""

    visitor: Visitor
    name: str  # "" while anonymous
    since: datetime
    pages: int
    source: str

    @property
    def time(self) -> str:
        """How long she has been here: 0:42, 12:05."""
        seconds = max(0, int((self.visitor.last_seen_at - self.since).total_seconds()))
        return f"{seconds // 60}:{seconds % 60:02}"

    @property
    def place(self) -> str:
        """Her country, in the reader's language."""
        return country_name(self.visitor.country, get_language() or "en")

    @property
    def initials(self) -> str:
        return initials(self.name)

    @property
    def hue(self) -> int:
        return hue_of(self.visitor.person_id or 0)


def present(limit: int = 100) -> list[Present]:
    """Who is on a site now, the latest sign of life first; a constant number of statements."""
    now = clock.now()
    seen = list(Visitor.objects.filter(last_seen_at__gt=now - PRESENT).order_by("-last_seen_at")[:limit])
    known = contacts([v.person_id for v in seen if v.person_id is not None])
    views = _views(seen, now - timedelta(hours=6))
    out = []
    for v in seen:
        since, pages = _visit(views.get(v.visitor_id, []), v.last_seen_at)
        name = str(known[v.person_id]) if v.person_id in known else ""
        out.append(Present(v, name, since, pages, _source(v.origin)))
    return out


def _views(seen: Sequence[Visitor], after: datetime) -> dict[int, list[datetime]]:
    """When each visitor viewed pages, newest first: from her own log while anonymous, else from her person's."""
    visitor_of = {v.person_id: v.visitor_id for v in seen if v.person_id is not None}
    anonymous = [v.visitor_id for v in seen if v.person_id is None]
    out: dict[int, list[datetime]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT visitor_id, at FROM timeline_visitorfact WHERE visitor_id = ANY(%s) AND at > %s AND "
            "kind = 'page.viewed'",
            [anonymous, after],
        )
        found = cursor.fetchall()
        cursor.execute(
            "SELECT person_id, at FROM timeline_fact WHERE person_id = ANY(%s) AND at > %s AND kind = 'page.viewed'",
            [list(visitor_of), after],
        )
        found += [(visitor_of[person], at) for person, at in cursor.fetchall()]
    for visitor, at in sorted(found, key=lambda pair: pair[1], reverse=True):
        out.setdefault(visitor, []).append(at)
    return out


def _visit(times: Sequence[datetime], last: datetime) -> tuple[datetime, int]:
    """Start and pages of the present visit: back in time until a pause."""
    start, pages = last, 0
    for at in times:
        if start - at > PAUSE:
            break
        start, pages = min(start, at), pages + 1
    return start, pages


def _source(origin: Any) -> str:
    said = json.decode(origin) if isinstance(origin, str) else origin or {}
    parts = [said.get("source", ""), said.get("campaign", "")]
    return " · ".join(part for part in parts if part)
