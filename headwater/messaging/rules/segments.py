"""How many parts a text (SMS) is sent and charged as: GSM 03.38 counts 7-bit characters, all else goes as UCS-2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: GSM 03.38, the basic table and its extension (two places each)
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
#: (alone, each of several): a text of several parts gives seven places (three) of each to their numbering
SIZES = {"gsm": (160, 153), "ucs2": (70, 67)}
#: What providers take at most
MOST_CHARACTERS = 1600


@dataclass(frozen=True, slots=True)
class Size:
    """alphabet: "gsm" or "ucs2". units: places taken. left: free ones in the last part. odd: characters that GSM does
    not have, which make all of the text UCS-2."""

    alphabet: Literal["gsm", "ucs2"]
    units: int
    segments: int
    left: int
    odd: str = ""


def size_of(text: str) -> Size:
    """The size of a text as it goes out. A character is never cut in two at the end of a part."""
    odd = "".join(dict.fromkeys(c for c in text if c not in _BASIC and c not in _EXTENDED))
    alphabet: Literal["gsm", "ucs2"] = "ucs2" if odd else "gsm"
    alone, each = SIZES[alphabet]
    widths = [_width(c, alphabet) for c in text]
    units = sum(widths)
    if units <= alone:
        return Size(alphabet, units, 1 if text else 0, alone - units, odd)
    segments, used = 1, 0
    for width in widths:
        if used + width > each:
            segments, used = segments + 1, 0
        used += width
    return Size(alphabet, units, segments, each - used, odd)


def _width(character: str, alphabet: str) -> int:
    if alphabet == "gsm":
        return 2 if character in _EXTENDED else 1
    return 2 if ord(character) > 0xFFFF else 1
