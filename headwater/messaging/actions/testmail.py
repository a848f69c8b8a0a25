"""A test of a template to one's own mailbox: sent at once, kept out of the ledger."""

from __future__ import annotations

from headwater.content.queries import workspace_context
from headwater.core import clock

from ..channels.letters import Envelope
from ..channels.pool import send
from ..channels.smtp import SmtpError
from ..queries.preview import Preview
from ..rules import mime
from ..rules.tokens import new_id


def send_test(shown: Preview, *, to: str, from_name: str, from_address: str, server: str, actor: str) -> str:
    """Send it now. Returns "" or the reason why not, in the server's words."""
    workspace = workspace_context()
    sender = from_address or workspace["mail_from"] or "no-reply@localhost"
    letter = mime.Letter(
        sender=sender,
        sender_name=from_name or workspace["mail_from_name"],
        to=to,
        to_name="",
        subject=f"[Test] {shown.subject}",
        html=shown.html,
        text=shown.text,
        header_id=f"{new_id(clock.now()).hex}.test@{sender.rsplit('@', 1)[-1]}",
        date=clock.now(),
    )
    try:
        answer = send(server, [Envelope(sender, to, mime.build(letter))])[0]
    except SmtpError as error:
        return str(error)
    return "" if answer.kind == "sent" else answer.words
