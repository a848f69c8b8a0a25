"""Search in any script: words of two letters and Korean, Chinese and Japanese words, which trigrams do not find.

A record keeps `search`, its folded text (indexed by trigrams, for three letters and more), and `grams`: every letter
and pair of neighbouring letters of CJK text, and the first two letters of other words (indexed as an array).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from .names import CJK

_CJK_RUN = re.compile(f"[{CJK}]+")
_WORD = re.compile(f"[^\\W_{CJK}]+")


def fold(text: str) -> str:
    """Lower case, no accents, full-width letters as plain ones; CJK stays as it is."""
    text = unicodedata.normalize("NFKC", text.replace("\0", " ")).casefold()
    if not text.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
        text = unicodedata.normalize("NFC", plain)
    return " ".join(text.split())


def searchable(*parts: str) -> str:
    """The folded text of a record; telephone numbers are found by their digits too."""
    out = []
    for part in parts:
        if part:
            out.append(fold(part))
            digits = re.sub(r"\D", "", part)
            if part.startswith("+") and digits:
                out.append(digits)
    return " \n".join(out)


def grams(text: str) -> list[str]:
    """The short words by which a folded text is found."""
    out: set[str] = set()
    for run in _CJK_RUN.findall(text):
        out.update(run)
        out.update(run[i : i + 2] for i in range(len(run) - 1))
    for word in _WORD.findall(text):
        out.update((word[:1], word[:2]))
    return sorted(out)


@dataclass(frozen=True, slots=True)
class Query:
    """What a person typed: all `likes` must be in `search` and all `grams` in `grams`."""

    likes: tuple[str, ...]
    grams: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.likes or self.grams)


def parse(text: str) -> Query:
    """Words of a search box. Digits of a telephone number may be written with spaces and dashes."""
    text = fold(text)[:100]
    if re.fullmatch(r"\+?[\d\s()./-]{5,}", text):
        return Query((re.sub(r"\D", "", text).lstrip("0"),), ())
    likes, short = [], set()
    for word in text.split():
        found: Iterable[str] = _CJK_RUN.findall(word)
        for run in found:
            short.update([run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)])
        plain = _CJK_RUN.sub("", word)
        if len(word) >= 3:
            likes.append(word)
        elif plain and plain == word:
            short.add(word)
    return Query(tuple(likes), tuple(sorted(short)))


def like(text: str) -> str:
    """A LIKE pattern that finds `text` anywhere."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
