// <hw-segment-edit>: the page of a segment's editor. The preview follows the conditions while they are typed (the last
// question wins, the old answer stays, greyed, until the new one is there), and the JSON tab shows the same.
"use strict";
if (!customElements.get("hw-segment-edit")) {
  class SegmentEdit extends HTMLElement {
    connectedCallback() {
      customElements.whenDefined("hw-conditions").then(() => this.isConnected && this.start());
    }

    start() {
      this.editor = this.querySelector("hw-conditions");
      this.json = this.querySelector("[data-json]");
      this.view = this.querySelector("[data-preview]");
      this.problems = this.querySelector(".seg-problems");
      this.form = this.querySelector("form");
      this.clean = this.editor.getAttribute("value");
      this.editor.addEventListener("change", () => {
        if (document.activeElement !== this.json) this.write();
        this.soon();
      });
      this.json.addEventListener("input", () => this.typed());
      // a random sample is drawn by the segment's key, which a new one gets from its name
      this.name = this.form.elements.name;
      this.name.addEventListener("input", () => !this.dataset.key && this.json.value.includes('"random"') && this.soon());
      for (const tab of this.querySelectorAll("[role=tab]")) {
        tab.addEventListener("click", () => this.show(tab));
        tab.addEventListener("keydown", (event) => {
          if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
          const other = [...this.querySelectorAll("[role=tab]")].find((one) => one !== tab);
          this.show(other);
          other.focus();
        });
      }
      // what keeps the form from being sent may be in the pane that is not shown, where no browser could point at it
      this.form.addEventListener("invalid", (event) => {
        const pane = event.target.closest("[role=tabpanel]");
        if (pane?.hidden) this.show(document.getElementById(pane.getAttribute("aria-labelledby")));
      }, true);
      this.write();
      this.preview();
    }

    disconnectedCallback() {
      clearTimeout(this.timer);
      this.request?.abort();
    }

    show(tab) {
      for (const one of this.querySelectorAll("[role=tab]")) {
        const chosen = one === tab;
        one.setAttribute("aria-selected", String(chosen));
        one.tabIndex = chosen ? 0 : -1;
        document.getElementById(one.getAttribute("aria-controls")).hidden = !chosen;
      }
      // what is no JSON yet stays as it was typed
      if (tab.id === "tab-json" && !this.json.validity.customError) this.write();
    }

    write() {
      this.json.value = JSON.stringify(this.editor.value, null, 2);
      this.wrong("");
    }

    /** Why the text is no JSON ("": it is): the form is not sent with the condition that stood there before. */
    wrong(text) {
      if (text) this.json.setAttribute("aria-invalid", "true");
      else this.json.removeAttribute("aria-invalid");
      this.json.setCustomValidity(text);
    }

    typed() {
      let value;
      try {
        value = JSON.parse(this.json.value);
      } catch (error) {
        clearTimeout(this.timer);
        this.view.setAttribute("aria-busy", "true"); // the preview is of what was there before
        this.wrong(this.json.dataset.wrong);
        this.tell([{ path: "", message: `${this.json.dataset.wrong} ${error.message}` }]);
        return;
      }
      this.wrong("");
      this.editor.value = value;
      this.soon();
    }

    tell(problems) {
      this.problems.replaceChildren(...problems.map(({ path, message }) => {
        const line = document.createElement("li");
        if (path) line.append(Object.assign(document.createElement("code"), { textContent: path }), " ");
        line.append(message);
        return line;
      }));
    }

    soon() {
      this.view.setAttribute("aria-busy", "true");
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.preview(), 250);
    }

    async preview() {
      this.request?.abort();
      const request = (this.request = new AbortController());
      this.view.setAttribute("aria-busy", "true");
      let answer;
      try {
        const body = new URLSearchParams({ definition: JSON.stringify(this.editor.value), key: this.dataset.key, name: this.name.value });
        const headers = { "X-CSRFToken": window.hw.csrf() };
        const response = await fetch(this.dataset.url, { method: "POST", headers, body, signal: request.signal });
        if (!response.ok) throw new Error(response.status);
        answer = await response.json();
      } catch (error) {
        if (error.name === "AbortError") return;
        this.view.textContent = this.view.dataset.failed;
        this.view.removeAttribute("aria-busy");
        return;
      }
      this.editor.problems = answer.problems || [];
      this.tell(answer.problems || []);
      if (answer.html === undefined) return; // the last good answer stays, greyed
      this.view.innerHTML = answer.html;
      this.view.removeAttribute("aria-busy");
    }
  }
  customElements.define("hw-segment-edit", SegmentEdit);
}
