// <hw-rule-edit>: the page of a scoring rule. What it would have given follows what is typed: the last question wins,
// the old answer stays, greyed, until the new one is there.
"use strict";
if (!customElements.get("hw-rule-edit")) {
  class RuleEdit extends HTMLElement {
    connectedCallback() {
      customElements.whenDefined("hw-conditions").then(() => this.isConnected && this.start());
    }

    start() {
      this.form = this.querySelector("form");
      this.editor = this.querySelector("hw-conditions");
      this.view = this.querySelector("[data-effect]");
      this.editor.addEventListener("change", () => this.soon());
      this.form.addEventListener("input", () => this.soon());
      this.ask();
    }

    disconnectedCallback() {
      clearTimeout(this.timer);
      this.request?.abort();
    }

    soon() {
      this.view.setAttribute("aria-busy", "true");
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.ask(), 300);
    }

    async ask() {
      this.request?.abort();
      const request = (this.request = new AbortController());
      const body = new URLSearchParams(new FormData(this.form));
      body.set("definition", JSON.stringify(this.editor.value));
      try {
        const headers = { "X-CSRFToken": window.hw.csrf() };
        const response = await fetch(this.dataset.url, { method: "POST", headers, body, signal: request.signal });
        if (response.ok) this.view.innerHTML = await response.text();
      } catch (error) {
        if (error.name === "AbortError") return;
      }
      this.view.removeAttribute("aria-busy");
    }
  }
  customElements.define("hw-rule-edit", RuleEdit);
}
