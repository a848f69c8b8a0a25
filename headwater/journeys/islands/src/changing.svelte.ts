// Changes of the journey, and the way back from them.
import * as ops from "./graph";
import { Saving } from "./saving.svelte";
import type { Past } from "./reading.svelte";
import type { Graph } from "./types";

export class Changing extends Saving {
  private lastWhat = "";
  private lastAt = 0;

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

  private restore(to: Past): void {
    this.graph = to.graph;
    this.name = to.name;
    this.description = to.description;
    this.lastWhat = "";
    const chosen = to.selected && (to.selected === ops.TOP || to.graph.steps[to.selected]) ? to.selected : null;
    this.selected = chosen;
    if (this.known(to.focused)) this.focused = to.focused;
    else if (!this.known(this.focused)) this.focused = chosen ?? ops.TOP;
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
}
