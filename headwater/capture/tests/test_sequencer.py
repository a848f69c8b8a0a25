"""The sequencer: who it was, what it says, once."""

from __future__ import annotations

import json
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headwater.capture import rules, sequencer
from headwater.capture.models import BotEvent, Intake, IntakeRejected, Site
from headwater.capture.sequencer import digest
from headwater.core.lanes import lane_key
from headwater.people.actions import Identity, identify
from headwater.people.models import Contact, Visitor
from headwater.timeline import queries as timeline
from headwater.timeline.models import StoredFact, VisitorFact

from .conftest import BROWSER, Database

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
VISITOR = rules.visitor_id("visitor-0001")
_ids = iter(range(1, 10**9))


def put(
    payload: dict[str, Any], *, source: str = "", visitor: int | None = VISITOR, bot: str = "", **more: Any
) -> None:
    """A row as the collector writes it."""
    n = next(_ids)
    who = visitor or payload.get("contact_id") or rules.identity_key(payload.get("email", ""))
    Intake.objects.create(
        lane_key=lane_key(who),
        id=n,
        received_at=AT + timedelta(seconds=n),
        source=source or f"t:{Site.objects.get_or_create(name='Test')[0].pk}",
        visitor_id=visitor,
        bot=bot,
        payload=payload,
        context={"ua": BROWSER, "tz": "Asia/Seoul", **more},
    )


def page(path: str = "/pricing", **more: Any) -> dict[str, Any]:
    return {"type": "page", "url": f"https://example.com{path}", "title": path.strip("/").title(), **more}


def kinds(person: int) -> list[str]:
    return [e.kind for e in reversed(timeline.read(person, quiet=True))]


@pytest.mark.django_db
def test_an_anonymous_view_waits_with_its_visitor() -> None:
    put(page("/pricing?utm_source=news&utm_campaign=may&gclid=x1", referrer="https://mail.example/"))
    assert sequencer.run_once() == 1
    assert sequencer.run_once() == 0
    (fact,) = VisitorFact.objects.all()
    assert (fact.visitor_id, fact.kind) == (VISITOR, "page.viewed")
    site = Site.objects.get()
    assert fact.data == {
        "path": "/pricing",
        "title": "Pricing?Utm_Source=News&Utm_Campaign=May&Gclid=X1",
        "url": "https://example.com/pricing?utm_source=news&utm_campaign=may&gclid=x1",
        "referrer": "https://mail.example/",
        "utm_source": "news",
        "utm_campaign": "may",
        "click_ids": {"gclid": "x1"},
        "site": site.pk,
    }
    visitor = Visitor.objects.get()
    assert (visitor.person_id, visitor.views, visitor.last_path, visitor.country) == (None, 1, "/pricing", "KR")
    assert visitor.device == "Chrome · Linux"
    assert (visitor.origin["source"], visitor.origin["campaign"], visitor.origin["landing"]) == (
        "news",
        "may",
        "/pricing",
    )
    assert (site.events, site.bot_events, site.first_event_at is not None) == (1, 0, True)


@pytest.mark.django_db
def test_she_identifies_herself_and_her_past_comes_along() -> None:
    put(page("/"))
    sequencer.run_once()
    put(page("/pricing"))
    put({"type": "identify", "email": "Ana@Example.com", "fields": {"first_name": "Ana", "stage": "customer"}})
    put(page("/thanks"))
    sequencer.run_once()
    contact = Contact.objects.get()
    assert (contact.email, contact.first_name, contact.stage) == ("ana@example.com", "Ana", "lead")
    assert VisitorFact.objects.count() == 0
    views = [e.data["path"] for e in reversed(timeline.read(contact.pk)) if e.kind == "page.viewed"]
    assert views == ["/", "/pricing", "/thanks"]
    assert {"contact.created", "contact.identified"} <= set(kinds(contact.pk))
    put(page("/later"))
    sequencer.run_once()
    assert StoredFact.objects.filter(person_id=contact.pk, kind="page.viewed").count() == 4


@pytest.mark.django_db
def test_a_shared_browser_keeps_each_ones_views_apart() -> None:
    put({"type": "identify", "email": "a@example.com"})
    sequencer.run_once()
    put(page("/of-a"))
    put({"type": "identify", "email": "b@example.com"})
    put(page("/of-b"))
    sequencer.run_once()
    paths = {
        c.email: [e.data["path"] for e in timeline.read(c.pk) if e.kind == "page.viewed"] for c in Contact.objects.all()
    }
    assert paths == {"a@example.com": ["/of-a"], "b@example.com": ["/of-b"]}


@pytest.mark.django_db
def test_a_form_of_the_sites_own_identifies_by_its_email_field() -> None:
    put({"type": "form", "url": "https://example.com/c", "form": "Contact", "fields": {"e-mail": "c@example.com"}})
    sequencer.run_once()
    person = Contact.objects.get(email="c@example.com").pk
    (sent,) = [e for e in timeline.read(person) if e.kind == "form.submitted"]
    assert (sent.data["name"], sent.data["path"], "form" in sent.data) == ("Contact", "/c", False)


@pytest.mark.django_db
def test_the_senders_age_or_time_says_when_it_happened() -> None:
    put(page("/a", age=1500))
    put(page("/b", at="2026-11-02T08:00:00.5Z"))
    sequencer.run_once()
    times = dict(VisitorFact.objects.values_list("data__path", "at"))
    received = AT + timedelta(seconds=next(_ids) - 2)
    assert times == {"/a": received - timedelta(seconds=1.5), "/b": datetime(2026, 11, 2, 8, 0, 0, 500_000, tzinfo=UTC)}


@pytest.mark.django_db
def test_an_event_id_counts_once_within_a_batch_and_across() -> None:
    put(page("/a", id="e1"))
    put(page("/a", id="e1"))
    assert sequencer.run_once() == 2
    put(page("/a", id="e1"))
    put(page("/a", id="e2"))
    assert sequencer.run_once() == 2
    assert VisitorFact.objects.count() == 2
    assert Visitor.objects.get().views == 2
    assert Site.objects.get().events == 2


@pytest.mark.django_db
def test_bots_stay_beside_the_log_with_their_reason() -> None:
    put(page(), bot="crawler")
    sequencer.run_once()
    (bot,) = BotEvent.objects.all()
    assert (bot.reason, bot.kind, bot.data["path"], bot.user_agent) == ("crawler", "page.viewed", "/pricing", BROWSER)
    assert (Visitor.objects.count(), VisitorFact.objects.count()) == (0, 0)
    assert (Site.objects.get().events, Site.objects.get().bot_events) == (0, 1)


@pytest.mark.django_db
def test_the_api_names_people_by_email_contact_or_visitor() -> None:
    person = identify([Identity(email="known@example.com")])[0]
    api = {"source": "api:7", "visitor": None}
    put({"event": "trial.started", "email": "Known@Example.com", "properties": {"plan": "team"}}, **api)
    put({"event": "Video played", "contact_id": person, "properties": {"name": "Tour"}}, **api)
    put({"event": "cart.filled", "email": "new@example.com", "properties": {"items": 2}}, **api)
    put({"event": "page.viewed", "contact_id": person, "properties": {"path": "/app"}}, **api)
    sequencer.run_once()
    facts = {e.kind: e for e in timeline.read(person)}
    assert (facts["trial.started"].data, facts["trial.started"].actor) == ({"plan": "team"}, "api:7")
    assert facts["event.custom"].data == {"name": "Video played", "properties": {"name": "Tour"}}
    assert facts["page.viewed"].data["path"] == "/app"
    new = Contact.objects.get(email="new@example.com")
    assert [e.data for e in timeline.read(new.pk) if e.kind == "cart.filled"] == [{"items": 2}]


@pytest.mark.django_db
def test_a_shop_that_sends_events_only_may_tell_of_its_orders() -> None:
    person = identify([Identity(email="known@example.com")])[0]
    told = {"order": "2026-1041", "value": 640}
    put({"event": "order.placed", "contact_id": person, "properties": told}, source="api:7", visitor=None)
    sequencer.run_once()
    (placed,) = [e for e in timeline.read(person) if e.kind == "order.placed"]
    assert (placed.data, placed.actor) == (told, "api:7")
    assert placed.fact is not None
    assert placed.look.says.format(named=placed.fact.named, money=placed.fact.money) == "Order 2026-1041 placed: —"  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_nobody_outside_makes_a_fact_of_our_own_kind() -> None:
    person = identify([Identity(email="known@example.com")])[0]
    put(
        {"event": "consent.changed", "contact_id": person, "properties": {"state": "granted"}},
        source="api:7",
        visitor=None,
    )
    sequencer.run_once()
    (forged,) = [e for e in timeline.read(person) if e.kind not in ("contact.created",)]
    assert (forged.kind, forged.data["name"]) == ("event.custom", "consent.changed")


@pytest.mark.django_db
def test_rows_that_name_nobody_are_set_aside_with_the_reason() -> None:
    put({"event": "a", "contact_id": 999}, source="api:7", visitor=None)
    put({"event": "a", "email": "no@@example"}, source="api:7", visitor=None)
    assert sequencer.run_once() == 2
    assert sorted(IntakeRejected.objects.values_list("reason", flat=True)) == [
        "no@@example is not an e-mail address",
        "there is no contact 999",
    ]


@pytest.mark.django_db(transaction=False)
def test_a_row_that_cannot_be_digested_is_set_aside_and_the_others_go_on() -> None:
    put(page("/a"))
    put({"type": "page"})
    put(page("/b"))
    put(page("/c"), visitor=rules.visitor_id("visitor-0002"))
    while sequencer.run_once():
        pass
    assert sorted(f.data["path"] for f in VisitorFact.objects.all()) == ["/a", "/b", "/c"]
    (rejected,) = IntakeRejected.objects.all()
    assert rejected.reason == "ValueError: a page needs its url"
    assert rejected.row["payload"] == {"type": "page"}


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [4, 40])
def test_a_batch_takes_as_many_statements_for_40_rows_as_for_4(rows: int, django_assert_max_num_queries: Any) -> None:
    known = identify([Identity(email=f"p{n}@example.com", visitor_id=100 + n) for n in range(rows)])
    assert len(known) == rows
    for n in range(rows):
        put(page(f"/{n}", id=f"e{n}"), visitor=100 + n)
        put(page(f"/{n}"), visitor=5000 + n)
    with django_assert_max_num_queries(30):
        assert sequencer.run_once() == 2 * rows


def test_two_sequencers_at_once_give_each_event_one_effect(committed: Database) -> None:
    site = committed.site()[0]
    count, visitors = 600, [rules.visitor_id(f"visitor-{n:04}") for n in range(40)]
    Intake.objects.bulk_create(
        Intake(
            lane_key=lane_key(visitors[n % 40]),
            id=n,
            received_at=AT + timedelta(seconds=n),
            source=f"t:{site}",
            visitor_id=visitors[n % 40],
            bot="",
            payload={"type": "identify", "email": f"p{n % 40}@example.com"} if n >= count - 40 else page(f"/{n}"),
            context={},
        )
        for n in range(count)
    )
    taken: list[int] = []

    def work() -> None:
        from django.db import OperationalError, connection

        idle = 0
        while idle < 3:
            try:
                did = digest_some()
            except OperationalError:
                continue  # a deadlock: the worker tries again
            idle = 0 if did else idle + 1
            taken.append(did)
        connection.close()

    def digest_some() -> int:
        return sequencer.batches._batch(None, 50)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == count
    ((views,),) = committed.rows("SELECT count(*) FROM timeline_fact WHERE kind = 'page.viewed'")
    assert views == count - 40
    assert committed.rows("SELECT count(*) FROM timeline_visitorfact") == [(0,)]
    ((people,),) = committed.rows("SELECT count(*) FROM people_contact")
    assert people == 40
    assert committed.rows("SELECT sum(views) FROM people_visitor") == [(count - 40,)]


def test_a_batch_that_dies_before_its_commit_is_done_once_by_the_next(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed.rows("DELETE FROM timeline_visitorfact")
    site = committed.site()[0]
    committed.rows(
        "INSERT INTO capture_intake VALUES (%s, 5, '2026-11-02Z', %s, 77, '', %s, '{}')",
        lane_key(77),
        f"t:{site}",
        json.dumps(page("/x")),
    )

    class Killed(BaseException):
        pass

    def die(name: str) -> None:
        if name == "sequencer.effects":
            raise Killed

    monkeypatch.setattr("headwater.capture.sequencer.batches.point", die)
    with pytest.raises(Killed):
        sequencer.run_once()
    monkeypatch.undo()
    assert committed.rows("SELECT count(*) FROM timeline_visitorfact") == [(0,)]
    assert sequencer.run_once() == 1
    assert committed.rows("SELECT id FROM timeline_visitorfact") == [(digest.rules.row_key(lane_key(77), 5),)]
    assert isinstance(digest.rules.row_key(lane_key(77), 5), uuid.UUID)
