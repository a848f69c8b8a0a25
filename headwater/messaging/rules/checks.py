"""What to look at before a template is used. Codes with their values; views put them into words."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from headwater.content.rules import Compiled, TemplateProblem, compile_mail, unknown_tags

from .compose import FOOTER
from .pushing import BODY, TITLE
from .segments import MOST_CHARACTERS, Size
from .texting import addresses
from .webpush import MOST_BYTES

#: Gmail cuts mails off behind this
SIZE_LIMIT_KB = 102


@dataclass(frozen=True, slots=True)
class Check:
    """level "bad": it will be refused or hurt; "warn": look again; "ok": checked and well."""

    level: Literal["ok", "warn", "bad"]
    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


def check_text(*, body: str, opt_out: str, purpose: str, size: Size, as_sent: str) -> list[Check]:
    """Everything that can be said about a text (SMS). as_sent: with values and short links."""
    out: list[Check] = []
    for name, meant in unknown_tags(body):
        out.append(Check("bad", "unknown_tag", {"where": "body", "name": name, "meant": meant}))
    if len(as_sent) > MOST_CHARACTERS:
        out.append(Check("bad", "text_too_long", {"count": len(as_sent), "limit": MOST_CHARACTERS}))
    if purpose == "marketing":
        there = bool(opt_out.strip()) or "stop" in body.casefold()
        out.append(Check("ok" if there else "warn", "opt_out" if there else "no_opt_out"))
    if size.odd and not any(_own_script(c) for c in size.odd):
        out.append(Check("warn", "odd_characters", {"characters": " ".join(size.odd[:12])}))
    if links := addresses(body):
        out.append(Check("ok", "short_links", {"count": links}))
    order = {"bad": 0, "warn": 1, "ok": 2}
    return sorted(out, key=lambda c: order[c.level])


def _own_script(character: str) -> bool:
    """A letter of a script that GSM does not have (Korean): nobody could write such a text in a shorter way."""
    return character.isalpha() and not unicodedata.name(character, "").startswith("LATIN")


def check_push(*, parts: Mapping[str, str], title: str, body: str, size: int) -> list[Check]:
    """Everything that can be said about a push message. parts: as written; title, body: with values; size: bytes of all
    that goes out."""
    out: list[Check] = []
    for where, source in parts.items():
        out += [
            Check("bad", "unknown_tag", {"where": where, "name": name, "meant": meant})
            for name, meant in unknown_tags(source)
        ]
    if not title:
        out.append(Check("bad", "no_title"))
    elif len(title) > TITLE:
        out.append(Check("warn", "long_title", {"count": len(title), "limit": TITLE}))
    if len(body) > BODY:
        out.append(Check("warn", "long_body", {"count": len(body), "limit": BODY}))
    for name in ("icon", "image"):
        if parts.get(name, "").startswith("http://"):
            out.append(Check("warn", "plain_picture", {"url": parts[name]}))
    if not parts.get("link"):
        out.append(Check("ok", "link_home"))
    elif parts["link"].startswith("http://"):
        out.append(Check("warn", "http_link", {"url": parts["link"]}))
    level: Literal["ok", "bad"] = "bad" if size > MOST_BYTES else "ok"
    out.append(Check(level, "push_size", {"count": size, "limit": MOST_BYTES}))
    order = {"bad": 0, "warn": 1, "ok": 2}
    return sorted(out, key=lambda c: order[c.level])


def check_template(
    *, subject: str, preview: str, mjml: str, text_override: str, purpose: str
) -> tuple[list[Check], Compiled | None]:
    """Everything that can be said about a template without a person; the compiled mail where it compiles."""
    out: list[Check] = []
    own_link = "unsubscribe_url" in mjml
    try:
        made = compile_mail(mjml, preview=preview, footer="" if own_link else FOOTER)
    except TemplateProblem as problem:
        return [Check("bad", "problem", {"where": "body", "words": str(problem)})], None
    for where, source in (("subject", subject), ("preview", preview), ("body", mjml), ("text", text_override)):
        try:
            out += [
                Check("bad", "unknown_tag", {"where": where, "name": name, "meant": meant})
                for name, meant in unknown_tags(source)
            ]
        except TemplateProblem as problem:
            out.append(Check("bad", "problem", {"where": where, "words": str(problem)}))
    if not subject.strip():
        out.append(Check("bad", "no_subject"))
    elif len(subject) > 78:
        out.append(Check("warn", "long_subject", {"count": len(subject)}))
    if purpose == "marketing":
        out.append(Check("ok", "unsubscribe" if own_link else "unsubscribe_added"))
    if not preview.strip():
        out.append(Check("warn", "no_preview"))
    if not made.text.strip():
        out.append(Check("bad", "no_text"))
    elif not text_override.strip():
        out.append(Check("ok", "text_derived"))
    out += [Check("warn", "http_link", {"url": url}) for url in made.links if url.startswith("http://")]
    kb = len(made.html.encode()) / 1024
    level: Literal["ok", "bad"] = "bad" if kb > SIZE_LIMIT_KB else "ok"
    out.append(Check(level, "size", {"kb": round(kb, 1), "limit": SIZE_LIMIT_KB}))
    order = {"bad": 0, "warn": 1, "ok": 2}
    return sorted(out, key=lambda c: order[c.level]), made
