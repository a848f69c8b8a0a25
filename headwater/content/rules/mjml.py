"""MJML written by people, compiled once per version of a template.

Merge tags are held out of the compiler's sight (as `hwtag7z`), so that `<`, quotes and loops in them cannot
break the markup, and are put back into its HTML.
"""

from __future__ import annotations

import html as html_module
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from mjml import mjml2html

from .merge import TemplateProblem
from .text import plain_text

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.S)
_HELD = re.compile(r"hwtag(\d+)z")
_ELEMENT = re.compile(r"<!--.*?-->|<(/?)(mj-[a-z-]+|mjml)\b((?:\"[^\"]*\"|'[^']*'|[^>\"'])*?)(/?)>", re.S)
_HREF = re.compile(r"(<a\b[^>]*?\shref=\")([^\"]*)(\")", re.I)
#: Where a block tag stands between elements and not in a text
_FRAMES = ("mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero")
#: Addresses that are the mail's own and are never tracked
_OWN = ("unsubscribe_url", "view_url", "hw.")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A template ready to render: HTML and text with merge tags, and the addresses it links to."""

    html: str
    text: str
    links: list[str] = field(default_factory=list)


def compile_mail(
    mjml: str,
    *,
    preview: str = "",
    footer: str = "",
    link_id: Callable[[str], int] | None = None,
    pixel: bool = False,
) -> Compiled:
    """Compile MJML with merge tags.

    preview: the text that inboxes show after the subject. footer: an `<mj-section>` put at the end of the body.
    link_id: gives each web address its number; its links then read `{{ hw.lNUMBER }}` (None: left as they are).
    pixel: end with an image at `{{ hw.pixel }}`. Raises TemplateProblem that names the line.
    """
    mjml = mjml.replace("\r\n", "\n")  # what forms send; the compiler stumbles over it
    if footer:
        mjml = _add_footer(mjml, footer)
    held: list[str] = []
    markup, frames = _wrap_frames(_hold(mjml, held))
    _check_elements(markup)
    try:
        html = str(mjml2html(markup, fonts={}))
    except ValueError as error:
        raise TemplateProblem(_explain(str(error), markup)) from error
    html = html.replace('lang="und"', 'lang="hwtagLANGz"')
    if preview:
        html = _add_preview(html, _hold(preview, held))
    links: list[str] = []
    if link_id is not None:
        html = _track(html, held, links, link_id)
    else:
        links = [u for u in (_restore(html_module.unescape(m[2]), held) for m in _HREF.finditer(html)) if tracked(u)]
    text = _restore(plain_text(_comments(html, frames)), held)
    if pixel:
        image = '{% if hw.pixel %}<img src="{{ hw.pixel }}" width="1" height="1" alt="">{% endif %}'
        html = html.replace("</body>", image + "</body>")
    html = _restore(html, held).replace("hwtagLANGz", '{{ contact.language | default("en") }}')
    return Compiled(html, text, list(dict.fromkeys(links)))


def tracked(url: str) -> bool:
    """Whether a link leads to a page, so that clicks on it are counted: not mailto:, #, or the mail's own links."""
    if url.startswith(("http://", "https://")):
        return True
    inner = url[2:].lstrip() if url.startswith("{{") else ""
    return bool(inner) and not inner.startswith(_OWN)


def _hold(source: str, held: list[str]) -> str:
    def keep(match: re.Match[str]) -> str:
        held.append(match[0])
        return f"hwtag{len(held) - 1}z"

    return _TAG.sub(keep, source)


def _restore(text: str, held: list[str]) -> str:
    return _HELD.sub(lambda m: held[int(m[1])], text)


def _wrap_frames(markup: str) -> tuple[str, set[str]]:
    """Block tags that stand between elements go into <mj-raw>; returns their numbers, too."""
    out, frames, stack, at = [], set[str](), ["mjml"], 0
    for element in [*_ELEMENT.finditer(markup), None]:
        between = markup[at : element.start() if element else len(markup)]
        if stack and stack[-1] in _FRAMES:
            frames.update(_HELD.findall(between))
            between = _HELD.sub(r"<mj-raw>\g<0></mj-raw>", between)
        out.append(between)
        if element is None:
            break
        out.append(element[0])
        at = element.end()
        if element[2] and element[1] and stack and element[2] in stack:
            while stack and stack.pop() != element[2]:
                pass
        elif element[2] and not element[1] and not element[4]:
            stack.append(element[2])
    return "".join(out), frames


def _comments(html: str, frames: set[str]) -> str:
    """For the text part: tags between elements as comments, which an HTML parser leaves where they are."""
    return _HELD.sub(lambda m: f"<!--{m[0]}-->" if m[1] in frames else m[0], html)


def _add_footer(mjml: str, footer: str) -> str:
    end = mjml.rfind("</mj-body>")
    return mjml if end < 0 else mjml[:end] + footer + mjml[end:]


def _add_preview(html: str, preview: str) -> str:
    """The preview text, hidden, and enough blank after it that the inbox does not go on with the body's text."""
    if "display:none;font-size:1px" in html:  # written as <mj-preview>
        return html
    hidden = (
        '<div style="display:none;font-size:1px;color:#ffffff;line-height:1px;max-height:0px;max-width:0px;'
        f'opacity:0;overflow:hidden;">{html_module.escape(preview, quote=False)}{"&#847;&zwnj;&nbsp;" * 30}</div>'
    )
    body = html.find(">", html.find("<body")) + 1
    return html[:body] + hidden + html[body:]


def _track(html: str, held: list[str], links: list[str], link_id: Callable[[str], int]) -> str:
    def swap(match: re.Match[str]) -> str:
        url = _restore(html_module.unescape(match[2]), held).strip()
        if not tracked(url):
            return match[0]
        links.append(url)
        held.append("{{ hw.l" + str(link_id(url)) + " }}")
        return f"{match[1]}hwtag{len(held) - 1}z{match[3]}"

    return _HREF.sub(swap, html)


def _check_elements(markup: str) -> None:
    """Say which MJML element is not closed or not open, by line: the compiler's own words name neither."""
    stack: list[tuple[str, int]] = []
    for element in _ELEMENT.finditer(markup):
        if not element[2] or element[4]:
            continue
        line = markup.count("\n", 0, element.start()) + 1
        if not element[1]:
            stack.append((element[2], line))
        elif not stack or stack[-1][0] != element[2]:
            if stack and any(name == element[2] for name, _ in stack):
                raise TemplateProblem(f"<{stack[-1][0]}> is not closed before </{element[2]}>", stack[-1][1])
            raise TemplateProblem(f"</{element[2]}> closes nothing", line)
        else:
            stack.pop()
    if stack:
        raise TemplateProblem(f"<{stack[-1][0]}> is not closed", stack[-1][1])
    if not re.search(r"<mjml\b", markup):
        raise TemplateProblem("the body must be MJML: <mjml><mj-body>…</mj-body></mjml>")


def _explain(words: str, markup: str) -> str:
    if "end of stream" in words or "unexpected" in words:
        return "an HTML element in a text block is not closed (write <p>…</p>, <br/>)"
    return words
