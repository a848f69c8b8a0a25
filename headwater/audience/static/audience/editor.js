// <hw-segment-editor>: nested groups of conditions as a form. The tree in memory mirrors the JSON of a segment; the
// hidden input carries it, the preview beside it follows while typing.
"use strict";
if (!customElements.get("hw-segment-editor")) {
  const { Rows, make } = window.hwSegmentRows;
  const TYPES = ["field", "event", "tag", "score", "interest", "segment", "consent", "random"];
  const ICONS = { field: "user-round", event: "activity", tag: "tag", score: "gauge", interest: "lightbulb", segment: "funnel", consent: "shield-check", random: "dices" };

  // JSON -> tree: {mode, children} or {type, negated, raw}
  const read = (json) => {
    if (json && typeof json === "object") {
      for (const mode of ["all", "any"]) if (Array.isArray(json[mode])) return { mode, children: json[mode].map(read) };
      if (json.not) {
        const inner = read(json.not);
        if (inner.mode === "any") return { mode: "none", children: inner.children };
        if (inner.mode) return { mode: "none", children: [inner] };
        return inner.negated ? { mode: "none", children: [inner] } : { ...inner, negated: true };
      }
      const type = TYPES.find((name) => name in json);
      if (type) return { type, negated: false, raw: structuredClone(json) };
    }
    return { type: "json", negated: false, raw: json };
  };
  const write = (node, path) => {
    node.path = path;
    if (node.mode === "none") return { not: { any: node.children.map((c, n) => write(c, `${path}.not.any[${n}]`)) } };
    if (node.mode) return { [node.mode]: node.children.map((c, n) => write(c, `${path}.${node.mode}[${n}]`)) };
    if (node.negated) node.path = path + ".not";
    return node.negated ? { not: node.raw } : node.raw;
  };

  class SegmentEditor extends HTMLElement {
    connectedCallback() {
      this.palette = JSON.parse(document.getElementById(this.dataset.offer).textContent);
      this.text = this.palette.text;
      this.hidden_ = this.querySelector("input[type=hidden]");
      this.json = this.querySelector("[data-json]");
      this.view = this.querySelector("[data-tree]");
      this.rows = new Rows(this.palette, () => this.changed(), (from) => this.draw(from));
      this.load(JSON.parse(document.getElementById(this.dataset.definition).textContent));
      this.json.addEventListener("change", () => {
        try {
          this.load(JSON.parse(this.json.value));
          this.json.removeAttribute("aria-invalid");
        } catch {
          this.json.setAttribute("aria-invalid", "true");
          window.hw.toast({ text: this.text.notJson, kind: "error" });
        }
      });
    }

    disconnectedCallback() {
      clearTimeout(this.timer);
      this.asked = null;
    }

    load(json) {
      const tree = read(json);
      this.tree = tree.mode ? tree : { mode: "all", children: [tree] };
      this.draw();
    }

    changed() {
      const json = write(this.tree, "$");
      this.hidden_.value = JSON.stringify(json);
      if (document.activeElement !== this.json) this.json.value = JSON.stringify(json, null, 2);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.preview(), 300);
    }

    draw(from) {
      // focus stays at the same place of the form, as far as it still exists
      const controls = () => [...this.view.querySelectorAll("select, input, button, summary")];
      const at = from ? controls().indexOf(from) : -1;
      this.view.replaceChildren(this.group(this.tree, null));
      this.changed();
      if (at >= 0) controls()[at]?.focus();
    }

    icon(name) {
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("class", "i sm");
      svg.setAttribute("aria-hidden", "true");
      const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
      use.setAttribute("href", `${this.dataset.icons}#${name}`);
      svg.append(use);
      return svg;
    }

    button(label, icon, act, more = {}) {
      const node = make("button", { type: "button", class: "btn", "data-variant": "ghost", "data-size": more.text ? "sm" : "icon-sm", "aria-label": more.text ? undefined : label, ...more.attributes });
      node.append(this.icon(icon), ...(more.text ? [label] : []));
      node.addEventListener("click", () => act(node));
      return node;
    }

    group(node, parent) {
      const box = make("div", { class: "sg", role: "group", "aria-label": this.text.group_match });
      const head = make("div", { class: "sg-head" });
      head.append(this.rows.select(this.text.group_match, ["all", "any", "none"].map((m) => [m, this.text[m]]), node.mode, (v) => (node.mode = v), true));
      if (parent) head.append(make("span", { class: "sg-end" }, this.button(this.text.remove, "x", () => this.remove(parent, node))));
      const list = make("ul", { class: "sg-rows" });
      for (const child of node.children) list.append(make("li", {}, child.mode ? this.group(child, node) : this.row(child, node)));
      const none = node.children.length ? null : make("p", { class: "sg-none" }, node.mode === "any" ? this.text.emptyAny : this.text.empty);
      box.append(head, list, ...(none ? [none] : []), this.foot(node));
      return box;
    }

    foot(node) {
      const menu = make("details", { class: "menu" });
      const summary = make("summary", { class: "btn", "data-variant": "outline", "data-size": "sm" });
      summary.append(this.icon("plus"), this.text.add);
      const list = make("div", { class: "menu-list" });
      for (const type of TYPES) {
        if ((type === "segment" && !this.palette.segments.length) || (type === "interest" && !this.palette.topics.length)) continue;
        const item = make("button", { type: "button" });
        item.append(this.icon(ICONS[type]), this.text[type]);
        item.addEventListener("click", () => {
          const added = { type, negated: false, raw: this.fresh(type) };
          node.children.push(added);
          this.draw();
          added.element?.querySelector("select, input")?.focus();
        });
        list.append(item);
      }
      menu.append(summary, list);
      const group = this.button(this.text.group, "plus", () => {
        node.children.push({ mode: node.mode === "any" ? "all" : "any", children: [] });
        this.draw();
      }, { text: true });
      return make("div", { class: "sg-foot" }, menu, group);
    }

    fresh(type) {
      return {
        field: { field: "contact.country", op: "eq", value: "" },
        event: { event: this.palette.kinds.some((k) => k.kind === "page.viewed") ? "page.viewed" : this.palette.kinds[0]?.kind, count: { op: "gte", value: 1 }, within: "30d" },
        tag: { tag: this.palette.tags[0] || "" },
        score: { score: this.palette.models[0]?.[0] || "engagement", op: "gte", value: 60 },
        interest: { interest: this.palette.topics[0]?.[0] || "", op: "gte", value: 1 },
        segment: { segment: this.palette.segments[0]?.[0] || "" },
        consent: { consent: "email", state: "granted" },
        random: { random: 10 },
      }[type];
    }

    row(node, parent) {
      const box = make("div", { class: "sg-row" });
      node.element = box;
      box.append(this.icon(ICONS[node.type] || "code"));
      if (this.rows[node.type]) box.append(...this.rows[node.type](node));
      else box.append(make("code", { class: "truncate" }, JSON.stringify(node.raw)));
      box.append(make("span", { class: "sg-end" }, this.button(this.text.remove, "x", () => this.remove(parent, node))));
      return box;
    }

    remove(parent, node) {
      parent.children.splice(parent.children.indexOf(node), 1);
      this.draw();
    }

    leaves(node = this.tree) {
      return node.mode ? node.children.flatMap((child) => this.leaves(child)) : [node];
    }

    mark(problems) {
      for (const leaf of this.leaves()) {
        leaf.element?.classList.remove("bad");
        leaf.element?.querySelector(":scope > .err")?.remove();
        const found = problems.filter((p) => p.path === leaf.path || p.path.startsWith(leaf.path + ".") || p.path.startsWith(leaf.path + "["));
        if (!found.length || !leaf.element) continue;
        leaf.element.classList.add("bad");
        leaf.element.append(make("div", { class: "err" }, found.map((p) => `${p.path.slice(leaf.path.length + 1) || ""} ${p.message}`.trim()).join(" · ")));
      }
    }

    async preview() {
      const target = document.querySelector(this.dataset.preview);
      const asked = (this.asked = this.hidden_.value);
      let answer;
      try {
        const response = await window.hw.post(this.dataset.url, { definition: asked, key: this.dataset.key });
        answer = await response.json();
      } catch {
        if (this.asked === asked) target.textContent = this.text.failed;
        return;
      }
      if (this.asked !== asked) return;
      this.mark(answer.problems || []);
      if (answer.html !== undefined) target.innerHTML = answer.html;
      else {
        const others = answer.problems.filter((p) => !this.leaves().some((leaf) => p.path.startsWith(leaf.path)));
        target.replaceChildren(...others.map((p) => make("p", { class: "late small" }, `${p.path}: ${p.message}`)));
        if (!others.length) target.append(make("p", { class: "muted" }, "…"));
      }
    }
  }
  customElements.define("hw-segment-editor", SegmentEditor);
}
