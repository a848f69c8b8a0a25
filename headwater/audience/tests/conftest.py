"""Who asks."""

from __future__ import annotations

import pytest
from django.test import Client

from headwater.accounts.models import User


@pytest.fixture
def client() -> Client:
    user = User.objects.create_user(username="m@x.test", email="m@x.test", password="x", role="marketer")
    out = Client()
    out.force_login(user)
    return out
