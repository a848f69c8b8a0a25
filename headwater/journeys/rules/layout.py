"""Where the boxes of a journey's picture stand. Arms of a branch are columns; a step to which several ways lead is
owned by their nearest common dominator and stands, centred, below all of them. The entry stands above the first
step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WIDTH, HEIGHT, GAP_X, GAP_Y, LABEL, LANE = 220, 74, 36, 44, 34, 84
TOP = "entry"

Ways = Mapping[str, Sequence[tuple[str, str | None]]]


@dataclass
class Picture:
    """Positions are of the upper left corner. edges: (from, arm, to, SVG path, x and y of the label)."""

    width: int
    height: int
    at: dict[str, tuple[int, int]] = field(default_factory=dict)
    edges: list[tuple[str, str, str, str, int, int]] = field(default_factory=list)


@dataclass
class _Size:
    width: float = WIDTH
    height: float = HEIGHT
    arms: float = 0
    arms_height: float = 0
    gap: float = GAP_Y


def picture(ways: Ways, root: str, *, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """The picture of a graph without loops. ways: node -> [(arm, target or None)]."""
    return _Drawing(ways, root, width, height).draw()


class _Drawing:
    def __init__(self, ways: Ways, root: str, width: int, height: int) -> None:
        self.ways, self.root, self.w, self.h = ways, root, width, height
        self.order = _order(ways, root)
        self.index = {key: n for n, key in enumerate(self.order)}
        self.parents: dict[str, list[str]] = {}
        for key in self.order:
            for target in self.targets(key):
                self.parents.setdefault(target, []).append(key)
        self.dominator: dict[str, str] = {root: root}
        for key in self.order[1:]:
            owners = [p for p in self.parents[key] if p in self.dominator]
            found = owners[0]
            for other in owners[1:]:
                found = self._meet(found, other)
            self.dominator[key] = found
        self.owned: dict[str, list[str]] = {}
        for key in self.order[1:]:
            self.owned.setdefault(self.dominator[key], []).append(key)
        self.size: dict[str, _Size] = {}
        self.at: dict[str, tuple[float, float]] = {}
        self.lanes: dict[tuple[str, str], float] = {}

    def targets(self, key: str) -> list[str]:
        return list(dict.fromkeys(t for _arm, t in self.ways.get(key, ()) if t is not None and t in self.ways))

    def _meet(self, a: str, b: str) -> str:
        while a != b:
            while self.index[a] > self.index[b]:
                a = self.dominator[a]
            while self.index[b] > self.index[a]:
                b = self.dominator[b]
        return a

    def parts(self, key: str) -> tuple[list[str], list[str]]:
        """(arms in their order, joins below them)"""
        mine = self.owned.get(key, [])
        joins = [c for c in mine if len(self.parents[c]) > 1]
        return [t for t in self.targets(key) if t in mine and t not in joins], joins

    def columns(self, key: str) -> list[tuple[str, str | None]]:
        """What stands side by side below a step: (child, None), or (target, arm) for the bare line of an arm that leads
        to a join further down."""
        arms, _joins = self.parts(key)
        ways = [(arm, t) for arm, t in self.ways[key] if t is not None and t in self.ways]
        if len(ways) < 2:
            return [(c, None) for c in arms]
        return [(t, None if t in arms else arm) for arm, t in ways]

    def measure(self, key: str) -> None:
        arms, joins = self.parts(key)
        for child in (*arms, *joins):
            self.measure(child)
        size = _Size(self.w, self.h)
        widths = [self.size[t].width if arm is None else LANE for t, arm in self.columns(key)]
        size.arms = sum(widths) + GAP_X * max(0, len(widths) - 1)
        size.arms_height = max((self.size[c].height for c in arms), default=0)
        size.gap = GAP_Y + (LABEL if len(self.ways.get(key, ())) > 1 else 0)
        size.width = max(self.w, size.arms)
        if arms:
            size.height += size.gap + size.arms_height
        for join in joins:
            size.height += GAP_Y + (LABEL if not arms else 0) + self.size[join].height
            size.width = max(size.width, self.size[join].width)
        self.size[key] = size

    def place(self, key: str, centre: float, top: float) -> None:
        self.at[key] = (centre - self.w / 2, top)
        arms, joins = self.parts(key)
        size = self.size[key]
        x, below = centre - size.arms / 2, top + self.h
        for child, arm in self.columns(key):
            width = self.size[child].width if arm is None else LANE
            if arm is None:
                self.place(child, x + width / 2, top + self.h + size.gap)
            else:
                self.lanes[key, arm] = x + width / 2
            x += width + GAP_X
        if arms:
            below += size.gap + size.arms_height
        for join in joins:
            extra = LABEL if not arms else 0
            self.place(join, centre, below + GAP_Y + extra)
            below += GAP_Y + extra + self.size[join].height

    def draw(self) -> Picture:
        if self.root not in self.ways:
            return Picture(self.w, self.h)
        self.measure(self.root)
        whole = self.size[self.root]
        self.place(self.root, whole.width / 2, 0)
        out = Picture(round(whole.width), round(whole.height))
        out.at = {key: (round(x), round(y)) for key, (x, y) in self.at.items()}
        for key in self.order:
            ways = [(arm, t) for arm, t in self.ways[key] if t is not None and t in self.at]
            for arm, target in ways:
                lane = self.lanes.get((key, arm))
                out.edges.append((key, arm, target, *self._edge(key, target, lane, len(ways))))
        return out

    def _edge(self, key: str, target: str, lane: float | None, count: int) -> tuple[str, int, int]:
        """A line with rounded corners: down, across, down. An arm that leads to a join runs in its lane."""
        x1, y1 = self.at[key][0] + self.w / 2, self.at[key][1] + self.h
        x2, y2 = self.at[target][0] + self.w / 2, self.at[target][1]
        joining = len(self.parents[target]) > 1
        turn = y2 - 16 if joining and count == 1 else y1 + 14
        if count > 1:
            lane = x2 if lane is None else lane
            path = f"M{x1:g} {y1:g}V{turn - 8:g}" + _across(x1, lane, turn) + _down(lane, x2, y2 - 16, y2)
            return path, round(lane), round(turn + 16)
        return f"M{x1:g} {y1:g}" + _down(x1, x2, turn, y2), round(x2), round(y1 + 18)


def _across(x1: float, x2: float, y: float) -> str:
    """From (x1, y-8) round the corner to (x2, y+8)."""
    if abs(x1 - x2) < 1:
        return f"V{y + 8:g}"
    r = min(8.0, abs(x2 - x1) / 2)
    side = r if x2 > x1 else -r
    return f"V{y - r:g}Q{x1:g} {y:g} {x1 + side:g} {y:g}H{x2 - side:g}Q{x2:g} {y:g} {x2:g} {y + r:g}"


def _down(x1: float, x2: float, turn: float, y2: float) -> str:
    return (_across(x1, x2, turn) if abs(x1 - x2) >= 1 else "") + f"V{y2:g}"


def _order(ways: Ways, root: str) -> list[str]:
    """Depth first, each node before those it leads to."""
    out: list[str] = []
    seen: set[str] = set()

    def visit(key: str) -> None:
        if key in seen or key not in ways:
            return
        seen.add(key)
        for _arm, target in reversed(list(ways[key])):
            if target is not None:
                visit(target)
        out.append(key)

    visit(root)
    return out[::-1]
