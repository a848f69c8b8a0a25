"""What upper packages add to the pages of people: columns, filters and orders of the list, boxes and words of the
timeline. Each registers from its `panels.py`; README.md of this package has an example of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from headwater.core.registry import Registry

Condition = tuple[str, list[Any]]


@dataclass(frozen=True)
class Column:
    """A column of the list of people.

    `values(person_ids)` gives what `template` gets as `value` (with `person`, the row), one statement for a page;
    people left out get an empty cell. `sort`: the name of an order that its heading chooses.
    """

    name: str
    label: Any
    template: str
    values: Callable[[Sequence[int]], Mapping[int, Any]]
    sort: str = ""
    numeric: bool = False
    order: int = 100


@dataclass(frozen=True)
class Filter:
    """A filter of the list of people.

    `condition(value)` is SQL over the alias `c` (people_contact) with its arguments; it raises ValueError on a value
    that cannot be, and the filter is then left out. `words(value)` is what its chip says. `choices(q)` lists
    (value, label) to choose from; None: a number is asked for.
    """

    name: str
    label: Any
    icon: str
    condition: Callable[[str], Condition]
    words: Callable[[str], Any]
    choices: Callable[[], Sequence[tuple[str, Any]]] | None = None
    order: int = 100


@dataclass(frozen=True)
class Sort:
    """An order of the list. `value`: SQL over `c` and the alias of `join`; people without a value come last.

    `value_type`: its SQL type, for the cursor ("integer", "text", "timestamptz"). An index on the value, then the
    person, keeps the first page fast.
    """

    name: str
    label: Any
    value: str
    value_type: Literal["integer", "bigint", "text", "timestamptz"]
    join: str = ""
    descending: bool = True
    nullable: bool = True  # False: everybody has a value, which saves a statement
    order: int = 100


@dataclass(frozen=True)
class Box:
    """More about a fact, below its sentence on the timeline. `context(entries)` gives, for a page's entries of this
    kind, what `template` gets as `box` by the entry's id; entries left out have no box."""

    kind: str
    template: str
    context: Callable[[Sequence[Any]], Mapping[Any, Any]]


columns: Registry[Column] = Registry("column of people")
filters: Registry[Filter] = Registry("filter of people")
sorts: Registry[Sort] = Registry("order of people")
#: kind -> box
boxes: Registry[Box] = Registry("timeline box")
#: "KIND.FIELD" -> how a field of a fact reads in its sentence: takes the stored value, returns text, or a pair of text
#: and the hue of a chip
words: Registry[Callable[[Any], Any]] = Registry("word of a fact")
#: "KIND.FIELD" -> the address that the word leads to: takes the fact's data, returns "" for none
links: Registry[Callable[[Mapping[str, Any]], str]] = Registry("link of a fact")
#: "journey" -> names of actors "journey:5": takes their ids, returns id -> name
actor_names: Registry[Callable[[Sequence[int]], Mapping[int, str]]] = Registry("actor's name")
#: kind -> what a run of facts of one kind says, a callable of their number: "viewed 6 pages"
runs: Registry[Callable[[int], Any]] = Registry("run of facts")
