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
from .rules import MOST_SOURCES, OTHERS, parse_reached, parse_source

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


def _of_source(value: str) -> Condition:
    """The new leads that the dashboard counts for a source."""
    source, since, until = parse_source(value)
    period = "step = 'lead' AND at >= %s AND at < %s"
    if source != OTHERS:
        return f"c.id IN (SELECT person_id FROM insights_milestone WHERE {period} AND source = %s)", [
            since,
            until,
            source,
        ]
    named = f"SELECT source FROM insights_milestone WHERE {period} GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT %s"
    sql = f"c.id IN (SELECT person_id FROM insights_milestone WHERE {period} AND source NOT IN ({named}))"
    return sql, [since, until, since, until, MOST_SOURCES]


def _source_words(value: str) -> Any:
    source, since, until = parse_source(value)
    return gettext("New leads from %(source)s, %(since)s to %(until)s") % {
        "source": source_name(source),
        "since": date_format(since, "SHORT_DATE_FORMAT"),
        "until": date_format(until, "SHORT_DATE_FORMAT"),
    }


def source_name(source: str) -> str:
    """A source of leads as people read it."""
    return {"": gettext("Unknown"), OTHERS: gettext("Others")}.get(source, source)


filters.add("from", Filter("from", _("Came from"), "globe", _of_source, _source_words, choices=list, order=901))
