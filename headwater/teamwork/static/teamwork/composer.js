// <tw-composer>: tabs Note | Log call | Task over forms with data-pane; a form that was taken is emptied.
"use strict";
(() => {
  if (customElements.get("tw-composer")) return;
  customElements.define(
    "tw-composer",
    class extends HTMLElement {
      connectedCallback() {
        this.addEventListener("click", (event) => {
          const tab = event.target.closest("[data-tab]");
          if (tab) this.show(tab.dataset.tab);
        });
        this.addEventListener("keydown", (event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing)
            event.target.form?.requestSubmit();
        });
        this.addEventListener("composed", (event) => {
          const form = event.target.closest("form");
          if (!form) return;
          form.reset();
          const problem = form.querySelector(".tw-err");
          if (problem) problem.textContent = "";
        });
      }
      show(name) {
        for (const tab of this.querySelectorAll("[data-tab]")) {
          const on = String(tab.dataset.tab === name);
          tab.setAttribute("aria-selected", on);
        }
        for (const pane of this.querySelectorAll("[data-pane]")) pane.hidden = pane.dataset.pane !== name;
        this.querySelector(`[data-pane="${name}"] textarea`)?.focus();
      }
    },
  );
})();
