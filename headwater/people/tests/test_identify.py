"""Who is who: found, made, filled, attached, and all of it only once."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from headwater.people import actions, rules
from headwater.people.actions import Identity, Visit
from headwater.people.models import Company, Contact, EmailClaim, Visitor
from headwater.timeline import actions as timeline
from headwater.timeline import queries
from headwater.timeline.models import VisitorFact

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def story(person_id: int) -> list[tuple[str, dict]]:  # type: ignore[type-arg]
    """A person's facts, oldest first."""
    return [(e.kind, e.data) for e in reversed(queries.read(person_id, limit=100, quiet=True))]


def visited(visitor: int, *paths: str, origin: dict | None = None) -> None:  # type: ignore[type-arg]
    actions.see([Visit(visitor, AT, path=paths[-1], views=len(paths), origin=origin or {})])
    timeline.record_anonymous(
        [(visitor, AT - MINUTE * (10 - n), uuid.uuid4(), "page.viewed", {"path": p}) for n, p in enumerate(paths)]
    )


def test_a_visitor_who_gives_her_address_becomes_a_contact_with_her_past() -> None:
    visited(77, "/", "/pricing", origin={"source": "google", "medium": "cpc"})
    people = actions.identify(
        [
            Identity(
                email=" Amelia@Northwind.example ",
                visitor_id=77,
                how="form",
                source="form:3",
                actor="visitor",
                at=AT,
                fields={"first_name": "Amelia", "last_name": "Stone", "country": "us"},
            )
        ]
    )
    contact = Contact.objects.get(pk=people[0])
    assert (contact.name, contact.email, contact.country, contact.stage) == (
        "Amelia Stone",
        "amelia@northwind.example",
        "US",
        "lead",
    )
    assert contact.origin == {"source": "google", "medium": "cpc"}
    assert contact.company is not None
    assert (contact.company.name, contact.company.domain) == ("Northwind", "northwind.example")
    assert story(contact.pk) == [
        ("page.viewed", {"path": "/"}),
        ("page.viewed", {"path": "/pricing"}),
        ("contact.created", {"source": "form:3", "email": "amelia@northwind.example"}),
        ("contact.identified", {"how": "form", "visitor": "77", "facts_moved": 2}),
    ]
    assert not VisitorFact.objects.exists()
    assert Visitor.objects.get(pk=77).person_id == contact.pk
    assert actions.see([Visit(77, AT, path="/docs")]) == {77: contact.pk}


def test_the_same_call_again_changes_and_records_nothing() -> None:
    item = Identity(email="a@b.example", visitor_id=5, fields={"city": "Seoul", "tags": ["vip"]}, at=AT)
    first = actions.identify([item])
    before = story(first[0])
    assert actions.identify([item, item]) == {0: first[0], 1: first[0]}
    assert story(first[0]) == before
    assert [kind for kind, _ in before] == ["contact.created", "contact.identified", "tag.added"]


def test_empty_fields_are_filled_and_others_kept_unless_asked() -> None:
    (person,) = actions.identify([Identity(email="a@b.example", fields={"city": "Seoul"}, at=AT)]).values()
    given = {"city": "Busan", "job_title": "VP"}
    actions.identify([Identity(email="a@b.example", fields=given, at=AT + MINUTE)])
    contact = Contact.objects.get(pk=person)
    assert (contact.city, contact.job_title) == ("Seoul", "VP")
    actions.identify([Identity(email="a@b.example", fields=given, at=AT + MINUTE * 2, overwrite=True)])
    assert Contact.objects.get(pk=person).city == "Busan"
    assert story(person)[1:] == [
        ("contact.updated", {"changes": {"job_title": ["", "VP"]}}),
        ("contact.updated", {"changes": {"city": ["Seoul", "Busan"]}}),
    ]


def test_in_a_shared_browser_the_past_stays_and_the_future_counts_for_the_second() -> None:
    visited(9, "/a")
    people = actions.identify([Identity(email="one@x.example", visitor_id=9, at=AT)])
    again = actions.identify([Identity(email="two@x.example", visitor_id=9, at=AT + MINUTE)])
    assert [k for k, _ in story(people[0])] == ["page.viewed", "contact.created", "contact.identified"]
    assert story(again[0])[1] == ("contact.identified", {"how": "API", "visitor": "9"})
    assert actions.see([Visit(9, AT)]) == {9: again[0]}


def test_external_id_and_address_of_one_batch_meet_in_one_contact() -> None:
    people = actions.identify(
        [
            Identity(email="a@b.example", external_id="shop:1"),
            Identity(external_id="shop:1", fields={"phone": "+82 10-5555-0132"}),
            Identity(email="a@b.example", external_id="crm:9"),
        ]
    )
    assert len(set(people.values())) == 1
    assert Contact.objects.get().phone == "+821055550132"


def test_a_browser_is_known_before_its_first_page_arrives() -> None:
    people = actions.identify([Identity(email="a@b.example", visitor_id=3, at=AT)])
    assert actions.see([Visit(3, AT + MINUTE * 9, path="/", origin={"source": "x"})]) == {3: people[0]}
    assert Contact.objects.get().origin == {"source": "x"}


def test_companies_come_from_names_and_domains_but_not_from_free_mail() -> None:
    people = actions.identify(
        [
            Identity(email="a@gmail.com"),
            Identity(email="b@gmail.com", fields={"company": "Hanbit Inc."}),
            Identity(email="c@hanbit.example", fields={"company": "HANBIT"}),
            Identity(email="d@hanbit.example"),
        ]
    )
    found = {c.pk: c.company_id for c in Contact.objects.all()}
    assert found[people[0]] is None
    (company,) = Company.objects.all()
    assert [found[people[n]] for n in (1, 2, 3)] == [company.pk] * 3


@pytest.mark.parametrize(
    "email, problem",
    [
        ("", "Enter an e-mail address."),
        ("amelia", "An e-mail address needs an @ sign."),
        ("a@localhost", "The part after the @-sign is not valid. It should have a period."),
    ],
)
def test_a_bad_address_is_said(email: str, problem: str) -> None:
    with pytest.raises(rules.Invalid) as caught:
        actions.identify([Identity(email=email)])
    assert caught.value.errors == {"email": problem}
    assert actions.identify([Identity(email=email), Identity(email="ok@x.example")], strict=False).keys() == {1}


def test_all_bad_fields_are_said_at_once() -> None:
    with pytest.raises(rules.Invalid) as caught:
        actions.create_contact(
            actor="x", email="a@b.example", country="Atlantis", birthday="x", time_zone="Mars", foo=1
        )
    assert caught.value.errors == {
        "country": "Use the two-letter code of the country, such as DE, or its name.",
        "birthday": "Write the date as year-month-day, such as 2026-11-30.",
        "time_zone": "Use the name of a time zone, such as Europe/Berlin.",
        "foo": "There is no such field.",
    }


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_contact_and_lose_no_field() -> None:
    names = ["city", "job_title", "region", "first_name", "last_name", "gender"]
    wait, results, errors = threading.Barrier(len(names)), [], []

    def one(n: int) -> None:
        try:
            wait.wait()
            emails = [f"p{i}@same.example" for i in range(8)]
            if n % 2:
                emails.reverse()
            items = [Identity(email=e, visitor_id=100 + i, fields={names[n]: "x"}) for i, e in enumerate(emails)]
            found = actions.identify(items)
            results.append({emails[i]: person for i, person in found.items()})
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(len(names))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert errors == []
    assert all(r == results[0] for r in results)
    assert Contact.objects.count() == EmailClaim.objects.count() == 8
    assert Company.objects.count() == 1
    for contact in Contact.objects.all():
        assert [getattr(contact, name) for name in names] == ["x"] * len(names)
        kinds = [kind for kind, _ in story(contact.pk)]
        assert kinds.count("contact.created") == 1


@pytest.mark.django_db(transaction=True)
def test_facts_kept_while_the_visitor_identifies_herself_are_not_left_behind() -> None:
    """A sequencer that sees the visitor as anonymous holds her row until its facts are committed."""
    from django.db import transaction

    seen, go = threading.Event(), threading.Event()

    def sequencer() -> None:
        try:
            with transaction.atomic():
                assert actions.see([Visit(4, AT, path="/late")]) == {4: None}
                seen.set()
                go.wait(0.3)
                timeline.record_anonymous([(4, AT, uuid.uuid4(), "page.viewed", {"path": "/late"})])
        finally:
            connection.close()

    thread = threading.Thread(target=sequencer)
    thread.start()
    seen.wait()
    people = actions.identify([Identity(email="late@x.example", visitor_id=4, at=AT + MINUTE)])
    thread.join()
    assert [k for k, _ in story(people[0])] == ["page.viewed", "contact.created", "contact.identified"]
