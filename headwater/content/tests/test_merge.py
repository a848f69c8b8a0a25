"""Merge tags: values, fallbacks, what is missing, what is unknown, what is not allowed."""

from __future__ import annotations

from datetime import date

import pytest

from headwater.content.rules import MissingField, TemplateProblem, prune, render, tags, unknown_tags


def context(**contact: object) -> dict[str, object]:
    return {"contact": prune(contact), "company": {}}


def test_a_value_is_put_in_and_a_fallback_takes_its_place() -> None:
    template = 'Hi {{ contact.first_name | default("there") }}'
    assert render(template, context(first_name="Ana")) == "Hi Ana"
    assert render(template, context(first_name="")) == "Hi there"
    assert render(template, context(first_name=None)) == "Hi there"


@pytest.mark.parametrize(
    "template, name",
    [
        ("{{ contact.first_name }}", "contact.first_name"),
        ("{{ company.name | upper }}", "company.name"),
        ("{{ contact.custom.plan }}", "contact.custom.plan"),
        ("{% for t in contact.tags %}{{ t }}{% endfor %}", "contact.tags"),
    ],
)
def test_a_missing_value_without_fallback_is_named(template: str, name: str) -> None:
    with pytest.raises(MissingField) as caught:
        render(template, context())
    assert caught.value.name == name


def test_a_condition_on_a_missing_value_is_allowed() -> None:
    assert render("{% if contact.city %}in {{ contact.city }}{% else %}anywhere{% endif %}", context()) == "anywhere"


def test_values_are_escaped_in_html_only() -> None:
    person = context(first_name="<b>&")
    assert render("{{ contact.first_name }}", person, html=True) == "&lt;b&gt;&amp;"
    assert render("{{ contact.first_name }}", person) == "<b>&"


def test_formatted_text_keeps_harmless_tags_only() -> None:
    person = context(bio="<b>x</b><script>y</script>")
    assert render("{{ contact.bio | rich }}", person, html=True) == "<b>x</b>"


def test_a_date_is_written_out() -> None:
    person = context(renewal_date=date(2026, 11, 2))
    assert render("{{ contact.renewal_date }}", person) == "2026-11-02"
    assert render("{{ contact.renewal_date | date }}", person) == "02 November 2026"


def test_names_that_nothing_fills_are_found_with_a_suggestion() -> None:
    template = "{{ contact.frist_name }}{{ event.path }}{{ contact.custom.plan }}"
    template += "{% for t in contact.tags %}{{ t }}{% endfor %}"
    assert unknown_tags(template) == [("contact.frist_name", "contact.first_name")]
    assert tags("{{ unsubscribe_url }}") == {"unsubscribe_url"}


@pytest.mark.parametrize(
    "template, words",
    [
        ("a\n{{ contact.", "line 2: unexpected end of input"),
        ("{{ contact.x | frobnicate }}", "line 1: unknown filter: filter frobnicate is unknown"),
        ("{{ contact.name | safe }}", "line 1: unknown filter: filter safe is unknown"),
        ("{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}", "takes too long"),
        ("{% autoescape false %}x{% endautoescape %}", "cannot be switched off"),
        ("{% include 'x' %}", "line 1"),
    ],
)
def test_what_an_author_must_correct_is_said_with_its_line(template: str, words: str) -> None:
    with pytest.raises(TemplateProblem) as caught:
        render(template, context(name="x"))
    assert words in str(caught.value)
