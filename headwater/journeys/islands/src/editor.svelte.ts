// The journey in the editor, with the verbs that people use: add, connect, delete, copy, move, set.
import { Changing } from "./changing.svelte";
import * as ops from "./graph";
import { armsOf, freshStep, idFor, waysOf } from "./kinds";
import type { Boot, Json, Kind, Step } from "./types";

const CLIP = "hw.journey.clip";

export class Editor extends Changing {
  clip = $state.raw<ops.Clip | null>(null);

  constructor(boot: Boot) {
    super(boot);
    this.take(boot.draft);
    if (boot.opened && (boot.opened === ops.TOP || this.graph.steps[boot.opened])) this.selected = boot.opened;
    this.focused = this.selected ?? ops.TOP;
    this.clip = this.storedClip();
    this.recover();
  }

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
}
