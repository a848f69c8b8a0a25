"""What can happen to a mail and to a text (SMS). All of them carry the message's id, its template's id and its subject:
of a text, what it says."""

from __future__ import annotations

from headwater.core.facts import Fact, _, fact


@fact("mail.queued", icon="mail", hue=265, group="marketing", says=_("Mail queued: {subject}"), quiet=True)
class MailQueued(Fact):
    message: str
    template: int
    subject: str
    key: str = ""


@fact("mail.sent", icon="send", hue=265, group="marketing", says=_("Mail sent: {subject}"))
class MailSent(Fact):
    """uncertain: an earlier try was interrupted and may have arrived too."""

    message: str
    template: int
    subject: str
    uncertain: bool = False


@fact(
    "mail.repeated",
    icon="refresh-cw",
    hue=60,
    group="marketing",
    says=_("Sent again after an interruption: {subject}. The first try may have arrived."),
)
class MailRepeated(Fact):
    message: str
    template: int
    subject: str
    attempt: int = 2


@fact("mail.refused", icon="ban", hue=60, group="marketing", says=_("Mail not sent ({reason}): {subject}"))
class MailRefused(Fact):
    """reason: no_consent, suppressed, no_address, cap, missing_field:NAME, template, restored."""

    message: str
    template: int
    subject: str
    reason: str


@fact("mail.opened", icon="mail-open", hue=150, group="marketing", says=_("{person} opened {subject}"))
class MailOpened(Fact):
    """Opened by a human. by: always "human"; what machines load is `mail.scanned`."""

    message: str
    template: int
    subject: str
    first: bool = False
    by: str = "human"


@fact(
    "mail.clicked",
    icon="mouse-pointer-click",
    hue=235,
    group="marketing",
    says=_("{person} clicked {url} in {subject}"),
)
class MailClicked(Fact):
    message: str
    template: int
    subject: str
    url: str = ""
    link: int = 0
    first: bool = False
    by: str = "human"


@fact("mail.scanned", icon="bot", hue=265, group="system", says=_("A machine looked at {subject} ({why})"), quiet=True)
class MailScanned(Fact):
    """A scanner, proxy or preview loaded the pixel or a link; it counts as nobody's interest."""

    message: str
    template: int
    subject: str
    what: str  # "open" | "click"
    why: str
    by: str = "machine"


@fact("mail.bounced", icon="mail-x", hue=25, group="marketing", says=_("Mail came back: {subject} ({error})"))
class MailBounced(Fact):
    """hard: the address does not exist or refuses for good, so it is suppressed."""

    message: str
    template: int
    subject: str
    error: str = ""
    hard: bool = True


@fact("mail.failed", icon="circle-alert", hue=25, group="marketing", says=_("Mail failed: {subject} ({error})"))
class MailFailed(Fact):
    message: str
    template: int
    subject: str
    error: str = ""


@fact("mail.complained", icon="flag", hue=25, group="marketing", says=_("{person} reported {subject} as spam"))
class MailComplained(Fact):
    message: str
    template: int
    subject: str


@fact("mail.unsubscribed", icon="user-minus", hue=25, group="marketing", says=_("{person} unsubscribed from mails"))
class MailUnsubscribed(Fact):
    """how: "one-click" (the mail program's button) or "page"."""

    message: str
    template: int
    subject: str
    how: str = "page"


@fact("sms.queued", icon="message-square", hue=265, group="marketing", says=_("Text queued: {subject}"), quiet=True)
class TextQueued(Fact):
    message: str
    template: int
    subject: str
    key: str = ""


@fact("sms.sent", icon="message-square", hue=265, group="marketing", says=_("Text sent: {subject}"))
class TextSent(Fact):
    """The provider has taken it. segments: how many parts it is charged as. uncertain: an earlier try was interrupted
    and may have arrived too."""

    message: str
    template: int
    subject: str
    segments: int = 1
    uncertain: bool = False


@fact(
    "sms.repeated",
    icon="refresh-cw",
    hue=60,
    group="marketing",
    says=_("Text sent again after an interruption: {subject}. The first try may have arrived."),
)
class TextRepeated(Fact):
    message: str
    template: int
    subject: str
    attempt: int = 2


@fact("sms.refused", icon="ban", hue=60, group="marketing", says=_("Text not sent ({reason}): {subject}"))
class TextRefused(Fact):
    """reason: no_consent, suppressed, no_number, invalid_number, not_mobile, cap, missing_field:NAME, template,
    too_long, restored."""

    message: str
    template: int
    subject: str
    reason: str


@fact("sms.delivered", icon="check", hue=150, group="marketing", says=_("Text delivered: {subject}"), quiet=True)
class TextDelivered(Fact):
    """Her telephone has it, as the provider says."""

    message: str
    template: int
    subject: str


@fact("sms.failed", icon="circle-alert", hue=25, group="marketing", says=_("Text failed: {subject} ({error})"))
class TextFailed(Fact):
    """hard: the number cannot be reached by texts, so it is suppressed."""

    message: str
    template: int
    subject: str
    error: str = ""
    hard: bool = False


@fact(
    "sms.clicked",
    icon="mouse-pointer-click",
    hue=235,
    group="marketing",
    says=_("{person} clicked {url} in the text {subject}"),
)
class TextClicked(Fact):
    message: str
    template: int
    subject: str
    url: str = ""
    link: int = 0
    first: bool = False
    by: str = "human"


@fact("sms.replied", icon="reply", hue=190, group="marketing", says=_("{person} wrote a text: {text}"))
class TextReplied(Fact):
    """She wrote to our number. message, template, subject: the last text that she had got ("" and 0 without one)."""

    text: str
    message: str = ""
    template: int = 0
    subject: str = ""


@fact("sms.stopped", icon="user-minus", hue=25, group="marketing", says=_("{person} wants no more texts ({text})"))
class TextStopped(Fact):
    """She answered STOP, or what means the same. text: the word she wrote."""

    text: str
    message: str = ""
    template: int = 0
    subject: str = ""
