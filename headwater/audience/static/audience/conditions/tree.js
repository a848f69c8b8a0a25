// The conditions in memory: JSON <-> tree, the moves that people make with it, and the way back (undo).
// A node is a group {id, mode: "all" | "any" | "none", children} or a leaf {id, type, negated, raw}; `raw` is the leaf's
// JSON itself. Written back, each node knows its `path` in the JSON, by which the server names problems.
"use strict";
window.hwConditions = window.hwConditions || {};
(() => {
  let last = 0;
  const fresh = (node) => ({ id: ++last, ...node });

  class Tree {
    constructor(types) {
      this.types = types;
      this.root = fresh({ mode: "all", children: [] });
      this.past = [];
      this.future = [];
    }

    read(json) {
      if (json && typeof json === "object") {
        for (const mode of ["all", "any"])
          if (Array.isArray(json[mode])) return fresh({ mode, children: json[mode].map((one) => this.read(one)) });
        if (json.not) {
          const inner = this.read(json.not);
          if (inner.mode === "any") return { ...inner, mode: "none" };
          if (inner.mode || inner.negated) return fresh({ mode: "none", children: [inner] });
          return { ...inner, negated: true };
        }
        const type = this.types().find((name) => name in json);
        if (type) return fresh({ type, negated: false, raw: structuredClone(json) });
      }
      return fresh({ type: "", negated: false, raw: json });
    }

    load(json) {
      const read = this.read(json ?? { all: [] });
      this.root = read.mode ? read : fresh({ mode: "all", children: [read] });
    }

    json(node = this.root, path = "$") {
      node.path = path;
      if (node.mode === "none") {
        return { not: { any: node.children.map((c, n) => this.json(c, `${path}.not.any[${n}]`)) } };
      }
      if (node.mode) return { [node.mode]: node.children.map((c, n) => this.json(c, `${path}.${node.mode}[${n}]`)) };
      if (node.negated) node.path = path + ".not";
      return node.negated ? { not: node.raw } : node.raw;
    }

    leaves(node = this.root) {
      return node.mode ? node.children.flatMap((child) => this.leaves(child)) : [node];
    }

    find(id, node = this.root, parent = null) {
      if (node.id === id) return { node, parent, at: parent ? parent.children.indexOf(node) : -1 };
      for (const child of node.children || []) {
        const found = this.find(id, child, node);
        if (found) return found;
      }
      return null;
    }

    // ---- what people do with it; each returns the node that should have the focus ----
    add(parent, json, at = parent.children.length) {
      const made = this.read(json);
      parent.children.splice(at, 0, made);
      return made;
    }

    addGroup(parent, at = parent.children.length) {
      const made = fresh({ mode: parent.mode === "any" ? "all" : "any", children: [] });
      parent.children.splice(at, 0, made);
      return made;
    }

    remove(id) {
      const { parent, at } = this.find(id);
      parent.children.splice(at, 1);
      return parent.children[Math.min(at, parent.children.length - 1)] || parent;
    }

    copy(node) {
      return fresh(node.mode ? { mode: node.mode, children: node.children.map((c) => this.copy(c)) }
        : { type: node.type, negated: node.negated, raw: structuredClone(node.raw) });
    }

    duplicate(id) {
      const { node, parent, at } = this.find(id);
      const made = this.copy(node);
      parent.children.splice(at + 1, 0, made);
      return made;
    }

    wrap(id) {
      const { node, parent, at } = this.find(id);
      parent.children[at] = fresh({ mode: parent.mode === "any" ? "all" : "any", children: [node] });
      return node;
    }

    unwrap(id) {
      const { node, parent, at } = this.find(id);
      parent.children.splice(at, 1, ...node.children);
      return node.children[0] || parent;
    }

    negate(id) {
      const { node } = this.find(id);
      if (!node.mode) node.negated = !node.negated;
      else node.mode = node.mode === "none" ? "any" : "none";
      return node;
    }

    /** Up or down as in an outline: into a group that stands there, out of the own one at its edge. */
    move(id, step) {
      const { node, parent, at } = this.find(id);
      const next = parent.children[at + step];
      if (next?.mode) {
        parent.children.splice(at, 1);
        next.children.splice(step > 0 ? 0 : next.children.length, 0, node);
      } else if (next) {
        [parent.children[at], parent.children[at + step]] = [next, node];
      } else if (parent !== this.root) {
        const above = this.find(parent.id);
        parent.children.splice(at, 1);
        above.parent.children.splice(above.at + (step > 0 ? 1 : 0), 0, node);
      } else return null;
      return node;
    }

    /** To a place in a group, as by dragging; not into itself. */
    moveTo(id, group, at) {
      const { node, parent, at: was } = this.find(id);
      if (this.find(group.id, node)) return null;
      parent.children.splice(was, 1);
      group.children.splice(parent === group && was < at ? at - 1 : at, 0, node);
      return node;
    }

    // ---- undo: whole states as text; changes of one control in a row are one step ----
    note(by = "") {
      const now = JSON.stringify(this.json());
      if (now === this.now) return false;
      const quick = by && by === this.by && Date.now() - this.when < 1000;
      if (this.now !== undefined && !quick) this.past.push(this.now);
      if (this.past.length > 200) this.past.shift();
      [this.now, this.by, this.when, this.future] = [now, by, Date.now(), []];
      return true;
    }

    forget() {
      [this.past, this.future, this.now, this.by] = [[], [], JSON.stringify(this.json()), ""];
    }

    back(from = "past", to = "future") {
      if (!this[from].length) return false;
      this[to].push(this.now);
      this.now = this[from].pop();
      this.by = "";
      this.load(JSON.parse(this.now));
      this.json();
      return true;
    }
  }

  window.hwConditions.Tree = Tree;
})();
