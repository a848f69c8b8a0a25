"""The health page tells lag, parked facts and waiting mails, to administrators only."""

from __future__ import annotations

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.core import clock
from headwater.core.lanes import LANE_KEYS
from headwater.integrations.queries import health
from headwater.timeline.models import Parked

pytestmark = pytest.mark.django_db


def test_it_names_what_was_set_aside_and_why() -> None:
    Parked.objects.create(
        lane_key=LANE_KEYS[0],
        seq=1,
        consumer="audience",
        person_id=7,
        kind="page.viewed",
        error="ValueError: <odd>",
        parked_at=clock.now(),
    )
    found = health(clock.now())
    assert (found.parked_count, found.mails_waiting) == (1, 0)
    assert found.database_bytes > 1_000_000
    assert "audience" in [one.consumer for one in found.lag]
    client = Client()
    client.force_login(User.objects.create_user("a@x.example", "a@x.example", "pw", role="admin"))
    text = client.get("/settings/health/").content.decode()
    assert "ValueError: &lt;odd&gt;" in text
    assert "<c-" not in text


def test_others_are_refused() -> None:
    client = Client()
    client.force_login(User.objects.create_user("s@x.example", "s@x.example", "pw", role="sales"))
    assert client.get("/settings/health/").status_code == 403
