"""The plain text part of a mail, derived from its HTML."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

_SKIP = frozenset({"head", "style", "script", "title", "template", "noscript"})
_BLOCK = frozenset(
    {
        "p",
        "div",
        "table",
        "tbody",
        "tr",
        "td",
        "th",
        "ul",
        "ol",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "section",
        "blockquote",
    }
)
_HEADING = frozenset({"h1", "h2", "h3"})


def plain_text(html: str) -> str:
    """Readable text of a mail's HTML: one line per block, links as `words: address`, hidden parts left out.

    Held merge tags (`hwtag7z`, in text or in a comment) stay where they are.
    """
    body = LexborHTMLParser(html).body
    if body is None:
        return ""
    out: list[str] = []
    _walk(body, out)
    lines = [re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(out).split("\n")]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return text + "\n" if text else ""


def _walk(node: LexborNode, out: list[str]) -> None:
    child = node.child
    while child is not None:
        _one(child, out)
        child = child.next


def _one(node: LexborNode, out: list[str]) -> None:
    tag = node.tag
    if tag == "-text":
        out.append(re.sub(r"[\s\u034f\u200c]+", " ", node.text_content or ""))
    elif tag == "-comment":
        held = re.fullmatch(r"hwtag\d+z", (node.comment_content or "").strip())
        if held:
            out.append(held[0])
    elif tag in _SKIP or "display:none" in (node.attributes.get("style") or "").replace(" ", ""):
        return
    elif tag == "br":
        out.append("\n")
    elif tag == "hr":
        out.append("\n\n---\n\n")
    elif tag == "img":
        out.append(node.attributes.get("alt") or "")
    elif tag == "a":
        _link(node, out)
    elif tag == "li":
        out.append("\n- ")
        _walk(node, out)
    else:
        gap = "\n\n" if tag in _HEADING or tag in ("p", "table") else "\n" if tag in _BLOCK else ""
        out.append(gap)
        _walk(node, out)
        out.append(gap)


def _link(node: LexborNode, out: list[str]) -> None:
    inner: list[str] = []
    _walk(node, inner)
    words = " ".join("".join(inner).split())
    href = (node.attributes.get("href") or "").strip()
    if not href or href.startswith("#") or href == words or href == f"mailto:{words}":
        out.append(words or href)
    else:
        out.append(f"{words}: {href}" if words else href)
