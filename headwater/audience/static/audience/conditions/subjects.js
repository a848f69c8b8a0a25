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
            const ops = palette.types[f.type]?.ops || ["eq"];
            // a date is asked for by how far away it is, rather than as one day
            const near = yearly ? "anniversary" : f.name.endsWith("renewal_date") ? "within_next" : "within";
            const dated = ["date", "datetime"].includes(f.type) && ops.includes(near);
            const op = dated ? near : ops[0];
            const group = text[f.group] || leaf.group;
            const on = f.group === "company" ? "building-2" : leaf.icon;
            out.push({ label: f.label, search: f.name, icon: on, group, json: { field: f.name, ...(f.custom && f.type !== "text" ? { as: f.type } : {}), op, ...(dated ? { value: yearly ? "7d" : "30d" } : {}) } });
            for (const [value, words] of f.choices || [])
              out.push({ label: `${f.label}: ${words}`, icon: on, group, deep: true, json: { field: f.name, op: palette.types[f.type].ops[0], value } });
          }
        } else {
          const key = leaf.parts.find((part) => part.key === leaf.type);
          const options = key && (key.options ? this.options(key) : palette.options[key.suggest]);
          if (key?.options && options && !options.length) continue;
          out.push({ label: leaf.label, icon: leaf.icon, group: leaf.group, json: structuredClone(leaf.fresh), type: leaf.type });
          for (const [value, words] of options || [])
            for (const [also, more] of this.alternatives(leaf))
              out.push({ label: more ? `${words}: ${more}` : words, hint: leaf.label, icon: leaf.icon, group: leaf.group, deep: true, json: { ...structuredClone(leaf.fresh), [leaf.type]: value, ...also } });
          if (leaf.keys.includes("band"))
            for (const [band, words, model] of palette.options.bands)
              out.push({ label: `${palette.options.models.find(([m]) => m === model)?.[1] ?? model}: ${words}`, hint: leaf.label, icon: leaf.icon, group: leaf.group, deep: true, json: { [leaf.type]: model, band } });
        }
      }
      const order = [...new Set(out.map((one) => one.group))];
      return out.sort((a, b) => order.indexOf(a.group) - order.indexOf(b.group));
    }

    /** What a leaf asks beside its subject, where it says that this is searched for too (`also`: the key of a part):
        [[json, words]]. */
    alternatives(leaf) {
      const part = leaf.also && leaf.parts.find((one) => one.key === leaf.also);
      return part ? this.options(part).map(([value, words]) => [{ [part.key]: value }, words]) : [[{}, ""]];
    }

    made(item) {
      const json = item.json;
      return item.type && !(item.type in json) ? { [item.type]: this.options(this.leaf(item.type).parts.find((p) => p.key === item.type) || {})[0]?.[0] ?? "", ...json } : json;
    }

    /** What typed words may mean beyond what is known: a page, a city, a custom field. */
    other(words) {
      const { labels, kinds, fields } = this.palette;
      const text = words.trim();
      const said = (label) => `${label} ${labels.contains} “${text}”`;
      const out = [];
      const viewed = kinds.find((k) => k.kind === "page.viewed");
      const event = this.offered.find((leaf) => leaf.type === "event");
      if (viewed && event && text.length > 2)
        out.push({ label: said(`${viewed.label}: path`), icon: viewed.icon, hint: event.label, json: { ...structuredClone(event.fresh), event: viewed.kind, where: [{ prop: "path", op: "contains", value: text }] } });
      if (!this.offered.some((leaf) => leaf.type === "field")) return out;
      out.unshift(...this.coded(text));
      const city = fields.find((f) => f.name === "contact.city");
      if (city && text.length > 2 && !text.includes("/")) out.push({ label: said(city.label), icon: "map-pin", hint: this.palette.text.contact, json: { field: city.name, op: "contains", value: text } });
      return [...out, this.custom(text)].filter(Boolean);
    }

    /** Values that are kept as codes and read by name: a country, a language. */
    coded(text) {
      const { fields, options } = this.palette;
      const needle = text.toLocaleLowerCase();
      if (needle.length < 2) return [];
      const found = fields.flatMap((f) => (options[f.names] || []).filter(([, name]) => name.toLocaleLowerCase().startsWith(needle)).slice(0, 3).map(([code, name]) => [f, code, name]));
      return found.slice(0, 6).map(([f, value, name]) => ({ label: `${f.label}: ${name}`, icon: f.group === "company" ? "building-2" : "user-round", hint: this.palette.text[f.group], json: { field: f.name, op: "eq", value } }));
    }

    custom(words) {
      const name = words.toLowerCase().replace(/[^a-z0-9_]+/g, "_").replace(/^_+|_+$/g, "");
      if (!/^[a-z]/.test(name)) return null;
      return { label: this.palette.text.customField.replace("%s", name), icon: "text-cursor-input", json: { field: `contact.custom.${name}`, op: "eq", value: "" } };
    }

    look(button, onpick) {
      const { text } = this.palette;
      pick(button, { grouped: true, label: text.addFull, placeholder: text.find, empty: text.nothing, items: () => this.subjects(), other: (words) => this.other(words), onpick });
    }

    addAt(button, parent, at) {
      this.look(button, (item) => {
        const made = this.tree.add(parent, this.made(item), at);
        this.young = made.id; // what is still being filled in is not yet called wrong
        this.redraw(null, `${made.id}:`);
        const row = this.view.querySelector(`[data-id="${made.id}"]`);
        const first = row.querySelector("input:not([type=checkbox])");
        if (!first || first.value) this.young = 0; // nothing is left to fill in: what is wrong is said at once
        (first || row.querySelector("select, button"))?.focus();
        first?.select(); // what is typed takes the place of the number that stood there
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
