// Short notices in an aria-live region, with Undo.
//   server, whole page:  messages.success(request, "Saved")            (rendered as <hw-toast> by base.html)
//   server, fragment:    HX-Trigger: {"toast": {"text": "...", "undo": "/url", "kind": "error"}}
//   script:              hw.toast({text, undo, kind})
"use strict";
(() => {
  const STAY = 5000;

  const undo = async (url, note) => {
    note.remove();
    const answer = await window.hw.post(url);
    if (!answer.ok) {
      window.hw.toast({ text: window.hw.text("Error"), kind: "error" });
      return;
    }
    const trigger = answer.headers.get("HX-Trigger");
    if (trigger && trigger.startsWith("{")) {
      const { toast } = JSON.parse(trigger);
      if (toast) window.hw.toast(toast);
    }
    window.hw.refresh();
  };

  window.hw.toast = ({ text, undo: url, kind = "success", items }) => {
    if (items) {
      items.forEach(window.hw.toast);
      return;
    }
    const region = document.getElementById("toasts");
    if (!region || !text) return;
    const note = document.createElement("div");
    note.className = "toastx";
    note.dataset.kind = kind;
    const label = document.createElement("span");
    label.textContent = text;
    note.append(label);
    if (url) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = window.hw.text("Undo");
      button.addEventListener("click", () => undo(url, note));
      note.append(button);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.className = "close";
    close.textContent = "×";
    close.setAttribute("aria-label", window.hw.text("Close"));
    close.addEventListener("click", () => note.remove());
    note.append(close);
    region.append(note);
    let timer = setTimeout(() => note.remove(), url || kind === "error" ? STAY * 2 : STAY);
    note.addEventListener("mouseenter", () => clearTimeout(timer));
    note.addEventListener("mouseleave", () => (timer = setTimeout(() => note.remove(), STAY)));
  };

  document.addEventListener("toast", (event) => window.hw.toast(event.detail));

  customElements.define(
    "hw-toast",
    class extends HTMLElement {
      connectedCallback() {
        const show = () => {
          window.hw.toast({ text: this.textContent.trim(), undo: this.dataset.undo, kind: this.dataset.kind });
          this.remove();
        };
        queueMicrotask(show);
      }
    },
  );
})();
