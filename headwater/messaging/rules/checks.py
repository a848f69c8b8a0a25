"""What to look at before a template is used. Codes with their values; views put them into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from headwater.content.rules import Compiled, TemplateProblem, compile_mail, unknown_tags

from .compose import FOOTER

#: Gmail cuts mails off behind this
SIZE_LIMIT_KB = 102


@dataclass(frozen=True, slots=True)
class Check:
    """level "bad": it will be refused or hurt; "warn": look again; "ok": checked and well."""

    level: Literal["ok", "warn", "bad"]
    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


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
