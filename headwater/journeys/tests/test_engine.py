"""People walk through journeys: each step once, exact counts, waits that end, ways that part."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Sum

from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import Entry
from headwater.journeys.engine import due
from headwater.journeys.models import DayCount, Due, Passage, PassageLog, StepCount
from headwater.people import actions as people
from headwater.people.models import Contact
from headwater.timeline import dispatch, queries
from headwater.timeline.actions import Custom, NewFact, record, record_many

from .conftest import Make, chain, minutes

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def counts(version_id: int) -> dict[tuple[str, str], int]:
    rows = StepCount.objects.filter(version_id=version_id).values_list("step", "what").annotate(total=Sum("n"))
    return {(step, what): total for step, what, total in rows}


def days(journey_id: int) -> dict[str, int]:
    rows = DayCount.objects.filter(journey_id=journey_id).values_list("what").annotate(total=Sum("n"))
    return dict(rows)


BRANCH = {
    "entry": [{"kind": "event", "event": "thing.bought"}],
    "reentry": {"rule": "when_finished"},
    "goal": {"kind": "event", "event": "deal.signed"},
    "exits": [{"kind": "event", "event": "went.away"}],
    "start": "pause",
    "steps": {
        "pause": {"kind": "wait", "settings": {"for": minutes(5)}, "next": "ask"},
        "ask": {
            "kind": "branch",
            "settings": {
                "within": minutes(60),
                "arms": [
                    {
                        "id": "dear",
                        "label": "Dear",
                        "when": {
                            "event": "page.seen",
                            "since": "entry",
                            "where": [{"prop": "path", "op": "starts_with", "value": "/pricing"}],
                        },
                    },
                    {"id": "any", "label": "Any", "when": {"event": "page.seen", "since": "entry"}},
                ],
            },
            "arms": {"dear": "yes", "any": "yes", "else": "no"},
        },
        "yes": {"kind": "exit", "settings": {"reason": "interested"}, "arms": {}},
        "no": {"kind": "exit", "settings": {"reason": "cold"}, "arms": {}},
    },
}


def test_a_person_waits_and_goes_on_when_her_time_has_come(live: Make) -> None:
    journey = live(chain(("a", "wait", {"for": minutes(5)}), ("b", "wait", {"for": minutes(10)}), ("c", "exit", {})))
    with clock.freeze(AT):
        made = actions.enter(journey.pk, [Entry(7, "k")], actor="system")
        assert due.run_once() == 0
    passage = Passage.objects.get()
    assert made == {7: passage.id}
    assert (passage.step, passage.state, passage.until, passage.due_at) == (
        "a",
        "waiting",
        AT + timedelta(minutes=5),
        AT + timedelta(minutes=5),
    )
    with clock.freeze(AT + timedelta(minutes=5)):
        assert due.run_once() == 1
        assert due.run_once() == 0
    with clock.freeze(AT + timedelta(minutes=20)):
        assert due.run_once() == 1
    passage.refresh_from_db()
    assert (passage.state, passage.outcome, passage.hops) == ("finished", "end", 3)
    log = list(PassageLog.objects.order_by("hop").values_list("hop", "step", "since", "at", "outcome"))
    assert log == [
        (0, "a", AT, AT + timedelta(minutes=5), "next"),
        (1, "b", AT + timedelta(minutes=5), AT + timedelta(minutes=20), "next"),
        (2, "c", AT + timedelta(minutes=20), AT + timedelta(minutes=20), "end"),
    ]
    assert Due.objects.count() == 0
    assert [e.kind for e in queries.read(7)] == ["journey.finished", "journey.entered"]


def test_many_people_are_counted_exactly(live: Make) -> None:
    journey = live(BRANCH)
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(p, "k") for p in range(1, 301)], actor="system")
    version = journey.version_id
    assert counts(version) == {("pause", "entered"): 300}
    with clock.freeze(AT + timedelta(minutes=5)):
        assert sum(iter(due.run_once, 0)) == 300
        record_many(
            [NewFact(p, Custom("page.seen", {"path": "/pricing/x" if p <= 50 else "/"})) for p in range(1, 101)]
        )
    with clock.freeze(AT + timedelta(minutes=6)):
        dispatch.run_once("journeys")
    assert counts(version) == {
        ("pause", "entered"): 300,
        ("pause", "done"): 300,
        ("ask", "entered"): 300,
        ("ask", "done"): 100,
        ("ask", "arm:dear"): 50,
        ("ask", "arm:any"): 50,
        ("yes", "entered"): 100,
        ("yes", "done"): 100,
    }
    assert Due.objects.count() == 200
    with clock.freeze(AT + timedelta(minutes=65)):
        assert sum(iter(due.run_once, 0)) == 200
    assert counts(version)["ask", "arm:else"] == 200
    assert counts(version)["no", "done"] == 200
    assert days(journey.pk) == {"entered": 300, "finished": 300}
    assert Passage.objects.filter(state="finished", outcome="cold").count() == 200
    assert PassageLog.objects.filter(step="ask", outcome="else", reason="timeout").count() == 200


def test_a_fact_lets_a_person_in_once(live: Make) -> None:
    journey = live(BRANCH)
    fact = record(3, Custom("thing.bought", {}))
    assert fact is not None
    dispatch.run_once("journeys")
    passage = Passage.objects.get()
    assert (passage.person_id, passage.journey_id, passage.entry_key) == (3, journey.pk, fact.hex)
    assert passage.why == {"kind": "thing.bought", "data": {}}
    assert actions.enter(journey.pk, [Entry(3, fact.hex)], actor="system") == {}
    assert Passage.objects.count() == 1


def test_goal_and_exit_take_her_out_of_the_middle(live: Make) -> None:
    journey = live(BRANCH)
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(1, "k"), Entry(2, "k"), Entry(3, "k")], actor="system")
    with clock.freeze(AT + timedelta(seconds=30)):
        record(1, Custom("deal.signed", {}))
        record(2, Custom("went.away", {}))
        dispatch.run_once("journeys")
    assert list(Passage.objects.order_by("person_id").values_list("state", "outcome")) == [
        ("finished", "goal"),
        ("exited", "exit:went.away"),
        ("waiting", ""),
    ]
    assert days(journey.pk) == {"entered": 3, "finished": 1, "goal": 1, "exited": 1}
    assert counts(journey.version_id) == {
        ("pause", "entered"): 3,
        ("pause", "left"): 2,
        ("pause", "goal:goal"): 1,
    }
    assert list(Due.objects.values_list("person_id", flat=True)) == [3]


def test_what_happened_before_she_entered_does_not_count(live: Make) -> None:
    journey = live(BRANCH)
    record(1, Custom("page.seen", {"path": "/pricing"}), at=AT - timedelta(days=1))
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(1, "k")], actor="system")
    with clock.freeze(AT + timedelta(minutes=5)):
        due.run_once()
    assert Passage.objects.get().state == "waiting"


def test_what_happened_during_the_wait_before_counts_at_once(live: Make) -> None:
    journey = live(BRANCH)
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(1, "k")], actor="system")
    with clock.freeze(AT + timedelta(minutes=2)):
        record(1, Custom("page.seen", {"path": "/"}))
        dispatch.run_once("journeys")
        assert Passage.objects.get().step == "pause"
    with clock.freeze(AT + timedelta(minutes=5)):
        due.run_once()
    assert (Passage.objects.get().state, Passage.objects.get().outcome) == ("finished", "interested")


@pytest.mark.parametrize(("rule", "expected"), [("once", 1), ("when_finished", 2), ("always", 3)])
def test_re_entry(live: Make, rule: str, expected: int) -> None:
    journey = live(chain(("a", "wait", {"for": minutes(5)}), reentry={"rule": rule}))
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(1, "first")], actor="system")
        actions.enter(journey.pk, [Entry(1, "while inside")], actor="system")
    with clock.freeze(AT + timedelta(minutes=5)):
        due.run_once()
        actions.enter(journey.pk, [Entry(1, "after")], actor="system")
    assert Passage.objects.count() == expected


def test_re_entry_after_a_while_only(live: Make) -> None:
    journey = live(chain(("a", "exit", {}), reentry={"rule": "always", "after": {"amount": 1, "unit": "days"}}))
    for hours, inside in ((0, 1), (23, 1), (24, 2)):
        with clock.freeze(AT + timedelta(hours=hours)):
            actions.enter(journey.pk, [Entry(1, f"at {hours}")], actor="system")
        assert Passage.objects.count() == inside


def test_people_finish_on_the_version_they_entered(live: Make) -> None:
    journey = live(chain(("a", "wait", {"for": minutes(5)}), ("old", "exit", {"reason": "old"})))
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(1, "k")], actor="system")
    actions.update_journey(
        journey.pk, graph=chain(("a", "wait", {"for": minutes(1)}), ("new", "exit", {"reason": "new"})), actor="user:1"
    )
    assert actions.publish(journey.pk, actor="user:1").number == 2
    assert actions.publish(journey.pk, actor="user:1").number == 2
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(2, "k")], actor="system")
    with clock.freeze(AT + timedelta(minutes=1)):
        assert due.run_once() == 1
    with clock.freeze(AT + timedelta(minutes=5)):
        assert due.run_once() == 1
    assert dict(Passage.objects.values_list("person_id", "outcome")) == {1: "old", 2: "new"}


def test_a_pause_holds_people_and_lets_them_go_on(live: Make) -> None:
    journey = live(BRANCH)
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(1, "k"), Entry(2, "k")], actor="system")
        actions.pause(journey.pk, actor="user:1")
        assert actions.enter(journey.pk, [Entry(9, "k")], actor="system") == {}
    with clock.freeze(AT + timedelta(minutes=5)):
        due.run_once()
        assert due.release() == 0
    assert list(Passage.objects.values_list("state", "step")) == [("held", "pause")] * 2
    with clock.freeze(AT + timedelta(minutes=9)):
        actions.resume(journey.pk, actor="user:1")
        assert due.release() == 2
        assert due.run_once() == 2
    assert (
        list(Passage.objects.values_list("state", "step", "until"))
        == [("waiting", "ask", AT + timedelta(minutes=69))] * 2
    )


def test_a_goal_that_waits_in_a_backlog_is_not_overtaken_by_the_next_step(live: Make) -> None:
    """The reactions are behind: whoever has bought gets nothing more, though nobody has heard of it yet."""
    bought = {"kind": "event", "event": "thing.bought", "where": [{"prop": "n", "op": "gte", "value": 2}]}
    journey = live(
        chain(("calm", "wait", {"for": minutes(5)}), ("tag", "add_tag", {"tag": "late"}), ("end", "exit", {}),
              goal=bought, exits=[{"kind": "event", "event": "account.closed"}])
    )  # fmt: skip
    ids = [people.create_contact(actor="user:1", first_name=f"P{n}").pk for n in range(4)]
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(p, "k") for p in ids], actor="system")
        while dispatch.run_once("journeys"):
            pass
    with clock.freeze(AT + timedelta(minutes=4)):
        record(ids[0], Custom("thing.bought", {"n": 2}))
        record(ids[1], Custom("thing.bought", {"n": 1}))  # not the goal
        record(ids[2], Custom("account.closed", {}))
    with clock.freeze(AT + timedelta(minutes=5)):
        assert due.run_once() == 4
        states = dict(Passage.objects.values_list("person_id", "state"))
        assert states == {ids[0]: "waiting", ids[1]: "finished", ids[2]: "waiting", ids[3]: "finished"}
        assert set(Due.objects.values_list("due_at", flat=True)) == {AT + timedelta(minutes=5, seconds=1)}
        assert due.run_once() == 0
        dispatch.run_once("journeys")
    assert dict(Passage.objects.values_list("person_id", "outcome")) == {
        ids[0]: "goal", ids[1]: "end", ids[2]: "exit:account.closed", ids[3]: "end",
    }  # fmt: skip
    assert Due.objects.count() == 0
    assert set(Contact.objects.filter(tags=["late"]).values_list("pk", flat=True)) == {ids[1], ids[3]}
