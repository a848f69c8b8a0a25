"""A test of a text to a telephone of one's own: sent at once, kept out of the ledger."""

from __future__ import annotations

from headwater.core import clock

from ..channels.sms import Provider, Text
from ..rules.tokens import new_id


def send_test_text(words: str, *, to: str, sender: str, provider: Provider) -> str:
    """Send it now. Returns "" or the reason why not, in the provider's words."""
    now = clock.now()
    reply = provider.send(Text(str(new_id(now)), to, sender, f"[Test] {words}", "", now), 15.0)
    return "" if reply.kind == "sent" else reply.words
