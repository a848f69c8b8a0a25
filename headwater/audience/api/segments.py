"""Segments over the API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema
from ninja.errors import HttpError

from headwater.core.paging import BadCursor, Cursor, Limit, Next, opened, sealed
from headwater.people.models import Contact
from headwater.people.queries import contacts

from .. import actions, compiler, queries
from ..compiler import seen
from ..compiler.palette import palette
from ..models import Segment
from .base import Name, refusals, router


@router.get("/segments/palette", response=dict[str, Any], summary="What an editor of conditions can offer")
def get_palette(request: HttpRequest) -> Any:
    return palette()


class SeenOut(Schema):
    value: str
    count: int


@router.get("/segments/suggest", response=list[SeenOut], summary="Values, properties and events that there are")
def suggest(request: HttpRequest, of: str, q: str = "", limit: int = 20) -> Any:
    """`of`: "field:NAME", "kinds", "props:KIND", "prop:KIND:NAME", "record:LEAF:FIELD" (texts of deals, orders,
    tickets), "topics" (of consents) or "tags"; `q`: what they contain."""
    with refusals():
        found = seen.suggest(of[:200], q[:200], max(1, min(limit, 100)))
    return [{"value": value, "count": count} for value, count in found]


class CheckIn(Schema):
    definition: Any = None
    key: str = ""


class ProblemOut(Schema):
    path: str
    message: str


class CheckOut(Schema):
    problems: list[ProblemOut]
    summary: str = ""


@router.post("/segments/check", response=CheckOut, summary="What is wrong with a condition, and where")
def check(request: HttpRequest, body: CheckIn) -> Any:
    """`key`: of the segment that the condition is for (it must not lead back to itself)."""
    try:
        node = compiler.parse(body.definition, trail=(body.key,) if body.key else ())
    except compiler.ConditionError as error:
        return {"problems": [{"path": p.path, "message": p.message} for p in error.problems]}
    return {"problems": [], "summary": compiler.summary(node)}


class SegmentIn(Schema):
    name: Name = Field(max_length=120)
    #: Left out: a list whose members are picked by hand
    definition: dict[str, Any] | None = None
    key: str = Field("", max_length=60, pattern=r"^[-a-zA-Z0-9_]*$")
    description: str = Field("", max_length=300)
    announce: bool = False


class SegmentChange(Schema):
    name: Name | None = Field(None, max_length=120)
    definition: dict[str, Any] | None = None
    description: str | None = Field(None, max_length=300)
    announce: bool | None = None


class SegmentOut(Schema):
    id: int
    key: str
    name: str
    description: str
    definition: dict[str, Any]
    state: str
    progress: int
    error: str
    announce: bool
    picked: bool
    #: "journeys" where a journey keeps it for itself: it is not changed by hand
    keeper: str
    members: int | None = None


def _out(s: Segment, counts: dict[int, int]) -> dict[str, Any]:
    names = ("id", "key", "name", "description", "state", "progress", "error", "announce", "picked", "keeper")
    definition = s.definition if s.pending is None else s.pending
    return {name: getattr(s, name) for name in names} | {"definition": definition, "members": counts.get(s.pk, 0)}


@router.get("/schemas/segment", summary="The JSON Schema of a segment's definition")
def segment_schema(request: HttpRequest) -> dict[str, Any]:
    return compiler.schema()


@router.get("/segments", response=list[SegmentOut], summary="Segments; with `kept` those of journeys too")
def list_segments(request: HttpRequest, kept: bool = False) -> Any:
    counts = queries.counts()
    found = Segment.objects.order_by("name", "pk")
    return [_out(s, counts) for s in (found if kept else found.filter(keeper=""))]


@router.post("/segments", response={201: SegmentOut})
def create_segment(request: HttpRequest, body: SegmentIn) -> Any:
    with refusals():
        made = actions.create_segment(**body.dict(), actor=request.actor)  # type: ignore[attr-defined]
    return 201, _out(made, {})


@router.get("/segments/{int:segment_id}", response=SegmentOut)
def get_segment(request: HttpRequest, segment_id: int) -> Any:
    with refusals():
        return _out(Segment.objects.get(pk=segment_id), queries.counts())


@router.patch("/segments/{int:segment_id}", response=SegmentOut)
def update_segment(request: HttpRequest, segment_id: int, body: SegmentChange) -> Any:
    with refusals():
        changes = body.dict(exclude_unset=True)
        s = actions.update_segment(segment_id, **changes, actor=request.actor)  # type: ignore[attr-defined]
        return _out(s, queries.counts())


@router.delete("/segments/{int:segment_id}", response={204: None})
def delete_segment(request: HttpRequest, segment_id: int) -> Any:
    with refusals():
        actions.delete_segment(segment_id, actor=request.actor)  # type: ignore[attr-defined]
    return 204, None


class PreviewIn(Schema):
    definition: dict[str, Any]
    #: The segment that is being edited: its random samples, its members by hand
    key: str = ""
    #: Of a segment that is still to be made: its random samples are drawn as they will be
    name: str = ""


class PreviewOut(Schema):
    count: int
    sample: list[int]
    summary: str


@router.post("/segments/preview", response=PreviewOut, summary="How many people a definition holds for now")
def preview(request: HttpRequest, body: PreviewIn) -> Any:
    with refusals():
        key = body.key or (actions.free_key(body.name) if body.name else "")
        summary = compiler.summary(compiler.parse(body.definition, trail=(key,) if key else ()))
        count, sample = queries.preview(body.definition, key=key)
    return {"count": count, "sample": sample, "summary": summary}


class MemberOut(Schema):
    person_id: int
    since: datetime
    name: str = ""
    email: str = ""


class MembersOut(Schema):
    items: list[MemberOut]
    next: Next


def _place(name: str, cursor: str) -> int:
    """The id of the last person of the page before."""
    place = opened(name, cursor) or "0"
    if not place.isdigit() or len(place) > 18:
        raise BadCursor
    return int(place)


@router.get("/segments/{int:segment_id}/members", response=MembersOut, summary="Who is in, in order of their ids")
def members(request: HttpRequest, segment_id: int, cursor: Cursor = "", limit: Limit = 50) -> Any:
    with refusals():
        Segment.objects.only("pk").get(pk=segment_id)
    rows = queries.members(segment_id, after=_place("members", cursor), limit=limit + 1)
    people = contacts([p for p, _ in rows[:limit]])
    items = [
        {"person_id": p, "since": since, "name": people[p].name, "email": people[p].email}
        for p, since in rows[:limit]
        if p in people
    ]
    return {"items": items, "next": sealed("members", str(rows[limit - 1][0]) if len(rows) > limit else "")}


class DayOut(Schema):
    """members: at the end of the day; entered, left: on it, without what an edit of the conditions moved."""

    day: date
    members: int
    entered: int
    left: int


@router.get("/segments/{int:segment_id}/history", response=list[DayOut], summary="Members day by day, oldest first")
def history(request: HttpRequest, segment_id: int, days: int = 90) -> Any:
    with refusals():
        return queries.growth([Segment.objects.get(pk=segment_id)], max(1, min(days, 730)))[segment_id]


class PickIn(Schema):
    people: list[int] = Field(min_length=1, max_length=10_000)
    side: str = Field("in", pattern="^(in|out|)$")
    reason: str = Field("", max_length=200)


class PickedOut(Schema):
    person_id: int
    side: str
    reason: str
    actor: str
    at: datetime


class PickedPage(Schema):
    items: list[PickedOut]
    next: Next


@router.get("/segments/{int:segment_id}/picked", response=PickedPage, summary="Who is in or out by hand")
def picked(request: HttpRequest, segment_id: int, cursor: Cursor = "", limit: Limit = 50) -> Any:
    with refusals():
        Segment.objects.only("pk").get(pk=segment_id)
    rows = queries.picked(segment_id, after=_place("picked", cursor), limit=limit + 1)
    return {
        "items": rows[:limit],
        "next": sealed("picked", str(rows[limit - 1].person_id) if len(rows) > limit else ""),
    }


@router.post("/segments/{int:segment_id}/picked", summary="Put people in, keep them out, or let the condition decide")
def pick(request: HttpRequest, segment_id: int, body: PickIn) -> dict[str, list[int]]:
    """`changed`: for whom this is a change. `unknown`: ids of nobody."""
    with refusals():
        changed = actions.pick_members(
            segment_id,
            body.people,
            side=body.side,
            reason=body.reason,
            actor=request.actor,  # type: ignore[attr-defined]
        )
    known = set(Contact.objects.filter(pk__in=body.people).values_list("pk", flat=True))
    return {"changed": changed, "unknown": sorted(set(body.people) - known)}


class VerdictOut(Schema):
    path: str
    op: str
    says: str
    holds: bool
    evidence: list[dict[str, Any]]
    children: list[VerdictOut]


class AnswerOut(Schema):
    holds: bool
    turns: datetime | None
    verdict: VerdictOut


@router.get("/segments/{int:segment_id}/explain/{int:person_id}", response=AnswerOut)
def explain(request: HttpRequest, segment_id: int, person_id: int) -> Any:
    with refusals():
        answer = queries.explain_membership(Segment.objects.get(pk=segment_id), person_id)
    if answer is None:
        raise HttpError(404, "There is no such contact.")
    return answer
