// The journey as it stands in the editor: what is drawn, chosen and wrong, in words.
import * as ops from "./graph";
import { armsOf, waysOf } from "./kinds";
import { fitsInLine, layout, type Plan } from "./layout";
import type { Boot, Choice, Draft, Edited, Graph, Kind, Numbers, Problem, RuleKind, Step, Target } from "./types";

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;

export interface Past {
  graph: Graph;
  name: string;
  description: string;
  selected: string | null;
  focused: string;
  what: string;
}

export type SavingState = "saved" | "waiting" | "saving" | "offline" | "conflict" | "refused";

export class Reading {
  boot: Boot;
  kinds: Map<string, Kind>;
  rules: Map<string, RuleKind>;
  graph = $state.raw<Graph>({} as Graph);
  name = $state("");
  description = $state("");
  selected = $state<string | null>(null);
  focused = $state<string>(ops.TOP);
  server = $state.raw<Draft>({} as Draft);
  numbers = $state.raw<Numbers>({} as Numbers);
  saving = $state<SavingState>("saved");
  refusal = $state("");
  conflict = $state.raw<Edited | null>(null);
  past = $state.raw<Past[]>([]);
  future = $state.raw<Past[]>([]);
  palette = $state.raw<{ slot: ops.Slot; box: DOMRect | null } | null>(null);
  dropping = $state.raw<{ kind?: string; move?: string } | null>(null);
  asking = $state.raw<{ id: string } | null>(null);
  cutting = $state<string | null>(null);
  spoken = $state("");
  /** The first choices of each source, and the names of all that were seen ("templates:5") */
  offers = $state.raw<Record<string, Choice[]>>({});
  names = new Map<string, string>();

  // what the picture and the panel can do, once they are there
  fit: () => void = () => {};
  reveal: (id: string) => void = () => {};
  zoom: (by: number) => void = () => {};
  enterPanel: () => void = () => {};
  backToPicture: () => void = () => {};

  constructor(boot: Boot) {
    this.boot = boot;
    this.kinds = new Map(boot.palette.steps.map((k) => [k.id, k]));
    this.rules = new Map(boot.palette.rules.map((k) => [k.id, k]));
    this.numbers = boot.numbers;
    this.offer(boot.choices);
  }

  protected offer(choices: Record<string, Choice[]>): void {
    for (const [source, found] of Object.entries(choices)) for (const c of found) this.names.set(`${source}:${c.value}`, c.label);
    this.offers = choices;
  }

  t = (key: string, values: Record<string, string | number> = {}): string => {
    let text = this.boot.texts[key] ?? key;
    for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, String(value));
    return text;
  };

  /** Which step leads where, as one text: a letter typed into a setting does not place and draw all boxes again. */
  private shape: string = $derived.by(() => {
    const all: [string, [string, Target][]][] = [[ops.TOP, [["next", this.graph.start ?? null]]]];
    for (const [key, step] of Object.entries(this.graph.steps)) all.push([key, waysOf(this.kinds.get(step.kind), step)]);
    return JSON.stringify([all, this.leaps()]);
  });

  plan: Plan = $derived.by(() => {
    const [all, leaps] = JSON.parse(this.shape) as [[string, [string, Target][]][], [string, string][]];
    return layout(new Map(all), leaps, new Set(this.tall.split(" ")));
  });

  /** The figures below a step: [how many, of what, is that bad?]. */
  figures = (id: string): [string, string, boolean][] => {
    if (id === ops.TOP) return [[this.numbers.entered.toLocaleString(this.boot.language), this.t("entered"), false]];
    const count = this.numbers.counts[id];
    const found = (count?.stats ?? []).map(([n, what]): [string, string, boolean] => [n, what, false]);
    return count?.failed ? [...found, [count.failed.toLocaleString(this.boot.language), this.t("failed"), true]] : found;
  };

  /** Steps whose figures need two lines, as one text: what is drawn changes only when they do. */
  private tall: string = $derived(
    Object.keys(this.graph.steps)
      .filter((id) => !fitsInLine(this.figures(id)))
      .join(" "),
  );

  /** Steps that go on at another one: (from, to). */
  private leaps(): [string, string][] {
    const out: [string, string][] = [];
    for (const [key, step] of Object.entries(this.graph.steps))
      for (const field of this.kinds.get(step.kind)?.fields ?? [])
        if (field.type === "step" && this.graph.steps[step.settings?.[field.name]]) out.push([key, step.settings![field.name]]);
    return out;
  }

  kindOf = (id: string): Kind | undefined => this.kinds.get(this.graph.steps[id]?.kind ?? "");
  stepOf = (id: string): Step | undefined => this.graph.steps[id];

  arms = (id: string): [string, string][] => (id === ops.TOP ? [["next", ""]] : this.stepOf(id) ? armsOf(this.kindOf(id), this.stepOf(id)!) : []);

  armLabel = (slot: ops.Slot): string => {
    const found = this.arms(slot.from);
    return found.length > 1 ? (found.find(([arm]) => arm === slot.arm)?.[1] ?? slot.arm) || this.t("goes_on") : "";
  };

  armHue = (slot: ops.Slot): number => {
    const last = ["else", "timeout", "under", "no", "missed", "failed"];
    if (last.includes(slot.arm)) return 25;
    const at = this.arms(slot.from).findIndex(([arm]) => arm === slot.arm);
    return [150, 235, 300, 60, 190, 345][Math.max(0, at) % 6]!;
  };

  title = (id: string): string => {
    if (id === ops.TOP) return this.entries().join(` ${this.t("or")} `) || this.t("by_hand");
    const step = this.stepOf(id);
    if (!step) return id;
    return step.title || this.server.titles[id] || this.kindOf(id)?.label || step.kind;
  };

  /** Who enters, in words, as far as the server has seen the rules. */
  entries = (): string[] => (this.graph.entry ?? []).map((rule, n) => this.ruleWords(`entry.${n}`, rule));

  ruleWords = (place: string, rule: { kind: string } | null): string => {
    const [name, n] = place.split(".");
    const known = n === undefined ? this.server.graph[name!] : this.server.graph[name!]?.[Number(n)];
    return (known === rule ? this.server.rules[place] : undefined) ?? this.rules.get(rule?.kind ?? "")?.label ?? "";
  };

  problems: Problem[] = $derived.by(() => this.server.problems);
  problemsOf = (id: string): Problem[] =>
    this.server.problems.filter((p) =>
      id === ops.TOP ? /^(entry|exits|goal|reentry|name|start)(\.|$)/.test(p.where) : p.where === `steps.${id}` || p.where.startsWith(`steps.${id}.`),
    );

  known(id: string): boolean {
    return id === ops.TOP || Boolean(this.graph.steps[id]) || this.plan.at.has(id);
  }

  protected here(what: string): Past {
    return { graph: this.graph, name: this.name, description: this.description, selected: this.selected, focused: this.focused, what };
  }

  say(text: string): void {
    this.spoken = "";
    setTimeout(() => (this.spoken = text), 30);
  }

  /** The time of day and the whole moment, as the pages write them: in the reader's zone, of 24 hours. */
  time = (at: string): string => new Date(at).toLocaleTimeString(this.boot.language, { ...CLOCK, timeZone: this.boot.zone });
  moment = (at: string): string => {
    const english = this.boot.language === "en";
    const day = { day: "numeric", month: english ? "short" : "long", year: "numeric" } as const;
    return new Date(at).toLocaleString(english ? "en-GB" : this.boot.language, { ...day, ...CLOCK, timeZone: this.boot.zone });
  };
}
