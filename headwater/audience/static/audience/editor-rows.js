// The rows of the segment editor: each kind of condition as a line of native controls, and its way to JSON and back.
// A row is {type, negated, raw}; `raw` is the leaf's JSON itself, changed in place by its controls.
"use strict";
(() => {
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };

  const SPAN = /^(\d{1,6})([smhdw])$/;

  class Rows {
    constructor(palette, changed, redraw) {
      this.palette = palette;
      this.text = palette.text;
      this.changed = changed;
      this.redraw = redraw;
    }

    // ---- small controls ----
    select(label, options, value, set, again = false) {
      const node = make("select", { class: "inp sm", "aria-label": label });
      const known = options.some(([v]) => String(v) === String(value));
      for (const [v, words] of known || value === undefined || value === "" ? options : [...options, [value, value]])
        node.append(make("option", { value: v, selected: String(v) === String(value) }, String(words)));
      node.addEventListener("change", () => {
        set(node.value);
        again ? this.redraw(node) : this.changed();
      });
      return node;
    }

    input(label, value, set, attributes = {}) {
      const node = make("input", { class: "inp sm", type: "text", "aria-label": label, placeholder: label, ...attributes });
      node.value = value ?? "";
      node.addEventListener("input", () => {
        set(node.value);
        this.changed();
      });
      return node;
    }

    number(label, value, set, attributes = {}) {
      return this.input(label, value, (v) => set(v === "" ? null : Number(v)), { type: "number", step: "any", ...attributes });
    }

    span(value, set) {
      const [, n, unit] = SPAN.exec(value || "") || [null, "30", "d"];
      let number = n;
      let of = unit;
      if (!SPAN.test(value || "")) set(n + unit);
      const put = () => set(`${number || 0}${of}`);
      return [
        make("span", { class: "sg-span" },
          this.number(this.text.number, n, (v) => ((number = v), put()), { min: 0, step: 1 }),
          this.select(this.text.unit, [..."smhdw"].map((u) => [u, this.text[u]]), unit, (v) => ((of = v), put()))),
      ];
    }

    list(label, value, set) {
      const shown = Array.isArray(value) ? value.join(", ") : (value ?? "");
      const numeric = (v) => (Array.isArray(value) && value.length && value.every((x) => typeof x === "number") ? Number(v) : v);
      return this.input(label, shown, (v) => set(v.split(",").map((s) => s.trim()).filter(Boolean).map(numeric)), { class: "inp sm wide" });
    }

    data(name, values) {
      const id = `sg-list-${name}`;
      if (!document.getElementById(id)) {
        const list = make("datalist", { id });
        for (const value of values) list.append(make("option", { value }));
        document.querySelector("hw-segment-editor").append(list);
      }
      return id;
    }

    negation(row, yes, no) {
      return this.select(this.text.operator, [["", yes], ["1", no]], row.negated ? "1" : "", (v) => (row.negated = v === "1"));
    }

    // ---- kinds of rows ----
    field(row) {
      const { raw } = row;
      const fields = this.palette.fields;
      const known = fields.find((f) => f.name === raw.field);
      const type = known ? known.type : "custom";
      const ops = this.palette.ops[type];
      if (!ops.includes(raw.op)) raw.op = ops[0];
      const choose = make("select", { class: "inp sm", "aria-label": this.text.fieldLabel });
      for (const table of ["contact", "company"]) {
        const group = make("optgroup", { label: this.text[table] });
        for (const f of fields.filter((one) => one.name.startsWith(table + ".")))
          group.append(make("option", { value: f.name, selected: f.name === raw.field }, f.label));
        choose.append(group);
      }
      choose.append(make("option", { value: "contact.custom.", selected: !known }, this.text.custom));
      choose.addEventListener("change", () => {
        row.raw = { field: choose.value, op: "" };
        this.redraw(choose);
      });
      const out = [choose];
      if (!known)
        out.push(this.input(this.text.customName, (raw.field || "").replace(/^contact\.(custom\.)?/, ""), (v) => (raw.field = "contact.custom." + v.trim())));
      if (row.negated) out.push(this.negation(row, "", this.text.isNot));
      out.push(this.select(this.text.operator, ops.map((op) => [op, this.palette.labels[op]]), raw.op, (v) => {
        row.raw = { field: raw.field, op: v };
        if (!this.palette.bare.includes(v) && this.kind(v) === this.kind(raw.op) && raw.value !== undefined) row.raw.value = raw.value;
      }, true));
      return [...out, ...this.fieldValue(raw, type, known)];
    }

    kind(op) {
      if (this.palette.spans.includes(op)) return "span";
      if (this.palette.lists.includes(op)) return "list";
      return this.palette.bare.includes(op) ? "bare" : op === "between" ? "between" : "one";
    }

    fieldValue(raw, type, known) {
      const set = (v) => (raw.value = v);
      const label = this.text.value;
      const kind = this.kind(raw.op);
      if (kind === "bare") return [];
      if (raw.op === "held_for") {
        if (raw.equals === undefined) raw.equals = known?.choices ? known.choices[0][0] : "";
        const equals = (v) => (raw.equals = v);
        const value = known?.choices ? this.select(label, known.choices, raw.equals, equals) : this.input(label, raw.equals, equals);
        return [value, make("span", { class: "muted" }, this.text.for), ...this.span(raw.value, set)];
      }
      if (kind === "span") return this.span(raw.value, set);
      if (kind === "between") return this.between(raw.value, set);
      const options = type === "user" ? this.palette.users : known?.choices;
      if (kind === "list") {
        if (!options) return [this.list(this.text.values, raw.value, set)];
        return [this.many(options, raw.value, (v) => set(type === "user" ? v.map(Number) : v))];
      }
      if (options) {
        if (raw.value === undefined && options.length) raw.value = options[0][0];
        return [this.select(label, options, raw.value, (v) => set(type === "user" ? Number(v) : v))];
      }
      if (["gt", "gte", "lt", "lte"].includes(raw.op)) return [this.number(label, raw.value, set)];
      if (type === "date" || type === "datetime") return [this.input(label, (raw.value || "").slice(0, 10), set, { type: "date" })];
      if (Array.isArray(raw.value)) return [this.list(this.text.values, raw.value, set)];
      return [this.input(label, raw.value, set, { class: "inp sm wide" })];
    }

    many(options, value, set) {
      const chosen = new Set((Array.isArray(value) ? value : []).map(String));
      const menu = make("details", { class: "menu" });
      const words = () => options.filter(([v]) => chosen.has(String(v))).map(([, label]) => label).join(", ") || "…";
      const summary = make("summary", { class: "btn", "data-variant": "outline", "data-size": "sm" }, words());
      const list = make("div", { class: "menu-list" });
      for (const [v, label] of options) {
        const box = make("input", { type: "checkbox", class: "cb", checked: chosen.has(String(v)) });
        box.addEventListener("change", () => {
          box.checked ? chosen.add(String(v)) : chosen.delete(String(v));
          summary.textContent = words();
          set(options.map(([one]) => one).filter((one) => chosen.has(String(one))));
          this.changed();
        });
        list.append(make("label", { class: "item" }, box, String(label)));
      }
      menu.append(summary, list);
      return menu;
    }

    between(value, set) {
      const pair = Array.isArray(value) ? [...value] : [0, 1];
      if (!Array.isArray(value)) set(pair);
      const put = (n) => (v) => ((pair[n] = v), set([...pair]));
      return [this.number(this.text.number, pair[0], put(0)), make("span", { class: "muted" }, this.text.and), this.number(this.text.number, pair[1], put(1))];
    }

    tag(row) {
      return [this.negation(row, this.text.has, this.text.hasNot), make("span", { class: "muted" }, this.text.theTag),
        this.input(this.text.tag, row.raw.tag, (v) => (row.raw.tag = v), { list: this.data("tags", this.palette.tags) })];
    }

    segment(row) {
      const { raw } = row;
      if (!raw.segment && this.palette.segments.length) raw.segment = this.palette.segments[0][0];
      return [this.negation(row, this.text.is, this.text.isNot), make("span", { class: "muted" }, this.text.inSegment),
        this.select(this.text.segment, this.palette.segments, raw.segment, (v) => (raw.segment = v))];
    }

    consent(row) {
      const { raw } = row;
      const names = { granted: "granted", withdrawn: "withdrawn", pending: "pending", none: "notGiven" };
      return [make("span", { class: "muted" }, this.text.consentFor),
        this.select(this.text.consent, this.palette.channels.map((c) => [c, c]), raw.consent, (v) => (raw.consent = v)),
        this.negation(row, this.text.is, this.text.isNot),
        this.select(this.text.value, this.palette.states.map((s) => [s, this.text[names[s]]]), raw.state || "granted", (v) => (raw.state = v))];
    }

    random(row) {
      return [this.negation(row, this.text.is, this.text.isNot), make("span", { class: "muted" }, this.text.sample),
        this.number(this.text.number, row.raw.random, (v) => (row.raw.random = v), { min: 0.1, max: 100 }), make("span", { class: "muted" }, "%")];
    }

    score(row) {
      const { raw } = row;
      const out = row.negated ? [this.negation(row, this.text.is, this.text.isNot)] : [];
      out.push(make("span", { class: "muted" }, this.text.scoreOf));
      out.push(this.select(this.text.score, this.palette.models, raw.score, (v) => (raw.score = v)));
      const ops = ["gte", "gt", "lte", "lt", "eq", "between"].map((op) => [op, this.palette.labels[op]]);
      out.push(this.select(this.text.operator, [...ops, ["band", this.text.band]], raw.band ? "band" : raw.op || "gte", (v) => {
        row.raw = v === "band" ? { score: raw.score, band: "hot" } : { score: raw.score, op: v, value: v === "between" ? [20, 60] : 20 };
      }, true));
      if (raw.band) out.push(this.select(this.text.value, ["cold", "warm", "hot"].map((b) => [b, this.text[b]]), raw.band, (v) => (raw.band = v)));
      else if (raw.op === "between") out.push(...this.between(raw.value, (v) => (raw.value = v)));
      else out.push(this.number(this.text.points, raw.value, (v) => (raw.value = v)), make("span", { class: "muted" }, this.text.points));
      return out;
    }

    interest(row) {
      const { raw } = row;
      if (!raw.interest && this.palette.topics.length) raw.interest = this.palette.topics[0][0];
      const ops = ["gte", "gt", "lte", "lt"].map((op) => [op, this.palette.labels[op]]);
      return [this.negation(row, this.text.has, this.text.hasNot), make("span", { class: "muted" }, this.text.interestIn),
        this.select(this.text.interest, this.palette.topics, raw.interest, (v) => (raw.interest = v)),
        this.select(this.text.operator, ops, raw.op || "gte", (v) => (raw.op = v)),
        this.number(this.text.weight, raw.value ?? 1, (v) => (raw.value = v)), make("span", { class: "muted" }, this.text.weight),
        ...this.when(raw, false)];
    }

    event(row) {
      const { raw } = row;
      const kind = this.palette.kinds.find((k) => k.kind === raw.event);
      const labels = this.palette.kinds.map((k) => [k.kind, k.label]);
      const count = raw.count || { op: "gte", value: 1 };
      const counts = ["gte", "lte", "eq", "gt", "lt", "ne", "between"].map((op) => [op, this.palette.labels[op]]);
      const out = [this.negation(row, this.text.did, this.text.didNot),
        this.select(this.text.eventLabel, labels, raw.event, (v) => (raw.event = v), true),
        this.select(this.text.count, counts, count.op || "gte", (v) => (raw.count = { op: v, value: v === "between" ? [1, 3] : Array.isArray(count.value) ? 1 : count.value }), true)];
      if (count.op === "between") out.push(...this.between(count.value, (v) => (raw.count = { op: "between", value: v })));
      else out.push(this.number(this.text.number, count.value, (v) => (raw.count = { op: count.op || "gte", value: v }), { min: 0, step: 1 }));
      out.push(make("span", { class: "muted" }, this.text.times), ...this.when(raw, true));
      (raw.where || []).forEach((condition, n) => out.push(this.where(raw, condition, n, kind?.props || [])));
      const add = make("button", { type: "button", class: "btn", "data-variant": "ghost", "data-size": "sm" }, "+ " + this.text.property);
      add.addEventListener("click", () => {
        raw.where = [...(raw.where || []), { prop: kind?.props[0] || "path", op: "eq", value: "" }];
        this.redraw(add);
      });
      out.push(add);
      return out;
    }

    when(raw, edges) {
      const options = [["", this.text.anyTime], ["within", this.text.inLast]];
      if (edges) options.push(["last:within", this.text.lastWithin], ["last:older_than", this.text.lastOlder], ["first:within", this.text.firstWithin], ["first:older_than", this.text.firstOlder]);
      const edge = ["last", "first"].find((name) => raw[name] && ["within", "older_than"].includes(raw[name].op));
      const now = raw.within ? "within" : edge ? `${edge}:${raw[edge].op}` : "";
      const choose = this.select(this.text.when, options, now, (v) => {
        const kept = raw.within || raw.last?.value || raw.first?.value || "30d";
        delete raw.within;
        delete raw.first;
        delete raw.last;
        if (v === "within") raw.within = kept;
        else if (v) raw[v.split(":")[0]] = { op: v.split(":")[1], value: kept };
      }, true);
      if (!now) return [choose];
      const value = now === "within" ? raw.within : raw[edge].value;
      return [choose, ...this.span(value, (v) => (now === "within" ? (raw.within = v) : (raw[edge].value = v)))];
    }

    where(raw, condition, n, props) {
      const op = condition.op || "eq";
      const shape = this.palette.propOps[op];
      const box = make("div", { class: "sg-where" });
      box.append(this.input(this.text.property, condition.prop, (v) => (condition.prop = v), { list: this.data("props-" + raw.event.replace(/\W/g, "-"), props) }));
      box.append(this.select(this.text.operator, Object.keys(this.palette.propOps).map((o) => [o, this.palette.labels[o]]), op, (v) => {
        condition.op = v;
        const next = this.palette.propOps[v];
        if (next === "none") delete condition.value;
        else if (next === "list" && !Array.isArray(condition.value)) condition.value = condition.value ? [condition.value] : [];
        else if (next !== "list" && next !== "texts" && Array.isArray(condition.value)) condition.value = condition.value[0] ?? "";
        else if (condition.value === undefined) condition.value = "";
      }, true));
      const set = (v) => (condition.value = v);
      if (shape === "number") box.append(this.number(this.text.value, condition.value, set));
      else if (shape === "list" || Array.isArray(condition.value)) box.append(this.list(this.text.values, condition.value, set));
      else if (shape !== "none") box.append(this.input(this.text.value, condition.value, set, { class: "inp sm wide" }));
      const remove = make("button", { type: "button", class: "btn", "data-variant": "ghost", "data-size": "sm", "aria-label": this.text.remove }, "×");
      remove.addEventListener("click", () => {
        raw.where.splice(n, 1);
        if (!raw.where.length) delete raw.where;
        this.redraw();
      });
      box.append(remove);
      return box;
    }
  }

  window.hwSegmentRows = { Rows, make };
})();
