"""What insights adds: its line in the menu, and the filter that shows who is behind a number of the funnel."""

from __future__ import annotations

from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from headwater.core.registry import NavItem, navigation
from headwater.people.registry import Condition, Filter, filters, holders

from .actions import HOLDER
from .queries import WHO
from .rules import parse_reached

holders.add("insights", HOLDER)
navigation.add("dashboard", NavItem("dashboard", _("Dashboard"), "chart-pie", "insights:home", "", 5))


def _condition(value: str) -> Condition:
    milestones, since, until = parse_reached(value)
    sql = (
        "c.id IN (SELECT m.person_id FROM insights_milestone m WHERE m.step = ANY(%s) AND m.at < %s "
        "GROUP BY m.person_id HAVING min(m.at) >= %s)"
    )
    return sql, [list(milestones), until, since]


def _words(value: str) -> Any:
    step = value.partition("~")[0]
    _milestones, since, until = parse_reached(value)
    return gettext("%(who)s, %(since)s to %(until)s") % {
        "who": WHO.get(step, step),
        "since": date_format(since, "SHORT_DATE_FORMAT"),
        "until": date_format(until, "SHORT_DATE_FORMAT"),
    }


filters.add("reached", Filter("reached", _("Reached"), "funnel", _condition, _words, choices=list, order=900))
