"""Companies in the order of their scores, and those of one band, on the page and over the API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.audience import actions
from headwater.audience.engine import companies as rolling
from headwater.people.actions import companies

from .helpers import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client) -> Client:
    client.force_login(User.objects.create_user("a@x.example", "a@x.example", "pw", role="admin"))
    return client


@pytest.fixture(autouse=True)
def _firms() -> None:
    for name, points in (("Alder", 10), ("Birch", 70), ("Cedar", 0), ("Dogwood", 25), ("Elder", -5)):
        firm = companies.create_company(actor="t", name=name)
        one = person(company_id=firm.pk)
        if points:
            actions.add_points([actions.Points(one, points, "x", "t")])
    while rolling.roll_up():
        pass


def names(client: Client, path: str) -> tuple[list[str], str]:
    said = json.loads(client.get(f"/api/v1{path}").content)
    return [c["name"] for c in said["items"]], said["next"]


def test_companies_come_by_their_score_those_without_one_last(page: Client) -> None:
    first, following = names(page, "/companies?sort=score&limit=2")
    second, more = names(page, f"/companies?sort=score&limit=2&cursor={following}")
    third, end = names(page, f"/companies?sort=score&limit=2&cursor={more}")
    assert (first, second, third, end) == (["Birch", "Dogwood"], ["Alder", "Elder"], ["Cedar"], "")
    assert names(page, "/companies")[0] == ["Alder", "Birch", "Cedar", "Dogwood", "Elder"]


def test_companies_of_a_band(page: Client) -> None:
    assert names(page, "/companies?band=hot")[0] == ["Birch"]
    assert names(page, "/companies?band=cold&sort=score")[0] == ["Alder", "Elder"]


@pytest.mark.parametrize(("query", "field"), [("band=tepid", "band"), ("sort=size", "sort")])
def test_an_order_or_a_band_that_there_is_not_is_refused_at_its_field(page: Client, query: str, field: str) -> None:
    answer = page.get(f"/api/v1/companies?{query}")
    said: Any = json.loads(answer.content)
    assert (answer.status_code, said["errors"][0]["field"]) == (422, field)
    assert page.get(f"/companies/?{query}").status_code == 400


def test_a_cursor_belongs_to_its_order(page: Client) -> None:
    _rows, following = names(page, "/companies?sort=score&limit=2")
    assert page.get(f"/api/v1/companies?cursor={following}").status_code == 422


def test_the_page_orders_and_filters(page: Client) -> None:
    whole = page.get("/companies/?sort=score").content.decode()
    places = [whole.index(name) for name in ("Birch", "Dogwood", "Alder", "Elder", "Cedar")]
    assert places == sorted(places)
    assert 'aria-sort="descending"' in whole
    hot = page.get("/companies/?band=hot").content.decode()
    assert ("Birch" in hot, "Alder" in hot, '<option value="hot" selected>' in hot) == (True, False, True)
    assert "/companies/?band=hot&amp;sort=score" in hot
    assert "No company fits" in page.get("/companies/?band=warm&q=alder").content.decode()
