"""What benches run on: a fill that can be repeated, and the people of the latency bench."""

from __future__ import annotations

import pytest
from django.db import connection

from headwater.audience.models import PersonScore
from headwater.capture.rules import visitor_id
from headwater.integrations.demo.bulk import fill
from headwater.integrations.demo.scenario import latency_people, latency_setup
from headwater.journeys.models import Journey
from headwater.people.models import Consent, Contact, Visitor
from headwater.sales.models import Deal

pytestmark = pytest.mark.django_db


def test_a_fill_has_the_size_that_was_asked_for_and_is_made_once() -> None:
    for _ in range(2):
        fill(200, 2000, progress=lambda text: None)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM timeline_fact")
            (facts,) = cursor.fetchone()
        assert Contact.objects.count() == 200
        assert 1990 <= facts <= 2000
        assert Deal.objects.count() == 20
        assert PersonScore.objects.count() > 0


def test_the_people_of_the_latency_bench_are_known_browsers_with_consent() -> None:
    assert latency_setup() == latency_setup()
    assert Journey.objects.filter(status="live").count() == 1
    people = latency_people("run1", 3, idle=2)
    assert Contact.objects.count() == 5
    for token, email in people:
        contact = Contact.objects.get(email=email)
        assert Visitor.objects.get(pk=visitor_id(token)).person_id == contact.pk
        assert Consent.objects.get(person_id=contact.pk).state == "granted"
