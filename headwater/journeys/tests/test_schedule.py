"""When a waiting step goes on: the published cases, and what they leave open."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headwater.journeys.rules.schedule import next_run, zone_of

ROOT = Path(__file__).resolve().parents[3]
SHARED, OWN = ROOT.parent / "shared" / "cases" / "scheduling.json", ROOT / "tests" / "cases" / "scheduling.json"
CASES = json.loads((SHARED if SHARED.exists() else OWN).read_text())["cases"]


def moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@pytest.mark.parametrize("case", CASES, ids=[c["now"] + "/" + "-".join(map(str, c)) for c in CASES])
def test_published_case(case: dict[str, Any]) -> None:
    zone = zone_of(case.get("zone", "UTC"), case.get("default_zone", "UTC"))
    found = next_run(moment(case["now"]), zone, window=case.get("window"), days=case.get("days"), at=case.get("time"))
    assert found == moment(case["next"])


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    zone = zone_of("UTC")
    saturday = datetime(2025, 1, 4, 0, 30, tzinfo=UTC)
    assert next_run(saturday, zone, window=("23:00", "01:00"), days=["fri"]) == saturday
    assert next_run(saturday, zone, window=("23:00", "01:00"), days=["sat"]) == datetime(2025, 1, 4, 23, tzinfo=UTC)


def test_the_end_of_a_window_is_outside_it() -> None:
    now = datetime(2025, 1, 1, 16, tzinfo=UTC)
    assert next_run(now, zone_of(""), window=("14:00", "16:00")) == datetime(2025, 1, 2, 14, tzinfo=UTC)


def test_a_time_that_exists_twice_means_the_first() -> None:
    now = datetime(2024, 11, 3, 4, tzinfo=UTC)  # midnight in New York; 01:30 comes at 05:30Z and at 06:30Z
    assert next_run(now, zone_of("America/New_York"), at="01:30") == datetime(2024, 11, 3, 5, 30, tzinfo=UTC)


def test_a_time_that_is_now_is_now() -> None:
    now = datetime(2025, 1, 1, 8, tzinfo=UTC)
    assert next_run(now, zone_of("UTC"), at="08:00") == now
