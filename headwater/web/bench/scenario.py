"""What the latency bench runs on: a company with living segments and journeys, and the traffic of its site."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, cycle

from django.db import connection

from headwater.audience.bench import base
from headwater.audience.bench.definitions import PATHS, living
from headwater.audience.engine import building
from headwater.audience.models import Segment
from headwater.capture.actions.sites import create_site
from headwater.capture.rules import visitor_id
from headwater.core import clock
from headwater.core.registry import loops
from headwater.journeys import actions as journeys
from headwater.journeys.models import Journey
from headwater.messaging.actions.templates import TemplateText, create_template
from headwater.people.actions.history import VisitorSeed, import_visitors
from headwater.people.models import Visitor

from .journeys import JOINED, MAIL, PLANS, Json, graph, page, subject

Progress = Callable[[str], None]
#: One event in so many makes a journey send a mail
MAIL_EVERY = 10
#: Facts that each person has behind her
PAST = 20
#: Events of one person in the ordinary traffic
VISITS = 3
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


@dataclass(frozen=True, slots=True)
class Shot:
    """One event: its request, and the mail it must cause as (address, number of the journey), or None."""

    request: bytes
    awaits: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    email: str
    points: int
    granted: bool
    inside: frozenset[str]


def prepare(contacts: int, segments: int, count: int, progress: Progress) -> None:
    """Have the people, their past and browsers, the segments and `count` journeys. What is there already stays."""
    base.fill(contacts, contacts * PAST, progress, segments=_segments(segments))
    known = set(Visitor.objects.values_list("person_id", flat=True))
    then = clock.now() - timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM people_contact ORDER BY id LIMIT %s", [contacts])
        new = [pk for (pk,) in cursor.fetchall() if pk not in known]
    import_visitors([VisitorSeed(visitor_id(_token(pk)), then, then, pk) for pk in new])
    ids = dict(Segment.objects.values_list("key", "pk"))
    for number, plan in enumerate(PLANS[:count]):
        if not Journey.objects.filter(name=f"Bench {number:02}").exists():
            mails = [
                create_template(name=words, says=TemplateText(subject=words, mjml=MAIL), actor="system").pk
                for words in (subject(number), f"Later {number:02}")
            ]
            made = journeys.create_journey(
                name=f"Bench {number:02}", actor="system", graph=graph(plan, mails[0], mails[1], ids)
            )
            journeys.publish(made.pk, actor="system")
    catch_up(progress)


def _segments(count: int) -> dict[str, Json]:
    """So many segments with their keys: those that journeys listen to, and a mix of everything else."""
    mix = {f"bench-{n}": definition for n, definition in enumerate(chain(*[living()] * (count // 100 + 1)))}
    return dict(list({**JOINED, **mix}.items())[: max(count, len(JOINED))])


def catch_up(progress: Progress) -> None:
    """Let every loop of the engine come to rest before the clock starts."""
    engine = sorted((loop for loop in loops if loop.thread == "engine"), key=lambda loop: loop.order)
    progress("letting reactions catch up")
    while sum(loop.run_once() for loop in engine) + building.run_once():
        pass
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def traffic(contacts: int, events: int, count: int, seed: int) -> tuple[str, list[Shot]]:
    """The site's key and so many events in a random order. Those who are to get a mail come once, for that."""
    rng = random.Random(seed)
    site = create_site(name=f"Bench {seed:x}", actor="system").public_key
    people = _people(contacts)
    rng.shuffle(people)
    shots = [
        Shot(request_of(site, person.id, _filled(PLANS[number].event or {}, person)), (person.email, number))
        for number, person in _chosen(people, events // MAIL_EVERY, count)
    ]
    taken = {shot.awaits[0] for shot in shots if shot.awaits}
    others = cycle([p for p in people if p.email not in taken][: max(1, (events - len(shots)) // VISITS)])
    while len(shots) < events:
        shots.append(Shot(request_of(site, next(others).id, _ordinary(rng)), None))
    rng.shuffle(shots)
    return site, shots


def _people(contacts: int) -> list[Person]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, c.email, coalesce(s.points, 0), EXISTS (SELECT 1 FROM people_consent k WHERE "
            "k.person_id = c.id AND k.channel = 'email' AND k.topic = '' AND k.state = 'granted'), ARRAY(SELECT g.key "
            "FROM audience_segmentmember m JOIN audience_segment g ON g.id = m.segment_id AND g.generation = "
            "m.generation WHERE m.person_id = c.id AND g.key = ANY(%s)) FROM people_contact c LEFT JOIN "
            "audience_personscore s ON s.person_id = c.id AND s.model_id = (SELECT id FROM audience_scoremodel "
            "WHERE key = 'engagement') ORDER BY c.id LIMIT %s",
            [list(JOINED), contacts],
        )
        return [Person(pk, email, points, ok, frozenset(keys)) for pk, email, points, ok, keys in cursor.fetchall()]


def _chosen(people: Sequence[Person], wanted: int, count: int) -> Iterator[tuple[int, Person]]:
    """(number of the journey, person): a mail for each, evenly over the journeys. Where nobody is left who can enter
    one (in a database used often), the first journey takes her."""
    free: dict[int, list[Person]] = defaultdict(list)
    numbers = [n for n, plan in enumerate(PLANS[:count]) if plan.event is not None]
    willing = [p for p in people if p.granted]
    for n in numbers:
        free[n] = [p for p in willing if _fits(PLANS[n].pool, p)]
    taken: set[int] = set()
    for number in (numbers * (wanted // len(numbers) + 1))[:wanted]:
        for n in (number, numbers[0]):
            while free[n] and free[n][-1].id in taken:
                free[n].pop()
            if free[n]:
                taken.add(free[n][-1].id)
                yield n, free[n].pop()
                break


def _fits(pool: str, person: Person) -> bool:
    kind, _, rest = pool.partition(":")
    if kind == "outside":
        return rest not in person.inside
    if kind == "points":
        least, most = map(int, rest.split(":"))
        return least <= person.points <= most
    return True


def _filled(event: Json, person: Person) -> Json:
    if event["type"] == "form":
        return {**event, "fields": {"email": person.email, "first_name": "Ann"}}
    return event


def _ordinary(rng: random.Random) -> Json:
    """Mostly pages, some reading and clicking, now and then a file."""
    kind = rng.choices(("page", "engaged", "click", "download"), (70, 18, 10, 2))[0]
    path = PATHS[int(rng.random() ** 1.5 * len(PATHS))]
    url = f"https://bench.example{path}"
    if kind == "page":
        return page(path)
    if kind == "engaged":
        return {"type": kind, "url": url, "seconds": rng.randrange(5, 200), "scroll": rng.randrange(100)}
    href = f"https://bench.example/files/guide-{rng.randrange(9)}.pdf"
    return {"type": kind, "url": url, "href": href, **({"text": "Read on"} if kind == "click" else {})}


def _token(person: int) -> str:
    return f"bench-browser-{person}"


def request_of(site: str, person: int, event: Json) -> bytes:
    """The request that the script on the site would send."""
    said = {"id": f"{random.getrandbits(120):030x}", "age": 12, **event}
    body = json.dumps({"site": site, "visitor": _token(person), "lang": "en", "tz": "Europe/London", "events": [said]})
    head = (
        f"POST /t HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain;charset=UTF-8\r\nAccept-Language: en\r\n"
        f"User-Agent: {AGENT}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body.encode()
