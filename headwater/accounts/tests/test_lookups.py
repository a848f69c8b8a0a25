"""`id__in` as one array: the same rows as Django's own way."""

import pytest
from django.db import connection
from django.db.models.fields import BigAutoField
from django.test.utils import CaptureQueriesContext

from headwater.accounts.models import User
from headwater.core.lookups import AnyOf

pytestmark = pytest.mark.django_db


def test_numbers_go_as_one_array_and_everything_else_as_before() -> None:
    assert BigAutoField.get_lookups()["in"] is AnyOf
    ids = [User.objects.create_user(f"u{n}@x.example", f"u{n}@x.example").pk for n in range(3)]
    huge = 2**80
    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = User.objects.filter(pk__in=ids[:2]).order_by("pk").values_list("pk", flat=True)
        assert list(found) == ids[:2]
    assert "= ANY(" in asked[0]["sql"]
    rows = User.objects.order_by("pk").values_list("pk", flat=True)
    assert list(rows.filter(pk__in={*ids[1:]})) == ids[1:]
    assert list(rows.filter(pk__in=(i for i in ids))) == ids
    assert list(rows.filter(pk__in=dict.fromkeys(ids))) == ids
    assert list(rows.filter(pk__in=[])) == []
    assert list(rows.filter(pk__in=[str(ids[0]), None])) == ids[:1]
    assert list(rows.filter(pk__in=[ids[0], huge])) == ids[:1]
    assert list(rows.filter(pk__in=[ids[2], 2**62])) == ids[2:]
    assert list(rows.filter(hue__in=[2**40])) == []
    assert list(rows.filter(pk__in=rows.filter(username="u1@x.example"))) == [ids[1]]
    assert list(rows.exclude(pk__in=ids[:2]).filter(pk__in=ids)) == ids[2:]
    with pytest.raises(ValueError, match="expected a number"):
        list(rows.filter(pk__in=["x"]))
