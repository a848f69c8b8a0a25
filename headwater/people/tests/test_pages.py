"""Pages of people and companies, as requests and answers."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headwater.accounts.models import User
from headwater.core import clock
from headwater.people import actions
from headwater.people.models import Company, Contact
from headwater.timeline import actions as timeline
from headwater.timeline import queries as log
from headwater.timeline.actions import Custom, NewFact

pytestmark = pytest.mark.django_db
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def user() -> User:
    return User.objects.create_user(
        username="maria@demo.example", email="maria@demo.example", first_name="Maria", last_name="Silva"
    )


@pytest.fixture
def page(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def amelia() -> Contact:
    return actions.create_contact(
        actor="system", name="Amelia Stone", email="amelia@northwind.example", company="Northwind Retail"
    )


def text(response) -> str:  # type: ignore[no-untyped-def]
    """What a person reads: tags and doubled spaces left out."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())).strip()


def test_pages_need_a_signed_in_user(amelia: Contact) -> None:
    for url in ("/people/", f"/people/{amelia.pk}/", "/companies/", f"/people/{amelia.pk}/timeline/"):
        assert Client().get(url).status_code == 302


def test_the_list_shows_people_and_asks_no_more_for_more_rows(page: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert page.get("/people/").status_code == 200
        return len(seen)

    actions.create_contact(actor="system", name="<b>Eve</b>", email="eve@x.example", tags=["vip"])
    queries()  # what is read once per process
    few = queries()
    for n in range(70):
        actions.create_contact(actor="system", name=f"Person {n}", email=f"p{n}@x{n}.example", tags=["a", f"t{n}"])
    assert queries() == few
    html = page.get("/people/").content.decode()
    assert html.count('name="ids"') == 50
    following = re.search(r'hx-get="(/people/\?[^"]*cursor=[^"]+)"', html)
    assert following
    rest = page.get(following[1].replace("&amp;", "&"), headers=PARTIAL).content.decode()
    assert rest.count('name="ids"') == 21
    assert "&lt;b&gt;Eve&lt;/b&gt;" in rest
    assert "<html" not in rest
    assert "<c-" not in html + rest


def test_searching_filtering_and_their_empty_state(page: Client, amelia: Contact) -> None:
    assert "Amelia Stone" in text(page.get("/people/?q=ameli", headers=PARTIAL))
    nobody = text(page.get("/people/?q=zzz&stage=mql"))
    assert "Nobody fits" in nobody
    assert "Stage is Marketing qualified" in nobody
    assert page.get("/people/?cursor=nonsense").status_code == 400
    assert page.get("/people/?seen=x&owner=y&sort=z&way=up&q=%00").status_code == 200
    assert "Marketing qualified" in text(page.get("/people/filter/stage/", headers=PARTIAL))
    assert page.get("/people/filter/nonsense/").status_code == 404


def test_a_field_is_edited_in_place_and_a_bad_value_is_said_beside_it(page: Client, amelia: Contact) -> None:
    url = f"/people/{amelia.pk}/field/job_title/"
    assert 'name="value"' in page.get(url + "?edit=1", headers=PARTIAL).content.decode()
    assert "VP Marketing" in text(page.post(url, {"value": " VP  Marketing "}, headers=PARTIAL))
    bad = page.post(f"/people/{amelia.pk}/field/email/", {"value": "amelia"}, headers=PARTIAL)
    assert bad.status_code == 422
    assert "An e-mail address needs an @ sign." in text(bad)
    assert 'value="amelia"' in bad.content.decode()
    assert page.get(f"/people/{amelia.pk}/field/nonsense/").status_code == 404
    assert page.get("/people/999999999/field/email/").status_code == 404
    last = log.read(amelia.pk, limit=1)[0]
    assert (last.kind, last.data, last.actor) == (
        "contact.updated",
        {"changes": {"job_title": ["", "VP Marketing"]}},
        f"user:{User.objects.get().pk}",
    )


def test_every_property_can_be_shown_edited_and_saved(page: Client, user: User, amelia: Contact) -> None:
    values = {
        "email": "a@b.example", "phone": "+49 30 123456", "job_title": "CTO", "company": "Contoso", "city": "Berlin",
        "country": "DE", "stage": "customer", "owner_id": str(user.pk), "tags": "vip, big", "name": "Amelia S",
        "region": "Berlin", "language": "de", "time_zone": "Europe/Berlin", "birthday": "1990-02-03", "gender": "f",
        "customer_since": "2026-01-01", "renewal_date": "2027-01-01",
    }  # fmt: skip
    assert page.get(f"/people/{amelia.pk}/props/", headers=PARTIAL).content.decode().count("<dd") == 9
    for name, value in values.items():
        url = f"/people/{amelia.pk}/field/{name}/"
        assert page.get(url + "?edit=1", headers=PARTIAL).status_code == 200, name
        assert page.post(url, {"value": value}, headers=PARTIAL).status_code == 200, name
    contact = Contact.objects.select_related("company").get(pk=amelia.pk)
    assert contact.company
    assert (contact.company.name, contact.stage, contact.owner_id, contact.tags) == (
        "Contoso", "customer", user.pk, ["vip", "big"],
    )  # fmt: skip
    company = {"name": "Contoso AG", "domain": "contoso.example", "phone": "+49 30 1234", "roles": "customer, partner",
               "owner_id": str(user.pk), "country": "DE", "size": "11-50"}  # fmt: skip
    for name, value in company.items():
        url = f"/companies/{contact.company_id}/field/{name}/"
        assert page.get(url + "?edit=1", headers=PARTIAL).status_code == 200, name
        assert page.post(url, {"value": value}, headers=PARTIAL).status_code == 200, name
    assert page.post(f"/companies/{contact.company_id}/field/name/", {"value": ""}).status_code == 422
    assert Company.objects.get(pk=contact.company_id).roles == ["customer", "partner"]


def test_the_record_tells_the_story_by_day_with_runs_folded(page: Client, amelia: Contact) -> None:
    now = clock.now()
    timeline.record_many(
        [NewFact(amelia.pk, Custom("shop.viewed", {"n": n}), now + timedelta(seconds=n + 1)) for n in range(6)]
        + [NewFact(amelia.pk, Custom("acme.begun", {"plan": "<pro>"}), now - timedelta(days=40))]
    )
    actions.set_stage([amelia.pk], "mql", reason="score", actor="system")
    html = page.get(f"/people/{amelia.pk}/").content.decode()
    said = text(page.get(f"/people/{amelia.pk}/"))
    assert "and 5 more" in said
    assert "&lt;pro&gt;" in html
    assert "<c-" not in html
    assert "Amelia moved from" in said
    assert page.get("/people/999999999/").status_code == 404
    assert "Amelia moved" in text(page.get(f"/people/{amelia.pk}/timeline/?show=sales"))
    assert "and 5 more" not in text(page.get(f"/people/{amelia.pk}/timeline/?show=sales"))


def test_a_long_timeline_goes_on_and_news_arrive_at_its_head(page: Client, amelia: Contact) -> None:
    start = clock.now() - timedelta(days=200)
    timeline.record_many([NewFact(amelia.pk, Custom(f"step.n{n}", {}), start + timedelta(hours=n)) for n in range(75)])
    seen: list[str] = []
    html = page.get(f"/people/{amelia.pk}/").content.decode()
    head = re.search(r'class="pp-head" hx-get="([^"]+)"', html)
    while True:
        seen += re.findall(r'data-kind="step.n(\d+)"', html)
        more = re.search(r'class="muted more" hx-get="([^"]+)"', html)
        if not more:
            break
        html = page.get(more[1].replace("&amp;", "&"), headers=PARTIAL).content.decode()
    assert seen == [str(n) for n in reversed(range(75))]
    assert head
    actions.add_tags([amelia.pk], ["late"], actor="system")
    news = page.get(head[1].replace("&amp;", "&"), headers=PARTIAL).content.decode()
    assert re.findall(r'data-kind="([^"]+)"', news) == ["tag.added"]
    again = re.search(r'class="pp-head" hx-get="([^"]+)"', news)
    assert again
    assert "data-kind" not in page.get(again[1].replace("&amp;", "&"), headers=PARTIAL).content.decode()
    assert page.get(f"/people/{amelia.pk}/timeline/?before=nonsense").status_code == 400


def test_the_record_asks_few_questions_however_long_the_story(page: Client, amelia: Contact) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            page.get(f"/people/{amelia.pk}/?in=q%3Damelia")
        return len(seen)

    first = queries()
    timeline.record_many([NewFact(amelia.pk, Custom(f"k{n}", {})) for n in range(200)])
    assert queries() <= first + 1


def test_previous_and_next_follow_the_list(page: Client) -> None:
    ids = [actions.create_contact(actor="x", name=name).pk for name in ("A", "B", "C")]
    html = page.get(f"/people/{ids[1]}/?in=sort%3Dname").content.decode()
    links = re.findall(r'href="(/people/\d+/)\?in=sort%3Dname" data-keys="([kj])"', html)
    assert links == [(f"/people/{ids[0]}/", "k"), (f"/people/{ids[2]}/", "j")]


def test_stage_cell_consent_and_bulk(page: Client, user: User, amelia: Contact) -> None:
    assert "Customer" in text(page.post(f"/people/{amelia.pk}/stage/", {"stage": "customer"}, headers=PARTIAL))
    assert page.post(f"/people/{amelia.pk}/stage/", {"stage": "king"}, headers=PARTIAL).status_code == 422
    assert "Subscribed" in text(page.post(f"/people/{amelia.pk}/consent/email/", {"state": "granted"}))
    assert page.post(f"/people/{amelia.pk}/consent/email/", {"state": "x"}).status_code == 422
    assert page.post(f"/people/{amelia.pk}/consent/pigeon/", {"state": "granted"}).status_code == 404
    other = actions.create_contact(actor="x", name="Other")
    ids = [amelia.pk, other.pk]
    for given in ({"owner": str(user.pk)}, {"stage": "lead"}, {"tag": "one, two"}, {"tag": "one", "remove": "1"}):
        answer = page.post("/people/bulk/", {"ids": ids, "next": "/people/?q=a", **given})
        assert (answer.status_code, answer["Location"]) == (302, "/people/?q=a")
    assert page.post("/people/bulk/", {"ids": ["x"], "next": "https://evil.example/"})["Location"] == "/people/"
    assert [(c.stage, c.owner_id, c.tags) for c in Contact.objects.order_by("pk")] == [("lead", user.pk, ["two"])] * 2


def test_creating_a_person_and_hearing_of_a_double(page: Client, amelia: Contact) -> None:
    assert "Create person" in text(page.get("/people/new/"))
    assert "<html" not in page.get("/people/new/", headers=PARTIAL).content.decode()
    made = page.post("/people/new/", {"name": "김지수", "email": "jisoo@x.example"}, headers=PARTIAL)
    contact = Contact.objects.get(email="jisoo@x.example")
    assert (made.status_code, made["HX-Redirect"]) == (204, f"/people/{contact.pk}/")
    double = page.post("/people/new/", {"email": "AMELIA@northwind.example"}, headers=PARTIAL)
    assert double.status_code == 422
    assert "A contact with this e-mail address exists already." in text(double)
    assert "Perhaps here already" in text(double)
    assert "Amelia Stone" in text(page.get("/people/alike/?name=Amelia+Stone"))
    assert text(page.get("/people/alike/?name=Nobody")) == ""


def test_companies_are_listed_shown_and_made(page: Client, amelia: Contact) -> None:
    assert "Northwind Retail" in text(page.get("/companies/"))
    assert "No company fits" in text(page.get("/companies/?q=zzz"))
    assert page.get("/companies/?cursor=x").status_code == 400
    shown = page.get(f"/companies/{amelia.company_id}/")
    assert "Amelia Stone became a contact" in text(shown)
    assert "<c-" not in shown.content.decode()
    assert page.get("/companies/99999/").status_code == 404
    assert page.post("/companies/new/", {"name": "Contoso"}).status_code == 302
    assert "There is a company with this name or domain already." in text(
        page.post("/companies/new/", {"name": "contoso inc"})
    )


def test_the_palette_finds_people_and_companies(page: Client, amelia: Contact) -> None:
    said = text(page.get("/palette/?q=north"))
    assert "Amelia Stone" in said
    assert "Northwind Retail" in said
