"""`kill -9` between any two steps loses nothing and repeats nothing.

One person's way (page view, form, score, segment, journey, mail, hand-over) is walked once undisturbed. Then somebody
new walks it for each point at which a process can die, the process is killed exactly there, and her timeline, her mails
and her deal must be the same as those of the first.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..patience import patient
from ..running import Running
from ..smtp import Mailbox, mail_server

pytestmark = [pytest.mark.xdist_group("kill"), pytest.mark.slow]

SETUP = """
from headwater.accounts.models import User
from headwater.audience.actions import create_segment
from headwater.capture.actions.forms import create_form
from headwater.capture.actions.sites import create_site
from headwater.journeys.actions import create_journey, publish
from headwater.messaging.actions.templates import TemplateText, create_template
rep = "rep@example.com"
User.objects.create_user(username=rep, email=rep, password="x", role="sales", takes_leads=True)
site = create_site(name="Test", actor="system", public_key="site_kill")
create_form(name="White paper", slug="paper", actor="system", consent_text="Send me mails.", fields=[
    {"key": "email", "label": "E-mail", "type": "email", "required": True, "maps_to": "email"},
    {"key": "first_name", "label": "First name", "type": "text", "required": False, "maps_to": "first_name"}])
score = {"score": "engagement", "op": "gte", "value": 20}
warm = create_segment(name="Warm", key="warm", definition=score, actor="system")
mail = create_template(name="Hello", actor="system", says=TemplateText(subject="Hello {{ contact.first_name }}", mjml=(
    '<mjml><mj-body><mj-section><mj-column><mj-text>Hello <a href="https://example.com/x">more</a> '
    '<a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>')))
steps = {
    "mail": {"kind": "send_email", "title": "", "settings": {"template": mail.pk}, "next": "pause"},
    "pause": {"kind": "wait", "title": "", "settings": {"for": {"amount": 1, "unit": "seconds"}}, "next": "tag"},
    "tag": {"kind": "add_tag", "title": "", "settings": {"tag": "warmed"}, "next": "hand"},
    "hand": {"kind": "hand_over", "title": "", "settings": {"reason": "Warm", "deal_name": "{{ contact.name }}",
             "amount_from": "", "amount": 900, "threshold": 500}, "arms": {"next": None, "under": None}},
}
journey = create_journey(name="Warm up", actor="system", graph={"entry": [{"kind": "segment", "segment": warm.pk}],
    "reentry": {"rule": "once"}, "goal": None, "exits": [], "start": "mail", "steps": steps})
publish(journey.pk, actor="system")
"""

#: Where the worker dies. From `mail.claimed` to `mail.answered` nobody can know whether the mail arrived: it is sent
#: again under the same Message-ID, and the ledger says so.
WORKER_POINTS = [
    "sequencer.effects",
    "sequencer.committed",
    "audience.reacted",
    "audience.committed",
    "journeys.reacted",
    "journeys.committed",
    "insights.reacted",
    "insights.committed",
    "mail.queued",
    "mail.claimed",
    "smtp.body",
    "mail.answered",
    "mail.settled",
]
MAY_REPEAT = {"mail.claimed", "smtp.body", "mail.answered"}
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


class Stage:
    """A running Headwater with a mail server, and a person who walks the way."""

    def __init__(self, running: Running, box: Mailbox, kill_file: Path) -> None:
        self.running, self.box, self.kill_file = running, box, kill_file
        self.count = 0

    def post(self, path: str, body: bytes, content_type: str) -> int:
        """POST until the server is there and takes it; what was not answered was not taken, and is sent again."""
        deadline = time.monotonic() + patient(30)
        while True:
            headers = {"Content-Type": content_type, "User-Agent": AGENT, "Accept-Language": "en"}
            request = urllib.request.Request(self.running.url + path, body, headers)
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                if error.code not in (500, 502, 503):  # the database may be away for a moment
                    raise AssertionError(f"{path}: {error.code} {error.read()[:500]!r}") from error
            except OSError:
                pass
            assert time.monotonic() < deadline, f"{path} was not answered\n{self.running.log[-3000:]}"
            time.sleep(0.1)

    def view(self, visitor: str, path: str, event_id: str) -> None:
        events = [{"type": "page", "id": event_id, "url": f"https://example.com{path}", "title": path}]
        body = {"site": "site_kill", "visitor": visitor, "lang": "en", "tz": "UTC", "events": events}
        assert self.post("/t", json.dumps(body).encode(), "application/json") == 202

    def open_form(self, visitor: str) -> dict[str, str]:
        deadline = time.monotonic() + patient(30)
        while True:
            try:
                request = urllib.request.Request(f"{self.running.url}/f/paper/", headers={"User-Agent": AGENT})
                page = urllib.request.urlopen(request, timeout=10).read().decode()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        found = {}
        for tag in re.findall(r"<input[^>]*>", page):
            name = re.search(r'name="([^"]+)"', tag)
            value = re.search(r'value="([^"]*)"', tag)
            if name:
                found[name.group(1)] = value.group(1) if value else ""
        return found

    def walk(self, *, kill: str = "", between: str = "") -> tuple[str, int]:
        """Somebody new walks the way; `kill` names the point at which a process dies, `between` the process that is
        killed between the steps. Returns her address and id."""
        self.count += 1
        who = f"person-{self.count}"
        mail = f"{who}@example.com"
        if kill:
            self.kill_file.write_text(kill)
        self.view(f"visitor-{who}", "/blog", f"{who}-1")
        self.strike(between)
        fields = self.open_form(f"visitor-{who}")
        self.strike(between)
        fields |= {"email": mail, "first_name": who, "consent": "1", "hw_visitor": f"visitor-{who}"}
        time.sleep(2.5)  # people need that long, scripts do not
        self.post("/f/paper/", urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded")
        self.strike(between)
        self.view(f"visitor-{who}", "/pricing", f"{who}-2")
        self.strike(between)
        self.box.wait(mail, 1, 60)
        ((person,),) = self.running.until("SELECT id FROM people_contact WHERE email = %s", mail)
        self.running.until(
            "SELECT 1 FROM timeline_fact WHERE person_id = %s AND kind = 'journey.finished'", person, seconds=60
        )
        self.running.until(
            "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM timeline_laneposition p JOIN timeline_lane l USING (lane_key) "
            "WHERE l.head > p.seq)",
            seconds=60,
        )
        self.running.until("SELECT 1 FROM messaging_message WHERE person_id = %s AND status = 'sent'", person)
        return mail, int(str(person))

    def strike(self, name: str) -> None:
        """Kill a process: "serve", "work" or "postgres"."""
        if name == "postgres":
            pid = self.running.database.pid()
        else:
            pid = self.running.children().get(name)
        if pid is not None and name:
            os.kill(pid, signal.SIGKILL)

    def told(self, person: int) -> list[tuple[object, ...]]:
        """Her timeline without ids and times, in the order in which things happened."""
        return self.running.sql(
            "SELECT f.kind, replace(coalesce(f.data->>'path', f.data->>'tag', f.data->>'after', f.data->>'name', ''), "
            "c.first_name, 'NAME') FROM timeline_fact f JOIN people_contact c ON c.id = f.person_id "
            "WHERE f.person_id = %s ORDER BY 1, 2",
            person,
        )

    def kept(self, person: int) -> dict[str, object]:
        """What the other tables hold about her."""
        one = {
            "points": "SELECT points FROM audience_personscore WHERE person_id = %s",
            "entries": "SELECT count(*) FROM audience_scoreentry WHERE person_id = %s",
            "segments": "SELECT count(*) FROM audience_segmentmember WHERE person_id = %s",
            "messages": "SELECT count(*) FROM messaging_message WHERE person_id = %s",
            "deals": "SELECT count(*) FROM sales_deal WHERE contact_id = %s",
            "tasks": "SELECT count(*) FROM teamwork_task WHERE contact_id = %s",
            "handovers": "SELECT count(*) FROM sales_leadhandover WHERE contact_id = %s",
            "passages": "SELECT count(*) FROM journeys_passage WHERE person_id = %s AND state = 'finished'",
            "stage": "SELECT stage FROM people_contact WHERE id = %s",
            "submissions": "SELECT count(*) FROM capture_formsubmission WHERE person_id = %s",
        }
        return {name: self.running.sql(query, person)[0][0] for name, query in one.items()}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    kill_file = tmp_path_factory.mktemp("kill") / "at"
    with mail_server() as box:
        running = Running(
            tmp_path_factory.mktemp("killed"),
            extra={
                "HEADWATER_SMTP_URL": box.url,
                "HEADWATER_KILL_FILE": str(kill_file),
                "HEADWATER_MAIL_LEASE": "2",
            },
        )
        running.start()
        try:
            running.python(SETUP)
            time.sleep(2)  # the segment is built
            yield Stage(running, box, kill_file)
        finally:
            running.stop()


@pytest.fixture(scope="module")
def undisturbed(stage: Stage) -> tuple[list[tuple[object, ...]], dict[str, object]]:
    """What the way leaves behind when nobody is killed."""
    mail, person = stage.walk()
    assert len(stage.box.of(mail)) == 1
    return stage.told(person), stage.kept(person)


def test_the_way_is_what_it_should_be(undisturbed: tuple[list[tuple[object, ...]], dict[str, object]]) -> None:
    told, kept = undisturbed
    kinds = [kind for kind, _ in told]
    assert kinds.count("page.viewed") == 2
    for kind in (
        "contact.created",
        "contact.identified",
        "consent.changed",
        "form.submitted",
        "segment.entered",
        "journey.entered",
        "mail.sent",
        "tag.added",
        "lead.handed_over",
        "deal.created",
        "task.created",
        "journey.finished",
    ):
        assert kinds.count(kind) == 1, kind
    assert {k: kept[k] for k in ("segments", "messages", "deals", "tasks", "handovers", "passages", "stage")} == {
        "segments": 1,
        "messages": 1,
        "deals": 1,
        "tasks": 1,
        "handovers": 1,
        "passages": 1,
        "stage": "mql",
    }


@pytest.mark.parametrize("point", WORKER_POINTS)
def test_the_worker_killed_at_a_point_loses_and_repeats_nothing(
    stage: Stage, undisturbed: tuple[list[tuple[object, ...]], dict[str, object]], point: str
) -> None:
    mail, person = stage.walk(kill=point)
    assert not stage.kill_file.exists(), f"nobody passed {point}"
    told = [(k, w) for k, w in stage.told(person)]
    mails = stage.box.of(mail)
    assert len({m["Message-ID"] for m in mails}) == 1
    if point in MAY_REPEAT:
        assert len(mails) in (1, 2)
        ((uncertain, attempts),) = stage.running.sql(
            "SELECT uncertain, attempts FROM messaging_message WHERE person_id = %s", person
        )
        assert (uncertain, attempts) == (True, 2), "sent again, and nobody says so"
        told = [(k, w) for k, w in told if k not in ("mail.sent", "mail.repeated")]
        assert told == [(k, w) for k, w in undisturbed[0] if k != "mail.sent"]
    else:
        assert len(mails) == 1
        assert told == undisturbed[0]
    assert stage.kept(person) == undisturbed[1]


@pytest.mark.parametrize("process", ["serve", "work", "postgres"])
def test_a_process_killed_between_the_steps_loses_and_repeats_nothing(
    stage: Stage, undisturbed: tuple[list[tuple[object, ...]], dict[str, object]], process: str
) -> None:
    mail, person = stage.walk(between=process)
    assert stage.told(person) == undisturbed[0]
    assert stage.kept(person) == undisturbed[1]
    assert len({m["Message-ID"] for m in stage.box.of(mail)}) == 1
