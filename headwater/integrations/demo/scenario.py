"""What `headwater bench latency` runs on: a page view that scores, enters a segment and a journey, sends a mail."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from headwater.accounts.actions import change_workspace
from headwater.audience.actions import create_segment
from headwater.audience.engine import building
from headwater.audience.models import Segment
from headwater.capture.actions import create_site
from headwater.capture.models import Site
from headwater.capture.rules import visitor_id
from headwater.core import clock
from headwater.journeys import actions as journeys
from headwater.journeys.models import Journey
from headwater.messaging.actions.templates import TemplateText, create_template
from headwater.people.actions.history import ContactSeed, VisitorSeed, import_contacts, import_visitors

ACTOR = "system"
KEY = "site_bench_latency"
NAME = "Bench: pricing page"
MAIL = """<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ contact.first_name | default("there") }}, questions
about prices? <a href="https://bench.example/pricing">Here they are again.</a></mj-text></mj-column></mj-section>
</mj-body></mjml>"""


def latency_setup() -> str:
    """The site, the segment (20 points and a look at the prices), the mail and the journey. Returns the site's key."""
    change_workspace(actor=ACTOR, mail_from="bench@bench.example", mail_from_name="Bench")
    if not Site.objects.filter(public_key=KEY).exists():
        create_site(name="bench.example", actor=ACTOR, count_automated=True, public_key=KEY)
    if not Journey.objects.filter(name=NAME, status="live").exists():
        segment = Segment.objects.filter(key="bench-pricing").first() or create_segment(
            name=NAME, definition={"score": "engagement", "op": "gte", "value": 20}, actor=ACTOR, key="bench-pricing"
        )
        mail = create_template(name=NAME, says=TemplateText(subject="About our prices", mjml=MAIL), actor=ACTOR)
        journey = journeys.create_journey(name=NAME, graph=_graph(segment.pk, mail.pk), actor=ACTOR)
        journeys.publish(journey.pk, actor=ACTOR)
    building.run_all()
    return KEY


def _graph(segment: int, template: int) -> dict[str, object]:
    return {
        "entry": [{"kind": "segment", "segment": segment}],
        "reentry": {"rule": "always"},
        "goal": None,
        "exits": [],
        "start": "mail",
        "steps": {
            "mail": {"kind": "send_email", "settings": {"template": template}, "next": "end"},
            "end": {"kind": "exit", "settings": {}, "arms": {}},
        },
    }


def latency_people(run: str, count: int, *, idle: int = 0) -> list[tuple[str, str]]:
    """People with consent whose browsers are known, beside `idle` ones who do nothing. Returns (token, address) of
    each of the first."""
    born = clock.now() - timedelta(days=1)

    def seeds(kind: str, number: int) -> list[ContactSeed]:
        return [
            ContactSeed(
                f"{kind}{n}", "Bench", f"{kind}{n} Bench", f"{kind}{n}.{run}@people.example", born, consent="granted"
            )
            for n in range(number)
        ]

    import_contacts(seeds("idle", idle))
    made = seeds("live", count)
    people = []
    visitors = []
    for seed, pk in zip(made, import_contacts(made), strict=True):
        token = hashlib.sha256(seed.email.encode()).hexdigest()[:32]
        people.append((token, seed.email))
        visitors.append(VisitorSeed(visitor_id(token), born, born, pk))
    import_visitors(visitors)
    return people
