"""What a page repeats (cards, table rows, lines of a timeline), drawn by minijinja instead of Django's templates.

A board of 120 cards costs 40 ms as a Django template and 1 ms here (docs/adr/0004-rows.md). In a page's template:

    {% rows "sales/rows/cards.html" cards words=words %}

The file stands in a folder `rows` among the package's templates, is written in Jinja's language and loops over `rows`
itself. It gets plain values (text, numbers, booleans, or dataclasses and dicts of them): no model, no translation, no
filter of Django's. What it says in the reader's language is looked up once by the view and handed over. `icons` is the
address of the icons. Everything is escaped; a name that is missing is an error and not a hole.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template import Library
from django.template.utils import get_app_template_dirs
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe
from minijinja import Environment

register = Library()


@cache
def _environment() -> Environment:
    found = Environment(
        loader=_source,
        debug=False,  # else an error carries the rows, which are people, into the log
        undefined_behavior="strict",
        auto_escape_callback=lambda name: True,
        trim_blocks=True,
    )
    found.reload_before_render = settings.DEBUG
    return found


def _source(name: str) -> str | None:
    for folder in get_app_template_dirs("templates"):
        if (path := Path(folder) / name).is_file():
            return path.read_text(encoding="utf-8")
    return None


@register.simple_tag
def rows(name: str, items: Collection[Any], **values: Any) -> SafeString:
    """`items` as the file `name` draws them. Raises minijinja.TemplateError on a name that is missing."""
    if not items:
        return SafeString("")
    icons = mark_safe(static("web/icons.svg"))
    html = _environment().render_template(name, rows=items, icons=icons, **values)
    # minijinja escapes the slash too, which would make every address unreadable. A "&#x2f;" of the data itself reads
    # "&amp;#x2f;" here.
    return mark_safe(html.replace("&#x2f;", "/"))
