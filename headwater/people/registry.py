"""What upper packages add to the pages of people: columns, filters and orders of the list, boxes and words of the
timeline. Each registers from its `panels.py`; README.md of this package has an example of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

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


@dataclass(frozen=True)
class BulkField:
    """What a change of many asks for in its dialog. `choices()` lists (value, label); None: text is typed."""

    name: str
    label: Any
    choices: Callable[[], Sequence[tuple[str, Any]]] | None = None
    hint: Any = ""
    required: bool = True


@dataclass(frozen=True)
class Bulk:
    """A change that can be made to many people at once; it runs in batches whose lanes are held, and can be undone.

    `clean(given)` checks what the user chose and returns it as it is kept (JSON); it raises rules.Invalid.
    `apply(person_ids, params, actor)` changes a batch in a constant number of statements; it may return
    person -> why for those whom it left as they are. `snapshot(person_ids, params)` says what of each person it
    touches, as JSON: taken before and after, it is how the undo knows what to put back, and whether somebody has
    changed it since (`same(params, after, now)`). `restore(pairs, params, actor)`: person -> (before, now).
    `file`: the change writes a file instead: its head (no people) and its parts.
    """

    name: str
    label: Any
    icon: str
    words: Callable[[Mapping[str, Any]], str]
    clean: Callable[[Mapping[str, Any]], dict[str, Any]]
    apply: Callable[[Sequence[int], Mapping[str, Any], str], Mapping[int, str] | None] | None = None
    snapshot: Callable[[Sequence[int], Mapping[str, Any]], Mapping[int, Any]] | None = None
    same: Callable[[Mapping[str, Any], Any, Any], bool] = lambda params, after, now: bool(after == now)
    restore: Callable[[Mapping[int, tuple[Any, Any]], Mapping[str, Any], str], None] | None = None
    file: Callable[[Sequence[int]], str] | None = None
    #: Called before the lanes of a batch are taken: locks that come first
    prepare: Callable[[Sequence[int]], Any] | None = None
    fields: tuple[BulkField, ...] = ()
    #: What its dialog says before it is done, and the button's word
    warning: Any = ""
    button: Any = ""
    danger: bool = False
    roles: tuple[str, ...] = ()
    #: In the bar's "More"; False: it has a place of its own
    offered: bool = True
    order: int = 100


@dataclass(frozen=True)
class Gone:
    """People who are being erased, with what rows that do not name them are found by."""

    person_ids: Sequence[int]
    emails: Sequence[str]
    visitors: Sequence[int]
    names: Sequence[str]
    actor: str


@dataclass(frozen=True)
class Joining:
    """`merged` becomes part of `survivor`, or, on the way back, parts from her. `mark` is the merge's own.

    On the way back: the addresses and browsers of the one who parts, and `late`, the facts that came by them after the
    merge (time, id).
    """

    merge_id: int
    survivor: int
    merged: int
    at: datetime
    actor: str
    emails: Sequence[str] = ()
    visitors: Sequence[int] = ()
    late: Sequence[tuple[datetime, UUID]] = ()

    @property
    def mark(self) -> str:
        return f"m{self.merge_id}"


@dataclass(frozen=True)
class Holder:
    """A package that keeps something of people. All is called with the people's lanes held, and writes the package's
    own tables only (core.holdings helps).

    erase(gone): everything goes but numbers. export(person_id): table -> rows. join(joining): the rows of `merged` go
    to `survivor`; returns JSON that `part(joining, kept)` gives them back by, as they are then. settle(person_ids):
    what follows from the rest is brought up to date, after all holders joined or parted. Called in `order`.
    """

    name: str
    tables: Sequence[str]  # names of the tables it answers for
    erase: Callable[[Gone], None]
    export: Callable[[int], Mapping[str, Any]]
    join: Callable[[Joining], Any]
    part: Callable[[Joining, Any], None]
    settle: Callable[[Sequence[int]], None] | None = None
    #: By what facts that came after a merge are known as those of the one who parts: field of the fact -> values
    marks: Callable[[Joining, Any], Mapping[str, Sequence[str]]] | None = None
    #: Says why two people cannot be merged or parted at this moment; "" where they can
    hinders: Callable[[Sequence[int]], str] | None = None
    order: int = 100


#: package -> what it keeps of people
holders: Registry[Holder] = Registry("holder of people's rows")
#: name -> a change of many people
bulks: Registry[Bulk] = Registry("change of many people")
columns: Registry[Column] = Registry("column of people")
#: The same for the list of companies: `values(company_ids)`; filters and orders over the alias `co` (people_company)
company_columns: Registry[Column] = Registry("column of companies")
company_filters: Registry[Filter] = Registry("filter of companies")
company_sorts: Registry[Sort] = Registry("order of companies")
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
