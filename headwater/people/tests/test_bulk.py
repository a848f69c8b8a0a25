"""Changes of many people: the whole list, progress, undo that puts back exactly what was, kills in between."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.core import clock
from headwater.people import actions, queries
from headwater.people.actions import jobs
from headwater.people.models import BulkItem, BulkJob, BulkPart, Consent, Contact
from headwater.people.queries import Listing

pytestmark = pytest.mark.django_db
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def user() -> User:
    return User.objects.create_user(username="m@demo.example", email="m@demo.example", first_name="Maria")


@pytest.fixture
def page(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def people(n: int, **fields: Any) -> list[int]:
    return [
        actions.create_contact(actor="system", name=f"P{i}", email=f"p{i}@x.example", **fields).pk for i in range(n)
    ]


def finish() -> None:
    while jobs.run_once():
        pass


def tags_of(ids: list[int]) -> list[list[str]]:
    found = dict(Contact.objects.values_list("pk", "tags"))
    return [found[p] for p in ids if p in found]


def test_a_whole_list_is_changed_in_batches_and_put_back_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BATCH", 3)
    ids = people(8)
    other = actions.create_contact(actor="system", name="Other").pk
    actions.add_tags(ids[:2], ["vip", "old"], actor="system")
    actions.set_stage([other], "customer", reason="", actor="system")
    job = actions.start_bulk(
        "tag", given={"tags": "vip, new"}, actor="user:1", listing=Listing(filters=(("stage", "lead"),))
    )
    assert (job.state, job.total) == ("gathering", 0)
    assert jobs.run_once() == 1
    late = actions.create_contact(actor="system", name="Came later").pk
    assert jobs.run_once() == 3
    job.refresh_from_db()
    assert (job.state, job.total, job.done, job.percent) == ("running", 8, 3, 37)
    finish()
    job.refresh_from_db()
    assert (job.state, job.done, job.changed, job.refused) == ("done", 8, 8, {})
    assert tags_of(ids) == [["vip", "old", "new"]] * 2 + [["vip", "new"]] * 6
    assert tags_of([other, late]) == [[], []]

    actions.remove_tags([ids[2]], ["new"], actor="user:2")  # changed since: stays
    actions.add_tags([ids[3]], ["extra"], actor="user:2")  # another tag: no hindrance, and it stays
    Contact.objects.filter(pk=ids[4]).delete()
    assert actions.undo_bulk(job.pk, actor="user:1")
    assert not actions.undo_bulk(job.pk, actor="user:1")
    finish()
    job.refresh_from_db()
    assert (job.state, job.undo_done, job.restored) == ("undone", 8, 6)
    assert job.skipped == {"changed since": 1, "not there any more": 1}
    assert tags_of([*ids[:4], *ids[5:]]) == [["vip", "old"], ["vip", "old"], ["vip"], ["extra"], [], [], []]


def test_owner_stage_and_consent_come_back_with_their_times_and_proofs(user: User) -> None:
    ids = people(3)
    actions.set_owner(ids[:1], user.pk, reason="", actor="system")
    actions.set_stage(ids[:1], "customer", reason="", actor="system")
    long_ago = clock.now() - timedelta(days=40)
    actions.set_consent(ids[0], "email", "granted", proof={"text": "yes"}, at=long_ago, actor="system")
    actions.set_consent(ids[1], "email", "withdrawn", proof={"text": "no"}, at=long_ago, actor="system")
    since = dict(Contact.objects.values_list("pk", "stage_at"))

    def consents() -> list[Any]:
        return list(Consent.objects.order_by("person_id").values_list("person_id", "state", "at", "proof"))

    before = consents()
    for action, given, changed in (
        ("owner", {"owner": ""}, 1),
        ("stage", {"stage": "evangelist"}, 3),
        ("withdraw", {"channel": "email", "text": "by letter"}, 2),
    ):
        job = actions.start_bulk(action, given=given, actor="user:1", person_ids=ids)
        finish()
        job.refresh_from_db()
        assert (action, job.state, job.changed) == (action, "done", changed)
    assert [state for _, state, _, _ in consents()] == ["withdrawn"] * 3
    for job in BulkJob.objects.all():
        assert actions.undo_bulk(job.pk, actor="user:1")
    finish()
    assert consents() == before
    assert dict(Contact.objects.values_list("pk", "stage_at")) == since
    assert list(Contact.objects.order_by("pk").values_list("stage", "owner_id")) == [
        ("customer", user.pk), ("lead", None), ("lead", None),
    ]  # fmt: skip
    assert queries.consent_states(ids, "email") == {ids[0]: "granted", ids[1]: "withdrawn"}


def test_an_export_has_everybody_once_and_no_formulas() -> None:
    ids = people(3, phone="+491701234567", city="=1+1")
    job = actions.start_bulk("export", given={}, actor="user:1", listing=Listing())
    finish()
    text = "".join(BulkPart.objects.filter(job=job).order_by("number").values_list("text", flat=True))
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [(r["id"], r["email"], r["phone"], r["city"]) for r in rows] == [
        (str(p), f"p{n}@x.example", "+491701234567", "'=1+1") for n, p in enumerate(ids)
    ]


def test_a_kill_between_two_statements_leaves_a_batch_whole_or_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BATCH", 2)
    ids = people(4)
    job = actions.start_bulk("tag", given={"tags": "x"}, actor="user:1", person_ids=ids)
    assert jobs.run_once() == 2

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as m:
        m.setattr(jobs, "_mark", die)
        with pytest.raises(KeyboardInterrupt):
            jobs.run_once()
    assert sorted(tags_of(ids)) == [[], [], ["x"], ["x"]]
    finish()
    job.refresh_from_db()
    assert (job.state, job.done, job.changed) == ("done", 4, 4)
    assert tags_of(ids) == [["x"]] * 4


def test_what_cannot_be_done_ends_with_its_reason_and_a_stop_keeps_what_is_done(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH", 1)
    ids = people(3)
    job = actions.start_bulk("owner", given={"owner": str(user.pk)}, actor="user:1", person_ids=ids)
    assert jobs.run_once() == 1
    User.objects.filter(pk=user.pk).update(is_active=False)
    jobs.run_once()
    job.refresh_from_db()
    assert (job.state, job.error, job.changed) == ("failed", "There is no such user.", 1)
    assert actions.undo_bulk(job.pk, actor="user:1")
    finish()
    assert Contact.objects.filter(owner=user).count() == 0
    stopped = actions.start_bulk("tag", given={"tags": "x"}, actor="user:1", person_ids=ids)
    jobs.run_once()
    assert actions.stop_bulk(stopped.pk, actor="user:1")
    assert jobs.run_once() == 0
    assert sorted(tags_of(ids)) == [[], [], ["x"]]


def test_old_changes_and_files_are_let_go() -> None:
    ids = people(2)
    for action in ("tag", "export"):
        actions.start_bulk(action, given={"tags": "x"}, actor="user:1", person_ids=ids)
    finish()
    assert jobs.forget_old() == 0
    BulkJob.objects.update(created_at=clock.now() - timedelta(days=8))
    assert jobs.forget_old() == 2
    assert BulkJob.objects.count() == 2
    BulkJob.objects.update(created_at=clock.now() - timedelta(days=31))
    assert jobs.forget_old() == 2
    assert (BulkJob.objects.count(), BulkItem.objects.count()) == (0, 0)


def test_the_bar_asks_changes_shows_and_undoes(page: Client) -> None:
    ids = people(3)
    asked = page.post("/people/bulk/withdraw/", {"all": "1", "in": "q=p1", "next": "/people/?q=p1"}, headers=PARTIAL)
    assert "1 person" in asked.content.decode()
    done = page.post(
        "/people/bulk/", {"action": "tag", "tags": "x", "all": "1", "in": "", "next": "/people/"}, headers=PARTIAL
    )
    assert (done.status_code, done["HX-Redirect"]) == (204, "/people/")
    assert tags_of(ids) == [["x"]] * 3
    job = BulkJob.objects.get()
    assert "Tag x" in page.get("/people/changes/").content.decode()
    page.post(f"/people/changes/{job.pk}/undo/")
    assert tags_of(ids) == [[]] * 3
    bad = page.post("/people/bulk/", {"action": "withdraw", "channel": "pigeon", "ids": str(ids[0])}, headers=PARTIAL)
    assert bad.status_code == 422
    assert "There is no such channel." in bad.content.decode()
    assert page.post("/people/bulk/nothing/").status_code == 404
    to = page.post("/people/bulk/", {"action": "export", "ids": ",".join(map(str, ids)), "next": "/people/?q=p"})
    job = BulkJob.objects.latest("pk")
    assert to["Location"] == f"/people/?q=p&job={job.pk}"
    assert f"/people/changes/{job.pk}/" in page.get(to["Location"]).content.decode()
    line = page.get(f"/people/changes/{job.pk}/", headers=PARTIAL).content.decode()
    assert "3 people in the file" in line
    assert len(b"".join(page.get(f"/people/changes/{job.pk}/people.csv")).splitlines()) == 4  # type: ignore[arg-type]
    assert page.get("/people/changes/99999/").status_code == 404
