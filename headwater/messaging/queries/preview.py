"""A template as somebody would see it, before it is saved or sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from headwater.content.queries import contexts, workspace_context
from headwater.content.rules import MissingField, TemplateProblem, compile_mail, prune, render

from ..rules import compose, pushing, texting, tokens
from ..rules.compose import FOOTER, TEXT_FOOTER
from ..rules.pushing import Shown

#: A template names fewer values than this, or it is not shown
MAX_MISSING = 60


@dataclass(frozen=True, slots=True)
class Preview:
    """missing: names that have no value for this person and no fallback, so that the mail would be refused."""

    subject: str
    html: str
    text: str
    missing: list[str] = field(default_factory=list)


def preview(
    *, subject: str, preview: str, mjml: str, text_override: str, purpose: str, person_id: int | None
) -> Preview:
    """The mail for this person (None: for somebody of whom nothing is known). A value that is missing is shown as
    its name in brackets. Raises TemplateProblem where the template does not compile."""
    own_link = "unsubscribe_url" in mjml
    made = compile_mail(mjml, preview=preview, footer="" if own_link else FOOTER)
    context = compose.values(_copy(_base(person_id)), {}, marketing=purpose == "marketing")
    text = text_override.replace("\r\n", "\n") or made.text
    if text_override.strip() and "unsubscribe_url" not in text:
        text += TEXT_FOOTER
    missing: list[str] = []
    parts = [
        _render(subject, context, missing, html=False),
        _render(made.html, context, missing, html=True),
        _render(text, context, missing, html=False),
    ]
    return Preview(" ".join(parts[0].split()), parts[1], parts[2], missing)


@dataclass(frozen=True, slots=True)
class TextPreview:
    """What a text says to somebody. as_sent: the same with short links, as long as it goes out."""

    words: str
    as_sent: str
    missing: list[str] = field(default_factory=list)


def preview_text(*, body: str, opt_out: str, purpose: str, person_id: int | None) -> TextPreview:
    """The text for this person (None: for somebody of whom nothing is known), with its addresses as they were written.
    A value that is missing is shown as its name in brackets. Raises TemplateProblem."""
    base = _base(person_id)
    marketing, missing = purpose == "marketing", list[str]()
    context = compose.values(_copy(base), {}, marketing=marketing)
    words = _render(texting.whole(body, opt_out), context, missing, html=False).strip()
    short = f"{base['workspace'].get('base_url', '')}/s/{'x' * tokens.SHORT_LENGTH}"
    as_sent = _render(texting.whole(texting.linked(body, lambda url: 1), opt_out), {**context, "hw": {
        "marketing": marketing, "l1": short}}, missing, html=False).strip()  # fmt: skip
    return TextPreview(words, as_sent, missing)


@dataclass(frozen=True, slots=True)
class PushPreview:
    """What a push message shows somebody. size: bytes of all that goes out, and how many may."""

    shown: Shown
    size: int
    missing: list[str] = field(default_factory=list)


def preview_push(says: Any, *, purpose: str, person_id: int | None) -> PushPreview:
    """The message (actions.PushText) for this person (None: for somebody of whom nothing is known), with its link as it
    was written. A value that is missing is shown as its name in brackets. Raises TemplateProblem."""
    base, missing = _base(person_id), list[str]()
    context = compose.values(_copy(base), {}, marketing=purpose == "marketing")
    title, body, link, icon, image = (
        _render(part, context, missing, html=False).strip()
        for part in (says.title, says.body, says.link or pushing.HOME, says.icon, says.image)
    )
    shown = Shown(" ".join(title.split()), body, link, pushing.address_of(icon), pushing.address_of(image))
    home = str(base["workspace"].get("base_url", ""))
    tracked = f"{home}/s/{'x' * tokens.SHORT_LENGTH}"
    sent = Shown(shown.title, shown.body, tracked, shown.icon, shown.image)
    size = len(pushing.payload(sent, message="x" * 32, receipt=f"{home}/push/shown/{'x' * 95}"))
    return PushPreview(shown, size, missing)


def _base(person_id: int | None) -> dict[str, Any]:
    """What is known of somebody, or of nobody."""
    found = contexts([person_id]).get(person_id) if person_id is not None else None
    workspace = prune(workspace_context())
    return found or {"contact": {"custom": {}}, "company": {"custom": {}}, "owner": {}, "workspace": workspace}


def _copy(value: Any) -> Any:
    return {k: _copy(v) for k, v in value.items()} if isinstance(value, dict) else value


def _render(template: str, context: dict[str, Any], missing: list[str], *, html: bool) -> str:
    while True:
        try:
            return render(template, context, html=html)
        except MissingField as problem:
            if problem.name in missing or len(missing) >= MAX_MISSING:
                raise TemplateProblem(str(problem)) from problem
            missing.append(problem.name)
            _put(context, problem.name)


def _put(context: dict[str, Any], name: str) -> None:
    """Give a missing name a value that shows what is missing."""
    *path, last = name.split(".")
    for step in path:
        inner = context.get(step)
        if not isinstance(inner, dict):
            inner = context[step] = {}
        context = inner
    context[last] = f"[{name}]"
