"""A mail that a journey sends cannot be archived under it; the page of the mail says which journeys send it."""

from __future__ import annotations

from typing import Any

import pytest

from headwater.journeys import actions
from headwater.journeys.actions import Entry
from headwater.journeys.queries import draft
from headwater.messaging import actions as mail
from headwater.messaging.actions import TemplateText
from headwater.messaging.models import MailTemplate
from headwater.messaging.registry import uses
from headwater.people import actions as people

from .conftest import Make, chain, minutes

pytestmark = pytest.mark.django_db


@pytest.fixture
def spring() -> MailTemplate:
    says = TemplateText("Spring", "<mjml><mj-body><mj-section><mj-column><mj-text>Hi</mj-text></mj-column></mj-section>"
                        "</mj-body></mjml>")  # fmt: skip
    return mail.create_template(name="Spring news", says=says, actor="user:1")


def sends(template: MailTemplate) -> dict[str, Any]:
    return chain(("wait", "wait", {"for": minutes(5)}), ("mail", "send_email", {"template": template.pk}))


def test_a_mail_of_a_running_journey_is_not_archived(live: Make, spring: MailTemplate, call: Any) -> None:
    journey = live(sends(spring), name="Welcome")
    with pytest.raises(mail.InUse, match="Welcome"):
        mail.archive_template(spring.pk, actor="user:1")
    assert call("DELETE", f"/templates/{spring.pk}")[0] == 409
    page = call.client.post(f"/mail/templates/{spring.pk}/archive/", follow=True).content.decode()
    assert "This mail is still sent by Welcome. Take it out there first" in page
    assert f'href="/journeys/{journey.pk}/"' in page
    spring.refresh_from_db()
    assert spring.archived_at is None


def test_people_on_an_earlier_version_keep_its_mail_until_they_are_through(live: Make, spring: MailTemplate) -> None:
    journey = live(sends(spring), name="Welcome")
    pk = people.create_contact(actor="user:1", name="Ana").pk
    actions.enter(journey.pk, [Entry(pk, "k")], actor="user:1")
    actions.update_journey(journey.pk, graph=chain(("wait", "wait", {"for": minutes(5)})), actor="user:1")
    actions.publish(journey.pk, actor="user:1", people="finish")
    assert [(u.name, u.running) for u in uses([spring.pk])[spring.pk]] == [("Welcome", True)]
    actions.remove(journey.pk, [pk], actor="user:1")
    assert uses([spring.pk]) == {spring.pk: []}
    mail.archive_template(spring.pk, actor="user:1")


def test_a_mail_of_a_draft_is_archived_and_named(spring: MailTemplate) -> None:
    actions.create_journey(name="Idea", graph=sends(spring), actor="user:1")
    assert [(u.name, u.running) for u in uses([spring.pk])[spring.pk]] == [("Idea", False)]
    mail.archive_template(spring.pk, actor="user:1")
    spring.refresh_from_db()
    assert spring.archived_at is not None


def test_a_journey_whose_mail_nobody_would_get_is_not_published(spring: MailTemplate, call: Any) -> None:
    journey = actions.create_journey(name="Idea", graph=sends(spring), actor="user:1")
    mail.archive_template(spring.pk, actor="user:1")
    words = "This mail is archived, or does not exist: nobody would get it."
    with pytest.raises(actions.NotPublishable) as caught:
        actions.publish(journey.pk, actor="user:1")
    assert [(p.where, p.message) for p in caught.value.problems] == [("steps.mail.template", words)]
    assert [(p["step"], p["field"], p["message"]) for p in draft.judged(journey.draft)["problems"]] == [
        ("mail", "template", words)
    ]
    MailTemplate.objects.filter(pk=spring.pk).delete()
    assert call("POST", f"/journeys/{journey.pk}/publish", {})[0] == 422


def test_a_journey_that_another_one_starts_is_not_thrown_away(live: Make, call: Any) -> None:
    inner = actions.create_journey(name="Inner", graph=chain(("wait", "wait", {"for": minutes(5)})), actor="user:1")
    outer = live(chain(("go", "start_journey", {"journey": inner.pk})), name="Outer")
    status, said = call("DELETE", f"/journeys/{inner.pk}")
    assert (status, "Outer starts this journey. Take that step out first." in str(said)) == (422, True)
    actions.update_journey(outer.pk, graph=chain(("wait", "wait", {"for": minutes(5)})), actor="user:1")
    actions.publish(outer.pk, actor="user:1")
    assert call("DELETE", f"/journeys/{inner.pk}")[0] == 204
    assert call("DELETE", f"/journeys/{inner.pk}")[0] == 404
    assert call("DELETE", f"/journeys/{outer.pk}")[0] == 409
    idea = actions.create_journey(name="Idea", graph=chain(("go", "start_journey", {"journey": inner.pk})), actor="u")
    with pytest.raises(actions.NotPublishable, match=r"steps\.go\.journey: This journey does not exist"):
        actions.publish(idea.pk, actor="user:1")
