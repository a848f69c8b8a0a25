"""What this package adds to the pages below it, and what it needs to draw itself there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language, gettext, pgettext
from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import User
from headwater.accounts.registry import audit_fields, audit_words
from headwater.audience import queries as audience
from headwater.core.money import format_money
from headwater.core.registry import (
    NavItem,
    PaletteAction,
    Panel,
    SearchHit,
    SearchSource,
    navigation,
    palette_actions,
    panels,
    search_sources,
)
from headwater.people import registry as people
from headwater.people.models import Company, Contact
from headwater.teamwork.registry import TodayItem, TodaySource, today_sources

from .. import queries
from ..actions.holdings import HOLDER
from ..models import Deal, LeadHandover
from ..rules import DEFAULT_STAGES
from .orders import order_page, order_rows, orders_panel

__all__ = [
    "answer_minutes",
    "deals_panel",
    "handover_panel",
    "money_of",
    "order_page",
    "order_rows",
    "orders_panel",
    "score_lines",
    "stage_history",
]


def money_of(deal: Deal | None) -> str:
    """A deal's amount in the reader's words; "" without one."""
    return format_money(deal.amount, deal.currency, get_language() or "en") if deal else ""


def deals_panel(*, contact: int | None = None, company: int | None = None) -> dict[str, Any]:
    """What panel_deals.html shows: deals with their money and how far along their pipeline they are."""
    rows = queries.of_contact(contact) if contact is not None else queries.of_company(company or 0)
    stages = queries.open_stages({deal.pipeline_id for deal in rows})
    items = []
    for deal in rows:
        steps = stages[deal.pipeline_id]
        at = steps.index(deal.stage_id) if deal.stage_id in steps else len(steps) if deal.won_at else -1
        items.append((deal, money_of(deal), [n <= at for n in range(len(steps))]))
    name, key = ("sales:contact_deals", contact) if contact is not None else ("sales:company_deals", company)
    return {
        "panel_deals": items,
        "panel_url": reverse(name, args=[key]),
        "panel_contact": contact,
        "panel_company": company,
    }


def handover_panel(contact: Contact) -> dict[str, Any]:
    """What panel_handover.html shows: the lead that waits, how it was answered, or the button that hands over."""
    row = queries.latest_for(contact.pk)
    waits = row is not None and row.status == LeadHandover.OPEN
    can = not waits and contact.stage in ("lead", "mql", "former")
    return {
        "handover": row,
        "contact": contact,
        "can_hand_over": can,
        "banner_url": reverse("sales:banner", args=[contact.pk]),
    }


def stage_history(deal_id: int, now: datetime) -> list[dict[str, Any]]:
    """The stages of a deal with how long it stood in each, the newest first."""
    changes = queries.history(deal_id)
    ends = [c.at for c in changes[1:]] + [now]
    rows = [
        {"stage": c.after, "at": c.at, "until": end, "running": n == len(changes) - 1}
        for n, (c, end) in enumerate(zip(changes, ends, strict=True))
    ]
    return rows[::-1]


def answer_minutes(row: LeadHandover) -> int | None:
    """How many minutes sales took to answer; None while it waits."""
    return None if row.answered_at is None else int((row.answered_at - row.created_at).total_seconds() // 60)


def score_lines(person_id: int, limit: int = 12) -> list[dict[str, Any]]:
    """Why the score is what it is: the rules, each with its points in all and how often, the heaviest first."""
    by_rule: dict[str, dict[str, Any]] = {}
    for line in audience.explain_score(person_id).lines:
        row = by_rule.setdefault(line.why, {"why": line.why, "points": 0, "times": 0, "last": line.at})
        row["points"] += line.points
        row["times"] += 1
    return sorted(by_rule.values(), key=lambda r: -abs(r["points"]))[:limit]


def _contact_deals(request: Any, contact: Contact) -> dict[str, Any]:
    return deals_panel(contact=contact.pk)


def _company_deals(request: Any, company: Company) -> dict[str, Any]:
    return deals_panel(company=company.pk)


def _contact_handover(request: Any, contact: Contact) -> dict[str, Any] | None:
    found = handover_panel(contact)
    return found if found["handover"] or found["can_hand_over"] else None


def _new_leads(user: User, now: datetime, limit: int) -> list[TodayItem]:
    """Leads that wait for an answer, with the SLA's clock."""
    language, accept = get_language() or "en", gettext("Accept")
    why = gettext("%(reason)s · score %(score)s")
    return [
        TodayItem(
            title=lead.name,
            why=why % {"reason": lead.reason, "score": lead.score},
            url=f"/leads/{lead.pk}/",
            person_id=lead.person_id,
            name=lead.name,
            company=lead.company,
            due=lead.sla_due_at,
            late=lead.sla_due_at < now,
            clock=True,
            chip=format_money(lead.amount, lead.currency or "", language),
            chip_hue=60,
            icon="handshake",
            buttons=[(accept, f"/leads/{lead.pk}/accept/")],
        )
        for lead in queries.waiting(user.pk, limit)
    ]


def _find_deals(user: Any, text: str, limit: int) -> list[SearchHit]:
    return [
        SearchHit(
            d.name,
            " · ".join(p for p in (d.stage.label, money_of(d), d.company.name if d.company else "") if p),
            reverse("sales:deal", args=[d.pk]),
            "handshake",
        )
        for d in queries.search(text, limit)
    ]


today_sources.add("leads", TodaySource("leads", _("New leads"), "handshake", _new_leads, order=10, covers_calls=True))
people.holders.add("sales", HOLDER)
navigation.add("deals", NavItem("deals", _("Deals"), "handshake", "sales:board", section="records", order=30))
navigation.add(
    "pipelines",
    NavItem(
        "pipelines", _("Pipelines"), "kanban", "sales:pipelines", section="settings", order=58, roles=("admin",),
        prefixes=("/settings/pipelines/",),
    ),
)  # fmt: skip
navigation.add(
    "lead-desk",
    NavItem(
        "lead-desk", _("Lead hand-over"), "handshake", "sales:desk", section="settings", order=60, roles=("admin",)
    ),
)
palette_actions.add(
    "hand-overs", PaletteAction("hand-overs", _("Hand-overs"), "handshake", "sales:leads", "", order=72)
)
palette_actions.add(
    "create-deal", PaletteAction("create-deal", _("Create deal"), "handshake", "sales:new_deal", "d", order=20)
)
search_sources.add("deals", SearchSource("deals", _("Deals"), _find_deals, 30))
panels.add(
    "contact-handover",
    Panel("contact-handover", "contact", "action", "sales/panel_handover.html", _contact_handover, order=10),
)
panels.add(
    "contact-deals",
    Panel("contact-deals", "contact", "rail", "sales/panel_deals.html", _contact_deals, _("Deals"), order=20),
)
panels.add(
    "company-deals",
    Panel("company-deals", "company", "rail", "sales/panel_deals.html", _company_deals, _("Deals"), order=20),
)
for _kind in ("deal.created", "deal.moved", "deal.won", "deal.lost"):
    people.links.add(f"{_kind}.name", lambda data: f"/deals/{data['deal']}/" if data.get("deal") else "")


def _stage(name: str) -> str:
    """A stage that a fact names, as people read it; PipelineStage.label does the same."""
    return str(pgettext("pipeline", name))


_HUES = {name: hue for name, _kind, _probability, _rot, hue in DEFAULT_STAGES}
for _field in ("before", "after"):
    people.words.add(f"deal.moved.{_field}", lambda value: (_stage(value), _HUES.get(value, 265)))
for _action, _words_of in {
    "pipeline.created": _("Pipeline created"),
    "pipeline.renamed": _("Pipeline renamed"),
    "pipeline.deleted": _("Pipeline deleted"),
    "stage.created": _("Stage created"),
    "stage.changed": _("Stage changed"),
    "stages.ordered": _("Stages put in order"),
    "stage.archived": _("Stage archived"),
    "desk.changed": _("Hand-over clock changed"),
}.items():
    audit_words.add(_action, _words_of)
for _name, _words_of in {
    "probability": _("Probability"),
    "rot_days": _("Rots after, days"),
    "hue": _("Colour"),
    "stages": _("Stages"),
    "deals go to": _("Deals go to"),
    "sla_minutes": _("Minutes to answer a lead"),
}.items():
    audit_fields.add(_name, _words_of)
