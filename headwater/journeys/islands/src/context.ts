import { getContext, setContext } from "svelte";
import type { Editor } from "./editor.svelte";

const KEY = Symbol("journey");
export const provide = (editor: Editor): Editor => setContext(KEY, editor);
export const useEditor = (): Editor => getContext(KEY);
