"""Every text is there in Korean and Chinese with the same values in it; the compiled catalogues are up to date."""

from __future__ import annotations

import gettext
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format

from headwater.audience.compiler.words import kind_label
from headwater.core.facts import KINDS
from headwater.people.rules import CONSENT_CHANNELS

LOCALE = Path(settings.LOCALE_PATHS[0])
LANGUAGES = ["ko", "zh_Hans"]
VALUE = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w+(?::[^}]*)?\}")


def entries(language: str) -> list[tuple[str, str, str]]:
    """(msgid, msgid_plural, msgstr) of a catalogue; a msgid with a context comes as gettext keeps it."""
    found, current, field = [], {}, ""
    for line in [*(LOCALE / language / "LC_MESSAGES/django.po").read_text().splitlines(), ""]:
        if line.startswith("#~"):
            continue
        if not line.strip():
            if current.get("msgid"):
                context = f"{current['msgctxt']}\x04" if "msgctxt" in current else ""
                found.append((context + current["msgid"], current.get("msgid_plural", ""), current.get("msgstr", "")))
            current, field = {}, ""
        elif match := re.match(r'(msgid|msgid_plural|msgstr|msgctxt)(?:\[0\])? "(.*)"$', line):
            field = match[1]
            current[field] = unquoted(match[2])
        elif line.startswith('"') and field:
            current[field] += unquoted(line[1:-1])
    return found


def unquoted(text: str) -> str:
    return text.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_left_in_english(language: str) -> None:
    assert [msgid for msgid, _plural, msgstr in entries(language) if not msgstr] == []
    assert len(entries(language)) > 1000


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_holds_the_values_of_its_text(language: str) -> None:
    wrong = [
        (msgid, msgstr)
        for msgid, plural, msgstr in entries(language)
        if set(VALUE.findall(plural or msgid)) != set(VALUE.findall(msgstr))
    ]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_marked_as_a_guess(language: str) -> None:
    assert ", fuzzy" not in (LOCALE / language / "LC_MESSAGES/django.po").read_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_says_what_the_source_says(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES/django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for msgid, plural, msgstr in entries(language):
        assert (compiled.ngettext(msgid, plural, 2) if plural else compiled.gettext(msgid)) == msgstr


def test_the_languages_are_found_by_their_codes() -> None:
    with translation.override("ko"):
        assert translation.gettext("Settings") == "설정"
    with translation.override("zh-hans"):
        assert translation.gettext("Settings") == "设置"


def test_every_text_of_the_templates_is_in_the_catalogues() -> None:
    known = {msgid for msgid, _plural, _msgstr in entries("ko")}
    texts = set()
    for template in (LOCALE.parent.parent).glob("*/templates/**/*.html"):
        for match in re.finditer(r"{% translate (\"[^\"]*\"|'[^']*')", template.read_text()):
            texts.add(match[1][1:-1])
    assert sorted(texts - known) == []


@pytest.mark.parametrize(
    "language, day, moment, month",
    [
        ("en", "22 Nov 2026", "22 Nov, 10:25:07", "Nov 26"),
        ("ko", "2026년 11월 22일", "11월 22일 10:25:07", "26년 11월"),
        ("zh-hans", "2026年11月22日", "11月22日 10:25:07", "26年11月"),
    ],
)
def test_dates_are_written_as_the_reader_writes_them(language: str, day: str, moment: str, month: str) -> None:
    at = datetime(2026, 11, 22, 10, 25, 7, tzinfo=UTC)
    with translation.override(language):
        names = ("DATE_FORMAT", "DAY_SECONDS_FORMAT", "MONTH_SHORT_FORMAT")
        assert [date_format(at, name) for name in names] == [day, moment, month]


def test_no_template_writes_a_date_in_the_order_of_one_language() -> None:
    wrong = [
        str(template)
        for template in (LOCALE.parent.parent).glob("*/templates/**/*.html")
        if re.search(r"""date:["'][^"'%]*\b(?:[jdFM] [jFMY]|M, )""", template.read_text())
    ]
    assert wrong == []


@pytest.mark.parametrize("language", ["ko", "zh-hans"])
def test_events_and_channels_of_conditions_are_named_in_the_readers_language(language: str) -> None:
    with translation.override(language):
        names = {kind: kind_label(kind) for kind in KINDS if not kind.startswith("test.")}
        assert [kind for kind, name in names.items() if name == kind.replace(".", " ").replace("_", " ")] == []
        assert [c for c in CONSENT_CHANNELS if translation.gettext(c) == c and c != "whatsapp" and c != "sms"] == []
