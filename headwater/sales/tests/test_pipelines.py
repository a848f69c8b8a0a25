"""Pipelines and their stages: changed by administrators, never at the cost of a deal."""

from __future__ import annotations

import contextlib
import json
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from headwater.accounts.models import AuditEntry, User
from headwater.people.models import Contact
from headwater.sales import actions, queries
from headwater.sales.actions import Refused
from headwater.sales.actions.archive import empty_archived
from headwater.sales.models import Deal, DealStageChange, Pipeline, PipelineStage
from headwater.timeline import queries as timeline

pytestmark = pytest.mark.django_db


@pytest.fixture
def sales(db: None) -> Pipeline:
    return actions.ensure_pipeline()


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada@desk.example", "ada@desk.example", "x", first_name="Ada", role="admin")


@pytest.fixture
def page(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def names(pipeline: Pipeline) -> list[str]:
    found = queries.pipeline(pipeline.pk)
    assert found is not None
    return [s.name for s in found.stages.all()]


def stage(name: str) -> PipelineStage:
    return PipelineStage.objects.get(name=name, archived_at=None)


def test_a_new_stage_comes_after_the_open_ones_and_before_won(sales: Pipeline) -> None:
    made = actions.add_stage(sales.pk, name="  Legal   check ", probability=90, rot_days=5, actor="user:1")
    assert names(sales) == ["Lead", "Qualified", "Proposal", "Negotiation", "Legal check", "Won", "Lost"]
    assert (made.kind, made.probability, made.rot_days, made.hue) == ("open", 90, 5, 265)
    entry = AuditEntry.objects.get(action="stage.created")
    assert entry.after == {"name": "Legal check", "probability": 90, "rot_days": 5, "hue": 265}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "Lead"}, "name"),
        ({"probability": 101}, "probability"),
        ({"probability": -1}, "probability"),
        ({"probability": True}, "probability"),
        ({"rot_days": 4000}, "rot_days"),
        ({"kind": "won"}, ""),
    ],
)
def test_a_change_that_cannot_be_is_refused_at_its_field(sales: Pipeline, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        actions.update_stage(stage("Proposal").pk, actor="user:1", **changes)
    assert refused.value.field == field
    assert AuditEntry.objects.count() == 0


def test_won_keeps_its_probability_but_not_its_name(sales: Pipeline) -> None:
    actions.update_stage(stage("Won").pk, actor="user:1", name="Signed")
    assert (stage("Signed").kind, stage("Signed").probability) == ("won", 100)
    with pytest.raises(Refused):
        actions.update_stage(stage("Signed").pk, actor="user:1", probability=90)


def test_open_stages_change_places_and_won_and_lost_stay_last(sales: Pipeline) -> None:
    ids = [stage(n).pk for n in ("Proposal", "Lead", "Negotiation", "Qualified")]
    actions.order_stages(sales.pk, ids, actor="user:1")
    assert names(sales) == ["Proposal", "Lead", "Negotiation", "Qualified", "Won", "Lost"]
    for wrong in (ids[:3], [*ids, ids[0]], [*ids[:3], stage("Won").pk]):
        with pytest.raises(Refused):
            actions.order_stages(sales.pk, wrong, actor="user:1")
    assert AuditEntry.objects.filter(action="stages.ordered").count() == 1


def test_deals_of_an_archived_stage_move_and_say_so(sales: Pipeline, ana: Contact) -> None:
    into, old = stage("Qualified"), stage("Proposal")
    there = actions.create_deal(actor="user:1", name="There", stage_id=into.pk)
    with_person = actions.create_deal(actor="user:1", name="One", person_id=ana.pk, stage_id=old.pk)
    alone = actions.create_deal(actor="user:1", name="Two", stage_id=old.pk)
    assert actions.archive_stage(old.pk, into_id=into.pk, actor="user:7") == 2
    assert names(sales) == ["Lead", "Qualified", "Negotiation", "Won", "Lost"]
    column = Deal.objects.filter(stage=into).order_by("position", "pk")
    assert list(column.values_list("pk", "version")) == [(there, 1), (alone, 2), (with_person, 2)]
    assert list(DealStageChange.objects.filter(before=old).values_list("deal_id", "after_id", "actor")) == [
        (alone, into.pk, "user:7"),
        (with_person, into.pk, "user:7"),
    ]
    told = [e for e in timeline.read(ana.pk) if e.kind == "deal.moved"]
    assert [(e.data["before"], e.data["after"], e.actor) for e in told] == [("Proposal", "Qualified", "user:7")]
    assert actions.add_stage(sales.pk, name="Proposal", probability=50, actor="user:1").pk != old.pk


def test_a_stage_is_archived_only_with_a_target_that_takes_deals(sales: Pipeline) -> None:
    other = actions.create_pipeline(name="Renewals", actor="user:1")
    foreign = PipelineStage.objects.get(pipeline=other, name="Lead")
    lead = PipelineStage.objects.get(pipeline=sales, name="Lead")
    won = PipelineStage.objects.get(pipeline=sales, name="Won")
    for target in (lead.pk, foreign.pk, won.pk, 10**9):
        with pytest.raises(Refused) as refused:
            actions.archive_stage(lead.pk, into_id=target, actor="user:1")
        assert refused.value.field == "into"
    with pytest.raises(Refused):
        actions.archive_stage(won.pk, into_id=lead.pk, actor="user:1")


def test_no_deal_enters_an_archived_stage(sales: Pipeline) -> None:
    old = stage("Proposal")
    deal = actions.create_deal(actor="user:1", name="One", stage_id=stage("Lead").pk)
    actions.archive_stage(old.pk, into_id=stage("Lead").pk, actor="user:1")
    with pytest.raises(ValueError, match="no longer used"):
        actions.move_deal(deal, old.pk, version=None, actor="user:1")
    with pytest.raises(ValueError, match="no longer used"):
        actions.create_deal(actor="user:1", name="Two", stage_id=old.pk)


def test_the_worker_empties_what_a_killed_archiving_left(sales: Pipeline) -> None:
    old, into = stage("Proposal"), stage("Lead")
    deal = actions.create_deal(actor="user:1", name="Left", stage_id=old.pk)
    PipelineStage.objects.filter(pk=old.pk).update(archived_at="2026-01-01T00:00Z", successor=into)
    assert empty_archived() == 1
    assert Deal.objects.get(pk=deal).stage_id == into.pk
    assert empty_archived() == 0


def test_successors_of_successors_lead_to_a_stage_in_use(sales: Pipeline) -> None:
    first, second, last = stage("Proposal"), stage("Negotiation"), stage("Lead")
    actions.archive_stage(first.pk, into_id=second.pk, actor="user:1")
    actions.archive_stage(second.pk, into_id=last.pk, actor="user:1")
    assert PipelineStage.objects.get(pk=first.pk).successor_id == last.pk


def test_a_pipeline_goes_only_when_it_is_empty_and_not_the_last(sales: Pipeline) -> None:
    with pytest.raises(Refused, match="only pipeline"):
        actions.delete_pipeline(sales.pk, actor="user:1")
    other = actions.create_pipeline(name="Renewals", actor="user:1")
    actions.create_deal(actor="user:1", name="One", stage_id=PipelineStage.objects.get(pipeline=sales, name="Lead").pk)
    with pytest.raises(Refused, match="holds deals"):
        actions.delete_pipeline(sales.pk, actor="user:1")
    actions.delete_pipeline(other.pk, actor="user:1")
    assert list(Pipeline.objects.values_list("name", flat=True)) == ["Sales"]
    with pytest.raises(Refused, match="of this name"):
        actions.create_pipeline(name="sales", actor="user:1")


@pytest.mark.django_db(transaction=True)
def test_a_deal_that_is_created_while_its_stage_is_archived_ends_in_a_stage_in_use() -> None:
    sales = actions.ensure_pipeline()
    old, into = stage("Proposal"), stage("Lead")
    start = threading.Barrier(5)

    def create() -> None:
        start.wait()
        for n in range(10):
            with contextlib.suppress(ValueError):
                actions.create_deal(actor="user:1", name=f"Deal {n}", stage_id=old.pk)
        connection.close()

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    start.wait()
    actions.archive_stage(old.pk, into_id=into.pk, actor="user:1")
    for thread in threads:
        thread.join()
    assert Deal.objects.filter(stage=old).count() == 0
    assert Deal.objects.filter(stage=into).count() == Deal.objects.count()
    assert names(sales) == ["Lead", "Qualified", "Negotiation", "Won", "Lost"]


# -- pages and API ---------------------------------------------------------------------------------------------------
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


def test_only_administrators_change_pipelines(page: Client, rafael: User, sales: Pipeline) -> None:
    url = reverse("sales:pipeline", args=[sales.pk])
    assert page.get(url).status_code == 200
    other = Client()
    other.force_login(rafael)
    assert other.get(url).status_code == 403
    assert other.post("/api/v1/workspace/pipelines", {"name": "X"}, content_type="application/json").status_code == 403


def test_stages_are_added_changed_ordered_and_archived_in_dialogs(page: Client, sales: Pipeline) -> None:
    new = reverse("sales:new_stage", args=[sales.pk])
    done = page.post(new, {"name": "Pilot", "probability": "60", "rot_days": "21"}, headers=PARTIAL)
    assert (done.status_code, done.headers["HX-Redirect"]) == (204, f"/settings/pipelines/{sales.pk}/")
    wrong = page.post(new, {"name": "Pilot", "probability": "600", "rot_days": ""}, headers=PARTIAL)
    assert wrong.status_code == 422
    assert "Ensure this value is less than or equal to 100." in wrong.content.decode()
    twice = page.post(new, {"name": "Pilot", "probability": "60", "rot_days": "0"}, headers=PARTIAL)
    assert "The pipeline has a stage of this name already." in twice.content.decode()
    up = reverse("sales:order_stages", args=[sales.pk])
    moved = page.post(up, {"stage": stage("Pilot").pk, "by": "-1"}, headers=PARTIAL)
    assert moved.status_code == 200
    assert names(sales) == ["Lead", "Qualified", "Proposal", "Pilot", "Negotiation", "Won", "Lost"]
    assert page.post(up, {"stages": "1,2"}, headers=PARTIAL).status_code == 409
    archive = reverse("sales:archive_stage", args=[stage("Pilot").pk])
    assert "0 deals stand in Pilot." in page.get(archive, headers=PARTIAL).content.decode()
    assert page.post(archive, {"into": ""}, headers=PARTIAL).status_code == 422
    assert page.post(archive, {"into": stage("Lead").pk}, headers=PARTIAL).status_code == 204
    assert page.get(archive).status_code == 404


def test_stages_we_named_are_read_in_ones_own_language(page: Client, sales: Pipeline) -> None:
    actions.update_stage(stage("Proposal").pk, actor="user:1", name="Angebot")
    page.cookies["django_language"] = "ko"
    body = page.get(reverse("sales:board")).content.decode()
    assert '<bdi class="truncate">협상</bdi>' in body
    assert '<bdi class="truncate">Angebot</bdi>' in body


def test_the_api_does_what_the_pages_do(page: Client, sales: Pipeline) -> None:
    def call(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = page.generic(method, f"/api/v1{path}", json.dumps(body), "application/json")
        return answer.status_code, answer.json() if answer.content else None

    status, made = call("POST", "/workspace/pipelines", {"name": "Renewals"})
    assert (status, [s["name"] for s in made["stages"]][:2]) == (201, ["Lead", "Qualified"])
    pk = made["id"]
    status, added = call("POST", f"/workspace/pipelines/{pk}/stages", {"name": "Pilot", "probability": 60})
    assert (status, added["name"], added["rot_days"]) == (201, "Pilot", 0)
    assert call("PATCH", f"/workspace/stages/{added['id']}", {"probability": 65})[1]["probability"] == 65
    assert call("PATCH", f"/workspace/stages/{added['id']}", {"probability": 165})[0] == 422
    ids = [s["id"] for s in made["stages"][:4]]
    status, ordered = call("PUT", f"/workspace/pipelines/{pk}/order", {"stage_ids": [added["id"], *ids]})
    assert [s["name"] for s in ordered["stages"]][:2] == ["Pilot", "Lead"]
    assert call("POST", f"/workspace/stages/{added['id']}/archive", {"into": ids[0]}) == (200, {"moved": 0})
    assert call("POST", f"/workspace/stages/{added['id']}/archive", {"into": ids[0]})[0] == 404
    assert call("DELETE", f"/workspace/pipelines/{pk}")[0] == 204
    assert call("PATCH", "/workspace/pipelines/999", {"name": "X"})[0] == 404
