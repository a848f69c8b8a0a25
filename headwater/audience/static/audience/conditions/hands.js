// What hands do with the editor: keys, dragging, and where the eye is led when something is wrong. A part of <hw-conditions>.
"use strict";
(() => {
  const space = window.hwConditions;
  const { make, composing } = space;
  space.Hands = (Base) => class extends Base {
    // ---- keys ----
    key(event) {
      if (composing(event) || !this.palette) return;
      const at = event.target.closest("[data-id]");
      const node = at && this.tree.find(Number(at.dataset.id))?.node;
      const ctrl = event.ctrlKey || event.metaKey;
      const low = event.key.toLowerCase();
      const own = node && node !== this.tree.root;
      let act = null;
      if (ctrl && !event.altKey && low === "z") act = () => (event.shiftKey ? this.redo() : this.undo());
      else if (ctrl && low === "y") act = () => this.redo();
      else if (ctrl && low === "d" && own) act = () => this.act("duplicate", node);
      else if (ctrl && event.key === "Enter" && node) {
        const group = node.mode ? node : this.tree.find(node.id).parent;
        const button = this.view.querySelector(`[data-add="${group.id}"]`);
        act = () => this.addAt(button, group, node.mode ? undefined : this.tree.find(node.id).at + 1);
      } else if (event.altKey && !ctrl && own) {
        const verbs = { ArrowUp: ["move", -1], ArrowDown: ["move", 1], Backspace: ["remove"], Delete: ["remove"] };
        const verb = verbs[event.key] || (event.code === "KeyG" ? ["wrap"] : null);
        if (verb) act = () => this.act(verb[0], node, ...verb.slice(1));
      } else if (event.key === "Enter" && event.target.matches("input")) act = () => {};
      if (!act) return;
      event.preventDefault();
      event.stopPropagation();
      act();
    }

    // ---- drag and drop with the mouse; keys have Alt with the arrows ----
    drag() {
      let held = null;
      const clear = () => this.view.querySelectorAll("[data-drop]").forEach((one) => delete one.dataset.drop);
      const target = (event) => {
        const item = event.target.closest(".hc-item");
        const group = event.target.closest(".hc-group");
        if (!group) return null;
        if (!item || !group.contains(item)) return { group: Number(group.dataset.id), at: group.querySelector(".hc-rows").children.length, show: group };
        const box = item.getBoundingClientRect();
        const after = event.clientY > box.top + box.height / 2;
        const at = [...item.parentNode.children].indexOf(item) + (after ? 1 : 0);
        return { group: Number(item.closest(".hc-group").dataset.id), at, show: item, after };
      };
      this.view.addEventListener("dragstart", (event) => {
        const handle = event.target.closest?.("[data-drag]");
        if (!handle) return;
        held = Number(handle.dataset.drag);
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", "");
        event.dataTransfer.setDragImage(handle.closest("[data-id]"), 12, 12);
      });
      this.view.addEventListener("dragover", (event) => {
        if (held === null) return;
        event.preventDefault();
        clear();
        const to = target(event);
        if (to) to.show.dataset.drop = to.show.matches(".hc-item") ? (to.after ? "after" : "before") : "in";
      });
      this.view.addEventListener("drop", (event) => {
        if (held === null) return;
        event.preventDefault();
        const to = target(event);
        const group = to && this.tree.find(to.group)?.node;
        if (group && this.tree.moveTo(held, group, to.at)) this.redraw(null, `${held}:menu`);
        held = null;
        clear();
      });
      this.view.addEventListener("dragend", () => ((held = null), clear()));
    }

    // ---- what the server says is wrong, at the very condition ----
    showProblems() {
      const found = this.found || [];
      for (const old of this.view?.querySelectorAll(".hc-err") || []) old.remove();
      for (const bad of this.view?.querySelectorAll(".bad, [aria-invalid]") || []) (bad.classList.remove("bad"), bad.removeAttribute("aria-invalid"));
      if (!this.view || !this.palette) return;
      const of = (problem, path) => problem.path === path || problem.path.startsWith(path + ".") || problem.path.startsWith(path + "[");
      const rest = new Set(found);
      for (const leaf of this.tree.leaves()) {
        const mine = found.filter((problem) => of(problem, leaf.path));
        if (leaf.id === this.young && mine.length) {
          for (const problem of mine) rest.delete(problem);
          continue;
        }
        const row = mine.length && this.view.querySelector(`.hc-row[data-id="${leaf.id}"]`);
        if (!row) continue;
        row.classList.add("bad");
        const said = make("p", { class: "hc-err", role: "alert" });
        for (const problem of mine) {
          rest.delete(problem);
          const key = problem.path.slice(leaf.path.length).replace(/^\./, "").replace(/\[(\d+)\]/g, ".$1");
          row.querySelector(`[data-at="${leaf.id}:${key}"], [data-at="${leaf.id}:${key}.prop"]`)?.setAttribute("aria-invalid", "true");
          said.append(make("span", {}, problem.message));
        }
        row.append(said);
      }
      if (rest.size) this.view.append(make("p", { class: "hc-err", role: "alert" }, [...rest].map((p) => `${p.path}: ${p.message}`).join(" · ")));
    }
  };
})();
