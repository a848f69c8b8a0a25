"""Charts as SVG from the server: no script, no inline style. Classes take the theme (web/static/web/css/charts.css);
series number j has class `s{j % 8}`. Every chart is safe with no points, one point or only zeros, says in words what
it shows (role="img", aria-label) and names each value under the pointer (<title>).

Values are int, float or Decimal; `fmt` turns one into text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from html import escape

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

Number = int | float | Decimal
Series = tuple[str, Sequence[Number]]
Format = Callable[[float], str]

LEFT, RIGHT, TOP, BOTTOM = 44, 8, 10, 24
GRID = 4
COLOURS = 8


def whole(value: float) -> str:
    """1,234; halves are kept where the scale is that small."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def short(value: float) -> str:
    """1.2k, 34k, 5.6M: for axes of large sums."""
    value = float(value)  # a Decimal, too
    for limit, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.1f}".removesuffix(".0") + unit
    return whole(value)


def nice_top(value: float) -> float:
    """The top of an axis that is not below `value` and whose lines all stand at round numbers; 4 for nothing at all,
    so that the empty grid still reads 0 to 4."""
    if value <= 0:
        return float(GRID)
    each = value / GRID
    power = 10 ** math.floor(math.log10(each))
    steps = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if power >= 10 else (1, 2, 3, 4, 5, 6, 8, 10)
    step = next(step * power for step in steps if each <= step * power * (1 + 1e-9))
    return float(GRID * (step if value < 1 else max(step, 1)))


def line(
    series: Sequence[Series], labels: Sequence[str], *, width: int = 640, height: int = 220, fmt: Format = whole,
    title: str = "",
) -> SafeString:  # fmt: skip
    """Lines over a common axis; the first has its area filled. Each series has as many values as `labels`."""
    data = [(name, [float(value) for value in values]) for name, values in series]
    count = len(labels)
    top = nice_top(max((max(values) for _name, values in data if values), default=0.0))
    step = (width - LEFT - RIGHT) / max(count - 1, 1)

    def x(index: int) -> float:
        return LEFT + step * index if count > 1 else (LEFT + width - RIGHT) / 2

    def y(value: float) -> float:
        return TOP + (height - TOP - BOTTOM) * (1 - max(value, 0.0) / top)

    parts = [_grid(width, height, top, fmt), _axis([(x(i), labels[i]) for i in _ticks(count)], height)]
    for j, (_name, values) in enumerate(data):
        points = [(x(i), y(value)) for i, value in enumerate(values)]
        parts.append(_path(points, j, floor=height - BOTTOM if j == 0 else None))
    for i in range(count):
        dots = "".join(
            f'<circle class="s{j % COLOURS}" cx="{x(i):.1f}" cy="{y(values[i]):.1f}" r="3.5"/>'
            for j, (_name, values) in enumerate(data)
        )
        words = "\n".join(f"{name}: {fmt(values[i])}" for name, values in data)
        parts.append(
            f'<g class="hv"><rect x="{x(i) - step / 2:.1f}" y="{TOP}" width="{step:.1f}"'
            f' height="{height - TOP - BOTTOM}"/><path d="M{x(i):.1f} {TOP}V{height - BOTTOM}"/>{dots}'
            f"<title>{escape(str(labels[i]))}\n{escape(words)}</title></g>"
        )
    return _svg(parts, width, height, title or ", ".join(name for name, _values in data))


def bars(
    categories: Sequence[str], stacks: Sequence[Series], *, width: int = 640, height: int = 220, fmt: Format = whole,
    title: str = "",
) -> SafeString:  # fmt: skip
    """Upright bars, one for each category, stacked from `stacks`."""
    data = [(name, [max(float(value), 0.0) for value in values]) for name, values in stacks]
    sums = [sum(values[i] for _name, values in data) for i in range(len(categories))]
    top = nice_top(max(sums, default=0.0))
    slot = (width - LEFT - RIGHT) / max(len(categories), 1)
    thick = min(slot * 0.56, 48)
    scale = (height - TOP - BOTTOM) / top
    parts = [_grid(width, height, top, fmt)]
    ticks = set(_ticks(len(categories), most=14))
    for i, category in enumerate(categories):
        left = LEFT + slot * i + (slot - thick) / 2
        base = float(height - BOTTOM)
        last = max((j for j, (_name, values) in enumerate(data) if values[i] > 0), default=-1)
        for j, (name, values) in enumerate(data):
            tall = values[i] * scale
            if tall <= 0:
                continue
            words = f"<title>{escape(str(category))} · {escape(name)}: {fmt(values[i])}</title>"
            parts.append(_bar(left, base, thick, tall, j, rounded=j == last, title=words))
            base -= tall
        if i in ticks:
            parts.append(_axis([(left + thick / 2, category)], height))
    return _svg(parts, width, height, title or ", ".join(name for name, _values in data))


def funnel(
    steps: Sequence[tuple[str, Number]], *, width: int = 560, fmt: Format = whole, title: str = ""
) -> SafeString:
    """Steps from top to bottom, each as a share of the first; at the right the share of the step before."""
    row, label, room = 44, 120, 120
    most = max((float(value) for _name, value in steps), default=0.0)
    full = width - label - room
    parts = []
    for i, (name, value) in enumerate(steps):
        top, amount = i * row, float(value)
        long = full * amount / most if most else 0.0
        before = float(steps[i - 1][1]) if i else 0.0
        share = f"{amount / before:.0%}" if before else ""
        parts.append(
            f'<text class="lb" x="0" y="{top + 24}">{escape(str(name))}</text>'
            f'<rect class="tr" x="{label}" y="{top + 8}" width="{full}" height="24" rx="6"/>'
            f'<rect class="fl s0" x="{label}" y="{top + 8}" width="{max(long, 3):.1f}" height="24" rx="6"'
            f' opacity="{max(1 - 0.13 * i, 0.35):.2f}"><title>{escape(str(name))}: {fmt(amount)}</title></rect>'
            f'<text class="vl" x="{width - 52}" y="{top + 24}" text-anchor="end">{fmt(amount)}</text>'
            f'<text class="ax" x="{width}" y="{top + 24}" text-anchor="end">{share}</text>'
        )
    return _svg(parts, width, max(row * len(steps), row), title or _("Funnel"))


def donut(shares: Sequence[tuple[str, Number]], *, size: int = 150, fmt: Format = whole, title: str = "") -> SafeString:
    """A ring of shares with their sum in the middle."""
    radius, middle = 60, size / 2
    around = 2 * math.pi * radius
    total = sum(max(float(value), 0.0) for _name, value in shares)
    ring = f'cx="{middle:g}" cy="{middle:g}" r="{radius}"'
    parts = [f'<circle class="do empty" {ring}/>'] if not total else []
    turned = 0.0
    for j, (name, value) in enumerate(shares):
        part = max(float(value), 0.0) / total if total else 0.0
        if not part:
            continue
        dash = max(part * around - (2 if part < 1 else 0), 0.5)
        parts.append(
            f'<circle class="do s{j % COLOURS}" {ring} stroke-dasharray="{dash:.1f} {around:.1f}"'
            f' stroke-dashoffset="{-turned * around:.1f}" transform="rotate(-90 {middle:g} {middle:g})">'
            f"<title>{escape(str(name))}: {fmt(float(value))} ({part:.0%})</title></circle>"
        )
        turned += part
    text = f'<text class="big" x="{middle:g}" y="{middle + 7:g}" text-anchor="middle">{fmt(total)}</text>'
    return _svg([*parts, text], size, size, title or _("Shares"), css="ch dn")


def sparkline(values: Sequence[Number], *, width: int = 150, height: int = 44, title: str = "") -> SafeString:
    """A small line without axes, from its lowest to its highest value."""
    data = [float(value) for value in values]
    low, high = (min(data), max(data)) if data else (0.0, 0.0)
    span = (high - low) or 1.0
    step = width / max(len(data) - 1, 1)
    points = [(step * i, height - 4 - (height - 8) * ((value - low) / span)) for i, value in enumerate(data)]
    if len(points) == 1:
        points.append((float(width), points[0][1]))
    return _svg([_path(points, 0, floor=height)], width, height, title or _("Trend"), css="ch spark")


def _svg(parts: Sequence[str], width: int, height: int, title: str, css: str = "ch") -> SafeString:
    label = escape(str(title), quote=True)
    body = "".join(parts)
    return mark_safe(f'<svg class="{css}" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{body}</svg>')


def _path(points: Sequence[tuple[float, float]], series: int, floor: float | None) -> str:
    """A line through the points, a lone point as a dot; with `floor` the area below it too."""
    colour = f"s{series % COLOURS}"
    if not points:
        return ""
    if len(points) == 1:
        return f'<circle class="pt {colour}" cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3.5"/>'
    drawn = " ".join(f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))
    area = ""
    if floor is not None:
        area = (
            f'<path class="ar {colour}" d="{drawn} L{points[-1][0]:.1f} {floor:.1f} L{points[0][0]:.1f} {floor:.1f}Z"/>'
        )
    return f'{area}<path class="ln {colour}" d="{drawn}"/>'


def _bar(left: float, base: float, thick: float, tall: float, series: int, *, rounded: bool, title: str) -> str:
    turn = min(4.0, tall, thick / 2) if rounded else 0.0
    return (
        f'<path class="fl s{series % COLOURS}" d="M{left:.1f} {base:.1f}V{base - tall + turn:.1f}'
        f"q0 {-turn:g} {turn:g} {-turn:g}H{left + thick - turn:.1f}q{turn:g} 0 {turn:g} {turn:g}"
        f'V{base:.1f}Z">{title}</path>'
    )


def _grid(width: int, height: int, top: float, fmt: Format) -> str:
    lines = []
    for k in range(GRID + 1):
        y = TOP + (height - TOP - BOTTOM) * (1 - k / GRID)
        lines.append(
            f'<path class="gl" d="M{LEFT} {y:.1f}H{width - RIGHT}"/>'
            f'<text class="ax" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(fmt(top * k / GRID))}</text>'
        )
    return "".join(lines)


def _axis(labels: Sequence[tuple[float, str]], height: int) -> str:
    return "".join(
        f'<text class="ax" x="{x:.1f}" y="{height - 6}" text-anchor="middle">{escape(str(text))}</text>'
        for x, text in labels
    )


def _ticks(count: int, most: int = 6) -> range:
    """Which of `count` labels are written: at most about `most`, evenly."""
    return range(0, count, max(1, math.ceil(count / most)))
