"""The SMTP stage against real servers: pipelining, refusals, broken lines."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from headwater.messaging.channels.letters import Envelope
from headwater.messaging.channels.letters import Server as Address
from headwater.messaging.channels.smtp import Connection, SmtpError
from headwater.messaging.rules.delivery import Answer
from headwater.messaging.tests.smtp_server import Server, running, script


def envelope(to: str, body: bytes = b"Subject: x\r\n\r\nHi\r\n") -> Envelope:
    return Envelope("hello@northstar.example", to, body)


def connect(url: str) -> Connection:
    return Connection(Address.from_url(url), timeout=5)


@pytest.mark.parametrize("pipelining", [True, False])
def test_mails_go_over_one_connection_and_arrive_to_the_byte(pipelining: bool) -> None:
    bodies = [b"Subject: x\r\n\r\n.\r\n..dots\r\n.\r\n" + (bytes([65 + n]) * 900 + b"\r\n") * 6 for n in range(20)]
    with running(Server(pipelining=pipelining)) as server:
        line = connect(server.url)
        answers = line.send([envelope(f"p{n}@example.org", b) for n, b in enumerate(bodies)])
        more = line.send([envelope("again@example.org")])
        line.quit()
    assert answers + more == [Answer("sent", "250 2.0.0 kept", 250, "data")] * 21
    assert server.mails[:20] == [(f"p{n}@example.org", b) for n, b in enumerate(bodies)]
    assert server.sessions == 1


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_refused_recipient_does_not_stop_the_others(pipelining: bool) -> None:
    answers_to = {"gone@example.org": "550 5.1.1 no such user", "busy@example.org": "450 4.2.1 try later"}
    people = [
        "a@example.org",
        "gone@example.org",
        "b@example.org",
        "busy@example.org",
        "gone@example.org",
        "c@example.org",
    ]
    with running(Server(pipelining=pipelining, refuse=answers_to.get)) as server:
        line = connect(server.url)
        answers = line.send([envelope(p) for p in people])
        line.quit()
    assert [(a.kind, a.code, a.stage) for a in answers] == [
        ("sent", 250, "data"),
        ("never", 550, "rcpt"),
        ("sent", 250, "data"),
        ("later", 450, "rcpt"),
        ("never", 550, "rcpt"),
        ("sent", 250, "data"),
    ]
    assert (answers[1].words, answers[1].bounced, answers[1].hard) == ("550 5.1.1 no such user", True, True)
    assert [to for to, _ in server.mails] == ["a@example.org", "b@example.org", "c@example.org"]


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_mail_refused_after_its_body_is_told_apart(pipelining: bool) -> None:
    words = {"spam@example.org": "554 5.7.1 looks like spam"}
    with running(Server(pipelining=pipelining, after_data=words.get)) as server:
        line = connect(server.url)
        answers = line.send([envelope(p) for p in ("spam@example.org", "a@example.org")])
        line.quit()
    assert [(a.kind, a.stage, a.bounced, a.hard) for a in answers] == [
        ("never", "data", False, False),
        ("sent", "data", False, False),
    ]


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_line_cut_after_a_body_leaves_that_mail_unknown_and_the_rest_untried(pipelining: bool) -> None:
    cut = {"b@example.org": "cut"}
    with running(Server(pipelining=pipelining, after_data=cut.get)) as server:
        answers = connect(server.url).send([envelope(f"{n}@example.org") for n in "abcd"])
    assert [a.kind for a in answers] == ["sent", "unknown", "untried", "untried"]


HELLO = (b"220 hi\r\n", b"250-me\r\n250 PIPELINING\r\n")


def test_a_line_cut_before_a_body_leaves_every_mail_untried() -> None:
    with script(*HELLO, b"250 ok\r\n250 ok\r\n") as (port, heard):
        answers = connect(f"smtp://127.0.0.1:{port}").send([envelope("a@example.org"), envelope("b@example.org")])
    assert [a.kind for a in answers] == ["untried", "untried"]
    assert heard[1] == b"MAIL FROM:<hello@northstar.example>\r\nRCPT TO:<a@example.org>\r\nDATA\r\n"


def test_the_commands_of_the_next_mail_leave_with_the_body_of_this_one() -> None:
    group = b"250 ok\r\n250 ok\r\n354 go\r\n"
    with script(*HELLO, group, b"250 taken\r\n" + group, b"250 taken too\r\n") as (port, heard):
        answers = connect(f"smtp://127.0.0.1:{port}").send([envelope("a@example.org"), envelope("b@example.org")])
    assert [a.words for a in answers] == ["250 taken", "250 taken too"]
    assert heard[2] == (
        b"Subject: x\r\n\r\nHi\r\n.\r\nMAIL FROM:<hello@northstar.example>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
    )


def test_a_server_that_closes_with_421_leaves_the_rest_untried() -> None:
    closing = b"421 4.7.0 too many mails\r\n503 no\r\n503 no\r\n"
    with script(*HELLO, closing) as (port, _):
        answers = connect(f"smtp://127.0.0.1:{port}").send([envelope("a@example.org"), envelope("b@example.org")])
    assert [(a.kind, a.code) for a in answers] == [("later", 421), ("untried", 0)]


def test_a_server_that_wants_a_body_for_nobody_gets_an_empty_one() -> None:
    odd = b"250 ok\r\n550 5.1.1 no\r\n354 go on\r\n"
    with script(*HELLO, odd, b"554 nobody\r\n", b"250 reset\r\n", b"250 a\r\n250 b\r\n354 c\r\n", b"250 ok\r\n") as (
        port,
        heard,
    ):
        answers = connect(f"smtp://127.0.0.1:{port}").send([envelope("a@example.org"), envelope("b@example.org")])
    assert [a.kind for a in answers] == ["never", "sent"]
    assert heard[2:4] == [b".\r\n", b"RSET\r\n"]


@pytest.mark.parametrize(
    "url, turns, words",
    [
        ("smtp", [b"554 go away\r\n"], "127.0.0.1 refused greeting: 554 go away"),
        ("smtp", [b"220 hi\r\n", b"502 what\r\n", b"502 no\r\n"], "127.0.0.1 refused HELO: 502 no"),
        ("smtp+starttls", [b"220 hi\r\n", b"250 me\r\n", b""], "127.0.0.1 does not offer STARTTLS"),
        (
            "smtp",
            [b"220 hi\r\n", b"250-me\r\n250 AUTH PLAIN\r\n", b"535 5.7.8 wrong\r\n"],
            "refused sign-in: 535 5.7.8 wrong",
        ),
    ],
)
def test_a_server_that_cannot_be_used_says_why(url: str, turns: list[bytes], words: str) -> None:
    user = "u:p@" if "535" in str(turns) else ""
    with script(*turns) as (port, _), pytest.raises(SmtpError) as caught:
        connect(f"{url}://{user}127.0.0.1:{port}")
    assert words in str(caught.value)


def test_signing_in_sends_name_and_password() -> None:
    with script(b"220 hi\r\n", b"250-me\r\n250 AUTH LOGIN\r\n", b"334 x\r\n", b"334 y\r\n", b"235 ok\r\n") as (
        port,
        heard,
    ):
        connect(f"smtp://us%40er:p%3Aw@127.0.0.1:{port}").close()
    assert heard[1:] == [b"AUTH LOGIN\r\n", b"dXNAZXI=\r\n", b"cDp3\r\n"]


def test_no_server_at_all_is_an_error_for_people() -> None:
    with pytest.raises(SmtpError, match=r"127\.0\.0\.1:1: .*refused"):
        connect("smtp://127.0.0.1:1")


def test_an_address_with_a_line_break_never_reaches_the_wire() -> None:
    with running(Server()) as server:
        line = connect(server.url)
        answers = line.send([envelope("a@example.org>\r\nRCPT TO:<v@example.org"), envelope("a@example.org")])
        line.quit()
    assert [a.kind for a in answers] == ["never", "sent"]
    assert [to for to, _ in server.mails] == ["a@example.org"]


def _certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(the server's context, a client's that trusts it) with a certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    at = datetime(2020, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), at, at + timedelta(days=36500)
        )
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "both.pem"
    path.write_bytes(
        made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=str(path))


def test_starttls_encrypts_before_signing_in_and_wants_a_certificate_it_trusts(tmp_path: Path) -> None:
    theirs, ours = _certificate(tmp_path)
    seen: list[tuple[bytes, bytes]] = []

    def check(server, session, envelope, mechanism, data):  # type: ignore[no-untyped-def]
        seen.append((data.login, data.password))
        return AuthResult(success=data.password == b"p:w", handled=False)

    class Own(Controller):
        def factory(self) -> SMTP:
            return SMTP(
                self.handler, tls_context=theirs, require_starttls=True, auth_required=True, authenticator=check
            )

    handler = Server()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Own(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        url = f"smtp+starttls://ann:p%3Aw@127.0.0.1:{port}"
        line = Connection(Address.from_url(url), timeout=5, context=ours)
        assert [a.kind for a in line.send([envelope("a@example.org"), envelope("b@example.org")])] == ["sent", "sent"]
        line.quit()
        with pytest.raises(SmtpError, match="certificate verify failed"):
            connect(url)
        with pytest.raises(SmtpError, match="refused sign-in: 535"):
            Connection(Address.from_url(url.replace("p%3Aw", "x")), timeout=5, context=ours)
    finally:
        controller.stop()
    assert seen == [(b"ann", b"p:w"), (b"ann", b"x")]
