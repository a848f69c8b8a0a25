// What opens over the editor: a list with a search box (Picker), a menu (a Picker without one), suggestions below an
// input (Suggest). All of them leave input methods (IME) alone and give the focus back.
"use strict";
(() => {
  const space = window.hwConditions;
  let ids = 0;

  /** make("div", {class, onclick}, ...children) */
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
  const icon = (name, hue) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "i sm");
    svg.setAttribute("aria-hidden", "true");
    if (hue) svg.setAttribute("data-h", hue);
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${space.icons}#${name}`);
    svg.append(use);
    return svg;
  };
  const composing = (event) => event.isComposing || event.keyCode === 229;

  /** A box at an anchor, in the top layer; one at a time. */
  class Pop {
    constructor(anchor, label) {
      Pop.open?.close();
      this.anchor = anchor;
      this.box = make("div", { class: "hc-pop", popover: "manual" });
      this.list = make("div", { class: "hc-options", role: "listbox", id: `hc-list-${++ids}`, "aria-label": label });
      this.box.append(this.list);
      (anchor.closest("hw-conditions") || document.body).append(this.box);
      this.box.showPopover();
      this.away = (event) => {
        if (!this.box.contains(event.target) && !this.anchor.contains(event.target)) this.close();
      };
      this.follow = (event) => (event.type === "scroll" && this.box.contains(event.target) ? null : this.place());
      document.addEventListener("pointerdown", this.away, true);
      addEventListener("scroll", this.follow, true);
      addEventListener("resize", this.follow);
      // the pointer must not take the focus from the input that leads the list
      this.list.addEventListener("mousedown", (event) => event.preventDefault());
      Pop.open = this;
    }

    close() {
      document.removeEventListener("pointerdown", this.away, true);
      removeEventListener("scroll", this.follow, true);
      removeEventListener("resize", this.follow);
      this.box.remove();
      if (Pop.open === this) Pop.open = null;
      this.onclose?.();
    }

    place() {
      if (!this.anchor.isConnected) return this.close();
      const at = this.anchor.getBoundingClientRect();
      const below = innerHeight - at.bottom - 12;
      const up = below < 220 && at.top > below;
      const { style } = this.box;
      style.maxHeight = `${Math.max(120, Math.min(380, up ? at.top - 12 : below))}px`;
      const width = this.box.offsetWidth;
      style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
      style.top = up ? `${at.top - this.box.offsetHeight - 4}px` : `${at.bottom + 4}px`;
    }

    /** items: {label, hint?, icon?, hue?, group?, keys?, danger?, checked?} */
    show(items, chosen = 0) {
      let group;
      this.items = items;
      this.rows = [];
      const nodes = [];
      for (const [n, item] of items.entries()) {
        if (item.group && item.group !== group) nodes.push(make("div", { class: "hc-optgroup", role: "presentation" }, item.group));
        group = item.group;
        const row = make("div", { class: item.danger ? "hc-option late" : "hc-option", role: "option", id: `${this.list.id}-${n}`, "aria-selected": "false", "aria-disabled": item.disabled ? "true" : undefined });
        if (item.icon) row.append(icon(item.icon, item.hue));
        row.append(make("bdi", { class: "truncate" }, String(item.label)));
        if (item.hint) row.append(make("span", { class: "hc-hint truncate" }, String(item.hint)));
        if (item.keys) row.append(make("kbd", { class: "kbd" }, item.keys));
        if (item.checked || item.into) row.append(icon(item.into ? "chevron-right" : "check"));
        row.addEventListener("mousemove", () => this.choose(n));
        row.addEventListener("click", () => !item.disabled && this.onpick(item));
        nodes.push(row);
        this.rows.push(row);
      }
      this.list.replaceChildren(...nodes);
      this.choose(chosen);
      this.place();
    }

    choose(n) {
      this.at = this.rows.length ? Math.max(-1, Math.min(n, this.rows.length - 1)) : -1;
      this.rows.forEach((row, i) => row.setAttribute("aria-selected", String(i === this.at)));
      const row = this.rows[this.at];
      row?.scrollIntoView({ block: "nearest" });
      if (this.lead) row ? this.lead.setAttribute("aria-activedescendant", row.id) : this.lead.removeAttribute("aria-activedescendant");
    }

    /** Arrow keys, Enter, Escape; true where the key was for the list. */
    key(event) {
      const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
      if (step) {
        const n = this.rows.length;
        this.choose(Math.abs(step) > 1 ? Math.max(0, Math.min(n - 1, this.at + step)) : (this.at + step + n) % (n || 1));
      } else if (event.key === "Enter" && this.at >= 0) {
        if (!this.items[this.at].disabled) this.onpick(this.items[this.at]);
      } else if (event.key === "Escape") {
        this.close();
      } else return false;
      event.preventDefault();
      event.stopPropagation();
      return true;
    }
  }

  /** A list of things to choose from: all words typed must be somewhere in an item. */
  const match = (items, text, most = 120) => {
    const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return items.filter((item) => !item.deep).slice(0, most);
    const scored = [];
    for (const item of items) {
      const label = String(item.label).toLocaleLowerCase();
      const all = `${label} ${item.hint || ""} ${item.search || ""} ${item.group || ""}`.toLocaleLowerCase();
      if (!words.every((word) => all.includes(word))) continue;
      scored.push([(label === words.join(" ") ? -1 : label.startsWith(words[0]) ? 0 : label.includes(words[0]) ? 1 : 2) + (item.deep ? 1 : 0) - (item.type ? 1.5 : 0), item]);
    }
    return scored.sort((a, b) => a[0] - b[0]).slice(0, most).map(([, item]) => item);
  };

  /** The groups of a long list, to go into one of them; a group of one stands for itself. */
  const groups = (items) => {
    const found = new Map();
    for (const item of items) found.set(item.group, [...(found.get(item.group) || []), item]);
    return [...found].map(([name, all]) => (all.filter((one) => !one.deep).length === 1 ? { ...all[0], group: "" } : { label: name, into: name, icon: all[0].groupIcon || all[0].icon, hint: String(all.filter((one) => !one.deep).length) }));
  };

  /** Opens at a button. items: () => list; other(text): items made of what was typed; grouped: first the groups, then
      those of one (typing finds in all of them). */
  const pick = (anchor, { label, placeholder, items, other, onpick, search = true, grouped = false, empty }) => {
    const pop = new Pop(anchor, label);
    const all = items();
    let done = false;
    let inside = "";
    const draw = (text) => {
      const within = inside ? all.filter((item) => item.group === inside) : all;
      // what was typed leads; groups are kept together while nothing is typed
      const found = grouped && !inside && !text ? groups(all)
        : match(within, text).map((item) => (text ? { ...item, group: "", hint: item.hint || item.group } : item));
      const shown = text && other ? [...found, ...other(text)] : found;
      const picked = shown.findIndex((item) => item.checked);
      pop.show(shown, text ? 0 : Math.max(0, picked));
      if (!shown.length && empty) pop.list.replaceChildren(make("p", { class: "hc-nothing" }, empty));
    };
    pop.onpick = (item) => {
      if (item.into) {
        inside = item.into;
        pop.lead.value = "";
        pop.lead.placeholder = item.into;
        return draw("");
      }
      done = true;
      pop.close();
      onpick(item);
    };
    pop.onclose = () => {
      anchor.setAttribute("aria-expanded", "false");
      if (!done && anchor.isConnected) anchor.focus();
    };
    anchor.setAttribute("aria-expanded", "true");
    if (search) {
      const input = make("input", { type: "text", class: "hc-search", role: "combobox", "aria-expanded": "true", "aria-controls": pop.list.id, "aria-autocomplete": "list", "aria-label": label, placeholder, autocomplete: "off", spellcheck: "false" });
      pop.box.prepend(input);
      pop.lead = input;
      input.addEventListener("input", (event) => !event.isComposing && draw(input.value.trim()));
      input.addEventListener("compositionend", () => draw(input.value.trim()));
    } else {
      pop.list.setAttribute("tabindex", "-1");
      pop.lead = pop.list;
    }
    pop.box.addEventListener("keydown", (event) => {
      if (composing(event)) return;
      if (inside && (event.key === "Escape" || (event.key === "Backspace" && !pop.lead.value))) {
        inside = "";
        pop.lead.placeholder = placeholder;
        event.preventDefault();
        event.stopPropagation();
        return draw("");
      }
      if (pop.key(event)) return;
      if (event.key === "Tab") pop.close();
      event.stopPropagation();
    });
    draw("");
    pop.lead.focus({ preventScroll: true });
    return pop;
  };

  /** Suggestions below an input. ask(text) -> items, possibly later; pick(item) takes one. */
  const suggest = (input, { ask, take, label, eager = true }) => {
    let pop = null;
    let timer = 0;
    let turn = 0;
    const close = () => {
      clearTimeout(timer);
      turn += 1;
      pop?.close();
    };
    const show = async () => {
      const mine = ++turn;
      const items = await ask(input.value.trim());
      if (mine !== turn || document.activeElement !== input) return;
      if (!items.length) return pop?.close();
      if (!pop) {
        pop = new Pop(input, label);
        pop.lead = input;
        input.setAttribute("aria-expanded", "true");
        input.setAttribute("aria-controls", pop.list.id);
        pop.onclose = () => {
          pop = null;
          input.setAttribute("aria-expanded", "false");
          input.removeAttribute("aria-activedescendant");
        };
        pop.onpick = (item) => {
          close();
          take(item);
        };
      }
      pop.show(items, -1);
    };
    const soon = () => {
      clearTimeout(timer);
      timer = setTimeout(show, 120);
    };
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", autocomplete: "off", spellcheck: "false" })) input.setAttribute(name, value);
    input.addEventListener("input", (event) => !event.isComposing && soon());
    input.addEventListener("compositionend", soon);
    input.addEventListener("focus", () => eager && !input.value && soon());
    input.addEventListener("click", () => !pop && soon());
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      if (composing(event) || event.ctrlKey || event.altKey || event.metaKey) return;
      if (pop) pop.key(event);
      else if (event.key === "ArrowDown") {
        event.preventDefault();
        show();
      }
    });
    return { close };
  };

  Object.assign(space, { make, icon, composing, match, pick, suggest, closePop: () => Pop.open?.close() });
})();
