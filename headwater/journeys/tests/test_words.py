"""What journeys say of themselves: in the reader's language, and by the names of things."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from headwater.journeys.engine import deciding
from headwater.journeys.engine.base import STEPS
from headwater.journeys.engine.checking import problems
from headwater.journeys.queries.draft import judged
from headwater.journeys.queries.inside import ending
from headwater.journeys.queries.versions import compare
from headwater.journeys.queries.words import condition, said, title
from headwater.journeys.rules import duration
from headwater.journeys.rules.duration import RuleError
from headwater.messaging.actions.templates import SmsText, create_template

from .conftest import chain, minutes

pytestmark = pytest.mark.django_db


def looping() -> dict[str, Any]:
    graph = chain(("ask", "add_tag", {"tag": "vip"}), ("w", "wait", {"for": minutes(5)}), ("again", "jump", {}))
    graph["steps"]["ask"]["title"] = "Ask once more"
    graph["steps"]["again"] = {"kind": "jump", "settings": {"to": "ask", "most": 2}, "arms": {"done": None}}
    return graph


def test_a_step_that_leads_to_another_says_its_name() -> None:
    assert judged(looping())["titles"]["again"] == "Go to “Ask once more”"
    nameless = looping()
    del nameless["steps"]["ask"]["title"]
    assert judged(nameless)["titles"]["again"] == "Go to “Tag vip”"
    nameless["steps"]["again"]["settings"]["to"] = "gone"
    assert judged(nameless)["titles"]["again"] == "Go to “gone”"


def test_a_condition_on_a_mail_says_the_name_of_the_step_that_sends_it() -> None:
    steps = {"m": {"kind": "send_email", "title": "Welcome", "settings": {}}}
    asked = {"not": {"mail": "m", "did": "opened"}}
    assert condition(asked, steps) == "not: opened the mail of step “Welcome”"
    assert condition(asked) == "not: opened the mail of step “m”"


def test_a_branch_that_asks_one_thing_goes_by_it() -> None:
    def named(label: str, **more: Any) -> str:
        arms = [{"id": "y", "label": label, "when": {"tag": "vip"}}]
        return title({"kind": "branch", "settings": {"arms": arms, **more}})

    assert (condition({"tag": "vip"}), named("Yes")) == ("tagged “vip”", "Tagged “vip”")
    assert (named("VIP"), named("Yes", name="Is it one?")) == ("VIP", "Is it one?")
    assert title({"kind": "branch", "settings": {"arms": [{"id": "y", "label": "Yes"}]}}) == "Yes"


def test_a_name_made_of_a_condition_ends_with_a_whole_word() -> None:
    asked = {"all": [{"tag": "somebody of importance"}, {"tag": "customer"}, {"tag": "in the north"}]}
    step = {"kind": "wait_until", "settings": {"until": asked, "timeout": {"amount": 2, "unit": "days"}}}
    assert title(step) == "Tagged “somebody of importance” and tagged “customer” and…, at most 2 days"


@pytest.mark.parametrize(
    ("language", "day", "moment"),
    [
        ("en", "Wait until 31 Dec 2026", "7: 31 Dec 2026, 09:00"),
        ("ko", "2026년 12월 31일까지 기다림", "7: 2026년 12월 31일 09:00"),
        ("zh-hans", "等到 2026年12月31日", "7: 2026年12月31日 09:00"),
    ],
)
def test_days_are_written_as_people_write_them(language: str, day: str, moment: str) -> None:
    rule = {"kind": "schedule", "segment": 7, "from": "2026-12-31T09:00", "every": "once"}
    with translation.override(language):
        assert title({"kind": "wait_date", "settings": {"by": "date", "date": "2026-12-31"}}) == day
        assert said(rule, names=False) == moment


def test_a_step_without_its_text_yet_goes_by_its_kind() -> None:
    assert title({"kind": "create_ticket", "settings": {}}) == "Create ticket"
    assert title({"kind": "add_tag", "settings": {"tag": "vip"}}) == "Tag vip"


def test_a_text_goes_by_its_own_name() -> None:
    text = create_template(name="Reminder", says=SmsText(body="Hi"), actor="user:1").pk
    steps = {"s": {"kind": "send_sms", "settings": {"template": text}, "arms": {"next": None}}}
    assert judged({"entry": [], "start": "s", "steps": steps})["titles"]["s"] == "Reminder"


def test_versions_are_compared_by_names() -> None:
    after = looping()
    after["steps"]["again"]["settings"]["to"] = "w"
    (changed,) = compare(looping(), after)
    assert (changed.title, changed.words) == ("Go to “Wait 5 minutes”", "Step: Ask once more → Wait 5 minutes")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["This is needed.", "At most 60 characters.", "A time looks like 09:30."]),
        ("ko", ["필수 항목입니다.", "최대 60자입니다.", "시간은 09:30 형식입니다."]),
        ("zh-hans", ["此项必填。", "最多 60 个字符。", "时间的格式如 09:30。"]),
    ],
)
def test_problems_are_said_in_the_language_of_the_page(language: str, said: list[str]) -> None:
    graph = chain(("a", "add_tag", {}), ("b", "add_tag", {"tag": "x" * 61}), ("c", "wait", {"at": "soon"}))
    with translation.override(language):
        assert [p.message for p in problems(graph)] == said
        assert [p["message"] for p in judged(graph)["problems"]] == said


@pytest.mark.parametrize(
    ("state", "why", "said"),
    [
        ("finished", "end", ""),
        ("finished", "With sales", "With sales"),
        ("finished", "goal", "Reached the goal"),
        ("exited", "exit:mail.unsubscribed", "Left: Unsubscribed"),
        ("exited", "exit:cart.emptied", "Left: cart.emptied"),
        ("exited", "exit:condition", "Left: a condition came true"),
        ("exited", "removed", "Left: taken out by a colleague"),
    ],
)
def test_how_a_way_ended_is_said_in_words(state: str, why: str, said: str) -> None:
    assert ending(state, why) == said


def test_lengths_of_time_are_said_in_the_language_of_the_page() -> None:
    three, one = {"amount": 3, "unit": "days"}, {"amount": 1, "unit": "hours"}
    assert [duration.text(three), duration.text(one)] == ["3 days", "1 hour"]
    with translation.override("ko"):
        assert [duration.text(three), duration.text(one)] == ["3일", "1시간"]


def test_a_message_keeps_a_per_cent_sign_of_its_own() -> None:
    assert RuleError("100 % sure").message == "100 % sure"
    assert str(RuleError("%(n)s of 100 %%", n=5)) == "5 of 100 %"


def test_a_way_without_a_name_beside_others_goes_on() -> None:
    start = STEPS["start_journey"]
    assert start.arms({"wait": False}) == [("next", "")]
    assert start.arms({"wait": True}) == [("next", "Goes on"), ("timeout", "Time over")]


def test_steps_that_say_nothing_yet_are_called_by_what_they_will_say() -> None:
    until = {"event": "form.submitted", "since": "arrival"}
    waits = {"kind": "wait_until", "settings": {"until": until, "timeout": {"amount": 2, "unit": "days"}}}
    assert title(waits) == "Form sent (since arriving here), at most 2 days"
    waits["settings"]["name"] = "The form"
    assert title(waits) == "The form, at most 2 days"
    assert title({"kind": "jump", "settings": {"most": 3}}, {}) == "Go to step"


def test_a_condition_that_is_still_being_written_is_said_as_that_and_without_its_path() -> None:
    node = {"all": [{"field": "contact.country", "op": "eq", "value": None}]}
    with pytest.raises(RuleError) as unfinished:
        deciding.check(node, {}, "steps.ask.arms")
    assert (unfinished.value.where, str(unfinished.value.message)) == ("steps.ask.arms", "A condition is not finished.")
    assert condition(node) == "…"
    with pytest.raises(RuleError) as wrong:
        deciding.check({"all": [{"field": "contact.country", "op": "eq", "value": {}}]}, {}, "only")
    assert str(wrong.value.message).startswith("$.all[0].value: ")
