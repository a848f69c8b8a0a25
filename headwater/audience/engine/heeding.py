"""Which segments a fact can touch: those that depend on its kind, but for conditions on properties that it has not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headwater.audience.compiler import Heeds, leaves_said

if TYPE_CHECKING:
    from .book import Living

#: Values of which Python and PostgreSQL make the same text; others count as met
PLAIN = {str, int, bool, type(None)}
#: Combinations of values whose answer is kept
KEPT = 10_000


@dataclass(frozen=True)
class Heeders:
    """Who depends on facts of a kind: `sure` on any of them, the others on those that meet a test."""

    sure: frozenset[Living]
    tests: tuple[tuple[Heeds, Living], ...] = ()
    names: tuple[str, ...] = ()
    _known: dict[tuple[Any, ...], frozenset[Living]] = field(default_factory=dict)

    def of(self, data: Mapping[str, Any]) -> frozenset[Living]:
        """The segments that a fact can touch; what is asked of few different values is found out once."""
        if not self.tests:
            return self.sure
        values = [data.get(name) for name in self.names]
        key = tuple([(type(v), v) for v in values if type(v) in PLAIN])  # True is not 1
        if len(key) < len(values):
            odd = {name for name in self.names if type(data.get(name)) not in PLAIN}
            return self.sure | {living for heeds, living in self.tests if odd & heeds.names or heeds.test(data)}
        found = self._known.get(key)
        if found is None:
            found = self.sure | {living for heeds, living in self.tests if heeds.test(data)}
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[key] = found
        return found


def heeders(watchers: Sequence[Living], key: str, kind: str) -> Heeders:
    """Of the segments that have the dependency `key`, who heeds which facts of a kind."""
    sure, tests, names = set(), [], set()
    for living in watchers:
        said = [one.heeds(kind) for one in leaves_said(living.node) if key in one.needs()]
        if not said or None in said:
            sure.add(living)
            continue
        tests += [(one, living) for one in said if one]
        names |= {name for one in said if one for name in one.names}
    return Heeders(frozenset(sure), tuple(tests), tuple(sorted(names)))
