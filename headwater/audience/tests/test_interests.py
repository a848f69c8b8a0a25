"""Interest in topics as time passes: what a batch at a time adds up to equals what the past computes anew, equals a
plain Python oracle; segments follow to the second; every number is explained."""

from __future__ import annotations

import math
import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.audience import actions, queries
from headwater.audience.engine import building, runs
from headwater.audience.loops import retest_once, turn_once
from headwater.audience.models import Interest, ScoreEntry, ScoreRun, Topic
from headwater.core import clock
from headwater.people.actions import merge_contacts, unmerge
from headwater.timeline import dispatch

from .helpers import NOW, happened, person

pytestmark = pytest.mark.django_db
WORLDS = max(15, int(os.environ.get("HEADWATER_SOAK_TREES", "20")) // 10)
DAY, HOUR = 86400, 3600


@pytest.fixture(autouse=True)
def _present() -> Any:
    with clock.freeze(NOW):
        yield


def settle() -> None:
    for _ in range(8):
        if not dispatch.run_once("audience") + turn_once() + retest_once():
            return


def finish() -> None:
    runs.run_all()
    building.run_all()
    settle()


def topic(**said: Any) -> Topic:
    return actions.save_topic(name="Maps", matches=[("keyword", "map")], actor="user:1", **said)


def weights(*people: int) -> list[int]:
    found = queries.interests(people)
    return [next((t.weight for t in found[p] if t.key == "maps"), 0) for p in people]


def test_interest_halves_and_segments_follow_to_the_second() -> None:
    a = person()
    topic(decay_days=10)
    s = actions.create_segment(name="Likes maps", definition={"interest": "maps", "op": "gte", "value": 3}, actor="t")
    building.run_all()
    happened(a, "asset.downloaded", name="Map guide")
    happened(a, "page.viewed", path="/map")
    settle()
    assert weights(a) == [4]
    assert queries.are_members(s.pk, [a]) == {a}
    # 4 * 2^(-age / 10 days) is below 2.5 from the first second after 10 days * log2(4 / 2.5) on
    edge = math.floor(10 * DAY * math.log2(4 / 2.5))
    with clock.freeze(NOW + timedelta(seconds=edge)):
        settle()
        assert (weights(a), queries.are_members(s.pk, [a])) == ([3], {a})
    with clock.freeze(NOW + timedelta(seconds=edge + 1)):
        assert queries.matching({"interest": "maps", "op": "gte", "value": 3}, [a]) == set()  # before the loop came
        assert weights(a) == [2]
        assert queries.explain_membership(s, a).verdict.evidence[0]["text"] == "Interest 2, last sign"
        settle()
        assert queries.are_members(s.pk, [a]) == set()
        assert Interest.objects.get(person_id=a).weight == 2


def test_every_sign_explains_what_is_left_of_it() -> None:
    a = person()
    topic(decay_days=10)
    happened(a, "asset.downloaded", NOW - timedelta(days=10), name="Map guide")
    happened(a, "page.viewed", NOW - timedelta(days=20), path="/map", title="All maps")
    settle()
    why = queries.explain_interest(a, "maps")
    assert (why.points, why.rounding, why.decay, why.decay_days) == (2, 0.2, "half", 10)
    assert [(line.why, line.kind, line.points, line.worth) for line in why.lines] == [
        ("Map guide", "asset.downloaded", 3, 1.5),
        ("All maps", "page.viewed", 1, 0.3),
    ]
    assert weights(a) == [2]


def test_interest_that_has_gone_counts_nobody() -> None:
    a = person()
    made = topic(decay="expiry", decay_days=5)
    happened(a, "page.viewed", path="/map")
    settle()
    assert [(t.key, n) for t, n in queries.topics() if t.key == "maps"] == [("maps", 1)]
    with clock.freeze(NOW + timedelta(days=5)):
        settle()
        assert [(t.key, n) for t, n in queries.topics() if t.key == "maps"] == [("maps", 0)]
        assert (queries.interested(made), queries.interests([a])) == ([], {a: []})


def test_another_half_life_is_computed_for_everybody_and_can_be_stopped() -> None:
    a, b = person(), person()
    topic(decay="none")
    s = actions.create_segment(name="Likes maps", definition={"interest": "maps", "op": "gte", "value": 2}, actor="t")
    building.run_all()
    happened(a, "asset.downloaded", NOW - timedelta(days=10), name="Map guide")
    happened(b, "asset.downloaded", NOW - timedelta(days=30), name="Map guide")
    settle()
    assert weights(a, b) == [3, 3]
    topic(key="maps", decay_days=10)
    assert weights(a, b) == [3, 3]  # what was holds until it is done
    assert actions.cancel_topic_run("maps", actor="user:1") is True
    assert (Topic.objects.get(key="maps").decay, Topic.objects.get(key="maps").decay_days) == ("none", 0)
    topic(key="maps", decay_days=10)
    happened(a, "page.viewed", path="/map")  # heard in both
    finish()
    assert weights(a, b) == [3, 0]  # 1.5 + 1 and 0.375
    assert queries.are_members(s.pk, [a, b]) == {a}
    assert ScoreRun.objects.count() == 0
    assert Interest.objects.filter(person_id=a).count() == 1


def test_signs_count_from_now_on_or_for_the_past_by_choice() -> None:
    a = person()
    topic(decay="none")
    happened(a, "page.viewed", path="/atlas")
    settle()
    assert weights(a) == [0]
    actions.save_topic(key="maps", name="Maps", matches=[("keyword", "atlas")], decay="none", actor="user:1")
    finish()
    assert weights(a) == [0]
    happened(a, "page.viewed", path="/atlas")
    settle()
    assert weights(a) == [1]
    actions.save_topic(key="maps", name="Maps", matches=[("keyword", "atlas")], decay="none", past=True, actor="user:1")
    finish()
    assert weights(a) == [2]
    actions.delete_topic("maps", actor="user:1")
    finish()
    assert ScoreEntry.objects.filter(rule_id=-1).count() == 0


def test_a_merge_and_its_undoing_keep_each_sign() -> None:
    a, b = person(email="a@x.example"), person(email="b@x.example")
    topic(decay_days=10)
    happened(a, "asset.downloaded", NOW - timedelta(days=10), name="Map guide")
    happened(b, "page.viewed", path="/map")
    settle()
    assert weights(a, b) == [2, 1]
    merged = merge_contacts(a, b, actor="user:1")
    settle()
    assert weights(a) == [3]  # 1.5 + 1
    unmerge(merged.pk, actor="user:1")
    settle()
    assert weights(a, b) == [2, 1]


STEP = st.tuples(
    st.sampled_from([0, 1, HOUR, 30 * HOUR, 4 * DAY]),
    st.integers(0, 1),
    st.sampled_from([("page.viewed", "path"), ("asset.downloaded", "name"), ("link.clicked", "url"), None]),
)
SCALE = {"page.viewed": 1, "asset.downloaded": 3, "link.clicked": 2}


def value(lines: list[tuple[int, int]], decay: tuple[str, int], now: int) -> int:
    """The interest by the oracle."""
    kind, span = decay[0], decay[1] * DAY
    total = 0.0
    for at, weight in lines:
        age = now - at
        if kind == "half":
            total += weight * 0.5 ** (age / span)
        elif kind == "none" or age < span:
            total += weight * ((span - age) / span if kind == "linear" else 1)
    return math.floor(round(total, 6) + 0.5)


@settings(max_examples=WORLDS, deadline=None, suppress_health_check=list(HealthCheck), derandomize=WORLDS == 15)
@given(
    decay=st.sampled_from([("none", 0), ("half", 1), ("half", 4), ("linear", 3), ("expiry", 2)]),
    steps=st.lists(STEP, min_size=3, max_size=9),
)
def test_incremental_anew_and_the_oracle_agree(decay: tuple[str, int], steps: Any) -> None:
    with transaction.atomic():
        people = [person(), person()]
        topic(decay=decay[0], decay_days=decay[1])
        condition = {"interest": "maps", "op": "gte", "value": 3}
        s = actions.create_segment(name="S", definition=condition, actor="t")
        finish()
        lines: list[list[tuple[int, int]]] = [[], []]
        now = 0

        def check() -> None:
            wanted = [value(of, decay, now) for of in lines]
            inside = {p for p, weight in zip(people, wanted, strict=True) if weight >= 3}
            assert weights(*people) == wanted, "asked"
            assert queries.matching(condition, people) == inside, "full SQL"
            settle()
            stored = dict(Interest.objects.filter(topic_id=Topic.objects.get(key="maps").living)
                          .values_list("person_id", "weight"))  # fmt: skip
            assert [stored.get(p, 0) for p in people] == wanted, "stored"
            assert queries.are_members(s.pk, people) == inside, "segment"
            for p, weight in zip(people, wanted, strict=True):
                why = queries.explain_interest(p, "maps")
                assert round(sum(line.worth for line in why.lines) + why.rounding, 6) == why.points == weight

        for passes, who, what in steps:
            now += passes
            with clock.freeze(NOW + timedelta(seconds=now)):
                if what:
                    happened(people[who], what[0], NOW + timedelta(seconds=now), **{what[1]: "/map"})
                    lines[who].append((now, SCALE[what[0]]))
                    dispatch.run_once("audience")
                check()
        with clock.freeze(NOW + timedelta(seconds=now)):
            actions.recompute_topic("maps", actor="t")
            finish()
            check()
            actions.recompute(actor="t")
            finish()
            check()
        transaction.set_rollback(True)
