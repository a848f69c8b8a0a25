"""Whatever dies, and whoever works beside: each step once, nobody lost."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.db.models import Sum

from headwater.core import clock
from headwater.core.setup import after_migrate
from headwater.journeys import actions
from headwater.journeys.actions import Entry
from headwater.journeys.engine import due
from headwater.journeys.engine.batch import Batch
from headwater.journeys.models import Due, Journey, Passage, PassageLog, StepCount
from headwater.journeys.steps.add_tag import AddTag
from headwater.people import actions as people
from headwater.people.models import Contact
from headwater.timeline import dispatch
from headwater.timeline.actions import Custom, NewFact, in_lane, record_many
from headwater.timeline.models import StoredFact

from .conftest import Make, chain, minutes

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
PATH = ["calm", "tag", "rest", "end"]


def graph() -> dict[str, Any]:
    return chain(
        ("calm", "wait", {"for": minutes(5)}),
        ("tag", "add_tag", {"tag": "seen"}),
        ("rest", "wait", {"for": minutes(5)}),
        ("end", "exit", {}),
        entry=[{"kind": "event", "event": "thing.bought"}],
    )


def contacts(count: int) -> list[int]:
    return [people.create_contact(actor="user:1", first_name=f"P{n}").pk for n in range(count)]


def sound(journey: Journey, ids: list[int]) -> None:
    """Everybody is through, each step once, every counter exact."""
    assert Counter(Passage.objects.values_list("person_id", "state")) == Counter((p, "finished") for p in ids)
    rows: dict[int, list[str]] = {p: [] for p in ids}
    for person, step in PassageLog.objects.order_by("person_id", "hop").values_list("person_id", "step"):
        rows[person].append(step)
    assert set(map(tuple, rows.values())) == {tuple(PATH)}
    sums = StepCount.objects.filter(version_id=journey.version_id).values_list("step", "what").annotate(n=Sum("n"))
    assert {(s, w): n for s, w, n in sums} == {(s, w): len(ids) for s in PATH for w in ("entered", "done")}
    for kind in ("tag.added", "journey.entered", "journey.finished"):
        told = StoredFact.objects.filter(kind=kind, person_id__in=ids)
        assert Counter(told.values_list("person_id", flat=True)) == Counter(ids)
    assert Due.objects.count() == 0
    assert Contact.objects.filter(pk__in=ids, tags=["seen"]).count() == len(ids)


class Died(BaseException):
    """As good as kill -9: nobody catches it."""


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["_move", "flush", "run"])
def test_a_crash_anywhere_in_a_batch_loses_and_repeats_nothing(
    live: Make, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    journey, ids = live(graph()), contacts(20)
    target: Any = AddTag if where == "run" else Batch
    whole = getattr(target, where).__func__ if where == "run" else getattr(target, where)
    calls = Counter[str]()

    def dies_every_other_time(self_or_cls: Any, *args: Any) -> Any:
        done = whole(self_or_cls, *args)  # the work is done, and lost with the transaction
        calls["n"] += 1
        if calls["n"] % 2:
            raise Died
        return done

    monkeypatch.setattr(target, where, classmethod(dies_every_other_time) if where == "run" else dies_every_other_time)

    def until_done(work: Any) -> None:
        for _ in range(200):
            try:
                if not work():
                    return
            except Died:
                continue
        raise AssertionError("it never came to an end")

    with clock.freeze(AT):
        record_many([NewFact(p, Custom("thing.bought", {})) for p in ids])
        until_done(lambda: dispatch.run_once("journeys"))
    for n in (5, 10):
        with clock.freeze(AT + timedelta(minutes=n)):
            until_done(lambda: due.run_once(batch_size=130))
    monkeypatch.undo()
    sound(journey, ids)
    assert calls["n"] >= 2


@pytest.mark.django_db
def test_a_step_that_fails_for_one_person_holds_up_nobody_else(live: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    journey, ids = live(graph()), contacts(9)
    poison, whole = ids[4], people.add_tags

    def add_tags(person_ids: Any, tags: Any, *, actor: str) -> Any:
        if poison in person_ids:
            raise ValueError("no such luck")
        return whole(person_ids, tags, actor=actor)

    monkeypatch.setattr(people, "add_tags", add_tags)
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(p, "k") for p in ids], actor="system")
    for n in (5, 6, 8, 12, 20):
        with clock.freeze(AT + timedelta(minutes=n)):
            while due.run_once():
                pass
    assert Counter(Passage.objects.values_list("state", flat=True)) == {"finished": 8, "stuck": 1}
    stuck = Passage.objects.get(person_id=poison)
    assert (stuck.step, stuck.tries, stuck.outcome) == ("tag", 5, "ValueError: no such luck")
    monkeypatch.undo()
    with clock.freeze(AT + timedelta(minutes=30)):
        assert actions.retry(poison, stuck.id, actor="user:1")
    with clock.freeze(AT + timedelta(minutes=35)):
        due.run_once()
    assert Passage.objects.get(person_id=poison).state == "finished"


@pytest.mark.django_db
def test_a_database_that_goes_away_is_not_the_step_s_fault(live: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    journey, ids = live(graph()), contacts(3)
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(p, "k") for p in ids], actor="system")

    def gone(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError("server closed the connection unexpectedly")

    with clock.freeze(AT + timedelta(minutes=5)):
        monkeypatch.setattr(people, "add_tags", gone)
        with pytest.raises(OperationalError):
            due.run_once()
        monkeypatch.undo()
        assert set(Passage.objects.values_list("step", "tries")) == {("calm", 0)}
        while due.run_once():
            pass
    with clock.freeze(AT + timedelta(minutes=10)):
        while due.run_once():
            pass
    sound(journey, ids)


@pytest.mark.django_db(transaction=True)
def test_two_workers_and_events_at_once_take_each_step_once(live: Make) -> None:
    after_migrate()
    decide = {"until": {"event": "thing.seen", "since": "entry"}, "timeout": {"amount": 1, "unit": "seconds"}}
    journey = live(
        {
            **graph(),
            "start": "ask",
            "steps": {
                "ask": {"kind": "wait_until", "settings": decide, "arms": {"yes": "tag", "timeout": "tag"}},
                "tag": {"kind": "add_tag", "settings": {"tag": "seen"}, "next": None},
            },
        }
    )
    ids = contacts(120)
    actions.enter(journey.pk, [Entry(p, "k") for p in ids], actor="system")
    failures: list[BaseException] = []

    def work(what: Any) -> None:
        try:
            for _ in range(25):
                what()
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    def wake() -> None:
        with clock.travel(timedelta(seconds=1)):
            due.run_once(batch_size=40)

    numbers = iter(range(0, 10_000, 8))

    def happen() -> None:
        start = next(numbers)
        record_many([NewFact(p, Custom("thing.seen", {})) for p in ids[start : start + 8]])
        dispatch.run_once("journeys")

    threads = [threading.Thread(target=work, args=(w,)) for w in (wake, wake, happen)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert failures == []
    with clock.travel(timedelta(seconds=2)):
        while due.run_once():
            pass
    dispatch.run_once("journeys")
    assert Counter(Passage.objects.values_list("state", flat=True)) == {"finished": 120}
    taken = Counter(PassageLog.objects.values_list("person_id", "step"))
    assert taken == Counter((p, s) for p in ids for s in ("ask", "tag"))
    assert Counter(StoredFact.objects.filter(kind="tag.added").values_list("person_id", flat=True)) == Counter(ids)
    assert Due.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_journey_s_new_tag_never_waits_for_somebody_who_waits_for_its_lanes(live: Make) -> None:
    """A user tags her with a name that nobody used before, while a journey gives her the same: no deadlock."""
    after_migrate()
    journey = live({**graph(), "start": "tag", "steps": {"tag": {**graph()["steps"]["tag"], "next": None}}})
    (person,) = contacts(1)
    failures: list[BaseException] = []
    held, asked = threading.Event(), threading.Event()

    def user() -> None:
        held.wait(10)
        threading.Timer(0.3, asked.set).start()  # by then he waits for her lane
        try:
            people.add_tags([person], ["seen"], actor="user:1")
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=user)
    thread.start()
    with in_lane(person):
        held.set()
        asked.wait(10)
        actions.enter(journey.pk, [Entry(person, "k")], actor="system")
    thread.join()
    assert failures == []
    assert Contact.objects.get(pk=person).tags == ["seen"]
    assert StoredFact.objects.filter(kind="tag.added").count() == 1
