"""Splits that part people and find a winner, journeys that call one another, calls of other systems, notices."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from headwater.accounts.models import User
from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import Entry, outgoing, splits
from headwater.journeys.engine import due
from headwater.journeys.engine.checking import problems
from headwater.journeys.models import Journey, OutCall, OutDue, Passage, PassageLog, SplitDecision
from headwater.journeys.rules import trial
from headwater.journeys.steps.split import way_of
from headwater.messaging import actions as messaging
from headwater.people import actions as people
from headwater.teamwork.models import Notification
from headwater.timeline import dispatch
from headwater.timeline.actions import Custom, NewFact, record_many

from .conftest import Make, chain, minutes

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def person(n: int, **fields: Any) -> int:
    return people.create_contact(actor="user:1", first_name=f"P{n}", email=f"p{n}@example.com", **fields).pk


def reasons(journey: Journey) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = PassageLog.objects.filter(passage_id__in=Passage.objects.filter(journey_id=journey.pk).values("id"))
    for row in rows.order_by("person_id", "hop"):
        found.setdefault(row.person_id, []).append(f"{row.step}:{row.outcome}:{row.reason}")
    return found


# -- splits ------------------------------------------------------------------------------------------------------------
WAYS = {"variants": [{"id": "a", "label": "A", "weight": 3}, {"id": "b", "label": "B", "weight": 1}]}


def test_shares_follow_the_weights_and_stay() -> None:
    settings = {**WAYS, "holdout": 20}
    keys = [f"{n}.1:split" for n in range(20_000)]
    drawn = [way_of(settings, key) for key in keys]
    assert drawn == [way_of(settings, key) for key in keys]
    found = Counter(drawn)
    assert (found["holdout"], found["a"], found["b"]) == (4028, 11939, 4033)
    won = Counter(way_of(settings, key, "b") for key in keys)
    assert (won["holdout"], won["b"], won["a"]) == (4028, 15972, 0)


@pytest.mark.parametrize(
    ("a", "n", "b", "m", "expected"),
    [(20, 100, 20, 100, 1.0), (30, 100, 20, 100, 0.1025), (50, 100, 20, 100, 0.000008688), (0, 50, 0, 50, 1.0)],
)
def test_the_two_proportion_test_agrees_with_the_tables(a: int, n: int, b: int, m: int, expected: float) -> None:
    assert trial.two_proportions(a, n, b, m) == pytest.approx(expected, rel=5e-3)


def test_looks_together_spend_five_per_cent() -> None:
    assert [trial.needed(n) for n in range(3)] == [0.025, 0.0125, 0.00625]
    assert sum(trial.needed(n) for n in range(50)) == pytest.approx(0.05)
    assert trial.verdict({"a": (100, 35), "b": (100, 20)}, 0).winner == "a"
    assert trial.verdict({"a": (100, 35), "b": (100, 20)}, 1).winner == ""
    assert trial.verdict({"a": (100, 35), "b": (100, 20), "c": (100, 1)}, 0).winner == ""


def split_graph(**more: Any) -> dict[str, Any]:
    settings = {**WAYS, **more}
    graph = chain(("s", "split", settings), ("w", "wait", {"for": {"amount": 30, "unit": "days"}}))
    graph["goal"] = {"kind": "event", "event": "bought"}
    ways = {"a": "w", "b": "w"} | ({"holdout": None} if more.get("holdout") else {})
    graph["steps"]["s"] = {"kind": "split", "settings": settings, "arms": ways}
    return graph


def test_the_better_way_wins_once_enough_people_had_their_time(live: Make) -> None:
    graph = split_graph(winner="goal", least=20, after={"amount": 1, "unit": "days"}, holdout=10)
    assert problems(graph) == []
    aimless = problems({**graph, "goal": None})
    assert [(p.where, p.message) for p in aimless] == [
        ("steps.s.winner", "The journey has no goal: nobody could reach it.")
    ]
    journey = live(graph)
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(p, "k") for p in range(1, 201)], actor="system")
        assert splits.run_once() == 0
        assert SplitDecision.objects.get().looks == 0
        took = dict(PassageLog.objects.filter(step="s").values_list("person_id", "outcome"))
        good = [p for p, way in took.items() if way == "b"][:15]
    with clock.freeze(AT + timedelta(hours=1)):
        record_many([NewFact(p, Custom("bought", {})) for p in good])
        dispatch_all()
    with clock.freeze(AT + timedelta(days=1)):
        assert splits.run_once() == 1
        assert splits.run_once() == 0
    row = SplitDecision.objects.get()
    n = Counter(took.values())
    assert (row.winner, row.looks, row.decided_at) == ("b", 1, AT + timedelta(days=1))
    assert row.results["ways"] == {"a": {"people": n["a"], "wins": 0}, "b": {"people": n["b"], "wins": 15}}
    actions.enter(journey.pk, [Entry(p, "k") for p in range(201, 301)], actor="system")
    later = Counter(PassageLog.objects.filter(step="s", person_id__gt=200).values_list("outcome", flat=True))
    assert (later["a"], later["b"] + later["holdout"]) == (0, 100)


@pytest.mark.parametrize(("hours", "counts"), [(1, True), (23, True), (25, False)])
def test_a_goal_reached_after_the_way_has_ended_counts_within_its_time(live: Make, hours: int, counts: bool) -> None:
    graph = split_graph(winner="goal", least=20, after={"amount": 1, "unit": "days"})
    graph["steps"]["s"]["arms"] = {"a": None, "b": None}
    del graph["steps"]["w"]
    graph["goal"]["where"] = [{"prop": "value", "op": "gte", "value": 10}]
    journey = live(graph)
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(p, "k") for p in range(1, 201)], actor="system")
        took = dict(PassageLog.objects.filter(step="s").values_list("person_id", "outcome"))
        assert set(Passage.objects.values_list("outcome", flat=True)) == {"end"}
    good = [p for p, way in took.items() if way == "b"][:15]
    with clock.freeze(AT + timedelta(hours=hours)):
        record_many([NewFact(p, Custom("bought", {"value": 10})) for p in good for _twice in range(2)])
        record_many([NewFact(p, Custom("bought", {"value": 9})) for p, way in took.items() if way == "a"])
        dispatch_all()
    with clock.freeze(AT + timedelta(hours=26)):
        assert splits.run_once() == int(counts)
    row, n = SplitDecision.objects.get(), Counter(took.values())
    wins = 15 if counts else 0
    assert row.results["ways"] == {"a": {"people": n["a"], "wins": 0}, "b": {"people": n["b"], "wins": wins}}
    assert row.winner == ("b" if counts else "")


def test_a_look_without_a_winner_is_followed_by_one_at_twice_the_sample(live: Make) -> None:
    journey = live(split_graph(winner="goal", least=20, after={"amount": 1, "unit": "days"}, holdout=10))
    looks, expected = [], []
    for day, count in ((0, 160), (2, 40), (4, 300)):
        with clock.freeze(AT + timedelta(days=day)):
            ids = range(day * 1000 + 1, day * 1000 + count + 1)
            actions.enter(journey.pk, [Entry(p, "k") for p in ids], actor="system")
        took = Counter(PassageLog.objects.filter(step="s").values_list("outcome", flat=True))
        done = expected[-1] if expected else 0
        expected.append(done + int(min(took["a"], took["b"]) >= 20 * 2**done))
        with clock.freeze(AT + timedelta(days=day + 1)):
            assert splits.run_once() == 0
            looks.append(SplitDecision.objects.get().looks)
    assert looks == expected
    assert looks[-1] >= 2


def test_no_winner_is_made_of_nothing(live: Make) -> None:
    journey = live(split_graph(winner="goal", least=20, after={"amount": 1, "unit": "days"}))
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(p, "k") for p in range(1, 201)], actor="system")
    with clock.freeze(AT + timedelta(days=2)):
        assert splits.run_once() == 0
    row = SplitDecision.objects.get()
    assert (row.winner, row.looks, row.results["p"], row.results["needed"]) == ("", 1, 1.0, 0.025)


# -- journeys that call one another ------------------------------------------------------------------------------------
def dispatch_all() -> None:
    while dispatch.run_once("journeys"):
        pass


def test_a_journey_starts_another_and_waits_for_its_end(live: Make) -> None:
    with clock.freeze(AT):
        child = live(chain(("c", "wait", {"for": minutes(5)}), ("d", "exit", {})), name="Child")
        settings = {"journey": child.pk, "wait": True, "timeout": minutes(60)}
        graph = chain(("s", "start_journey", settings))
        graph["steps"]["s"] = {"kind": "start_journey", "settings": settings, "arms": {"next": "e", "timeout": None}}
        graph["steps"]["e"] = {"kind": "exit", "settings": {"reason": "both"}, "arms": {}}
        parent = live(graph, name="Parent")
        actions.enter(parent.pk, [Entry(1, "k")], actor="system")
        dispatch_all()
        passage = Passage.objects.get(journey_id=child.pk)
        assert passage.why == {"kind": "journey", "data": {"journey": parent.pk, "depth": 1}}
    with clock.freeze(AT + timedelta(minutes=2)):
        due.run_once()
        assert Passage.objects.get(journey_id=parent.pk).state == "waiting"
    with clock.freeze(AT + timedelta(minutes=5)):
        due.run_once()
        dispatch_all()
    assert reasons(parent) == {1: ["s:next:finished", "e:end:both"]}


def test_whoever_is_not_let_in_goes_on_after_a_minute(live: Make) -> None:
    with clock.freeze(AT):
        child = live(chain(("d", "exit", {})), name="Child")
        actions.pause(child.pk, actor="user:1")
        settings = {"journey": child.pk, "wait": True, "timeout": minutes(60)}
        graph = chain(("s", "start_journey", settings))
        graph["steps"]["s"] = {"kind": "start_journey", "settings": settings, "arms": {"next": None, "timeout": None}}
        parent = live(graph, name="Parent")
        actions.enter(parent.pk, [Entry(1, "k")], actor="system")
        dispatch_all()
    with clock.freeze(AT + timedelta(seconds=60)):
        due.run_once()
    assert reasons(parent) == {1: ["s:next:refused:not_let_in"]}


def test_a_call_that_waits_in_a_backlog_is_not_taken_for_a_refusal(live: Make) -> None:
    """The reactions are minutes behind: she waits for as long as it takes until the call is heard."""
    with clock.freeze(AT):
        child = live(chain(("d", "exit", {})), name="Child")
        settings = {"journey": child.pk, "wait": True, "timeout": minutes(60)}
        graph = chain(("s", "start_journey", settings))
        graph["steps"]["s"] = {"kind": "start_journey", "settings": settings, "arms": {"next": None, "timeout": None}}
        parent = live(graph, name="Parent")
        actions.enter(parent.pk, [Entry(1, "k")], actor="system")
    for seconds, due_at in ((60, 120), (120, 180), (179, 180)):
        with clock.freeze(AT + timedelta(seconds=seconds)):
            due.run_once()
            waiting = Passage.objects.get(journey_id=parent.pk)
            assert (waiting.state, waiting.due_at) == ("waiting", AT + timedelta(seconds=due_at))
    with clock.freeze(AT + timedelta(seconds=180)):
        dispatch_all()
        due.run_once()
    assert reasons(parent) == {1: ["s:next:finished"]}


def test_journeys_that_call_one_another_come_to_an_end(live: Make) -> None:
    one = live(chain(("d", "exit", {}), reentry={"rule": "always"}), name="One")
    two = live(chain(("s", "start_journey", {"journey": one.pk}), reentry={"rule": "always"}), name="Two")
    actions.update_journey(
        one.pk, graph=chain(("s", "start_journey", {"journey": two.pk}), reentry={"rule": "always"}), actor="user:1"
    )
    actions.publish(one.pk, actor="user:1")
    actions.enter(one.pk, [Entry(1, "k")], actor="system")
    dispatch_all()
    assert Passage.objects.count() == 11
    assert "s:next:refused:too_deep" in str(reasons(one)) + str(reasons(two))


def test_a_journey_stops_another_or_all_others(live: Make) -> None:
    waiting = chain(("w", "wait", {"for": minutes(5)}))
    first, second = live(waiting, name="First"), live(waiting, name="Second")
    one = live(chain(("s", "stop_journey", {"journey": first.pk}), ("w", "wait", {"for": minutes(5)})), name="One")
    every = live(chain(("s", "stop_journey", {"journey": "any"}), ("w", "wait", {"for": minutes(5)})), name="All")
    for journey in (first, second, one):
        actions.enter(journey.pk, [Entry(1, "k"), Entry(2, "k")], actor="system")
    dispatch_all()
    states = {(p.journey_id, p.person_id): p.outcome for p in Passage.objects.all()}
    assert (states[first.pk, 1], states[second.pk, 1], states[one.pk, 1]) == ("stopped", "", "")
    actions.enter(every.pk, [Entry(1, "k")], actor="system")
    dispatch_all()
    states = {(p.journey_id, p.person_id): p.outcome for p in Passage.objects.all()}
    assert [states[j.pk, 1] for j in (second, one, every)] == ["stopped", "stopped", ""]
    assert [states[j.pk, 2] for j in (second, one)] == ["", ""]


# -- webhooks and notices ----------------------------------------------------------------------------------------------
class Receiver:
    """An HTTP server on loopback that keeps what it gets and answers with the next status."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((dict(self.headers), body))
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                self.end_headers()
                self.wfile.write(b"thanks")

            def log_message(self, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?x=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("HEADWATER_WEBHOOKS_PRIVATE", "1")
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def hook(live: Make, url: str) -> tuple[Journey, int]:
    data = [{"name": "who", "value": "{{ contact.first_name }}"}, {"name": "n", "value": 5}]
    journey = live(chain(("h", "webhook", {"url": url, "data": data})))
    one = person(1)
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(one, "k")], actor="system")
    return journey, one


def test_a_webhook_is_a_signed_post_with_the_persons_fields(live: Make, receiver: Receiver) -> None:
    journey, one = hook(live, receiver.url)
    assert receiver.got == []
    with clock.freeze(AT):
        assert outgoing.run_once() == 1
        assert outgoing.run_once() == 0
    ((headers, body),) = receiver.got
    said = json.loads(body)
    assert (said["person"]["id"], said["person"]["email"], said["data"]) == (
        one,
        "p1@example.com",
        {"who": "P1", "n": 5},
    )
    assert said["journey"] == {"id": journey.pk, "name": "Test", "version": 1}
    stamp, _, mac = headers["Headwater-Signature"].removeprefix("t=").partition(",v1=")
    expected = hmac.new(messaging.webhook_secret().encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert (int(stamp), mac) == (int(AT.timestamp()), expected)
    call = OutCall.objects.get()
    assert headers["Headwater-Delivery"] == str(call.id)
    assert (call.status, call.code, call.answer, call.tries, OutDue.objects.count()) == ("sent", 200, "thanks", 1, 0)
    assert outgoing.replay(one, call.id, actor="user:1")
    with clock.freeze(clock.now()):
        assert outgoing.run_once() == 1
    assert len(receiver.got) == 2


def test_a_webhook_is_tried_again_and_given_up(live: Make, receiver: Receiver) -> None:
    hook(live, receiver.url)
    receiver.answers = [500] * 6
    at, waits = AT, []
    while OutDue.objects.exists():
        with clock.freeze(at):
            outgoing.run_once()
        if OutDue.objects.exists():
            waits.append((OutDue.objects.get().due_at - at) // timedelta(minutes=1))
            at = OutDue.objects.get().due_at
    assert waits == [1, 5, 30, 120, 480]
    assert (OutCall.objects.get().status, OutCall.objects.get().tries, len(receiver.got)) == ("failed", 6, 6)


def test_what_the_receiver_refuses_is_not_sent_again(live: Make, receiver: Receiver) -> None:
    hook(live, receiver.url)
    receiver.answers = [404]
    with clock.freeze(AT):
        outgoing.run_once()
    assert (OutCall.objects.get().status, OutCall.objects.get().code, OutDue.objects.count()) == ("failed", 404, 0)


def test_a_worker_that_dies_while_calling_leaves_the_call_to_another(live: Make, receiver: Receiver) -> None:
    hook(live, receiver.url)
    with clock.freeze(AT):
        assert len(outgoing._claim(AT)) == 1
        assert outgoing.run_once() == 0
    with clock.freeze(AT + outgoing.LEASE):
        assert outgoing.run_once() == 1
    assert len(receiver.got) == 1


def test_a_worker_that_was_too_slow_leaves_the_outcome_of_a_call_to_the_one_that_took_over(
    live: Make, receiver: Receiver
) -> None:
    hook(live, receiver.url)
    with clock.freeze(AT):
        slow = outgoing._claim(AT)
    with clock.freeze(AT + outgoing.LEASE):
        assert outgoing.run_once() == 1
        outgoing._settle(slow, {c.id: messaging.Sent(False, "timed out") for c in slow}, clock.now())
    call = OutCall.objects.get()
    assert (call.status, call.code, call.tries, OutDue.objects.count()) == ("sent", 200, 1, 0)


def test_the_own_network_is_not_called(live: Make) -> None:
    hook(live, "http://127.0.0.1:9/")
    with clock.freeze(AT):
        outgoing.run_once()
    assert (OutCall.objects.get().status, OutCall.objects.get().answer) == ("failed", "an address of the own network")
    for url in ("ftp://example.com", "https://u:p@example.com", "example.com", "http://[bad"):
        assert [p.where for p in problems(chain(("h", "webhook", {"url": url})))] == ["steps.h.url"]


def test_colleagues_are_told_in_the_bell_and_by_mail(live: Make) -> None:
    owner = User.objects.create_user("o@x.example", "o@x.example", first_name="Olga")
    other = User.objects.create_user("m@x.example", "m@x.example", role="marketer")
    one, two = person(1), person(2)
    people.set_owner([one], owner.pk, reason="", actor="user:1")
    graph = chain(
        ("n", "notify", {"to": "owner", "text": "{{ contact.first_name }} is hot", "mail": True}),
        ("m", "notify", {"to": "role", "role": "marketer", "text": "Look"}),
    )
    journey = live(graph)
    actions.enter(journey.pk, [Entry(one, "k"), Entry(two, "k")], actor="system")
    bells = set(Notification.objects.values_list("user_id", "text", "url"))
    assert bells == {
        (owner.pk, "P1 is hot", f"/people/{one}/"),
        (other.pk, "Look", f"/people/{one}/"),
        (other.pk, "Look", f"/people/{two}/"),
    }
    assert reasons(journey)[two][0] == "n:next:refused:nobody_to_tell"
    call = OutCall.objects.get()
    assert (call.kind, call.target, call.payload) == (
        "mail",
        str(owner.pk),
        {"text": "P1 is hot", "url": f"/people/{one}/"},
    )
