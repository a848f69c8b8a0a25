"""Push messages over the API: what they say, sending one, the browsers that take them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from headwater.people.models import Contact

from .. import actions, pushes, queries
from ..queries import browsers
from ..rules import webpush
from .calls import MailIn, OutcomeOut, actor_of, sent
from .templates import TemplateOut, changed, head, made

router = Router(tags=["push"])


class PushIn(Schema):
    """A push message. link: where a click leads ("": the web site of the settings); icon, image: addresses of pictures.
    Merge tags may stand in each."""

    name: str = Field(min_length=1, max_length=160)
    purpose: Literal["marketing", "transactional"] = "marketing"
    title: str = Field(min_length=1, max_length=300)
    body: str = Field("", max_length=1000)
    link: str = Field("", max_length=2000)
    icon: str = Field("", max_length=2000)
    image: str = Field("", max_length=2000)

    def says(self) -> actions.PushText:
        """What it says, without name and purpose."""
        return actions.PushText(self.title, self.body, self.link, self.icon, self.image)


class PushFull(TemplateOut):
    title: str
    body: str
    link: str
    icon: str
    image: str


class BrowserOut(Schema):
    """A browser of somebody. ended_why: browser, page, gone, other, replaced; empty while it takes push messages."""

    id: UUID
    person_id: int
    agent: str
    site_id: int | None
    created_at: datetime
    sent_at: datetime | None
    shown_at: datetime | None
    ended_at: datetime | None
    ended_why: str
    ended_words: str


class Keys(Schema):
    p256dh: str = Field(max_length=100)
    auth: str = Field(max_length=40)


class BrowserIn(Schema):
    """What `PushSubscription.toJSON()` gives, whose it is, and where and to which words she agreed."""

    person_id: int
    endpoint: str = Field(max_length=2000)
    keys: Keys
    agent: str = Field("", max_length=80)
    text: str = Field(min_length=1, max_length=500)
    url: str = Field("", max_length=2000)


class KeyOut(Schema):
    key: str = Field(description="applicationServerKey of this installation (VAPID), base64url.")


@router.post("/push-templates", response={201: TemplateOut}, summary="Create a push message")
def create_push(request: HttpRequest, body: PushIn) -> Any:
    return 201, made(request, body)


@router.get("/push-templates/{int:template_id}", response=PushFull, summary="One push message with what it says")
def read_push(request: HttpRequest, template_id: int) -> Any:
    row = queries.current(template_id)
    says = actions.says_of(row) if row else None
    if row is None or not isinstance(says, actions.PushText):
        raise HttpError(404, "There is no such template.")
    return {**head(row.template), **asdict(says)}


@router.put("/push-templates/{int:template_id}", response=TemplateOut, summary="Change a push message (a new version)")
def change_push(request: HttpRequest, template_id: int, body: PushIn) -> Any:
    return changed(request, template_id, body)


@router.post("/pushes", response={202: OutcomeOut}, summary="Send a push message to a person's browsers")
def send_push(request: HttpRequest, body: MailIn) -> Any:
    """As POST /mails, of a push message's template. 202 with the outcome: `refused` is null, or the reason why not."""
    return 202, sent(request, body, actions.queue_pushes)


@router.get("/push-key", response=KeyOut, summary="The public key that browsers subscribe with")
def read_key(request: HttpRequest) -> Any:
    return {"key": browsers.application_key()}


@router.get("/contacts/{int:person_id}/browsers", response=list[BrowserOut], summary="Browsers for push messages")
def list_browsers(request: HttpRequest, person_id: int) -> Any:
    if not Contact.objects.filter(pk=person_id).exists():
        raise HttpError(404, "There is no such person.")
    return browsers.of_person(person_id)


@router.post("/push-browsers", response={201: BrowserOut}, summary="Keep a subscription that an application made")
def add_browser(request: HttpRequest, body: BrowserIn) -> Any:
    """She agreed in an application of yours that made the subscription with the key of GET /push-key."""
    if not Contact.objects.filter(pk=body.person_id).exists():
        raise HttpError(404, "There is no such person.")
    wrong = webpush.check(body.endpoint, body.keys.p256dh, body.keys.auth, plain=pushes.plain(body.endpoint))
    if wrong:
        raise HttpError(422, f"{wrong}: this is not what a browser gives")
    proof = {"source": "api", "text": body.text, "url": body.url}
    given = actions.Subscription(body.endpoint, body.keys.p256dh, body.keys.auth, body.agent, None, proof)
    actions.subscribe_person(body.person_id, given, actor=actor_of(request))
    return 201, next(row for row in browsers.of_person(body.person_id) if row.id == given.id)


@router.delete(
    "/contacts/{int:person_id}/browsers/{uuid:device}", response={204: None}, summary="No more push messages there"
)
def end_browser(request: HttpRequest, person_id: int, device: UUID) -> Any:
    if not actions.end_browser(person_id, device, actor=actor_of(request)):
        raise HttpError(404, "No such browser takes push messages.")
    return 204, None
