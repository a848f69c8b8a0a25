"""Time that counts only while the desk is open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from headwater.service.rules import DEFAULT_HOURS, clocks, hours_of, id_in, later, minutes_of, worked

FRIDAY = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OFFICE = hours_of(DEFAULT_HOURS, "UTC")
ALWAYS = hours_of({"days": [], "opens": "09:00", "closes": "17:00"}, "UTC")
NIGHT = hours_of({"days": ["sat"], "opens": "20:00", "closes": "00:00"}, "Asia/Seoul")


@pytest.mark.parametrize(
    "start, minutes, end",
    [
        (FRIDAY, 60, FRIDAY + timedelta(hours=1)),
        (FRIDAY, 300, FRIDAY + timedelta(hours=5)),  # to the minute at which it closes
        (FRIDAY, 301, datetime(2026, 11, 23, 9, 1, tzinfo=UTC)),
        (datetime(2026, 11, 21, 3, 0, tzinfo=UTC), 480, datetime(2026, 11, 23, 17, 0, tzinfo=UTC)),
        (datetime(2026, 11, 20, 6, 0, tzinfo=UTC), 1, datetime(2026, 11, 20, 9, 1, tzinfo=UTC)),
    ],
)
def test_a_target_runs_while_the_desk_is_open(start: datetime, minutes: int, end: datetime) -> None:
    assert later(start, minutes * 60, OFFICE) == end
    assert worked(start, end, OFFICE) == minutes * 60


def test_a_desk_that_is_always_open_counts_every_second() -> None:
    assert later(FRIDAY, 90_000, ALWAYS) == FRIDAY + timedelta(seconds=90_000)
    assert worked(FRIDAY, FRIDAY + timedelta(days=2), ALWAYS) == 172_800
    assert worked(FRIDAY, FRIDAY - timedelta(days=2), ALWAYS) == 0


def test_hours_are_those_of_the_workspace_and_may_end_at_midnight() -> None:
    assert later(FRIDAY, 60, NIGHT) == datetime(2026, 11, 21, 11, 1, tzinfo=UTC)
    assert later(FRIDAY, 5 * 3600, NIGHT) == datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
    assert worked(FRIDAY, FRIDAY + timedelta(days=14), NIGHT) == 8 * 3600


def test_a_day_with_a_change_of_clocks_has_its_true_length() -> None:
    night = hours_of({"days": ["sun"], "opens": "00:00", "closes": "06:00"}, "Europe/Berlin")
    saturday = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    assert worked(saturday, saturday + timedelta(days=1), night) == 5 * 3600


@pytest.mark.parametrize("text", ["", "9", "24:00", "12:60", "1:2", "a:b", "-1:00", "09:00:00"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        minutes_of(text)


@pytest.mark.parametrize(
    "text, found",
    [
        ("T-1042", 1042),
        ("t1042", 1042),
        ("#1042", 1042),
        (" 1042 ", 1042),
        ("T-", None),
        ("ten", None),
        ("1" * 30, None),
    ],
)
def test_a_ticket_is_found_by_its_number(text: str, found: int | None) -> None:
    assert id_in(text) == found


def test_clocks_say_what_is_due_next_and_what_must_be_said() -> None:
    soon, later_ = FRIDAY + timedelta(hours=1), FRIDAY + timedelta(hours=8)

    def at(now: datetime, status: str = "open", *, replied: bool = False, late: bool = False) -> tuple:
        found = clocks(
            status=status,
            replied=replied,
            reply_due=soon,
            solution_due=later_,
            reply_late=late,
            solution_late=False,
            now=now,
        )
        return found.due, found.overdue, found.alarm

    assert at(FRIDAY) == (soon, False, soon)
    assert at(FRIDAY, replied=True) == (later_, False, later_)
    assert at(soon) == (soon, False, soon)
    assert at(soon, late=True) == (soon, True, later_)
    assert at(soon, late=True, replied=True) == (later_, False, later_)
    assert at(FRIDAY, late=True) == (soon, False, soon)  # it has more time than when it was said
    for status in ("pending", "solved", "closed"):
        assert at(later_, status) == (None, False, None)
