"""`{% translate %}`, `{% static %}` and `{% url %}` with nothing in them that varies: worked out once.

A page has about a hundred of them, and each costs Django a twentieth of a millisecond. They are written as ever; what
varies (a variable, a filter, `as name`) is left to Django.
"""

from __future__ import annotations

from typing import Any

from django.template import Context, Library
from django.template.base import FilterExpression, Node, Parser, Token, Variable
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as django_url
from django.templatetags.i18n import TranslateNode, do_translate
from django.templatetags.static import StaticNode, do_static
from django.utils.translation import get_language

register = Library()


class Once(Node):
    """A node whose output is kept: by language where `spoken`."""

    child_nodelists = ()

    def __init__(self, node: Node, *, spoken: bool) -> None:
        self.node, self.spoken = node, spoken
        self.kept: dict[str | None, str] = {}

    def render(self, context: Context) -> str:
        key = get_language() if self.spoken else None
        kept = self.kept.get(key)
        if kept is None:
            kept = self.kept[key] = self.node.render(context)
        return kept


def _constant(expression: Any) -> bool:
    if not isinstance(expression, FilterExpression) or expression.filters:
        return False
    return isinstance(expression.var, str) or (isinstance(expression.var, Variable) and expression.var.lookups is None)


@register.tag("translate")
def translate(parser: Parser, token: Token) -> Node:
    """Django's `translate`; a plain text is looked up once for each language."""
    node: TranslateNode = do_translate(parser, token)
    varies = node.asvar or node.message_context or not _constant(node.filter_expression)
    return node if varies else Once(node, spoken=True)


@register.tag("static")
def static(parser: Parser, token: Token) -> Node:
    """Django's `static`; the address of a named file is worked out once."""
    node: StaticNode = do_static(parser, token)
    return node if node.varname or not _constant(node.path) else Once(node, spoken=False)


@register.tag("url")
def url(parser: Parser, token: Token) -> Node:
    """Django's `url`; an address without arguments is worked out once."""
    node: URLNode = django_url(parser, token)
    varies = node.args or node.kwargs or node.asvar or not _constant(node.view_name)
    return node if varies else Once(node, spoken=False)
