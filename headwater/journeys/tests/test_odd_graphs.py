"""What is no journey is refused with its place, before it is kept or lets anybody in."""

from __future__ import annotations

from typing import Any

import pytest

from headwater.audience import actions as audience
from headwater.audience.models import Segment
from headwater.journeys.actions import create_journey, exchange
from headwater.journeys.engine.checking import problems
from headwater.journeys.models import Journey
from headwater.journeys.rules.duration import RuleError
from headwater.journeys.rules.matching import holds

from .conftest import Make, chain, minutes

pytestmark = pytest.mark.django_db
WAIT = ("w", "wait", {"for": minutes(5)})


def branch(when: Any) -> dict[str, Any]:
    arms = {"a": None, "else": None}
    return {"start": "b", "steps": {"b": {"kind": "branch", "settings": {"arms": [{"id": "a", "when": when}]},
                                          "arms": arms}}}  # fmt: skip


@pytest.mark.parametrize(
    ("step", "where"),
    [
        ({"kind": {"a": 1}}, "steps.w.kind"),
        ({"kind": "wait", "title": ["x"]}, "steps.w.title"),
        ({"kind": "wait", "next": {}}, "steps.w.next"),
        ({"kind": "branch", "arms": {"else": ["w"]}}, "steps.w.arms.else"),
        ({"kind": "wait", "title": "a\0b"}, "steps.w.title"),
        ({"kind": "wait", "settings": {"for": {"amount": float("inf")}}}, "steps.w.settings.for.amount"),
    ],
)  # fmt: skip
def test_a_draft_that_no_page_could_show_is_refused_and_the_one_before_stays(
    live: Make, call: Any, step: dict[str, Any], where: str
) -> None:
    journey = live(chain(WAIT))
    status, answer = call("PUT", f"/journeys/{journey.pk}/draft", {"graph": {"start": "w", "steps": {"w": step}}})
    assert (status, answer["reason"].split(":")[0]) == (422, where)
    assert Journey.objects.get().draft == journey.draft
    assert (
        call("POST", "/journeys/validate", {"graph": {"start": "w", "steps": {"w": step}}})[1]["problems"][0]["where"]
        == where
    )


@pytest.mark.parametrize(
    "graph",
    [{"start": [], "steps": {"w": {"kind": "wait"}}}, {"start": "w", "steps": {}, "goal": {"kind": []}},
     {"start": "w", "steps": {}, "entry": [{"kind": {}}]}],
)  # fmt: skip
def test_names_of_kinds_and_steps_are_texts(graph: dict[str, Any]) -> None:
    assert [str(p) for p in problems(graph)] == ["This must be text."]


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ({"all": [{"tag": "x"}], "any": [{"tag": "y"}]}, "“any” cannot stand here."),
        ({"not": {"tag": "x"}, "tag": "y"}, "“tag” cannot stand here."),
        ({"all": [{"all": [{"all": [{"all": [{"all": [{"all": [{"all": [{"all": [{"all": [{"all": [{"all": [
            {"all": [{"all": [{"tag": "x"}]}]}]}]}]}]}]}]}]}]}]}]}]}, None),
        ({"event": "x", "since": "entry", "sum": {"prop": "n", "op": "gte", "value": 5}}, "“sum” cannot stand here."),
        ({"event": "x", "since": "entry", "count": {"op": "between", "value": [1]}},
         "Say how often, and within which time."),
        ({"event": "x", "since": "entry", "where": [{"prop": "n", "op": "in", "value": 5}]},
         "This is no value for “in”."),
        ({"event": "x", "since": "entry", "where": [{"prop": "n", "op": "gt", "value": "so"}]},
         "This is no value for “gt”."),
        ({"mail": ["x"], "did": "opened"}, "Choose a step."),
        ({"mail": "x", "did": "opened", "count": {"op": "zz"}}, "Say how often, and within which time."),
    ],
)  # fmt: skip
def test_a_condition_on_which_people_would_get_stuck_is_not_published(when: Any, reason: str | None) -> None:
    found = problems(branch(when))
    assert [p.where for p in found] == ["steps.b.arms"]
    assert reason in (None, str(found[0]))


@pytest.mark.parametrize("start", ["2026-12-01", "20261201T0900", "2026-12-01T09", 20261201])
def test_a_schedule_says_its_time_or_it_would_stop_the_clocks_of_all_journeys(start: Any) -> None:
    rule = {"kind": "schedule", "segment": 1, "from": start}
    assert [(p.where, str(p)) for p in problems(chain(WAIT, entry=[rule]))] == [
        ("entry.0.from", "A moment looks like 2026-12-31T09:00.")
    ]


def test_a_property_larger_than_any_number_is_no_number() -> None:
    assert [holds([{"prop": "n", "op": op, "value": 5}], {"n": 10**400}) for op in ("gt", "lt", "ne")] == [
        False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"description": {"a": 1}}, "description"),
        ({"graph": {"start": "m", "steps": {"m": {"kind": "send_email", "settings": {"template": ["x"]}}}}},
         "graph.steps.m.template"),
        ({"graph": {"start": "m", "steps": {"m": {"kind": ["send_email"]}}}}, "graph.steps.m.kind"),
        ({"graph": {"steps": {}, "entry": [{"kind": "segment", "segment": {}}]}}, "graph.entry.0.segment"),
        ({"mails": {"a": {"name": "A", "subject": "\0"}}}, "mails.a.subject"),
        ({"mails": {"a": {"name": "x" * 161}}}, "mails.a.name"),
        ({"segments": {"a b": {"name": "A", "definition": {"tag": "x"}}}}, "segments.a b"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_with_the_place(change: dict[str, Any], where: str) -> None:
    data = {"format": exchange.FORMAT, "name": "N", "graph": chain(WAIT)} | change
    with pytest.raises(RuleError) as caught:
        exchange.import_journey(data, actor="user:1")
    assert caught.value.where == where
    assert Journey.objects.count() == 0


STEP = {"kind": "wait", "settings": {"for": {"amount": 1, "unit": "days"}}, "next": None}


@pytest.mark.parametrize(
    ("graph", "where", "words"),
    [
        ({"start": "b", "steps": {"a": STEP}}, "graph.start", "The file has no step “b”."),
        ({"start": "a", "steps": {"a": STEP | {"next": "z"}}}, "graph.steps.a.next", "The file has no step “z”."),
        ({"start": "a", "steps": {"a": {"kind": "wait_until", "arms": {"yes": "z", "timeout": None}}}},
         "graph.steps.a.arms.yes", "The file has no step “z”."),
        ({"start": "a", "steps": {"a": STEP | {"kind": "teleport"}}}, "graph.steps.a.kind",
         "There is no step “teleport” here."),
        ({"steps": {}, "entry": [{"kind": "full_moon"}]}, "graph.entry.0.kind", "There is no rule “full_moon” here."),
        ({"steps": {}, "goal": {"kind": "joy"}}, "graph.goal.kind", "There is no rule “joy” here."),
    ],
)  # fmt: skip
def test_a_file_whose_steps_would_not_be_seen_is_refused(graph: dict[str, Any], where: str, words: str) -> None:
    with pytest.raises(RuleError) as caught:
        exchange.import_journey({"format": exchange.FORMAT, "name": "N", "graph": graph}, actor="user:1")
    assert (caught.value.where, str(caught.value.message)) == (where, words)
    assert Journey.objects.count() == 0


def test_segments_go_along_wherever_conditions_ask_for_them() -> None:
    for key, condition in (("base", {"tag": "x"}), ("top", {"not": {"segment": "base"}}), ("own", {"tag": "y"})):
        audience.create_segment(name=key.title(), key=key, definition=condition, actor="user:1")
    graph = branch({"all": [{"segment": "top"}, {"event": "x", "since": "entry"}]})
    graph["entry"] = [{"kind": "segment", "segment": Segment.objects.get(key="own").pk}]
    made = create_journey(name="N", graph=graph | {"only": {"segment": "base"}}, actor="user:1")
    file = exchange.export_journey(made.pk)
    assert list(file["segments"]) == ["own", "base", "top"]
    Journey.objects.all().delete()
    Segment.objects.all().delete()
    backwards = file | {"segments": dict(reversed(file["segments"].items()))}
    again, new = exchange.import_journey(backwards, actor="user:1")
    assert (new, problems(again.draft)) == (True, [])
    assert dict(Segment.objects.values_list("key", "definition")) == {
        "own": {"tag": "y"}, "base": {"tag": "x"}, "top": {"not": {"segment": "base"}},
    }  # fmt: skip
