// What a condition can be about: one search over fields, events, tags, segments and all else. A part of <hw-conditions>.
"use strict";
(() => {
  const space = window.hwConditions;
  const { pick } = space;
  space.Subjects = (Base) => class extends Base {
    subjects() {
      const { palette } = this;
      const { text } = palette;
      const out = [];
      for (const leaf of this.offered) {
        if (leaf.type === "event") {
          for (const k of palette.kinds)
            out.push({ label: k.label, search: k.kind, icon: k.icon, hue: k.hue, group: leaf.label, groupIcon: leaf.icon, json: { ...structuredClone(leaf.fresh), event: k.kind } });
        } else if (leaf.type === "field") {
          for (const f of palette.fields) {
            const yearly = f.name.endsWith("birthday") && palette.types[f.type]?.ops.includes("anniversary");
            const op = yearly ? "anniversary" : palette.types[f.type]?.ops[0] || "eq";
            const group = text[f.group] || leaf.group;
            const on = f.group === "company" ? "building-2" : leaf.icon;
            out.push({ label: f.label, search: f.name, icon: on, group, json: { field: f.name, ...(f.custom && f.type !== "text" ? { as: f.type } : {}), op, ...(yearly ? { value: "7d" } : {}) } });
            for (const [value, words] of f.choices || [])
              out.push({ label: `${f.label}: ${words}`, icon: on, group, deep: true, json: { field: f.name, op: palette.types[f.type].ops[0], value } });
          }
        } else {
          const key = leaf.parts.find((part) => part.key === leaf.type);
          const options = key && (key.options ? this.options(key) : palette.options[key.suggest]);
          if (key?.options && options && !options.length) continue;
          out.push({ label: leaf.label, icon: leaf.icon, group: leaf.group, json: structuredClone(leaf.fresh), type: leaf.type });
          for (const [value, words] of options || [])
            out.push({ label: words, hint: leaf.label, icon: leaf.icon, group: leaf.group, deep: true, json: { ...structuredClone(leaf.fresh), [leaf.type]: value } });
        }
      }
      const order = [...new Set(out.map((one) => one.group))];
      return out.sort((a, b) => order.indexOf(a.group) - order.indexOf(b.group));
    }

    made(item) {
      const json = item.json;
      return item.type && !(item.type in json) ? { [item.type]: this.options(this.leaf(item.type).parts.find((p) => p.key === item.type) || {})[0]?.[0] ?? "", ...json } : json;
    }

    other(words) {
      const name = words.toLowerCase().replace(/[^a-z0-9_]+/g, "_").replace(/^_+|_+$/g, "");
      if (!/^[a-z]/.test(name)) return null;
      return { label: this.palette.text.customField.replace("%s", name), icon: "text-cursor-input", json: { field: `contact.custom.${name}`, op: "eq", value: "" } };
    }

    look(button, onpick) {
      const { text } = this.palette;
      pick(button, { grouped: true, label: text.addFull, placeholder: text.find, empty: text.nothing, items: () => this.subjects(), other: (words) => (this.offered.some((l) => l.type === "field") ? this.other(words) : null), onpick });
    }

    addAt(button, parent, at) {
      this.look(button, (item) => {
        const made = this.tree.add(parent, this.made(item), at);
        this.young = made.id; // what is still being filled in is not yet called wrong
        this.redraw(null, `${made.id}:`);
        const row = this.view.querySelector(`[data-id="${made.id}"]`);
        (row.querySelector("input:not([type=checkbox])") || row.querySelector("select, button"))?.focus();
      });
    }

    choose(button, node) {
      this.look(button, (item) => {
        const made = this.tree.read(this.made(item));
        Object.assign(node, { type: made.type, raw: made.raw });
        this.redraw(null, `${node.id}:subject`);
      });
    }
  };
})();
