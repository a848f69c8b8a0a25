// <sv-tickets>: the list follows what others do, unless somebody is choosing rows or has read on.
"use strict";
(() => {
  if (customElements.get("sv-tickets")) return;
  const PAGE = 50;
  const PAUSE = 1500;
  customElements.define(
    "sv-tickets",
    class extends HTMLElement {
      connectedCallback() {
        this.hear = () => {
          clearTimeout(this.timer);
          this.timer = setTimeout(() => this.refresh(), PAUSE);
        };
        document.body.addEventListener("live:tickets", this.hear);
      }
      disconnectedCallback() {
        clearTimeout(this.timer);
        document.body.removeEventListener("live:tickets", this.hear);
      }
      refresh() {
        const busy = this.querySelector('input[name="ids"]:checked, details[open], input[type="search"]:focus');
        if (busy || this.querySelectorAll('input[name="ids"]').length > PAGE) return;
        document.body.dispatchEvent(new CustomEvent("tickets-fresh"));
      }
    },
  );
})();
