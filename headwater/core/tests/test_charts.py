"""Charts: exact shapes for small data, nothing that breaks for no data, everything escaped."""

from __future__ import annotations

import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from headwater.core import charts

EMPTY = [
    charts.line([], []),
    charts.line([("Visits", [])], []),
    charts.line([("Visits", [0])], ["Mon"]),
    charts.line([("Visits", [3])], ["Mon"]),
    charts.bars([], []),
    charts.bars(["Mon"], [("New", [0])]),
    charts.funnel([]),
    charts.funnel([("Leads", 0), ("Won", 0)]),
    charts.donut([]),
    charts.donut([("Direct", 0)]),
    charts.donut([("Direct", 7)]),
    charts.sparkline([]),
    charts.sparkline([5]),
    charts.sparkline([5, 5, 5]),
]


@pytest.mark.parametrize("svg", EMPTY)
def test_every_chart_of_nothing_or_one_point_is_well_formed_and_has_a_label(svg):
    root = ElementTree.fromstring(svg)
    assert root.tag == "svg"
    assert root.get("role") == "img"
    assert "nan" not in svg
    assert "style=" not in svg


@pytest.mark.parametrize(
    "value, top",
    [(0, 4), (-3, 4), (0.5, 0.8), (1, 4), (3, 4), (7, 8), (11, 12), (21, 24), (26, 32), (99, 100), (1234, 1600)],
)
def test_the_axis_ends_at_a_round_number(value, top):
    assert charts.nice_top(value) == top


def test_a_line_runs_from_corner_to_corner():
    svg = charts.line([("Visits", [0, 4])], ["Mon", "Tue"], width=152, height=134)
    assert '<path class="ln s0" d="M44.0 110.0 L144.0 10.0"/>' in svg
    assert "<title>Tue\nVisits: 4</title>" in svg


def test_bars_stack_and_skip_what_is_zero():
    svg = charts.bars(["Mon"], [("New", [1]), ("Old", [0]), ("Won", [3])])
    assert re.findall(r'class="fl (s\d)"', svg) == ["s0", "s2"]
    assert "<title>Mon · Won: 3</title>" in svg


def test_a_funnel_says_the_share_of_the_step_before():
    svg = charts.funnel([("Leads", 200), ("Won", 50)])
    assert re.findall(r'class="ax"[^>]*>([^<]*)<', svg) == ["", "25%"]


def test_a_donut_adds_up():
    svg = charts.donut([("Direct", 1), ("Search", 3)])
    assert "<title>Search: 3 (75%)</title>" in svg
    assert '<text class="big" x="75" y="82" text-anchor="middle">4</text>' in svg


def test_names_are_escaped_in_every_chart():
    evil = '<script>"&'
    for svg in (
        charts.line([(evil, [1, 2])], [evil, evil]),
        charts.bars([evil], [(evil, [1])]),
        charts.funnel([(evil, 1)]),
        charts.donut([(evil, 1)]),
        charts.sparkline([1, 2], title=evil),
    ):
        assert "<script>" not in svg
        ElementTree.fromstring(svg)


def test_decimals_and_large_sums_are_shortened():
    assert charts.short(Decimal("1250")) == "1.2k"
    assert charts.short(34000) == "34k"
    assert charts.short(5_600_000) == "5.6M"
    assert charts.whole(1234.0) == "1,234"
    assert charts.whole(2.5) == "2.5"
