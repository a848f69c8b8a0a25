"""What points are worth as time passes: exact values, and the next change found without walking to it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.audience.rules import Decay, Given, band_of, bands_problem, crossed, next_turn, points_at, shares
from headwater.audience.rules.bands import DEFAULT_BANDS
from headwater.audience.rules.worth import DAY

HALF, LINEAR, EXPIRY = Decay("half", 1), Decay("linear", 1), Decay("expiry", 1)


@pytest.mark.parametrize(
    ("decay", "age", "points"),
    [
        (Decay(), 10**9, 20),
        (HALF, 0, 20),
        (HALF, DAY, 10),
        (HALF, 2 * DAY, 5),
        (HALF, 3 * DAY, 3),  # 2.5, halves upwards
        (HALF, 41 * DAY, 0),
        (LINEAR, DAY // 2, 10),
        (LINEAR, DAY // 4, 15),
        (LINEAR, DAY // 40, 20),  # 19.5
        (LINEAR, DAY // 40 + 1, 19),
        (LINEAR, DAY, 0),
        (EXPIRY, DAY - 1, 20),
        (EXPIRY, DAY, 0),
    ],
)
def test_twenty_points_after_a_while(decay: Decay, age: int, points: int) -> None:
    assert points_at([Given(20, 1000)], decay, 1000 + age) == points


def test_points_of_conditions_stand() -> None:
    lines = [Given(15, 0, stands=True), Given(20, 0)]
    assert [points_at(lines, decay, 2 * DAY) for decay in (HALF, LINEAR, EXPIRY)] == [20, 15, 15]


def test_minus_fades_as_well() -> None:
    lines = [Given(-50, 0), Given(20, 0)]
    assert [points_at(lines, HALF, n * DAY) for n in range(8)] == [-30, -15, -7, -4, -2, -1, 0, 0]


def test_next_turns_exactly() -> None:
    assert next_turn([Given(20, 0)], Decay(), 5) is None
    assert next_turn([Given(20, 0)], EXPIRY, 5) == DAY
    assert next_turn([Given(20, 0)], LINEAR, 0) == DAY // 40 + 1
    assert next_turn([Given(1, 0)], HALF, 0) == DAY + 1  # one half is rounded up to 1
    assert next_turn([Given(1, 0)], HALF, DAY + 1) is None
    assert next_turn([Given(20, 0), Given(-20, 0)], EXPIRY, 5) is None
    assert next_turn([Given(20, 0, stands=True)], LINEAR, 5) is None


LINES = st.lists(
    st.builds(Given, st.integers(-40, 60).filter(bool), st.integers(0, 200_000), st.booleans()), min_size=1, max_size=6
)
DECAYS = st.builds(Decay, st.sampled_from(["half", "linear", "expiry"]), st.integers(1, 3))


def oracle(lines: list[Given], decay: Decay, second: int) -> Fraction:
    """The sum, exact but for halves."""
    total, span = Fraction(0), decay.days * 86400
    for line in lines:
        age = max(0, second - line.second)
        if line.stands:
            total += line.points
        elif decay.kind == "half":
            total += line.points * Fraction(0.5 ** (age / span))
        elif age < span:
            total += line.points * (Fraction(span - age, span) if decay.kind == "linear" else 1)
    return total


@settings(max_examples=300, deadline=None)
@given(LINES, DECAYS, st.integers(0, 400_000))
def test_the_score_is_the_rounded_sum(lines: list[Given], decay: Decay, after: int) -> None:
    second = max(line.second for line in lines) + after
    exact = oracle(lines, decay, second)
    if decay.kind != "half" or abs(exact + Fraction(1, 2) - round(exact + Fraction(1, 2))) > Fraction(1, 10**5):
        assert points_at(lines, decay, second) == (exact + Fraction(1, 2)).__floor__()


@settings(max_examples=300, deadline=None)
@given(LINES, DECAYS, st.integers(0, 300_000))
def test_the_next_turn_is_the_first_second_with_another_score(lines: list[Given], decay: Decay, after: int) -> None:
    second = max(line.second for line in lines) + after
    now, turn = points_at(lines, decay, second), next_turn(lines, decay, second)
    end = second + 5 * DAY if turn is None else turn - 1
    step = max(1, (end - second) // 500)
    assert {points_at(lines, decay, at) for at in (*range(second, end + 1, step), end)} == {now}
    if turn is not None:
        assert points_at(lines, decay, turn) != now


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-100, 100).map(lambda x: round(x, 4)), max_size=20))
def test_shares_add_up_and_stay_within_a_step(values: list[float]) -> None:
    out = shares(values)
    assert round(sum(out), 1) == pytest.approx(sum(values), abs=0.051)
    assert all(abs(a - b) < 0.1 + 1e-6 for a, b in zip(out, values, strict=True))


def test_largest_remainders_come_first() -> None:
    assert shares([14.14, 3.07, 2.08]) == [14.1, 3.1, 2.1]
    assert shares([0.25, 0.25, 0.25, 0.25]) == [0.3, 0.3, 0.2, 0.2]


def test_bands_and_thresholds() -> None:
    assert [band_of(p, DEFAULT_BANDS) for p in (-5, 19, 20, 59, 60)] == ["cold", "cold", "warm", "warm", "hot"]
    assert crossed(10, 60, [50, 20, 60, 70]) == [(20, "up"), (50, "up"), (60, "up")]
    assert crossed(60, 10, [50, 20, 60, 10]) == [(60, "down"), (50, "down"), (20, "down")]
    assert bands_problem([{"key": "a", "start": None}, {"key": "a", "start": 3}]) == "two bands have the same key"
    assert bands_problem([{"key": "a", "start": None}, {"key": "b", "start": 3}, {"key": "c", "start": 3}]) == (
        "each band must begin above the one before"
    )
    assert bands_problem([]) == "must be a list of 1 to 8 bands"
