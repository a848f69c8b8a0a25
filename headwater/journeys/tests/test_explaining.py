"""Why she did not enter, which way she would take; journeys as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import Entry, exchange
from headwater.journeys.models import Journey, OutCall, Passage
from headwater.journeys.queries import explaining, trying
from headwater.journeys.rules.duration import RuleError
from headwater.messaging.actions.templates import TemplateText, create_template
from headwater.messaging.models import MailTemplate, Message
from headwater.people import actions as people
from headwater.people.models import Contact
from headwater.timeline import queries as timeline
from headwater.timeline.actions import Custom, record

from .conftest import Make, chain, minutes

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def person(n: int, **fields: Any) -> int:
    return people.create_contact(actor="user:1", first_name=f"P{n}", email=f"p{n}@example.com", **fields).pk


def reasons(said: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(r["what"], r["holds"]) for r in said["reasons"]]


def test_where_nobody_enters_by_herself_it_says_how_people_come_in(live: Make) -> None:
    journey = live(chain(("a", "wait", {"for": minutes(5)}), entry=[]))
    said = explaining.why_not(journey, person(1))
    assert (said["may_enter"], said["has_cause"]) == (True, False)
    assert [(r["what"], r["holds"], r["words"]) for r in said["reasons"]] == [
        ("status", True, "The journey is live."),
        ("entry", False, "By hand or API: only when somebody lets her in"),
        ("reentry", True, "She was never in this journey."),
    ]


def test_why_she_did_not_enter(live: Make) -> None:
    rule = {"kind": "event", "event": "page.seen", "where": [{"prop": "path", "op": "eq", "value": "/pricing"}]}
    graph = chain(
        ("a", "wait", {"for": minutes(5)}), entry=[rule, {"kind": "manual"}],
        only={"field": "contact.country", "op": "eq", "value": "KR"}, reentry={"rule": "once"},
    )  # fmt: skip
    journey = live(graph)
    one = person(1, country="DE")
    assert reasons(explaining.why_not(journey, one)) == [
        ("status", True), ("entry.0", False), ("entry.1", False), ("only", False), ("only.part", False),
        ("reentry", True),
    ]  # fmt: skip
    record(one, Custom("page.seen", {"path": "/"}))
    said = explaining.why_not(journey, one)
    assert said["reasons"][1]["words"].endswith("it happened, but not as the rule asks. The last time path was “/”.")
    record(one, Custom("page.seen", {"path": "/pricing"}))
    people.update_contact(one, country="KR", actor="user:1")
    said = explaining.why_not(journey, one)
    assert (said["may_enter"], said["has_cause"], said["inside"]) == (True, True, None)
    actions.enter(journey.pk, [Entry(one, "k")], actor="system")
    actions.pause(journey.pk, actor="user:1")
    journey.refresh_from_db()
    said = explaining.why_not(journey, one)
    assert (said["may_enter"], said["inside"] is not None) == (False, True)
    assert [r["words"] for r in said["reasons"] if not r["holds"]][-1] == (
        "She was in it before, and people come in once only."
    )


def test_a_dry_run_says_the_way_and_leaves_no_trace(live: Make) -> None:
    arms = [{"id": "vip", "label": "VIP", "when": {"tag": "vip"}}]
    graph = chain(
        ("t", "add_tag", {"tag": "vip"}), ("w", "wait", {"for": minutes(5)}), ("h", "webhook", {"url": "https://x.example"}),
        ("n", "add_note", {"text": "Hello"}), ("ask", "branch", {"arms": arms}), ("end", "exit", {"reason": "done"}),
    )  # fmt: skip
    graph["steps"]["ask"] = {"kind": "branch", "settings": {"arms": arms}, "arms": {"vip": "end", "else": None}}
    journey = actions.create_journey(name="X", graph=graph, actor="user:1")
    one = person(1)
    before = len(timeline.read(one, quiet=True))
    with clock.freeze(AT):
        found = trying.dry_run(journey, one)
    assert [(s.step, s.arm, s.at - AT) for s in found] == [
        ("t", "next", timedelta(0)), ("w", "next", timedelta(0)), ("h", "next", timedelta(minutes=5)),
        ("n", "next", timedelta(minutes=5)), ("ask", "vip", timedelta(minutes=5)), ("end", "end", timedelta(minutes=5)),
    ]  # fmt: skip
    assert (Contact.objects.get(pk=one).tags, Passage.objects.count(), OutCall.objects.count()) == ([], 0, 0)
    assert (len(timeline.read(one, quiet=True)), Message.objects.count()) == (before, 0)


def test_what_waits_for_something_to_happen_is_told_as_unknown(live: Make) -> None:
    settings = {"until": {"tag": "ready"}, "timeout": {"amount": 2, "unit": "days"}}
    graph = chain(("w", "wait_until", settings))
    graph["steps"]["w"] = {"kind": "wait_until", "settings": settings, "arms": {"yes": None, "timeout": None}}
    journey = actions.create_journey(name="X", graph=graph, actor="user:1")
    (step,) = trying.dry_run(journey, person(1))
    assert (step.arm, step.known, step.arm_label) == ("timeout", False, "Time over")


def test_a_journey_goes_out_and_comes_in_again(call: Any) -> None:
    made = actions.install("welcome-nurture", actor="user:1")
    path = f"/journeys/{made.pk}/export"
    status, said = call("GET", path)
    assert (status, said["format"], len(said["mails"])) == (200, "headwater.journey/1", MailTemplate.objects.count())
    said = json.loads(json.dumps(said))
    status, same = call("POST", "/journeys/import", {"journey": said})
    assert (status, same["id"]) == (200, made.pk)
    mails = MailTemplate.objects.count()
    status, other = call("POST", "/journeys/import", {"journey": said, "name": "Second"})
    assert (status, other["name"], other["problems"], other["draft"]) == (201, "Second", [], made.draft)
    assert MailTemplate.objects.count() == mails
    next(iter(said["mails"].values()))["subject"] = "Another"
    assert call("POST", "/journeys/import", {"journey": said, "name": "Third"})[0] == 201
    assert MailTemplate.objects.count() == mails + 1
    assert Journey.objects.count() == 3


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"format": "x"}, "format"),
        ({"name": ""}, "name"),
        ({"mails": []}, "graph.steps.a.template"),
        ({"mails": {"m": {"name": "M", "mjml": "<mjml><broken"}}}, "mails.m.mjml"),
        ({"mails": {"m": {}}}, "mails.m.name"),
        ({"segments": {"s": {"name": "S", "definition": {"field": "x.y.z"}}}}, "segments.s.definition"),
        ({"graph": {"steps": {"a": 1}}}, "graph.steps.a"),
    ],
)
def test_a_broken_file_is_refused_with_the_path(change: dict[str, Any], where: str) -> None:
    data = {
        "format": exchange.FORMAT, "name": "X", "mails": {}, "segments": {},
        "graph": chain(("a", "send_email", {"template": "m"})),
    } | change  # fmt: skip
    with pytest.raises(RuleError) as error:
        exchange.import_journey(data, actor="user:1")
    assert error.value.where == where


def test_explanations_over_the_api(call: Any) -> None:
    made = call("POST", "/journeys", {"name": "X", "graph": chain(("a", "exit", {}))})[1]
    one = person(1)
    path = f"/journeys/{made['id']}"
    assert call("GET", f"{path}/why/{one}")[1]["may_enter"] is False
    assert call("GET", f"{path}/why/999999")[0] == 404
    assert [s["step"] for s in call("POST", f"{path}/test", {"person_id": one})[1]] == ["a"]
    assert call("POST", f"{path}/test", {"person_id": 999999})[0] == 404


def test_what_if_she_opens_it() -> None:
    mjml = "<mjml><mj-body><mj-section><mj-column><mj-text>Hi</mj-text></mj-column></mj-section></mj-body></mjml>"
    says = TemplateText(subject="For {{ contact.first_name }}", mjml=mjml)
    mail = create_template(name="M", says=says, actor="user:1").pk
    arms = [{"id": "clicked", "label": "Clicked", "when": {"mail": "m", "did": "clicked"}},
            {"id": "opened", "label": "Opened", "when": {"mail": "m", "did": "opened"}}]  # fmt: skip
    ask = ("ask", "branch", {"arms": arms, "within": {"amount": 2, "unit": "days"}})
    graph = chain(("m", "send_email", {"template": mail}), ask, ("end", "exit", {}))
    graph["steps"]["ask"] = {
        "kind": "branch", "settings": graph["steps"]["ask"]["settings"],
        "arms": {"clicked": "end", "opened": "end", "else": None},
    }  # fmt: skip
    journey = actions.create_journey(name="X", graph=graph, actor="user:1")
    one = person(1)
    people.set_consent(one, "email", "granted", proof={"text": "form"}, actor="user:1")

    def way(**choices: dict[str, str]) -> list[tuple[str, str, timedelta]]:
        with clock.freeze(AT):
            found = trying.dry_run(journey, one, choices=trying.Choices(**choices))
        return [(s.step, s.arm, s.at - AT) for s in found]

    now, hour = timedelta(0), timedelta(hours=1)
    assert way() == [("m", "next", now), ("ask", "else", now)]
    assert way(mails={"m": "opened"}) == [("m", "next", now), ("ask", "opened", now), ("end", "end", hour)]
    assert way(mails={"m": "clicked"})[1:] == [("ask", "clicked", now), ("end", "end", hour)]
    assert way(arms={"ask": "opened"})[1:] == [("ask", "opened", now), ("end", "end", hour)]
    with clock.freeze(AT):
        sent, asked = trying.dry_run(journey, one)[:2]
    assert sent.mail is not None
    assert (sent.mail.subject, sent.mail.missing) == ("For P1", [])
    assert [(a["arm"], a["holds"]) for a in asked.asked] == [("clicked", False), ("opened", False)]
    assert (asked.known, asked.until) == (False, AT + timedelta(days=2))
    assert Message.objects.count() == 0
    assert [f.kind for f in timeline.read(one, quiet=True) if f.kind.startswith("mail.")] == []


def test_a_test_begins_with_the_newest_fact_that_would_let_her_in() -> None:
    rule = {"kind": "event", "event": "cart.left", "where": []}
    graph = chain(("n", "hand_over", {"reason": "Cart", "amount_from": "event.worth", "threshold": 500}), entry=[rule])
    graph["steps"]["n"] = {
        "kind": "hand_over",
        "settings": graph["steps"]["n"]["settings"],
        "arms": {"next": None, "under": None},
    }
    journey = actions.create_journey(name="X", graph=graph, actor="user:1")
    one = person(1)
    assert [s.arm for s in trying.dry_run(journey, one)] == ["under"]
    record(one, Custom("cart.left", {"worth": 700}))
    assert [s.arm for s in trying.dry_run(journey, one)] == ["next"]
    let_in = trying.entry_of(journey, one)
    assert (let_in.words, let_in.kind, let_in.data) == ("cart.left", "cart.left", {"worth": 700})
    assert [s.arm for s in trying.dry_run(journey, one, event={"worth": 3})] == ["under"]


def test_pages_of_test_and_why(call: Any) -> None:
    client = call.client
    graph = chain(("n", "add_note", {"text": "x"}), entry=[{"kind": "tag", "tag": "vip"}],
                  only={"all": [{"field": "contact.country", "op": "eq", "value": "KR"}, {"tag": "vip"}]})  # fmt: skip
    journey = actions.create_journey(name="Loyal", graph=graph, actor="user:1")
    one = person(1, country="DE")
    url = f"/journeys/{journey.pk}/test/"
    assert client.get(url).status_code == 200
    assert b"Choose a person." in client.post(url, {"person": ""}).content
    answer = client.post(url, {"person": str(one), "arm.n": "next", "mail.n": "nonsense"}).content.decode()
    assert "The way of P1" in answer
    assert Passage.objects.count() == 0
    actions.publish(journey.pk, actor="user:1")
    said = client.get(f"/journeys/{journey.pk}/why/?person={one}").content.decode()
    assert "She does not enter, because of what is marked." in said
    assert "Country" in said
    said = client.get(f"/journeys/why/{one}/?journey={journey.pk}").content.decode()
    assert "Tag: vip: has not happened" in said
    people.add_tags([one], ["vip"], actor="user:1")
    people.update_contact(one, country="KR", actor="user:1")
    actions.enter(journey.pk, [Entry(one, "k")], actor="system")
    assert "Was in it until" in client.get(f"/journeys/{journey.pk}/why/?person={one}").content.decode()
    assert b"Choose a person." in client.get(f"/journeys/{journey.pk}/why/?person=").content
    assert client.get("/journeys/999999999/why/").status_code == 404
    assert client.get("/journeys/why/999999/").status_code == 404
