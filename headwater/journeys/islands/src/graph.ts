// Changes of a journey's graph. Each takes a graph and returns another: undo keeps the former one. None can make a
// journey that is not whole: what a change would leave without a way to it moves along or goes.
import type { Graph, Step, Target } from "./types";

export const TOP = "entry";

/** The place between two steps where another can go: the way out of a step. `from` TOP is the entry. */
export interface Slot {
  from: string;
  arm: string;
}

/** Steps on their way to another place. OUT stands for what follows them there. */
export interface Clip {
  root: string;
  steps: Record<string, Step>;
}
export const OUT = "@out";

export const ways = (step: Step | undefined): [string, Target][] =>
  !step ? [] : step.arms ? Object.entries(step.arms) : [["next", step.next ?? null]];

export const waysFrom = (g: Graph, from: string): [string, Target][] =>
  from === TOP ? [["next", g.start ?? null]] : ways(g.steps[from]);

export const targetOf = (g: Graph, slot: Slot): Target =>
  waysFrom(g, slot.from).find(([arm]) => arm === slot.arm)?.[1] ?? null;

export function lead(step: Step, arm: string, to: Target): Step {
  return step.arms ? { ...step, arms: { ...step.arms, [arm]: to } } : { ...step, next: to };
}

export function connect(g: Graph, slot: Slot, to: Target): Graph {
  if (slot.from === TOP) return { ...g, start: to };
  const step = g.steps[slot.from];
  return step ? { ...g, steps: { ...g.steps, [slot.from]: lead(step, slot.arm, to) } } : g;
}

/** Everything that can be reached from a step, itself included. */
export function reach(g: Graph, from: Target, without = ""): Set<string> {
  const seen = new Set<string>();
  const todo = [from];
  while (todo.length) {
    const key = todo.pop();
    if (!key || key === without || seen.has(key) || !g.steps[key]) continue;
    seen.add(key);
    for (const [, to] of ways(g.steps[key])) todo.push(to);
  }
  return seen;
}

/** The graph without steps that nothing leads to. */
export function prune(g: Graph): Graph {
  const kept = reach(g, g.start);
  if (kept.size === Object.keys(g.steps).length) return g;
  return { ...g, steps: Object.fromEntries(Object.entries(g.steps).filter(([key]) => kept.has(key))) };
}

/** Steps that only this one leads to, itself included. */
export function owned(g: Graph, id: string): Set<string> {
  const others = reach(g, g.start, id);
  return new Set([...reach(g, id)].filter((key) => !others.has(key)));
}

const redirect = (g: Graph, from: string, to: Target): Graph => ({
  ...g,
  start: g.start === from ? to : g.start,
  steps: Object.fromEntries(
    Object.entries(g.steps).map(([key, step]) => {
      let made = step;
      for (const [arm, target] of ways(step)) if (target === from) made = lead(made, arm, to);
      return [key, made];
    }),
  ),
});

export function slotsTo(g: Graph, id: Target): Slot[] {
  const found: Slot[] = g.start === id ? [{ from: TOP, arm: "next" }] : [];
  for (const [from, step] of Object.entries(g.steps))
    for (const [arm, to] of ways(step)) if (to === id) found.push({ from, arm });
  return found;
}

/** A step with what hangs on its arms alone, and where its people go on from there: `after`. A step with one way out is
 * alone; a branch takes the columns below it along, not what stands below their meeting point. */
export function block(g: Graph, id: string): { ids: Set<string>; after: Target } {
  const step = g.steps[id];
  const out = ways(step);
  if (out.length < 2) return { ids: new Set([id]), after: out[0]?.[1] ?? null };
  const mine = owned(g, id);
  const reached = out.map(([, to]) => reach(g, to));
  const shared = (key: string) => reached.filter((r) => r.has(key)).length > 1;
  const ids = new Set([...mine].filter((key) => key === id || !shared(key)));
  const outs = new Set<string>();
  for (const key of ids) for (const [, to] of ways(g.steps[key])) if (to && !ids.has(to)) outs.add(to);
  // the meeting point from which most of the rest is reached
  const after = [...outs].sort((a, b) => reach(g, b).size - reach(g, a).size)[0] ?? null;
  const below = reach(g, after);
  for (const key of mine) if (!below.has(key)) ids.add(key);
  return { ids, after };
}

export function freshId(g: Graph, base: string, taken: Iterable<string> = []): string {
  const used = new Set([...Object.keys(g.steps), TOP, ...taken]);
  const stem = base.replace(/[^a-z0-9_]/g, "").slice(0, 24) || "step";
  for (let n = 1; ; n++) if (!used.has(n === 1 ? stem : `${stem}_${n}`)) return n === 1 ? stem : `${stem}_${n}`;
}

/** Would a step without a way out leave others without a way to them? */
export function cutsOff(g: Graph, slot: Slot): number {
  const after = prune(connect(g, slot, null));
  return Object.keys(g.steps).length - Object.keys(after.steps).length;
}

export function insert(g: Graph, slot: Slot, id: string, step: Step): Graph {
  const before = targetOf(g, slot);
  const first = ways(step)[0];
  const made = first ? lead(step, first[0], before) : step;
  return prune(connect({ ...g, steps: { ...g.steps, [id]: made } }, slot, id));
}

/** Take a step away; the people before it go on to what follows on `keep`, or, without it, after the whole block. */
export function remove(g: Graph, id: string, keep: string | null): Graph {
  const to = keep === null ? block(g, id).after : targetOf(g, { from: id, arm: keep });
  const made = redirect(g, id, to === id ? null : to);
  const { [id]: _gone, ...steps } = made.steps;
  return prune({ ...made, steps });
}

export function removeBlock(g: Graph, id: string): Graph {
  const { after } = block(g, id);
  return prune(redirect(g, id, after));
}

export function clip(g: Graph, id: string): Clip {
  const { ids } = block(g, id);
  const steps: Record<string, Step> = {};
  for (const key of ids) {
    let step = structuredClone(g.steps[key]!);
    for (const [arm, to] of ways(step)) if (to === null || !ids.has(to)) step = lead(step, arm, to === null ? null : OUT);
    steps[key] = step;
  }
  // the only way out of a single step leads on
  if (ids.size === 1) for (const [arm] of ways(steps[id]).slice(0, 1)) steps[id] = lead(steps[id]!, arm, OUT);
  return { root: id, steps };
}

function renamed(node: any, names: Record<string, string>): any {
  if (Array.isArray(node)) return node.map((child) => renamed(child, names));
  if (!node || typeof node !== "object") return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      // a condition on a message names the step that sends it: {"sms": "code", "did": "replied"}
      typeof value === "string" ? (typeof node.did === "string" && key !== "did" && names[value]) || value : renamed(value, names),
    ]),
  );
}

/** Put copied steps into a slot, under new names where theirs are taken. Returns the graph and the id of the first. */
export function paste(g: Graph, slot: Slot, from: Clip): { graph: Graph; id: string } {
  const names: Record<string, string> = {};
  for (const [key, step] of Object.entries(from.steps))
    names[key] = g.steps[key] ? freshId(g, step.kind, Object.values(names)) : key;
  const before = targetOf(g, slot);
  const steps = { ...g.steps };
  let leadsOn = false;
  for (const [key, step] of Object.entries(from.steps)) {
    let made: Step = { ...step, settings: renamed(step.settings ?? {}, names) };
    for (const [arm, to] of ways(step)) {
      if (to === OUT) leadsOn = true;
      made = lead(made, arm, to === OUT ? before : to === null ? null : (names[to] ?? null));
    }
    steps[names[key]!] = made;
  }
  const id = names[from.root]!;
  let graph = connect({ ...g, steps }, slot, id);
  if (before && !leadsOn) {
    // nothing of it leads on: its first open end does, so that what follows is not lost
    const end = Object.values(names).flatMap((key) => ways(graph.steps[key]).map(([arm, to]) => ({ from: key, arm, to }))).find((w) => w.to === null);
    if (end) graph = connect(graph, end, before);
  }
  return { graph: prune(graph), id };
}

/** May steps go here? Not into themselves, and not where what follows would be cut off. */
export function canMove(g: Graph, id: string, slot: Slot): boolean {
  const { ids } = block(g, id);
  return !ids.has(slot.from) && targetOf(g, slot) !== id;
}

export function move(g: Graph, id: string, slot: Slot): { graph: Graph; id: string } {
  const held = clip(g, id);
  const { ids, after } = block(g, id);
  // the slot may lead to what follows the block: take it out first, then look where the slot leads
  const without = redirect(g, id, after);
  const rest: Graph = { ...without, steps: Object.fromEntries(Object.entries(without.steps).filter(([key]) => !ids.has(key))) };
  return paste(rest, slot, held);
}

/** Steps to which a way out may lead without going round in a circle. */
export function joinable(g: Graph, slot: Slot): string[] {
  const now = targetOf(g, slot);
  return Object.keys(g.steps).filter((key) => key !== now && key !== slot.from && !reach(g, key).has(slot.from));
}

/** Give a step exactly these ways out. What hung on one that is gone goes too. */
export function withArms(g: Graph, id: string, arms: string[]): Graph {
  const step = g.steps[id];
  if (!step) return g;
  const now = new Map(ways(step));
  const same = now.size === arms.length && arms.every((arm) => now.has(arm));
  const plain = arms.length === 1 && arms[0] === "next";
  if (same && (plain || step.arms)) return g;
  const { next: _next, arms: _arms, ...rest } = step;
  const orphan = [...now].find(([arm, to]) => to !== null && !arms.includes(arm))?.[1] ?? null;
  const value = (arm: string): Target => now.get(arm) ?? null;
  let made: Step;
  if (plain) made = { ...rest, next: now.has("next") ? value("next") : ([...now.values()][0] ?? null) };
  else {
    made = { ...rest, arms: Object.fromEntries(arms.map((arm) => [arm, value(arm)])) };
    // the one way out of a step becomes the first of several
    if (now.size === 1 && orphan && arms.length && !arms.some((arm) => now.has(arm))) made = lead(made, arms[0]!, orphan);
  }
  return prune({ ...g, steps: { ...g.steps, [id]: made } });
}

/** What publishing changes, by step. */
export function difference(before: Graph | null, after: Graph) {
  const was = before?.steps ?? {};
  const is = after.steps;
  const own = (s: Step) => JSON.stringify([s.kind, s.title ?? "", sorted(s.settings ?? {})]);
  const leads = (s: Step) => JSON.stringify(sorted(Object.fromEntries(ways(s))));
  const added = Object.keys(is).filter((k) => !was[k]);
  const removed = Object.keys(was).filter((k) => !is[k]);
  const changed = Object.keys(is).filter((k) => was[k] && own(was[k]!) !== own(is[k]!));
  const moved = Object.keys(is).filter((k) => was[k] && !changed.includes(k) && leads(was[k]!) !== leads(is[k]!));
  const rest = ["entry", "goal", "exits", "reentry"].filter(
    (k) => JSON.stringify(sorted(before?.[k] ?? null)) !== JSON.stringify(sorted(after[k] ?? null)),
  );
  return { added, removed, changed, moved, rest: before ? rest : [] };
}

function sorted(node: any): any {
  if (Array.isArray(node)) return node.map(sorted);
  if (!node || typeof node !== "object") return node;
  return Object.fromEntries(Object.keys(node).sort().map((key) => [key, sorted(node[key])]));
}
