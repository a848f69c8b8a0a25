"""Behind a proxy, pages know the scheme and the address of who sent the request."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.handlers.asgi import ASGIRequest

from headwater.web.proxy import as_sent

FORWARDED = [(b"host", b"crm.example"), (b"x-forwarded-for", b"9.9.9.9, 203.0.113.7"), (b"x-forwarded-proto", b"https")]


@pytest.mark.parametrize(
    ("trust", "https", "link", "address"),
    [
        (False, False, "http://crm.example/f/", "127.0.0.1"),  # anybody can write such headers
        (False, True, "https://crm.example/f/", "127.0.0.1"),
        (True, False, "https://crm.example/f/", "203.0.113.7"),
    ],
)
def test_links_and_addresses_are_those_of_the_sender(
    trust: bool, https: bool, link: str, address: str, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["crm.example"]
    scope = {"type": "http", "method": "GET", "path": "/f/", "query_string": b"", "headers": FORWARDED,
             "client": ("127.0.0.1", 5000), "scheme": "http", "server": ("127.0.0.1", 8000)}  # fmt: skip
    request = ASGIRequest(as_sent(scope, trust=trust, https=https), None)
    assert (request.build_absolute_uri(), request.META["REMOTE_ADDR"]) == (link, address)
    assert scope["scheme"] == "http"
