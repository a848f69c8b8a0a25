// The keyboard on the picture: arrows walk, Enter opens, Delete deletes, + adds, Ctrl with C X V D Z as everywhere.
import { tick } from "svelte";
import type { Editor } from "./editor.svelte";
import { TOP, type Slot } from "./graph";
import { isEnd } from "./layout";

const slotKey = (slot: Slot) => `slot:${slot.from}:${slot.arm}`;

export function slotOf(editor: Editor, key: string): Slot | null {
  const line = editor.plan.lines.find((l) => slotKey(l) === key);
  return line ? { from: line.from, arm: line.arm } : null;
}

export async function focusOn(editor: Editor, root: HTMLElement, id: string): Promise<void> {
  editor.focused = id;
  await tick();
  editor.reveal(id);
  root.querySelector<HTMLElement>(`[data-focus="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
}

const down = (editor: Editor, id: string): string | null => {
  const slot = slotOf(editor, id);
  if (slot) {
    const to = editor.plan.lines.find((l) => slotKey(l) === id)!.to;
    return isEnd(to) ? null : to;
  }
  const out = editor.plan.lines.filter((l) => l.from === id);
  if (!out.length) return null;
  if (out.length > 1) return slotKey(out[0]!);
  return isEnd(out[0]!.to) ? slotKey(out[0]!) : out[0]!.to;
};

const up = (editor: Editor, id: string): string | null => {
  const slot = slotOf(editor, id);
  if (slot) return slot.from;
  const lines = editor.plan.lines.filter((l) => l.to === id && !l.back);
  if (!lines.length) return null;
  const spot = editor.plan.at.get(id)!;
  const near = lines.sort((a, b) => Math.abs(a.x - spot.x - spot.w / 2) - Math.abs(b.x - spot.x - spot.w / 2))[0]!;
  return near.several ? slotKey(near) : near.from;
};

/** The neighbour to the side: of an arm its sister; of a step the nearest box at about the same height. */
const side = (editor: Editor, id: string, way: 1 | -1): string | null => {
  const slot = slotOf(editor, id);
  if (slot) {
    const arms = editor.plan.lines.filter((l) => l.from === slot.from);
    const next = arms[arms.findIndex((l) => l.arm === slot.arm) + way];
    return next ? slotKey(next) : null;
  }
  const from = editor.plan.at.get(id);
  if (!from) return null;
  const found = [...editor.plan.at]
    .filter(([key, s]) => !isEnd(key) && key !== id && (s.x - from.x) * way > 40)
    .map(([key, s]) => ({ key, far: Math.abs(s.x - from.x) + 3 * Math.abs(s.y - from.y) }))
    .sort((a, b) => a.far - b.far)[0];
  return found?.key ?? null;
};

export function onKey(event: KeyboardEvent, editor: Editor, root: HTMLElement): void {
  if (event.isComposing || event.defaultPrevented) return;
  const id = editor.focused;
  const slot = slotOf(editor, id);
  const step = slot ? null : id;
  const main = event.ctrlKey || event.metaKey;
  const done = () => {
    event.preventDefault();
    event.stopPropagation();
  };
  const go = (to: string | null) => {
    done();
    if (to) void focusOn(editor, root, to);
  };
  const place = slot ?? (step ? editor.slotAfter(step) : null);
  const openAt = (at: Slot | null) => {
    done();
    if (!at || editor.boot.readonly) return;
    const button = root.querySelector(`[data-focus="${CSS.escape(slotKey(at))}"]`);
    editor.palette = { slot: at, box: button?.getBoundingClientRect() ?? null };
  };
  if (main && !event.altKey) {
    const key = event.key.toLowerCase();
    if (key === "c" && step && step !== TOP && !getSelection()?.toString()) return done(), editor.copy(step);
    if (key === "x" && step && step !== TOP) return done(), editor.copy(step, true);
    if (key === "v" && place) {
      done();
      editor.paste(place);
      return void focusOn(editor, root, editor.selected ?? editor.focused);
    }
    if (key === "d" && step && step !== TOP) {
      done();
      editor.duplicate(step);
      return void focusOn(editor, root, editor.selected ?? editor.focused);
    }
    return;
  }
  switch (event.key) {
    case "ArrowDown": return go(down(editor, id));
    case "ArrowUp": return go(up(editor, id));
    case "ArrowLeft": return go(side(editor, id, -1));
    case "ArrowRight": return go(side(editor, id, 1));
    case "Home": return go(TOP);
    case "Enter":
    case " ":
      if (slot) return openAt(slot);
      done();
      editor.choose(id);
      return void editor.enterPanel();
    case "+":
    case "=":
    case "a":
    case "Insert": return openAt(place);
    case "Delete":
    case "Backspace":
      done();
      if (step && step !== TOP && !editor.boot.readonly) {
        editor.remove(step);
        if (!editor.asking) void focusOn(editor, root, editor.focused);
      }
      return;
    case "0": return done(), editor.fit();
    case "-": return done(), editor.zoom(-1);
    case "Escape":
      if (editor.cutting) return done(), void (editor.cutting = null);
      if (editor.selected) return done(), editor.choose(null);
  }
}
