"""The numbers of mails."""

from __future__ import annotations

import pytest

from headwater.messaging.queries import results

pytestmark = pytest.mark.django_db


def test_without_mails_there_are_no_numbers() -> None:
    assert results([1, 2]) == {}
