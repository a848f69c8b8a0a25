"""The clock, facts and registries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from headwater.core import actors, clock
from headwater.core.facts import KINDS, Fact, fact, look_of, revive
from headwater.core.registry import Registry

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_time_can_stand_still_and_travel() -> None:
    with clock.freeze(NOON):
        assert clock.now() == NOON
    before = clock.now()
    with clock.travel(timedelta(days=3)):
        assert timedelta(days=3) <= clock.now() - before < timedelta(days=3, seconds=5)
    with pytest.raises(ValueError, match="aware"), clock.freeze(datetime(2026, 1, 1)):  # noqa: DTZ001
        pass


@fact("test.greeted", icon="zap", hue=60, group="system", says="{person} greeted {whom}")
class Greeted(Fact):
    whom: str
    times: int = 1


def test_a_fact_leaves_out_what_is_default_and_comes_back_whole() -> None:
    assert Greeted(whom="Kim").data() == {"whom": "Kim"}
    assert Greeted(whom="Kim", times=2).data() == {"whom": "Kim", "times": 2}
    assert revive("test.greeted", {"whom": "Kim", "added_later": True}) == Greeted(whom="Kim")
    assert revive("test.greeted", {}) is None
    assert revive("never.declared", {"a": 1}) is None
    assert look_of("never.declared").says == "{person}: never.declared"


def test_a_kind_belongs_to_one_fact() -> None:
    with pytest.raises(ValueError, match=r"fact kind 'test.greeted' is declared twice"):

        @fact("test.greeted", icon="zap", hue=60, group="system", says="")
        class Other(Fact):
            pass


def test_every_kind_is_dotted_and_has_a_sentence() -> None:
    assert [k for k, c in KINDS.items() if "." not in k or not (c.look.says or c.look.quiet)] == []


def test_a_name_is_registered_once() -> None:
    registry: Registry[int] = Registry("thing")
    registry.add("a", 1)
    registry.add("a", 1)
    with pytest.raises(ValueError, match="thing 'a' is registered twice"):
        registry.add("a", 2)
    assert (registry.get("b"), registry["a"], list(registry), "a" in registry) == (None, 1, [1], True)


def test_actors_are_short_strings() -> None:
    assert (actors.user(3), actors.journey(4), actors.api_key(5)) == ("user:3", "journey:4", "api:5")
    assert [actors.user_id(a) for a in ("user:3", "journey:4", "system", "user:x")] == [3, None, None, None]
