// The journey in the editor: what is drawn, what is chosen, undo and redo, and saving without loss.
import * as ops from "./graph";
import { armsOf, freshStep, idFor, waysOf } from "./kinds";
import type { Boot, Choice, Draft, Edited, Graph, Json, Kind, Numbers, Problem, RuleKind, Step } from "./types";
import { fitsInLine, layout, type Plan, type Ways } from "./layout";

interface Page {
  csrf(): string;
  toast(options: { text: string; undo?: string; kind?: string }): void;
  go(url: string): void;
}
declare global {
  interface Window {
    hw: Page;
    htmx?: { process(element: Element): void };
  }
}

interface Past {
  graph: Graph;
  name: string;
  description: string;
  selected: string | null;
  what: string;
}

type Saving = "saved" | "waiting" | "saving" | "offline" | "conflict" | "refused";

const CLIP = "hw.journey.clip";
const SOON = 700;

export class Editor {
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
  saving = $state<Saving>("saved");
  refusal = $state("");
  conflict = $state.raw<Edited | null>(null);
  past = $state.raw<Past[]>([]);
  future = $state.raw<Past[]>([]);
  palette = $state.raw<{ slot: ops.Slot; box: DOMRect | null } | null>(null);
  dropping = $state.raw<{ kind?: string; move?: string } | null>(null);
  asking = $state.raw<{ id: string } | null>(null);
  cutting = $state<string | null>(null);
  clip = $state.raw<ops.Clip | null>(null);
  spoken = $state("");

  // what the picture and the panel can do, once they are there
  fit: () => void = () => {};
  reveal: (id: string) => void = () => {};
  zoom: (by: number) => void = () => {};
  enterPanel: () => void = () => {};
  backToPicture: () => void = () => {};

  private timer = 0;
  private tries = 0;
  private running: Promise<void> | null = null;
  private again = false;
  private lastWhat = "";
  private lastAt = 0;
  private closed = false;

  constructor(boot: Boot) {
    this.boot = boot;
    this.kinds = new Map(boot.palette.steps.map((k) => [k.id, k]));
    this.rules = new Map(boot.palette.rules.map((k) => [k.id, k]));
    this.numbers = boot.numbers;
    this.take(boot.draft);
    if (boot.opened && (boot.opened === ops.TOP || this.graph.steps[boot.opened])) this.selected = boot.opened;
    this.focused = this.selected ?? ops.TOP;
    this.clip = this.storedClip();
    this.recover();
  }

  t = (key: string, values: Record<string, string | number> = {}): string => {
    let text = this.boot.texts[key] ?? key;
    for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, String(value));
    return text;
  };

  // -- what is drawn ----------------------------------------------------------------------------------------------
  plan: Plan = $derived.by(() => {
    const all: Ways = new Map([[ops.TOP, [["next", this.graph.start ?? null]]]]);
    for (const [key, step] of Object.entries(this.graph.steps)) all.set(key, waysOf(this.kinds.get(step.kind), step));
    return layout(all, this.leaps(), new Set(this.tall.split(" ")));
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

  // -- changes ----------------------------------------------------------------------------------------------------
  /** Take a change over. what: changes of the same name in a row (typing) are undone as one. */
  change(graph: Graph, what: string, selected: string | null | undefined = undefined): void {
    if (graph === this.graph || this.boot.readonly) return;
    this.remember(what);
    this.graph = graph;
    if (selected !== undefined) this.choose(selected);
    else if (this.selected && this.selected !== ops.TOP && !graph.steps[this.selected]) this.choose(null);
    if (this.focused !== ops.TOP && !this.known(this.focused)) this.focused = this.selected ?? ops.TOP;
    this.later();
  }

  known(id: string): boolean {
    return id === ops.TOP || Boolean(this.graph.steps[id]) || this.plan.at.has(id);
  }

  rename(name: string, description: string): void {
    if (this.boot.readonly || (name === this.name && description === this.description)) return;
    this.remember("name");
    this.name = name;
    this.description = description;
    this.later();
  }

  private remember(what: string): void {
    const now = performance.now();
    const same = what !== "" && what === this.lastWhat && now - this.lastAt < 4000 && this.past.length > 0;
    if (!same) this.past = [...this.past.slice(-199), this.here(what)];
    this.lastWhat = what;
    this.lastAt = now;
    this.future = [];
  }

  private here(what: string): Past {
    return { graph: this.graph, name: this.name, description: this.description, selected: this.selected, what };
  }

  private restore(to: Past): void {
    this.graph = to.graph;
    this.name = to.name;
    this.description = to.description;
    this.lastWhat = "";
    const chosen = to.selected && (to.selected === ops.TOP || to.graph.steps[to.selected]) ? to.selected : null;
    this.selected = chosen;
    if (!this.known(this.focused)) this.focused = chosen ?? ops.TOP;
    this.later();
  }

  undo(): void {
    const to = this.past.at(-1);
    if (!to) return;
    this.past = this.past.slice(0, -1);
    this.future = [...this.future, this.here(to.what)];
    this.restore(to);
    this.say(this.t("undone"));
  }

  redo(): void {
    const to = this.future.at(-1);
    if (!to) return;
    this.future = this.future.slice(0, -1);
    this.past = [...this.past, this.here(to.what)];
    this.restore(to);
    this.say(this.t("redone"));
  }

  choose(id: string | null): void {
    this.selected = id;
    if (id) this.focused = id;
  }

  closePanel(): void {
    const back = this.selected ?? this.focused;
    this.choose(null);
    this.focused = back;
    this.backToPicture();
  }

  /** Choose a step and go to its settings. */
  goTo(id: string): void {
    this.choose(id);
    this.enterPanel();
  }

  say(text: string): void {
    this.spoken = "";
    setTimeout(() => (this.spoken = text), 30);
  }

  // -- verbs ------------------------------------------------------------------------------------------------------
  slotAfter(id: string): ops.Slot | null {
    const first = this.arms(id)[0];
    return first ? { from: id, arm: first[0] } : null;
  }

  add(kind: string, slot: ops.Slot): void {
    const found = this.kinds.get(kind);
    if (!found || !this.canAdd(found, slot)) return;
    const id = idFor(this.graph, found);
    const step = freshStep(found, { yes: this.t("yes") });
    this.change(ops.insert(this.graph, slot, id, step), "", id);
    this.say(this.t("added", { what: found.label }));
  }

  /** A step that ends the way may not cut off what follows. */
  canAdd(kind: Kind, slot: ops.Slot): boolean {
    return kind.arms.length > 0 || ops.cutsOff(this.graph, slot) === 0;
  }

  connect(slot: ops.Slot, to: string | null): void {
    const gone = Object.keys(this.graph.steps).length;
    const made = ops.prune(ops.connect(this.graph, slot, to));
    this.change(made, "", undefined);
    this.tellGone(gone - Object.keys(made.steps).length);
    this.focused = slot.from;
  }

  private tellGone(n: number): void {
    if (n > 0) window.hw.toast({ text: this.t("gone", { n }) });
  }

  /** Delete, or ask first which arm stays. */
  remove(id: string): void {
    if (!this.stepOf(id)) return;
    const out = waysOf(this.kindOf(id), this.stepOf(id)!);
    const targets = new Set(out.map(([, to]) => to));
    if (out.length > 1 && targets.size > 1) this.asking = { id };
    else this.removed(id, out[0]?.[0] ?? null);
  }

  removed(id: string, keep: string | null, whole = false): void {
    const before = this.parentOf(id);
    const what = this.title(id);
    this.asking = null;
    this.change(whole ? ops.removeBlock(this.graph, id) : ops.remove(this.graph, id, keep), "", null);
    this.focused = before;
    this.say(this.t("deleted", { what }));
  }

  parentOf(id: string): string {
    return this.plan.lines.find((line) => line.to === id && !line.back)?.from ?? ops.TOP;
  }

  copy(id: string, cut = false): void {
    if (!this.stepOf(id)) return;
    this.clip = ops.clip(this.graph, id);
    this.cutting = cut ? id : null;
    try {
      localStorage.setItem(CLIP, JSON.stringify(this.clip));
    } catch {
      // no storage: the clip lives in this page only
    }
    this.say(this.t(cut ? "cut" : "copied", { what: this.title(id) }));
  }

  private storedClip(): ops.Clip | null {
    try {
      const found = JSON.parse(localStorage.getItem(CLIP) ?? "null");
      return found?.steps?.[found.root] ? found : null;
    } catch {
      return null;
    }
  }

  paste(slot: ops.Slot): void {
    if (this.cutting && this.stepOf(this.cutting)) {
      const id = this.cutting;
      this.cutting = null;
      this.move(id, slot);
      return;
    }
    const from = (this.clip = this.storedClip() ?? this.clip);
    if (!from) return;
    if (Object.values(from.steps).some((s) => !this.kinds.has(s.kind))) return;
    const made = ops.paste(this.graph, slot, from);
    this.change(made.graph, "", made.id);
    this.say(this.t("pasted", { what: this.title(made.id) }));
  }

  duplicate(id: string): void {
    const slot = this.slotAfter(id);
    const held = ops.clip(this.graph, id);
    if (!slot) return;
    const { ids, after } = ops.block(this.graph, id);
    // below the whole block, where its people meet again
    const last = ids.size > 1 ? ops.slotsTo(this.graph, after).find((s) => ids.has(s.from)) : slot;
    const made = ops.paste(this.graph, last ?? slot, held);
    this.change(made.graph, "", made.id);
  }

  canMove = (id: string, slot: ops.Slot): boolean => Boolean(this.stepOf(id)) && ops.canMove(this.graph, id, slot);

  move(id: string, slot: ops.Slot): void {
    if (!this.canMove(id, slot)) return;
    const made = ops.move(this.graph, id, slot);
    this.change(made.graph, "", made.id);
    this.say(this.t("moved", { what: this.title(made.id) }));
  }

  /** Change a step's settings; its ways out follow. */
  set(id: string, settings: Record<string, Json>, what: string): void {
    const step = this.stepOf(id);
    if (!step) return;
    const made: Step = { ...step, settings };
    const arms = armsOf(this.kinds.get(step.kind), made).map(([arm]) => arm);
    const before = Object.keys(this.graph.steps).length;
    const graph = ops.withArms({ ...this.graph, steps: { ...this.graph.steps, [id]: made } }, id, arms);
    this.change(graph, `${id}.${what}`);
    this.tellGone(before - Object.keys(graph.steps).length);
  }

  retitle(id: string, title: string): void {
    const step = this.stepOf(id);
    if (step) this.change({ ...this.graph, steps: { ...this.graph.steps, [id]: { ...step, title } } }, `${id}.title`);
  }

  // -- saving -----------------------------------------------------------------------------------------------------
  get dirty(): boolean {
    return this.graph !== this.server.graph || this.name !== this.server.name || this.description !== this.server.description;
  }

  private take(state: Draft): void {
    this.server = state;
    this.graph = state.graph;
    this.name = state.name;
    this.description = state.description;
  }

  private get key(): string {
    return `hw.journey.${this.server.id}`;
  }

  private later(ms = SOON): void {
    if (this.saving === "conflict" || this.closed) return;
    if (!this.dirty) {
      this.saving = "saved";
      return;
    }
    if (this.saving !== "offline") this.saving = this.running ? "saving" : "waiting";
    this.keep();
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.save(), ms);
  }

  /** A copy in this browser until the server has it: a closed lid or a dead network loses nothing. */
  private keep(): void {
    try {
      localStorage.setItem(this.key, JSON.stringify({ revision: this.server.revision, graph: this.graph, name: this.name, description: this.description }));
    } catch {
      // no storage
    }
  }

  private forget(): void {
    try {
      localStorage.removeItem(this.key);
    } catch {
      // no storage
    }
  }

  private recover(): void {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key) ?? "null");
      if (!kept?.graph?.steps || this.boot.readonly) return;
      if (JSON.stringify(kept.graph) === JSON.stringify(this.graph)) return this.forget();
      this.past = [this.here("recovered")];
      this.graph = kept.graph;
      this.name = kept.name ?? this.name;
      this.description = kept.description ?? this.description;
      if (kept.revision === this.server.revision) this.later(0);
      else {
        this.saving = "conflict";
        this.conflict = this.numbers.edited;
      }
    } catch {
      // unreadable: what the server has counts
    }
  }

  save(leaving = false): Promise<void> {
    clearTimeout(this.timer);
    if (!this.dirty || this.saving === "conflict") return Promise.resolve();
    if (this.running && !leaving) {
      this.again = true;
      return this.running;
    }
    this.running = this.send(leaving).finally(() => {
      this.running = null;
      if (this.again && this.saving !== "offline") {
        this.again = false;
        void this.save();
      }
    });
    return this.running;
  }

  private async send(leaving: boolean): Promise<void> {
    const sent = { graph: this.graph, name: this.name, description: this.description };
    if (this.saving !== "offline") this.saving = "saving";
    let answer: Response;
    try {
      const body = JSON.stringify({ ...sent, revision: this.server.revision });
      answer = await this.fetch(this.boot.urls.draft!, { method: "PUT", body, keepalive: leaving && body.length < 60000 });
    } catch {
      return this.offline();
    }
    if (answer.status === 409) {
      this.conflict = await answer.json();
      this.saving = "conflict";
      return;
    }
    if (answer.status === 422) {
      this.refusal = (await answer.json()).reason;
      this.saving = "refused";
      return;
    }
    if (!answer.ok || answer.redirected) return this.offline();
    const state: Draft = await answer.json();
    this.tries = 0;
    this.refusal = "";
    // what was typed meanwhile stays: only what was sent is known to be saved
    this.server = { ...state, graph: sent.graph, name: sent.name, description: sent.description };
    if (this.dirty) this.later();
    else {
      this.saving = "saved";
      this.forget();
    }
  }

  private offline(): void {
    this.saving = "offline";
    const wait = Math.min(30000, 1000 * 2 ** this.tries++);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.save(), wait);
  }

  fetch(url: string, options: RequestInit = {}): Promise<Response> {
    return fetch(url, {
      ...options,
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": window.hw.csrf(), ...(options.headers ?? {}) },
    });
  }

  async post(url: string, body: Json = {}): Promise<{ ok: boolean; status: number; data: Json }> {
    try {
      const answer = await this.fetch(url, { method: "POST", body: JSON.stringify(body) });
      const data = await answer.json().catch(() => ({}));
      return { ok: answer.ok, status: answer.status, data };
    } catch {
      window.hw.toast({ text: this.t("offline_now"), kind: "error" });
      return { ok: false, status: 0, data: {} };
    }
  }

  async get<T>(url: string): Promise<T | null> {
    try {
      const answer = await this.fetch(url);
      return answer.ok ? ((await answer.json()) as T) : null;
    } catch {
      return null;
    }
  }

  /** Something happened in the journey: fetch the numbers, and the draft where somebody else changed it. */
  async refresh(): Promise<void> {
    if (this.running) await this.running;
    const numbers = await this.get<Numbers>(this.boot.urls.numbers!);
    if (!numbers || this.closed) return;
    this.numbers = numbers;
    if (this.running || numbers.edited.revision <= this.server.revision) return;
    if (this.dirty) {
      this.conflict = numbers.edited;
      this.saving = "conflict";
    } else await this.load(true);
  }

  /** It has been published: what is drawn is what people walk on. */
  published(): void {
    this.boot.live = this.graph;
    this.server = { ...this.server, changed: false };
    void this.refresh();
  }

  /** Take what the server has. */
  async load(told = false): Promise<void> {
    const state = await this.get<Draft>(this.boot.urls.draft!);
    if (!state || this.closed) return;
    this.take(state);
    this.past = [];
    this.future = [];
    this.forget();
    this.conflict = null;
    this.saving = "saved";
    if (this.selected && !this.known(this.selected)) this.selected = null;
    if (!this.known(this.focused)) this.focused = ops.TOP;
    if (told) window.hw.toast({ text: this.t("changed_by", { who: state.saved_by.name, time: this.time(state.saved_at) }) });
  }

  /** Somebody else was quicker: keep mine as a journey of its own. */
  async keepCopy(): Promise<void> {
    const { ok, data } = await this.post(this.boot.urls.create!, { graph: this.graph, name: this.t("copy_of", { name: this.name }), description: this.description });
    if (!ok) return;
    this.forget();
    this.closed = true;
    window.hw.go(this.boot.urls.page!.replace(/\d+\/$/, `${data.id}/`));
  }

  time = (at: string): string => new Date(at).toLocaleTimeString(this.boot.language, { hour: "2-digit", minute: "2-digit" });

  /** Choices of a source: what the page came with, then what the server finds. */
  async choices(source: string, q = "", of = ""): Promise<Choice[]> {
    if (!q && !of && this.boot.choices[source]) return this.boot.choices[source];
    const url = `${this.boot.urls.choices}${source}?q=${encodeURIComponent(q)}&of=${encodeURIComponent(of)}`;
    return (await this.get<Choice[]>(url)) ?? [];
  }

  retry(): void {
    this.tries = 0;
    void this.save();
  }

  close(): void {
    if (this.dirty && !this.closed) void this.save(true);
    this.closed = true;
    clearTimeout(this.timer);
  }
}
