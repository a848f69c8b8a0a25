// What is being dragged: a kind from the shelf, or a step that is to move.
import type { Slot } from "./graph";
import type { Editor } from "./editor.svelte";

const KIND = "application/x-headwater-kind";
const STEP = "application/x-headwater-step";

export function startKind(event: DragEvent, editor: Editor, kind: string): void {
  event.dataTransfer?.setData(KIND, kind);
  if (event.dataTransfer) event.dataTransfer.effectAllowed = "copy";
  editor.dropping = { kind };
}

export function startStep(event: DragEvent, editor: Editor, id: string): void {
  event.dataTransfer?.setData(STEP, id);
  if (event.dataTransfer) event.dataTransfer.effectAllowed = "move";
  // the picture of what is dragged is taken first: only then the pluses light up
  setTimeout(() => (editor.dropping = { move: id }));
}

/** May what is dragged be dropped here? */
export function fits(editor: Editor, slot: Slot): boolean {
  const held = editor.dropping;
  if (!held) return false;
  if (held.move) return editor.canMove(held.move, slot);
  const kind = editor.kinds.get(held.kind ?? "");
  return Boolean(kind && editor.canAdd(kind, slot));
}

export function drop(event: DragEvent, editor: Editor, slot: Slot): void {
  event.preventDefault();
  const held = editor.dropping;
  const able = fits(editor, slot);
  editor.dropping = null;
  if (!able || !held) return;
  if (held.move) editor.move(held.move, slot);
  else if (held.kind) editor.add(held.kind, slot);
}
