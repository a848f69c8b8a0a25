"""Letters as bytes, read back with the standard library."""

from __future__ import annotations

import email
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.messaging.rules.mime import Letter, build

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def letter(**changes: object) -> Letter:
    values = {
        "sender": "hello@northstar.example",
        "sender_name": "Northstar",
        "to": "ana@example.org",
        "to_name": "Ana",
        "subject": "Welcome",
        "html": "<p>Hi</p>",
        "text": "Hi",
        "header_id": "abc.7@northstar.example",
        "date": AT,
        **changes,
    }
    return Letter(**values)  # type: ignore[arg-type]


def read(made: bytes) -> EmailMessage:
    return email.message_from_bytes(made, policy=policy.default)  # type: ignore[return-value]


def test_a_letter_byte_by_byte() -> None:
    made = build(letter(unsubscribe_url="https://crm.example/u/T", reply_to="sales@northstar.example"))
    assert made.decode() == (
        "From: Northstar <hello@northstar.example>\r\n"
        "To: Ana <ana@example.org>\r\n"
        "Subject: Welcome\r\n"
        "Date: Mon, 02 Nov 2026 09:30:00 +0000\r\n"
        "Message-ID: <abc.7@northstar.example>\r\n"
        "Reply-To: sales@northstar.example\r\n"
        "List-Unsubscribe: <https://crm.example/u/T>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/alternative; boundary="=_hw_abc7northstarexample"\r\n\r\n'
        "--=_hw_abc7northstarexample\r\n"
        'Content-Type: text/plain; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\nHi\r\n"
        "--=_hw_abc7northstarexample\r\n"
        'Content-Type: text/html; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Hi</p>\r\n"
        "--=_hw_abc7northstarexample--\r\n"
    )


def test_names_and_subjects_in_any_script_arrive() -> None:
    subject = "안녕하세요, 지수님 — " + "매우 긴 제목 " * 12
    message = read(build(letter(subject=subject, sender_name='Müller, "Max"', to_name="陈伟")))
    assert message["Subject"] == subject.strip()
    assert message["From"].addresses[0].display_name == 'Müller, "Max"'
    assert message["To"].addresses[0].display_name == "陈伟"
    assert message["To"].addresses[0].addr_spec == "ana@example.org"
    assert max(len(line) for line in build(letter(subject=subject)).split(b"\r\n")) <= 78


def test_a_name_with_punctuation_is_quoted() -> None:
    message = read(build(letter(to_name='Ana "A", Ltd.')))
    assert message["To"].addresses[0].display_name == 'Ana "A", Ltd.'


@pytest.mark.parametrize("field", ["subject", "to_name", "sender_name", "to", "reply_to", "unsubscribe_url"])
def test_no_value_can_add_a_header(field: str) -> None:
    message = read(build(letter(**{field: "x@y.example\r\nBcc: victim@example.org"})))
    assert message["Bcc"] is None


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t .="), max_size=400))
def test_any_text_comes_back(text: str) -> None:
    made = build(letter(text=text, html=f"<p>{text}</p>"))
    assert max(len(line) for line in made.split(b"\r\n")) <= 78
    assert b"\n" not in made.replace(b"\r\n", b"")
    plain = read(made).get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")
