"""What a segment's condition is made of: groups, and leaves of registered types.

A leaf knows how to say itself in SQL (a truth value that is never NULL, and the next moment at which time alone can
change it), in words, and which changes can touch it. Upper packages add types in their `conditions.py`:

    @leaf("deal")
    class DealLeaf(Leaf): ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from .sql import Query


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a condition, and where: path "$.all[1].within"."""

    path: str
    message: str


class ConditionError(ValueError):
    """A condition that cannot be: `problems` says what and where."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{p.path}: {p.message}" for p in problems))


@dataclass(frozen=True, slots=True)
class Sql:
    """`value`: a boolean expression, never NULL. `turns`: the next moment at which time alone can change it
    (a timestamptz expression, NULL where none is in sight), or None where time cannot. `must`: a condition without
    which it neither holds nor ever turns by itself, or "" (it may be NULL, which counts as false: an outer join that
    it asks becomes an inner one). In a query that asks for no turns, `must` says the same as `value`. `exact`: `must`
    is never NULL."""

    value: str
    turns: str | None = None
    must: str = ""
    exact: bool = False


@dataclass(frozen=True)
class Heeds:
    """Facts that have certain properties. names: the properties that `test`, over a fact's data, looks at."""

    names: frozenset[str]
    test: Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True)
class Node:
    path: str = field(kw_only=True, default="$", compare=False, repr=False)


@dataclass(frozen=True)
class Group(Node):
    """`all` or `any` of its children."""

    op: str
    children: tuple[Node, ...]


@dataclass(frozen=True)
class Not(Node):
    child: Node


class Leaf(Node):
    """Base of leaf types; subclasses are frozen dataclasses made by `@leaf`."""

    type: ClassVar[str]
    #: Keys that may stand beside the leaf's own
    keys: ClassVar[tuple[str, ...]] = ()
    #: Its part of the JSON Schema: key -> schema
    schema: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def parse(cls, raw: Mapping[str, Any], at: At) -> Leaf:
        raise NotImplementedError

    @classmethod
    def register(cls) -> None:
        """Called once, when the type has its name."""

    def sql(self, query: Query) -> Sql:
        """The condition over `c` (the contact) and what it joins."""
        raise NotImplementedError

    def expand(self) -> Node | None:
        """The tree that stands for this leaf, where it is only a name for one (then `sql` is not asked)."""
        return None

    def needs(self) -> frozenset[str]:
        """Dependencies: "field:contact.country", "kind:page.viewed", "tags", "score:engagement", ..."""
        raise NotImplementedError

    def heeds(self, kind: str) -> Heeds | None:
        """Of the facts of a kind among its `needs`, which can change the answer; None: any can."""
        return None

    def says(self) -> str:
        """The condition in plain words."""
        raise NotImplementedError

    def evidence(self, person_id: int) -> list[dict[str, Any]]:
        """What decides it for this person: lines {"text", "at"?, "fact"?}."""
        return []


class Known(NamedTuple):
    """What a condition needs to know of a segment that it refers to. picked: somebody is in or out by hand."""

    name: str
    condition: Any
    picked: bool = False


@dataclass
class At:
    """Where the parser stands: collects problems, resolves segments."""

    path: str
    problems: list[Problem]
    segments: Callable[[str], Known | None]
    #: Keys of the segments that led here, for the refusal of cycles
    trail: tuple[str, ...] = ()
    budget: list[int] = field(default_factory=lambda: [500])

    def below(self, suffix: str) -> At:
        return At(self.path + suffix, self.problems, self.segments, self.trail, self.budget)

    def wrong(self, message: str, suffix: str = "") -> None:
        self.problems.append(Problem(self.path + suffix, message))

    def want(self, raw: Mapping[str, Any], key: str, fits: Callable[[Any], bool], shape: str) -> Any:
        """raw[key] where it fits, else None after noting the problem."""
        value = raw.get(key)
        if fits(value):
            return value
        self.wrong(f"must be {shape}" if key in raw else f"is missing: {shape}", f".{key}")
        return None


LEAVES: dict[str, type[Leaf]] = {}
L = TypeVar("L", bound=type[Leaf])


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def leaf(name: str) -> Callable[[L], L]:
    """Register a leaf type under the JSON key that marks it. Raises ValueError where the key is taken."""

    def wrap(cls: L) -> L:
        made: L = dataclass(frozen=True)(cls)  # type: ignore[assignment]
        known = LEAVES.get(name)
        if known is not None and known.__qualname__ != made.__qualname__:
            raise ValueError(f"leaf {name!r} is registered twice")
        made.type = name
        made.register()
        LEAVES[name] = made
        return made

    return wrap


def leaves_of(node: Node) -> Iterator[Leaf]:
    """The leaves in reading order."""
    if isinstance(node, Group):
        for child in node.children:
            yield from leaves_of(child)
    elif isinstance(node, Not):
        yield from leaves_of(node.child)
    elif isinstance(node, Leaf):
        yield node


def leaves_said(node: Node) -> list[Leaf]:
    """The leaves that say themselves: where one is only a name for a tree, those of the tree."""
    out: list[Leaf] = []
    for one in leaves_of(node):
        expanded = one.expand()
        out += [one] if expanded is None else leaves_said(expanded)
    return out


def needs_of(node: Node) -> frozenset[str]:
    """Everything whose change can change the answer."""
    return frozenset().union(*(one.needs() for one in leaves_of(node)))
