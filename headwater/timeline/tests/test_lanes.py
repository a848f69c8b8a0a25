"""Lane numbers agree with PostgreSQL's own hash; lane keys hash into their lanes."""

from __future__ import annotations

import random

import pytest
from django.db import connection

from headwater.core.lanes import LANE_KEYS, hashint8, lane_key, lane_of


@pytest.mark.django_db
def test_hash_agrees_with_the_server() -> None:
    rng = random.Random(7)
    ids = [0, 1, -1, 2**62, -(2**62), *(rng.getrandbits(63) - 2**62 for _ in range(2000))]
    with connection.cursor() as cursor:
        cursor.execute("SELECT hashint8(v) FROM unnest(%s::bigint[]) WITH ORDINALITY AS u(v, n) ORDER BY n", [ids])
        assert [row[0] for row in cursor.fetchall()] == [hashint8(i) for i in ids]


def test_every_lane_has_a_negative_key_of_its_own() -> None:
    assert len(set(LANE_KEYS)) == 256
    assert all(key < 0 for key in LANE_KEYS)
    assert [lane_of(key) for key in LANE_KEYS] == list(range(256))


def test_a_person_s_lane_key_is_her_lane_s() -> None:
    assert [lane_key(p) for p in range(1, 500)] == [LANE_KEYS[lane_of(p)] for p in range(1, 500)]
