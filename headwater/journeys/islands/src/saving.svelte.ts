// Saving without loss: soon after each change, again where there was no network, never over what somebody else wrote.
import * as ops from "./graph";
import { Reading } from "./reading.svelte";
import type { Choice, Draft, Json, Numbers } from "./types";

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

const SOON = 700;

export class Saving extends Reading {
  private timer = 0;
  private tries = 0;
  private running: Promise<void> | null = null;
  private again = false;
  protected closed = false;

  get dirty(): boolean {
    return this.graph !== this.server.graph || this.name !== this.server.name || this.description !== this.server.description;
  }

  protected take(state: Draft): void {
    this.server = state;
    this.graph = state.graph;
    this.name = state.name;
    this.description = state.description;
  }

  private get key(): string {
    return `hw.journey.${this.server.id}`;
  }

  protected later(ms = SOON): void {
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

  protected recover(): void {
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

  /** Choices of a source: what the page came with, then what the server finds. */
  async choices(source: string, q = "", of = ""): Promise<Choice[]> {
    if (!q && !of && this.offers[source]) return this.offers[source];
    const url = `${this.boot.urls.choices}${source}?q=${encodeURIComponent(q)}&of=${encodeURIComponent(of)}`;
    return (await this.get<Choice[]>(url)) ?? [];
  }

  /** Ask again what there is to choose from; what was chosen before keeps its name. */
  async freshen(source: string): Promise<void> {
    const found = await this.get<Choice[]>(`${this.boot.urls.choices}${source}?q=&of=`);
    if (found) this.offer({ ...this.offers, [source]: found });
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
