"""A workspace, a person with consent, and a template."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from headwater.accounts.models import Workspace
from headwater.core import clock
from headwater.messaging import actions
from headwater.messaging.models import MailTemplate
from headwater.people.models import Consent, Contact

MJML = (
    "<mjml><mj-body><mj-section><mj-column>"
    '<mj-text>Hi {{{{ contact.first_name | default("there") }}}}, {body}</mj-text>'
    '<mj-button href="https://shop.example/pricing?a=1&amp;b=2">See prices</mj-button>'
    "</mj-column></mj-section></mj-body></mjml>"
)


@pytest.fixture
def workspace(db: None) -> Workspace:
    row, _ = Workspace.objects.update_or_create(
        pk=1,
        defaults={
            "name": "Northstar",
            "base_url": "https://crm.example",
            "website": "https://shop.example",
            "mail_from": "hello@northstar.example",
            "postal_address": "1 Main St, Springfield",
        },
    )
    return row


@pytest.fixture
def person(workspace: Workspace) -> Callable[..., Contact]:
    """person(first_name=..., email=..., consent=True)"""

    def make(email: str = "ana@example.org", *, consent: bool = True, **fields: object) -> Contact:
        row = Contact.objects.create(email=email, **fields)
        if consent:
            Consent.objects.create(person_id=row.pk, channel="email", topic="", state="granted", at=clock.now())
        return row

    return make


@pytest.fixture
def template(workspace: Workspace) -> Callable[..., MailTemplate]:
    """template(subject=..., body=..., purpose=...)"""

    def make(subject: str = "Welcome", body: str = "good to see you.", **more: object) -> MailTemplate:
        purpose = str(more.pop("purpose", "marketing"))
        says = actions.TemplateText(subject=subject, mjml=str(more.pop("mjml", MJML.format(body=body))), **more)
        return actions.create_template(name=subject, says=says, actor="test", purpose=purpose)

    return make
