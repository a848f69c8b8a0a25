"""Money: decimals in, the reader's words out. Free of Django, so that facts may use it.

Amounts are `Decimal` everywhere; a float never holds money. English, Korean and Chinese all write the sign first and
group by three, so one small formatter serves; what differs by language is the sign of a foreign currency and how a
large sum is shortened (k/M, 만/억, 万/亿).
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

#: Currencies with no minor unit in daily use.
_WHOLE = frozenset({"JPY", "KRW", "VND", "CLP", "ISK", "HUF", "XAF", "XOF", "PYG", "UGX"})
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "KRW": "₩", "JPY": "¥", "CNY": "CN¥", "INR": "₹", "BRL": "R$", "VND": "₫"}
_HOME = {"zh": {"CNY": "¥", "JPY": "JP¥", "USD": "US$"}, "ko": {"USD": "US$"}}
_SHORT = {
    "en": ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "k")),
    "ko": ((Decimal(10) ** 8, "억"), (Decimal(10) ** 4, "만")),
    "zh": ((Decimal(10) ** 8, "亿"), (Decimal(10) ** 4, "万")),
}
#: What a deal may be in; the first ones are offered first.
CURRENCIES = ("USD", "EUR", "GBP", "KRW", "CNY", "JPY", "INR", "AUD", "CAD", "CHF", "SEK", "NOK", "DKK", "PLN", "BRL",
              "MXN", "SGD", "HKD", "TWD", "NZD", "ZAR", "VND")  # fmt: skip
MAX_AMOUNT = Decimal("99999999999999.99")


def places(currency: str) -> int:
    """How many digits the currency has after its point."""
    return 0 if currency in _WHOLE else 2


def _sign(currency: str, language: str) -> str:
    home = _HOME.get(language.split("-")[0], {}).get(currency)
    return home or _SIGNS.get(currency) or f"{currency} "


def format_money(amount: Decimal | None, currency: str, language: str = "en") -> str:
    """ "$12,400", "$12,400.50", "₩3,000": cents only where there are any. "" for None."""
    if amount is None:
        return ""
    digits = places(currency)
    value = amount.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    text = f"{abs(value):,f}"
    if digits and value == value.to_integral_value():
        text = text.split(".")[0]
    return ("-" if value < 0 else "") + _sign(currency, language) + text


def format_short(amount: Decimal, currency: str, language: str = "en") -> str:
    """A sum in few letters: "$247k", "$1.2M", "₩3.4억"."""
    for unit, letter in _SHORT.get(language.split("-")[0], _SHORT["en"]):
        if abs(amount) >= unit:
            value = amount / unit
            value = value.quantize(Decimal("1") if abs(value) >= 100 else Decimal("0.1"), rounding=ROUND_HALF_UP)
            if value == value.to_integral_value():
                value = value.to_integral_value()
            return ("-" if value < 0 else "") + _sign(currency, language) + f"{abs(value):,f}" + letter
    return format_money(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP), currency, language)


#: "5k", "1e5", "1.2 million", "3만": read without it, such an amount would be wrong in silence
_SCALE = re.compile(
    r"[천만억조千万萬亿億]|\d\s*(?:k|m|mm|mn|mio|mil|mill[a-z]*|b|bn|bill[a-z]*|mrd|tsd|thousand|e)(?![a-z])", re.I
)


def parse_money(text: str) -> Decimal | None:
    """What a person typed ("12,400.50", "12.400,50", "$ 1 200") as a Decimal; None for nothing.

    Raises ValueError on anything else, on a negative amount and on one above MAX_AMOUNT. The last of the two marks
    is the point when both stand there; a single mark followed by exactly three digits groups.
    """
    bare = re.sub(r"[^\d.,\-]", "", text.strip())
    if not text.strip():
        return None
    if _SCALE.search(text):
        raise ValueError("not an amount")
    last = max(bare.rfind("."), bare.rfind(","))
    if last >= 0:
        mark = bare[last]
        other = "," if mark == "." else "."
        groups = other not in bare and (bare.count(mark) > 1 or len(bare) - last == 4)
        bare = bare.replace(other, "")
        bare = bare.replace(mark, "") if groups else bare.replace(mark, ".")
    try:
        value = Decimal(bare)
    except InvalidOperation as error:
        raise ValueError("not an amount") from error
    if not Decimal(0) <= value <= MAX_AMOUNT:
        raise ValueError("amount out of range")
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
