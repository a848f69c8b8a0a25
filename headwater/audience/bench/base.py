"""A database for the bench: people with companies, consent, scores, interests and their facts over 18 months."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random

from django.db import connection, transaction

from headwater.accounts import actions as accounts
from headwater.accounts.models import Workspace
from headwater.audience import actions
from headwater.audience.engine import building
from headwater.audience.models import PersonScore, ScoreModel, Segment, Topic
from headwater.core import clock
from headwater.people.actions.history import CompanySeed, ContactSeed, import_companies, import_contacts
from headwater.people.models import Company, Contact
from headwater.timeline import partitions
from headwater.timeline.actions import record_selected

from .definitions import COUNTRIES, INDUSTRIES, KINDS, PATHS, TAGS, TITLES, Condition, living

STAGES = ("lead", "mql", "sql", "opportunity", "customer", "evangelist")
CHUNK, DAYS = 10_000, 540
#: Reads tables and indexes, those without a month first, then the latest months, up to nine tenths of the memory
USED = """
WITH found AS (
    SELECT oid, pg_relation_size(oid) AS size,
           coalesce(substring(relname FROM '^timeline_fact_([0-9_]+)'), '~') AS month
    FROM pg_class WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace),
summed AS (SELECT oid, sum(size) OVER (ORDER BY month COLLATE "C" DESC, oid) AS upto FROM found)
SELECT sum(pg_prewarm(oid)) FROM summed WHERE upto < pg_size_bytes(current_setting('shared_buffers')) * 0.9
"""
Progress = Callable[[str], None]


def fill(
    contacts: int, events: int, progress: Progress, *, segments: Mapping[str, Condition] | None = None
) -> datetime:
    """Have so many people and facts, and living segments (key -> definition; the hundred of `living` where none are
    given); does what is missing. Returns the moment at which the database was begun: the bench's present."""
    mark = Workspace.objects.filter(pk=1).values_list("website", flat=True).first() or ""
    if not mark.startswith("bench:"):
        mark = f"bench:{clock.now().isoformat()}"
        accounts.change_workspace(actor="system", website=mark)
    now = datetime.fromisoformat(mark.removeprefix("bench:"))
    partitions.ensure(now - timedelta(days=DAYS + 31), now + timedelta(days=93))
    if not Company.objects.exists():
        count = max(10, contacts // 10)
        import_companies(
            [CompanySeed(f"Company {n}", f"c{n}.example", industry=INDUSTRIES[n % 10]) for n in range(count)]
        )
    firms = list(Company.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(Contact.objects.count(), contacts, CHUNK):
        _people(start, min(CHUNK, contacts - start), firms, now)
        if (start + CHUNK) % 100_000 < CHUNK:
            progress(f"{start + CHUNK} people")
    _facts(contacts, events, now, progress)
    actions.ensure_topics()
    if not PersonScore.objects.exists():
        progress("scores and interests")
        _scores(now)
        _vacuum()
    wanted = segments if segments is not None else {f"bench-{n}": one for n, one in enumerate(living())}
    if Segment.objects.filter(key__in=wanted).count() < len(wanted):
        _segments(wanted, now, progress)
        _vacuum()
    return now


def warm(progress: Progress) -> None:
    """Read into PostgreSQL's own memory what an installation that is at work has there: people and whatever is kept of
    them, and the latest months, as many as find room. (After a start the embedded server does so by itself.)"""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_prewarm'")
        if cursor.fetchone() is None:
            progress("pg_prewarm is missing: the figures hold the time of reading from the disk")
            return
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
        cursor.execute(USED)
        (pages,) = cursor.fetchone()
    progress(f"{pages * 8 // 1024} MiB in use are in memory")


def _vacuum() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


@transaction.atomic
def _people(start: int, count: int, firms: list[int], now: datetime) -> None:
    rng = Random(start)
    seeds = []
    for n in range(start, start + count):
        born = now - timedelta(days=rng.random() * DAYS)
        tags = tuple(t for k, t in enumerate(TAGS) if rng.random() < (0.3, 0.02, 0.1, 0.04, 0.05, 0.08, 0.03, 0.01)[k])
        seeds.append(
            ContactSeed(
                "Ann", f"Person {n}", f"Ann Person {n}", f"ann.{n}@c{n % len(firms)}.example", born,
                stage=rng.choices(STAGES, (60, 12, 8, 5, 14, 1))[0],
                job_title=rng.choice(TITLES), company_id=firms[n % len(firms)], city="Lima",
                country=rng.choices(COUNTRIES, range(36, 0, -2))[0], tags=tags, last_seen_at=born,
                consent=rng.choices(("granted", "withdrawn", ""), (6, 1, 3))[0],
            )
        )  # fmt: skip
    import_contacts(seeds)


def _facts(contacts: int, events: int, now: datetime, progress: Progress) -> None:
    """The history, a month at a time and in the order in which it happened, as a log lies on the disk. A month that
    has facts is done."""
    begun = now - timedelta(days=DAYS)
    low = begun
    while low < now:
        high = min(partitions.next_month(low), now)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM timeline_fact WHERE at >= %s AND at < %s)", [low, high])
            if not cursor.fetchone()[0]:
                cursor.execute("SET LOCAL work_mem = '256MB'")
                share = (high - low) / (now - begun)
                per = events / contacts * share
                made = record_selected(_month(), {"low": low, "length": high - low, "per": per, "pages": _pages()})
                progress(f"{made} facts of {low:%B %Y}")
        low = high


def _pages() -> list[str]:
    return [json.dumps({"path": p, "title": f"Page {p}", "url": f"https://shop.example{p}"}) for p in PATHS]


def _month() -> str:
    """Some people come often, many seldom: each has a weight of her own, drawn from her id."""
    kinds, until = "", 0.0
    for kind, share in KINDS:
        until += share
        kinds += f"WHEN r < {until:.4f} THEN '{kind}' "
    weight = "-ln(((hashint8extended(c.id, 7) & 8388607) + 0.5) / 8388608.0)"
    return f"""
        SELECT id, at, gen_random_uuid(), kind, CASE kind
          WHEN 'page.viewed' THEN (%(pages)s::jsonb[])[1 + floor({len(PATHS)} * power(random(), 1.5))::int]
          WHEN 'shop.bought' THEN jsonb_build_object('amount', 10 + floor(random() * 890)::int, 'item', 'Plan')
          ELSE jsonb_build_object('message', '1', 'template', floor(random() * 20)::int, 'subject', 'Store Notes',
                                  'name', 'Guide')
          END, 'visitor', at
        FROM (SELECT id, at, CASE {kinds}ELSE '{KINDS[0][0]}' END AS kind FROM (
          SELECT c.id, %(low)s::timestamptz + random() * %(length)s::interval AS at, random() AS r
          FROM people_contact c
          CROSS JOIN LATERAL generate_series(1, floor(%(per)s::float8 * {weight} + random())::int)) drawn ORDER BY at) f
    """


@transaction.atomic
def _scores(now: datetime) -> None:
    model = ScoreModel.objects.get(key="engagement").pk
    topics = list(Topic.objects.order_by("pk").values_list("pk", flat=True))

    def drawn(seed: int) -> str:
        return f"(mod(hashint8extended(c.id, {seed})::numeric + 9223372036854775808, 1000) / 1000.0)"

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_personscore (person_id, model_id, points, band, updated_at) SELECT id, %s, points, "
            "CASE WHEN points >= 60 THEN 'hot' WHEN points >= 20 THEN 'warm' ELSE 'cold' END, %s "
            f"FROM (SELECT c.id, (100 * power({drawn(1)}, 2))::int AS points FROM people_contact c "
            f"WHERE {drawn(2)} < 0.6) s",
            [model, now],
        )
        for topic in topics:
            cursor.execute(
                "INSERT INTO audience_interest (person_id, topic_id, weight, last_at) "
                f"SELECT c.id, %s, 1 + (9 * {drawn(10 + topic)})::int, %s FROM people_contact c "
                f"WHERE {drawn(50 + topic)} < 0.15",
                [topic, now],
            )


def _segments(wanted: Mapping[str, Condition], now: datetime, progress: Progress) -> None:
    there = set(Segment.objects.values_list("key", flat=True))
    for n, (key, definition) in enumerate(wanted.items()):
        if key not in there:
            actions.create_segment(key=key, name=f"Segment {n}", definition=definition, actor="system")
    with clock.freeze(now):
        while building.run_once():
            left = Segment.objects.filter(generation=0).count()
            if left % 10 == 0:
                progress(f"{len(wanted) - left} living segments")
