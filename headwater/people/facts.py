"""What can happen to a contact as a record."""

from __future__ import annotations

from typing import Any

from headwater.core.facts import Fact, _, fact


@fact("contact.created", icon="user-plus", hue=150, group="system", says=_("{person} became a contact"))
class ContactCreated(Fact):
    source: str = ""
    email: str = ""


@fact("contact.updated", icon="pencil", hue=265, group="system", says=_("{actor} changed {fields}"))
class ContactUpdated(Fact):
    """changes: field -> [before, after]"""

    changes: dict[str, list[Any]]

    @property
    def fields(self) -> str:
        return ", ".join(sorted(self.changes))


@fact("contact.identified", icon="badge-check", hue=190, group="website", says=_("Recognised by {how}"))
class ContactIdentified(Fact):
    how: str  # "form", "mail link", "API", "sign-in"
    visitor: str = ""
    facts_moved: int = 0


@fact("contact.merged", icon="merge", hue=265, group="system", says=_("{actor} merged {name} into {person}"))
class ContactMerged(Fact):
    """Told to the one who stays. lost: field -> the other's value that was not taken."""

    merge: int
    merged: int
    name: str
    lost: dict[str, Any] | None = None


@fact("contact.parted", icon="split", hue=265, group="system", says=_("{actor} separated {person} and {name} again"))
class ContactParted(Fact):
    """Told to both."""

    merge: int
    other: int
    name: str


@fact(
    "company.updated",
    icon="building-2",
    hue=265,
    group="system",
    says=_("{actor} changed the company of {person}"),
    quiet=True,
)
class CompanyUpdated(Fact):
    """Told to each of the company's people, so that what depends on it follows. changes: field -> [before, after]"""

    company: int
    changes: dict[str, list[Any]]


@fact(
    "stage.changed",
    icon="circle-dot",
    hue=60,
    group="sales",
    says=_("{person} moved from {before} to {after}"),
)
class StageChanged(Fact):
    before: str
    after: str
    reason: str = ""


@fact("tag.added", icon="tag", hue=235, group="marketing", says=_("Tagged {tag}"))
class TagAdded(Fact):
    tag: str


@fact("tag.removed", icon="tag", hue=265, group="marketing", says=_("Tag {tag} removed"))
class TagRemoved(Fact):
    tag: str


@fact("owner.changed", icon="user-round", hue=300, group="sales", says=_("{after_name} became the owner"))
class OwnerChanged(Fact):
    after: int | None
    after_name: str = ""
    before: int | None = None
    reason: str = ""


@fact(
    "consent.changed",
    icon="shield-check",
    hue=150,
    group="marketing",
    says=_("Consent for {channel}: {state}"),
)
class ConsentChanged(Fact):
    channel: str
    state: str
    topic: str = ""
    source: str = ""
    text: str = ""
    url: str = ""
    ip: str = ""
