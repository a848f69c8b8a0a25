"""The demo company's history: deterministic, whole, and consistent with what the product would compute itself."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import override_settings

from headwater.audience.models import Segment
from headwater.audience.queries import explain_score, growth, matching, scores
from headwater.core.clock import freeze
from headwater.core.lanes import lane_key
from headwater.integrations.demo import seed
from headwater.journeys.models import JourneyVersion, Passage
from headwater.journeys.queries.overview import lines
from headwater.messaging.rules.texting import problem
from headwater.people.models import Contact

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


@pytest.fixture
def company(tmp_path) -> Iterator[None]:  # type: ignore[no-untyped-def]
    with override_settings(MEDIA_ROOT=tmp_path), freeze(NOW):
        assert seed.ensure(60, progress=lambda text: None) is True
        yield


def test_the_second_run_does_nothing(company: None) -> None:
    before = rows("SELECT count(*) FROM timeline_fact")
    assert seed.ensure(60, progress=lambda text: None) is False
    assert rows("SELECT count(*) FROM timeline_fact") == before


def test_people_are_as_many_as_asked_for_and_no_reaction_has_anything_to_read(company: None) -> None:
    assert Contact.objects.count() == 60
    assert rows("SELECT count(*) FROM timeline_lanelog l WHERE kind = 'page.viewed'") == [(0,)]


def test_some_have_agreed_to_texts_and_got_them(company: None) -> None:
    texts = rows("SELECT person_id, status, email FROM messaging_message WHERE channel = 'sms'")
    assert texts
    agreed = {p for (p,) in rows("SELECT person_id FROM people_consent WHERE channel = 'sms'")}
    numbers = dict(rows("SELECT id, phone FROM people_contact WHERE phone <> ''"))
    assert all(person in agreed and status == "sent" and numbers[person] == number for person, status, number in texts)
    assert [n for n in numbers.values() if problem(n)] == []
    told = Counter(rows("SELECT kind, count(*) FROM timeline_fact WHERE kind = 'sms.sent' GROUP BY 1"))
    assert told == Counter([("sms.sent", len(texts))])


def test_some_take_push_messages_and_got_them(company: None) -> None:
    pushes = rows("SELECT person_id, status, segments FROM messaging_message WHERE channel = 'push'")
    assert pushes
    agreed = {p for (p,) in rows("SELECT person_id FROM people_consent WHERE channel = 'push' AND state = 'granted'")}
    browsers = {p for (p,) in rows("SELECT person_id FROM messaging_pushdevice")}
    assert agreed == browsers
    assert all(person in agreed and status == "sent" and 1 <= n <= 2 for person, status, n in pushes)
    told = dict(rows("SELECT kind, count(*) FROM timeline_fact WHERE kind LIKE 'push.%' GROUP BY 1"))
    assert told["push.sent"] == len(pushes)
    assert told["push.subscribed"] == rows("SELECT count(*) FROM messaging_pushdevice")[0][0]


def test_points_are_what_their_entries_are_worth(company: None) -> None:
    people = list(Contact.objects.values_list("pk", flat=True))
    for model in ("engagement", "fit"):
        found = scores(people, model)
        for person in people:
            why = explain_score(person, model)
            assert round(sum(line.worth for line in why.lines) + why.rounding, 6) == why.points == found[person].points


def test_the_last_change_of_band_on_the_timeline_is_the_band(company: None) -> None:
    wrong = rows(
        "SELECT p.person_id, p.band, f.after, p.points FROM audience_personscore p LEFT JOIN LATERAL ("
        "SELECT data->>'after' AS after FROM timeline_fact f WHERE f.person_id = p.person_id "
        "AND kind = 'score.band_changed' ORDER BY at DESC LIMIT 1) f ON true WHERE p.band <> coalesce(f.after, 'cold') "
        "AND p.model_id = (SELECT coalesce(space, id) FROM audience_scoremodel WHERE key = 'engagement')"
    )
    assert wrong == []


def test_stages_follow_from_the_facts(company: None) -> None:
    wrong = rows(
        "SELECT c.id FROM people_contact c LEFT JOIN LATERAL (SELECT data->>'after' AS after FROM timeline_fact f "
        "WHERE f.person_id = c.id AND kind = 'stage.changed' ORDER BY at DESC LIMIT 1) f ON true "
        "WHERE c.stage <> coalesce(f.after, 'lead')"
    )
    assert wrong == []
    assert rows("SELECT count(*) FROM people_contact WHERE stage = 'customer'") == rows(
        "SELECT count(*) FROM sales_deal WHERE won_at IS NOT NULL"
    )


def test_deals_stand_where_their_history_ends(company: None) -> None:
    wrong = rows(
        "SELECT d.id FROM sales_deal d LEFT JOIN LATERAL (SELECT after_id FROM sales_dealstagechange c "
        "WHERE c.deal_id = d.id ORDER BY at DESC, id DESC LIMIT 1) c ON true "
        "WHERE d.stage_id IS DISTINCT FROM c.after_id"
    )
    assert wrong == []
    assert rows("SELECT count(*) FROM sales_deal") == rows(
        "SELECT count(*) FROM timeline_fact WHERE kind='deal.created'"
    )


def test_customers_have_ordered_and_their_timelines_say_so(company: None) -> None:
    ((count, people, spent),) = rows(
        "SELECT count(*), count(DISTINCT contact_id), sum(total - refunded) FROM sales_order WHERE paid_at IS NOT NULL"
    )
    assert count >= people > 0
    assert spent > 0
    assert rows("SELECT count(*) FROM sales_order o JOIN people_contact c ON c.id = o.contact_id WHERE c.stage <> "
                "'customer'") == [(0,)]  # fmt: skip
    for kind, column in (("order.placed", "placed_at"), ("order.paid", "paid_at"), ("order.fulfilled", "fulfilled_at")):
        assert (
            rows(
                f"SELECT o.number FROM sales_order o WHERE {column} IS NOT NULL AND NOT EXISTS (SELECT "
                f"FROM timeline_fact f WHERE f.person_id = o.contact_id AND f.kind = '{kind}' AND f.at = o.{column} "
                "AND f.data->>'number' = o.number)"
            )
            == []
        )


def test_mails_of_the_ledger_are_on_the_timelines(company: None) -> None:
    for kind, column in (("mail.sent", "status = 'sent'"),
                         ("mail.refused", "status = 'refused'"), ("mail.opened", "opened_at IS NOT NULL"),
                         ("mail.clicked", "clicked_at IS NOT NULL")):  # fmt: skip
        assert rows(f"SELECT count(*) FROM messaging_message WHERE channel = 'email' AND {column}") == rows(
            f"SELECT count(*) FROM timeline_fact WHERE kind = '{kind}'"
        ), kind


def test_no_fact_names_what_is_not_there_or_is_in_the_future(company: None) -> None:
    assert rows("SELECT max(at) <= '2026-11-22 09:30+00' FROM timeline_fact") == [(True,)]
    assert (
        rows(
            "SELECT f.id FROM timeline_fact f WHERE data ? 'deal' AND NOT EXISTS "
            "(SELECT 1 FROM sales_deal d WHERE d.id = (f.data->>'deal')::bigint AND d.contact_id = f.person_id)"
        )
        == []
    )


def test_segments_hold_whom_a_full_evaluation_finds(company: None) -> None:
    people = list(Contact.objects.values_list("pk", flat=True))
    assert Segment.objects.filter(state="ready").count() == Segment.objects.count()
    for s in Segment.objects.all():
        have = {p for (p,) in rows(f"SELECT person_id FROM audience_segmentmember WHERE segment_id = {s.pk} "
                                   f"AND generation = {s.generation}")}  # fmt: skip
        assert have == matching(s.definition, people), s.key


def test_segments_have_grown_day_by_day(company: None) -> None:
    found = growth(list(Segment.objects.filter(keeper="")), 30)
    assert {len(days) for days in found.values()} == {30}
    looked = Segment.objects.get(key="pricing-interest")
    assert len({day.members for day in found[looked.pk]}) > 1


WALKED = ("welcome-nurture", "event", "hand-over")


def test_people_went_through_all_journeys_and_some_are_still_inside(company: None) -> None:
    told = {line.journey.gallery: line for line in lines()}
    for slug in WALKED:
        assert rows(f"SELECT count(*) > 3 FROM journeys_passage WHERE journey_id = {told[slug].journey.pk}") == [
            (True,)
        ]
    assert (
        sum(told[slug].inside for slug in WALKED)
        == rows("SELECT count(*) FROM journeys_passage WHERE ended_at IS NULL")[0][0]
    )
    assert rows("SELECT DISTINCT state FROM journeys_passage WHERE ended_at IS NULL") == [("waiting",)]


def test_nobody_wakes_while_somebody_takes_a_first_look(company: None) -> None:
    assert rows("SELECT count(*) FROM journeys_due WHERE due_at < '2026-11-22 10:30+00'") == [(0,)]
    assert rows("SELECT lane_key, due_at, person_id, passage_id FROM journeys_due ORDER BY 3, 4") == sorted(
        ((lane_key(p), at, p, pk) for p, at, pk in rows(
            "SELECT person_id, until, id FROM journeys_passage WHERE until IS NOT NULL")),
        key=lambda row: row[2:],
    )  # fmt: skip


def test_the_counts_of_each_step_are_what_the_passages_say(company: None) -> None:
    counted = rows("SELECT version_id, step, what, sum(n)::int FROM journeys_stepcount GROUP BY 1, 2, 3")
    want: Counter[tuple[int, str, str]] = Counter()
    for version, step, outcome, reason in rows(
        "SELECT p.version_id, l.step, l.outcome, l.reason FROM journeys_passagelog l "
        "JOIN journeys_passage p ON p.person_id = l.person_id AND p.id = l.passage_id"
    ):
        arms = JourneyVersion.objects.get(pk=version).graph["steps"][step].get("arms") or {}
        left = outcome in ("goal", "exit")
        want[version, step, "entered"] += 1
        want[version, step, "left" if left else "done"] += 1
        if len(arms) > 1 and not left:
            want[version, step, f"arm:{outcome}"] += 1
        if reason.startswith("refused:"):
            want[version, step, reason] += 1
    for version, step in rows("SELECT version_id, step FROM journeys_passage WHERE ended_at IS NULL"):
        want[version, step, "entered"] += 1
    # Of those who reached the goal, each way of a passage once
    for version, step, outcome, _person, _passage in rows(
        "SELECT DISTINCT p.version_id, l.step, l.outcome, p.person_id, p.id FROM journeys_passagelog l "
        "JOIN journeys_passage p ON p.person_id = l.person_id AND p.id = l.passage_id WHERE p.outcome = 'goal'"
    ):
        want[version, step, f"goal:{outcome}"] += 1
    assert {(v, s, w): n for v, s, w, n in counted} == dict(want)


def test_each_passage_walked_along_the_arrows_of_its_version(company: None) -> None:
    graphs = {v.pk: v.graph for v in JourneyVersion.objects.all()}
    ways: dict[tuple[int, int], list[tuple[str, str]]] = {}
    for person, passage, step, outcome in rows(
        "SELECT person_id, passage_id, step, outcome FROM journeys_passagelog ORDER BY 1, 2, hop"
    ):
        ways.setdefault((person, passage), []).append((step, outcome))
    for p in Passage.objects.all():
        graph, way = graphs[p.version_id], ways.get((p.person_id, p.id), [])
        at = graph["start"]
        for step, outcome in way:
            assert step == at
            node = graph["steps"][step]
            at = (node.get("arms") or {}).get(outcome) or node.get("next") or step
        assert p.hops == len(way)
        assert p.step == (way[-1][0] if p.ended_at else at)


@pytest.mark.parametrize(
    ("fact", "where"),
    [("entered", "true"), ("finished", "state = 'finished'"), ("exited", "state = 'exited'")],
)
def test_each_passage_is_on_the_timeline_and_in_the_counts_of_its_days(company: None, fact: str, where: str) -> None:
    column = "entered_at" if fact == "entered" else "ended_at"
    day = f"({column} AT TIME ZONE 'UTC')::date"
    passages = rows(
        f"SELECT journey_id, {day}, count(*) FROM journeys_passage WHERE {where} GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert passages == rows(
        f"SELECT (data->>'journey')::bigint, (at AT TIME ZONE 'UTC')::date, count(*) FROM timeline_fact "
        f"WHERE kind = 'journey.{fact}' GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert passages == rows(
        f"SELECT journey_id, day, sum(n)::int FROM journeys_daycount WHERE what = '{fact}' GROUP BY 1, 2 ORDER BY 1, 2"
    )


def test_each_mail_step_has_its_row_in_the_ledger_with_the_engines_key(company: None) -> None:
    sending = {
        (v.pk, key)
        for v in JourneyVersion.objects.all()
        for key, s in v.graph["steps"].items()
        if s["kind"] == "send_email"
    }
    want = sorted(
        f"journey:{person}.{passage}:{step}"
        for version, person, passage, step in rows(
            "SELECT p.version_id, p.person_id, p.id, l.step FROM journeys_passagelog l "
            "JOIN journeys_passage p ON p.person_id = l.person_id AND p.id = l.passage_id"
        )
        if (version, step) in sending
    )
    assert [
        key
        for (key,) in rows("SELECT key FROM messaging_message WHERE key LIKE 'journey:%' ORDER BY key COLLATE \"C\"")
    ] == want
    assert rows("SELECT count(*) FROM messaging_message WHERE subject LIKE '%{{%'") == [(0,)]


def test_tags_on_the_record_are_those_of_the_timeline(company: None) -> None:
    assert (
        rows(
            "SELECT c.id FROM people_contact c WHERE "
            "(SELECT array_agg(t::text ORDER BY t::text) FROM unnest(c.tags) t) IS DISTINCT FROM "
            "(SELECT array_agg(DISTINCT data->>'tag' ORDER BY data->>'tag') FROM timeline_fact f "
            "WHERE f.person_id = c.id AND kind = 'tag.added')"
        )
        == []
    )


def _digest() -> str:
    """Everything that matters of the history: ids of rows differ, what they say does not."""
    text = str(
        rows("SELECT email, name, stage, stage_at, tags, created_at FROM people_contact ORDER BY email")
        + rows("SELECT at, id, kind, split_part(actor, ':', 1) FROM timeline_fact ORDER BY at, id")
        + rows("SELECT name, amount, created_at, stage_at, won_at FROM sales_deal ORDER BY created_at, name")
        + rows("SELECT number, total, status, placed_at FROM sales_order ORDER BY number")
        + rows("SELECT id, subject, sent_at, opened_at FROM messaging_message ORDER BY id")
        + rows("SELECT id, step, state, entered_at, moved_at, until, outcome FROM journeys_passage ORDER BY id")
        + rows("SELECT visitor_id, views, last_seen_at FROM people_visitor ORDER BY 1")
    )
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_same_seed_gives_the_same_history(tmp_path) -> None:  # type: ignore[no-untyped-def]
    made = []
    with override_settings(MEDIA_ROOT=tmp_path), freeze(NOW):
        for _ in range(2):
            point = transaction.savepoint()
            seed.ensure(40, progress=lambda text: None)
            made.append(_digest())
            transaction.savepoint_rollback(point)
    assert made[0] == made[1]


def test_tickets_have_their_clocks_and_stand_on_the_timelines(company: None) -> None:
    assert rows("SELECT count(*) FROM service_ticket") == rows(
        "SELECT count(*) FROM timeline_fact WHERE kind = 'ticket.opened'"
    )
    assert (
        rows(
            "SELECT f.id FROM timeline_fact f WHERE data ? 'ticket' AND NOT EXISTS "
            "(SELECT 1 FROM service_ticket t WHERE t.id = (f.data->>'ticket')::bigint AND t.contact_id = f.person_id)"
        )
        == []
    )
    assert rows("SELECT count(*) > 2 FROM service_ticket WHERE status IN ('new', 'open', 'pending')") == [(True,)]
    assert rows("SELECT count(*) FROM service_ticket WHERE alarm_at <= '2026-11-22 09:30+00'") == [(0,)]
    assert rows("SELECT count(*) FROM service_ticket WHERE (solved_at IS NULL) = (status IN ('solved', 'closed'))") == [
        (0,)
    ]
