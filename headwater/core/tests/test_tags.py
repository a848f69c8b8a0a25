"""Constant tags are worked out once and still speak the reader's language."""

from __future__ import annotations

from django.template import Context, Template
from django.templatetags.static import static
from django.utils import translation

from headwater.core.tags import Once


def test_a_constant_text_is_kept_for_each_language() -> None:
    template = Template("{% translate 'Close' %}|{% translate '100%' %}|{% translate '<b>&' %}")
    assert [type(node).__name__ for node in template.nodelist] == ["Once", "TextNode", "Once", "TextNode", "Once"]
    for _ in range(2):
        with translation.override("en"):
            assert template.render(Context()) == "Close|100%|<b>&"
        with translation.override("ko"):
            assert template.render(Context()) == "닫기|100%|<b>&"
    assert isinstance(template.nodelist[0], Once)
    assert template.nodelist[0].kept == {"en": "Close", "ko": "닫기"}


def test_what_varies_is_left_to_django() -> None:
    source = "{% translate name %}{% translate 'Close' as x %}{{ x }}{% translate 'close'|upper %}{% url name %}"
    template = Template(source)
    assert not [node for node in template.nodelist if isinstance(node, Once)]
    for name, path in (("insights:home", "/"), ("people:list", "/people/")):
        assert template.render(Context({"name": name})) == f"{name}CloseCLOSE{path}"


def test_addresses_without_arguments_are_kept() -> None:
    template = Template("{% url 'people:list' %} {% static 'web/icons.svg' %} {% url 'people:record' 7 %}")
    icons = static("web/icons.svg")
    assert template.render(Context()) == template.render(Context()) == f"/people/ {icons} /people/7/"
    assert [node.kept for node in template.nodelist if isinstance(node, Once)] == [
        {None: "/people/"},
        {None: icons},
    ]
