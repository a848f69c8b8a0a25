// Where the boxes stand. Arms of a branch are columns; a step to which several ways lead is owned by their nearest common
// dominator and stands, centred, below all of them (as rules/layout.py does for the small pictures). Ways back run beside.
import { TOP } from "./graph";
import type { Target } from "./types";

export const W = 232;
export const H = 76;
/** A box whose figures need a second line */
export const TALL = 96;
export const END_W = 84;
export const END_H = 24;
const GAP_X = 40;
const GAP_Y = 50;
const LABEL = 36;
const LANE = 96;
const TURN = 22;

export type Ways = Map<string, [string, Target][]>;
export interface Spot { x: number; y: number; w: number; h: number }
export interface Line {
  from: string;
  arm: string;
  to: string;
  path: string;
  /** where the plus sits */
  x: number;
  y: number;
  /** where the label sits: above the plus */
  several: boolean;
  back: boolean;
}
/** A step that goes on at another one of the journey: drawn beside the boxes, nothing hangs on it */
export interface Jump {
  from: string;
  to: string;
  path: string;
  tip: string;
}
export interface Plan {
  at: Map<string, Spot>;
  lines: Line[];
  jumps: Jump[];
  width: number;
  height: number;
  /** For the list: what stands below a step, in columns and then joined */
  parts: (key: string) => { arms: string[]; joins: string[] };
}

export const isEnd = (key: string) => key.startsWith("end:");
export const endOf = (from: string, arm: string) => `end:${from}:${arm}`;

/** Do these figures stand in one line of a box? Widths are those of the box's type, rounded up. */
export function fitsInLine(figures: [string, string, boolean][]): boolean {
  const width = (text: string) => [...text].reduce((sum, c) => sum + (c > "\u2e80" ? 11.5 : 6.3), 0);
  return figures.reduce((sum, [n, what]) => sum + width(n) + 3 + width(what), 0) + 12 * (figures.length - 1) <= W - 22;
}

interface Size { w: number; h: number; arms: number; armsHeight: number; gap: number }

export function layout(given: Ways, leaps: [string, string][] = [], tall: ReadonlySet<string> = new Set()): Plan {
  const ways: Ways = new Map();
  for (const [key, list] of given) {
    const out: [string, Target][] = list.map(([arm, to]) => [arm, to !== null && given.has(to) ? to : endOf(key, arm)]);
    ways.set(key, out);
    for (const [, to] of out) if (to && isEnd(to)) ways.set(to, []);
  }
  const back = new Set<string>();
  const order: string[] = [];
  const state = new Map<string, number>();
  const visit = (key: string) => {
    state.set(key, 1);
    for (const [arm, to] of [...ways.get(key)!].reverse()) {
      if (!to) continue;
      if (state.get(to) === 1) back.add(`${key}:${arm}`);
      else if (!state.has(to)) visit(to);
    }
    state.set(key, 2);
    order.unshift(key);
  };
  visit(TOP);
  const forward = (key: string) => ways.get(key)!.filter(([arm]) => !back.has(`${key}:${arm}`)) as [string, string][];
  const index = new Map(order.map((key, n) => [key, n]));
  const parents = new Map<string, string[]>();
  for (const key of order) for (const to of new Set(forward(key).map(([, t]) => t))) parents.set(to, [...(parents.get(to) ?? []), key]);
  // several arms of one step that lead to the same place meet there
  const several = (key: string) => {
    const from = parents.get(key) ?? [];
    return from.length > 1 || (from.length === 1 && forward(from[0]!).filter(([, t]) => t === key).length > 1);
  };
  const dominator = new Map<string, string>([[TOP, TOP]]);
  const meet = (a: string, b: string) => {
    while (a !== b) {
      while (index.get(a)! > index.get(b)!) a = dominator.get(a)!;
      while (index.get(b)! > index.get(a)!) b = dominator.get(b)!;
    }
    return a;
  };
  for (const key of order.slice(1)) dominator.set(key, (parents.get(key) ?? []).filter((p) => dominator.has(p)).reduce(meet));
  const kids = new Map<string, string[]>();
  for (const key of order.slice(1)) kids.set(dominator.get(key)!, [...(kids.get(dominator.get(key)!) ?? []), key]);

  const known = new Map<string, { arms: string[]; joins: string[] }>();
  const parts = (key: string) => {
    let found = known.get(key);
    if (!found) {
      const mine = kids.get(key) ?? [];
      const joins = mine.filter(several);
      found = { arms: forward(key).map(([, t]) => t).filter((t) => mine.includes(t) && !joins.includes(t)), joins };
      known.set(key, found);
    }
    return found;
  };
  // what stands side by side below a step: a child, or the bare line of an arm that leads to a join further down
  const columns = (key: string): { to: string; lane: string | null }[] => {
    const { arms } = parts(key);
    const out = ways.get(key)!;
    if (out.length < 2) return arms.map((to) => ({ to, lane: null }));
    return (out as [string, string][]).map(([arm, to]) => ({ to, lane: arms.includes(to) && !back.has(`${key}:${arm}`) ? null : arm }));
  };
  const own = (key: string) => (isEnd(key) ? { w: END_W, h: END_H } : { w: W, h: tall.has(key) ? TALL : H });
  const sizes = new Map<string, Size>();
  const measure = (key: string) => {
    const { arms, joins } = parts(key);
    for (const child of [...arms, ...joins]) measure(child);
    const size: Size = { ...own(key), arms: 0, armsHeight: 0, gap: GAP_Y + (ways.get(key)!.length > 1 ? LABEL : 0) };
    const widths = columns(key).map((c) => (c.lane === null ? Math.max(sizes.get(c.to)!.w, LANE + 40) : LANE));
    size.arms = widths.reduce((s, w) => s + w, 0) + GAP_X * Math.max(0, widths.length - 1);
    size.armsHeight = Math.max(0, ...arms.map((c) => sizes.get(c)!.h));
    size.w = Math.max(size.w, size.arms);
    if (arms.length) size.h += size.gap + size.armsHeight;
    for (const join of joins) {
      size.h += GAP_Y + (arms.length ? 0 : size.gap - GAP_Y) + sizes.get(join)!.h;
      size.w = Math.max(size.w, sizes.get(join)!.w);
    }
    sizes.set(key, size);
  };
  measure(TOP);

  const at = new Map<string, Spot>();
  const lanes = new Map<string, number>();
  const place = (key: string, centre: number, top: number) => {
    const { w, h } = own(key);
    at.set(key, { x: Math.round(centre - w / 2), y: Math.round(top), w, h });
    const { arms, joins } = parts(key);
    const size = sizes.get(key)!;
    let x = centre - size.arms / 2;
    let below = top + h;
    for (const { to, lane } of columns(key)) {
      const width = lane === null ? Math.max(sizes.get(to)!.w, LANE + 40) : LANE;
      if (lane === null) place(to, x + width / 2, top + h + size.gap);
      else lanes.set(`${key}:${lane}`, x + width / 2);
      x += width + GAP_X;
    }
    if (arms.length) below += size.gap + size.armsHeight;
    for (const join of joins) {
      const gap = GAP_Y + (arms.length ? 0 : size.gap - GAP_Y);
      place(join, centre, below + gap);
      below += gap + sizes.get(join)!.h;
    }
  };
  const whole = sizes.get(TOP)!;
  place(TOP, whole.w / 2, 0);

  const lines: Line[] = [];
  for (const key of order) {
    const out = ways.get(key)! as [string, string][];
    for (const [arm, to] of out) {
      const a = at.get(key)!;
      const b = at.get(to)!;
      const x1 = a.x + a.w / 2;
      const y1 = a.y + a.h;
      const x2 = b.x + b.w / 2;
      const y2 = b.y;
      const many = out.length > 1;
      const lane = lanes.get(`${key}:${arm}`);
      const made = { from: key, arm, to, several: many, back: back.has(`${key}:${arm}`) };
      if (made.back) {
        // back up, right of everything between the two
        const side = Math.max(x1, lane ?? x1, x2, ...[...at.values()].filter((s) => s.y + s.h > b.y && s.y < y1 + 40).map((s) => s.x + s.w)) + 28;
        const start = lane ?? x1;
        const head = many ? `M${x1} ${y1}${across(x1, start, y1 + TURN)}` : `M${x1} ${y1}`;
        const low = y1 + (many ? TURN + 56 : 34);
        lines.push({ ...made, path: `${head}${across(start, side, low)}V${y2 + 46}Q${side} ${y2 + 38} ${side - 8} ${y2 + 38}H${b.x + b.w + 3}`, x: start, y: y1 + (many ? TURN + 38 : 20) });
      } else if (many) {
        const x = lane ?? x2;
        const turn = y1 + TURN;
        lines.push({ ...made, path: `M${x1} ${y1}${across(x1, x, turn)}${across(x, x2, y2 - 16)}V${y2}`, x, y: turn + 40 });
      } else {
        const joining = several(to);
        lines.push({ ...made, path: `M${x1} ${y1}${across(x1, x2, joining ? y2 - 16 : (y1 + y2) / 2)}V${y2}`, x: x1, y: joining ? y1 + 20 : (y1 + y2) / 2 });
      }
    }
  }
  const jumps = leaps.filter(([from, to]) => at.has(from) && at.has(to)).map(([from, to], n) => leap(at, from, to, n));
  return { at, lines, jumps, width: Math.round(whole.w), height: Math.round(whole.h), parts };
}

/** Down, across and down again with round corners: from x1 to x2 at height y. */
function across(x1: number, x2: number, y: number): string {
  if (Math.abs(x1 - x2) < 1) return `V${y}`;
  const r = Math.min(10, Math.abs(x2 - x1) / 2);
  const side = x2 > x1 ? r : -r;
  return `V${y - r}Q${x1} ${y} ${x1 + side} ${y}H${x2 - side}Q${x2} ${y} ${x2} ${y + r}`;
}

/** From the right side of a box to the right side of another one, beside everything that stands between them; the n-th
    of several stands further out. */
function leap(at: Map<string, Spot>, from: string, to: string, n: number): Jump {
  const a = at.get(from)!;
  const b = at.get(to)!;
  const y1 = a.y + a.h / 2;
  const y2 = b.y + b.h / 2 + (from === to ? 0 : 12);
  const [top, low] = [Math.min(a.y, b.y), Math.max(a.y + a.h, b.y + b.h)];
  const side = Math.max(...[...at.values()].filter((s) => s.y < low && s.y + s.h > top).map((s) => s.x + s.w)) + 26 + 12 * n;
  const turn = y2 < y1 ? -8 : 8;
  const end = b.x + b.w + 3;
  const path = `M${a.x + a.w} ${y1}H${side - 8}Q${side} ${y1} ${side} ${y1 + turn}V${y2 - turn}Q${side} ${y2} ${side - 8} ${y2}H${end}`;
  return { from, to, path, tip: `M${end} ${y2}l7 -4.5v9z` };
}
