"""The demo's SMTP server keeps what it receives, and its page shows it as the person would see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from headwater.accounts.models import Workspace
from headwater.core.config import config
from headwater.messaging import delivery
from headwater.messaging.actions import MailRequest, queue
from headwater.messaging.channels import catcher, pool
from headwater.messaging.models import CaughtMail, MailTemplate, Message
from headwater.people.models import Contact

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def caught(
    monkeypatch: pytest.MonkeyPatch,
    workspace: Workspace,
    person: Callable[..., Contact],
    template: Callable[..., MailTemplate],
) -> Iterator[CaughtMail]:
    """One mail on its way through the catcher."""
    stop = catcher.start("127.0.0.1", 0)
    monkeypatch.setattr(config, "smtp_url", f"smtp://127.0.0.1:{stop.port}")  # type: ignore[attr-defined]
    ana = person(first_name="Ana <b>")
    queue([MailRequest(ana.pk, template("Grüße, {{ contact.first_name }}").pk, "k", "t")])
    assert delivery.run_once() == 1
    yield CaughtMail.objects.get()
    pool.close()
    stop()


def test_a_mail_is_kept_and_shown_to_everybody_in_a_demo_only(caught: CaughtMail) -> None:
    assert (caught.rcpt_to, caught.subject) == ("ana@example.org", "Grüße, Ana <b>")
    assert caught.header_id == Message.objects.get().header_id
    outside = Client()
    for path in ("/demo/inbox/", f"/demo/inbox/{caught.pk}/", f"/demo/inbox/{caught.pk}/html/"):
        assert outside.get(path)["Location"].startswith("/accounts/login/")
    Workspace.objects.update(is_demo=True)
    assert "Grüße, Ana &lt;b&gt;" in outside.get("/demo/inbox/").content.decode()
    frame = outside.get(f"/demo/inbox/{caught.pk}/html/")
    assert "Hi Ana &lt;b&gt;, good to see you." in frame.content.decode()
    assert '<base target="_blank">' in frame.content.decode()
    assert frame["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    for tab, words in [
        ("html", "sandbox="),
        ("text", "See prices: <a"),
        ("headers", "List-Unsubscribe-Post"),
        ("source", "Content-Transfer-Encoding: quoted-printable"),
    ]:
        assert words in outside.get(f"/demo/inbox/{caught.pk}/?tab={tab}").content.decode()
    assert "Ana" not in outside.get(f"/demo/inbox/{caught.pk + 1}/").content.decode()


def test_people_who_signed_in_see_it_inside_the_shell(caught: CaughtMail) -> None:
    user = get_user_model().objects.create_user("m@x.example", "m@x.example", "secret", role="marketer")
    client = Client()
    client.force_login(user)
    page = client.get(f"/demo/inbox/{caught.pk}/").content.decode()
    assert "side-nav" in page
    assert "<c-" not in page
    rows = client.get("/demo/inbox/?part=list").content.decode()
    assert rows.strip().startswith('<div class="mi-list"')
    assert "mi-new" not in rows  # it has been looked at
    assert client.get("/demo/inbox/999999/").status_code == 404
