// The small controls of a condition: choices, words with suggestions, numbers, dates, spans, lists. `at` is {node, key}:
// where the focus returns after the row is drawn anew.
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

  class Controls {
    constructor(host) {
      this.host = host;
    }

    get text() {
      return this.host.palette.text;
    }

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
  }

  Object.assign(space, { Controls, START, ORDER, day });
})();
