"""The mails of the gallery: written as plain text, a file for each template and language, and made MJML here.

    # hello
    subject: Welcome, {{ contact.first_name | default("and thank you") }}
    preview: What comes next, and how often.
    title: Good to have you here

    A paragraph. A [link](@page) in it.

    [Read on](@page)

    - a point
    - another

A paragraph that is one link alone becomes a button. "@page" stands for what was asked under "page".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _

HERE = Path(__file__).resolve().parent
LANGUAGES = ("en", "ko", "zh-hans")
_LINK = re.compile(r"\[([^\]]+)\]\(((?:\{\{.*?\}\}|[^)])+)\)")
_TAG = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})")
_ASKED = re.compile(r"@([a-z_]+)")
INDENT = " " * 8
TITLE = '<mj-text font-size="23px" line-height="1.3" font-weight="700" padding="0 0 14px">'


@dataclass(frozen=True)
class Letter:
    """A mail as it was written."""

    key: str
    subject: str
    preview: str
    title: str
    paragraphs: tuple[str, ...]

    def mjml(self, links: Mapping[str, str]) -> str:
        """The mail as MJML, framed in the active language. links: what "@page" stands for."""
        parts = [TITLE + f"{_said(self.title)}</mj-text>", *(_block(p, links) for p in self.paragraphs)]
        content = "\n".join(INDENT + p for p in parts)
        frame = (HERE / "frame.mjml").read_text(encoding="utf-8")
        frame = frame.replace("@unsubscribe", _("Unsubscribe")).replace("@view", _("View in browser"))
        # Korean is broken between words, as it is written with spaces; Chinese is not
        style = "div { word-break: keep-all; overflow-wrap: anywhere; }" if get_language() == "ko" else ""
        return frame.replace("    <mj-style>@style</mj-style>\n" if not style else "@style", style).replace(
            "@content", content
        )


def letters(slug: str, language: str) -> dict[str, Letter]:
    """key -> mail of a template in that language, in English where it has none."""
    return _letters(slug, language if language in LANGUAGES else "en")


@cache
def _letters(slug: str, language: str) -> dict[str, Letter]:
    text = (HERE / "mails" / f"{slug}.{language}.md").read_text(encoding="utf-8")
    found = [_letter(part) for part in re.split(r"^# ", text, flags=re.M)[1:]]
    return {letter.key: letter for letter in found}


def _letter(text: str) -> Letter:
    head, _blank, body = text.partition("\n\n")
    key, *lines = head.strip().splitlines()
    said = {name: value.strip() for name, _colon, value in (line.partition(":") for line in lines)}
    paragraphs = tuple(p.strip() for p in re.split(r"\n\s*\n", body.strip()))
    return Letter(key.strip(), said["subject"], said["preview"], said["title"], paragraphs)


def _block(paragraph: str, links: Mapping[str, str]) -> str:
    alone = _LINK.fullmatch(paragraph)
    if alone:
        return f'<mj-button href="{_address(alone[2], links)}">{_said(alone[1])}</mj-button>'
    if paragraph.startswith("- "):
        points = "".join(f"<li>{_line(p[2:], links)}</li>" for p in paragraph.splitlines())
        return f'<mj-text><ul style="margin:0;padding-left:22px">{points}</ul></mj-text>'
    return f"<mj-text>{'<br />'.join(_line(p, links) for p in paragraph.splitlines())}</mj-text>"


def _line(text: str, links: Mapping[str, str]) -> str:
    out, at = [], 0
    for link in _LINK.finditer(text):
        out += [_said(text[at : link.start()]), f'<a href="{_address(link[2], links)}">{_said(link[1])}</a>']
        at = link.end()
    return "".join([*out, _said(text[at:])])


def _said(text: str) -> str:
    """Text for markup; merge tags stay as they are."""
    return "".join(part if _TAG.fullmatch(part) else escape(part) for part in _TAG.split(text))


def _address(href: str, links: Mapping[str, str]) -> str:
    """Where a link leads. Inside of a merge tag, "@page" is what minijinja calls such an address."""
    if href.startswith("{{"):
        return _ASKED.sub(lambda m: _expression(links[m[1]]), href)
    return _ASKED.sub(lambda m: links[m[1]], href)


def _expression(address: str) -> str:
    begin, _tag, rest = address.rpartition("}}")
    return f'workspace.website ~ "{rest}"' if begin else f'"{rest}"'
