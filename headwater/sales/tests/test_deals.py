"""Deals: created, moved by whoever saw the newest version, won, lost."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from headwater.accounts.models import User
from headwater.core import clock
from headwater.people import actions as people
from headwater.people.models import Company, Contact
from headwater.sales import actions, queries
from headwater.sales.actions import DealSeed, HandOver, Stale
from headwater.sales.models import Deal, DealStageChange, LeadHandover, PipelineStage
from headwater.teamwork import actions as teamwork
from headwater.teamwork.models import Task
from headwater.timeline import queries as timeline

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def stages(db: None) -> dict[str, PipelineStage]:
    return {s.name: s for s in actions.ensure_pipeline().stages.all()}


def order(stage: PipelineStage) -> list[str]:
    return list(Deal.objects.filter(stage=stage).order_by("position", "id").values_list("name", flat=True))


def make(*names: str) -> list[int]:
    """Deals in the first stage, shown from the top in the order given."""
    return [actions.create_deal(actor="user:1", name=name) for name in reversed(names)][::-1]


def facts(person_id: int) -> list[tuple[str, dict]]:
    return [(e.kind, e.data) for e in timeline.read(person_id, limit=50)][::-1]


def test_a_new_deal_stands_on_top_and_is_told(ana: Contact, stages: dict[str, PipelineStage]) -> None:
    pk = actions.create_deal(actor="user:1", name=" Annual plan ", person_id=ana.pk, amount=Decimal("48000"))
    deal = Deal.objects.get(pk=pk)
    assert (deal.name, deal.currency, deal.stage.name, deal.version) == ("Annual plan", "USD", "Lead", 1)
    assert facts(ana.pk)[-1] == (
        "deal.created",
        {"deal": pk, "name": "Annual plan", "amount": "48000", "currency": "USD", "pipeline": "Sales", "stage": "Lead"},
    )
    (entry,) = timeline.read(ana.pk, limit=1)
    assert entry.fact.money == "$48,000"
    assert queries.history(pk)[0].after.name == "Lead"


@pytest.mark.parametrize(
    "given, why",
    [
        ({"name": " "}, "A deal needs a name."),
        ({"name": "x", "amount": Decimal("-1")}, "amount out of range"),
        ({"name": "x", "currency": "XXX"}, "unknown currency: XXX"),
        ({"name": "x", "stage_id": 0 - 1}, "A new deal begins in an open stage."),
    ],
)
def test_a_deal_that_cannot_be_is_refused(given: dict, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        actions.create_deal(actor="user:1", **given)
    assert Deal.objects.count() == 0


def test_the_same_key_makes_one_deal(ana: Contact) -> None:
    made = {actions.create_deal(actor="api:1", name="x", person_id=ana.pk, key="shop:1") for _ in range(2)}
    assert len(made) == 1
    assert [kind for kind, _ in facts(ana.pk)].count("deal.created") == 1


def test_a_card_lands_above_the_one_it_was_dropped_on(stages: dict[str, PipelineStage]) -> None:
    a, b, c, d = make("a", "b", "c", "d")
    lead = stages["Lead"]
    actions.move_deal(d, lead.pk, version=1, before_id=b, actor="user:1")
    assert order(lead) == ["a", "d", "b", "c"]
    actions.move_deal(a, lead.pk, version=1, before_id=None, actor="user:1")
    assert order(lead) == ["d", "b", "c", "a"]
    actions.move_deal(c, lead.pk, version=1, before_id=d, actor="user:1")
    assert order(lead) == ["c", "d", "b", "a"]
    assert DealStageChange.objects.count() == 4


def test_a_column_without_room_is_numbered_anew(stages: dict[str, PipelineStage]) -> None:
    a, b, c = make("a", "b", "c")
    Deal.objects.filter(pk=a).update(position=1.0)
    Deal.objects.filter(pk=b).update(position=1.0)
    Deal.objects.filter(pk=c).update(position=2.0)
    actions.move_deal(c, stages["Lead"].pk, version=1, before_id=max(a, b), actor="user:1")
    ordered = order(stages["Lead"])
    assert ordered[1] == "c"
    assert len(set(Deal.objects.values_list("position", flat=True))) == 3


def test_who_saw_an_old_version_changes_nothing(ana: Contact, stages: dict[str, PipelineStage]) -> None:
    pk = actions.create_deal(actor="user:1", name="x", person_id=ana.pk)
    actions.move_deal(pk, stages["Qualified"].pk, version=1, actor="user:1")
    with pytest.raises(Stale) as caught:
        actions.move_deal(pk, stages["Proposal"].pk, version=1, actor="user:2")
    now = caught.value.record
    assert isinstance(now, Deal)
    assert (now.version, now.stage.name) == (2, "Qualified")
    with pytest.raises(Stale):
        actions.update_deal(pk, actor="user:2", version=1, name="y")
    with pytest.raises(Stale):
        actions.win_deal(pk, actor="user:2", version=1)
    assert Deal.objects.get(pk=pk).stage == stages["Qualified"]
    assert facts(ana.pk)[-1] == (
        "deal.moved",
        {"deal": pk, "name": "x", "before": "Lead", "after": "Qualified", "stage": stages["Qualified"].pk},
    )


def test_winning_makes_customers_of_both(rafael: User, ana: Contact, acme: Company) -> None:
    pk = actions.create_deal(
        actor="user:1", name="Plan", person_id=ana.pk, company_id=acme.pk, amount=Decimal("9500.50"), currency="EUR"
    )
    teamwork.create_task(teamwork.NewTask(ana.pk, "Send contract", deal_id=pk), actor="user:1")
    with clock.freeze(AT):
        actions.win_deal(pk, actor=f"user:{rafael.pk}")
        actions.win_deal(pk, actor=f"user:{rafael.pk}")
    deal = queries.deal(pk)
    ana.refresh_from_db()
    acme.refresh_from_db()
    assert (deal.stage.name, deal.won_at, deal.version) == ("Won", AT, 2)
    assert (ana.stage, ana.customer_since) == ("customer", date(2026, 11, 2))
    assert sorted(acme.roles) == ["customer", "supplier"]
    assert Task.objects.get().outcome == "deal won"
    won = [data for kind, data in facts(ana.pk) if kind == "deal.won"]
    assert won == [{"deal": pk, "name": "Plan", "amount": "9500.50", "currency": "EUR"}]
    (stage,) = [data for kind, data in facts(ana.pk) if kind == "stage.changed"]
    assert stage == {"before": "lead", "after": "customer", "reason": "won Plan"}


def test_winning_answers_the_lead_that_was_still_open(rafael: User, ana: Contact) -> None:
    (done,) = actions.hand_over([HandOver(ana.pk, "hot")], actor="system")
    actions.win_deal(done.deal_id, actor=f"user:{rafael.pk}")
    assert LeadHandover.objects.get().status == "accepted"
    ana.refresh_from_db()
    assert ana.stage == "customer"


def test_losing_needs_a_reason(ana: Contact, stages: dict[str, PipelineStage]) -> None:
    pk = actions.create_deal(actor="user:1", name="Plan", person_id=ana.pk)
    with pytest.raises(ValueError, match="A lost deal needs a reason"):
        actions.lose_deal(pk, " ", actor="user:1")
    with pytest.raises(ValueError, match="A lost deal needs a reason"):
        actions.move_deal(pk, stages["Lost"].pk, version=1, actor="user:1")
    actions.move_deal(pk, stages["Lost"].pk, version=1, actor="user:1", reason="price")
    deal = queries.deal(pk)
    assert (deal.lost_reason, deal.won_at, deal.lost_at is not None) == ("price", None, True)
    assert facts(ana.pk)[-1] == ("deal.lost", {"deal": pk, "name": "Plan", "reason": "price", "currency": "USD"})


def test_a_won_deal_can_be_opened_again(ana: Contact, stages: dict[str, PipelineStage]) -> None:
    pk = actions.create_deal(actor="user:1", name="Plan", person_id=ana.pk)
    actions.win_deal(pk, actor="user:1")
    actions.move_deal(pk, stages["Proposal"].pk, version=2, actor="user:1")
    deal = queries.deal(pk)
    assert (deal.stage.name, deal.won_at) == ("Proposal", None)
    assert [c.after.name for c in queries.history(pk)] == ["Lead", "Won", "Proposal"]


def test_a_stage_of_another_pipeline_is_refused(stages: dict[str, PipelineStage]) -> None:
    (pk,) = make("a")
    with pytest.raises(ValueError, match="That stage belongs to another pipeline"):
        actions.move_deal(pk, 999_999, version=1, actor="user:1")


def test_the_board_counts_sums_and_caps(rafael: User, ana: Contact, django_assert_num_queries) -> None:
    path = [("Lead", AT)]
    actions.import_deals(
        [DealSeed(f"d{n}", path, person_id=ana.pk, owner_id=rafael.pk, amount=Decimal(1000)) for n in range(30)]
        + [DealSeed("e", [*path, ("Won", AT + timedelta(days=3))], amount=Decimal(70_000), currency="EUR")]
    )
    pipeline = queries.pipeline()
    queries.board(pipeline, now=AT)  # the rule book of scores is read now, and kept
    with django_assert_num_queries(5):
        columns = queries.board(pipeline, now=AT + timedelta(days=8))
    lead, won = columns[0], columns[4]
    assert (lead.head.count, lead.head.sums, lead.head.total, len(lead.cards)) == (30, ["$30k"], "$30,000", 20)
    assert (won.head.count, won.head.sums) == (1, ["€70k"])
    assert [c["name"] for c in lead.cards[:2]] == ["d29", "d28"]
    assert (lead.cards[0]["money"], lead.cards[0]["rotten"]) == ("$1,000", True)
    rest, after = queries.more_cards(lead.stage, lead.next, now=AT)
    assert ([c["name"] for c in rest], after) == ([f"d{n}" for n in range(9, -1, -1)], "")
    mine = queries.board(pipeline, now=AT, owner_id=rafael.pk)
    assert [c.head.count for c in mine] == [30, 0, 0, 0, 0, 0]
    with pytest.raises(ValueError, match="not a cursor of cards: 'x'"):
        queries.more_cards(lead.stage, "x", now=AT)


def test_pages_of_the_table_meet(rafael: User) -> None:
    actions.import_deals([DealSeed(f"d{n}", [("Lead", AT + timedelta(hours=n // 2))]) for n in range(7)])
    seen, after = [], ""
    while True:
        page = queries.table(after=after, limit=3)
        seen += [d.name for d in page.deals]
        after = page.next
        if not after:
            break
    assert sorted(seen) == [f"d{n}" for n in range(7)]
    assert [d.name for d in queries.search("D3", 5)] == ["d3"]


@pytest.mark.django_db(transaction=True)
def test_two_deals_of_one_company_won_in_the_same_moment_wait_for_each_other_in_one_order() -> None:
    for round_ in range(5):
        company = people.create_company(actor="system", name=f"Both {round_}", roles=["prospect", "supplier"])
        persons = [
            people.create_contact(
                actor="system", first_name="P", email=f"p{n}.{round_}@both.example", company_id=company.pk
            ).pk
            for n in range(6)
        ]
        deals = [
            actions.create_deal(actor="user:1", name="One", person_id=p, company_id=company.pk) for p in persons[:2]
        ]
        start = threading.Barrier(2)
        failed: list[Exception] = []

        def win(deal: int, start: threading.Barrier, failed: list[Exception]) -> None:
            start.wait()
            try:
                actions.win_deal(deal, actor="user:1")
            except Exception as error:
                failed.append(error)
            connection.close()

        threads = [threading.Thread(target=win, args=(d, start, failed)) for d in deals]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        company.refresh_from_db()
        assert company.roles == ["supplier", "customer"]
        for person in persons:  # told once, although two deals were won
            assert [e.kind for e in timeline.read(person, quiet=True)].count("company.updated") == 1
