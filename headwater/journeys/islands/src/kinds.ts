// What the kinds of step say about themselves, applied to the settings of one step.
import { freshId, lead, ways } from "./graph";
import type { Field, Graph, Json, Kind, Step, Target } from "./types";

export const empty = (value: Json): boolean =>
  value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length) ||
  (typeof value === "object" && !Array.isArray(value) && !Object.keys(value).length);

/** The ways out of a step, (id, label), in their order. */
export function armsOf(kind: Kind | undefined, step: Step): [string, string][] {
  const settings = step.settings ?? {};
  if (!kind) return ways(step).map(([arm]) => [arm, arm]);
  const out: [string, string][] = [];
  for (const way of kind.arms) {
    if (way.each) {
      for (const item of settings[way.each] ?? []) if (item?.id) out.push([item.id, String(item.label || item.id)]);
    } else if (!way.if || (!empty(settings[way.if]) && settings[way.if] !== false)) {
      const chosen = way.label_from ? settings[way.label_from] : "";
      out.push([way.id!, chosen ? String(chosen) : filled(way.label ?? "", settings)]);
    }
  }
  return out;
}

function filled(label: string, settings: Record<string, Json>): string {
  for (const [, name] of label.matchAll(/\{(\w+)\}/g)) {
    const value = settings[name!];
    if (empty(value)) return "";
    label = label.replace(`{${name}}`, typeof value === "number" ? value.toLocaleString(document.documentElement.lang || "en") : String(value));
  }
  return label;
}

/** (arm, target) in the order of the arms. */
export function waysOf(kind: Kind | undefined, step: Step): [string, Target][] {
  const order = armsOf(kind, step).map(([arm]) => arm);
  return [...ways(step)].sort(([a], [b]) => place(order, a) - place(order, b));
}
const place = (order: string[], arm: string) => (order.includes(arm) ? order.indexOf(arm) : 99);

/** A fresh step of a kind, with what can be known beforehand. */
export function freshStep(kind: Kind, words: { yes: string }): Step {
  const settings: Record<string, Json> = {};
  for (const f of kind.fields) {
    if (f.default !== null && f.default !== undefined) settings[f.name] = structuredClone(f.default);
    else if (f.type === "arms" && f.required) settings[f.name] = [{ id: "yes", label: words.yes }];
    else if (f.type === "variants" && f.required) settings[f.name] = [{ id: "a", label: "A", weight: 50 }, { id: "b", label: "B", weight: 50 }];
    else if (f.type === "duration" && f.required) settings[f.name] = { amount: 1, unit: "days" };
    else if (f.type === "choice" && f.required && f.choices?.length) settings[f.name] = f.choices[0]!.value;
  }
  if (kind.id === "wait" && empty(settings.for) && kind.fields.some((f) => f.name === "for" && !f.shown))
    settings.for = { amount: 1, unit: "days" };
  const bare: Step = { kind: kind.id, settings };
  const arms = armsOf(kind, bare).map(([arm]) => arm);
  if (arms.length === 1 && arms[0] === "next") return { ...bare, next: null };
  let made: Step = { ...bare, arms: {} };
  for (const arm of arms) made = lead(made, arm, null);
  return made;
}

export const idFor = (g: Graph, kind: Kind): string => freshId(g, kind.id);

/** Is a field to be shown with these settings? */
export function shown(f: Field, settings: Record<string, Json>): boolean {
  if (!f.shown) return true;
  return f.shown.values.includes(settings[f.shown.field] ?? null);
}
