"""The pages of tickets, as a browser asks for them."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from headwater.accounts.models import User
from headwater.core import clock
from headwater.messaging.models import Message
from headwater.people import actions as people
from headwater.people.models import Contact
from headwater.service import actions
from headwater.service.models import Ticket, TicketEntry, TicketQueue

from .conftest import colleague
from .test_tickets import opened

pytestmark = pytest.mark.django_db
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def page(sam: User) -> Client:
    client = Client()
    client.force_login(sam)
    return client


@pytest.fixture
def ticket(ana: Contact, sam: User) -> Ticket:
    pk = opened(ana, "Import <fails>", description="All <rows>", priority="urgent", assignee_id=sam.pk)
    return Ticket.objects.select_related("contact").get(pk=pk)


def listed(page: Client, query: str = "") -> list[int]:
    answer = page.get(reverse("service:list") + query)
    assert answer.status_code == 200
    return [int(pk) for pk in re.findall(r'name="ids" value="(\d+)"', answer.content.decode())]


def test_every_page_answers_and_escapes(page: Client, ticket: Ticket, ana: Contact) -> None:
    actions.reply(ticket.pk, "Try <b>this</b>", actor="user:1")
    actions.note(ticket.pk, "She <is> right", actor="user:1")
    actions.answer(ticket.pk, "It <does not> work", actor="user:1")
    at = reverse("service:ticket", args=[ticket.pk])
    addresses = [
        reverse("service:list"),
        reverse("service:list") + "?status=all&late=1&who=me&q=import&sort=due&priority=urgent",
        at,
        *(f"{at}?part={part}" for part in ("head", "props", "talk", "rail")),
        reverse("service:new_ticket") + f"?contact={ana.pk}",
        reverse("service:whose", args=[ticket.pk]),
        reverse("people:record", args=[ana.pk]),
        reverse("people:company", args=[ana.company_id]),
        reverse("service:contact_tickets", args=[ana.pk]),
        reverse("service:company_tickets", args=[ana.company_id]),
        reverse("teamwork:today"),
        reverse("palette") + "?q=import",
    ]
    for address in addresses:
        for headers in ({}, PARTIAL):
            answer = page.get(address, headers=headers)
            assert answer.status_code == 200, address
            text = answer.content.decode()
            assert "<c-" not in text, address
            for raw in ("Import <fails>", "All <rows>", "<b>this</b>", "<is>", "<does not>"):
                assert raw not in text, (address, raw)
    whole = page.get(at).content.decode()
    for said in ("Import &lt;fails&gt;", "All &lt;rows&gt;", "She &lt;is&gt; right", "It &lt;does not&gt; work"):
        assert said in whole


def test_unknown_records_and_cursors_are_not_found(page: Client, ticket: Ticket) -> None:
    for address in ("/tickets/9/", "/tickets/9/whose/", "/tickets/?after=x", "/settings/queues/9/"):
        assert page.get(address).status_code in (403, 404), address
    for address in ("/tickets/9/reply/", "/tickets/9/status/", f"/tickets/{ticket.pk}/again/9/", "/tickets/undo/"):
        assert page.post(address).status_code == 404, address
    assert page.get(f"/tickets/{ticket.pk}/reply/").status_code == 405
    assert Client().get("/tickets/").status_code == 302


def test_the_list_is_narrowed_and_paged(page: Client, ticket: Ticket, sam: User) -> None:
    vip = actions.create_queue(name="VIP", actor="user:1")
    other = opened(None, "Invoice", queue_id=vip.pk, priority="low")
    done = opened(None, "Old")
    actions.update_ticket(done, actor="user:1", status="solved")
    assert listed(page) == [other, ticket.pk]
    assert listed(page, "?status=all") == [done, other, ticket.pk]
    assert listed(page, "?status=solved") == [done]
    assert listed(page, "?who=me") == listed(page, f"?who={sam.pk}") == listed(page, "?priority=urgent") == [ticket.pk]
    assert listed(page, "?who=nobody") == listed(page, f"?queue={vip.pk}") == listed(page, "?q=invoice") == [other]
    assert listed(page, f"?q=T-{ticket.pk}") == listed(page, "?q=lima") == [ticket.pk]
    assert listed(page, "?late=1") == []
    assert listed(page, "?status=odd&who=odd&priority=odd&queue=odd&sort=odd") == [other, ticket.pk]
    with clock.freeze(clock.now() + timedelta(days=9)):
        assert listed(page, "?late=1&sort=due") == [ticket.pk, other]
    assert "No ticket fits" in page.get("/tickets/?q=nothing+of+it").content.decode()


def test_the_list_goes_on_where_it_ended(page: Client, ana: Contact, django_assert_max_num_queries: Any) -> None:
    actions.create_tickets([actions.NewTicket(ana.pk, f"T {n}") for n in range(60)], actor="user:1")
    text = page.get("/tickets/").content.decode()
    first = re.findall(r'name="ids" value="(\d+)"', text)
    url = unescape(re.search(r'(?:hx-get|href)="(/tickets/\?after=[^"]+)"', text)[1])  # type: ignore[index]
    rest = page.get(url, headers=PARTIAL).content.decode()
    assert len(first) == 50
    assert len(set(first) | set(re.findall(r'name="ids" value="(\d+)"', rest))) == 60
    assert "after=" not in rest
    with django_assert_max_num_queries(14):
        page.get("/tickets/")


def test_many_are_changed_at_once_and_it_is_undone(page: Client, ticket: Ticket, sam: User) -> None:
    other = opened(None, "Invoice")
    sent = {"ids": [ticket.pk, other, "x", 999], "status": "closed", "next": "/tickets/?who=me"}
    answer = page.post("/tickets/bulk/", sent)
    assert (answer.status_code, answer["Location"]) == (302, "/tickets/?who=me")
    assert set(Ticket.objects.values_list("status", flat=True)) == {"closed"}
    shown = page.get("/tickets/").content.decode()
    assert "2 tickets changed" in shown
    undo = unescape(re.search(r'data-undo="([^"]+)"', shown)[1])  # type: ignore[index]
    assert page.post(undo, headers=PARTIAL).status_code in (200, 204)
    assert set(Ticket.objects.values_list("status", flat=True)) == {"new"}
    assert page.post(undo + "x").status_code == 404
    page.post("/tickets/bulk/", {"ids": [other], "assignee": sam.pk})
    assert Ticket.objects.get(pk=other).assignee_id == sam.pk
    page.post("/tickets/bulk/", {"ids": [other], "assignee": ""})
    assert Ticket.objects.get(pk=other).assignee_id is None
    page.post("/tickets/bulk/", {"ids": [other], "status": "odd", "assignee": 999})
    assert Ticket.objects.get(pk=other).status == "new"


def test_a_ticket_is_opened_in_the_dialog(page: Client, ana: Contact, sam: User) -> None:
    desk = actions.ensure_queue()
    sent = {"subject": "", "contact": ana.pk, "kind": "other", "priority": "high", "queue": desk.pk}
    answer = page.post("/tickets/new/", sent, headers=PARTIAL)
    assert answer.status_code == 422
    assert "A ticket needs a subject." in answer.content.decode()
    answer = page.post("/tickets/new/", sent | {"subject": "Help", "assignee": sam.pk}, headers=PARTIAL)
    row = Ticket.objects.get()
    assert (answer.status_code, answer["HX-Redirect"]) == (204, f"/tickets/{row.pk}/")
    assert (row.contact_id, row.company_id, row.priority, row.assignee_id, row.source) == (
        ana.pk, ana.company_id, "high", sam.pk, "page",
    )  # fmt: skip
    assert page.post("/tickets/new/", sent | {"subject": "x", "contact": 999_999}, headers=PARTIAL).status_code == 422


def test_properties_are_changed_one_by_one(page: Client, ticket: Ticket, ben: Contact) -> None:
    at = f"/tickets/{ticket.pk}"
    assert page.post(f"{at}/edit/", {"version": 1, "priority": "low"})["Location"] == f"{at}/"
    page.post(f"{at}/edit/", {"version": 1, "priority": "high"})
    assert "Somebody else changed this ticket" in page.get(f"{at}/").content.decode()
    page.post(f"{at}/edit/", {"version": 2, "assignee": "", "subject": "Export"})
    row = Ticket.objects.get()
    assert (row.priority, row.assignee_id, row.subject, row.version) == ("low", None, "Export", 3)
    page.post(f"{at}/edit/", {"version": 3, "subject": " "})
    page.post(f"{at}/edit/", {"version": 3, "queue": 999})
    assert Ticket.objects.get().version == 3
    page.post(f"{at}/whose/", {"contact": ben.pk, "company": ""}, headers=PARTIAL)
    row = Ticket.objects.get()
    assert (row.contact_id, row.company_id) == (ben.pk, None)
    assert page.post(f"{at}/whose/", {"contact": 999_999}, headers=PARTIAL).status_code == 422


def test_it_is_solved_closed_and_opened_again(page: Client, ticket: Ticket) -> None:
    at = f"/tickets/{ticket.pk}"
    for status in ("solved", "closed", "open"):
        page.post(f"{at}/status/", {"status": status})
        assert Ticket.objects.get().status == status
    assert page.post(f"{at}/status/", {"status": "odd"}).status_code == 404
    page.post(f"{at}/status/", {"status": "solved", "version": 1})
    assert Ticket.objects.get().status == "open"


def test_what_is_said_stands_in_the_conversation(page: Client, ticket: Ticket, sam: User) -> None:
    at = f"/tickets/{ticket.pk}"
    sent = {"text": "Which file?", "then": "pending", "version": 1}
    answer = page.post(f"{at}/reply/", sent, headers=PARTIAL)
    assert answer.status_code == 204
    assert "ticket-changed" in answer["HX-Trigger"]
    assert "composed" in answer["HX-Trigger"]
    answer = page.post(f"{at}/reply/", sent, headers=PARTIAL)
    assert answer.status_code == 422
    assert "Somebody else changed this ticket" in answer.content.decode()
    assert page.post(f"{at}/note/", {"text": " "}, headers=PARTIAL).status_code == 422
    assert page.post(f"{at}/note/", {"text": "A bug"})["Location"] == f"{at}/"
    assert page.post(f"{at}/answer/", {"text": "This one"}, headers=PARTIAL).status_code == 204
    assert list(TicketEntry.objects.order_by("pk").values_list("kind", "text")) == [
        ("reply", "Which file?"), ("note", "A bug"), ("answer", "This one"),
    ]  # fmt: skip
    text = page.get(f"{at}/?part=talk", headers=PARTIAL).content.decode()
    mail = Message.objects.get()
    assert reverse("messaging:mail", args=[mail.person_id, mail.id]) in text
    assert "written down by Sam Rivers" in text
    assert Ticket.objects.get().status == "open"


def test_a_refused_mail_is_said_and_sent_again(page: Client) -> None:
    nobody = people.create_contact(actor="system", first_name="Cy")
    pk = opened(nobody)
    page.post(f"/tickets/{pk}/reply/", {"text": "Hello"})
    text = page.get(f"/tickets/{pk}/").content.decode()
    assert "The reply is kept, but no mail went out: no e-mail address." in text
    assert "No mail went out: no e-mail address." in text
    entry = TicketEntry.objects.get()
    people.update_contact(nobody.pk, actor="user:1", email="cy@acme.example")
    page.post(f"/tickets/{pk}/again/{entry.pk}/")
    assert "No mail went out" not in page.get(f"/tickets/{pk}/").content.decode()
    assert page.post(f"/tickets/{opened(nobody)}/again/{entry.pk}/").status_code == 404


def test_today_shows_what_waits_for_me(page: Client, ticket: Ticket, sam: User) -> None:
    opened(None, "Of nobody")
    text = page.get(reverse("teamwork:today")).content.decode()
    assert f"{ticket.number} · Import &lt;fails&gt;" in text
    assert "Of nobody" not in text
    actions.reply(ticket.pk, "Which?", actor=f"user:{sam.pk}", then="pending")
    assert ticket.number not in page.get(reverse("teamwork:today")).content.decode()


def test_a_ticket_is_deleted(page: Client, ticket: Ticket) -> None:
    assert page.post(f"/tickets/{ticket.pk}/delete/")["Location"] == "/tickets/"
    assert Ticket.objects.count() == 0


def test_queues_are_kept_by_administrators(page: Client, desk: TicketQueue) -> None:
    for address in ("/settings/queues/", "/settings/queues/new/", f"/settings/queues/{desk.pk}/"):
        assert page.get(address).status_code == 403
    assert page.post(f"/settings/queues/{desk.pk}/archive/").status_code == 403
    page.force_login(colleague("Ada", role="admin"))
    assert "Mon–Fri 09:00–17:00" in page.get("/settings/queues/").content.decode()
    assert page.get(f"/settings/queues/{desk.pk}/").status_code == 200
    sent: dict[str, Any] = {"name": "VIP", "days": ["mon"], "opens": "08:00", "closes": "12:00", "normal_reply": "15"}
    assert page.post("/settings/queues/new/", sent)["Location"] == "/settings/queues/"
    vip = TicketQueue.objects.get(name="VIP")
    assert (vip.hours, vip.targets["normal"], vip.targets["urgent"]) == (
        {"days": ["mon"], "opens": "08:00", "closes": "12:00"},
        {"reply": 15, "solution": None},
        {"reply": None, "solution": None},
    )
    answer = page.post(f"/settings/queues/{vip.pk}/", sent | {"name": "Support", "closes": "07:00"})
    assert answer.status_code == 200
    assert "There is a queue of this name already." in answer.content.decode()
    assert "after it opens" in page.post(f"/settings/queues/{vip.pk}/", sent | {"closes": "07:00"}).content.decode()
    opened(None, queue_id=vip.pk)
    page.post(f"/settings/queues/{vip.pk}/archive/")
    assert TicketQueue.objects.get(pk=vip.pk).archived_at is not None
    page.post(f"/settings/queues/{vip.pk}/archive/")
    assert TicketQueue.objects.get(pk=vip.pk).archived_at is None
