"""Segments that journeys keep for themselves, and how segments grow day by day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.audience import actions, queries, registry
from headwater.audience.engine import building, days
from headwater.audience.models import Segment, SegmentDay
from headwater.core import clock
from headwater.people.actions import add_tags, remove_tags
from headwater.timeline import dispatch

from .helpers import NOW, person
from .test_api import Api

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


@pytest.fixture
def kept() -> Iterator[Segment]:
    """A segment that the journey Welcome keeps."""
    made = actions.create_segment(name="Ends journeys: x", definition={"tag": "x"}, keeper="journeys", actor="t")
    registry.users_of_segments.add(
        "test", lambda of: {p: [registry.Use("Welcome", "/w/")] for p, k in of if k == "ends"}
    )
    Segment.objects.filter(pk=made.pk).update(key="ends")
    building.run_all()
    yield Segment.objects.get(pk=made.pk)
    registry.users_of_segments._items.pop("test")


@pytest.fixture
def page(client: Client) -> Client:
    client.force_login(User.objects.create_user("m@x.example", "m@x.example", "pw", role="marketer"))
    return client


def test_a_kept_segment_is_changed_by_nobody_and_says_for_whom_it_is_kept(kept: Segment) -> None:
    a = person()
    for change in (
        lambda: actions.update_segment(kept.pk, name="Mine", actor="user:1"),
        lambda: actions.delete_segment(kept.pk, actor="user:1"),
        lambda: actions.pick_members(kept.pk, [a], side="in", actor="user:1"),
    ):
        with pytest.raises(actions.Kept, match="kept by “Welcome” and is what that asks for"):
            change()
    assert Segment.objects.get(pk=kept.pk).name == "Ends journeys: x"


def test_a_kept_segment_that_no_journey_needs_may_go(kept: Segment) -> None:
    Segment.objects.filter(pk=kept.pk).update(key="ends-2")
    with pytest.raises(actions.Kept, match="kept by a journey"):
        actions.update_segment(kept.pk, name="Mine", actor="user:1")
    actions.delete_segment(kept.pk, actor="user:1")
    assert Segment.objects.count() == 0


def test_kept_segments_stand_apart_in_the_list_with_their_journey(kept: Segment, page: Client) -> None:
    actions.create_segment(name="Mine", definition={"tag": "y"}, actor="t")
    whole = page.get("/segments/").content.decode()
    rows, apart = whole.split("Kept by journeys")
    assert ("Mine" in rows, "Ends journeys" in rows, "Ends journeys" in apart, "Welcome" in apart) == (
        True, False, True, True,
    )  # fmt: skip
    assert "Ends journeys" not in page.get("/segments/?part=rows").content.decode()
    shown = page.get(f"/segments/{kept.pk}/").content.decode()
    assert "A journey keeps this segment for itself" in shown
    assert f"/segments/{kept.pk}/edit/" not in shown
    assert page.get(f"/segments/{kept.pk}/edit/")["Location"] == f"/segments/{kept.pk}/"
    a = person()
    assert page.post(f"/segments/{kept.pk}/pick/", {"person": a, "side": "in"}).status_code == 400
    assert page.post(f"/segments/{kept.pk}/delete/").status_code == 302
    assert Segment.objects.filter(pk=kept.pk).exists()


def test_the_api_leaves_kept_segments_out_and_refuses_to_change_them(kept: Segment) -> None:
    api = Api()
    assert api("GET", "/segments") == (200, [])
    assert [s["keeper"] for s in api("GET", "/segments?kept=true")[1]] == ["journeys"]
    status, said = api("PATCH", f"/segments/{kept.pk}", {"name": "Mine"})
    assert (status, "kept by “Welcome”" in said["detail"]) == (409, True)
    assert api("DELETE", f"/segments/{kept.pk}")[0] == 409


def hear() -> None:
    while dispatch.run_once("audience"):
        pass


def test_each_day_knows_its_members_and_who_came_and_went() -> None:
    with clock.freeze(NOW - timedelta(days=3)):
        a, b, c = person(tags=["x"]), person(), person()
        s = actions.create_segment(name="S", definition={"tag": "x"}, actor="t")
        building.run_all()
        days.note(clock.now().date())
    with clock.freeze(NOW - timedelta(days=2)):
        add_tags([b, c], ["x"], actor="t")
        hear()
        remove_tags([a], ["x"], actor="t")
        hear()
        days.note(clock.now().date())
        days.note(clock.now().date())
    with clock.freeze(NOW):
        remove_tags([b], ["x"], actor="t")
        hear()
        found = queries.growth([s := Segment.objects.get(pk=s.pk)], 30)[s.pk]
        assert [(d.day, d.members, d.entered, d.left) for d in found] == [
            (TODAY - timedelta(days=3), 1, 0, 0),
            (TODAY - timedelta(days=2), 2, 2, 1),
            (TODAY - timedelta(days=1), 2, 0, 0),
            (TODAY, 1, 0, 1),
        ]
        assert [d.day for d in queries.growth([s], 2)[s.pk]] == [TODAY - timedelta(days=1), TODAY]
        status, said = Api()("GET", f"/segments/{s.pk}/history?days=2")
        assert (status, said[1]) == (200, {"day": TODAY.isoformat(), "members": 1, "entered": 0, "left": 1})
        # an edit moves people, but nobody came or left
        actions.update_segment(s.pk, definition={"not": {"tag": "x"}}, actor="t")
        building.run_all()
        now = queries.growth([Segment.objects.get(pk=s.pk)], 30)[s.pk][-1]
        assert (now.members, now.entered, now.left) == (2, 0, 0)
        actions.delete_segment(s.pk, actor="t")
        assert SegmentDay.objects.count() == 0


def test_days_are_noted_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[date] = []
    monkeypatch.setattr(days, "note", noted.append)
    monkeypatch.setattr(days, "_noted", None)
    for seconds in (0, 1, 59, 60, 61):
        with clock.freeze(NOW + timedelta(seconds=seconds)):
            assert days.run_once() == 0
    assert noted == [TODAY, TODAY]


def test_the_list_and_the_page_show_growth(page: Client) -> None:
    with clock.freeze(NOW - timedelta(days=1)):
        a = person()
        s = actions.create_segment(name="S", definition={"tag": "x"}, actor="t")
        building.run_all()
        days.note(clock.now().date())
    with clock.freeze(NOW):
        assert ">+0<" not in page.get("/segments/").content.decode()
        add_tags([a], ["x"], actor="t")
        hear()
        assert ">+1<" in page.get("/segments/").content.decode()
        shown = page.get(f"/segments/{s.pk}/?part=growth").content.decode()
        assert ("+1 came in" in shown, "−0 went out" in shown, "in the last 2 days" in shown) == (True, True, True)
