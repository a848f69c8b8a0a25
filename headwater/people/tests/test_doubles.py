"""Doubles are found by mailbox, telephone, name; told apart once, never shown again; merged side by side."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.core import clock
from headwater.people import actions, queries
from headwater.people.actions import doubles
from headwater.people.models import AlikeCursor, AlikeKey, Contact, Merge
from headwater.people.rules.doubles import keys_of, plain_address

pytestmark = pytest.mark.django_db


def person(name: str, **fields: str) -> int:
    return actions.create_contact(actor="system", name=name, **fields).pk


def found() -> list[tuple[int, int, str, int]]:
    doubles.search_once()
    return [(p.one.pk, p.other.pk, p.why, p.score) for p in queries.alike_pairs()]


def test_spellings_of_a_mailbox_have_one_key() -> None:
    assert plain_address("A.Stone+news@googlemail.com") == plain_address("astone@gmail.com") == "astone@gmail.com"
    assert plain_address("a.stone+x@northwind.example") == "a.stone@northwind.example"
    assert keys_of(email="", phone="+49 170 1234567", name="Stone, Amelia", company_id=7) == {
        "p:491701234567", "n:amelia stone", "c:7:amelia", "c:7:stone",
    }  # fmt: skip


def test_pairs_are_found_by_what_they_share() -> None:
    a = person("Amelia Stone", email="amelia.stone@gmail.com")
    b = person("A. S.", email="ameliastone+shop@googlemail.com")
    c = person("김지수", phone="+821012345678")
    d = person("Jisoo Kim", phone="+82 10-1234-5678")
    e = person("Katherine Miller", company="Northwind")
    f = person("Katherine Millar", company="Northwind")
    g = person("Wei Chen", city="Berlin")
    h = person("Chen, Wei")
    person("Wei Chen", company="Other")
    person("Katherine Ng", company="Northwind")
    person("Nobody Else", email="x@y.example")
    pairs = found()
    assert [p[:3] for p in pairs] == [
        (a, b, "email"), (c, d, "phone"), (e, f, "company"), *[x for x in [p[:3] for p in pairs] if x[2] == "name"],
    ]  # fmt: skip
    assert (g, h, "name", 60) in pairs


def test_told_apart_is_remembered_and_a_pass_begins_anew_each_day() -> None:
    a, b = person("Amelia Stone", phone="+491701234567"), person("Amy Stone", phone="+491701234567")
    assert found() == [(a, b, "phone", 85)]
    actions.tell_apart(b, a, actor="user:1")
    assert found() == []
    AlikeCursor.objects.update(began_at=clock.now() - timedelta(hours=25))
    doubles.search_once()
    assert AlikeCursor.objects.get().upto_id == 0
    assert found() == []
    c = person("A Stone", phone="+491701234567")
    assert [p[:2] for p in found()] == [(b, c), (a, c)]


def test_a_number_that_many_share_says_nothing() -> None:
    for n in range(6):
        person(f"Person {chr(65 + n)}xy", phone="+491701234567")
    assert found() == []


def test_a_page_compares_merges_and_parts() -> None:
    user = User.objects.create_user(username="m@demo.example", email="m@demo.example", first_name="Maria")
    client = Client()
    client.force_login(user)
    a = person("Amelia Stone", email="a@x.example", phone="+491701234567", city="Berlin", company="Northwind")
    b = person("Amy Stone", email="b@x.example", phone="+491701234567", city="Seoul")
    found()
    assert "Same telephone number" in client.get("/people/duplicates/").content.decode()
    side = client.get(f"/people/{a}/merge/{b}/").content.decode()
    assert f'name="keep-city" value="{b}"' in side
    assert 'name="keep-phone"' not in side
    assert client.get(f"/people/{a}/merge/999999/").status_code == 404
    assert "Amy Stone" in client.get(f"/people/{a}/merge/?q=amy").content.decode()
    done = client.post(f"/people/{a}/merge/{b}/", {"keep-city": str(b), "keep-name": str(a)})
    assert (done.status_code, done["Location"]) == (302, f"/people/{a}/")
    one = Contact.objects.get()
    assert (one.pk, one.name, one.city, one.email) == (a, "Amelia Stone", "Seoul", "a@x.example")
    assert queries.find_by_email("b@x.example") == a
    assert client.get(f"/people/{b}/")["Location"] == f"/people/{a}/"
    page = client.get(f"/people/{a}/").content.decode()
    assert "Separate again" in page
    assert queries.alike_pairs() == []
    bad = client.post(f"/people/{a}/merge/{a}/")
    assert bad.status_code == 404
    merge = Merge.objects.get()
    assert client.post(f"/people/merges/{merge.pk}/undo/")["Location"] == f"/people/{b}/"
    assert list(Contact.objects.order_by("pk").values_list("name", "city", "email")) == [
        ("Amelia Stone", "Berlin", "a@x.example"), ("Amy Stone", "Seoul", "b@x.example"),
    ]  # fmt: skip
    assert AlikeKey.objects.filter(person_id=b).exists()
    assert "Separate again" not in client.get(f"/people/{a}/").content.decode()


def test_erasing_and_handing_out_are_for_marketers_and_administrators() -> None:
    a = person("Amelia Stone", email="a@x.example")
    client = Client()
    rep = User.objects.create_user(username="r@demo.example", email="r@demo.example", role="sales")
    client.force_login(rep)
    assert client.post(f"/people/{a}/erase/", {"reason": "x"}).status_code == 403
    assert client.get(f"/people/{a}/everything.json").status_code == 403
    assert client.post("/people/bulk/", {"action": "erase", "reason": "x", "ids": str(a)}).status_code == 403
    boss = User.objects.create_user(username="m@demo.example", email="m@demo.example", role="marketer")
    client.force_login(boss)
    assert "a@x.example" in client.get(f"/people/{a}/everything.json").content.decode()
    assert "Erase this person" in client.get(f"/people/{a}/erase/").content.decode()
    empty = client.post(f"/people/{a}/erase/", {"reason": ""})
    assert (empty.status_code, "Say why." in empty.content.decode()) == (422, True)
    assert client.post(f"/people/{a}/erase/", {"reason": "She asked"})["Location"] == "/people/"
    assert Contact.objects.count() == 0
    assert client.get(f"/people/{a}/").status_code == 404
    b = person("Other", email="b@x.example")
    client.post("/people/bulk/", {"action": "erase", "reason": "Test data", "ids": str(b)})
    assert Contact.objects.count() == 0
