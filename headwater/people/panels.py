"""What people adds to the shell, and the filters and orders of its own list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import User
from headwater.core import clock
from headwater.core.ids import id_of
from headwater.core.registry import (
    NavItem,
    PaletteAction,
    SearchHit,
    SearchSource,
    navigation,
    palette_actions,
    search_sources,
)

from . import queries, registry
from .forms import CHANNELS, CONSENT_HUES, CONSENT_LABELS, FIELD_LABELS, STAGE_HUES
from .models import Company, Merge, Stage, Tag
from .registry import Box, Condition, Filter, Sort

navigation.add("people", NavItem("people", _("People"), "users", "people:list", "records", 10, prefixes=("/people/",)))
navigation.add(
    "companies",
    NavItem("companies", _("Companies"), "building-2", "people:companies", "records", 20, prefixes=("/companies/",)),
)
palette_actions.add(
    "person.create", PaletteAction("person.create", _("Create person"), "user-plus", "people:create", "c", 10)
)
palette_actions.add(
    "people.duplicates", PaletteAction("people.duplicates", _("Find duplicates"), "merge", "people:duplicates", "", 70)
)
palette_actions.add(
    "people.changes",
    PaletteAction("people.changes", _("Changes of many people"), "history", "people:changes", "", 71),
)
palette_actions.add(
    "company.create",
    PaletteAction("company.create", _("Create company"), "building-2", "people:company_create"),
)


def _find_people(user: Any, text: str, limit: int) -> list[SearchHit]:
    return [
        SearchHit(
            title=row.title,
            subtitle=" · ".join(part for part in (row.job_title, row.company, row.email) if part),
            url=f"/people/{row.id}/",
            initials=row.initials,
            hue=row.hue,
        )
        for row in queries.page(queries.Listing(q=text, sort="seen"), limit=limit).rows
    ]


def _find_companies(user: Any, text: str, limit: int) -> list[SearchHit]:
    return [
        SearchHit(
            row.name, " · ".join(p for p in (row.domain, row.industry) if p), f"/companies/{row.pk}/", "building-2"
        )
        for row in queries.companies(q=text, limit=limit)[0]
    ]


search_sources.add("people", SearchSource("people", _("People"), _find_people, 10))
search_sources.add("companies", SearchSource("companies", _("Companies"), _find_companies, 20))

# -- orders ------------------------------------------------------------------------------------------------------------
for sort in (
    Sort("created", _("Created"), "c.created_at", "timestamptz", nullable=False, order=10),
    Sort("name", _("Name"), "c.name", "text", descending=False, nullable=False, order=20),
    Sort("seen", _("Last seen"), "c.last_seen_at", "timestamptz", order=30),
):
    registry.sorts.add(sort.name, sort)


# -- filters -----------------------------------------------------------------------------------------------------------
def _stage(value: str) -> Condition:
    if value not in Stage.values:
        raise ValueError(value)
    return "c.stage = %s", [value]


def _owner(value: str) -> Condition:
    return ("c.owner_id IS NULL", []) if value == "none" else ("c.owner_id = %s", [int(value)])


def _owner_choices() -> list[tuple[str, Any]]:
    users = User.objects.filter(is_active=True).order_by("first_name", "last_name", "email")
    return [("none", _("Nobody")), *((str(u.pk), u.name) for u in users)]


def _owner_words(value: str) -> Any:
    if value == "none":
        return gettext("Without an owner")
    user = User.objects.filter(pk=id_of(value) or 0).first()
    return gettext("Owner is %(name)s") % {"name": user.name if user else value}


def _seen(value: str) -> Condition:
    days = int(value)
    if not 0 < days < 4000:
        raise ValueError(value)
    return "c.last_seen_at >= %s", [clock.now() - timedelta(days=days)]


def _seen_words(value: str) -> Any:
    return ngettext("Seen today or yesterday", "Seen in the last %(n)s days", int(value)) % {"n": value}


def _company_words(value: str) -> Any:
    company = Company.objects.filter(pk=id_of(value) or 0).first()
    return gettext("Works at %(name)s") % {"name": company.name if company else value}


_DAYS = (("1", _("1 day")), ("7", _("7 days")), ("30", _("30 days")), ("90", _("90 days")))
for filter_ in (
    Filter(
        "stage", _("Lifecycle stage"), "circle-dot", _stage,
        lambda v: gettext("Stage is %(stage)s") % {"stage": dict(Stage.choices).get(v, v)},
        lambda: [(v, label) for v, label in Stage.choices if v != Stage.VISITOR], 10,
    ),
    Filter("owner", _("Owner"), "user-round", _owner, _owner_words, _owner_choices, 20),
    Filter(
        "tag", _("Tag"), "tag", lambda v: ("c.tags @> ARRAY[%s]::varchar[]", [v]),
        lambda v: gettext("Tagged %(tag)s") % {"tag": v},
        lambda: [(name, name) for name in Tag.objects.order_by("name").values_list("name", flat=True)[:200]], 30,
    ),
    Filter("seen", _("Last seen within"), "clock", _seen, _seen_words, lambda: _DAYS, 40),
    Filter("company", _("Company"), "building-2", lambda v: ("c.company_id = %s", [int(v)]), _company_words, list, 90),
):  # fmt: skip
    registry.filters.add(filter_.name, filter_)


# -- words of our own facts --------------------------------------------------------------------------------------------
def _stage_word(value: str) -> tuple[str, int | str]:
    return str(dict(Stage.choices).get(value, value)), STAGE_HUES.get(value, "")


def _field_label(name: str) -> str:
    return str(FIELD_LABELS.get(name, name.removeprefix("custom.")))


def _fields_word(value: str) -> str:
    return ", ".join(_field_label(name) for name in str(value).split(", "))


_HOW = {"form": _("a form"), "mail link": _("a link in a mail"), "API": _("the API"), "sign-in": _("signing in")}
registry.words.add("stage.changed.before", _stage_word)
registry.words.add("stage.changed.after", _stage_word)
registry.words.add("tag.added.tag", lambda value: (value, queries.tag_hues([value]).get(value, 235)))
registry.words.add("tag.removed.tag", lambda value: (value, ""))
registry.words.add("consent.changed.channel", lambda value: CHANNELS.get(value, value))
registry.words.add(
    "consent.changed.state",
    lambda value: (CONSENT_LABELS.get(value, value or _("Not given")), CONSENT_HUES.get(value, "")),
)
registry.words.add("contact.updated.fields", _fields_word)
registry.words.add("contact.identified.how", lambda value: _HOW.get(value, value))
registry.words.add("owner.changed.after_name", lambda value: value or gettext("Nobody"))


def _changes(entries: Sequence[Any]) -> dict[Any, dict[str, Any]]:
    """Before and after of each field; names of companies and users stay out of sight as numbers."""
    out = {}
    for e in entries:
        lines = [
            {"label": _field_label(name), "before": pair[0], "after": pair[1]}
            for name, pair in sorted(e.data.get("changes", {}).items())
            if not name.endswith("_id") and isinstance(pair, list) and len(pair) == 2
        ]
        if lines:
            out[e.id] = {"changes": lines}
    return out


def _merged(entries: Sequence[Any]) -> dict[Any, dict[str, Any]]:
    """What was not taken over, and the way back while there is one."""
    ids = [e.data.get("merge") for e in entries]
    going = set(Merge.objects.filter(pk__in=ids, undone_at=None).values_list("pk", flat=True))
    return {
        e.id: {
            "merge": e.data.get("merge"),
            "open": e.data.get("merge") in going,
            "lost": [
                (_field_label(name), value)
                for name, value in sorted((e.data.get("lost") or {}).items())
                if not name.endswith("_id")
            ],
        }
        for e in entries
    }


registry.boxes.add("contact.merged", Box("contact.merged", "people/merged_box.html", _merged))
registry.boxes.add("contact.updated", Box("contact.updated", "people/changes_box.html", _changes))
