"""Push messages as steps of a journey: sent, refused with the reason, counted, asked for, the best channel."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches

from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import Entry
from headwater.journeys.actions.exchange import export_journey, import_journey
from headwater.journeys.engine import due
from headwater.journeys.engine.checking import gone
from headwater.journeys.models import PassageLog
from headwater.journeys.queries import report
from headwater.journeys.queries.inside import reason
from headwater.messaging import actions as messaging
from headwater.messaging.actions import PushText, SmsText, Subscription, TemplateText, Touch
from headwater.messaging.models import MailTemplate, Message, PushOutbox
from headwater.messaging.tests.push_server import Browser, PushService
from headwater.people import actions as people
from headwater.timeline import dispatch

from .conftest import Make, chain

pytestmark = pytest.mark.django_db
DAY = {"amount": 1, "unit": "days"}
MJML = "<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>"


@pytest.fixture
def push() -> int:
    says = PushText("Hi {{ contact.first_name }}", "Look", "https://shop.example/x")
    return messaging.create_template(name="News", says=says, actor="user:1").pk


def person(n: int, *, browser: bool = True) -> int:
    pk = people.create_contact(actor="user:1", first_name=f"P{n}", email=f"p{n}@example.com").pk
    if browser:
        keys = Browser(str(n), PushService()).given()["keys"]
        given = Subscription(f"https://push.example/send/{n}", keys["p256dh"], keys["auth"], proof={"text": "Yes"})
        messaging.subscribe_person(pk, given, actor="visitor")
    return pk


def reasons() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for row in PassageLog.objects.order_by("person_id", "hop"):
        found.setdefault(row.person_id, []).append(f"{row.step}:{row.outcome}:{row.reason}")
    return found


def test_it_goes_to_whoever_may_get_it_and_a_branch_asks_for_the_click(live: Make, push: int) -> None:
    graph = chain(
        ("push", "send_push", {"template": push}),
        ("wait", "wait_until", {"until": {"mail": "push", "did": "clicked"}, "timeout": DAY}),
        ("end", "exit", {}),
    )
    graph["steps"]["wait"].pop("next", None)
    graph["steps"]["wait"]["arms"] = {"yes": "end", "timeout": None}
    journey = live(graph)
    ana, ben, none = person(1), person(2), person(3, browser=False)
    actions.enter(journey.pk, [Entry(p, "k") for p in (ana, ben, none)], actor="system")
    assert reasons()[none][0] == "push:next:refused:no_device"
    sent = Message.objects.get(person_id=ana)
    assert (sent.channel, sent.status, sent.subject) == ("push", "queued", "Hi P1")
    assert PushOutbox.objects.count() == 2
    Message.objects.filter(status="queued").update(status="sent", sent_at=clock.now())
    messaging.record_touches([Touch(ana, sent.id, "click", url="https://shop.example/x")])
    dispatch.run_all()
    with clock.travel(timedelta(days=2)):
        due.run_once()
    assert [r.split(":")[1] for r in reasons()[ana]][:2] == ["next", "yes"]
    assert [r.split(":")[1] for r in reasons()[ben]][:2] == ["next", "timeout"]
    (line,) = [s for s in report.report(journey)["steps"] if s.step == "push"]
    assert line.mail == {"sent": 2, "opened": 0, "clicked": 1, "open_rate": None, "click_rate": 50}


def test_it_goes_along_in_a_file_and_is_no_mail(live: Make, push: int) -> None:
    graph = chain(("push", "send_push", {"template": push}), ("end", "exit", {}))
    assert gone(graph) == []
    journey = live(graph, name="Offer")
    graph["steps"]["push"]["kind"] = "send_sms"
    assert [str(p.where) for p in gone(graph)] == ["steps.push.template"]
    file = export_journey(journey.pk)
    words = {"title": "Hi {{ contact.first_name }}", "body": "Look", "link": "https://shop.example/x"}
    assert file["pushes"] == {
        f"push-{push}": {"name": "News", "purpose": "marketing", **words, "icon": "", "image": ""}
    }
    assert import_journey(file, actor="user:1")[1] is False
    file["pushes"][f"push-{push}"]["title"] = "Hello"
    made, new = import_journey(file, actor="user:1")
    assert new
    assert MailTemplate.objects.get(pk=made.draft["steps"]["push"]["settings"]["template"]).channel == "push"


def test_the_best_channel_may_be_a_push_message(live: Make, push: int) -> None:
    caches["local"].delete("journeys.best_channel")
    mail = messaging.create_template(name="Mail", says=TemplateText("Hi", MJML), actor="user:1").pk
    text = messaging.create_template(name="Text", says=SmsText("Hi"), actor="user:1").pk
    both: dict[str, Any] = {"email": mail, "sms": text}
    with_push = live(chain(("best", "send_best", {**both, "push": push}), ("end", "exit", {})))
    without = live(chain(("best", "send_best", both), ("end", "exit", {})))
    ana = person(1)
    actions.enter(with_push.pk, [Entry(ana, "k")], actor="system")
    actions.enter(without.pk, [Entry(ana, "k")], actor="system")
    said = list(PassageLog.objects.filter(step="best").values_list("reason", flat=True))
    assert sorted(said) == ["channel:push:only", "refused:no_consent"]
    assert Message.objects.get(status="queued").channel == "push"
    assert reason("next", "channel:push:only", {}) == "By Push: the only channel open to her"
