"""What a fresh installation scores by and listens for. All of it can be changed on the page."""

from __future__ import annotations

from typing import Any

_PRICING = ["/site/pricing", "/pricing"]
#: What a fresh installation scores by: name, kind, where, points, cap a day. Editable on the page afterwards.
DEFAULT_RULES: list[tuple[str, str, list[dict[str, Any]], int, int | None]] = [
    ("Mail opened", "mail.opened", [], 10, 30),
    ("Mail link clicked", "mail.clicked", [], 15, 45),
    ("Pricing page viewed", "page.viewed", [{"prop": "path", "op": "starts_with", "value": _PRICING}], 20, None),
    ("Another page viewed", "page.viewed", [{"prop": "path", "op": "not_starts_with", "value": _PRICING}], 1, 10),
    ("White paper downloaded", "asset.downloaded", [], 40, None),
    ("Form submitted", "form.submitted", [], 15, None),
    ("Unsubscribed", "mail.unsubscribed", [], -50, None),
]
#: Topics of the demo company, of benches and of tests: key, name, hue, rules. An own installation names its own.
EXAMPLE_TOPICS: list[tuple[str, str, int, list[tuple[str, str]]]] = [
    ("forecasting", "Forecasting", 265, [("keyword", "forecast")]),
    ("loyalty", "Loyalty", 345, [("keyword", "loyalty")]),
    ("pricing", "Pricing", 60, [("path", "/site/pricing"), ("path", "/pricing")]),
    ("integrations", "Integrations", 190, [("keyword", "integration")]),
]
