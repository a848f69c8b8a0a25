"""Icons and avatars are markup once a template is compiled, and say what the component says."""

from __future__ import annotations

import re
from pathlib import Path

from django.templatetags.static import static

from headwater import web
from headwater.web.loader import addressed, inline

ICON = "<use href=\"{% static 'web/icons.svg' %}#"


def test_an_icon_becomes_its_markup() -> None:
    assert inline('<c-icon n="users" class="sm" />') == f'<svg class="i sm" aria-hidden="true">{ICON}users"/></svg>'
    assert inline('<c-icon n="users" />') == f'<svg class="i " aria-hidden="true">{ICON}users"/></svg>'


def test_a_live_attribute_becomes_a_variable() -> None:
    found = inline('<c-icon :n="line.icon|default:\'circle\'" class="sm" />')
    assert found == f'<svg class="i sm" aria-hidden="true">{ICON}{{{{ line.icon|default:\'circle\' }}}}"/></svg>'
    assert inline('<c-av :t="p.initials" :h="p.hue" class="lg" />') == (
        '<span class="av lg" data-h="{{ p.hue }}" aria-hidden="true">{{ p.initials }}</span>'
    )


def test_other_components_and_attributes_that_hold_quotes_are_left_to_cotton() -> None:
    for source in ('<c-chip h="150">x</c-chip>', '<c-icon n="{% if a == "b" %}x{% endif %}" />'):
        assert inline(source) == source


def test_the_address_of_a_static_file_becomes_text() -> None:
    icons = static("web/icons.svg")
    assert icons.startswith("/static/web/icons.svg?v=")
    source = "{% static 'web/icons.svg' %}#x {% static \"web/icons.svg\" %} {% static name %}"
    assert addressed(source) == f"{icons}#x {icons} {{% static name %}}"


def test_every_icon_that_a_template_names_is_drawn() -> None:
    house = Path(web.__file__).parent.parent
    drawn = set(re.findall(r'id="([a-z0-9-]+)"', (house / "web/static/web/icons.svg").read_text()))
    named = {
        (name, path.relative_to(house).as_posix())
        for path in house.glob("*/templates/**/*.html")
        for name in re.findall(r'<c-icon n="([a-z0-9-]+)"', path.read_text())
    }
    assert [use for use in sorted(named) if use[0] not in drawn] == []
