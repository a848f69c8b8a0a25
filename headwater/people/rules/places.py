"""Countries and languages by their names, in the reader's language. What is kept is always the code.

The names are Unicode CLDR's (`countries.tsv`, `languages.tsv`: code, English, Korean, Chinese)."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

#: Column of the files by the beginning of the reader's language
_COLUMNS = {"en": 1, "ko": 2, "zh": 3}
Table = dict[str, tuple[str, ...]]


@lru_cache(maxsize=2)
def _table(name: str) -> Table:
    text = files(__package__).joinpath(f"{name}.tsv").read_text(encoding="utf-8")
    return {row[0]: row for row in (tuple(line.split("\t")) for line in text.splitlines())}


def _column(reader: str) -> int:
    return _COLUMNS.get(reader[:2].lower(), 1)


@lru_cache(maxsize=8)
def countries(reader: str) -> dict[str, str]:
    """Code and name of every country, by name as the reader's language ("ko", "zh-hans", ...) sorts it roughly."""
    return _sorted(_table("countries"), _column(reader))


@lru_cache(maxsize=8)
def languages(reader: str) -> dict[str, str]:
    """Code and name of the languages that people are asked for, by name."""
    return _sorted(_table("languages"), _column(reader))


def _sorted(table: Table, column: int) -> dict[str, str]:
    return dict(sorted(((code, row[column]) for code, row in table.items()), key=lambda one: one[1].casefold()))


def country_name(code: str, reader: str) -> str:
    """A country as the reader calls it; a code that is none stays as it is."""
    return countries(reader).get(code.upper(), code)


def language_name(code: str, reader: str) -> str:
    """A language as the reader calls it: that of "de-at" is German (AT); a code that is none stays as it is."""
    known = languages(reader)
    code = code.replace("_", "-").lower()
    if code in known:
        return known[code]
    base, _dash, rest = code.partition("-")
    return f"{known[base]} ({rest.upper()})" if base in known and rest else code


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    """Every name of a country, folded, and its code."""
    return {name.casefold(): row[0] for row in _table("countries").values() for name in row[1:]}


def country_code(text: str) -> str:
    """The code of a country that is given by its code or by one of its names; "" where it is neither."""
    code = text.upper()
    return code if code in _table("countries") else _codes().get(" ".join(text.split()).casefold(), "")
