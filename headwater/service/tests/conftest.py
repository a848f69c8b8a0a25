"""People who help, and people to help."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from headwater.accounts.models import User
from headwater.people import actions as people
from headwater.people.models import Company, Contact
from headwater.service import actions
from headwater.service.models import TicketQueue

#: A Friday, 12:00; the desk of `desk` works Monday to Friday 09:00 to 17:00 UTC
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def colleague(first: str, **more: object) -> User:
    email = f"{first.lower()}@desk.example"
    return User.objects.create_user(email, email, "secret-of-mine", first_name=first, **{"role": "service", **more})


@pytest.fixture
def sam(db: None) -> User:
    return colleague("Sam", last_name="Rivers")


@pytest.fixture
def desk(db: None) -> TicketQueue:
    return actions.ensure_queue()


@pytest.fixture
def acme(db: None) -> Company:
    return people.create_company(actor="system", name="Acme Retail", roles=["customer"])


@pytest.fixture
def ana(acme: Company) -> Contact:
    return people.create_contact(
        actor="system", first_name="Ana", last_name="Lima", email="ana@acme.example", company_id=acme.pk
    )


@pytest.fixture
def ben(db: None) -> Contact:
    return people.create_contact(actor="system", first_name="Ben", email="ben@acme.example")
