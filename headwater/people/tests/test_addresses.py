"""Somebody's other addresses: seen on her page, made the main one, given free."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.people import actions, queries, rules
from headwater.people.models import Contact, EmailClaim, Merge
from headwater.timeline import queries as log

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Contact:
    """Ana, who was known twice until she was merged."""
    ana = actions.create_contact(actor="system", first_name="Ana", email="ana@work.example")
    other = actions.create_contact(actor="system", first_name="Ana", email="ana@home.example")
    actions.merge_contacts(ana.pk, other.pk, actor="system")
    return Contact.objects.get(pk=ana.pk)


@pytest.fixture
def page(client: Client) -> Client:
    client.force_login(User.objects.create_user("m@x.example", "m@x.example", "pw", role="admin"))
    return client


def test_her_other_addresses_stand_on_her_page(page: Client, ana: Contact) -> None:
    html = page.get(f"/people/{ana.pk}/").content.decode()
    others = html.partition('id="others"')[2].partition("</dl>")[0]
    assert others.count("<dt>") == 1
    assert "ana@home.example" in others
    assert "ana@work.example" not in others
    lonely = actions.create_contact(actor="system", email="bo@x.example")
    assert 'id="others"' not in page.get(f"/people/{lonely.pk}/").content.decode()


def test_another_address_becomes_the_main_one_and_the_first_stays_hers(page: Client, ana: Contact) -> None:
    home = {"email": "Ana@Home.example", "do": "use"}
    done = page.post(f"/people/{ana.pk}/address/", home, follow=True).content.decode()
    assert "Ana@Home.example is the main address now." in done
    ana.refresh_from_db()
    assert (ana.email, queries.emails(ana.pk)) == ("ana@home.example", ["ana@home.example", "ana@work.example"])
    assert queries.find_by_email("ana@work.example") == ana.pk
    fact = next(e for e in log.read(ana.pk) if e.kind == "contact.updated")
    assert fact.data["changes"] == {"email": ["ana@work.example", "ana@home.example"]}
    assert [row.id for row in queries.page(queries.Listing(q="ana@home")).rows] == [ana.pk]


def test_an_address_that_is_given_free_can_be_somebody_elses(page: Client, ana: Contact) -> None:
    page.post(f"/people/{ana.pk}/address/", {"email": "ana@home.example", "do": "drop"})
    assert queries.emails(ana.pk) == ["ana@work.example"]
    bo = actions.create_contact(actor="system", email="ana@home.example")
    assert queries.find_by_email("ana@home.example") == bo.pk
    html = page.get(f"/people/{ana.pk}/").content.decode()
    assert "Other e-mail" in html


def test_what_is_not_hers_or_the_main_one_is_refused(page: Client, ana: Contact) -> None:
    bo = actions.create_contact(actor="system", email="bo@x.example")
    for act, email, why in (
        (actions.use_email, "bo@x.example", "This person has no such address."),
        (actions.drop_email, "bo@x.example", "This person has no such address."),
        (actions.drop_email, "ana@work.example", "This is the main address."),
    ):
        with pytest.raises(rules.Invalid, match=why):
            act(ana.pk, email, actor="system")
    said = page.post(f"/people/{ana.pk}/address/", {"email": "bo@x.example"}, follow=True).content.decode()
    assert "This person has no such address." in said
    assert (EmailClaim.objects.count(), queries.emails(bo.pk)) == (3, ["bo@x.example"])
    assert page.post("/people/999999999/address/", {"email": "x@x.example"}).status_code == 404


def test_the_api_reads_chooses_and_drops_them(page: Client, ana: Contact) -> None:
    url = f"/api/v1/contacts/{ana.pk}/emails"

    def ask(method: str, path: str = "") -> tuple[int, object]:
        answer = page.generic(method, url + path)
        return answer.status_code, json.loads(answer.content or b"null")

    two = [{"email": "ana@work.example", "main": True}, {"email": "ana@home.example", "main": False}]
    assert ask("GET") == (200, two)
    assert ask("PUT", "/ana@home.example")[1]["email"] == "ana@home.example"  # type: ignore[index]
    assert ask("DELETE", "/ana@home.example")[0] == 422
    assert ask("DELETE", "/ana@work.example") == (204, None)
    assert ask("GET") == (200, [{"email": "ana@home.example", "main": True}])
    assert ask("PUT", "/bo@x.example")[0] == 422


def test_who_is_separated_again_takes_her_address_along_though_it_was_the_main_one(ana: Contact) -> None:
    merge = Merge.objects.get()
    actions.use_email(ana.pk, "ana@home.example", actor="system")
    actions.unmerge(merge.pk, actor="system")
    found = {c.pk: c.email for c in Contact.objects.all()}
    assert found == {ana.pk: "ana@work.example", merge.merged_id: "ana@home.example"}
    assert {e: queries.find_by_email(e) for e in found.values()} == {
        "ana@work.example": ana.pk,
        "ana@home.example": merge.merged_id,
    }


def test_who_gave_her_first_address_free_has_none_once_the_other_parts(ana: Contact) -> None:
    merge = Merge.objects.get()
    actions.use_email(ana.pk, "ana@home.example", actor="system")
    actions.drop_email(ana.pk, "ana@work.example", actor="system")
    bo = actions.create_contact(actor="system", email="ana@work.example")
    actions.unmerge(merge.pk, actor="system")
    found = {c.pk: c.email for c in Contact.objects.all()}
    assert found == {ana.pk: "", merge.merged_id: "ana@home.example", bo.pk: "ana@work.example"}
