// <tw-clock datetime="2026-11-02T09:30:00+00:00" data-left="left" data-over="overdue">: a running clock to a moment.
"use strict";
(() => {
  if (customElements.get("tw-clock")) return;
  const lang = document.documentElement.lang || "en";
  const unit = (n, name) => new Intl.NumberFormat(lang, { style: "unit", unit: name, unitDisplay: "narrow" }).format(n);
  const two = (n) => String(n).padStart(2, "0");

  const text = (seconds) => {
    const days = Math.floor(seconds / 86400);
    const hours = Math.floor(seconds / 3600);
    if (days > 0) return `${unit(days, "day")} ${unit(hours % 24, "hour")}`;
    const minutes = Math.floor(seconds / 60);
    return hours > 0 ? `${hours}:${two(minutes % 60)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
  };

  customElements.define(
    "tw-clock",
    class extends HTMLElement {
      connectedCallback() {
        this.setAttribute("role", "timer");
        this.title = new Date(this.getAttribute("datetime")).toLocaleString(lang);
        this.tick();
        this.timer = setInterval(() => this.tick(), 1000);
      }
      disconnectedCallback() {
        clearInterval(this.timer);
      }
      tick() {
        const left = Math.round((new Date(this.getAttribute("datetime")) - Date.now()) / 1000);
        this.classList.toggle("late", left < 0);
        this.classList.toggle("soon", left >= 0 && left < 900);
        this.textContent = `${text(Math.abs(left))} ${left < 0 ? this.dataset.over : this.dataset.left}`;
      }
    },
  );
})();
