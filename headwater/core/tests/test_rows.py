"""Repeated rows: escaped, without holes, without data in errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.template import Context, Template
from django.utils.safestring import mark_safe
from minijinja import TemplateError

from headwater.core import rows


@dataclass(frozen=True, slots=True)
class Cell:
    text: str


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file x/rows/a.html among the templates; write into it."""
    path = tmp_path / "x" / "rows" / "a.html"
    path.parent.mkdir(parents=True)
    monkeypatch.setattr(rows, "get_app_template_dirs", lambda name: (tmp_path,))
    rows._environment.cache_clear()
    yield path
    rows._environment.cache_clear()


def draw(items: list[object], **values: object) -> str:
    source = '{% rows "x/rows/a.html" items word=word %}'
    return Template(source).render(Context({"items": items, "word": "", **values}))


def test_rows_are_escaped_and_slashes_stay_as_they_are(template: Path) -> None:
    template.write_text(
        "{% for r in rows %}\n<a href=\"{{ r.url }}\" title='{{ word }}'>{{ r.cell.text }}</a>\n{% endfor %}\n"
    )
    html = draw([{"url": '/a/?b="1"&c', "cell": Cell("<b>R/D & Söhne</b> &#x2f;")}], word="O'Neill")
    assert html == (
        "<a href=\"/a/?b=&quot;1&quot;&amp;c\" title='O&#x27;Neill'>&lt;b&gt;R/D &amp; Söhne&lt;/b&gt; &amp;#x2f;</a>\n"
    )


def test_what_is_marked_safe_stays_markup(template: Path) -> None:
    template.write_text("{% for r in rows %}{{ r }}{% endfor %}")
    assert draw([mark_safe("<i>/</i>"), "<i>"]) == "<i>/</i>&lt;i&gt;"


def test_no_rows_draw_nothing_and_icons_have_their_address(template: Path) -> None:
    template.write_text("{% for r in rows %}{{ icons }}#{{ r }}{% endfor %}")
    assert draw([]) == ""
    assert draw(["x"]).startswith("/static/web/icons.svg?v=")


def test_a_missing_name_is_an_error_that_names_no_person(template: Path) -> None:
    template.write_text("{% for r in rows %}{{ r.nane }}{% endfor %}")
    with pytest.raises(TemplateError) as problem:
        draw([{"name": "Maria Secret"}])
    assert "undefined value" in str(problem.value)
    assert "Maria" not in str(problem.value)
