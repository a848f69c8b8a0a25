"""What a request looked like before the proxy in front of Headwater passed it on: its scheme and who sent it.

Without it, copied tracking scripts would say `http://` on sites that speak TLS, and the address kept as proof of
a consent would be the proxy's own.
"""

from __future__ import annotations

from typing import Any

from headwater.core.config import config


def as_sent(scope: dict[str, Any], *, trust: bool = config.trust_proxy, https: bool = config.https) -> dict[str, Any]:
    """The ASGI scope of a page's request with the scheme and the address of its sender."""
    if not (trust or https):
        return scope
    changed = {**scope, "scheme": "https"} if https else {**scope}
    if trust:
        for name, value in scope["headers"]:
            if name == b"x-forwarded-proto" and value in (b"http", b"https"):
                changed["scheme"] = value.decode()
            elif name == b"x-forwarded-for" and (last := value.decode("latin-1").split(",")[-1].strip()):
                changed["client"] = (last, 0)
    return changed
