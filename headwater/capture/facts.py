"""What can happen on web sites, forms and downloads."""

from __future__ import annotations

from typing import Any

from headwater.core.facts import Fact, _, fact


@fact("page.viewed", icon="mouse-pointer-click", hue=235, group="website", says=_("{person} viewed {shown}"))
class PageViewed(Fact):
    path: str
    title: str = ""
    url: str = ""
    referrer: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_term: str = ""
    utm_content: str = ""
    #: {"gclid": "..."} and its like
    click_ids: dict[str, str] | None = None
    site: int | None = None

    @property
    def shown(self) -> str:
        return self.title or self.path


@fact("page.engaged", icon="clock", hue=235, group="website", says=_("Stayed {seconds} s on {path}"), quiet=True)
class PageEngaged(Fact):
    """Sent when she leaves a page: seconds it was really looked at, and how far she scrolled (0 to 100)."""

    path: str
    seconds: int = 0
    scroll: int = 0
    site: int | None = None


@fact("link.clicked", icon="external-link", hue=235, group="website", says=_("{person} followed a link to {href}"))
class LinkClicked(Fact):
    href: str
    text: str = ""
    path: str = ""
    site: int | None = None


@fact("file.downloaded", icon="download", hue=190, group="website", says=_("{person} downloaded {name}"))
class FileDownloaded(Fact):
    """A plain file of a tracked web site; files behind a form are `asset.downloaded`."""

    href: str
    name: str = ""
    path: str = ""
    site: int | None = None


@fact("form.submitted", icon="clipboard-check", hue=150, group="marketing", says=_("{person} sent the form {name}"))
class FormSubmitted(Fact):
    """`form`: our form's id; None where it is a form of the site's own, seen by the script."""

    name: str
    form: int | None = None
    fields: dict[str, Any] | None = None
    path: str = ""
    url: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    submission: str = ""
    site: int | None = None


@fact("asset.downloaded", icon="file-down", hue=190, group="marketing", says=_("{person} downloaded {name}"))
class AssetDownloaded(Fact):
    asset: int
    name: str
    #: the how-manieth download over this link
    count: int = 1


@fact("trial.started", icon="rocket", hue=60, group="sales", says=_("{person} started a trial"))
class TrialStarted(Fact):
    """Sent by the site's script or the application through the API, as a custom event of this name."""

    plan: str = ""


@fact("event.custom", icon="zap", hue=265, group="website", says=_("{person}: {name}"))
class CustomEvent(Fact):
    """An event whose name is not dotted lower case; dotted names ("cart.filled") become kinds of their own."""

    name: str
    properties: dict[str, Any] | None = None
    path: str = ""
    site: int | None = None


#: Declared kinds that a site's script or the API may send as a custom event of that name.
#: Those of orders come from shops that send events only: such an event stands on the timeline and starts journeys, but
#: no order is made of it (`POST /orders` does).
OPEN_KINDS = frozenset(
    {"trial.started", "order.placed", "order.paid", "order.fulfilled", "order.cancelled", "order.refunded"}
)
