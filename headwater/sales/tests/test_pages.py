"""The pages of sales, as a browser asks for them."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from headwater.accounts.models import User
from headwater.core import clock
from headwater.people.models import Company, Contact
from headwater.sales import actions
from headwater.sales.actions import DealSeed, HandOver
from headwater.sales.models import Deal, LeadHandover, PipelineStage
from headwater.teamwork.models import Call, Note, Notification, Task

pytestmark = pytest.mark.django_db
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def page(rafael: User) -> Client:
    client = Client()
    client.force_login(rafael)
    return client


@pytest.fixture
def deal(rafael: User, ana: Contact) -> Deal:
    pk = actions.create_deal(
        actor="user:1", name="Annual <plan>", person_id=ana.pk, company_id=ana.company_id, amount=Decimal("9500")
    )
    return Deal.objects.get(pk=pk)


def test_every_page_answers_and_escapes(page: Client, deal: Deal, ana: Contact) -> None:
    (lead,) = actions.hand_over([HandOver(ana.pk, "hot <b>")], actor="system")
    addresses = [
        reverse("sales:board"),
        reverse("sales:board") + "?view=table&owner=me",
        reverse("sales:deal", args=[deal.pk]),
        reverse("sales:deal_feed", args=[deal.pk]),
        reverse("people:record", args=[ana.pk]),
        reverse("people:company", args=[ana.company_id]),
        reverse("sales:new_deal") + f"?contact={ana.pk}",
        reverse("sales:lead", args=[lead.handover_id]),
        reverse("sales:hand_over", args=[ana.pk]),
        reverse("teamwork:today"),
        reverse("teamwork:tasks") + "?who=all",
        reverse("teamwork:tasks") + "?view=done",
        reverse("teamwork:new_task"),
        reverse("teamwork:notifications"),
    ]
    for address in addresses:
        for headers in ({}, PARTIAL):
            answer = page.get(address, headers=headers)
            assert answer.status_code == 200, address
            text = answer.content.decode()
            assert "<c-" not in text, address
            assert "Annual <plan>" not in text, address
            assert "hot <b>" not in text, address
    assert "Annual &lt;plan&gt;" in page.get(addresses[0]).content.decode()


def test_unknown_records_and_cursors_are_not_found(page: Client) -> None:
    actions.ensure_pipeline()
    for address in (
        "/deals/999999999/",
        "/deals/?pipeline=999",
        "/deals/?view=table&after=x",
        "/leads/999999999/",
        "/people/999999999/hand-over/",
        "/tasks/?view=nonsense",
        "/tasks/?after=x",
        "/deals/stage/999999999/more/",
    ):
        assert page.get(address).status_code == 404, address
    for address in ("/deals/999999999/win/", "/leads/999999999/accept/", "/tasks/999999999/complete/"):
        assert page.post(address).status_code == 404, address
    assert page.get("/deals/999999999/win/").status_code == 405


def test_a_moved_card_comes_back_with_both_heads(page: Client, deal: Deal) -> None:
    stages = {s.name: s for s in PipelineStage.objects.all()}
    url = reverse("sales:move", args=[deal.pk])
    answer = page.post(url, {"stage": stages["Proposal"].pk, "version": 1, "before": ""}, headers=PARTIAL)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert f'id="deal-{deal.pk}"' in text
    assert 'data-version="2"' in text
    assert f'id="colhead-{stages["Lead"].pk}"' in text
    assert f'id="colhead-{stages["Proposal"].pk}"' in text
    assert "$9.5k" in text


def test_a_stale_card_is_answered_with_409_and_why(page: Client, deal: Deal) -> None:
    stages = {s.name: s for s in PipelineStage.objects.all()}
    actions.move_deal(deal.pk, stages["Qualified"].pk, version=1, actor="user:9")
    url = reverse("sales:move", args=[deal.pk])
    answer = page.post(url, {"stage": stages["Proposal"].pk, "version": 1}, headers=PARTIAL)
    assert answer.status_code == 409
    assert f'data-stage="{stages["Qualified"].pk}"' in answer.content.decode()
    assert json.loads(answer.headers["HX-Trigger"])["toast"]["kind"] == "error"
    assert Deal.objects.get().stage == stages["Qualified"]


def test_dropping_on_lost_without_a_reason_is_refused(page: Client, deal: Deal) -> None:
    lost = PipelineStage.objects.get(kind="lost")
    url = reverse("sales:move", args=[deal.pk])
    answer = page.post(url, {"stage": lost.pk, "version": 1}, headers=PARTIAL)
    assert answer.status_code == 422
    assert page.post(url, {"stage": "x", "version": 1}).status_code == 422
    assert page.post(url, {"stage": lost.pk, "version": 1, "reason": "price"}).status_code == 200
    assert Deal.objects.get().lost_reason == "price"


def test_the_dialog_makes_a_deal_or_says_what_is_wrong(page: Client, ana: Contact, acme: Company) -> None:
    actions.ensure_pipeline()
    stage = PipelineStage.objects.get(name="Qualified")
    good = {"name": "POS add-on", "amount": "12,400.50", "currency": "EUR", "stage": stage.pk, "contact": ana.pk}
    bad = {**good, "name": "", "amount": "many", "contact": 999}
    answer = page.post(reverse("sales:new_deal"), bad, headers=PARTIAL)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "This field is required." in text
    assert "Write an amount such as 12,400.50." in text
    assert "There is no such contact." in text
    answer = page.post(reverse("sales:new_deal"), good, headers=PARTIAL)
    deal = Deal.objects.get()
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, f"/deals/{deal.pk}/")
    assert (deal.amount, deal.currency, deal.stage, deal.company) == (Decimal("12400.50"), "EUR", stage, acme)


def test_properties_are_edited_one_at_a_time(page: Client, deal: Deal, rafael: User) -> None:
    url = reverse("sales:edit", args=[deal.pk])
    page.post(url, {"version": 1, "amount": "1.200,00"})
    page.post(url, {"version": 2, "owner": rafael.pk})
    page.post(url, {"version": 1, "name": "too late"})
    page.post(url, {"version": 3, "expected_close": "2026-12-19"})
    page.post(url, {"version": 4, "expected_close": "never"})
    page.post(url, {"version": 4, "name": ""})
    deal.refresh_from_db()
    assert (deal.name, deal.amount, deal.owner, str(deal.expected_close), deal.version) == (
        "Annual <plan>", Decimal("1200.00"), rafael, "2026-12-19", 4,
    )  # fmt: skip


def test_a_deal_is_won_and_lost_from_its_page(page: Client, deal: Deal, ana: Contact) -> None:
    answer = page.post(reverse("sales:win", args=[deal.pk]), {"version": 1}, follow=True)
    assert "Won on" in answer.content.decode()
    ana.refresh_from_db()
    assert ana.stage == "customer"
    stage = PipelineStage.objects.get(name="Proposal")
    page.post(reverse("sales:to_stage", args=[deal.pk]), {"version": 2, "stage": stage.pk})
    answer = page.post(reverse("sales:lose", args=[deal.pk]), {"version": 3, "reason": ""})
    assert "Say why." in answer.content.decode()
    page.post(reverse("sales:lose", args=[deal.pk]), {"version": 3, "reason": "no budget"})
    deal.refresh_from_db()
    assert (deal.stage.name, deal.lost_reason) == ("Lost", "no budget")


def test_a_lead_is_answered_from_its_page(page: Client, ana: Contact, rafael: User) -> None:
    url = reverse("sales:hand_over", args=[ana.pk])
    assert page.post(url, {"reason": ""}, headers=PARTIAL).status_code == 422
    assert page.post(url, {"reason": "asked for a call", "amount": "640"}, headers=PARTIAL).status_code == 204
    lead = LeadHandover.objects.get()
    assert (lead.reason, lead.owner, lead.actor) == ("asked for a call", rafael, f"user:{rafael.pk}")
    assert "asked for a call" in page.get(reverse("teamwork:today")).content.decode()
    answer = page.post(reverse("sales:return", args=[lead.pk]), {"reason": ""})
    assert "Say why." in answer.content.decode()
    answer = page.post(reverse("sales:accept", args=[lead.pk]), headers=PARTIAL)
    assert answer.status_code == 204
    assert set(json.loads(answer.headers["HX-Trigger"])) >= {"tasks-changed", "leads-changed"}
    lead.refresh_from_db()
    assert lead.status == "accepted"


def test_the_composer_writes_notes_calls_and_tasks(page: Client, deal: Deal, ana: Contact, rafael: User) -> None:
    about = {"contact": ana.pk, "deal": deal.pk}
    assert page.post(reverse("teamwork:add_note"), {**about, "body": ""}, headers=PARTIAL).status_code == 422
    assert page.post(reverse("teamwork:add_note"), {**about, "body": "**ok**"}, headers=PARTIAL).status_code == 204
    call = {**about, "outcome": "reached", "direction": "out", "minutes": "12", "note": "fine"}
    assert page.post(reverse("teamwork:log_call"), call, headers=PARTIAL).status_code == 204
    assert page.post(reverse("teamwork:log_call"), {**call, "outcome": "x"}, headers=PARTIAL).status_code == 422
    task = {
        **about,
        "composer": 1,
        "title": "Send it",
        "kind": "email",
        "due_at": "2026-12-01T09:00",
        "owner": rafael.pk,
    }
    assert page.post(reverse("teamwork:new_task"), task, headers=PARTIAL).status_code == 204
    assert page.post(reverse("teamwork:new_task"), {**task, "title": ""}, headers=PARTIAL).status_code == 422
    assert (Note.objects.get().deal_id, Call.objects.get().seconds) == (deal.pk, 720)
    made = Task.objects.get()
    assert (made.title, made.kind, made.owner, made.deal_id, made.contact_id) == (
        "Send it", "email", rafael, deal.pk, ana.pk,
    )  # fmt: skip
    shown = page.get(reverse("sales:deal", args=[deal.pk])).content.decode()
    assert "<strong>ok</strong>" in shown


def test_a_task_is_ticked_off_with_undo(page: Client, ana: Contact, rafael: User) -> None:
    actions.hand_over([HandOver(ana.pk, "hot")], actor="system")
    task = Task.objects.get()
    answer = page.post(reverse("teamwork:complete", args=[task.pk]), headers=PARTIAL)
    events = json.loads(answer.headers["HX-Trigger"])
    assert events["toast"]["items"][0]["undo"] == reverse("teamwork:reopen", args=[task.pk])
    page.post(events["toast"]["items"][0]["undo"], headers=PARTIAL)
    page.post(reverse("teamwork:snooze", args=[task.pk]), {"by": "3d"}, headers=PARTIAL)
    task.refresh_from_db()
    assert task.done_at is None
    assert task.due_at > clock.now() + timedelta(days=2)
    url = reverse("teamwork:snooze", args=[task.pk])
    assert page.post(url, {"by": "x"}).status_code == 422
    assert page.post(url, {"by": "until", "until": "2020-01-01T09:00"}).status_code == 422
    page.post(url, {"by": "until", "until": "2036-01-01T09:00"}, headers=PARTIAL)
    task.refresh_from_db()
    assert task.due_at.isoformat() == "2036-01-01T09:00:00+00:00"
    assert "Next week" in page.get(url, headers=PARTIAL).content.decode()


def test_the_bell_is_in_the_top_bar_of_every_page_and_asks_the_database_for_nothing(
    page: Client, rafael: User, django_assert_num_queries: Any
) -> None:
    for name in (
        "insights:home",
        "people:list",
        "people:companies",
        "sales:board",
        "teamwork:today",
        "accounts:profile",
    ):
        body = page.get(reverse(name)).content.decode()
        outside = body[body.index("</main>") :]
        assert outside.count('id="bell"') == body.count('id="bell"') == 1, name
        assert f'hx-trigger="load, notifications-changed from:body, live:user:{rafael.pk} from:body' in outside
    with django_assert_num_queries(0):
        render_to_string("teamwork/bell_slot.html", {"user": rafael})


def test_the_bell_counts_and_is_read(page: Client, ana: Contact, rafael: User) -> None:
    actions.hand_over([HandOver(ana.pk, "hot")], actor="system")
    assert "1 unread notification" in page.get(reverse("teamwork:bell")).content.decode()
    page.post(reverse("teamwork:read"), headers=PARTIAL)
    assert Notification.objects.filter(read_at=None).count() == 0


def test_people_and_companies_are_picked_by_typing(page: Client, ana: Contact, acme: Company) -> None:
    found = page.get(reverse("teamwork:pick_contacts"), {"q": "lima"}).json()
    assert found == {"items": [{"id": ana.pk, "text": "Ana Lima", "sub": "Acme Retail · ana@acme.example"}]}
    assert page.get(reverse("teamwork:pick_companies"), {"q": "acm"}).json()["items"][0]["id"] == acme.pk
    assert page.get(reverse("teamwork:pick_contacts"), {"q": " "}).json() == {"items": []}


def test_a_board_takes_the_same_number_of_statements_for_any_number_of_deals(page: Client, ana: Contact) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    path = [("Lead", clock.now())]
    actions.import_deals([DealSeed("a", path, person_id=ana.pk, company_id=ana.company_id)])
    page.get(reverse("sales:board"))
    with CaptureQueriesContext(connection) as few:
        page.get(reverse("sales:board"))
    actions.import_deals([DealSeed(f"d{n}", path, person_id=ana.pk, company_id=ana.company_id) for n in range(60)])
    with CaptureQueriesContext(connection) as many:
        assert "Show more" in page.get(reverse("sales:board")).content.decode()
    assert len(many) == len(few)


def test_signing_in_is_needed(rafael: User) -> None:
    for name in ("sales:board", "teamwork:today", "teamwork:tasks"):
        answer = Client().get(reverse(name))
        assert answer.status_code == 302
        assert "/accounts/login/" in answer.headers["Location"]


def test_the_time_to_answer_is_set_by_an_administrator(page: Client, rafael: User, ana: Contact) -> None:
    assert page.get(reverse("sales:desk")).status_code == 403
    User.objects.filter(pk=rafael.pk).update(role="admin")
    url = reverse("sales:desk")
    assert "Nobody takes leads" not in page.get(url).content.decode()
    assert "greater than or equal to 1" in page.post(url, {"sla_minutes": 0}).content.decode()
    assert page.post(url, {"sla_minutes": 15}).status_code == 302
    actions.hand_over([HandOver(ana.pk, "hot")], actor="system")
    lead = LeadHandover.objects.get()
    assert lead.sla_due_at - lead.created_at == timedelta(minutes=15)


def test_a_live_refresh_brings_the_cards_again_that_show_more_had_brought(page: Client) -> None:
    lead = actions.ensure_pipeline().stages.get(name="Lead")
    for n in range(45):
        actions.create_deal(actor="user:1", name=f"Deal {n}", stage_id=lead.pk)
    url = reverse("sales:board")

    def body(have: str) -> str:
        return page.get(f"{url}?have={have}", headers=PARTIAL).content.decode()

    asked = ("", f"{lead.pk}:40", f"{lead.pk}:45", f"{lead.pk}:9999", "x:y,7", f"{lead.pk}:-5")
    assert [body(have).count('<article class="kc') for have in asked] == [20, 40, 45, 45, 20, 20]
    assert ["Show more" in body(have) for have in asked] == [True, True, False, False, True, True]
