"""What comes over the wire: shapes, limits, and errors that name the item, the field and the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct, ValidationError, json

from headwater.capture.facts import OPEN_KINDS
from headwater.capture.rules import TOKEN
from headwater.core.facts import KINDS

MAX_BODY = 256 * 1024
MAX_ITEMS = 500
MAX_AHEAD = timedelta(minutes=5)
MAX_BEHIND_PAGE = timedelta(hours=24)
MAX_BEHIND_API = timedelta(days=730)
EMAIL = re.compile(r"^[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+$")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Url = Annotated[str, Meta(max_length=2000)]
Short = Annotated[str, Meta(max_length=300)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Text = Annotated[str, Meta(max_length=2000)]
Value = Text | int | float | bool | None | Annotated[list[Short | int | float | bool], Meta(max_length=50)]
Properties = Annotated[dict[Name, Value], Meta(max_length=50)]
Fields = Annotated[dict[Name, Text], Meta(max_length=50)]


class Happening(Struct, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"):
    """What every event of a page has. `age`: milliseconds between event and sending, so that a wrong clock does
    not matter; `at` instead for senders who know the time."""

    id: Id | None = None
    age: int = 0
    at: datetime | None = None
    url: Url = ""


class Page(Happening, tag="page", kw_only=True):
    url: Url
    title: Short = ""
    referrer: Url = ""


class Engaged(Happening, tag="engaged"):
    seconds: Annotated[int, Meta(ge=0, le=86_400)] = 0
    scroll: Annotated[int, Meta(ge=0, le=100)] = 0


class Click(Happening, tag="click", kw_only=True):
    href: Url
    text: Short = ""


class Download(Happening, tag="download", kw_only=True):
    href: Url


class FormSent(Happening, tag="form", kw_only=True):
    form: Short
    fields: Fields = {}


class Track(Happening, tag="track", kw_only=True):
    name: Name
    properties: Properties = {}


class Identify(Happening, tag="identify"):
    email: Annotated[str, Meta(max_length=254)] | None = None
    token: Short | None = None
    fields: Fields = {}


PageEvent = Page | Engaged | Click | Download | FormSent | Track | Identify


class Around(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the body of `POST /t` says around its events."""

    site: Name
    visitor: Annotated[str, Meta(min_length=8, max_length=64, pattern=TOKEN.pattern)]
    consent: bool = False
    lang: Annotated[str, Meta(max_length=20)] = ""
    tz: Annotated[str, Meta(max_length=64)] = ""
    driven: bool = False


class Envelope(Around, kw_only=True):
    """The body of `POST /t`, all in order."""

    events: Annotated[list[PageEvent], Meta(min_length=1, max_length=MAX_ITEMS)]


class LooseEnvelope(Around, kw_only=True):
    """The same with raw events, each of which is decoded by itself to find the bad ones."""

    events: Annotated[list[Raw], Meta(min_length=1, max_length=MAX_ITEMS)]


class ApiEvent(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """An item of `POST /api/v1/events`: who (email, contact_id or visitor), what, when."""

    event: Name
    email: Annotated[str, Meta(max_length=254)] | None = None
    contact_id: Annotated[int, Meta(ge=1, le=2**62)] | None = None
    visitor: Annotated[str, Meta(min_length=8, max_length=64)] | None = None
    id: Id | None = None
    at: datetime | None = None
    age: int = 0
    properties: Properties = {}
    fields: Fields = {}


class Problem(Struct):
    """What is wrong with an item: `index` null means the body around the items."""

    index: int | None
    field: str
    reason: str


class BadBody(Exception):
    """The body as a whole cannot be taken. `status` and `problem` say why."""

    def __init__(self, status: int, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.status, self.problem = status, problem


decode_envelope = json.Decoder(Envelope).decode
decode_loose_envelope = json.Decoder(LooseEnvelope).decode
decode_page_event = json.Decoder(PageEvent).decode
decode_api_events = json.Decoder(list[ApiEvent]).decode
decode_api_event = json.Decoder(ApiEvent).decode
decode_raw = json.Decoder(Raw).decode
decode_raw_list = json.Decoder(list[Raw]).decode

Item = Any  # a PageEvent or an ApiEvent
#: What of KINDS the API may send as such; any other declared kind would forge a fact of our own.
API_KINDS = frozenset({"page.viewed", "page.engaged", "link.clicked", "file.downloaded", *OPEN_KINDS})
PAGE_NAMES = OPEN_KINDS

_PATH = re.compile(r"^(.*?)(?: - at `(\$[^`]*)`)?$", re.S)
_FIELD = re.compile(r"field `([^`]+)`")


def explain(error: ValidationError, index: int | None) -> Problem:
    """msgspec's message as item, field and reason."""
    text, path = _PATH.match(str(error)).groups()  # type: ignore[union-attr]
    field = (path or "$").removeprefix("$").lstrip(".").replace("[...]", "")
    named = _FIELD.search(text)
    if named:
        field = f"{field}.{named.group(1)}".lstrip(".")
        return Problem(index, field, "is unknown" if "unknown" in text else "is missing")
    if field.endswith("properties"):
        return Problem(
            index, field, "values must be text, numbers, true, false, null, or lists of these, within limits"
        )
    if "matching regex" in text:
        return Problem(index, field, "must be 8 to 64 letters, digits, and . _ : -")
    reason = text.replace("Expected", "must be").replace("`str`", "text").replace("`", "")
    return Problem(index, field, reason[:1].lower() + reason[1:])


Indexed = list[tuple[int, Item]]


def whole_page_body(body: bytes) -> Envelope | None:
    """The body of `/t` where all of it is in order, else None: `page_body` says what is wrong, and with which event."""
    if b"\\u0000" in body:
        return None
    try:
        envelope: Envelope = decode_envelope(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return envelope


def page_body(body: bytes, whole: Envelope | None) -> tuple[Around, Indexed, list[Problem]]:
    """What stands around the events of a body of `/t`, the good events with their index, and what is wrong with the
    others. whole: what `whole_page_body` made of it. Raises BadBody."""
    if whole is not None:
        return whole, list(enumerate(whole.events)), []
    loose = _whole(decode_loose_envelope, body)
    return loose, *_items(loose.events, decode_page_event)


def api_body(body: bytes) -> tuple[Indexed, list[Problem]]:
    """Decode the body of `/api/v1/events`: one event or a list. Raises BadBody."""
    if body.lstrip()[:1] != b"[":
        return _items([_whole(decode_raw, body)], decode_api_event)
    if b"\\u0000" not in body:
        try:
            events: list[ApiEvent] = decode_api_events(body)
            if 0 < len(events) <= MAX_ITEMS:
                return list(enumerate(events)), []
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
    raws = _whole(decode_raw_list, body)
    if not raws:
        raise BadBody(422, Problem(None, "", "the list is empty"))
    if len(raws) > MAX_ITEMS:
        raise BadBody(413, Problem(None, "", f"more than {MAX_ITEMS} events in one request"))
    return _items(raws, decode_api_event)


def _whole(decode: Any, body: bytes) -> Any:
    try:
        return decode(body)
    except ValidationError as error:
        problem = explain(error, None)
        raise BadBody(413 if f"length <= {MAX_ITEMS}" in problem.reason else 422, problem) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadBody(400, Problem(None, "", str(error))) from None


def _items(raws: Sequence[Raw], decode: Any) -> tuple[Indexed, list[Problem]]:
    good: Indexed = []
    bad: list[Problem] = []
    for index, raw in enumerate(raws):
        try:
            item = decode(raw)
        except ValidationError as error:
            bad.append(explain(error, index))
            continue
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            bad.append(Problem(index, "", str(error)))
            continue
        if b"\\u0000" in bytes(raw) and _NUL.search(bytes(raw)):
            bad.append(Problem(index, "", "contains a NUL character, which cannot be stored"))
            continue
        good.append((index, item))
    return good, bad


def page_problem(item: Item) -> tuple[str, str] | None:
    """(field, reason) where a decoded event of a page makes no sense."""
    kind = type(item)
    if kind is Track and item.name in KINDS and item.name not in PAGE_NAMES:
        return "name", f"{item.name} is a kind of Headwater's own; choose another name"
    if kind is Identify:
        if not item.email and not item.token:
            return "email", "is missing"
        if item.email and not EMAIL.match(item.email):
            return "email", "is not an e-mail address"
    if kind is Page and not item.url.startswith(("http://", "https://", "/")):
        return "url", "must start with http://, https:// or /"
    return None


def api_problem(item: ApiEvent) -> tuple[str, str] | None:
    """(field, reason) where a decoded event of the API makes no sense."""
    if item.email is not None and not EMAIL.match(item.email):
        return "email", "is not an e-mail address"
    if item.email is None and item.contact_id is None and item.visitor is None:
        return "email", "is missing: an event needs email, contact_id or visitor"
    if item.visitor is not None and not TOKEN.match(item.visitor):
        return "visitor", "must be 8 to 64 letters, digits, and . _ : -"
    if item.event in KINDS and item.event not in API_KINDS:
        return "event", f"{item.event} is a kind of Headwater's own; choose another name"
    if item.event == "page.viewed" and not (item.properties.get("path") or item.properties.get("url")):
        return "properties.path", "is missing: page.viewed needs path or url"
    return None


MS_AHEAD = -300_000  # MAX_AHEAD as an age in milliseconds
MS_BEHIND = {MAX_BEHIND_PAGE: 86_400_000, MAX_BEHIND_API: 730 * 86_400_000}


def when_problem(item: Item, received: datetime, behind: timedelta) -> tuple[str, str] | None:
    """(field, reason) where the time it says cannot be. The sequencer works the time out (digest.Row.at)."""
    if item.at is None:
        if item.age == 0 or MS_AHEAD <= item.age <= MS_BEHIND[behind]:
            return None
        field, early = "age", item.age < 0
    else:
        if item.at.tzinfo is None:
            return "at", "has no time zone; write 2026-11-02T09:30:00Z"
        if item.at - received <= MAX_AHEAD and received - item.at <= behind:
            return None
        field, early = "at", item.at > received
    if early:
        return field, "is more than 5 minutes in the future"
    return field, f"is more than {'24 hours' if behind == MAX_BEHIND_PAGE else '2 years'} in the past"
