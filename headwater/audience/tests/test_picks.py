"""Members by hand: always in, never in, and lists that have no condition at all."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from headwater.accounts.models import User
from headwater.audience import actions, queries
from headwater.audience.engine import building
from headwater.audience.engine.book import book
from headwater.audience.loops import retest_once
from headwater.audience.models import Segment
from headwater.core import clock
from headwater.people.facts import TagRemoved
from headwater.people.models import Contact
from headwater.timeline import dispatch
from headwater.timeline import queries as timeline
from headwater.timeline.actions import record

from .helpers import NOW, person
from .test_api import Api

pytestmark = pytest.mark.django_db
VIP = {"tag": "vip"}


@pytest.fixture(autouse=True)
def _now() -> Any:
    with clock.freeze(NOW):
        yield


def settle() -> None:
    building.run_all()
    while dispatch.run_once("audience") + retest_once():
        pass


def made(name: str, definition: Any = None, **more: Any) -> Segment:
    s = actions.create_segment(name=name, definition=definition, actor="user:1", **more)
    settle()
    return s


def told(person_id: int) -> list[str]:
    return sorted(e.kind[8:] for e in timeline.read(person_id, limit=50, quiet=True) if e.kind.startswith("segment."))


def test_who_is_picked_is_in_or_out_whatever_the_condition_says_until_it_decides_again() -> None:
    a, b = person(tags=["vip"]), person()
    s = made("VIPs", VIP)
    assert queries.are_members(s.pk, [a, b]) == {a}
    assert actions.pick_members(s.pk, [b, 999_999], side="in", actor="user:1", reason="asked for it") == [b]
    assert actions.pick_members(s.pk, [b], side="in", actor="user:1") == []
    assert actions.pick_members(s.pk, [a], side="out", actor="user:1") == [a]
    settle()
    assert (queries.are_members(s.pk, [a, b]), queries.counts()[s.pk]) == ({b}, 1)
    assert (told(a), told(b)) == (["left", "picked_out"], ["entered", "picked_in"])
    assert [(h.person_id, h.side, h.reason) for h in queries.picked(s.pk)] == [
        (a, "out", ""),
        (b, "in", "asked for it"),
    ]
    actions.pick_members(s.pk, [a, b], side="", actor="user:1")
    settle()
    assert queries.are_members(s.pk, [a, b]) == {a}
    assert told(a) == ["entered", "left", "picked_none", "picked_out"]
    with pytest.raises(ValueError, match="side must be"):
        actions.pick_members(s.pk, [a], side="both", actor="user:1")


def test_a_list_has_no_condition_and_survives_being_built_anew() -> None:
    a, b = person(), person()
    s = made("Dinner guests")
    assert s.definition == {"any": []}
    actions.pick_members(s.pk, [a], side="in", actor="user:1")
    settle()
    actions.rebuild_segment(s.pk, actor="user:1")
    settle()
    assert queries.are_members(s.pk, [a, b]) == {a}
    assert queries.preview({"any": []}, key=s.key) == (1, [a])


def test_a_segment_that_takes_another_in_takes_its_picked_members_too() -> None:
    a, b = person(tags=["vip"]), person()
    inner, outer = made("VIPs", VIP), made("Letter", {"segment": "vips"})
    actions.pick_members(inner.pk, [b], side="in", actor="user:1")
    actions.pick_members(inner.pk, [a], side="out", actor="user:1")
    settle()
    assert queries.are_members(outer.pk, [a, b]) == {b} == queries.matching({"segment": "vips"}, [a, b])
    record(a, TagRemoved(tag="vip"))
    settle()
    assert queries.are_members(outer.pk, [a, b]) == {b}


def test_picking_tests_only_the_segments_it_can_touch() -> None:
    a = person()
    s, other = made("VIPs", VIP), made("Others", {"not": VIP})
    actions.pick_members(s.pk, [a], side="in", actor="user:1")
    needs = {living.id: living.needs for living in book().segments}
    assert needs == {s.pk: {"tags", "picked:vips"}, other.pk: {"tags"}}


def test_why_tells_who_picked_her_and_the_reason() -> None:
    maria = User.objects.create_user("m@x.example", "m@x.example", "a secret", first_name="Maria", last_name="Silva")
    a = person()
    s = made("VIPs", VIP)
    actions.pick_members(s.pk, [a], side="in", actor=f"user:{maria.pk}", reason="speaks at our day")
    s.refresh_from_db()
    answer = queries.explain_membership(s, a)
    assert answer is not None
    either, not_out = answer.verdict.children
    assert (answer.holds, either.children[0].holds, either.children[1].says) == (True, False, "put in by hand")
    assert either.children[1].evidence == [{"text": "Maria Silva: speaks at our day", "at": NOW}]
    assert (not_out.holds, not_out.children[0].evidence) == (True, [])


def test_a_random_sample_is_the_segments_own_and_stays() -> None:
    people = [person() for _ in range(400)]
    first, second = made("First", {"random": 10}), made("Second", {"random": 10})
    one, two = (queries.are_members(s.pk, people) for s in (first, second))
    assert one == set(queries.preview({"random": 10}, sample=400, key="first")[1])
    assert one != two
    assert 20 < len(one) < 65
    shared = [set(queries.preview({"random": 10, "seed": 7}, sample=400, key=k)[1]) for k in ("first", "second", "")]
    assert shared[0] == shared[1] == shared[2]
    actions.rebuild_segment(first.pk, actor="user:1")
    settle()
    assert queries.are_members(first.pk, people) == one


def test_samples_drawn_before_the_update_stay_as_they_are() -> None:
    migration = import_module("headwater.audience.migrations.0002_members_by_hand")
    kept = {"any": [{"not": {"random": 5}}, {"random": 10, "seed": 3}, VIP]}
    assert migration.with_seed(kept) == {"any": [{"not": {"random": 5, "seed": 0}}, {"random": 10, "seed": 3}, VIP]}


def test_the_api_puts_in_keeps_out_and_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NINJA_SKIP_REGISTRY", "1")
    admin_api, a = Api(), person()
    code, s = admin_api("POST", "/segments", {"name": "Guests"})
    assert (code, s["definition"], s["picked"]) == (201, {"any": []}, False)
    way = f"/segments/{s['id']}/picked"
    assert admin_api("POST", way, {"people": [a], "reason": "host"}) == (200, {"changed": [a], "unknown": []})
    nobody = [a + 1, 2**62, 2**70]
    assert admin_api("POST", way, {"people": [a, *nobody]}) == (200, {"changed": [], "unknown": nobody})
    code, rows = admin_api("GET", way)
    assert [(r["person_id"], r["side"], r["reason"]) for r in rows["items"]] == [(a, "in", "host")]
    assert admin_api("POST", way, {"people": [a], "side": "left"})[0] == 422
    assert admin_api("POST", "/segments/999999999/picked", {"people": [a]})[0] == 404
    settle()
    assert [m["person_id"] for m in admin_api("GET", f"/segments/{s['id']}/members")[1]["items"]] == [a]
    assert Contact.objects.filter(pk=a).exists()
