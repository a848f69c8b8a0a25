"""What a text (SMS) consists of, to which numbers it can go, and what an answer to it means."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import phonenumbers
from phonenumbers import PhoneNumberType

#: An address in a text, merge tags in it included; the points and brackets of the sentence around it stay outside
_PART = r"(?:\{\{.*?\}\}|[^\s<>\"{}])"
_LINK = re.compile(rf"https?://{_PART}+|\{{\{{\s*workspace\.(?:website|base_url)\s*\}}\}}{_PART}*", re.I)
_AFTER = ".,;:!?)]'\"»”"
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.PERSONAL_NUMBER)
#: As providers and their rules name them (CTIA, Twilio's defaults), and the same in languages that we speak
_STOP = frozenset(
    {
        "stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "arret", "arrêt", "alto", "baja",
        "stopp", "abmelden", "수신거부", "중지", "거부", "退订", "取消", "停止",
    }
)  # fmt: skip
_START = frozenset(("start", "unstop", "subscribe", "시작", "수신동의", "开始", "订阅"))


def problem(number: str) -> str:
    """Why no text can go to a number: "no_number", "invalid_number", "not_mobile"; "" where it can."""
    if not number:
        return "no_number"
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return "invalid_number"
    if not phonenumbers.is_valid_number(parsed):
        return "invalid_number"
    return "" if phonenumbers.number_type(parsed) in _MOBILE else "not_mobile"


def linked(body: str, link_id: Callable[[str], int]) -> str:
    """The text with `{{ hw.lN }}` for each address, N being what link_id gives for it."""

    def replace(found: re.Match[str]) -> str:
        url = found[0]
        end = url.rstrip(_AFTER)
        return f"{{{{ hw.l{link_id(end)} }}}}{url[len(end) :]}"

    return _LINK.sub(replace, body)


def addresses(body: str) -> int:
    """How many different addresses stand in a text; each becomes a short link."""
    return len({url.rstrip(_AFTER) for url in _LINK.findall(body)})


def whole(body: str, opt_out: str) -> str:
    """What goes out: marketing texts have the line about getting no more at their end."""
    body = body.replace("\r\n", "\n").strip()
    line = " ".join(opt_out.split())
    return f"{body}{{% if hw.marketing %}}\n{line}{{% endif %}}" if line else body


def answer_of(text: str) -> str:
    """What somebody means who writes back: "stop", "start" or "" (something else)."""
    word = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())
    if word in _STOP:
        return "stop"
    return "start" if word in _START else ""
