// <sales-stages>: the stages of a pipeline are put in order by dragging their rows (SortableJS) or by two arrow buttons.
"use strict";
(() => {
  if (customElements.get("sales-stages")) return;
  customElements.define(
    "sales-stages",
    class extends HTMLElement {
      connectedCallback() {
        this.addEventListener("click", (event) => {
          const button = event.target.closest("[data-by]");
          if (button) this.send({ stage: button.closest("tr").dataset.stage, by: button.dataset.by });
        });
        this.start();
      }
      // Sortable may come later than this script
      start() {
        if (!window.Sortable) return void setTimeout(() => this.isConnected && this.start(), 30);
        this.sortable = window.Sortable.create(this.querySelector("tbody"), {
          draggable: ".sl-open",
          handle: ".sl-handle",
          animation: 140,
          forceFallback: true,
          onMove: ({ related }) => related.matches(".sl-open"),
          onEnd: ({ oldIndex, newIndex }) => {
            // Sortable swallows the click that ends a drag; where none came, it would swallow the next one
            setTimeout(() => document.body.dispatchEvent(new MouseEvent("click", { bubbles: true })), 60);
            const rows = [...this.querySelectorAll(".sl-open")];
            if (oldIndex !== newIndex) this.send({ stages: rows.map((row) => row.dataset.stage).join(",") });
          },
        });
      }
      disconnectedCallback() {
        this.sortable?.destroy();
      }
      async send(values) {
        const answer = await window.hw.post(this.dataset.url, values).catch(() => null);
        if (!answer || (!answer.ok && answer.status !== 409)) return void location.reload();
        const template = document.createElement("template");
        template.innerHTML = await answer.text();
        const fresh = template.content.querySelector("sales-stages");
        this.replaceWith(fresh);
        window.htmx.process(fresh);
        if (!values.stage) return;
        const row = fresh.querySelector(`[data-stage="${values.stage}"]`);
        (row.querySelector(`[data-by="${values.by}"]:not(:disabled)`) || row.querySelector("[data-by]:not(:disabled)"))?.focus();
      }
    },
  );
})();
