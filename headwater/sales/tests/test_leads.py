"""Hand-over: once, fairly, completely; accepted or returned, with both sides measured."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Thread

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headwater.accounts.models import User
from headwater.core import clock
from headwater.people import actions as people
from headwater.people.models import Contact
from headwater.sales import actions, queries
from headwater.sales.actions import HandOver
from headwater.sales.models import Deal, LeadHandover
from headwater.teamwork.models import Notification, Task
from headwater.timeline import queries as timeline

from .conftest import rep

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def kinds(person_id: int) -> list[str]:
    """What happened, in the order in which it did."""
    return [e.kind for e in timeline.read(person_id, limit=50)][::-1]


def some_people(count: int) -> list[Contact]:
    return [people.create_contact(actor="system", first_name=f"P{n}", email=f"p{n}@x.example") for n in range(count)]


@pytest.mark.django_db
def test_a_lead_arrives_complete(rafael: User, ana: Contact) -> None:
    with clock.travel(timedelta(0)):
        (done,) = actions.hand_over(
            [HandOver(ana.pk, "score reached 60", amount=Decimal("1200"), key="journey:3:1")], actor="journey:3"
        )
    assert done.refused is None
    row = LeadHandover.objects.get(pk=done.handover_id)
    assert (row.owner, row.reason, row.status, row.sla_due_at - row.created_at) == (
        rafael, "score reached 60", "open", timedelta(hours=1),
    )  # fmt: skip
    deal = Deal.objects.select_related("stage", "pipeline").get(pk=done.deal_id)
    assert (deal.name, deal.amount, deal.stage.name, deal.pipeline.name, deal.owner, deal.company_id) == (
        "Acme Retail", Decimal("1200.00"), "Lead", "Sales", rafael, ana.company_id,
    )  # fmt: skip
    task = Task.objects.get()
    assert (task.title, task.kind, task.due_at, task.owner, task.deal_id, task.priority) == (
        "Call Ana Lima", "call", row.sla_due_at, rafael, deal.pk, 2,
    )  # fmt: skip
    assert list(Notification.objects.values_list("user_id", "text", "url")) == [
        (rafael.pk, "New lead: Ana Lima. score reached 60", f"/leads/{row.pk}/")
    ]
    ana.refresh_from_db()
    assert (ana.stage, ana.owner) == ("mql", rafael)
    assert kinds(ana.pk) == [
        "contact.created", "stage.changed", "owner.changed", "lead.handed_over", "deal.created", "task.created",
    ]  # fmt: skip
    (fact,) = [e for e in timeline.read(ana.pk) if e.kind == "lead.handed_over"]
    assert fact.data == {
        "handover": row.pk,
        "owner": rafael.pk,
        "owner_name": "Rafael Costa",
        "reason": "score reached 60",
        "sla": row.sla_due_at.isoformat(),
        "deal": deal.pk,
    }


@pytest.mark.django_db
def test_a_key_hands_over_once_and_an_open_lead_is_not_handed_over_again(rafael: User, ana: Contact) -> None:
    (first,) = actions.hand_over([HandOver(ana.pk, "hot", key="k")], actor="journey:1")
    (again,) = actions.hand_over([HandOver(ana.pk, "hot", key="k")], actor="journey:1")
    other, nobody = actions.hand_over([HandOver(ana.pk, "trial"), HandOver(999_999, "x")], actor="user:1")
    assert (again.handover_id, again.deal_id, again.repeated, again.refused) == (
        first.handover_id, first.deal_id, True, None,
    )  # fmt: skip
    assert (other.handover_id, other.refused) == (first.handover_id, "already_open")
    assert (nobody.handover_id, nobody.refused) == (None, "unknown_person")
    assert (LeadHandover.objects.count(), Deal.objects.count(), Task.objects.count()) == (1, 1, 1)
    assert kinds(ana.pk).count("lead.handed_over") == 1


@pytest.mark.django_db
def test_one_person_twice_in_a_batch_is_handed_over_once(rafael: User, ana: Contact) -> None:
    one, two = actions.hand_over([HandOver(ana.pk, "a", key="1"), HandOver(ana.pk, "b", key="2")], actor="system")
    assert one.handover_id == two.handover_id
    assert LeadHandover.objects.count() == 1


@pytest.mark.django_db
def test_leads_go_round_and_an_owner_keeps_her_own(db: None) -> None:
    one, two = rep("One"), rep("Two")
    rep("Idle", takes_leads=False)
    rep("Gone", is_active=False)
    crowd = some_people(5)
    people.set_owner([crowd[0].pk], two.pk, reason="", actor="system")
    done = actions.hand_over([HandOver(c.pk, "hot") for c in crowd], actor="system")
    assert [d.owner_id for d in done] == [two.pk, one.pk, two.pk, one.pk, two.pk]
    (late,) = actions.hand_over([HandOver(some_people_more().pk, "hot")], actor="system")
    assert late.owner_id == one.pk


def some_people_more() -> Contact:
    return people.create_contact(actor="system", first_name="Late", email="late@x.example")


@pytest.mark.django_db
def test_without_anybody_who_takes_leads_it_waits_for_the_first_who_accepts(ana: Contact) -> None:
    (done,) = actions.hand_over([HandOver(ana.pk, "hot")], actor="system")
    assert done.owner_id is None
    me = rep("Me", takes_leads=False)
    assert [h.pk for h in queries.waiting(me.pk)] == [done.handover_id]
    actions.accept_lead(done.handover_id, actor=f"user:{me.pk}")
    ana.refresh_from_db()
    assert (ana.owner_id, Deal.objects.get().owner_id) == (me.pk, me.pk)


@pytest.mark.django_db
def test_any_number_of_leads_takes_the_same_number_of_statements(rafael: User) -> None:
    crowd = some_people(30)
    actions.hand_over([HandOver(crowd[0].pk, "warm-up")], actor="system")
    with CaptureQueriesContext(connection) as few:
        actions.hand_over([HandOver(crowd[1].pk, "hot")], actor="system")
    with CaptureQueriesContext(connection) as many:
        actions.hand_over([HandOver(c.pk, "hot") for c in crowd[2:]], actor="system")
    assert len(many) == len(few)


@pytest.mark.django_db
def test_a_customer_who_is_handed_over_stays_a_customer(rafael: User, ana: Contact) -> None:
    people.set_stage([ana.pk], "customer", reason="", actor="system")
    actions.hand_over([HandOver(ana.pk, "upsell")], actor="system")
    ana.refresh_from_db()
    assert ana.stage == "customer"


@pytest.mark.django_db
def test_accepting_makes_an_sql_and_happens_once(rafael: User, ana: Contact) -> None:
    (done,) = actions.hand_over([HandOver(ana.pk, "hot")], actor="system")
    with clock.travel(timedelta(minutes=12)):
        actions.accept_lead(done.handover_id, actor=f"user:{rafael.pk}")
        actions.accept_lead(done.handover_id, actor=f"user:{rafael.pk}")
    ana.refresh_from_db()
    assert ana.stage == "sql"
    (fact,) = [e.data for e in timeline.read(ana.pk) if e.kind == "lead.accepted"]
    assert fact == {"handover": done.handover_id, "owner": rafael.pk, "minutes": 12, "deal": done.deal_id}
    with pytest.raises(ValueError, match="This lead was answered already"):
        actions.return_lead(done.handover_id, "no", actor="user:1")


@pytest.mark.django_db
def test_returning_needs_a_reason_and_ends_the_deal_that_came_with_it(rafael: User, ana: Contact) -> None:
    (done,) = actions.hand_over([HandOver(ana.pk, "hot")], actor="system")
    with pytest.raises(ValueError, match="Say why the lead goes back"):
        actions.return_lead(done.handover_id, "  ", actor=f"user:{rafael.pk}")
    actions.return_lead(done.handover_id, "student, no budget", actor=f"user:{rafael.pk}")
    ana.refresh_from_db()
    deal = Deal.objects.select_related("stage").get()
    assert (ana.stage, deal.stage.name, deal.lost_reason) == ("lead", "Lost", "returned to marketing")
    assert Task.objects.filter(done_at=None).count() == 0
    assert kinds(ana.pk)[-3:] == ["lead.returned", "stage.changed", "deal.lost"]
    (again,) = actions.hand_over([HandOver(ana.pk, "hot again")], actor="system")
    assert (again.refused, Deal.objects.count()) == (None, 2)
    with pytest.raises(ValueError, match="This lead went back to marketing"):
        actions.accept_lead(done.handover_id, actor="user:1")


@pytest.mark.django_db
def test_a_deal_that_ran_before_goes_on_when_its_lead_returns(rafael: User, ana: Contact) -> None:
    running = actions.create_deal(actor="user:1", name="Renewal", person_id=ana.pk)
    (done,) = actions.hand_over([HandOver(ana.pk, "hot")], actor="system")
    assert done.deal_id == running
    actions.return_lead(done.handover_id, "wrong time", actor=f"user:{rafael.pk}")
    assert Deal.objects.select_related("stage").get().stage.kind == "open"
    assert Task.objects.get().outcome == "returned to marketing"


@pytest.mark.django_db
def test_both_sides_are_measured(rafael: User) -> None:
    start = clock.now() - timedelta(seconds=1)
    crowd = some_people(4)
    done = actions.hand_over([HandOver(c.pk, "hot") for c in crowd], actor="system")
    me = f"user:{rafael.pk}"
    with clock.travel(timedelta(minutes=10)):
        actions.accept_lead(done[0].handover_id, actor=me)
        actions.win_deal(done[0].deal_id, actor=me)
    with clock.travel(timedelta(minutes=20)):
        actions.return_lead(done[1].handover_id, "no budget", actor=me)
    with clock.travel(timedelta(minutes=90)):
        actions.accept_lead(done[2].handover_id, actor=me)
    stats = queries.handover_stats(start, start + timedelta(minutes=100))
    assert (stats.handed_over, stats.open, stats.accepted, stats.returned, stats.late, stats.won) == (4, 1, 2, 1, 2, 1)
    assert (stats.accepted_share, stats.in_time_share, stats.median_minutes) == (67, 67, 20)
    assert stats.reasons == [("no budget", 1)]


@pytest.mark.django_db(transaction=True)
def test_the_round_is_fair_when_many_hand_over_at_the_same_time() -> None:
    actions.ensure_pipeline()
    reps = [rep(name) for name in ("A", "B", "C")]
    crowd = some_people(24)
    failures: list[BaseException] = []

    def work(mine: list[Contact]) -> None:
        try:
            for contact in mine:
                actions.hand_over([HandOver(contact.pk, "hot", key=f"k{contact.pk}")], actor="system")
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work, args=(crowd[n::4],)) for n in range(4)]
    threads += [Thread(target=work, args=(crowd[:6],))]  # the same people once more, at the same time
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert LeadHandover.objects.count() == 24
    assert [LeadHandover.objects.filter(owner=r).count() for r in reps] == [8, 8, 8]
