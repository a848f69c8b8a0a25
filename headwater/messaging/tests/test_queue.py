"""Queueing: what goes on its way, what is refused and why, and that a key counts once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headwater.core import clock
from headwater.core.lanes import lane_key
from headwater.messaging.actions import MailRequest, Outcome, queue
from headwater.messaging.models import MailPolicy, MailTemplate, Message, Outbox, Suppression
from headwater.messaging.rules.tokens import email_digest
from headwater.people.models import Contact
from headwater.timeline import queries as timeline

pytestmark = pytest.mark.django_db
People = Callable[..., Contact]
Templates = Callable[..., MailTemplate]


def ask(person: Contact | int, template: MailTemplate, key: str = "k", **more: object) -> MailRequest:
    return MailRequest(getattr(person, "pk", person), template.pk, key, "journey:1", **more)


def test_a_mail_is_in_the_ledger_the_outbox_and_the_timeline(person: People, template: Templates) -> None:
    ana, made = person(first_name="Ana"), template(subject="Hello {{ contact.first_name }}")
    (outcome,) = queue([ask(ana, made)])
    (row,) = Message.objects.all()
    assert outcome == Outcome(ana.pk, row.id, None)
    assert (row.status, row.purpose, row.subject, row.email, row.attempts) == (
        "queued",
        "marketing",
        "Hello Ana",
        "ana@example.org",
        0,
    )
    assert row.header_id == f"{row.id.hex}.{ana.pk}@northstar.example"
    (due,) = Outbox.objects.all()
    assert (due.lane_key, due.rank, due.person_id, due.message_id) == (lane_key(ana.pk), 1, ana.pk, row.id)
    (entry,) = timeline.read(ana.pk, quiet=True)
    assert (entry.kind, entry.actor) == ("mail.queued", "journey:1")
    assert entry.data == {"message": str(row.id), "template": made.pk, "subject": "Hello Ana", "key": "k"}


def test_the_same_key_is_queued_once(person: People, template: Templates) -> None:
    ana, made = person(), template()
    first = queue([ask(ana, made), ask(ana, made)])
    again = queue([ask(ana, made), ask(ana, made, key="other")])
    assert first[0] == first[1] == again[0]
    assert again[1].message_id != first[0].message_id
    assert (Message.objects.count(), Outbox.objects.count()) == (2, 2)


@pytest.mark.parametrize(
    "fields, subject, reason",
    [
        ({"consent": False}, "Hi", "no_consent"),
        ({"email": ""}, "Hi", "no_address"),
        ({}, "Hi {{ contact.first_name }}", "missing_field:contact.first_name"),
        ({"first_name": "Ana"}, "Hi {{ company.name }}", "missing_field:company.name"),
    ],
)
def test_a_refusal_is_a_row_and_a_fact_with_its_reason(
    person: People, template: Templates, fields: dict[str, object], subject: str, reason: str
) -> None:
    someone, made = person(**fields), template(subject=subject)
    (outcome,) = queue([ask(someone, made)])
    row = Message.objects.get()
    assert outcome == Outcome(someone.pk, row.id, reason)
    assert (row.status, row.reason, row.subject) == (
        "refused",
        reason,
        subject.split("{{")[0] + "…" * ("{{" in subject),
    )
    assert Outbox.objects.count() == 0
    (entry,) = timeline.read(someone.pk)
    assert (entry.kind, entry.data["reason"]) == ("mail.refused", reason)
    assert queue([ask(someone, made)]) == [outcome]


def test_a_field_missing_deep_in_the_body_is_named(person: People, template: Templates) -> None:
    (outcome,) = queue([ask(person(), template(body="{% if true %}{{ contact.custom.plan }}{% endif %}"))])
    assert outcome.refused == "missing_field:contact.custom.plan"


def test_values_of_the_request_fill_merge_tags(person: People, template: Templates) -> None:
    made = template(subject="You saw {{ event.path }}")
    queue([ask(person(), made, context={"event": {"path": "/pricing"}, "contact": {"first_name": "no"}})])
    row = Message.objects.get()
    assert (row.subject, row.context["event"]) == ("You saw /pricing", {"path": "/pricing"})


@pytest.mark.parametrize(
    "reason, marketing, transactional",
    [("bounce", "suppressed", "suppressed"), ("unsubscribed", "suppressed", None), ("complaint", "suppressed", None)],
)
def test_a_suppressed_address_gets_nothing_it_must_not_get(
    person: People, template: Templates, reason: str, marketing: str, transactional: str | None
) -> None:
    Suppression.objects.create(digest=email_digest("ANA@example.org"), reason=reason, at=clock.now())
    ana = person()
    got = queue([ask(ana, template()), ask(ana, template(purpose="transactional"), key="t")])
    assert [o.refused for o in got] == [marketing, transactional]


def test_transactional_mail_needs_no_consent_but_a_marketing_template_does(person: People, template: Templates) -> None:
    bo = person("bo@example.org", consent=False)
    news, receipt = template(), template(purpose="transactional")
    got = queue(
        [
            ask(bo, receipt, key="1"),
            ask(bo, receipt, key="2", purpose="marketing"),
            ask(bo, news, key="3", purpose="transactional"),
        ]
    )
    assert [o.refused for o in got] == [None, "no_consent", "no_consent"]


def test_the_cap_counts_mails_of_its_days_and_of_the_batch(person: People, template: Templates) -> None:
    MailPolicy.objects.create(pk=1, cap_mails=2, cap_days=7)
    ana, made, receipt = person(), template(), template(purpose="transactional")
    assert [o.refused for o in queue([ask(ana, made, key=k) for k in "abc"])] == [None, None, "cap"]
    assert queue([ask(ana, receipt, key="r")])[0].refused is None
    with clock.travel(timedelta(days=8)):
        assert queue([ask(ana, made, key="d")])[0].refused is None


def test_unknown_people_and_templates_have_no_row(person: People, template: Templates) -> None:
    made = template()
    got = queue([ask(987654, made), MailRequest(person().pk, 4711, "k", "test")])
    assert [(o.message_id, o.refused) for o in got] == [(None, "no_person"), (None, "no_template")]
    assert Message.objects.count() == 0


def test_a_mail_for_later_is_due_later(person: People, template: Templates) -> None:
    at = clock.now() + timedelta(days=2)
    queue([ask(person(), template(), at=at)])
    assert Outbox.objects.get().due_at == at


def test_ten_people_cost_as_many_statements_as_two(person: People, template: Templates) -> None:
    made = template()
    counts = []
    queue([ask(person("warm@example.org"), made)])
    for size in (2, 10):
        people = [person(f"p{size}.{n}@example.org", first_name="P") for n in range(size)]
        with CaptureQueriesContext(connection) as queries:
            assert [o.refused for o in queue([ask(p, made) for p in people])] == [None] * size
        counts.append(len(queries))
    assert counts[0] == counts[1]
