"""The pages of mail: the ledger, one mail's fate, templates and their editor."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headwater.core.config import config
from headwater.messaging import delivery
from headwater.messaging.actions import MailRequest, queue
from headwater.messaging.channels import pool
from headwater.messaging.models import MailTemplate, Message, TemplateVersion
from headwater.messaging.rules.starter import STARTER
from headwater.messaging.tests.smtp_server import Server, running
from headwater.people.models import Contact

pytestmark = pytest.mark.django_db
People = Callable[..., Contact]
Templates = Callable[..., MailTemplate]


@pytest.fixture
def client(workspace: object) -> Client:
    user = get_user_model().objects.create_user("m@x.example", "maria@x.example", "secret", role="marketer")
    made = Client()
    made.force_login(user)
    return made


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with running(Server()) as made:
        monkeypatch.setattr(config, "smtp_url", made.url)
        yield made
        pool.close()


def page(client: Client, path: str, **query: object) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200
    text = str(answer.content.decode())
    assert "<c-" not in text
    return text


def test_an_empty_ledger_says_what_comes(client: Client) -> None:
    text = page(client, "/mail/")
    assert "No mail yet" in text
    assert "No SMTP server is set, so mails wait." in text


def test_the_ledger_names_every_reason_and_filters(client: Client, person: People, template: Templates) -> None:
    made = template("Welcome {{ contact.first_name }}")
    ana, bo, eve = person(first_name="Ana"), person("bo@x.example", consent=False), person("eve@x.example")
    queue([MailRequest(p.pk, made.pk, "k", "journey:1") for p in (ana, bo, eve)])
    text = page(client, "/mail/")
    assert "no consent for marketing mail" in text
    assert "no value: contact.first_name" in text
    assert text.count("/html/") == 0
    assert "Welcome Ana" in text
    assert "Welcome Ana" not in page(client, "/mail/", status="refused")
    assert "bo@x.example" not in page(client, "/mail/", person=ana.pk)
    assert "No mail matches" in page(client, "/mail/", did="clicked", template=made.pk)
    assert client.get("/mail/", {"before": "nonsense"}).status_code == 404
    page(client, "/mail/", status="nonsense", template="x", person="99999999999999999999")


def test_the_ledger_costs_the_same_for_ten_rows_and_for_sixty(
    client: Client, person: People, template: Templates
) -> None:
    made, ana = template(), person()
    counts = []
    for rows in (10, 60):
        queue([MailRequest(ana.pk, made.pk, f"{rows}.{n}", "t") for n in range(rows)])
        with CaptureQueriesContext(connection) as queries:
            text = page(client, "/mail/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    following = text.split('hx-get="/mail/?before=')[1].split('"')[0]
    rest = client.get(f"/mail/?before={following}", headers={"HX-Request": "true"}).content.decode()
    assert (text.count("<tr>"), rest.count("<tr>")) == (51, 20)


def test_a_mail_shows_its_whole_fate(client: Client, server: Server, person: People, template: Templates) -> None:
    ana = person(first_name="<Ana>")
    queue([MailRequest(ana.pk, template().pk, "k", "journey:1")])
    delivery.run_once()
    row = Message.objects.get()
    text = page(client, f"/mail/{ana.pk}/{row.id}/")
    assert row.header_id in text
    assert text.index("Queued") < text.index(">Sent<", text.index("Queued"))
    frame = client.get(f"/mail/{ana.pk}/{row.id}/html/")
    assert "Hi &lt;Ana&gt;, good to see you." in frame.content.decode()
    assert "https://shop.example/pricing?a=1&amp;b=2" in frame.content.decode().replace("&#x2f;", "/")
    assert "/c/" not in frame.content.decode()
    assert client.get(f"/mail/{ana.pk + 1}/{row.id}/").status_code == 404
    row.refresh_from_db()
    assert (row.opens, row.clicks) == (0, 0)


def fields(**changes: str) -> dict[str, str]:
    return {"name": "News", "purpose": "marketing", "subject": "Hello", "preview": "p", "mjml": STARTER, **changes}


def test_a_template_is_written_changed_copied_and_archived(client: Client) -> None:
    page(client, "/mail/templates/new/")
    client.post("/mail/templates/new/", fields())
    made = MailTemplate.objects.get()
    assert (made.name, made.version, TemplateVersion.objects.get().subject) == ("News", 1, "Hello")
    client.post(f"/mail/templates/{made.pk}/", fields(subject="Hello again"))
    client.post(f"/mail/templates/{made.pk}/", fields(subject="Hello again", name="Renamed"))
    made.refresh_from_db()
    assert (made.name, made.version) == ("Renamed", 2)  # a new name is no new text
    assert "Renamed" in page(client, "/mail/templates/")
    page(client, f"/mail/templates/{made.pk}/")
    client.post(f"/mail/templates/{made.pk}/copy/")
    assert MailTemplate.objects.order_by("-pk")[0].name == "Copy of Renamed"
    client.post(f"/mail/templates/{made.pk}/archive/")
    assert "Copy of Renamed" in page(client, "/mail/templates/")
    assert client.get("/mail/templates/4711/").status_code == 404


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"mjml": "<mjml>\n<mj-body>"}, "line 2: &lt;mj-body&gt; is not closed"),
        ({"mjml": STARTER.replace("{{ owner.name", "{{ owner.")}, "line"),
        ({"subject": "Hi {{ contact."}, "Merge tag: unexpected end of input"),
        ({"subject": ""}, "This field is required."),
        ({"from_address": "nonsense"}, "Enter a valid email address."),
    ],
)
def test_a_mistake_stands_next_to_its_field(client: Client, changes: dict[str, str], words: str) -> None:
    answer = client.post("/mail/templates/new/", fields(**changes))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert MailTemplate.objects.count() == 0


def test_the_preview_is_the_mail_of_the_chosen_person(client: Client, person: People) -> None:
    ana = person(first_name="Ana")
    frame = client.post("/mail/templates/preview/", {**fields(), "person": str(ana.pk)})
    assert "Hi Ana," in frame.content.decode()
    assert "Unsubscribe" in frame.content.decode()
    assert frame["Content-Security-Policy"].startswith("default-src 'none'")
    frame = client.post(
        "/mail/templates/preview/", fields(mjml=STARTER.replace("there", "you").replace("Write", "{{ company.name }}"))
    )
    assert "Without a fallback: whoever has no value does not get it. company.name" in frame.content.decode()
    assert "[company.name]" in frame.content.decode()
    chosen = {**fields(mjml=STARTER.replace("Write", "{{ company.name }}")), "person": str(ana.pk)}
    frame = client.post("/mail/templates/preview/", chosen)
    assert "would not get the mail. No value and no fallback: company.name" in frame.content.decode()
    assert (
        "line 1: &lt;mjml&gt; is not closed"
        in client.post("/mail/templates/preview/", {"mjml": "<mjml>"}).content.decode()
    )


@pytest.mark.parametrize(
    "changes, words",
    [
        ({}, "An unsubscribe link is added at the end."),
        ({"mjml": STARTER.replace("Write", '<a href="{{ unsubscribe_url }}">x</a>')}, "Unsubscribe link present."),
        (
            {"subject": "Hi {{ contact.frist_name }}"},
            "nothing fills contact.frist_name. Did you mean contact.first_name?",
        ),
        ({"mjml": STARTER.replace("{{ workspace.website }}", "http://x.example")}, "http://x.example is not https."),
        ({"mjml": STARTER.replace("Write", "x" * 120_000)}, " KB of 102 KB."),
        ({"preview": ""}, "No preview text"),
        ({"mjml": "<mjml><mj-body>"}, "Body: line 1: &lt;mj-body&gt; is not closed"),
    ],
)
def test_checks_say_what_to_look_at(client: Client, changes: dict[str, str], words: str) -> None:
    assert words in client.post("/mail/templates/checks/", fields(**changes)).content.decode()


def test_people_to_preview_as_are_found(client: Client, person: People) -> None:
    from headwater.people.actions import create_contact

    create_contact(actor="test", email="zoe@x.example", first_name="Zoe", last_name="Quist")
    assert "Zoe Quist" in client.get("/mail/templates/people/", {"person_search": "quist"}).content.decode()
    assert "Nobody found" in client.get("/mail/templates/people/", {"person_search": "zzzz"}).content.decode()


def test_a_test_goes_to_ones_own_mailbox_and_not_into_the_ledger(client: Client, server: Server) -> None:
    answer = client.post(
        "/mail/templates/test/", fields(), headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    )
    assert answer.status_code == 204
    assert "Test sent to maria@x.example." in answer["HX-Trigger"]
    ((to, data),) = server.mails
    assert (to, b"Subject: [Test] Hello" in data, Message.objects.count()) == ("maria@x.example", True, 0)
    server.refuse = lambda address: "550 no"
    answer = client.post(
        "/mail/templates/test/", fields(), headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    )
    assert "The test was not sent: 550 no" in answer["HX-Trigger"]


def test_pages_need_a_sign_in(workspace: object) -> None:
    for path in ("/mail/", "/mail/templates/", "/mail/templates/new/", "/mail/templates/people/"):
        assert Client().get(path)["Location"].startswith("/accounts/login/")
    assert Client().post("/mail/templates/preview/", fields()).status_code == 302


def test_sales_reads_templates_and_does_not_change_them(workspace: object, template: Templates) -> None:
    made = template()
    user = get_user_model().objects.create_user("r@x.example", "r@x.example", "secret", role="sales")
    sales = Client()
    sales.force_login(user)
    assert "Save" not in page(sales, f"/mail/templates/{made.pk}/").split("</header>")[0]
    for path in (
        f"/mail/templates/{made.pk}/",
        f"/mail/templates/{made.pk}/copy/",
        f"/mail/templates/{made.pk}/archive/",
    ):
        assert sales.post(path, fields()).status_code == 403
    assert sales.get("/mail/templates/new/").status_code == 403
    assert sales.get("/settings/mail/").status_code == 403


def test_an_administrator_sets_the_limit_and_keeps_the_list(
    workspace: object, person: People, template: Templates
) -> None:
    user = get_user_model().objects.create_user("a@x.example", "a@x.example", "secret", role="admin")
    admin = Client()
    admin.force_login(user)
    assert "No SMTP server is set" in page(admin, "/settings/mail/")
    admin.post("/settings/mail/", {"cap_mails": "1", "cap_days": "7"})
    assert 'value="1"' in page(admin, "/settings/mail/")
    ana, made = person(), template()
    assert [o.refused for o in queue([MailRequest(ana.pk, made.pk, k, "t") for k in "ab"])] == [None, "cap"]
    admin.post("/settings/mail/", {"cap_mails": "", "cap_days": "7"})
    assert queue([MailRequest(ana.pk, made.pk, "c", "t")])[0].refused is None
    admin.post("/settings/mail/suppress/", {"email": ana.email})
    assert queue([MailRequest(ana.pk, made.pk, "d", "t")])[0].refused == "suppressed"
    admin.post("/settings/mail/suppress/", {"email": ana.email, "lift": "1"})
    assert queue([MailRequest(ana.pk, made.pk, "e", "t")])[0].refused is None
    assert (
        "This is neither an address nor a telephone number."
        in admin.post("/settings/mail/suppress/", {"email": "x"}).content.decode()
    )
    wrong = admin.post("/settings/mail/", {"cap_mails": "0", "cap_days": ""}).content.decode()
    assert "greater than or equal to 1" in wrong


def test_a_refresh_keeps_the_rows_that_more_has_brought(client: Client, person: People, template: Templates) -> None:
    made = template("Welcome")
    ana = person(first_name="Ana")
    for n in range(4):
        queue([MailRequest(ana.pk, made.pk, f"k{n}-{m}", "journey:1") for m in range(30)])
    first = page(client, "/mail/")
    assert first.count('<td><a class="med truncate"') == 50
    cursor = re.findall(r'before=([^"&]+)"', first)[0].replace("&amp;", "&")
    more = client.get(f"/mail/?before={cursor}", headers={"HX-Request": "true"}).content.decode()
    until = html.unescape(re.findall(r'name="until" value="([^"]+)"', more)[0])
    queue([MailRequest(ana.pk, made.pk, "newest", "journey:1")])
    again = page(client, "/mail/", until=until)
    assert again.count('<td><a class="med truncate"') == 101
    assert len(re.findall(r'name="until"', again)) == 1
    assert client.get("/mail/?until=x").status_code == 404
