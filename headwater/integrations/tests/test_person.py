"""One person across all packages: erased without a trace, exported whole, merged and parted as if nothing had been."""

from __future__ import annotations

import json
import random
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from headwater.accounts.models import User
from headwater.audience import actions as audience
from headwater.audience.engine import building, runs
from headwater.audience.models import PersonScore, ScoreModel, SegmentMember, SegmentTally
from headwater.capture.models import FormSubmission
from headwater.core import clock
from headwater.core.lanes import lane_key
from headwater.core.setup import after_migrate
from headwater.journeys import actions as journeys
from headwater.journeys.models import Journey, JourneyVersion, Passage
from headwater.messaging.models import Message, Outbox, Suppression
from headwater.messaging.queries.gates import suppressed
from headwater.people import actions as people
from headwater.people import queries, rules
from headwater.people.models import Contact
from headwater.sales import actions as sales
from headwater.sales.models import Deal, LeadHandover
from headwater.teamwork import actions as teamwork
from headwater.teamwork.models import Task
from headwater.timeline import actions as timeline
from headwater.timeline import dispatch
from headwater.timeline.actions import Custom
from headwater.timeline.models import LaneLog, Parked

pytestmark = pytest.mark.django_db
KINDS = ("page.viewed", "pricing.asked", "asset.downloaded")


@pytest.fixture
def user() -> User:
    after_migrate()
    return User.objects.create_user(
        username="r@demo.example", email="r@demo.example", first_name="Rafael", role="sales", takes_leads=True
    )


def live_journey(reentry: str = "when_finished") -> Journey:
    journey = Journey.objects.create(name="Nurture", status="live")
    graph = {
        "entry": [], "reentry": {"rule": reentry}, "goal": None, "exits": [], "start": "wait",
        "steps": {"wait": {"kind": "wait", "settings": {"for": {"amount": 3, "unit": "days"}}, "next": None}},
    }  # fmt: skip
    version = JourneyVersion.objects.create(journey=journey, number=1, graph=graph, actor="system")
    Journey.objects.filter(pk=journey.pk).update(version=version)
    return journey


def listen() -> None:
    while dispatch.run_all():
        pass


def tables() -> dict[str, list[str]]:
    """Every table with a column that names a person or a visitor, from the database itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN pg_class k "
            "ON k.relname = c.table_name AND NOT k.relispartition AND k.relkind IN ('r', 'p') "
            "JOIN pg_namespace n ON n.oid = k.relnamespace AND n.nspname = c.table_schema "
            "WHERE c.table_schema = 'public' AND c.column_name IN ('person_id', 'contact_id')"
        )
        out: dict[str, list[str]] = {}
        for table, column in cursor.fetchall():
            out.setdefault(table, []).append(column)
        return out


def rows_of(*ids: int) -> dict[str, int]:
    """table -> how many rows name these people."""
    out = {}
    with connection.cursor() as cursor:
        for table, columns in tables().items():
            cursor.execute(
                f"SELECT count(*) FROM {table} WHERE " + " OR ".join(f"{c} = ANY(%s)" for c in columns),
                [list(ids)] * len(columns),
            )
            out[table] = cursor.fetchone()[0]
    return {table: n for table, n in sorted(out.items()) if n}


def live(name: str, email: str, user: User, journey: Journey, segment: Any, visitor: int) -> int:
    """A person of whom every package keeps something."""
    person = people.identify(
        [
            people.Identity(
                email=email, external_id=f"shop:{name}", visitor_id=visitor, how="form", source="form:1",
                fields={"name": name, "phone": "+491701234567", "city": "Berlin"},
            )
        ]
    )[0]  # fmt: skip
    now = clock.now()
    people.add_tags([person], ["vip"], actor="system")
    people.set_consent(person, "email", "granted", proof={"text": "yes"}, actor="system")
    timeline.record(person, Custom("pricing.asked", {"email": email}))
    timeline.record(person, Custom("later.on", {}), at=now + timedelta(days=3))
    timeline.record_anonymous([(visitor, now, uuid.uuid4(), "page.viewed", {"path": "/"})])
    audience.add_points([audience.Points(person, 70, "by hand", "user:1")])
    audience.pick_members(segment.pk, [person], side="in", actor="user:1")
    journeys.enter(journey.pk, [journeys.Entry(person, f"k{person}")], actor="user:1")
    FormSubmission.objects.create(
        person_id=person, at=now, id=uuid.uuid4(), form_id=1, data={"email": email}, visitor_id=visitor
    )
    Message.objects.create(
        person_id=person, id=uuid.uuid4(), key="welcome", template_id=1, version=1, purpose="marketing",
        actor="system", email=email, subject=f"Hello {name}", context={"name": name}, status="sent", queued_at=now,
        sent_at=now, opens=2, opened_at=now,
    )  # fmt: skip
    waiting = Message.objects.create(
        person_id=person, id=uuid.uuid4(), key="second", template_id=1, version=1, purpose="marketing",
        actor="system", email=email, subject="More", status="queued", queued_at=now,
    )  # fmt: skip
    Outbox.objects.create(
        lane_key=lane_key(person), rank=1, due_at=now + timedelta(days=1), person_id=person, message_id=waiting.id
    )
    sales.hand_over(
        [sales.HandOver(person_id=person, reason="asked", deal_name=f"{name}: shop", amount=None, key=f"h{person}")],
        actor="user:1",
    )
    teamwork.create_tasks(
        [
            teamwork.NewTask(
                person_id=person, title="Call her", kind="call", due_at=None, owner_id=user.pk, priority=1,
                key=f"t{person}",
            )
        ],
        actor="user:1",
    )  # fmt: skip
    teamwork.add_note("Likes tea", person_id=person, actor=f"user:{user.pk}")
    listen()
    timeline.record(person, Custom("pricing.asked", {}))  # nobody has heard this one yet
    Parked.objects.create(
        lane_key=lane_key(person), seq=1, consumer="x", person_id=person, kind="y", error="e", parked_at=now
    )
    return person


@pytest.fixture
def world(user: User) -> tuple[Journey, Any]:
    journey = live_journey()
    segment = audience.create_segment(name="Hot", definition={"tag": "vip"}, actor="system")
    building.run_all()
    segment.refresh_from_db()
    # points while a condition holds, and points that fade
    audience.create_rule(actor="system", name="VIP", points=7, condition={"tag": "vip"})
    audience.create_model(actor="system", name="Fading", key="fading", decay="half", decay_days=7, rollup="sum")
    audience.create_rule(actor="system", name="Asked", points=32, kind="pricing.asked", model="fading")
    while runs.run_once():
        pass
    return journey, segment


def test_erasing_leaves_nothing_but_numbers_and_a_hash(user: User, world: tuple[Journey, Any]) -> None:
    person = live("Amelia Stone", "amelia@x.example", user, *world, visitor=77)
    other = live("Wei Chen", "wei@y.example", user, *world, visitor=78)
    before = rows_of(other)
    assert len(rows_of(person)) >= 22
    assert people.erase_people([person], reason="She asked", actor="user:1") == [person]
    assert rows_of(other) == before
    listen()
    assert rows_of(person) == {}
    with connection.cursor() as cursor:  # nor her name or address, in any text of any table
        cursor.execute(
            "SELECT k.oid::regclass::text FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace "
            "WHERE n.nspname = 'public' AND k.relkind = 'r'"
        )
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE to_jsonb(t)::text ~* %s", ["amelia"])
            if cursor.fetchone()[0]:
                found.append(table)
        assert found == []
    ledger = Message.objects.filter(person_id=0).order_by("status")
    assert [(m.status, m.reason, m.opens, m.email, m.subject, m.context) for m in ledger] == [
        ("refused", "erased", 0, "", "", {}), ("sent", "", 2, "", "", {}),
    ]  # fmt: skip
    assert Deal.objects.get(contact=None).name == "Deal of an erased contact"
    assert [s.reason for s in Suppression.objects.all()] == ["erased", "erased"]  # her address and her number
    again = people.identify([people.Identity(email="Amelia@x.example")])[0]
    assert again != person
    assert suppressed(["amelia@x.example"]) == {"amelia@x.example": "erased"}
    tally = SegmentTally.objects.filter(segment_id=world[1].pk)
    assert sum(t.members for t in tally) == SegmentMember.objects.filter(segment_id=world[1].pk).count() == 1


def test_everything_about_a_person_can_be_handed_out(user: User, world: tuple[Journey, Any]) -> None:
    person = live("Amelia Stone", "amelia@x.example", user, *world, visitor=77)
    out = json.loads(json.dumps(people.export_person(person), default=str))
    assert (out["person"], out["name"]) == (person, "Amelia Stone")
    assert out["people_contact"][0]["email"] == "amelia@x.example"
    assert [row["body"] for row in out["teamwork_note"]] == ["Likes tea"]
    internal = {"people_bulkitem", "people_merge", "people_alike", "audience_segmentretest", "journeys_due"}
    internal |= {"audience_companyturn", "journeys_outdue", "messaging_outbox", "timeline_lanelog", "timeline_parked"}
    assert set(rows_of(person)) - internal - set(out) == set()
    with pytest.raises(Contact.DoesNotExist):
        people.export_person(999999)


#: Tables whose rows a merge and its undo may leave different: the queue, and what says that both happened
PASSING = {"timeline_lanelog", "people_merge", "audience_companyturn"}


def whole(*ids: int) -> dict[str, list[str]]:
    """Every row of these people in every table, as text; facts about merges left out."""
    out = {}
    columns = tables() | {"people_contact": ["id"]}
    with connection.cursor() as cursor:
        for table, names in columns.items():
            if table in PASSING:
                continue
            cursor.execute(
                f"SELECT (to_jsonb(t) - 'merge')::text FROM {table} t WHERE "
                + " OR ".join(f"{c} = ANY(%s)" for c in names),
                [list(ids)] * len(names),
            )
            rows = [json.loads(row) for (row,) in cursor.fetchall()]
            rows = [r for r in rows if r.get("kind") not in ("contact.merged", "contact.parted")]
            out[table] = sorted(json.dumps(r, sort_keys=True) for r in rows)
    return {table: rows for table, rows in sorted(out.items()) if rows}


def unheard() -> list[tuple[int, int, int]]:
    return sorted(LaneLog.objects.filter(kind="pricing.asked").values_list("lane_key", "seq", "person_id"))


def test_merged_and_parted_is_as_if_nothing_had_been(user: User, world: tuple[Journey, Any]) -> None:
    one = live("Amelia Stone", "amelia@x.example", user, *world, visitor=77)
    two = live("Amy Stone", "amy@x.example", user, *world, visitor=78)
    before, queue = whole(one, two), unheard()
    merge = people.merge_contacts(one, two, actor="user:1")
    assert {t: n for t, n in rows_of(two).items() if t not in ("people_bulkitem",)} == {}
    assert queries.survivors([two, one]) == {two: one}
    assert Passage.objects.filter(person_id=one, state="waiting").count() == 1
    assert Passage.objects.get(person_id=one, state="exited").outcome == "exit:merged"
    assert LeadHandover.objects.filter(contact_id=one, status="open").count() == 1
    living = ScoreModel.objects.get(key="engagement").living
    assert PersonScore.objects.get(person_id=one, model_id=living).points == 147
    assert sorted(Message.objects.filter(person_id=one).values_list("key", flat=True)) == sorted(
        ["welcome", "second", f"welcome~m{merge.pk}", f"second~m{merge.pk}"]
    )
    assert people.unmerge(merge.pk, actor="user:1") == (one, two)
    assert whole(one, two) == before
    assert unheard() == queue
    assert queries.survivors([two]) == {}
    with pytest.raises(rules.Invalid):
        people.unmerge(merge.pk, actor="user:1")


def test_what_came_since_goes_to_whom_it_came_by(user: User, world: tuple[Journey, Any]) -> None:
    one = live("Amelia Stone", "amelia@x.example", user, *world, visitor=77)
    two = live("Amy Stone", "amy@x.example", user, *world, visitor=78)
    merge = people.merge_contacts(one, two, actor="user:1")
    listen()
    assert people.identify([people.Identity(email="amy@x.example", person_id=None)]) == {0: one}
    assert people.identify([people.Identity(person_id=two)]) == {0: one}
    hers = timeline.record(one, Custom("pricing.asked", {"email": "Amy@x.example", "n": 1}))
    mine = timeline.record(one, Custom("pricing.asked", {"email": "amelia@x.example", "n": 2}))
    mail = Message.objects.get(person_id=one, key=f"welcome~m{merge.pk}")
    clicked = timeline.record(one, Custom("mail.clicked", {"message": str(mail.id), "template": 1, "subject": "x"}))
    people.add_tags([one], ["since"], actor="user:1")
    people.set_consent(one, "email", "withdrawn", actor="user:1")
    people.update_contact(one, job_title="Head of IT", actor="user:1")
    done = Task.objects.get(contact_id=one, key=f"t{two}")
    Task.objects.filter(pk=done.pk).update(done_at=clock.now())
    listen()
    people.unmerge(merge.pk, actor="user:1")
    listen()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, person_id FROM timeline_fact WHERE id = ANY(%s)", [[hers, mine, clicked]])
        assert dict(cursor.fetchall()) == {hers: two, mine: one, clicked: two}
    a, b = Contact.objects.get(pk=one), Contact.objects.get(pk=two)
    assert (a.tags, a.job_title, a.name) == (["vip", "since"], "Head of IT", "Amelia Stone")
    assert (b.tags, b.job_title, b.name, b.email) == (["vip"], "", "Amy Stone", "amy@x.example")
    assert queries.consent_states([one, two], "email") == {one: "withdrawn", two: "withdrawn"}
    done.refresh_from_db()
    assert (done.contact_id, done.done_at is not None) == (two, True)


def random_history(rng: random.Random, person: int, segment: Any, journey: Journey) -> None:
    for _ in range(rng.randrange(6)):
        what = rng.randrange(8)
        at = clock.now() - timedelta(minutes=rng.randrange(1, 90_000))
        if what == 0:
            people.add_tags([person], [rng.choice(["vip", "new", "old"])], actor="system")
        elif what == 1:
            people.set_consent(
                person, rng.choice(["email", "sms"]), rng.choice(["granted", "withdrawn", "pending"]),
                topic=rng.choice(["", "news"]), at=at, actor="system",
            )  # fmt: skip
        elif what == 2:
            timeline.record(person, Custom(rng.choice(KINDS), {"path": "/", "asset": 1, "name": "x"}), at=at)
        elif what == 3:
            audience.add_points([audience.Points(person, rng.randrange(-20, 60), "x", "user:1")])
        elif what == 4:
            audience.pick_members(segment.pk, [person], side=rng.choice(["in", "out", ""]), actor="user:1")
        elif what == 5:
            people.set_stage([person], rng.choice(["mql", "sql", "customer"]), reason="", actor="system")
        elif what == 6:
            city, custom = rng.choice(["", "Seoul", "Berlin"]), {"a": rng.choice([1, 2])}
            people.update_contact(person, city=city, custom=custom, actor="x")
        else:
            journeys.enter(journey.pk, [journeys.Entry(person, f"k{rng.randrange(3)}")], actor="user:1")
        if rng.random() < 0.4:
            listen()


@pytest.mark.parametrize("seed", range(12))
def test_random_histories_come_back_after_merging_and_parting(
    user: User, world: tuple[Journey, Any], seed: int
) -> None:
    rng = random.Random(seed)
    journey, segment = world
    trio = [
        people.identify([people.Identity(email=f"p{n}@x.example", visitor_id=90 + n, fields={"name": f"P {n}"})])[0]
        for n in range(3)
    ]
    for person in trio:
        random_history(rng, person, segment, journey)
    if rng.random() < 0.5:
        listen()
    before = whole(*trio)
    tally = sum(SegmentTally.objects.values_list("members", flat=True))
    order = rng.sample(trio, 3)
    first = people.merge_contacts(order[1], order[2], actor="user:1")
    second = people.merge_contacts(order[0], order[1], actor="user:1")
    assert set(rows_of(*order[1:])) <= {"people_bulkitem"}
    if rng.random() < 0.5:
        listen()
        people.unmerge(second.pk, actor="user:1")
        people.unmerge(first.pk, actor="user:1")
        listen()
        assert {c.pk for c in Contact.objects.all()} == set(trio)
    else:
        people.unmerge(second.pk, actor="user:1")
        people.unmerge(first.pk, actor="user:1")
        assert whole(*trio) == before
        assert sum(SegmentTally.objects.values_list("members", flat=True)) == tally
