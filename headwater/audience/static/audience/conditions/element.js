// <hw-conditions>: an editor of conditions (the JSON of a segment) that fits into any page, panel or form.
//
//   {% include "audience/conditions.html" %}  in {% block assets %}: the style sheet and the scripts
//   <hw-conditions name="definition" value='{"all": []}' aria-label="Who"></hw-conditions>
//
//   value      attribute or property: the JSON of a condition. `name` makes it a field of its form.
//   palette    address of what it offers (default /api/v1/segments/palette), or as a property the object itself
//   suggest    address of values seen (default /api/v1/segments/suggest)
//   check      address that is asked what is wrong: POST {"definition": ..., "key": ...} answers {"problems": [{"path",
//              "message"}], "summary": ...}; default /api/v1/segments/check, "" asks nobody
//   key        of the segment being edited (a segment must not lead back to itself)
//   extra      attribute (JSON) or property: more leaves, and more keys of leaves that are there, as in the palette:
//              {"event": {"parts": [{"as": "choice", "key": "since", "label": "since", "options": [["entry", "she entered
//              the journey"], ["arrival", "she came to this step"]]}]},
//              "mail": {"label": "Mail of this journey", "icon": "mail", "also": "did", "fresh": {"mail": "", "did": "opened"},
//                       "parts": [{"as": "choice", "key": "did", "shown": true, "options": [["opened", "opened"]]},
//                                 {"as": "choice", "key": "mail", "shown": true, "options": [["welcome", "Welcome"]]}]}}
//   only       names of the leaves to offer, separated by spaces (all of them without it)
//   compact    attribute: for narrow places (it also adapts to its own width by itself)
//   problems   property: [{path, message}] shown at the very conditions; set by `check`, or by you
//   events     `change` after each change (detail.value), `checked` (detail: the answer of `check`)
//   methods    undo(), redo(), focus()
"use strict";
if (!customElements.get("hw-conditions")) {
  const space = window.hwConditions;
  const { Tree, Parts, START, make, icon, pick, composing } = space;
  const BASE = "/api/v1/segments/";
  const palettes = new Map();
  const fetched = (url) => {
    const kept = palettes.get(url);
    if (kept && Date.now() - kept.at < 30000) return kept.answer;
    const answer = fetch(url, { headers: { Accept: "application/json" } }).then((r) => (r.ok ? r.json() : Promise.reject(new Error(r.status))));
    palettes.set(url, { at: Date.now(), answer });
    answer.catch(() => palettes.delete(url));
    return answer;
  };
  const shapeOf = (name) => String(name || "").replace(/^(contact|company)\.custom\./, "$1.");

  class Conditions extends space.Subjects(space.Hands(HTMLElement)) {
    static formAssociated = true;

    constructor() {
      super();
      this.internals = this.attachInternals();
      this.parts = new Parts(this);
      this.tree = new Tree(() => (this.leaves || []).map((leaf) => leaf.type));
      this.answers = new Map();
      // controls inside tell of their own changes: only this element's are for others
      for (const name of ["change", "input"]) this.addEventListener(name, (e) => e.target !== this && e.stopImmediatePropagation());
      this.addEventListener("keydown", (event) => this.key(event));
      this.addEventListener("focusout", ({ relatedTarget: to }) => {
        if (!this.young || !to || to.closest(`[data-id="${this.young}"], .hc-pop`)) return;
        this.young = 0;
        this.showProblems();
      });
    }

    connectedCallback() {
      if (this.view) return;
      this.setAttribute("role", this.getAttribute("role") || "group");
      this.view = make("div", { class: "hc" });
      this.voice = make("div", { class: "vh", role: "status" });
      this.append(this.view, this.voice);
      this.drag();
      this.start();
    }

    disconnectedCallback() {
      clearTimeout(this.timer);
      space.closePop();
    }

    async start() {
      const given = this.given ?? JSON.parse(this.getAttribute("value") || "null") ?? { all: [] };
      this.given = given;
      try {
        this.palette = this.own ?? (await fetched(this.getAttribute("palette") || BASE + "palette"));
      } catch {
        this.view.replaceChildren(make("p", { class: "hc-none", role: "alert" }, document.body.dataset.textError || "…"));
        return;
      }
      space.icons = this.palette.icons;
      this.combine();
      this.tree.load(this.given);
      this.tree.forget();
      this.draw();
      this.settle();
    }

    /** The palette's leaves with what `extra` adds. */
    combine() {
      const extra = this.more ?? JSON.parse(this.getAttribute("extra") || "{}");
      const only = this.getAttribute("only")?.split(/\s+/);
      const said = new Map(this.palette.leaves.map((leaf) => [leaf.type, leaf]));
      for (const [type, more] of Object.entries(extra)) {
        const leaf = said.get(type) || { type, label: type, icon: "circle-dot", keys: [], fresh: { [type]: "" }, parts: [] };
        said.set(type, { ...leaf, ...more, parts: [...leaf.parts, ...(more.parts || [])] });
      }
      this.leaves = [...said.values()];
      this.offered = only ? this.leaves.filter((leaf) => only.includes(leaf.type)) : this.leaves;
    }

    // ---- for the page ----
    get value() {
      return this.palette ? structuredClone(this.tree.json()) : this.given;
    }

    set value(json) {
      this.given = json;
      if (!this.leaves) return;
      this.tree.load(json);
      this.tree.note();
      this.draw();
      this.settle();
    }

    set extra(more) {
      this.more = more;
      if (!this.palette) return;
      const now = this.tree.json();
      this.combine();
      this.tree.load(now);
      this.draw();
    }

    set problems(found) {
      this.found = found || [];
      this.showProblems();
    }

    get problems() {
      return this.found || [];
    }

    focus() {
      (this.view.querySelector(".hc-row :is(input, select, button)") || this.view.querySelector("button"))?.focus();
    }

    undo() {
      if (this.tree.back()) this.restored();
    }

    redo() {
      if (this.tree.back("future", "past")) this.restored();
    }

    restored() {
      this.redraw(document.activeElement);
      this.say(this.palette.text.undone);
    }

    // ---- for the parts ----
    /** [[value, words, of?]]; of: only where the condition is about that (the bands of its score). */
    options(part, node) {
      const all = Array.isArray(part.options) ? part.options : this.palette.options[part.options] || [];
      return node ? all.filter((one) => one.length < 3 || one[2] === node.raw[node.type]) : all;
    }

    leaf(type) {
      return this.leaves.find((one) => one.type === type);
    }

    part(node, key) {
      return this.leaf(node.type)?.parts.find((one) => one.key === key);
    }

    field(name) {
      return this.palette.fields.find((f) => shapeOf(f.name) === shapeOf(name));
    }

    kind(name) {
      return this.palette.kinds.find((k) => k.kind === name) || (name ? { kind: name, label: name, props: [] } : null);
    }

    async ask(of, text) {
      const url = `${this.getAttribute("suggest") || BASE + "suggest"}?${new URLSearchParams({ of, q: text })}`;
      if (!this.answers.has(url)) {
        const answer = fetch(url).then((r) => (r.ok ? r.json() : [])).catch(() => []);
        this.answers.set(url, answer);
        setTimeout(() => this.answers.delete(url), 30000);
      }
      return this.answers.get(url);
    }

    say(text) {
      this.voice.textContent = "";
      setTimeout(() => (this.voice.textContent = text), 50);
    }

    /** After each change: the JSON, the step for undo, the event, the check. */
    changed(by = "") {
      if (!this.tree.note(by)) return;
      this.settle();
      this.dispatchEvent(new CustomEvent("change", { bubbles: true, detail: { value: this.value } }));
      this.tools();
    }

    settle() {
      this.internals.setFormValue(JSON.stringify(this.tree.json()));
      clearTimeout(this.timer);
      if (this.getAttribute("check") !== "") this.timer = setTimeout(() => this.check(), 250);
    }

    async check() {
      const asked = (this.asked = JSON.stringify(this.tree.json()));
      const headers = { "Content-Type": "application/json", "X-CSRFToken": window.hw?.csrf() || "" };
      const body = JSON.stringify({ definition: JSON.parse(asked), key: this.getAttribute("key") || "" });
      try {
        const response = await fetch(this.getAttribute("check") || BASE + "check", { method: "POST", headers, body });
        const answer = await response.json();
        if (this.asked !== asked) return;
        this.problems = answer.problems;
        this.dispatchEvent(new CustomEvent("checked", { bubbles: true, detail: answer }));
      } catch {
        // offline: the save will say what is wrong
      }
    }

    redraw(from, key = from?.dataset?.at) {
      this.changed();
      this.draw();
      if (key) this.focusAt(key);
    }

    focusAt(key) {
      const found = this.view.querySelector(`[data-at="${CSS.escape(key)}"]`);
      const row = this.view.querySelector(`[data-id="${key.split(":")[0]}"]`);
      (found || row?.querySelector("input, select, button") || this.view.querySelector("[data-add]"))?.focus();
    }

    // ---- drawing ----
    draw() {
      space.closePop();
      this.view.replaceChildren(this.group(this.tree.root, null));
      this.showProblems();
      this.tools();
    }

    button(label, name, act, more = {}) {
      const node = make("button", { type: "button", class: "btn", "data-variant": "ghost", "data-size": more.words ? "sm" : "icon-sm", "aria-label": more.label || (more.words ? undefined : label), title: more.words ? undefined : label, ...more.attributes });
      node.append(icon(name), ...(more.words ? [label] : []));
      node.addEventListener("click", () => act(node));
      return node;
    }

    group(node, parent) {
      const { text } = this.palette;
      const box = make("div", { class: "hc-group", role: "group", "aria-label": text.group, "data-id": node.id, "data-mode": node.mode });
      const modes = ["all", "any", "none"].map((mode) => [mode, text[mode]]);
      const head = make("div", { class: "hc-head" }, parent ? this.handle(node, "list-tree") : null,
        this.parts.select({ node, key: "mode" }, text.match, modes, node.mode, (v) => (node.mode = v), true), make("span", { class: "hc-end" }));
      const end = head.lastChild;
      if (parent) end.append(this.menuButton(node));
      else {
        this.undoButton = this.button(text.undo, "undo-2", () => this.undo(), { attributes: { "aria-keyshortcuts": "Control+Z" } });
        this.redoButton = this.button(text.redo, "redo-2", () => this.redo(), { attributes: { "aria-keyshortcuts": "Control+Shift+Z" } });
        end.append(this.undoButton, this.redoButton);
      }
      const word = { all: text.and, any: text.or, none: text.nor }[node.mode];
      const list = make("ul", { class: "hc-rows" });
      node.children.forEach((child, n) => {
        list.append(make("li", { class: "hc-item" }, make("span", { class: "hc-word", "aria-hidden": n ? undefined : "true" }, n ? word : ""), child.mode ? this.group(child, node) : this.row(child)));
      });
      const none = node.children.length ? null : make("p", { class: "hc-none" }, node.mode === "any" ? text.emptyAny : text.empty);
      const add = this.button(text.add, "plus", (at) => this.addAt(at, node), { words: true, label: text.addFull, attributes: { "data-variant": "outline", "data-add": node.id, "data-at": `${node.id}:add`, "aria-haspopup": "listbox" } });
      const group = this.button(text.group, "list-tree", () => {
        const made = this.tree.addGroup(node);
        this.redraw(null, `${made.id}:add`);
      }, { words: true, label: text.addGroup });
      box.append(head, list, ...(none ? [none] : []), make("div", { class: "hc-foot" }, add, group));
      return box;
    }

    handle(node, name, hue) {
      return make("span", { class: "hc-handle", draggable: "true", "data-drag": node.id, title: this.palette.text.drag }, icon(name, hue));
    }

    row(node) {
      const leaf = this.leaf(node.type);
      const kind = node.type === "event" ? this.kind(node.raw.event) : null;
      const box = make("div", { class: "hc-row", "data-id": node.id, role: "group", "aria-label": `${this.palette.text.add}: ${leaf?.label || "JSON"}` });
      const line = make("div", { class: "hc-main" });
      const blocks = [];
      if (!leaf) line.append(make("code", { class: "truncate grow" }, JSON.stringify(node.raw)));
      else this.fill(node, leaf, line, blocks);
      box.append(this.handle(node, kind?.icon || leaf?.icon || "code", kind?.hue), line, make("span", { class: "hc-end" }, this.menuButton(node)), ...blocks);
      return box;
    }

    fill(node, leaf, line, blocks) {
      const { text } = this.palette;
      if (leaf.negation) {
        line.append(this.parts.select({ node, key: "not" }, text.operator, [["", leaf.negation[0]], ["1", leaf.negation[1]]], node.negated ? "1" : "", (v) => (node.negated = v === "1")));
      } else if (node.negated) {
        const drop = make("button", { type: "button", class: "chip hc-not", "data-h": "25", "data-at": `${node.id}:not`, "aria-label": `${text.not}: ${text.remove}`, onclick: () => ((node.negated = false), this.redraw(null, `${node.id}:subject`)) }, text.not, icon("x"));
        line.append(drop);
      }
      const spare = [];
      for (const part of leaf.parts) {
        const here = part.key in node.raw;
        if (part.as === "where" || part.as === "records") {
          blocks.push(...this.parts.render(node, part));
          spare.push(part);
        } else if (!part.key || part.shown) line.append(...this.parts.render(node, part));
        else if (here && part.instead) line.append(...this.parts.render(node, part));
        else if (here) {
          const words = part.label ? [make("span", { class: "muted" }, part.label)] : [];
          line.append(make("span", { class: "hc-detail" }, ...words, ...this.parts.render(node, part), this.parts.drop(part.label, () => delete node.raw[part.key], node)));
        } else if (!part.instead) spare.push(part);
      }
      if (spare.length) line.append(this.detailButton(node, spare));
    }

    detailButton(node, spare) {
      const { text } = this.palette;
      const button = this.button(text.detail, "plus", (at) => pick(at, {
        label: text.detail, search: false,
        items: () => spare.map((part) => ({ label: part.as === "records" ? text.property : part.label, part })),
        onpick: ({ part }) => {
          const start = structuredClone(part.start ?? START[part.as]?.(part, this, this.leaf(node.type)) ?? null);
          for (const other of part.not || []) delete node.raw[other];
          const many = part.as === "where" || part.as === "records";
          node.raw[part.key] = many ? [...(node.raw[part.key] || []), ...start] : start;
          const last = many ? `${part.key}.${node.raw[part.key].length - 1}` : "";
          const at = { where: `${last}.prop`, records: `${last}.field`, measure: part.key + ".prop", span: part.key + ".n", pair: part.key + ".0", moment: part.key + ".op", compare: part.key + ".op" };
          this.redraw(null, `${node.id}:${at[part.as] || part.key}`);
        },
      }), { words: true, attributes: { class: "btn hc-add", "data-at": `${node.id}:detail`, "aria-haspopup": "listbox" } });
      return button;
    }

    menuButton(node) {
      const { text } = this.palette;
      return this.button(text.more, "ellipsis", (at) => {
        const { parent, at: place } = this.tree.find(node.id);
        const edge = parent === this.tree.root;
        const item = (name, iconName, keys, act, more = {}) => ({ label: text[name], icon: iconName, keys, act, ...more });
        pick(at, {
          label: text.more, search: false,
          items: () => [
            item("duplicate", "copy-plus", "Ctrl D", () => this.act("duplicate", node)),
            node.mode ? item("unwrap", "list-collapse", "", () => this.act("unwrap", node)) : item("negate", "contrast", "", () => this.act("negate", node)),
            item("wrap", "list-tree", "Alt G", () => this.act("wrap", node)),
            item("up", "arrow-up", "Alt ↑", () => this.act("move", node, -1), { disabled: edge && place === 0 }),
            item("down", "arrow-down", "Alt ↓", () => this.act("move", node, 1), { disabled: edge && place === parent.children.length - 1 }),
            item("remove", "trash-2", "Alt ⌫", () => this.act("remove", node), { danger: true }),
          ],
          onpick: ({ act }) => act(),
        });
      }, { attributes: { "data-at": `${node.id}:menu`, "aria-haspopup": "listbox" } });
    }

    /** A move of the tree, with the focus where people expect it. */
    act(verb, node, ...rest) {
      const focused = document.activeElement?.dataset?.at;
      const target = this.tree[verb](node.id, ...rest);
      if (!target) return;
      const { text } = this.palette;
      const own = focused?.startsWith(`${node.id}:`) ? focused : `${target.id}:menu`;
      const key = verb === "remove" ? (target === this.tree.root || target.mode ? `${target.id}:add` : `${target.id}:menu`) : verb === "move" || verb === "wrap" ? own : `${target.id}:menu`;
      this.redraw(null, key);
      if (verb === "remove") this.say(text.removed);
      if (verb === "move") this.say(text.moved);
    }

    tools() {
      if (!this.undoButton) return;
      this.undoButton.disabled = !this.tree.past.length;
      this.redoButton.disabled = !this.tree.future.length;
    }
  }
  customElements.define("hw-conditions", Conditions);
}
