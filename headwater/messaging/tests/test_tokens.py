"""Tokens: read back exactly, and never accepted when forged, cut, stretched or of another kind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.messaging.rules import tokens
from headwater.messaging.rules.tokens import Token

KEY = tokens.key_of("secret")
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
CLICK = Token(77, UUID(int=5), 12)


@pytest.mark.parametrize("kind, length", [("click", 54), ("open", 48), ("unsubscribe", 48), ("view", 48)])
def test_a_token_is_read_back(kind: tokens.Kind, length: int) -> None:
    token = CLICK if kind == "click" else Token(77, UUID(int=5))
    text = tokens.sign(kind, token, KEY)
    assert tokens.verify(kind, text, KEY) == token
    assert len(text) == length


def test_a_token_of_one_kind_is_none_of_another() -> None:
    text = tokens.sign("open", Token(77, UUID(int=5)), KEY)
    assert [tokens.verify(k, text, KEY) for k in ("click", "unsubscribe", "view")] == [None, None, None]
    assert tokens.verify("open", text, tokens.key_of("another")) is None
    assert tokens.verify_visit(text, AT, KEY) is None


@given(st.integers(0, 53), st.characters(codec="ascii"))
def test_no_changed_character_goes_through(place: int, letter: str) -> None:
    text = tokens.sign("click", CLICK, KEY)
    forged = text[:place] + letter + text[place + 1 :]
    assert tokens.verify("click", forged, KEY) == (CLICK if forged == text else None)


@given(st.text(max_size=300))
def test_nonsense_is_refused_quietly(text: str) -> None:
    assert tokens.verify("click", text, KEY) is None


def test_a_visit_is_good_for_half_an_hour() -> None:
    text = tokens.sign_visit(77, AT, KEY)
    assert tokens.verify_visit(text, AT + timedelta(minutes=30), KEY) == 77
    assert tokens.verify_visit(text, AT + timedelta(minutes=30, seconds=1), KEY) is None


def test_ids_are_ordered_by_time_and_tell_it() -> None:
    first, second = tokens.new_id(AT), tokens.new_id(AT + timedelta(milliseconds=1))
    assert first < second
    assert (first.version, tokens.id_time(first)) == (7, AT)
