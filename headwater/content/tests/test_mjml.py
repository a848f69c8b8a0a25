"""MJML to HTML and text: tags survive, links are counted, mistakes are named by line."""

from __future__ import annotations

import pytest

from headwater.content.rules import TemplateProblem, compile_mail, render

PAGE = "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"


def test_merge_tags_with_quotes_and_signs_survive_the_compiler() -> None:
    made = compile_mail(
        PAGE.format('<mj-text>{% if n < 3 and n > 1 %}{{ name | default("a<b") }}{% endif %}</mj-text>')
    )
    assert '{% if n < 3 and n > 1 %}{{ name | default("a<b") }}{% endif %}' in made.html
    assert made.text == '{% if n < 3 and n > 1 %}{{ name | default("a<b") }}{% endif %}\n'


def test_block_tags_may_stand_between_elements() -> None:
    source = PAGE.format("\n{% if vip %}\n<mj-text>For you</mj-text>\n{% else %}<mj-text>For all</mj-text>{% endif %}")
    made = compile_mail(source)
    for vip, words, other in ((True, "For you", "For all"), (False, "For all", "For you")):
        assert words in render(made.html, {"vip": vip, "contact": {}}, html=True)
        assert other not in render(made.html, {"vip": vip, "contact": {}}, html=True)
        assert render(made.text, {"vip": vip}).strip() == words


def test_a_loop_over_sections_repeats_them_in_both_parts() -> None:
    source = (
        "<mjml><mj-body>{% for x in extra.items %}<mj-section><mj-column><mj-text>{{ x }}</mj-text></mj-column>"
        "</mj-section>{% endfor %}</mj-body></mjml>"
    )
    made = compile_mail(source)
    values = {"extra": {"items": ["one", "two"]}, "contact": {}}
    assert render(made.text, values).split() == ["one", "two"]
    html = render(made.html, values, html=True)
    assert html.index(">one<") < html.index(">two<")


def test_web_links_are_numbered_and_the_mails_own_are_left_alone() -> None:
    seen: list[str] = []

    def number(url: str) -> int:
        if url not in seen:
            seen.append(url)
        return 40 + seen.index(url)

    made = compile_mail(
        PAGE.format(
            '<mj-button href="https://a.example/?x=1&amp;y={{ contact.id }}">Go</mj-button>'
            '<mj-text><a href="{{ workspace.website }}/p">P</a> '
            '<a href="https://a.example/?x=1&amp;y={{ contact.id }}">'
            'again</a> <a href="mailto:a@b.example">a@b.example</a> <a href="{{ unsubscribe_url }}">Stop</a></mj-text>'
        ),
        link_id=number,
    )
    assert made.links == ["https://a.example/?x=1&y={{ contact.id }}", "{{ workspace.website }}/p"]
    assert made.html.count('href="{{ hw.l40 }}"') == 2
    assert made.html.count('href="{{ hw.l41 }}"') == 1
    assert 'href="{{ unsubscribe_url }}"' in made.html
    assert made.text == (
        "Go: {{ hw.l40 }}\n\nP: {{ hw.l41 }} again: {{ hw.l40 }} a@b.example Stop: {{ unsubscribe_url }}\n"
    )


def test_the_preview_text_is_hidden_and_stays_out_of_the_text_part() -> None:
    made = compile_mail(PAGE.format("<mj-text>Body</mj-text>"), preview="Only for {{ contact.name }} & you")
    assert ">Only for {{ contact.name }} &amp; you&#847;" in made.html
    assert made.text == "Body\n"


def test_the_footer_and_the_pixel_come_last() -> None:
    footer = (
        '<mj-section><mj-column><mj-text><a href="{{ unsubscribe_url }}">Stop</a></mj-text></mj-column></mj-section>'
    )
    made = compile_mail(PAGE.format("<mj-text>Body</mj-text>"), footer=footer, pixel=True)
    assert made.text == "Body\n\nStop: {{ unsubscribe_url }}\n"
    assert made.html.endswith(
        '{% if hw.pixel %}<img src="{{ hw.pixel }}" width="1" height="1" alt="">{% endif %}</body></html>'
    )


def test_lines_may_end_as_forms_send_them() -> None:
    source = PAGE.format("\n<mj-text>\nOne<br/>\ntwo</mj-text>\n")
    assert compile_mail(source.replace("\n", "\r\n")) == compile_mail(source)


def test_no_font_is_fetched_from_elsewhere() -> None:
    assert "googleapis" not in compile_mail(PAGE.format("<mj-text>x</mj-text>")).html


def test_text_of_lists_headings_and_pictures() -> None:
    made = compile_mail(
        PAGE.format(
            "<mj-text><h1>Title</h1><p>One<br/>two</p><ul><li>a</li><li>b</li></ul></mj-text>"
            '<mj-image src="https://x.example/a.png" alt="A chart" /><mj-divider />'
        )
    )
    assert made.text == "Title\n\nOne\ntwo\n\n- a\n- b\n\nA chart\n"


@pytest.mark.parametrize(
    "source, words",
    [
        ("hello", "the body must be MJML: <mjml><mj-body>…</mj-body></mjml>"),
        ("<mjml>\n<mj-body>\n<mj-section>\n</mj-body></mjml>", "line 3: <mj-section> is not closed before </mj-body>"),
        ("<mjml>\n<mj-body>", "line 2: <mj-body> is not closed"),
        ("<mjml><mj-body></mj-column></mj-body></mjml>", "line 1: </mj-column> closes nothing"),
        (
            PAGE.format("<mj-text><p>x</mj-text>"),
            "an HTML element in a text block is not closed (write <p>…</p>, <br/>)",
        ),
    ],
)
def test_a_mistake_in_the_markup_is_named(source: str, words: str) -> None:
    with pytest.raises(TemplateProblem) as caught:
        compile_mail(source)
    assert str(caught.value) == words
