"""Replies go to the contact by mail and say so where they did not; answers and notes stand beside them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from headwater.accounts.models import User, Workspace
from headwater.core import clock
from headwater.messaging import actions as messaging
from headwater.messaging.models import MailTemplate, Message
from headwater.messaging.queries import ledger
from headwater.people import actions as people
from headwater.people.models import Contact
from headwater.service import actions, queries
from headwater.service.actions import NewTicket
from headwater.service.models import Ticket, TicketEntry

from .conftest import NOW
from .test_tickets import facts, opened

pytestmark = pytest.mark.django_db


def test_a_reply_goes_out_as_a_mail_of_the_ledger(ana: Contact, sam: User) -> None:
    with clock.freeze(NOW):
        pk = opened(ana, "Import <fails>")
        entry = actions.reply(pk, " Try <this>:\n1 & 2\n\nBest ", actor=f"user:{sam.pk}", then="pending")
    row = Ticket.objects.get(pk=pk)
    assert (row.status, row.assignee_id, row.first_reply_at, row.version) == ("pending", sam.pk, NOW, 2)
    (mail,) = Message.objects.all()
    assert (mail.id, mail.purpose, mail.status) == (entry.message_id, "transactional", "queued")
    assert mail.subject == f"[T-{pk}] Import <fails>"
    shown = ledger.as_sent(mail)
    assert shown is not None
    assert "<p>Try &lt;this&gt;:<br>1 &amp; 2</p><p>Best</p>" in shown[1]
    assert "Hello Ana," in shown[1]
    assert "Sam Rivers" in shown[1]
    assert "Try <this>:\n1 & 2\n\nBest" in shown[2]
    kinds = [kind for kind, _data in facts(ana.pk)]
    assert kinds == ["ticket.opened", "ticket.replied", "ticket.assigned", "ticket.status_changed"]
    said = facts(ana.pk)[1][1]
    assert (said["first"], said["text"], said.get("refused", "")) == (True, "Try <this>:\n1 & 2\n\nBest", "")
    (spoken,) = queries.conversation(row)
    assert (spoken.author, spoken.mail) == ("Sam Rivers", mail)


def test_a_reply_looks_in_the_mail_as_on_the_page(ana: Contact) -> None:
    pk = opened(ana)
    actions.reply(pk, "Please **do** this:\n- open https://help.example/a\n- look", actor="user:1")
    shown = ledger.as_sent(Message.objects.get())
    assert shown is not None
    assert (
        "<p>Please <strong>do</strong> this:</p><ul><li>open "
        '<a href="https://help.example/a" rel="noopener noreferrer">https://help.example/a</a></li><li>look</li></ul>'
    ) in shown[1]


def test_the_language_of_the_workspace_greets(ana: Contact) -> None:
    Workspace.objects.update_or_create(pk=1, defaults={"language": "ko"})
    pk = opened(ana)
    actions.reply(pk, "확인했습니다", actor="user:1")
    shown = ledger.as_sent(Message.objects.get())
    assert shown is not None
    assert "Ana Lima 님, 안녕하세요." in shown[2]


def test_a_refused_mail_says_why_and_can_be_sent_again(ana: Contact, sam: User) -> None:
    nobody = people.create_contact(actor="system", first_name="Cy")
    pk = opened(nobody)
    entry = actions.reply(pk, "Hello", actor=f"user:{sam.pk}")
    assert (entry.refused, Ticket.objects.get(pk=pk).status) == ("no_address", "open")
    assert facts(nobody.pk)[1][1]["refused"] == "no_address"
    assert actions.send_again(entry.pk, actor="user:1").refused == "no_address"
    people.update_contact(nobody.pk, actor="user:1", email="cy@acme.example")
    entry = actions.send_again(entry.pk, actor="user:1")
    assert (entry.refused, entry.tries) == ("", 3)
    assert list(Message.objects.order_by("id").values_list("status", flat=True)) == ["refused", "refused", "queued"]
    with pytest.raises(ValueError, match="on its way"):
        actions.send_again(entry.pk, actor="user:1")


def test_a_suppressed_address_gets_no_reply(ana: Contact) -> None:
    messaging.suppress("ana@acme.example", reason="bounce", actor="user:1")
    assert actions.reply(opened(ana), "Hello", actor="user:1").refused == "suppressed"


def test_a_template_that_is_used_cannot_be_archived_and_another_text_is_kept(ana: Contact) -> None:
    template = actions.ensure_template()
    assert actions.ensure_template() == template
    assert MailTemplate.objects.get(pk=template).purpose == "transactional"
    with pytest.raises(messaging.InUse):
        messaging.archive_template(template, actor="user:1")


def test_an_answer_opens_a_ticket_that_waited_for_it(ana: Contact) -> None:
    pk = opened(ana)
    actions.reply(pk, "Which?", actor="user:1", then="pending")
    actions.answer(pk, "That one", actor="user:1")
    assert Ticket.objects.get(pk=pk).status == "open"
    actions.update_ticket(pk, actor="user:1", status="solved")
    actions.answer(pk, "It came back", actor="user:1")
    assert Ticket.objects.get(pk=pk).status == "open"
    kinds = [kind for kind, _data in facts(ana.pk)]
    assert kinds[3:] == [
        "ticket.answered",
        "ticket.status_changed",
        "ticket.solved",
        "ticket.answered",
        "ticket.reopened",
    ]
    actions.update_ticket(pk, actor="user:1", status="closed")
    for write in (actions.answer, actions.reply):
        with pytest.raises(ValueError, match="closed"):
            write(pk, "Once more", actor="user:1")
    actions.note(pk, "Noted all the same", actor="user:1")


def test_a_note_stays_among_colleagues(ana: Contact) -> None:
    pk = opened(ana)
    actions.note(pk, "She is right", actor="user:1")
    row = Ticket.objects.get(pk=pk)
    assert (row.status, row.first_reply_at, Message.objects.count()) == ("new", None, 0)
    assert facts(ana.pk)[-1] == ("ticket.noted", {"ticket": pk, "number": f"T-{pk}", "subject": "Import fails"})


def test_the_same_key_is_said_once(ana: Contact) -> None:
    pk, other = opened(ana), opened(ana)
    first = actions.reply(pk, "Hello", actor="api:1", key="k")
    assert actions.reply(pk, "Hello", actor="api:1", key="k").pk == first.pk
    assert (TicketEntry.objects.count(), Message.objects.count()) == (1, 1)
    with pytest.raises(ValueError, match="another ticket"):
        actions.note(other, "Hello", actor="api:1", key="k")


@pytest.mark.parametrize("text", ["", "  \n", "x" * 50_001])
def test_nothing_and_too_much_is_refused(ana: Contact, text: str) -> None:
    pk = opened(ana)
    for write in (actions.reply, actions.answer, actions.note):
        with pytest.raises(ValueError, match=r"Write something|too long"):
            write(pk, text, actor="user:1")


def test_without_a_contact_there_is_nobody_to_write_to() -> None:
    pk = actions.create_ticket(NewTicket(None, "Somebody called"), actor="user:1")
    with pytest.raises(ValueError, match="no contact"):
        actions.reply(pk, "Hello", actor="user:1")
    actions.note(pk, "Unknown number", actor="user:1")
    with clock.freeze(clock.now() + timedelta(days=30)):
        assert actions.tell_overdue() == 1
