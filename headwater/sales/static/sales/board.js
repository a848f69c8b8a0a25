// <sales-board>: cards are dragged (SortableJS) or moved by a menu. The page moves first, one POST tells the server; it
// answers with the card and the heads of both columns, or 409 with how things are and the card goes back.
"use strict";
(() => {
  if (customElements.get("sales-board")) return;
  customElements.define(
    "sales-board",
    class extends HTMLElement {
      connectedCallback() {
        this.dragging = false;
        this.sending = 0;
        this.sortables = new Map();
        this.addEventListener("click", (event) => this.click(event));
        this.addEventListener("keydown", (event) => this.key(event));
        this.changed = () => this.later();
        document.body.addEventListener("live:board", this.changed);
        this.start();
      }
      disconnectedCallback() {
        document.body.removeEventListener("live:board", this.changed);
        clearTimeout(this.timer);
        for (const sortable of this.sortables.values()) sortable.destroy();
        this.sortables.clear();
      }
      // Sortable may come later than this script
      start() {
        if (!window.Sortable) return void setTimeout(() => this.isConnected && this.start(), 30);
        for (const [list, sortable] of this.sortables)
          if (!list.isConnected) {
            sortable.destroy();
            this.sortables.delete(list);
          }
        for (const list of this.querySelectorAll(".list")) if (!this.sortables.has(list)) this.attach(list);
        this.dataset.ready = "1";
      }
      attach(list) {
        const sortable = window.Sortable.create(list, {
          group: "deals",
          draggable: ".kc",
          filter: "[data-move-menu]",
          preventOnFilter: false,
          animation: 140,
          forceFallback: true,
          fallbackOnBody: true,
          fallbackTolerance: 4,
          delay: 180,
          delayOnTouchOnly: true,
          onStart: () => (this.dragging = true),
          onEnd: (event) => this.dropped(event),
        });
        this.sortables.set(list, sortable);
      }
      dropped({ item, from, to, oldDraggableIndex, newDraggableIndex }) {
        // the click that ends a drag is no wish to open the deal
        setTimeout(() => (this.dragging = false), 50);
        if (from === to && oldDraggableIndex === newDraggableIndex) return;
        const cards = [...from.querySelectorAll(":scope > .kc")].filter((card) => card !== item);
        const next = cards[oldDraggableIndex] || null;
        this.commit(item, to, () => from.insertBefore(item, next || from.querySelector(":scope > .sl-more")));
      }
      async commit(card, list, undo) {
        let reason = "";
        if (list.dataset.kind === "lost" && card.dataset.stage !== list.dataset.stage) {
          reason = await this.ask();
          if (!reason) return undo();
        }
        const below = card.nextElementSibling?.dataset.id || "";
        card.classList.add("pending");
        this.sending += 1;
        try {
          const answer = await window.hw.post(`/deals/${card.dataset.id}/move/?${this.dataset.query}`, {
            stage: list.dataset.stage,
            version: card.dataset.version,
            before: below,
            reason,
          });
          if (!answer.ok) undo();
          if (answer.ok || answer.status === 409) this.take(await answer.text());
          if (!answer.ok) this.say(answer);
          if (answer.status === 409) this.later(0);
        } catch {
          undo();
          window.hw.toast({ text: this.dataset.failed, kind: "error" });
        } finally {
          this.sending -= 1;
          document.getElementById(card.id)?.classList.remove("pending");
        }
      }
      take(html) {
        const template = document.createElement("template");
        template.innerHTML = html;
        for (const fresh of [...template.content.children]) {
          const old = document.getElementById(fresh.id);
          if (!old) continue;
          const focused = old.contains(document.activeElement);
          old.replaceWith(fresh);
          if (focused) fresh.focus({ preventScroll: true });
        }
      }
      say(answer) {
        const trigger = answer.headers.get("HX-Trigger");
        const toast = trigger && JSON.parse(trigger).toast;
        window.hw.toast(toast || { text: this.dataset.failed, kind: "error" });
      }
      ask() {
        const dialog = document.getElementById("lost-dialog");
        const field = dialog.querySelector("[name=reason]");
        field.value = "";
        dialog.returnValue = "";
        dialog.showModal();
        field.focus();
        return new Promise((resolve) =>
          dialog.addEventListener("close", () => resolve(dialog.returnValue === "lose" ? field.value.trim() : ""), {
            once: true,
          }),
        );
      }
      click(event) {
        const card = event.target.closest(".kc");
        if (!card) return;
        if (event.target.closest("[data-move-menu]")) return this.menu(card);
        if (this.dragging) {
          event.preventDefault();
          event.stopPropagation();
          return;
        }
        if (!event.target.closest("a, button")) window.hw.go(card.querySelector("a.ttl").href);
      }
      key(event) {
        const card = event.target.closest?.(".kc");
        if (!card || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.target === card && event.key === "Enter") window.hw.go(card.querySelector("a.ttl").href);
        else if (event.key === "m" || event.key === "M") this.menu(card);
        else if (event.key === "ArrowDown") this.focusCard(card.nextElementSibling);
        else if (event.key === "ArrowUp") this.focusCard(card.previousElementSibling);
        else if (event.key === "ArrowRight") this.focusColumn(card, 1);
        else if (event.key === "ArrowLeft") this.focusColumn(card, -1);
        else return;
        event.preventDefault();
        event.stopPropagation();
      }
      focusCard(card) {
        if (card?.matches?.(".kc")) card.focus();
      }
      focusColumn(card, step) {
        const lists = [...this.querySelectorAll(".list")];
        for (let n = lists.indexOf(card.parentElement) + step; lists[n]; n += step) {
          const there = lists[n].querySelector(".kc");
          if (there) return there.focus();
        }
      }
      menu(card) {
        const dialog = document.getElementById("move-dialog");
        dialog.querySelector("[data-move-name]").textContent = card.querySelector(".ttl").textContent;
        for (const button of dialog.querySelectorAll("[data-to]")) {
          const here = button.dataset.to === card.dataset.stage;
          button.disabled = here;
          button.onclick = () => {
            dialog.close();
            this.send(card, button.dataset.to);
          };
        }
        dialog.showModal();
        dialog.querySelector("[data-to]:not(:disabled)")?.focus();
      }
      send(card, stage) {
        const list = this.querySelector(`.list[data-stage="${stage}"]`);
        const from = card.parentElement;
        const next = card.nextElementSibling;
        list.prepend(card);
        card.focus();
        this.commit(card, list, () => {
          from.insertBefore(card, next);
          card.focus();
        });
      }
      later(wait = 400) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.refresh(), wait);
      }
      async refresh() {
        if (this.dragging || this.sending || document.querySelector("#lost-dialog[open]")) return this.later();
        // what "Show more" has brought stays
        const have = [...this.querySelectorAll(".list")].map((l) => `${l.dataset.stage}:${l.querySelectorAll(":scope > .kc").length}`);
        const url = `${this.dataset.url}${this.dataset.url.includes("?") ? "&" : "?"}have=${have.join(",")}`;
        await window.htmx.ajax("GET", url, { target: this, source: this, swap: "innerMorph" });
        this.start();
      }
    },
  );
})();
