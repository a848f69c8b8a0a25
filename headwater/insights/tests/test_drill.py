"""Each number of the dashboard leads to a list, and the list has as many lines as the number says."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.capture.models import Form
from headwater.core import clock
from headwater.insights import queries
from headwater.insights.models import Milestone
from headwater.insights.rules import Period, last_days, parse_source, source_value
from headwater.journeys.models import Journey
from headwater.messaging import delivery
from headwater.messaging.actions import MailRequest, TemplateText, create_template, queue
from headwater.messaging.models import Message
from headwater.people import actions as people
from headwater.people.models import Contact, Visitor
from headwater.sales import actions as sales
from headwater.sales.actions import HandOver
from headwater.timeline import dispatch

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MJML = "<mjml><mj-body><mj-section><mj-column><mj-text>Hi</mj-text></mj-column></mj-section></mj-body></mjml>"


def at(days_ago: float) -> datetime:
    return NOW - timedelta(days=days_ago)


@pytest.fixture
def client() -> Client:
    user = User.objects.create_user("r@x.example", "r@x.example", "pw", role="admin", takes_leads=True)
    made = Client()
    made.force_login(user)
    return made


@pytest.fixture
def crowd() -> list[int]:
    """Eight people: the first came before the period, the others one a day."""
    ids = []
    for n in range(8):
        with clock.freeze(at(40 if n == 0 else n)):
            ids.append(people.create_contact(actor="system", email=f"p{n}@x.example", first_name=f"P{n}").pk)
    while dispatch.run_once("insights"):
        pass
    return ids


def links(client: Client) -> dict[str, str]:
    """text of a link -> address, of the dashboard."""
    with clock.freeze(NOW):
        html = client.get("/?days=30").content.decode()
    return {
        unescape(m[2]).strip(): unescape(m[1]) for m in re.finditer(r'<a [^>]*href="([^"]+)"[^>]*>([^<]+)</a>', html)
    }


def rows(client: Client, url: str) -> int:
    with clock.freeze(NOW):
        page = client.get(url)
    assert page.status_code == 200
    body = page.content.decode().partition("<tbody")[2].partition("</tbody>")[0]
    return len(re.findall(r"<tr(?! hidden)", body))


def test_sources_lead_to_the_people_who_came_from_there(client: Client, crowd: list[int]) -> None:
    given = ["old", "google", "google", "", "a", "b", "c", "d"]
    for pk, source in zip(crowd, given, strict=True):
        Milestone.objects.filter(person_id=pk, step="lead").update(source=source)
    period = last_days(30, NOW)
    assert queries.sources(period) == [("google", 2), ("", 1), ("a", 1), ("b", 1), ("c", 1), ("*", 1)]
    with clock.freeze(NOW):
        html = client.get("/?days=30").content.decode()
    found = [unescape(u) for u in re.findall(r'href="(/people/\?from=[^"]+)"', html)]
    assert [rows(client, url) for url in found] == [2, 1, 1, 1, 1, 1]
    with clock.freeze(NOW):
        others = client.get(found[-1]).content.decode()
    assert "p7@x.example" in others  # "d", the one beyond the five that are named
    assert "New leads from Others, 21 Oct 2026 to 20 Nov 2026" in others
    assert rows(client, links(client)["7"]) == 7  # new leads


def test_a_source_may_hold_what_the_filter_is_made_of() -> None:
    period = Period(at(2), at(1))
    assert parse_source(source_value("a~b", period)) == ("a~b", at(2), at(1))
    for wrong in ("", "x", "2026-01-01~2026-01-02~a", "2026-01-01T00:00:00Z~2026-01-02T00:00:00Z"):
        with pytest.raises(ValueError):  # noqa: PT011
            parse_source(wrong)


def test_mails_lead_to_the_lines_of_the_ledger_in_that_time(client: Client, crowd: list[int]) -> None:
    says = TemplateText(subject="News", mjml=MJML)
    made = create_template(name="News", says=says, purpose="transactional", actor="t")
    for day, pk in ((40, crowd[0]), *((5, pk) for pk in crowd[1:])):
        with clock.freeze(at(day)):
            queue([MailRequest(pk, made.pk, f"k{pk}", "t", purpose="transactional")])
    Message.objects.update(sent_at=at(4), status="sent")
    Message.objects.filter(person_id__in=crowd[:4]).update(opened_at=at(3))
    Message.objects.filter(person_id__in=crowd[:2]).update(clicked_at=at(3), unsubscribed_at=at(3))
    (line,) = queries.mails(last_days(30, NOW))
    assert (line.results.sent, line.results.opened, line.results.clicked, line.results.unsubscribed) == (7, 3, 1, 1)
    with clock.freeze(NOW):
        html = client.get("/?days=30").content.decode()
    found = [unescape(u) for u in re.findall(r'href="(/mail/\?[^"]+)"', html)]
    assert [rows(client, url) for url in found] == [7, 3, 1, 1]
    with clock.freeze(NOW):
        page = client.get(found[0]).content.decode()
    assert "Since 21 Oct 2026" in page
    assert "7 sent · 3 opened · 1 clicked" in page
    assert rows(client, f"/mail/?template={made.pk}&since=nonsense") == 8


def test_deals_and_stages_lead_to_their_tables(client: Client, crowd: list[int]) -> None:
    def deal(name: str, day: float) -> int:
        with clock.freeze(at(day)):
            return sales.create_deal(actor="user:1", name=name, amount=Decimal(100), currency="EUR")

    for name, made, ended, how in (("a", 50, 45, "won"), ("b", 20, 9, "won"), ("c", 20, 8, "lost"), ("d", 5, 0, "")):
        pk = deal(name, made)
        with clock.freeze(at(ended)):
            if how == "won":
                sales.win_deal(pk, actor="user:1")
            elif how == "lost":
                sales.lose_deal(pk, "price", actor="user:1")
    with clock.freeze(NOW):
        html = client.get("/?days=30").content.decode()
    found = [unescape(u) for u in re.findall(r'href="(/deals/\?[^"]+)"', html)]
    counts = {url.partition("kind=")[2].partition("&")[0] or "stage": rows(client, url) for url in found[:3]}
    assert counts == {"open": 1, "won": 1, "lost": 1}
    first = next(url for url in found if "stage=" in url)
    assert rows(client, first) == 1
    with clock.freeze(NOW):
        assert "Won deals, 21 Oct 2026 to 20 Nov 2026" in client.get(found[1]).content.decode()


def test_hand_overs_lead_to_who_was_handed_over_and_what_became_of_it(client: Client, crowd: list[int]) -> None:
    done = []
    for n, pk in enumerate(crowd[:5]):
        with clock.freeze(at(40 if n == 0 else 3)):
            done.append(sales.hand_over([HandOver(pk, f"hot {n}")], actor="system")[0].handover_id)
    with clock.freeze(at(3) + timedelta(minutes=12)):
        sales.accept_lead(done[1], actor="user:1")
    with clock.freeze(at(2)):
        sales.accept_lead(done[2], actor="user:1")
        sales.return_lead(done[3], "student", actor="user:1")
    with clock.freeze(NOW):
        html = client.get("/?days=30").content.decode()
    found = [unescape(u) for u in re.findall(r'href="(/leads/\?[^"]+)"', html)]
    # handed over; accepted; answered in time; sent back
    assert [rows(client, url) for url in found] == [4, 2, 1, 1]
    with clock.freeze(NOW):
        page = client.get(found[0]).content.decode()
        assert client.get("/leads/?after=nonsense").status_code == 404
    assert "12 minutes" in page
    assert "student" in page
    assert "Overdue" in page
    assert rows(client, "/leads/") == 5
    assert rows(client, "/leads/?status=open&owner=me") == 2
    assert Contact.objects.count() == 8


def test_a_new_installation_says_where_to_start_until_all_of_it_is_done(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def guide() -> str:
        return (
            client.get("/").content.decode().partition('class="cardx w6 insights-start"')[2].partition("</section>")[0]
        )

    start = guide()
    assert re.findall(r'href="([^"]+)"', start) == ["/sites/", "/forms/new/", "/journeys/gallery/", "/mail/"]
    assert start.count('class="done"') == 0
    for url in re.findall(r'href="([^"]+)"', start):
        assert client.get(url).status_code == 200
    people.create_contact(actor="system", email="a@x.example")
    Visitor.objects.create(visitor_id=1, first_seen_at=clock.now(), last_seen_at=clock.now())
    assert guide().count('class="done"') == 1
    Form.objects.create(name="News", slug="news")
    Journey.objects.create(name="Hello", status="live")
    assert guide().count('class="done"') == 3
    monkeypatch.setattr(delivery.config, "smtp_url", "smtp://127.0.0.1:1")
    assert guide() == ""
    monkeypatch.setattr(delivery.config, "smtp_url", "")
    with clock.freeze(clock.now() + timedelta(days=31)):
        assert guide() == ""
