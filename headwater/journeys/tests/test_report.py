"""What came of a journey: per version, step and way, against its goal, with the people behind each number."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import Entry
from headwater.journeys.models import Journey
from headwater.journeys.queries import canvas, report
from headwater.messaging.actions import MailRequest, queue
from headwater.messaging.actions.templates import TemplateText, create_template
from headwater.messaging.models import Message
from headwater.people import actions as people
from headwater.timeline import dispatch

from .conftest import chain, minutes

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
MJML = "<mjml><mj-body><mj-section><mj-column><mj-text>Hi</mj-text></mj-column></mj-section></mj-body></mjml>"


def person(n: int, *, consent: bool = True) -> int:
    pk = people.create_contact(actor="user:1", first_name=f"P{n}", email=f"p{n}@example.com").pk
    if consent:
        people.set_consent(pk, "email", "granted", proof={"text": "form"}, actor="user:1")
    return pk


def enter(journey: Journey, *ids: int) -> None:
    actions.enter(journey.pk, [Entry(p, "k") for p in ids], actor="system")


@pytest.fixture
def made() -> tuple[Journey, list[int]]:
    """Version 1: a mail, a branch by tag, a wait; goal: the tag "bought". Four people: two VIPs of whom one buys, one
    without consent, one who buys too. Version 2: one person more."""
    mail = create_template(name="M", says=TemplateText(subject="Hi", mjml=MJML), actor="user:1").pk
    arms = [{"id": "vip", "label": "VIP", "when": {"tag": "vip"}}]
    wait = ("w", "wait", {"for": minutes(60)})
    graph = chain(
        ("m", "send_email", {"template": mail}), ("ask", "branch", {"arms": arms}), wait,
        goal={"kind": "tag", "tag": "bought"},
    )  # fmt: skip
    graph["steps"]["ask"] = {"kind": "branch", "settings": {"arms": arms}, "arms": {"vip": "w", "else": "w"}}
    journey = actions.create_journey(name="X", graph=graph, actor="user:1")
    actions.publish(journey.pk, actor="user:1")
    ids = [person(1), person(2), person(3, consent=False), person(4), person(5)]
    people.add_tags(ids[:2], ["vip"], actor="user:1")
    enter(journey, *ids[:4])
    people.add_tags([ids[0], ids[3]], ["bought"], actor="user:1")
    while dispatch.run_once("journeys"):
        pass
    Message.objects.filter(status="queued").update(status="sent", sent_at=clock.now())
    Message.objects.filter(person_id=ids[0]).update(opened_at=clock.now(), clicked_at=clock.now())
    Message.objects.filter(person_id=ids[1]).update(opened_at=clock.now())
    actions.update_journey(journey.pk, graph={**graph, "steps": {**graph["steps"], "w": {**graph["steps"]["w"], "title": "Pause"}}}, actor="user:1")  # fmt: skip  # noqa: E501
    actions.publish(journey.pk, actor="user:1")
    enter(journey, ids[4])
    journey.refresh_from_db()
    return journey, ids


def test_versions_are_held_against_each_other(made: tuple[Journey, list[int]]) -> None:
    journey, _ids = made
    found = report.report(journey)["versions"]
    assert [(v.number, v.entered, v.inside, v.goal, v.left, v.sent, v.rate, v.current) for v in found] == [
        (2, 1, 1, 0, 0, 0, 0.0, True),
        (1, 4, 2, 2, 0, 3, 50.0, False),
    ]


def test_steps_say_who_came_where_and_reached_the_goal(made: tuple[Journey, list[int]]) -> None:
    journey, _ids = made
    steps = {s.step: s for s in report.report(journey, 1)["steps"]}
    mail, ask, wait = steps["m"], steps["ask"], steps["w"]
    assert (mail.entered, mail.done, mail.waiting, mail.left, mail.goal, mail.rate) == (4, 4, 0, 0, 2, 50.0)
    assert mail.mail == {"sent": 3, "opened": 2, "clicked": 1, "open_rate": 67, "click_rate": 33}
    assert [(r["why"], r["n"]) for r in mail.refused] == [("no_consent", 1)]
    assert [(w.id, w.n, w.share, w.goal, w.rate) for w in ask.ways] == [
        ("vip", 2, 50, 1, 50.0),
        ("else", 2, 50, 1, 50.0),
    ]
    assert (wait.entered, wait.done, wait.waiting, wait.left, wait.goal) == (4, 0, 2, 2, 2)
    everybody = {s.step: s for s in report.report(journey)["steps"]}
    assert (everybody["m"].entered, everybody["w"].waiting, everybody["w"].title) == (5, 3, "Pause")


def test_a_step_of_the_canvas_counts_its_own_mails_alone(made: tuple[Journey, list[int]]) -> None:
    journey, ids = made
    template = journey.draft["steps"]["m"]["settings"]["template"]
    queue(
        [MailRequest(person_id=p, template_id=template, key="by-hand", actor="user:1") for p in ids]
    )  # the same mail, not by this journey
    Message.objects.filter(key="by-hand").update(status="sent", sent_at=clock.now())
    assert canvas.numbers(journey)["counts"]["m"]["stats"] == [
        ("3", "sent"), ("1", "in the outbox"), ("67 %", "open"), ("33 %", "click"), ("1", "not sent")
    ]  # fmt: skip


def test_the_people_behind_each_number(made: tuple[Journey, list[int]]) -> None:
    journey, (a, b, c, d, e) = made

    def behind(what: str, step: str = "", number: int | None = None) -> list[int]:
        return [contact.pk for contact, _passage in report.behind(journey, what, step, number)]

    assert behind("entered") == [a, b, c, d, e]
    assert behind("goal", number=1) == [a, d]
    assert behind("inside") == [b, c, e]
    assert behind("waiting", "w", 1) == [b, c]
    assert sorted(behind("entered", "w", 1)) == [a, b, c, d]
    assert behind("left", "w") == [a, d]
    assert behind("arm:vip", "ask") == [a, b]
    assert behind("refused:no_consent", "m") == [c]
    assert behind("goal", "m") == [a, d]
    with pytest.raises(KeyError):
        behind("nonsense")
    with pytest.raises(KeyError):
        behind("nonsense", "m")


def test_one_off_against_nurture_month_by_month() -> None:
    for n, (actor, purpose, at) in enumerate((
        ("journey:3", "marketing", AT), ("user:1", "marketing", AT), ("journey:4", "marketing", AT),
        ("journey:3", "transactional", AT), ("user:1", "marketing", AT - timedelta(days=40)),
        ("user:1", "marketing", AT - timedelta(days=800)),
    )):  # fmt: skip
        Message.objects.create(
            person_id=n + 1, id=uuid.UUID(int=n), key=str(n), template_id=1, version=1, purpose=purpose, actor=actor,
            status="sent", queued_at=at, sent_at=at,
        )  # fmt: skip
    with clock.freeze(AT):
        found = report.mails_by_month()
    assert len(found) == 12
    assert [(m.month.isoformat(), m.one_off, m.nurture, m.share) for m in found[-3:]] == [
        ("2026-09-01", 1, 0, 0), ("2026-10-01", 0, 0, None), ("2026-11-01", 1, 2, 67),
    ]  # fmt: skip


def test_the_report_over_page_and_api(made: tuple[Journey, list[int]], call: Any) -> None:
    journey, ids = made
    path = f"/journeys/{journey.pk}/report"
    status, said = call("GET", f"{path}?version=1")
    assert (status, said["versions"][1]["rate"], said["steps"][0]["mail"]["sent"]) == (200, 50.0, 3)
    assert call("GET", f"{path}?version=9")[0] == 404
    assert [p["id"] for p in call("GET", f"{path}/people?what=goal&step=m")[1]] == [ids[0], ids[3]]
    assert call("GET", f"{path}/people?what=nonsense")[0] == 422
    assert len(call("GET", "/journeys/mails-by-month")[1]) == 12
    page = call.client.get(f"/journeys/{journey.pk}/report/").content.decode()
    assert "Versions against each other" in page
    assert call.client.get(f"/journeys/{journey.pk}/report/?version=9").status_code == 404
    assert "P1" in call.client.get(f"/journeys/{journey.pk}/report/people/?what=goal").content.decode()
    empty = actions.create_journey(name="Y", actor="user:1")
    assert "Nothing to report yet" in call.client.get(f"/journeys/{empty.pk}/report/").content.decode()
