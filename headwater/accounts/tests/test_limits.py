"""Rate limits of signing in count in the database, where all processes see them."""

from __future__ import annotations

import pytest
from django.core.cache.backends.db import DatabaseCache
from django.db import connection
from django.test import Client

from headwater.accounts.models import User

pytestmark = pytest.mark.django_db


def test_wrong_passwords_are_counted_for_all_processes() -> None:
    User.objects.create_user("ada@desk.example", "ada@desk.example", "the right one", first_name="Ada")
    said = []
    for _ in range(6):
        answer = Client().post("/accounts/login/", {"login": "ada@desk.example", "password": "wrong"})
        said.append("Too many failed login attempts" in answer.content.decode())
    assert said == [False] * 5 + [True]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) > 0 FROM headwater_cache WHERE cache_key LIKE '%login_failed%'")
        assert cursor.fetchone() == (True,)
    right = Client().post("/accounts/login/", {"login": "ada@desk.example", "password": "the right one"})
    assert "Too many failed login attempts" in right.content.decode()


def test_another_process_reads_what_one_has_kept() -> None:
    one, other = (DatabaseCache("headwater_cache", {}) for _ in range(2))
    one.set("x", 7, 60)
    assert other.get("x") == 7
