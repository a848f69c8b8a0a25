"""The steps that change the person and the work of colleagues, and those that wait for dates and hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from headwater.accounts.models import User
from headwater.audience import actions as audience
from headwater.audience.models import Picked
from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import Entry
from headwater.journeys.engine import due
from headwater.journeys.engine.checking import problems
from headwater.journeys.models import Journey, Passage, PassageLog
from headwater.journeys.rules import calendar
from headwater.journeys.rules.schedule import zone_of
from headwater.messaging.actions.templates import TemplateText, create_template
from headwater.messaging.models import Message
from headwater.people import actions as people
from headwater.people.models import Consent, Contact
from headwater.sales import actions as sales
from headwater.sales.models import Deal, DealStageChange, PipelineStage
from headwater.teamwork.models import Note
from headwater.timeline import dispatch, queries

from .conftest import Make, chain, minutes

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)  # a Monday
MJML = "<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>"


def person(n: int, **fields: Any) -> int:
    return people.create_contact(actor="user:1", first_name=f"P{n}", email=f"p{n}@example.com", **fields).pk


def enter(journey: Journey, *ids: int) -> None:
    actions.enter(journey.pk, [Entry(p, "k") for p in ids], actor="system")


def reasons(journey: Journey) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for row in PassageLog.objects.order_by("person_id", "hop"):
        found.setdefault(row.person_id, []).append(f"{row.step}:{row.outcome}:{row.reason}")
    return found


def test_fields_are_set_cleared_and_refused(live: Make) -> None:
    graph = chain(
        ("a", "set_field", {"field": "city", "mode": "set", "value": "Home of {{ contact.first_name }}"}),
        ("b", "set_field", {"field": "custom.plan", "mode": "set", "value": "gold"}),
        ("c", "set_field", {"field": "job_title", "mode": "clear"}),
        ("d", "set_field", {"field": "birthday", "mode": "set", "value": "yesterday"}),
    )
    journey = live(graph)
    one, two = person(1, job_title="CEO"), person(2)
    enter(journey, one, two)
    contact = Contact.objects.get(pk=one)
    assert (contact.city, contact.custom, contact.job_title, contact.birthday) == (
        "Home of P1", {"plan": "gold"}, "", None,
    )  # fmt: skip
    assert reasons(journey)[two] == [
        "a:next:", "b:next:", "c:next:",
        "d:next:refused:Write the date as year-month-day, such as 2026-11-30.",
    ]  # fmt: skip
    assert [e.data["changes"] for e in queries.read(two, kinds=["contact.updated"])] == [
        {"custom.plan": [None, "gold"]}, {"city": ["", "Home of P2"]},
    ]  # fmt: skip


def test_consent_is_kept_with_its_proof(live: Make) -> None:
    settings = {"channel": "email", "state": "granted", "topic": "news", "proof": "Ticked at the fair"}
    journey = live(chain(("a", "set_consent", settings)))
    one = person(1)
    enter(journey, one)
    consent = Consent.objects.get(person_id=one)
    assert (consent.state, consent.topic, consent.proof) == (
        "granted", "news", {"source": f"journey:{journey.pk}", "text": "Ticked at the fair"},
    )  # fmt: skip
    graph = chain(("a", "set_consent", {"channel": "email", "state": "granted"}))
    assert [p.where for p in problems(graph)] == ["steps.a.proof"]


def test_owners_come_in_turn_and_who_has_one_keeps_it(live: Make) -> None:
    users = [
        User.objects.create_user(f"u{n}@x.example", f"u{n}@x.example", takes_leads=True, first_name=f"U{n}")
        for n in range(2)
    ]
    journey = live(chain(("a", "set_owner", {"how": "turn", "keep": True})))
    ids = [person(n) for n in range(4)]
    people.set_owner([ids[1]], users[1].pk, reason="", actor="user:1")
    enter(journey, *ids)
    owners = dict(Contact.objects.values_list("pk", "owner_id"))
    assert [owners[i] for i in ids] == [users[0].pk, users[1].pk, users[1].pk, users[0].pk]
    facts = queries.read(ids[0], kinds=["owner.changed"])
    assert [(f.data["after_name"], f.data["reason"]) for f in facts] == [("U0", "Test")]


def test_nobody_takes_leads_is_said_and_nobody_is_an_owner_too(live: Make) -> None:
    journey = live(chain(("a", "set_owner", {"how": "turn"}), ("b", "set_owner", {"how": "nobody"})))
    one = person(1)
    enter(journey, one)
    assert reasons(journey)[one] == ["a:next:refused:nobody_takes_leads", "b:next:"]


def test_deals_are_opened_once_and_moved(live: Make) -> None:
    sales.ensure_pipeline()
    first, second = list(PipelineStage.objects.filter(kind="open").order_by("order")[:2])
    settings = {"name": "For {{ contact.first_name }}", "amount_from": "contact.custom.worth", "amount": 10}
    journey = live(chain(("a", "create_deal", settings), ("b", "move_deal", {"stage": second.pk})))
    one, two = person(1, custom={"worth": "99.5"}), person(2)
    enter(journey, one, two)
    deals = {d.contact_id: d for d in Deal.objects.all()}
    assert {p: (d.name, d.amount, d.stage_id, d.version) for p, d in deals.items()} == {
        one: ("For P1", Decimal("99.50"), second.pk, 2),
        two: ("For P2", Decimal("10.00"), second.pk, 2),
    }
    changes = DealStageChange.objects.filter(deal=deals[one]).order_by("pk")
    assert list(changes.values_list("before_id", "after_id")) == [(None, first.pk), (first.pk, second.pk)]
    kinds = [e.kind for e in queries.read(one) if e.kind.startswith("deal.")]
    assert sorted(kinds) == ["deal.created", "deal.moved"]


def test_who_has_no_deal_goes_on_and_won_stages_are_for_people(live: Make) -> None:
    sales.ensure_pipeline()
    stage = PipelineStage.objects.filter(kind="open").order_by("order")[1]
    journey = live(chain(("a", "move_deal", {"stage": stage.pk})))
    one = person(1)
    enter(journey, one)
    assert reasons(journey)[one] == ["a:next:refused:no_deal"]
    won = PipelineStage.objects.get(kind="won")
    assert [p.where for p in problems(chain(("a", "move_deal", {"stage": won.pk})))] == ["steps.a.stage"]


def test_notes_are_written_for_all_in_one_go(live: Make, django_assert_max_num_queries: Any) -> None:
    journey = live(chain(("a", "add_note", {"text": "Ask {{ contact.first_name }} about the fair"})))
    ids = [person(n) for n in range(20)]
    with django_assert_max_num_queries(40):
        enter(journey, *ids)
    assert set(Note.objects.values_list("body", flat=True)) == {f"Ask P{n} about the fair" for n in range(20)}
    assert [e.kind for e in queries.read(ids[0], kinds=["note.added"])] == ["note.added"]


def test_waits_for_business_hours_in_her_own_zone(live: Make) -> None:
    journey = live(chain(("a", "wait", {"for": {"amount": 4, "unit": "days"}, "office": True})))
    seoul, utc = person(1, time_zone="Asia/Seoul"), person(2)
    with clock.freeze(AT):
        enter(journey, seoul, utc)
    assert dict(Passage.objects.values_list("person_id", "until")) == {
        seoul: datetime(2026, 11, 9, 0, 0, tzinfo=UTC),  # Friday 18:30 there: Monday at 9
        utc: datetime(2026, 11, 6, 9, 30, tzinfo=UTC),
    }


RENEWAL = {"by": "field", "field": "contact.renewal_date", "days": 3, "side": "before", "at": "08:00", "late": True}


def late(settings: dict[str, Any]) -> dict[str, Any]:
    graph = chain(("a", "wait_date", settings))
    graph["steps"]["a"] = {"kind": "wait_date", "settings": settings, "arms": {"next": None, "late": None}}
    return graph


def test_three_days_before_the_renewal(live: Make) -> None:
    journey = live(late(RENEWAL))
    one = person(1, renewal_date="2026-11-20", time_zone="Europe/Berlin")
    passed, none = person(2, renewal_date="2026-11-03"), person(3)
    with clock.freeze(AT):
        enter(journey, one, passed, none)
    assert Passage.objects.get(person_id=one).until == datetime(2026, 11, 17, 7, 0, tzinfo=UTC)
    assert reasons(journey) == {passed: ["a:late:passed"], none: ["a:late:no_date"]}
    with clock.freeze(AT + timedelta(hours=1)):
        people.update_contact(one, renewal_date="2026-12-20", actor="user:1")
        dispatch.run_once("journeys")
    assert Passage.objects.get(person_id=one).until == datetime(2026, 12, 17, 7, 0, tzinfo=UTC)
    with clock.freeze(datetime(2026, 12, 17, 7, 0, 5, tzinfo=UTC)):
        assert due.run_once() == 1
    assert reasons(journey)[one] == ["a:next:"]


def test_a_set_day_comes_for_each_at_her_own_time(live: Make) -> None:
    journey = live(chain(("a", "wait_date", {"by": "date", "date": "2026-11-05", "at": "10:00"})))
    tokyo, utc = person(1, time_zone="Asia/Tokyo"), person(2)
    with clock.freeze(AT):
        enter(journey, tokyo, utc)
    assert dict(Passage.objects.values_list("person_id", "until")) == {
        tokyo: datetime(2026, 11, 5, 1, tzinfo=UTC),
        utc: datetime(2026, 11, 5, 10, tzinfo=UTC),
    }


@pytest.mark.parametrize(
    ("day", "now", "expected"),
    [
        ("1990-03-10", "2024-03-09T00:00", "2024-03-10T07:00"),  # 02:30 is not there that day: the end of the gap
        ("1990-03-08", "2024-03-09T00:00", "2025-03-08T07:30"),
        ("1992-02-29", "2025-01-01T00:00", "2025-02-28T07:30"),
        ("1992-02-29", "2027-06-01T00:00", "2028-02-29T07:30"),
    ],
)
def test_the_next_anniversary_in_new_york(day: str, now: str, expected: str) -> None:
    found = calendar.of_field(
        {"yearly": True, "at": "02:30"}, date.fromisoformat(day), zone_of("America/New_York"),
        datetime.fromisoformat(now).replace(tzinfo=UTC),
    )  # fmt: skip
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_mails_keep_to_the_hours_of_the_journey(live: Make) -> None:
    template = create_template(name="Hello", says=TemplateText(subject="Hi", mjml=MJML), actor="user:1").pk
    hours = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}
    journey = live(chain(("a", "send_email", {"template": template}), ("b", "exit", {}), hours=hours))
    seoul, utc = person(1, time_zone="Asia/Seoul"), person(2)
    for pk in (seoul, utc):
        people.set_consent(pk, "email", "granted", topic="", proof={}, actor="user:1")
    with clock.freeze(AT):  # 18:30 in Seoul
        enter(journey, seoul, utc)
    assert list(Message.objects.values_list("person_id", flat=True)) == [utc]
    assert Passage.objects.get(person_id=seoul).until == datetime(2026, 11, 3, 0, 0, tzinfo=UTC)
    with clock.freeze(datetime(2026, 11, 3, 0, 0, 1, tzinfo=UTC)):
        assert due.run_once() == 1
    assert set(Message.objects.values_list("person_id", flat=True)) == {seoul, utc}
    assert reasons(journey)[seoul] == ["a:next:", "b:end:"]
    bad = chain(("b", "exit", {}), hours={"from": "09:00", "days": ["someday"]})
    assert [p.where for p in problems(bad)] == ["hours.days", "hours.to"]


def test_a_jump_leads_back_so_and_so_often(live: Make) -> None:
    graph = chain(
        ("a", "wait", {"for": minutes(5)}), ("b", "add_note", {"text": "Again"}), ("c", "jump", {"to": "a", "most": 2})
    )
    graph["steps"]["c"] = {"kind": "jump", "settings": {"to": "a", "most": 2}, "arms": {"done": "d"}}
    graph["steps"]["d"] = {"kind": "exit", "settings": {"reason": "enough"}, "arms": {}}
    assert problems(graph) == []
    journey = live(graph)
    one = person(1)
    for n in range(4):
        with clock.freeze(AT + timedelta(minutes=5 * n)):
            if n == 0:
                enter(journey, one)
            else:
                assert due.run_once() == 1
    assert [r.split(":")[0] + ":" + r.split(":")[1] for r in reasons(journey)[one]] == [
        "a:next", "b:next", "c:again", "a:next", "b:next", "c:again", "a:next", "b:next", "c:done", "d:end",
    ]  # fmt: skip
    assert Note.objects.count() == 3


def test_a_circle_without_a_wait_comes_to_its_end(live: Make) -> None:
    graph = chain(("a", "add_tag", {"tag": "x"}), ("c", "jump", {}))
    graph["steps"]["c"] = {"kind": "jump", "settings": {"to": "a", "most": 3}, "arms": {"done": None}}
    journey = live(graph)
    one = person(1)
    enter(journey, one)
    passage = Passage.objects.get()
    assert (passage.state, passage.outcome, passage.hops) == ("finished", "end", 8)


def test_a_jump_to_nowhere_is_said() -> None:
    graph = chain(("a", "jump", {}))
    graph["steps"]["a"] = {"kind": "jump", "settings": {"to": "z", "most": 3}, "arms": {"done": None}}
    assert [p.where for p in problems(graph)] == ["steps.a.to"]


def test_members_are_picked_into_a_segment_and_out_of_it(live: Make) -> None:
    segment = audience.create_segment(name="Fair", definition={"tag": "fair"}, actor="user:1", key="fair").pk
    into = live(chain(("a", "pick_segment", {"segment": segment, "side": "in"})))
    out = live(chain(("a", "pick_segment", {"segment": segment, "side": "out"})), name="Out")
    gone = live(chain(("a", "pick_segment", {"segment": segment + 99, "side": "in"})), name="Gone")
    one, two = person(1), person(2)
    enter(into, one, two)
    enter(out, two)
    assert dict(Picked.objects.values_list("person_id", "side")) == {one: "in", two: "out"}
    enter(gone, one)
    log = PassageLog.objects.filter(passage_id__in=Passage.objects.filter(journey_id=gone.pk).values("id"))
    assert list(log.values_list("reason", flat=True)) == ["refused:no_segment"]
