// The parts of a condition, one method for each sort that the palette names (compiler/palette.py), made of the controls in
// controls.js. A part reads and writes the leaf's JSON itself. What it cannot know of (a key with a shape of its own) is JSON.
"use strict";
(() => {
  const space = window.hwConditions;
  const { make, icon, suggest, START, ORDER, day } = space;

  class Parts extends space.Controls {
    // (node, part) -> elements
    render(node, part) {
      const draw = this[`as_${part.as}`];
      return draw ? draw.call(this, node, part) : this.as_json(node, part);
    }

    as_word(node, part) {
      return [make("span", { class: "muted" }, part.text)];
    }

    as_choice(node, part) {
      const options = this.host.options(part, node);
      const value = node.raw[part.key] ?? part.default;
      if ((value === undefined || value === "") && options.length && part.key === node.type) node.raw[part.key] = options[0][0];
      // the subject has changed since: what belongs to another one is none of its own
      if (options.at(-1)?.length > 2 && !options.some(([v]) => v === value)) node.raw[part.key] = options.at(-1)[0];
      return [this.chooser({ node, key: part.key }, part.label, options, node.raw[part.key] ?? value, (v) => (node.raw[part.key] = v), part.key === node.type)];
    }

    as_text(node, part) {
      const set = (v) => (node.raw[part.key] = v);
      const options = part.options ? this.host.options(part) : null;
      return [this.words({ node, key: part.key }, part.label, node.raw[part.key], set, { of: part.suggest, options })];
    }

    as_number(node, part) {
      const attributes = { min: part.min, max: part.max, ...(part.whole ? { step: 1, inputmode: "numeric" } : {}) };
      return [this.number({ node, key: part.key }, part.label, node.raw[part.key], (v) => (node.raw[part.key] = v), attributes), ...this.unit(part)];
    }

    unit(part) {
      return part.unit ? [make("span", { class: "muted" }, part.unit)] : [];
    }

    as_span(node, part) {
      return [this.span({ node, key: part.key }, node.raw[part.key], (v) => (node.raw[part.key] = v))];
    }

    as_bool(node, part) {
      return [this.select({ node, key: part.key }, part.label, [[true, this.text.yes], [false, this.text.no]], node.raw[part.key], (v) => (node.raw[part.key] = v))];
    }

    as_list(node, part) {
      return [this.tokens({ node, key: part.key }, part.label, node.raw[part.key], (v) => (node.raw[part.key] = v), { of: part.suggest, options: part.options && this.host.options(part) })];
    }

    as_pair(node, part) {
      return [this.pair({ node, key: part.key }, node.raw[part.key], (v) => (node.raw[part.key] = v))];
    }

    ops(part, fallback = ["gte", "gt", "lte", "lt", "eq", "between"]) {
      const labels = { ...this.host.palette.labels, ...part.labels };
      return (part.ops || fallback).map((op) => [op, labels[op] || op]);
    }

    /** An operator and its value: the leaf's own, or those of raw[key]. */
    as_compare(node, part) {
      const holder = part.key ? node.raw[part.key] || structuredClone(part.default ?? START.compare()) : node.raw;
      const put = (values) => {
        Object.assign(holder, values);
        if (part.key) node.raw[part.key] = holder; // a default that is only shown stays out of the JSON
      };
      const key = part.key || "value";
      const alternatives = (part.alternatives || []).map((name) => this.host.part(node, name)).filter(Boolean);
      const other = alternatives.find((one) => one.key in node.raw);
      const op = holder.op || "gte";
      const ops = [...this.ops(part), ...alternatives.map((one) => [one.key, one.label])];
      const choose = this.select({ node, key: key + ".op" }, this.text.operator, ops, other ? other.key : op, (v) => {
        for (const one of alternatives) delete node.raw[one.key];
        const instead = alternatives.find((one) => one.key === v);
        if (instead) {
          delete node.raw.op;
          delete node.raw.value;
          node.raw[instead.key] = instead.start ?? START[instead.as](instead, this.host);
          return;
        }
        const pair = this.host.palette.shapes[v] === "pair";
        const now = Array.isArray(holder.value) ? holder.value[0] : (holder.value ?? 1);
        put({ op: v, value: pair ? [now, now + 1] : now });
      }, true);
      if (other) return [choose];
      const type = part.type || "number";
      return [choose, ...this.value({ node, key }, { type, op, value: holder.value, set: (value) => put({ op, value }), whole: part.whole }), ...this.unit(part)];
    }

    as_moment(node, part) {
      const holder = node.raw[part.key];
      const choose = this.select({ node, key: part.key + ".op" }, this.text.operator, this.ops(part, ["within", "older_than", "before", "after"]), holder.op, (v) => {
        const spans = (op) => this.host.palette.shapes[op] === "span";
        node.raw[part.key] = spans(v) === spans(holder.op) ? { ...holder, op: v } : { op: v, value: spans(v) ? "30d" : day(30) };
      }, true);
      return [choose, ...this.value({ node, key: part.key }, { type: "datetime", op: holder.op, value: holder.value, set: (v) => (holder.value = v) })];
    }

    as_measure(node, part) {
      const holder = node.raw[part.key];
      const kind = this.host.kind(node.raw.event);
      const op = holder.op || "gte";
      const at = { node, key: part.key + ".prop" };
      const known = (this.host.leaf(node.type).fields || []).filter((f) => part.fields?.includes(f.name)).map((f) => [f.name, f.label]);
      return [
        part.fields ? this.select(at, this.text.field, known, holder.field, (v) => (holder.field = v)) : this.words(at, this.text.property, holder.prop, (v) => (holder.prop = v), { of: kind ? `props:${kind.kind}` : "", own: kind?.props || [] }),
        this.select({ node, key: part.key + ".op" }, this.text.operator, this.ops(part), op, (v) => Object.assign(holder, { op: v, value: v === "between" ? [0, 1] : Array.isArray(holder.value) ? 1 : holder.value }), true),
        ...this.value({ node, key: part.key }, { type: "number", op, value: holder.value, set: (v) => (holder.value = v) }),
      ];
    }

    as_json(node, part) {
      const input = this.input({ node, key: part.key }, part.label, JSON.stringify(node.raw[part.key]), (v) => {
        try {
          node.raw[part.key] = JSON.parse(v);
          input.removeAttribute("aria-invalid");
        } catch {
          input.setAttribute("aria-invalid", "true");
        }
      }, { class: "inp sm hc-text code" });
      return [input];
    }

    /** Conditions on the fields of one record (a deal), each on a line below. */
    as_records(node, part) {
      const { palette } = this.host;
      const fields = this.host.leaf(node.type).fields || [];
      return (node.raw[part.key] || []).map((one, n) => {
        const at = (key) => ({ node, key: `${part.key}.${n}.${key}` });
        const field = fields.find((f) => f.name === one.field);
        const op = one.op || "eq";
        const ops = (palette.types[field?.type]?.ops || palette.types.text.ops).filter((name) => name !== "held_for");
        const line = make("div", { class: "hc-line" }, make("span", { class: "muted" }, n ? this.text.and : this.text.with));
        line.append(this.chooser(at("field"), this.text.field, fields.map((f) => [f.name, f.label]), one.field, (v) => {
          const { type } = fields.find((f) => f.name === v);
          node.raw[part.key][n] = { field: v, op: palette.types[type]?.ops[0] || "eq" };
          this.host.redraw(null, `${node.id}:${part.key}.${n}.op`);
        }));
        line.append(this.select(at("op"), this.text.operator, ops.map((name) => [name, palette.labels[name] || name]), op, (v) => {
          const same = (palette.shapes[v] || "one") === (palette.shapes[op] || "one");
          node.raw[part.key][n] = { field: one.field, op: v, ...(same && "value" in one ? { value: one.value } : {}) };
        }, true));
        const options = field?.type === "user" ? palette.options.users : field?.choices || null;
        line.append(...this.value(at("value"), { type: field?.type || "text", op, value: one.value, set: (v) => (one.value = v), options, of: field?.type === "text" ? `record:${node.type}:${one.field}` : "" }));
        line.append(this.drop(field?.label || one.field, () => node.raw[part.key].splice(n, 1), node));
        return line;
      });
    }

    /** Conditions on properties, each on a line below. */
    as_where(node, part) {
      const kind = this.host.kind(node.raw.event);
      return (node.raw[part.key] || []).map((one, n) => this.property(node, part, one, n, kind));
    }

    property(node, part, one, n, kind) {
      const { propOps, labels } = this.host.palette;
      const key = `${part.key}.${n}`;
      const op = one.op || "eq";
      const shape = propOps[op];
      const line = make("div", { class: "hc-line" }, make("span", { class: "muted" }, n ? this.text.and : this.text.with));
      const of = (name) => (kind ? `${name}:${kind.kind}` : "");
      const name = this.words({ node, key: key + ".prop" }, this.text.property, one.prop, (v) => (one.prop = v), { of: of("props"), own: kind?.props || [] });
      line.append(name, this.select({ node, key: key + ".op" }, this.text.operator, (part.ops || Object.keys(propOps)).map((o) => [o, labels[o] || o]), op, (v) => {
        one.op = v;
        const next = propOps[v];
        if (next === "none") delete one.value;
        else if (next === "list") one.value = Array.isArray(one.value) ? one.value : one.value || one.value === 0 ? [one.value] : [];
        else if (Array.isArray(one.value) && next !== "texts") one.value = one.value[0] ?? "";
        else one.value ??= next === "number" ? null : "";
      }, true));
      const set = (v) => (one.value = v);
      const source = { get of() { return kind && one.prop ? `prop:${kind.kind}:${one.prop}` : ""; } };
      const at = { node, key: key + ".value" };
      if (shape === "number") line.append(this.number(at, this.text.value, one.value, set));
      else if (shape === "list" || Array.isArray(one.value)) line.append(this.tokens(at, this.text.values, one.value, set, source));
      else if (shape !== "none") {
        const input = this.input(at, this.text.value, one.value, set, { class: "inp sm hc-text" });
        suggest(input, { label: this.text.value, ask: (text) => this.offers(text, source.of, null), take: (item) => {
          input.value = item.value;
          set(item.value);
          this.host.changed(input.dataset.at);
        } });
        line.append(input);
      }
      line.append(this.drop(this.text.property, () => {
        node.raw[part.key].splice(n, 1);
        if (!node.raw[part.key].length) delete node.raw[part.key];
      }, node));
      return line;
    }

    drop(label, act, node) {
      const button = make("button", { type: "button", class: "hc-x", "aria-label": `${this.text.remove}: ${label}` }, icon("x"));
      button.addEventListener("click", () => {
        act();
        this.host.redraw(null, `${node.id}:detail`);
      });
      return button;
    }

    as_kind(node, part) {
      const kind = this.host.kind(node.raw[part.key]);
      return [this.subject(node, kind?.label || node.raw[part.key], this.text.event)];
    }

    subject(node, words, label) {
      const button = this.mark(make("button", { type: "button", class: "btn hc-pick hc-subject", "data-variant": "outline", "data-size": "sm", "aria-haspopup": "listbox", "aria-label": `${label}: ${words}` }), { node, key: "subject" });
      button.append(make("bdi", { class: "truncate" }, String(words)), icon("chevron-down"));
      button.addEventListener("click", () => this.host.choose(button, node));
      return button;
    }

    as_field(node) {
      const { raw } = node;
      const { palette } = this.host;
      const known = this.host.field(raw.field);
      const op = raw.op || "eq";
      // a custom field is what "as" says, else what its values look like, else what the operator needs
      let type = raw.as || known?.type || "custom";
      if (!palette.types[type]?.ops.includes(op)) type = known && !known.custom ? known.type : "custom";
      const { ops } = palette.types[type] || palette.types.text;
      const words = known?.label || String(raw.field || "").replace(/^contact\./, "").replace(/^custom\./, "");
      const choose = this.select({ node, key: "op" }, this.text.operator, ops.map((one) => [one, palette.labels[one] || one]), op, (v) => {
        const kept = raw.value;
        const same = (palette.shapes[v] || "one") === (palette.shapes[op] || "one") && ORDER.includes(v) === ORDER.includes(op);
        const { as } = raw;
        node.raw = { field: raw.field, op: v };
        if (as) node.raw.as = as;
        if (palette.shapes[v] === "list" && !same && kept !== undefined && kept !== "" && typeof kept !== "object") node.raw.value = [kept];
        else if (same && kept !== undefined && v !== "held_for") node.raw.value = kept;
        else if (same && v === "held_for") node.raw.value = kept;
      }, true);
      const options = type === "user" ? palette.options.users : known?.choices || null;
      const of = `field:${raw.field}`;
      const names = known?.names ? palette.options[known.names] : null;
      const out = [this.subject(node, words, this.text.field), choose];
      if (!known || known.custom) {
        out.splice(1, 0, this.select({ node, key: "as" }, this.text.type, [["", this.text.type], ...palette.as], raw.as || "", (v) => {
          v ? (raw.as = v) : delete raw.as;
          if (v && !palette.types[v].ops.includes(op)) node.raw = { field: raw.field, as: v, op: palette.types[v].ops[0] };
        }, true));
        out[1].classList.add("hc-as");
      }
      if (op === "held_for") {
        const equals = { type: type === "choices" ? "text" : type, op: "eq", value: raw.equals, set: (v) => (raw.equals = v), options, of, names };
        out.push(...this.value({ node, key: "equals" }, equals), make("span", { class: "muted" }, this.text.for));
      }
      const set = (v) => (node.raw.value = v);
      return [...out, ...this.value({ node, key: "value" }, { type, op, value: raw.value, set, options, of, names })];
    }
  }

  Object.assign(space, { Parts });
})();
