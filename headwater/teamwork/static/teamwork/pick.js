// <tw-pick data-url>: a text field over a hidden id; what is typed is looked up, a choice fills both.
"use strict";
(() => {
  if (customElements.get("tw-pick")) return;
  let serial = 0;
  customElements.define(
    "tw-pick",
    class extends HTMLElement {
      connectedCallback() {
        [this.hidden_, this.field] = this.querySelectorAll("input");
        if (this.list) return;
        this.list = document.createElement("ul");
        this.list.className = "tw-options";
        this.list.id = `tw-pick-${++serial}`;
        this.list.setAttribute("role", "listbox");
        this.list.hidden = true;
        this.append(this.list);
        this.field.setAttribute("aria-controls", this.list.id);
        this.field.addEventListener("input", (event) => {
          this.hidden_.value = "";
          if (!event.isComposing) this.later();
        });
        this.field.addEventListener("compositionend", () => this.later());
        this.field.addEventListener("keydown", (event) => this.key(event));
        this.field.addEventListener("blur", () => setTimeout(() => this.close(), 150));
        this.list.addEventListener("mousedown", (event) => {
          event.preventDefault();
          const option = event.target.closest("[data-id]");
          if (option) this.choose(option);
        });
      }
      later() {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.look(), 180);
      }
      async look() {
        const q = this.field.value.trim();
        if (!q) return this.close();
        const answer = await fetch(`${this.dataset.url}?q=${encodeURIComponent(q)}`);
        if (!answer.ok || q !== this.field.value.trim()) return;
        const { items } = await answer.json();
        this.list.replaceChildren(
          ...items.map(({ id, text, sub }, n) => {
            const option = document.createElement("li");
            option.setAttribute("role", "option");
            option.setAttribute("aria-selected", String(n === 0));
            option.id = `${this.list.id}-${n}`;
            option.dataset.id = id;
            const name = document.createElement("bdi");
            name.textContent = text;
            const more = document.createElement("bdi");
            more.className = "muted small";
            more.textContent = sub;
            option.append(name, more);
            return option;
          }),
        );
        if (!items.length) {
          const none = document.createElement("li");
          none.className = "muted";
          none.textContent = this.dataset.none;
          this.list.append(none);
        }
        this.list.hidden = false;
        this.field.setAttribute("aria-expanded", "true");
        this.mark(0);
      }
      options() {
        return [...this.list.querySelectorAll("[data-id]")];
      }
      mark(n) {
        const all = this.options();
        all.forEach((option, i) => option.setAttribute("aria-selected", String(i === n)));
        if (all[n]) this.field.setAttribute("aria-activedescendant", all[n].id);
      }
      key(event) {
        if (event.isComposing || this.list.hidden) return;
        const all = this.options();
        const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
        if (event.key === "ArrowDown") this.mark(Math.min(at + 1, all.length - 1));
        else if (event.key === "ArrowUp") this.mark(Math.max(at - 1, 0));
        else if (event.key === "Enter" && all[at]) this.choose(all[at]);
        else if (event.key === "Escape") this.close();
        else return;
        event.preventDefault();
        event.stopPropagation();
      }
      choose(option) {
        this.hidden_.value = option.dataset.id;
        this.field.value = option.firstChild.textContent;
        this.close();
      }
      close() {
        this.list.hidden = true;
        this.field.setAttribute("aria-expanded", "false");
        this.field.removeAttribute("aria-activedescendant");
      }
    },
  );
})();
