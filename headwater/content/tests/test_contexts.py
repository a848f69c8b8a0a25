"""The values of many people in a constant number of statements."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headwater.accounts.models import User, Workspace
from headwater.content.queries import contexts
from headwater.people.models import Company, Contact

pytestmark = pytest.mark.django_db


def test_people_companies_owners_and_the_workspace_are_read_at_once() -> None:
    Workspace.objects.update_or_create(pk=1, defaults={"name": "Northstar", "base_url": "https://n.example/"})
    owner = User.objects.create(username="r@x.example", email="r@x.example", first_name="Rafael", last_name="Ruiz")
    company = Company.objects.create(name="Contoso")
    full = Contact.objects.create(
        first_name="Ana", name="Ana", email="a@x.example", company=company, owner=owner, birthday=date(1990, 5, 1)
    )
    bare = Contact.objects.create(email="b@x.example", custom={"plan": "pro", "empty": ""})
    with CaptureQueriesContext(
        connection,
    ) as queries:
        got = contexts([full.pk, bare.pk, 999_999])
    assert len(queries) == 3
    assert set(got) == {full.pk, bare.pk}
    assert got[full.pk]["contact"]["birthday"] == "1990-05-01"
    assert got[full.pk]["company"] == {"name": "Contoso", "custom": {}}
    assert got[full.pk]["owner"] == {
        "name": "Rafael Ruiz",
        "first_name": "Rafael",
        "last_name": "Ruiz",
        "email": "r@x.example",
    }
    assert got[bare.pk]["contact"]["custom"] == {"plan": "pro"}
    assert (got[bare.pk]["company"], got[bare.pk]["owner"]) == ({"custom": {}}, {})
    assert got[bare.pk]["workspace"]["base_url"] == "https://n.example"
    assert "first_name" not in got[bare.pk]["contact"]
