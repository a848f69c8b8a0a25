// How the editor is drawn: groups, rows, what is left to say in a row (details), and the menu of each. A part of
// <hw-conditions>.
"use strict";
(() => {
  const space = window.hwConditions;
  const { START, make, icon, pick } = space;
  space.Drawing = (Base) => class extends Base {
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
  };
})();
