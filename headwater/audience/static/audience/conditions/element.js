// <hw-conditions>: an editor of conditions (the JSON of a segment) that fits into any page, panel or form.
//
//   {% include "audience/conditions.html" %}  in {% block assets %}: the style sheet and the scripts
//   <hw-conditions name="definition" value='{"all": []}' aria-label="Who"></hw-conditions>
//
//   value      attribute or property: the JSON of a condition. `name` makes it a field of its form. A hidden input inside
//              says the same until the scripts are there: who saves at once saves what she saw.
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
  const { Tree, Parts, make } = space;
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

  class Conditions extends space.Drawing(space.Subjects(space.Hands(HTMLElement))) {
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
      if (this.view) return void (this.palette || this.start());
      this.setAttribute("role", this.getAttribute("role") || "group");
      this.view = make("div", { class: "hc" });
      this.voice = make("div", { class: "vh", role: "status" });
      this.replaceChildren(this.view, this.voice);
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
      this.internals.setFormValue(JSON.stringify(given));
      try {
        this.palette = this.own ?? (await fetched(this.getAttribute("palette") || BASE + "palette"));
      } catch (error) {
        // no answer, or one of a server that is just starting: it will be back
        const away = error instanceof TypeError || /^50[234]$/.test(error.message);
        const { textOffline, textError } = document.body.dataset;
        this.view.replaceChildren(make("p", { class: "hc-none", role: "alert" }, (away && textOffline) || textError || "…"));
        if (away && this.isConnected) this.timer = setTimeout(() => this.start(), 3000);
        return;
      }
      space.icons = this.palette.icons;
      this.combine();
      this.tree.load(this.given);
      this.tree.forget();
      this.draw();
      this.settle();
      this.dispatchEvent(new CustomEvent("hw:settled", { bubbles: true }));
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
  }
  customElements.define("hw-conditions", Conditions);
}
