"""The health page tells lag, parked facts and waiting mails, to administrators only; there they act on them."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.core import clock
from headwater.core.lanes import LANE_KEYS
from headwater.integrations.queries import health
from headwater.messaging.models import PushOutbox, TextOutbox
from headwater.timeline import actions, dispatch, queries, registry
from headwater.timeline.actions import Custom
from headwater.timeline.models import Parked

pytestmark = pytest.mark.django_db


def test_it_names_what_was_set_aside_and_why() -> None:
    Parked.objects.create(
        lane_key=LANE_KEYS[0],
        seq=1,
        consumer="audience",
        person_id=7,
        kind="page.viewed",
        error="ValueError: <odd>",
        parked_at=clock.now(),
    )
    found = health(clock.now())
    assert (found.parked_count, found.mails_waiting, found.texts_waiting, found.pushes_overdue) == (1, 0, 0, 0)
    assert found.database_bytes > 1_000_000
    assert "audience" in [one.consumer for one in found.lag]
    client = Client()
    client.force_login(User.objects.create_user("a@x.example", "a@x.example", "pw", role="admin"))
    text = client.get("/settings/health/").content.decode()
    assert "ValueError: &lt;odd&gt;" in text
    assert "<c-" not in text


def test_texts_and_push_messages_that_wait_are_told_beside_mails(admin: Client) -> None:
    now = clock.now()
    for n, due in enumerate((now - timedelta(minutes=1), now - timedelta(minutes=2), now + timedelta(days=1))):
        common = {"lane_key": LANE_KEYS[0], "rank": 1, "due_at": due, "person_id": 7, "message_id": uuid4()}
        TextOutbox.objects.create(**common)
        if n:
            PushOutbox.objects.create(**common, device_id=uuid4())
    found = health(now)
    assert (found.texts_waiting, found.texts_overdue, found.pushes_waiting, found.pushes_overdue) == (3, 2, 2, 1)
    page = admin.get("/settings/health/").content.decode()
    assert [page.count(words) for words in ("3 (2 due now)", "2 (1 due now)", "0 (0 due now)")] == [1, 1, 1]


def test_others_are_refused() -> None:
    client = Client()
    client.force_login(User.objects.create_user("s@x.example", "s@x.example", "pw", role="sales"))
    assert client.get("/settings/health/").status_code == 403


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("a@x.example", "a@x.example", "pw", role="admin", first_name="Ann"))
    return client


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Two facts are parked for "test", which cannot digest people of this set."""
    monkeypatch.setattr(registry, "_consumers", {})
    people = {1, 2}

    @registry.reaction("test", hears=["test.said"], order=1)
    def react(batch) -> None:  # type: ignore[no-untyped-def]
        if people & {e.person_id for e in batch}:
            raise RuntimeError("cannot digest")

    actions.ensure_consumers()
    for person in sorted(people):
        actions.record(person, Custom("test.said", {}))
    dispatch.run_once("test")
    return people


def test_an_administrator_lets_a_fact_try_again(admin: Client, bad: set[int]) -> None:
    first, second = sorted(queries.parked(), key=lambda p: p.person_id)
    text = admin.get(f"/settings/health/parked/{first.key}/").content.decode()
    assert "RuntimeError: cannot digest" in text
    bad.discard(1)
    assert admin.post("/settings/health/retry/", {"key": first.key}).status_code == 302
    assert [p.key for p in queries.parked()] == [second.key]
    text = admin.post("/settings/health/retry/", {"consumer": "test"}, follow=True).content.decode()
    assert "1 fact failed again and stays set aside." in text
    assert "1 fact of test tried again, with success" in text
    assert "Ann" in text
    assert admin.get(f"/settings/health/parked/{first.key}/").status_code == 404
    assert admin.post("/settings/health/retry/", {"key": "nonsense"}).status_code == 404


def test_an_administrator_discards_a_fact_with_a_note(admin: Client, bad: set[int]) -> None:
    key = queries.parked()[0].key
    text = admin.post("/settings/health/discard/", {"key": key, "note": " "}, follow=True).content.decode()
    assert "a note is needed" in text
    text = admin.post("/settings/health/discard/", {"key": key, "note": "<Test> data"}, follow=True).content.decode()
    assert "&lt;Test&gt; data" in text
    assert len(queries.parked()) == 1


def test_the_api_retries_and_discards(admin: Client, bad: set[int]) -> None:
    def call(path: str, body: object) -> tuple[int, object]:
        headers = {"X-CSRFToken": "x"}
        answer = admin.post(path, json.dumps(body), content_type="application/json", headers=headers)
        return answer.status_code, answer.json()

    listed = admin.get("/api/v1/health/parked?consumer=test").json()
    said = ("test", "RuntimeError: cannot digest", 1)
    assert [(p["consumer"], p["reason"], p["attempts"]) for p in listed] == [said, said]
    told = admin.get("/api/v1/health").json()
    assert (told["reactions"][0]["parked"], told["workers"], told["written_per_second"]) == (2, [], None)
    bad.discard(listed[0]["person_id"])
    retry, discard = "/api/v1/health/parked/retry", "/api/v1/health/parked/discard"
    assert call(retry, {"consumer": "test"}) == (200, {"done": 1, "failed": 1, "left": 0})
    assert call(retry, {})[0] == 422
    assert call(retry, {"keys": ["nonsense"]})[0] == 422
    assert call(retry, {"consumer": "nobody"})[0] == 404
    assert call(discard, {"consumer": "test", "note": ""})[0] == 422
    assert call(discard, {"consumer": "test", "note": "Broken client"}) == (200, {"discarded": 1})
    assert queries.parked() == []


def test_the_months_are_told_with_their_rule(admin: Client) -> None:
    body = admin.get("/api/v1/health/months").json()
    assert (body["keep_facts_months"], body["keep_anonymous_months"]) == (0, 13)
    assert body["months"][-1]["name"] == "timeline_fact_default"
    assert body["months"][-1]["first"] is None
    text = admin.get("/settings/health/").content.decode()
    assert "Facts are kept for ever." in text
    assert "What anonymous visitors did is kept for 13 months." in text


def test_a_replay_is_asked_for_started_and_stopped(admin: Client) -> None:
    text = admin.get("/settings/health/replay/insights/").content.decode()
    assert "“Dashboard figures” hears again everything" in text
    assert admin.get("/settings/health/replay/journeys/").status_code == 404
    answer = admin.post("/settings/health/replay/insights/", {"since": "2999-01-01T00:00"})
    assert (answer.status_code, "in the future" in answer.content.decode()) == (422, True)
    assert admin.post("/settings/health/replay/insights/", {"since": "yesterday"}).status_code == 422
    assert admin.post("/settings/health/replay/insights/", {"since": "2026-01-01T00:00"}).status_code == 204
    (row,) = queries.replays()
    assert (row.consumer, row.state, row.since.isoformat()) == ("insights", "running", "2026-01-01T00:00:00+00:00")
    assert "Replay of Dashboard figures started, since 2026-01-01" in admin.get("/settings/health/").content.decode()
    assert admin.post(f"/settings/health/replays/{row.pk}/stop/").status_code == 302
    assert queries.replays()[0].state == "stopped"


def test_the_api_starts_and_stops_replays(admin: Client) -> None:
    def call(path: str, body: object) -> tuple[int, dict[str, object]]:
        headers = {"X-CSRFToken": "x"}
        answer = admin.post(f"/api/v1/health/replays{path}", json.dumps(body), "application/json", headers=headers)
        return answer.status_code, answer.json()

    able = {r["consumer"]: r["replayable"] for r in admin.get("/api/v1/health").json()["reactions"]}
    assert able == {"audience": False, "insights": True, "journeys": False, "messaging": False}
    status, made = call("", {"consumer": "insights", "since": "2026-01-01T00:00:00"})
    assert (status, made["state"], made["since"], made["waits"]) == (201, "running", "2026-01-01T00:00:00Z", False)
    assert call("", {"consumer": "insights", "since": "2026-01-01"})[0] == 422
    assert call("", {"consumer": "journeys", "since": "2026-01-01"})[0] == 422
    assert call("", {"consumer": "insights", "since": "tomorrow"})[0] == 422
    assert call(f"/{made['id']}/stop", {})[1]["state"] == "stopped"
    assert call("/999999/stop", {})[0] == 404
    assert [r["state"] for r in admin.get("/api/v1/health/replays").json()] == ["stopped"]


def test_others_may_not_act(bad: set[int]) -> None:
    client = Client()
    client.force_login(User.objects.create_user("s@x.example", "s@x.example", "pw", role="marketer"))
    key = queries.parked()[0].key
    assert client.post("/settings/health/retry/", {"key": key}).status_code == 403
    assert client.post("/settings/health/discard/", {"key": key, "note": "x"}).status_code == 403
    assert client.get(f"/settings/health/parked/{key}/").status_code == 403
    assert client.get("/api/v1/health").status_code == 403
    assert client.post("/settings/health/replay/insights/", {"since": "2026-01-01T00:00"}).status_code == 403
