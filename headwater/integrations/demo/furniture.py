"""What the demo company has set up: workspace, people who sign in, site, forms, white paper, segments, journeys.

Everything is made once and found again by its key, so that a run which was killed is finished by the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from headwater.accounts import actions as accounts
from headwater.accounts.models import User
from headwater.audience.actions import create_segment, ensure_topics
from headwater.audience.models import Segment
from headwater.capture import actions as capture
from headwater.capture.models import Asset, Form, Site
from headwater.core.config import config
from headwater.journeys import actions as journeys
from headwater.journeys.models import Journey
from headwater.messaging.actions.templates import TemplateText, create_template
from headwater.messaging.models import MailTemplate
from headwater.sales.actions import ensure_pipeline

from .fit import ensure_scores
from .paper import white_paper
from .texting import CONSENT as TEXT_CONSENT

ACTOR = "demo"
PASSWORD = "headwater"
SITE_KEY = "site_northstar_demo"
CONSENT = "Northstar may send me articles and invitations by e-mail. I can end that with one click in every mail."
#: email, first, last, role, hue, takes leads
USERS: tuple[tuple[str, str, str, str, int, bool], ...] = (
    ("maria@demo.example", "Maria", "Santos", "marketer", 345, False),
    ("rafael@demo.example", "Rafael", "Okafor", "sales", 190, True),
    ("admin@demo.example", "Ada", "Nakamura", "admin", 265, False),
    ("yuna@demo.example", "Yuna", "Park", "sales", 300, True),
    ("sam@demo.example", "Sam", "Rivera", "service", 150, False),
)
EMAIL = {"key": "email", "label": "Work e-mail", "type": "email", "required": True, "maps_to": "email"}
FIRST = {"key": "first_name", "label": "First name", "type": "text", "required": True, "maps_to": "first_name"}
LAST = {"key": "last_name", "label": "Last name", "type": "text", "required": True, "maps_to": "last_name"}
FIRM = {"key": "company", "label": "Company", "type": "text", "required": False, "maps_to": "company"}
MOBILE = {"key": "mobile", "label": "Mobile number", "type": "phone", "required": False, "maps_to": "phone"}
JOB = {"key": "job_title", "label": "Job title", "type": "text", "required": False, "maps_to": "job_title"}
PLAN = {
    "key": "plan",
    "label": "Plan",
    "type": "select",
    "required": True,
    "maps_to": "",
    "options": ["Starter", "Team", "Enterprise"],
}
SEGMENTS = (
    ("pricing-interest", "Looked at prices this month", {
        "event": "page.viewed", "where": [{"prop": "path", "op": "starts_with", "value": "/site/pricing"}],
        "count": {"op": "gte", "value": 1}, "within": "30d"}),
    ("white-paper-readers", "White paper readers", {"tag": "white paper"}),
    ("newsletter", "May get mails", {"consent": "email"}),
    ("large-buyers", "Ordered for €2,000 in the last 90 days", {
        "order": [
            {"field": "paid_at", "op": "within", "value": "90d"},
            {"field": "status", "op": "in", "value": ["paid", "fulfilled"]},
            {"field": "currency", "op": "eq", "value": "EUR"},
        ],
        "sum": {"field": "total", "op": "gte", "value": 2000}}),
    ("hot-leads", "Hot leads", {"score": "engagement", "op": "gte", "value": 60}),
    ("customers-korea", "Customers in Korea", {"all": [
        {"field": "contact.country", "op": "eq", "value": "KR"},
        {"field": "contact.stage", "op": "eq", "value": "customer"}]}),
)  # fmt: skip


@dataclass(frozen=True)
class Furniture:
    """What the history refers to."""

    users: dict[str, User]
    site: Site
    asset: Asset
    forms: dict[str, Form]
    journeys: dict[str, Journey]
    newsletter: MailTemplate


def ensure() -> Furniture:
    """Make what is missing."""
    with transaction.atomic():
        _workspace()
        users = {user[0]: _user(*user) for user in USERS}
        ensure_pipeline()
        site = Site.objects.filter(public_key=SITE_KEY).first() or capture.create_site(
            name="northstar.example", actor=ACTOR, count_automated=True, public_key=SITE_KEY
        )
        if not site.push_prompt:  # the installation serves the demo's own site, so its file is in place
            capture.update_site(site.pk, actor=ACTOR, push=True, push_prompt=PUSH)
        asset = Asset.objects.filter(name=PAPER).first() or _asset()
        forms = {slug: _form(slug, asset) for slug in FORMS}
        for key, name, definition in SEGMENTS:
            if not Segment.objects.filter(key=key).exists():
                create_segment(name=name, definition=definition, actor=ACTOR, key=key)
        ensure_scores(ACTOR)
        ensure_topics()
        made = {slug: _journey(slug, forms) for slug in WALKED}
    return Furniture(users, site, asset, forms, made, _newsletter())


#: How the demo's site asks for push messages
PUSH = {
    "title": "New benchmarks, the day they are out?",
    "text": "Northstar tells you in this browser, twice a month at most.",
    "worker": "/site/headwater-push.js",
}
#: Journeys of the gallery that the demo company has
WALKED = ("welcome-nurture", "event", "hand-over")
PAPER, FILE = "The forecasting playbook", "forecasting-playbook.pdf"


def _asset() -> Asset:
    """The white paper. A run that was killed has lost its row, but not its file: that goes first."""
    default_storage.delete(Asset._meta.get_field("file").generate_filename(Asset(), FILE))
    file = ContentFile(white_paper(), name=FILE)
    return capture.create_asset(name=PAPER, file=file, actor=ACTOR, link_days=30, link_downloads=0, file_name=FILE)


def _workspace() -> None:
    accounts.change_workspace(
        actor=ACTOR,
        name="Northstar Analytics",
        website="https://northstar.example",
        base_url=f"http://localhost:{config.port}",
        currency="EUR",
        time_zone="Europe/Amsterdam",
        postal_address="Warehouse 7, Harbour Road 12, Rotterdam",
        mail_from_name="Northstar Analytics",
        mail_from="hello@northstar.example",
        is_demo=True,
    )


NEWSLETTER = """<mjml><mj-body background-color="#f3f8f7"><mj-section background-color="#ffffff" padding="32px">
<mj-column><mj-text font-size="24px" font-weight="700" color="#10201e">Store Notes</mj-text>
<mj-text font-size="16px" line-height="1.6" color="#10201e">Hello {{ contact.first_name | default("there") }},</mj-text>
<mj-text font-size="16px" line-height="1.6" color="#10201e">three things we learned from tills this quarter: Saturdays
need a calendar, loyalty has a rhythm, and a price test ends on the day you said it would.</mj-text>
<mj-button background-color="#0f766e" href="{{ workspace.base_url }}/site/blog/">Read the notes</mj-button>
</mj-column></mj-section></mj-body></mjml>"""


def _newsletter() -> MailTemplate:
    """The quarterly newsletter of which the history tells."""
    found = MailTemplate.objects.filter(slug="store-notes").first()
    return found or create_template(
        name="Store Notes (newsletter)",
        says=TemplateText(subject="Store Notes: three things we learned from tills", mjml=NEWSLETTER),
        actor=ACTOR,
        slug="store-notes",
    )


def _user(email: str, first: str, last: str, role: str, hue: int, takes_leads: bool) -> User:
    found = User.objects.filter(email=email).first()
    return found or accounts.create_user(
        email=email,
        password=PASSWORD,
        first_name=first,
        last_name=last,
        role=role,
        hue=hue,
        takes_leads=takes_leads,
        actor=ACTOR,
    )


FORMS: dict[str, dict[str, object]] = {
    "white-paper": {
        "name": "White paper download",
        "title": "Where may we send it?",
        "fields": [FIRST, LAST, EMAIL, FIRM, JOB],
        "button": "Get the white paper",
        "thanks": "asset",
        "thanks_message": "Your copy of the forecasting playbook is ready.",
        "tags": ["white paper"],
    },
    "trial": {
        "name": "Free trial",
        "title": "14 days, all features",
        "fields": [FIRST, LAST, EMAIL, MOBILE, FIRM, PLAN],
        "button": "Start the trial",
        "thanks_message": "Your trial is being prepared. Somebody of ours will write to you within the hour.",
        "sms_consent_text": TEXT_CONSENT,
        "tags": ["trial"],
    },
    "webinar": {
        "name": "Webinar registration",
        "title": "Save a seat",
        "fields": [FIRST, LAST, EMAIL, MOBILE, FIRM],
        "button": "Save my seat",
        "sms_consent_text": TEXT_CONSENT,
        "thanks_message": "Your seat is saved; the link is in your mailbox.",
        "tags": ["webinar"],
    },
}


def _form(slug: str, asset: Asset) -> Form:
    found = Form.objects.filter(slug=slug).first()
    if found is not None:
        return found
    given = dict(FORMS[slug])
    name, fields = str(given.pop("name")), given.pop("fields")
    return capture.create_form(
        name=name,
        fields=fields,  # type: ignore[arg-type]
        slug=slug,
        actor=ACTOR,
        consent_text=CONSENT,
        asset_id=asset.pk if given.get("thanks") == "asset" else None,
        **given,
    )


def _journey(slug: str, forms: dict[str, Form]) -> Journey:
    """A template of the gallery, live. Its waits are days, as a customer's would be."""
    found = Journey.objects.filter(gallery=slug).first()
    if found is not None:
        return found
    wanted = {"welcome-nurture": "white-paper", "event": "webinar"}.get(slug)
    # Days become minutes, so that who plays the visitor sees the next mail come; sales keeps its real deadline.
    pace = 1.0 if slug == "hand-over" else 1 / 1440
    choices = {"form": forms[wanted].pk} if wanted else None
    made = journeys.install(slug, actor=ACTOR, choices=choices, language="en", pace=pace)
    if slug == "event":
        steps = {**made.draft["steps"], "held": held(pace)}
        journeys.update_journey(made.pk, graph={**made.draft, "steps": steps}, actor=ACTOR)
    journeys.publish(made.pk, actor=ACTOR)
    return Journey.objects.get(pk=made.pk)


def held(pace: float = 1.0) -> dict[str, Any]:
    """The events of the demo company come again and again, each a week after one registers."""
    time = {"for": {"amount": round(7 * 86_400 * pace), "unit": "seconds"}} if pace != 1.0 else {
        "for": {"amount": 7, "unit": "days"}, "at": "10:00",
    }  # fmt: skip
    return {"kind": "wait", "title": "", "settings": time, "next": "came"}
