"""Counts of days gone by are rolled up; answers about large journeys are kept for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from headwater.core import clock
from headwater.core.lanes import LANE_KEYS
from headwater.journeys.actions import tallies
from headwater.journeys.models import DayCount
from headwater.journeys.queries import kept, overview

from .conftest import Make, chain, minutes

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def test_days_gone_by_are_rolled_up_and_sums_stay(live: Make) -> None:
    journey = live(chain(("a", "wait", {"for": minutes(5)})))
    for ago in range(4):
        for lane in LANE_KEYS[:5]:
            for what in ("entered", "finished"):
                day = AT.date() - timedelta(days=ago)
                DayCount.objects.create(lane_key=lane, journey_id=journey.pk, day=day, what=what, n=2)
    with clock.freeze(AT):
        before = overview.totals(journey.pk), overview.totals(journey.pk, 3)
        assert tallies.roll_up() == 8
        assert (overview.totals(journey.pk), overview.totals(journey.pk, 3)) == before
        assert tallies.roll_up() == 0
    assert before[0] == {"entered": 40, "finished": 40}
    rows = DayCount.objects.order_by("day", "what").values_list("day", "n")
    assert [(AT.date() - day).days for day, _n in rows] == [3, 3] + [2] * 10 + [1] * 10 + [0] * 10
    assert [n for _day, n in rows[:2]] == [10, 10]
    assert DayCount.objects.get(day=AT.date() - timedelta(days=3), what="entered").lane_key == min(LANE_KEYS[:5])


def test_only_answers_about_large_journeys_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_answers", {})
    asked = []

    def make() -> int:
        asked.append(1)
        return len(asked)

    assert [kept.kept("k", False, make) for _n in range(2)] == [1, 2]
    assert [kept.kept("k", True, make) for _n in range(3)] == [3, 3, 3]
    assert kept.kept("other", True, make) == 4
    monkeypatch.setattr(kept, "_answers", {"k": (0.0, 9)})
    assert kept.kept("k", True, make) == 5
