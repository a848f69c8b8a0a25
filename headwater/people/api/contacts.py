"""Contacts over the API: found, made, changed; what they agreed to and what happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from ninja import Field, Query, Router

from headwater.core.paging import Cursor, Limit, opened, sealed
from headwater.timeline import queries as log

from .. import actions, queries, registry, rules
from ..actions import Identity
from ..models import Contact
from .schemas import (
    ConsentIn,
    ConsentOut,
    ContactIn,
    ContactOut,
    ContactPage,
    ContactUpsert,
    EmailOut,
    FactPage,
    StageIn,
    TagsIn,
    Words,
    actor_of,
    sent,
)

router = Router(tags=["people"])
Reason = Annotated[str, Field(max_length=300, description="Kept in the journal with who did it")]


def contact_of(pk: int) -> Contact:
    """A contact; the id of one who was merged leads to whom she is part of."""
    if not 0 < pk < 2**63:
        raise Http404
    found = queries.contacts([pk])
    if not found and (now := queries.survivors([pk])):
        found = queries.contacts(list(now.values()))
    if not found:
        raise Http404
    return next(iter(found.values()))


@router.get("/contacts", response=ContactPage, summary="Search and list contacts")
def list_contacts(
    request: HttpRequest,
    q: Words = "",
    cursor: Cursor = "",
    sort: str = "created",
    way: Literal["", "asc", "desc"] = "",
    limit: Limit = 50,
    stage: str = "",
    owner: str = "",
    tag: str = "",
) -> dict[str, Any]:
    """`q` searches name, e-mail, company and telephone. `owner`: a user's id, or `none`. `sort`: created, name,
    seen, score."""
    if sort not in registry.sorts:
        raise rules.Invalid({"sort": "There is no such order."})
    given: Mapping[str, str] = {"stage": stage, "owner": owner, "tag": tag}
    for name, value in given.items():
        try:
            registry.filters[name].condition(value) if value else None
        except ValueError as error:
            raise rules.Invalid({name: "This value cannot be filtered by."}) from error
    filters = tuple((name, value) for name, value in given.items() if value)
    listing = queries.Listing(q.replace("\0", ""), filters, sort, {"asc": False, "desc": True}.get(way))
    page = queries.page(listing, opened("contacts", cursor), limit)
    found = queries.contacts([row.id for row in page.rows])
    return {"items": [found[row.id] for row in page.rows if row.id in found], "next": sealed("contacts", page.next)}


@router.post("/contacts", response={201: ContactOut}, summary="Create a contact")
def create_contact(request: HttpRequest, body: ContactIn) -> tuple[int, Contact]:
    """Refused with 422 where the address belongs to somebody; `PUT /contacts` finds or makes."""
    contact = actions.create_contact(actor=actor_of(request), source="API", **sent(body))
    return 201, contact_of(contact.pk)


@router.put("/contacts", response=ContactOut, summary="Find or make a contact")
def upsert_contact(request: HttpRequest, body: ContactUpsert) -> Contact:
    """By e-mail address or external id. Repeating it changes nothing. A visitor's past joins the contact."""
    fields = sent(body, "email", "external_id", "visitor_id", "overwrite")
    item = Identity(
        email=body.email,
        external_id=body.external_id,
        visitor_id=body.visitor_id,
        overwrite=body.overwrite,
        fields=fields,
        actor=actor_of(request),
        source="API",
    )
    return contact_of(actions.identify([item])[0])


@router.get("/contacts/{int:pk}", response=ContactOut, summary="One contact")
def get_contact(request: HttpRequest, pk: int) -> Contact:
    return contact_of(pk)


@router.patch("/contacts/{int:pk}", response=ContactOut, summary="Change a contact")
def change_contact(request: HttpRequest, pk: int, body: ContactIn) -> Contact:
    """Only the fields that are sent change; null empties one. `tags` is the whole list."""
    pk = contact_of(pk).pk
    actions.update_contact(pk, actor=actor_of(request), **sent(body))
    return contact_of(pk)


@router.delete("/contacts/{int:pk}", response={204: None}, summary="Erase a contact everywhere")
def erase_contact(request: HttpRequest, pk: int, reason: Query[Reason]) -> tuple[int, None]:
    """For ever: only numbers stay, and hashes of the addresses so that nobody writes to them again."""
    actions.erase_people([contact_of(pk).pk], reason=reason, actor=actor_of(request))
    return 204, None


@router.get("/contacts/{int:pk}/emails", response=list[EmailOut], summary="All addresses of a contact")
def get_emails(request: HttpRequest, pk: int) -> Any:
    """The main one first; the others are known from forms, imports and merged contacts."""
    contact = contact_of(pk)
    others = [email for email in queries.emails(contact.pk) if email != contact.email]
    return [{"email": email, "main": email == contact.email} for email in (contact.email, *others) if email]


@router.put("/contacts/{int:pk}/emails/{email}", response=ContactOut, summary="Make an address of hers the main one")
def use_email(request: HttpRequest, pk: int, email: str) -> Contact:
    pk = contact_of(pk).pk
    actions.use_email(pk, email, actor=actor_of(request))
    return contact_of(pk)


@router.delete("/contacts/{int:pk}/emails/{email}", response={204: None}, summary="Give another address of hers free")
def drop_email(request: HttpRequest, pk: int, email: str) -> tuple[int, None]:
    actions.drop_email(contact_of(pk).pk, email, actor=actor_of(request))
    return 204, None


@router.post("/contacts/{int:pk}/tags", response=ContactOut, summary="Add and remove tags")
def change_tags(request: HttpRequest, pk: int, body: TagsIn) -> Contact:
    pk = contact_of(pk).pk
    actions.add_tags([pk], body.add, actor=actor_of(request))
    actions.remove_tags([pk], body.remove, actor=actor_of(request))
    return contact_of(pk)


@router.post("/contacts/{int:pk}/stage", response=ContactOut, summary="Move to a lifecycle stage")
def change_stage(request: HttpRequest, pk: int, body: StageIn) -> Contact:
    pk = contact_of(pk).pk
    actions.set_stage([pk], body.stage, reason=body.reason, actor=actor_of(request))
    return contact_of(pk)


@router.get("/contacts/{int:pk}/consent", response=list[ConsentOut], summary="What she agreed to")
def get_consent(request: HttpRequest, pk: int) -> Any:
    pk = contact_of(pk).pk
    return queries.consents(pk)


@router.post("/contacts/{int:pk}/consent", response=list[ConsentOut], summary="Keep consent with its proof")
def change_consent(request: HttpRequest, pk: int, body: ConsentIn) -> Any:
    pk = contact_of(pk).pk
    proof = {"source": "API", **body.proof}
    actions.set_consent(pk, body.channel, body.state, topic=body.topic, proof=proof, actor=actor_of(request))
    return queries.consents(pk)


@router.get("/contacts/{int:pk}/timeline", response=FactPage, summary="What happened, newest first")
def get_timeline(request: HttpRequest, pk: int, cursor: Cursor = "", kind: str = "", limit: Limit = 50) -> Any:
    """`kind`: only these, separated by commas."""
    pk = contact_of(pk).pk
    kinds = [k.strip() for k in kind.split(",") if k.strip()] or None
    entries = log.read(pk, before=opened("timeline", cursor), limit=limit + 1, kinds=kinds, quiet=True)
    items = [
        {"id": str(e.id), "person_id": e.person_id, "kind": e.kind, "at": e.at, "actor": e.actor, "data": e.data}
        for e in entries[:limit]
    ]
    following = entries[limit - 1].cursor if len(entries) > limit else ""
    return {"items": items, "next": sealed("timeline", following)}
