// The controls of a condition, one method for each sort of part that the palette names (compiler/palette.py). A part
// reads and writes the leaf's JSON itself. What a part cannot know of (a key with a shape of its own) is shown as JSON.
"use strict";
(() => {
  const space = window.hwConditions;
  const { make, icon, pick, suggest, composing } = space;
  const SPAN = /^(\d{1,6})\s*([smhdw])$/i;
  const ORDER = ["gt", "gte", "lt", "lte"];
  /** Operators after which a whole code stands, that may be said by its name */
  const CODED = ["eq", "ne"];
  const day = (ago) => new Date(Date.now() - ago * 864e5).toISOString().slice(0, 10);
  const START = {
    choice: (part, host) => host.options(part)[0]?.[0] ?? "", text: () => "", number: () => 1, span: () => "30d", bool: () => true, list: () => [],
    compare: () => ({ op: "gte", value: 1 }), moment: () => ({ op: "within", value: "30d" }), measure: (part) => ({ ...(part.fields ? { field: part.fields[0] } : { prop: "" }), op: "gte", value: 1 }),
    pair: () => [day(30), day(0)], where: () => [{ prop: "", op: "eq", value: "" }], json: () => null, records: (part, host, leaf) => [{ field: leaf.fields[0].name, op: host.palette.types[leaf.fields[0].type]?.ops[0] || "eq" }], word: () => undefined,
  };

  class Parts {
    constructor(host) {
      this.host = host;
    }

    get text() {
      return this.host.palette.text;
    }

    // ---- small controls; `at` is {node, key}: where the focus returns after the row is drawn anew ----
    mark(element, at) {
      element.dataset.at = `${at.node.id}:${at.key}`;
      return element;
    }

    select(at, label, options, value, set, again = false) {
      const node = this.mark(make("select", { class: "inp sm", "aria-label": label }), at);
      const known = options.some(([v]) => String(v) === String(value));
      const all = known || value === undefined || value === null || value === "" ? options : [...options, [value, value]];
      if (!known && (value === undefined || value === null || value === "")) node.append(make("option", { value: "", selected: true }, "…"));
      for (const [v, words] of all) node.append(make("option", { value: v, selected: String(v) === String(value) }, String(words)));
      node.addEventListener("change", () => {
        const [chosen] = all.find(([v]) => String(v) === node.value) || [node.value];
        set(chosen);
        again ? this.host.redraw(node) : this.host.changed(node.dataset.at);
      });
      return node;
    }

    input(at, label, value, set, attributes = {}) {
      const node = this.mark(make("input", { class: "inp sm", type: "text", "aria-label": label, placeholder: label, ...attributes }), at);
      node.value = value ?? "";
      const put = () => {
        set(node.value);
        this.host.changed(node.dataset.at);
      };
      node.addEventListener("input", (event) => !event.isComposing && put());
      node.addEventListener("compositionend", put);
      return node;
    }

    number(at, label, value, set, attributes = {}) {
      const node = this.input(at, label, value, (v) => set(v === "" ? null : Number(v)), { type: "number", step: "any", inputmode: "decimal", ...attributes });
      node.classList.add("hc-num");
      return node;
    }

    date(at, label, value, set) {
      return this.input(at, label, value, set, { type: String(value || "").includes("T") ? "datetime-local" : "date" });
    }

    /** A text with suggestions: of `options` [[value, label]], or of what was seen (`of`). Codes with `names` are read
        and typed by their names. */
    words(at, label, value, set, { of = "", options = null, own = [], names = null } = {}) {
      const name = (code) => names?.find(([v]) => v === code)?.[1] ?? code;
      const code = (text) => names?.find((one) => one.some((v) => v.toLocaleLowerCase() === text.trim().toLocaleLowerCase()))?.[0] ?? text;
      const node = this.input(at, label, name(value), (text) => set(code(text)), { class: "inp sm hc-text" });
      options = names || options;
      const take = (item) => {
        node.value = name(item.value);
        set(item.value);
        this.host.changed(node.dataset.at);
      };
      if (of || options || own.length) suggest(node, { label, take, ask: (text) => this.offers(text, of, options, own) });
      return node;
    }

    async offers(text, of, options, own = []) {
      const needle = text.toLocaleLowerCase();
      const local = [...(options || []), ...own.map((v) => [v, v])].filter(([v, words]) => `${v} ${words}`.toLocaleLowerCase().includes(needle))
        .map(([value, label]) => ({ value, label }));
      const seen = of ? await this.host.ask(of, text) : [];
      const known = new Set(seen.map((one) => one.value));
      const words = new Map(options || []);
      const found = [...seen.map(({ value, count }) => ({ value, label: words.get(value) ?? value, hint: count ? count.toLocaleString() : "" })), ...local.filter((one) => !known.has(one.value))];
      return found.length === 1 && [found[0].value, found[0].label].map(String).includes(text) ? [] : found.slice(0, 30);
    }

    /** A button that opens a list to choose one of many from. */
    chooser(at, label, options, value, set, again = false) {
      if (options.length <= 12) return this.select(at, label, options, value, set, again);
      const found = options.find(([v]) => String(v) === String(value));
      const node = this.mark(make("button", { type: "button", class: "btn hc-pick", "data-variant": "outline", "data-size": "sm", "aria-haspopup": "listbox", "aria-label": `${label}: ${found?.[1] ?? value ?? ""}` }), at);
      node.append(make("bdi", { class: "truncate" }, String(found?.[1] ?? (value || "…"))), icon("chevron-down"));
      node.addEventListener("click", () => pick(node, {
        label, placeholder: label, empty: this.text.nothing,
        items: () => options.map(([v, words]) => ({ value: v, label: words, checked: String(v) === String(value) })),
        onpick: (item) => {
          set(item.value);
          this.host.redraw(node);
        },
      }));
      return node;
    }

    span(at, value, set) {
      const [, n, unit] = SPAN.exec(value || "") || [null, "30", "d"];
      let [number, of] = [n, unit.toLowerCase()];
      if (!SPAN.test(value || "")) set(n + unit);
      const put = () => set(`${number || 0}${of}`);
      return make("span", { class: "hc-pair" },
        this.number({ ...at, key: at.key + ".n" }, this.text.number, n, (v) => ((number = v), put()), { min: 0, step: 1, inputmode: "numeric" }),
        this.select({ ...at, key: at.key + ".u" }, this.text.unit, [..."smhdw"].map((u) => [u, this.text[u]]), of, (v) => ((of = v), put())));
    }

    /** Several values as chips; Enter or a comma adds one, Backspace takes the last. */
    tokens(at, label, value, set, { of = "", options = null, cast = (v) => v } = {}) {
      const values = Array.isArray(value) ? [...value] : value === undefined || value === null || value === "" ? [] : [value];
      const box = make("span", { class: "inp sm hc-tokens" });
      const input = this.mark(make("input", { type: "text", "aria-label": label, placeholder: values.length ? "" : label }), at);
      const put = (again = true) => {
        set([...values]);
        again ? this.host.redraw(input) : this.host.changed();
      };
      const add = (v) => {
        if (v === "" || values.some((one) => String(one) === String(v))) return;
        values.push(cast(v));
        put();
      };
      values.forEach((v, n) => {
        const words = options?.find(([one]) => String(one) === String(v))?.[1] ?? v;
        const drop = make("button", { type: "button", "aria-label": `${this.text.remove}: ${words}`, onclick: () => (values.splice(n, 1), put()) }, icon("x"));
        box.append(make("span", { class: "hc-token" }, make("bdi", {}, String(words)), drop));
      });
      const typed = () => {
        const text = input.value.trim().replace(/,$/, "");
        if (!text) return;
        const known = options?.find(([v, words]) => [String(v), String(words)].some((one) => one.toLocaleLowerCase() === text.toLocaleLowerCase()));
        if (known || !options) add(known ? known[0] : text);
      };
      const left = async (text) => (await this.offers(text, of, options)).filter((one) => !values.some((v) => String(v) === String(one.value)));
      suggest(input, { label, ask: left, take: (item) => add(item.value) });
      input.addEventListener("keydown", (event) => {
        if (composing(event)) return;
        if (event.key === "Enter" && !event.defaultPrevented) typed();
        else if (event.key === ",") (event.preventDefault(), typed());
        else if (event.key === "Backspace" && !input.value && values.length) (values.pop(), put());
      });
      input.addEventListener("paste", (event) => {
        const text = event.clipboardData.getData("text");
        if (options || !/[,\n;\t]/.test(text)) return;
        event.preventDefault();
        for (const one of text.split(/[,\n;\t]/).map((s) => s.trim())) if (one && !values.includes(one)) values.push(cast(one));
        put();
      });
      input.addEventListener("change", typed);
      box.append(input);
      box.addEventListener("click", (event) => event.target === box && input.focus());
      return box;
    }

    /** The control for the value of an operator on a type. */
    value(at, { type, op, value, set, options = null, of = "", whole = false, names = null }) {
      const { palette } = this.host;
      const label = this.text.value;
      const shape = palette.shapes[op] || "one";
      let input = palette.types[type]?.input || type;
      if (ORDER.includes(op) && !["date", "datetime"].includes(input)) input = "number";
      if (["before", "after"].includes(op)) input = "date";
      const cast = input === "number" || input === "user" ? Number : (v) => v;
      const attributes = whole ? { min: 0, step: 1, inputmode: "numeric" } : {};
      if (shape === "none") return [];
      if (shape === "span") return [this.span(at, value, set)];
      if (shape === "pair") return [this.pair(at, value, set, input === "date" || input === "datetime" || typeof value?.[0] === "string" ? "date" : "number", attributes)];
      if (shape === "list") return [this.tokens(at, this.text.values, value, set, { of, options: options || names, cast })];
      if (input === "boolean" || input === "bool") return [this.select(at, label, [[true, this.text.yes], [false, this.text.no]], value, set)];
      if (options) {
        if ((value === undefined || value === "") && options.length) set(options[0][0]);
        return [this.chooser(at, label, options, value === undefined || value === "" ? options[0]?.[0] : value, (v) => set(cast(v)))];
      }
      if (input === "number") return [this.number(at, label, value, set, attributes)];
      if (input === "date" || input === "datetime") return [this.date(at, label, value, set)];
      if (Array.isArray(value)) return [this.tokens(at, this.text.values, value, set, { of })];
      return [this.words(at, label, value, set, { of, names: CODED.includes(op) ? names : null })];
    }

    pair(at, value, set, sort = "date", attributes = {}) {
      const fits = Array.isArray(value) && value.length === 2;
      const both = fits ? [...value] : sort === "date" ? START.pair() : [0, 1];
      if (!fits) set([...both]);
      const one = (n) => this[sort]({ ...at, key: `${at.key}.${n}` }, n ? this.text.to : this.text.from, both[n], (v) => ((both[n] = v), set([...both])), attributes);
      return make("span", { class: "hc-pair" }, one(0), make("span", { class: "muted" }, this.text.and), one(1));
    }

    // ---- parts of a leaf: (node, part) -> elements ----
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
        line.append(...this.value(at("value"), { type: field?.type || "text", op, value: one.value, set: (v) => (one.value = v), options }));
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

  Object.assign(space, { Parts, START });
})();
