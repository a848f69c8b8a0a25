"""The collector over a real server: what it takes, what it refuses and in which words."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from headwater.capture.rules import identity_key, visitor_id
from headwater.core import clock
from headwater.core.lanes import lane_key

from .conftest import BROWSER, Database, Server, serve

PAGE = {"type": "page", "url": "https://example.com/pricing", "title": "Pricing"}
ROW = "SELECT lane_key, visitor_id, source, bot, payload, context FROM capture_intake ORDER BY id"


@pytest.fixture
def site(database: Database) -> str:
    database.rows("DELETE FROM capture_intake")
    return database.site()[1]


def fresh(server: Server, key: str) -> None:
    """Wait until the collector has read a site that was made a moment ago."""
    for _ in range(100):
        if server.post(key, PAGE).status != 403:
            return
        time.sleep(0.1)


@pytest.fixture
def ready(database: Database, server: Server, site: str) -> str:
    fresh(server, site)
    database.rows("DELETE FROM capture_intake")
    return site


def test_an_event_is_in_the_intake_when_it_is_answered(database: Database, server: Server, ready: str) -> None:
    answer = server.post(ready, PAGE | {"id": "e1", "age": 1500}, lang="en-GB", tz="Europe/London")
    assert (answer.status, answer.json) == (202, {"accepted": 1})
    ((lane, visitor, source, bot, payload, context),) = database.rows(ROW)
    assert visitor == visitor_id("visitor-0001")
    assert (lane, bot, payload) == (lane_key(visitor), "", PAGE | {"id": "e1", "age": 1500})
    assert source.startswith("t:")
    assert context == {"ua": BROWSER, "ip": "127.0.0.0", "lang": "en-GB", "tz": "Europe/London"}


def test_text_plain_of_a_beacon_is_read_as_json(server: Server, ready: str) -> None:
    assert server.post(ready, PAGE, headers={"Content-Type": "text/plain;charset=UTF-8"}).status == 202


def test_escapes_and_line_ends_survive_the_copy(database: Database, server: Server, ready: str) -> None:
    title = 'a\\b\t"c"\nd \\N é 김'
    body = json.dumps({"site": ready, "visitor": "visitor-0001", "events": [PAGE | {"title": title}]}, indent=2)
    assert server.send("POST", "/t", body.replace("\n", "\r\n\t").encode()).status == 202
    assert database.rows(ROW)[0][4]["title"] == title


def test_the_good_ones_of_a_batch_are_kept_and_each_bad_one_is_named(
    database: Database, server: Server, ready: str
) -> None:
    events: list[Any] = [
        PAGE,
        {"type": "page"},
        {"type": "page", "url": "https://x.example", "colour": "red"},
        {"type": "nonsense"},
        {"type": "page", "url": 5},
        {"type": "page", "url": "x" * 2001},
        PAGE | {"age": 86_400_001},
        PAGE | {"age": -300_001},
        {"type": "identify", "email": "nobody"},
        {"type": "track", "name": "mail.opened"},
        {"type": "track", "name": "ok", "properties": {"a": {"b": 1}}},
        PAGE | {"title": "a\0b"},
        "text",
        {"type": "page", "url": "javascript:alert(1)"},
        PAGE | {"at": "2026-11-02T09:30:00"},
        {"type": "track", "name": "Played"},
    ]
    answer = server.post(ready, *events)
    assert answer.status == 422
    assert answer.json == {
        "accepted": 2,
        "errors": [
            {"index": 1, "field": "url", "reason": "is missing"},
            {"index": 2, "field": "colour", "reason": "is unknown"},
            {"index": 3, "field": "type", "reason": "invalid value 'nonsense'"},
            {"index": 4, "field": "url", "reason": "must be text, got int"},
            {"index": 5, "field": "url", "reason": "must be text of length <= 2000"},
            {"index": 6, "field": "age", "reason": "is more than 24 hours in the past"},
            {"index": 7, "field": "age", "reason": "is more than 5 minutes in the future"},
            {"index": 8, "field": "email", "reason": "is not an e-mail address"},
            {"index": 9, "field": "name", "reason": "mail.opened is a kind of Headwater's own; choose another name"},
            {
                "index": 10,
                "field": "properties",
                "reason": "values must be text, numbers, true, false, null, or lists of these, within limits",
            },
            {"index": 11, "field": "", "reason": "contains a NUL character, which cannot be stored"},
            {"index": 12, "field": "", "reason": "must be object, got text"},
            {"index": 13, "field": "url", "reason": "must start with http://, https:// or /"},
            {"index": 14, "field": "at", "reason": "has no time zone; write 2026-11-02T09:30:00Z"},
        ],
    }
    assert [r[4] for r in database.rows(ROW)] == [PAGE, {"type": "track", "name": "Played"}]


@pytest.mark.parametrize(
    "body, status, error",
    [
        (b'{"site": ', 400, {"index": None, "field": "", "reason": "Input data was truncated"}),
        (b'{"site" x', 400, {"index": None, "field": "", "reason": "JSON is malformed: expected ':' (byte 8)"}),
        (b"{}", 422, {"index": None, "field": "site", "reason": "is missing"}),
        (b'{"site":"s","visitor":"12345678","events":[]}', 422, None),
        (
            b'{"site":"s","visitor":"no spaces","events":[{}]}',
            422,
            {"index": None, "field": "visitor", "reason": "must be 8 to 64 letters, digits, and . _ : -"},
        ),
        (
            b'{"site":"s","visitor":"12345678","events":[{}],"x":1}',
            422,
            {"index": None, "field": "x", "reason": "is unknown"},
        ),
    ],
)
def test_a_body_that_cannot_be_read_says_why(server: Server, body: bytes, status: int, error: Any) -> None:
    answer = server.send("POST", "/t", body)
    assert answer.status == status
    if error is not None:
        assert answer.json == {"accepted": 0, "errors": [error]}


def test_too_much_is_refused_with_413(server: Server, ready: str) -> None:
    answer = server.send("POST", "/t", b"x" * (256 * 1024 + 1))
    assert (answer.status, answer.json) == (
        413,
        {"error": "too_large", "reason": "the body has more than 262144 bytes"},
    )
    many = server.post(ready, *[{"type": "track", "name": "a"}] * 501)
    assert many.status == 413
    assert many.json["errors"] == [{"index": None, "field": "events", "reason": "must be array of length <= 500"}]


def test_other_methods_are_refused(server: Server) -> None:
    answer = server.send("GET", "/t")
    assert (answer.status, answer.headers["allow"]) == (405, "POST, OPTIONS")


def test_origins_are_checked_per_site(database: Database, server: Server) -> None:
    key = database.site(origins=["https://www.example.com", "https://*.shop.example"])[1]
    fresh(server, key)

    def status(origin: str) -> int:
        return server.post(key, PAGE, headers={"Origin": origin}).status

    assert [status(o) for o in ("https://www.example.com", "https://eu.shop.example", server.origin)] == [202] * 3
    assert [status(o) for o in ("https://example.com", "https://shop.example", "http://www.example.com", "null")] == [
        403
    ] * 4
    refused = server.post(key, PAGE, headers={"Origin": "https://evil.example"})
    assert refused.json == {
        "error": "origin",
        "reason": "https://evil.example is not among the allowed origins of this site",
    }
    taken = server.post(key, PAGE, headers={"Origin": "https://www.example.com"})
    assert taken.headers["access-control-allow-origin"] == "https://www.example.com"


def test_a_preflight_is_answered_for_origins_that_some_site_allows(database: Database, server: Server) -> None:
    key = database.site(origins=["https://pre.example"])[1]
    fresh(server, key)
    database.rows("UPDATE capture_site SET active = false WHERE allowed_origins = '{}'")
    time.sleep(3.2)
    yes = server.send("OPTIONS", "/t", headers={"Origin": "https://pre.example"})
    assert (yes.status, yes.headers["access-control-allow-origin"]) == (204, "https://pre.example")
    assert yes.headers["access-control-allow-headers"] == "content-type"
    no = server.send("OPTIONS", "/t", headers={"Origin": "https://other.example"})
    assert "access-control-allow-origin" not in no.headers
    assert server.send("OPTIONS", "/api/v1/events", headers={"Origin": "https://pre.example"}).status == 204


def test_an_unknown_site_is_refused(server: Server) -> None:
    answer = server.post("site_nobody", PAGE)
    assert (answer.status, answer.json) == (
        403,
        {"error": "site", "reason": "no active site has the key site_nobody"},
    )


@pytest.mark.parametrize(
    "headers, more, reason",
    [
        ({"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}, {}, "crawler"),
        ({"User-Agent": BROWSER.replace("Chrome/", "HeadlessChrome/")}, {}, "headless"),
        ({"User-Agent": ""}, {}, "no_user_agent"),
        ({}, {"driven": True}, "driven_browser"),
        ({"Sec-Purpose": "prefetch;prerender"}, {}, "prefetch"),
        ({"Accept-Language": ""}, {}, "no_script_signals"),
        ({"Accept-Language": ""}, {"lang": "ko"}, ""),
    ],
)
def test_bots_are_labelled_and_kept(
    database: Database, server: Server, ready: str, headers: Any, more: Any, reason: str
) -> None:
    assert server.post(ready, PAGE, headers=headers, **more).status == 202
    assert [r[3] for r in database.rows(ROW)] == [reason]


def test_a_site_may_count_automated_browsers(database: Database, server: Server) -> None:
    key = database.site(automated=True)[1]
    fresh(server, key)
    database.rows("DELETE FROM capture_intake")
    server.post(key, PAGE, driven=True)
    assert [r[3] for r in database.rows(ROW)] == [""]


def api(server: Server, key: str, body: Any) -> Any:
    return server.send("POST", "/api/v1/events", body, {"Authorization": f"Bearer {key}"})


def test_the_api_takes_one_event_or_a_list(database: Database, server: Server, site: str) -> None:
    key = database.api_key("events:write")
    one = {"event": "trial.started", "email": "Ana@Example.com", "at": "2026-01-02T03:04:05Z"}
    assert api(server, key, one).json == {"accepted": 1}
    both = [{"event": "Played", "contact_id": 12}, {"event": "cart.filled", "visitor": "visitor-0001"}]
    assert (api(server, key, both).status, api(server, key, []).status) == (202, 422)
    rows = database.rows(ROW)
    visitor = visitor_id("visitor-0001")
    assert [(r[0], r[1]) for r in rows] == [
        (lane_key(identity_key("ana@example.com")), None),
        (lane_key(12), None),
        (lane_key(visitor), visitor),
    ]
    assert rows[0][4] == one


def test_a_key_that_only_sends_events_is_seen_in_use_once_a_minute(database: Database, server: Server) -> None:
    newest = "(SELECT max(id) FROM accounts_apikey)"
    used = f"SELECT last_used_at FROM accounts_apikey WHERE id = {newest}"
    key = database.api_key("events:write")
    event = {"event": "trial.started", "email": "ana@example.com"}
    before = clock.now()
    assert api(server, key, event).status == 202
    ((first,),) = database.rows(used)
    assert before <= first <= clock.now()
    for age, noted in ((30, False), (90, True)):
        older = clock.now() - timedelta(seconds=age)
        key = database.api_key("events:write")
        database.rows(
            "UPDATE accounts_apikey SET last_used_at = %s WHERE id = (SELECT max(id) FROM accounts_apikey)", older
        )
        assert api(server, key, event).status == 202
        assert (database.rows(used)[0][0] > older) is noted
    database.api_key("events:write")
    assert api(server, "hw_nobody", event).status == 401
    assert database.rows(used) == [(None,)]


def test_the_api_says_which_item_is_wrong(database: Database, server: Server, site: str) -> None:
    key = database.api_key("write")
    body = [
        {"event": "a", "email": "ana@example.com"},
        {"event": "a"},
        {"event": "consent.changed", "contact_id": 1},
        {"event": "page.viewed", "contact_id": 1},
        {"event": "a", "contact_id": 1, "at": "2020-01-01T00:00:00Z"},
        {"event": "a", "contact_id": 1, "colour": 1},
    ]
    answer = api(server, key, body)
    assert answer.status == 422
    assert answer.json == {
        "accepted": 1,
        "errors": [
            {"index": 1, "field": "email", "reason": "is missing: an event needs email, contact_id or visitor"},
            {
                "index": 2,
                "field": "event",
                "reason": "consent.changed is a kind of Headwater's own; choose another name",
            },
            {"index": 3, "field": "properties.path", "reason": "is missing: page.viewed needs path or url"},
            {"index": 4, "field": "at", "reason": "is more than 2 years in the past"},
            {"index": 5, "field": "colour", "reason": "is unknown"},
        ],
    }


def test_api_keys_need_the_scope_and_lose_it_when_revoked(database: Database, server: Server, site: str) -> None:
    event = {"event": "a", "contact_id": 1}
    assert server.send("POST", "/api/v1/events", event).json == {
        "error": "key",
        "reason": "send an API key: Authorization: Bearer hw_...",
    }
    assert api(server, "hw_wrong", event).status == 401
    assert api(server, database.api_key("read"), event).json == {
        "error": "scope",
        "reason": "this API key lacks the scope events:write",
    }
    key = database.api_key("events:write")
    assert api(server, key, event).status == 202
    database.rows("UPDATE accounts_apikey SET revoked_at = '2026-01-01Z'")
    time.sleep(3.2)
    assert api(server, key, event).json == {"error": "key", "reason": "this API key is unknown or revoked"}


def test_a_key_that_sends_too_much_is_told_when_to_come_back(database: Database) -> None:
    key = database.site()[1]
    limited = serve(database.url, HEADWATER_INTAKE_RATE="2", HEADWATER_INTAKE_BURST="4")
    try:
        assert [limited.post(key, PAGE, PAGE).status for _ in range(3)] == [202, 202, 429]
        answer = limited.post(key, PAGE, PAGE)
        assert answer.headers["retry-after"] == "1"
        assert answer.json["error"] == "rate"
    finally:
        limited.kill()


def test_a_full_queue_answers_503_and_stores_nothing_it_did_not_say(database: Database) -> None:
    key = database.site()[1]
    database.rows("DELETE FROM capture_intake")
    tight = serve(database.url, HEADWATER_INTAKE_ROWS="1")
    try:
        answer = tight.post(key, PAGE, PAGE)
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert answer.json == {"error": "busy", "reason": "too many events are waiting; send this again"}
        assert database.rows("SELECT count(*) FROM capture_intake") == [(0,)]
    finally:
        tight.kill()


def test_the_connection_comes_back_after_the_database_was_away(database: Database, server: Server, ready: str) -> None:
    database.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'headwater-collect%%' "
        "AND datname = current_database()"
    )
    answers = [server.post(ready, PAGE).status for _ in range(3)]
    assert answers[0] in (202, 503)
    assert answers[1:] == [202, 202]
    assert database.rows("SELECT count(*) FROM capture_intake") == [(answers.count(202),)]


def test_a_killed_server_loses_no_event_that_it_answered(database: Database) -> None:
    key = database.site()[1]
    database.rows("DELETE FROM capture_intake")
    doomed = serve(database.url)
    answered: list[str] = []

    def stream(number: int) -> None:
        n = 0
        while True:
            n += 1
            name = f"{number}-{n}"
            try:
                if doomed.post(key, {"type": "track", "name": name}).status == 202:
                    answered.append(name)
            except OSError:
                return
            except Exception:  # the answer was cut off
                return

    threads = [threading.Thread(target=stream, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(600):
        if len(answered) > 60:
            break
        time.sleep(0.05)
    doomed.kill()
    for thread in threads:
        thread.join()
    stored = {p["name"] for (p,) in database.rows("SELECT payload FROM capture_intake")}
    assert len(answered) > 20
    assert set(answered) - stored == set()
    assert len(stored - set(answered)) <= 6  # in flight when it died: committed, not yet answered
