"""What can happen to a push message, and to a browser that takes them. Those of a message carry its id, its template's
id and its title."""

from __future__ import annotations

from headwater.core.facts import Fact, _, fact


@fact(
    "push.subscribed", icon="bell-plus", hue=150, group="marketing", says=_("{person} takes push messages: {browser}")
)
class PushSubscribed(Fact):
    """A browser of hers takes push messages. device: its id; site: the web site on which she agreed."""

    device: str
    browser: str = ""
    site: int | None = None


@fact("push.ended", icon="bell-off", hue=60, group="marketing", says=_("No more push messages to {browser}: {why}"))
class PushEnded(Fact):
    """why: browser (switched off there), page (on a page of ours), gone (its push service says so), other (somebody
    else uses the browser now), replaced (it has got a new address). words: the service's."""

    device: str
    browser: str = ""
    why: str = ""
    words: str = ""


@fact("push.queued", icon="bell", hue=265, group="marketing", says=_("Push queued: {subject}"), quiet=True)
class PushQueued(Fact):
    message: str
    template: int
    subject: str
    key: str = ""


@fact("push.sent", icon="bell", hue=265, group="marketing", says=_("Push sent: {subject}"))
class PushSent(Fact):
    """The push service of a browser has taken it. browsers: of how many so far."""

    message: str
    template: int
    subject: str
    browsers: int = 1


@fact("push.refused", icon="ban", hue=60, group="marketing", says=_("Push not sent ({reason}): {subject}"))
class PushRefused(Fact):
    """reason: no_consent, no_device, cap, missing_field:NAME, template, too_long, restored."""

    message: str
    template: int
    subject: str
    reason: str


@fact("push.shown", icon="bell-ring", hue=150, group="marketing", says=_("Push shown: {subject}"), quiet=True)
class PushShown(Fact):
    """Her browser has shown it."""

    message: str
    template: int
    subject: str


@fact(
    "push.clicked",
    icon="mouse-pointer-click",
    hue=235,
    group="marketing",
    says=_("{person} clicked {url} in the push message {subject}"),
)
class PushClicked(Fact):
    message: str
    template: int
    subject: str
    url: str = ""
    link: int = 0
    first: bool = False
    by: str = "human"


@fact("push.failed", icon="circle-alert", hue=25, group="marketing", says=_("Push failed: {subject} ({error})"))
class PushFailed(Fact):
    """hard: none of her browsers takes push messages any more."""

    message: str
    template: int
    subject: str
    error: str = ""
    hard: bool = False
