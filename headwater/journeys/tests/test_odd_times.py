"""Waits, versions and counts where time, pauses and people do what they rarely do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import moving
from headwater.journeys.engine import due
from headwater.journeys.models import Journey, Passage, PassageLog
from headwater.journeys.queries import overview
from headwater.journeys.rules import calendar
from headwater.journeys.rules.schedule import zone_of
from headwater.journeys.steps.wait import _in_best_hour
from headwater.messaging.actions.templates import TemplateText, create_template
from headwater.messaging.actions.touches import Touch, record_touches
from headwater.messaging.models import Message
from headwater.people import actions as people
from headwater.people.models import Contact
from headwater.teamwork.models import Note
from headwater.timeline import dispatch
from headwater.timeline.actions import Custom, record

from .conftest import Make, chain, minutes

pytestmark = pytest.mark.django_db
#: A Monday
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
END = ("end", "exit", {})


def person(n: int, **fields: Any) -> int:
    return people.create_contact(actor="user:1", email=f"p{n}@x.test", **fields).pk


def run() -> None:
    while sum(dispatch.run_once(name) for name in ("audience", "journeys")) or due.run_once():
        pass


def let_in(journey: Journey, *ids: int) -> None:
    actions.enter_by_hand(journey.pk, ids, actor="user:1")
    run()


def outcomes() -> list[str]:
    return list(PassageLog.objects.order_by("passage_id", "hop").values_list("outcome", flat=True))


def until(condition: dict[str, Any]) -> dict[str, Any]:
    graph = chain(("w", "wait_until", {"until": condition, "timeout": {"amount": 30, "unit": "days"}}), END)
    graph["steps"]["w"] = {k: v for k, v in graph["steps"]["w"].items() if k != "next"} | {
        "arms": {"yes": "end", "timeout": "end"}
    }
    return graph


@pytest.mark.parametrize(
    ("condition", "days"),
    [
        ({"field": "contact.renewal_date", "op": "within_next", "value": "7d"}, 3),
        ({"field": "contact.birthday", "op": "anniversary", "value": "2d"}, 3),
        ({"field": "contact.created_at", "op": "older_than", "value": "3d"}, 3),
        ({"not": {"field": "contact.created_at", "op": "within", "value": "3d"}}, 3),
        ({"field": "contact.city", "op": "held_for", "value": "3d", "equals": "Rome"}, 3),
        ({"event": "x", "last": {"op": "older_than", "value": "3d"}}, 3),
    ],
)
def test_a_wait_for_what_time_alone_makes_true_ends_when_it_is_true(
    live: Make, condition: dict[str, Any], days: int
) -> None:
    with clock.freeze(AT):
        journey = live(until(condition))
        a = person(1, renewal_date=date(2026, 11, 12), birthday=date(1990, 11, 7), city="Rome")
        record(a, Custom("x", {}))
        run()
        let_in(journey, a)
    with clock.freeze(AT + timedelta(days=days, hours=-10)):
        run()
        assert outcomes() == []
    with clock.freeze(AT + timedelta(days=days, minutes=1)):
        run()
        assert outcomes() == ["yes", "end"]


def test_a_wait_for_a_field_of_the_company_ends_when_the_company_changes(live: Make) -> None:
    with clock.freeze(AT):
        journey = live(until({"field": "company.industry", "op": "eq", "value": "retail"}))
        company = people.create_company(actor="user:1", name="Acme")
        let_in(journey, person(1, company_id=company.pk))
    with clock.freeze(AT + timedelta(days=1)):
        people.update_company(company.pk, actor="user:1", industry="retail")
        run()
    assert outcomes() == ["yes", "end"]


@pytest.mark.parametrize(("days", "side"), [(30, "after"), (0, "before"), (3650, "before")])
def test_a_date_that_stands_for_never_keeps_nobody_from_waiting(live: Make, days: int, side: str) -> None:
    settings = {"by": "field", "field": "contact.renewal_date", "days": days, "side": side}
    with clock.freeze(AT):
        let_in(live(chain(("w", "wait_date", settings), END)), person(1, renewal_date=date(9999, 12, 31)))
    passage = Passage.objects.get()
    expected = date(9990, 1, 2) if days == 3650 else date(9999, 12, 29)
    assert (passage.state, passage.until and passage.until.date()) == ("waiting", expected)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_first_and_the_last_day_have_a_moment_in_every_zone(zone: str) -> None:
    for day in (calendar.FIRST, calendar.LAST):
        assert calendar.of_field({"days": 0}, day, zone_of(zone), AT) is not None


def test_a_date_that_moved_while_the_journey_was_paused_is_waited_for_anew(live: Make) -> None:
    settings = {"by": "field", "field": "contact.renewal_date", "days": 0}
    with clock.freeze(AT):
        journey = live(chain(("w", "wait_date", settings), END))
        a, b = (person(n, renewal_date=date(2026, 11, 12)) for n in (1, 2))
        let_in(journey, a, b)
        actions.pause(journey.pk, actor="user:1")
    with clock.freeze(AT + timedelta(days=2)):
        people.update_contact(a, actor="user:1", renewal_date=date(2026, 12, 20))
        run()
    with clock.freeze(AT + timedelta(days=12)):
        run()
        actions.resume(journey.pk, actor="user:1")
        due.release()
        run()
    assert list(Passage.objects.order_by("person_id").values_list("state", "until")) == [
        ("waiting", datetime(2026, 12, 20, 9, tzinfo=UTC)), ("finished", None),
    ]  # fmt: skip


@pytest.mark.parametrize("settings", [{"from": "09:00", "to": "17:00"}, {"office": True}, {"days": ["tue"]}])
def test_who_is_woken_after_her_window_waits_for_the_next_one(live: Make, settings: dict[str, Any]) -> None:
    with clock.freeze(AT):
        journey = live(chain(("w", "wait", {"for": minutes(600), **settings}), END))
        let_in(journey, person(1))
        actions.pause(journey.pk, actor="user:1")
    with clock.freeze(datetime(2026, 11, 7, 23, 0, tzinfo=UTC)):  # a Saturday
        run()
        actions.resume(journey.pk, actor="user:1")
        due.release()
        run()
        days = settings.get("days")
        opens = datetime(2026, 11, 10 if days else 9 if "office" in settings else 8, 0 if days else 9, tzinfo=UTC)
        assert (Passage.objects.get().state, Passage.objects.get().until) == ("waiting", opens)
        actions.skip_wait(*Passage.objects.values_list("person_id", "id").get(), actor="user:1")
        assert Passage.objects.get().state == "finished"


def test_the_best_hour_after_midnight_is_that_of_the_window_which_passes_it() -> None:
    opens = [0.0] * 24
    opens[1] = 50.0
    settings = {"best": True, "days": ["fri"], "from": "22:00", "to": "03:00"}
    found = _in_best_hour(settings, AT, "UTC", opens, [0.0] * 24, 7)
    assert found == datetime(2026, 11, 7, 1, 7, tzinfo=UTC)  # in the night of Friday, hence on Saturday


def test_whoever_enters_a_newer_version_is_not_taken_back_by_a_move_that_still_runs(live: Make) -> None:
    journey = live(chain(("w", "wait", {"for": minutes(500)}), END))
    early, late = person(1), person(2)
    let_in(journey, early)
    for n, inside in ((400, "move"), (300, "finish")):
        actions.update_journey(journey.pk, graph=chain(("w", "wait", {"for": minutes(n)}), END), actor="user:1")
        actions.publish(journey.pk, people=inside, actor="user:1")
    let_in(journey, late)
    while moving.run_once():
        pass
    numbers = dict(journey.versions.values_list("pk", "number"))
    stand = {p: numbers[v] for p, v in Passage.objects.values_list("person_id", "version_id")}
    assert stand == {early: 2, late: 3}


def test_nobody_is_let_in_who_is_no_contact(live: Make) -> None:
    journey = live(chain(("w", "wait", {"for": minutes(5)}), END))
    a = person(1)
    assert list(actions.enter_by_hand(journey.pk, [a, 10**12], actor="user:1")) == [a]


def test_notes_of_two_ways_at_once_each_name_their_own_cause(live: Make) -> None:
    entry = [{"kind": "event", "event": "x"}]
    live(chain(("n", "add_note", {"text": "Chose {{ event.v }}"}), END, entry=entry, reentry={"rule": "always"}))
    a = person(1)
    for v in ("one", "two"):
        record(a, Custom("x", {"v": v}))
    run()
    assert sorted(Note.objects.values_list("body", flat=True)) == ["Chose one", "Chose two"]


def test_a_step_that_failed_at_the_end_of_a_wait_is_tried_again_without_waiting_anew(live: Make) -> None:
    with clock.freeze(AT):
        let_in(live(until({"tag": "vip"})), person(1))
    limit = Passage.objects.get().until
    Passage.objects.update(state="stuck", due_at=None, tries=5)
    with clock.freeze(AT + timedelta(days=10)):
        assert actions.retry(*Passage.objects.values_list("person_id", "id").get(), actor="user:1")
    assert (Passage.objects.get().state, Passage.objects.get().until) == ("waiting", limit)


def here(journey: Journey) -> tuple[int, int]:
    """Who is inside, by the list of journeys and by the picture."""
    n = overview.counts(journey.pk)["w"]
    return overview.lines()[0].inside, n.get("entered", 0) - n.get("done", 0) - n.get("left", 0)


def test_numbers_follow_who_is_erased_merged_and_parted_again(live: Make) -> None:
    journey = live(chain(("w", "wait", {"for": minutes(500)}), END))
    a, b, c = person(1), person(2), person(3)
    let_in(journey, a, b, c)
    assert here(journey) == (3, 3)
    people.erase_people([c], reason="asked for", actor="user:1")
    assert here(journey) == (2, 2)
    merge = people.merge_contacts(a, b, actor="user:1")
    assert (here(journey), Passage.objects.filter(person_id=a, state="waiting").count()) == ((1, 1), 1)
    people.unmerge(merge.pk, actor="user:1")
    assert (here(journey), Passage.objects.filter(state="waiting").count()) == ((2, 2), 2)


def test_who_waits_for_another_journey_still_does_when_she_is_merged(live: Make) -> None:
    with clock.freeze(AT):
        inner = live(chain(("w", "wait", {"for": minutes(600)}), END), name="Inner")
        call = {"journey": inner.pk, "wait": True, "timeout": {"amount": 5, "unit": "days"}}
        graph = chain(("s", "start_journey", call), END)
        graph["steps"]["s"] = {"kind": "start_journey", "settings": call, "arms": {"next": "end", "timeout": "end"}}
        outer = live(graph, name="Outer")
        a, b = person(1), person(2)
        let_in(outer, b)
        people.merge_contacts(a, b, actor="user:1")
    assert Contact.objects.count() == 1
    with clock.freeze(AT + timedelta(minutes=5)):
        run()
        assert dict(Passage.objects.values_list("journey_id", "state")) == {inner.pk: "waiting", outer.pk: "waiting"}
    with clock.freeze(AT + timedelta(minutes=601)):
        run()
        assert dict(Passage.objects.values_list("journey_id", "state")) == {inner.pk: "finished", outer.pk: "finished"}
    assert PassageLog.objects.get(step="s").reason == "finished"


@pytest.mark.parametrize(("clicks", "way"), [("other", "else"), ("hers", "yes")])
def test_only_a_mail_of_this_way_answers_what_she_did_with_it(live: Make, clicks: str, way: str) -> None:
    """Two journeys share a mail, as copies of one do: a click in the one is none in the other."""
    with clock.freeze(AT):
        text = TemplateText(subject="Hi", mjml="<mjml><mj-body></mj-body></mjml>")
        template = create_template(name="T", says=text, purpose="transactional", actor="user:1").pk
        mail = {"template": template, "purpose": "transactional"}
        other = live(chain(("m", "send_email", mail), END), name="Other")
        graph = chain(("m", "send_email", mail), ("w", "wait", {"for": minutes(60)}), ("b", "branch", {}), END)
        did = {"id": "yes", "when": {"mail": "m", "did": "clicked"}}
        graph["steps"]["b"] = {"kind": "branch", "settings": {"arms": [did]}, "arms": {"yes": "end", "else": "end"}}
        journey = live(graph)
        a = person(1)
        let_in(journey, a)
    with clock.freeze(AT + timedelta(minutes=5)):
        let_in(other, a)
        first, second = Message.objects.order_by("queued_at").values_list("id", flat=True)
        which = first if clicks == "hers" else second
        record_touches([Touch(a, which, "click", url="https://x.test")])
        run()
    with clock.freeze(AT + timedelta(minutes=61)):
        run()
    assert PassageLog.objects.get(step="b").outcome == way


def test_who_waits_for_time_alone_is_looked_at_in_the_moment_when_it_is_true(live: Make) -> None:
    held = {"field": "contact.city", "op": "held_for", "value": "3d", "equals": "Rome"}
    with clock.freeze(AT):
        journey = live(until({"any": [{"event": "x", "last": {"op": "older_than", "value": "5d"}}, held]}))
        a, b, c = (person(n, city=city) for n, city in ((1, "Rome"), (2, "Bern"), (3, "Bern")))
        record(b, Custom("x", {}))
        run()
    with clock.freeze(AT + timedelta(days=1)):
        let_in(journey, a, b, c)
        looks = dict(Passage.objects.values_list("person_id", "due_at"))
        assert looks == {
            a: AT + timedelta(days=3), b: AT + timedelta(days=5), c: AT + timedelta(days=31),
        }  # fmt: skip
    for days in (3, 5):
        with clock.freeze(AT + timedelta(days=days)):
            run()
    assert dict(Passage.objects.values_list("person_id", "ended_at")) == {
        a: AT + timedelta(days=3), b: AT + timedelta(days=5), c: None,
    }  # fmt: skip
