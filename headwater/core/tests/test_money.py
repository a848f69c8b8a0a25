"""Amounts in and out."""

from __future__ import annotations

from decimal import Decimal

import pytest

from headwater.core.money import format_money, format_short, parse_money


@pytest.mark.parametrize(
    "amount, currency, language, shown",
    [
        ("12400", "USD", "en", "$12,400"),
        ("12400.5", "USD", "en", "$12,400.50"),
        ("12400.5", "KRW", "ko", "₩12,401"),
        ("-3", "EUR", "en", "-€3"),
        ("7", "CHF", "en", "CHF 7"),
        ("7", "CNY", "zh-hans", "¥7"),
    ],
)
def test_an_amount_is_shown_with_its_sign_and_groups(amount: str, currency: str, language: str, shown: str) -> None:
    assert format_money(Decimal(amount), currency, language) == shown


@pytest.mark.parametrize(
    "amount, currency, language, shown",
    [
        ("247000", "USD", "en", "$247k"),
        ("1250000", "USD", "en", "$1.3M"),
        ("9400", "USD", "en", "$9.4k"),
        ("950", "USD", "en", "$950"),
        ("0", "USD", "en", "$0"),
        ("340000000", "KRW", "ko", "₩3.4억"),
        ("52000", "CNY", "zh-hans", "¥5.2万"),
    ],
)
def test_a_sum_is_shown_in_few_letters(amount: str, currency: str, language: str, shown: str) -> None:
    assert format_short(Decimal(amount), currency, language) == shown


@pytest.mark.parametrize(
    "text, value",
    [
        ("12,400.50", "12400.50"),
        ("12.400,50", "12400.50"),
        ("$ 1 200", "1200.00"),
        ("1,200", "1200.00"),
        ("1,20", "1.20"),
        ("1.234.567", "1234567.00"),
        ("₩3000", "3000.00"),
        ("12 EUR", "12.00"),
        ("5 kr", "5.00"),
        ("30 000 원", "30000.00"),
    ],
)
def test_an_amount_is_read_as_people_type_it(text: str, value: str) -> None:
    assert parse_money(text) == Decimal(value)


def test_nothing_is_no_amount_and_nonsense_is_refused() -> None:
    assert parse_money("  ") is None
    for text in ("abc", "-5", "1-2", "9" * 20, "5k", "1e5", "1.2 Mio", "2 million", "3만 원", "5 万元"):
        with pytest.raises(ValueError, match="amount"):
            parse_money(text)
