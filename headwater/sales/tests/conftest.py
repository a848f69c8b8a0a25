"""People who sell, and people to sell to."""

from __future__ import annotations

import pytest

from headwater.accounts.models import User
from headwater.people import actions as people
from headwater.people.models import Company, Contact


def rep(first: str, **more: object) -> User:
    email = f"{first.lower()}@desk.example"
    return User.objects.create_user(email, email, "secret-of-mine", first_name=first, **{"takes_leads": True, **more})


@pytest.fixture
def rafael(db: None) -> User:
    return rep("Rafael", last_name="Costa")


@pytest.fixture
def acme(db: None) -> Company:
    return people.create_company(actor="system", name="Acme Retail", roles=["prospect", "supplier"])


@pytest.fixture
def ana(acme: Company) -> Contact:
    return people.create_contact(
        actor="system", first_name="Ana", last_name="Lima", email="ana@acme.example", company_id=acme.pk
    )
