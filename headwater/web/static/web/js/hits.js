// <input data-hits hx-target="...">: a search whose finds (`data-hit`) stand in its target. Enter takes the first of them,
// once they answer what stands in the field; the arrows go through them and back.
"use strict";
(() => {
  const asked = new WeakMap();
  const answered = new WeakMap();
  const finds = (input) => [...(document.querySelector(input.getAttribute("hx-target"))?.querySelectorAll("[data-hit]") || [])];
  const asking = (event) => event.detail.ctx?.sourceElement?.closest?.("input[data-hits]");
  document.addEventListener("htmx:before:request", (event) => {
    const input = asking(event);
    if (input) asked.set(input, input.value);
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const input = asking(event);
    if (input) answered.set(input, asked.get(input));
  });

  document.addEventListener("keydown", (event) => {
    const input =
      event.target.closest?.("input[data-hits]") ||
      (event.target.closest?.("[data-hit]") && [...document.querySelectorAll("input[data-hits]")].find((one) => finds(one).includes(event.target)));
    const all = input ? finds(input) : [];
    if (!all.length) return;
    if (event.key === "Enter" && event.target === input && answered.get(input) === input.value) {
      event.preventDefault();
      all[0].click();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || (event.target === input && step < 0)) return;
    event.preventDefault();
    (all[Math.min(all.indexOf(event.target) + step, all.length - 1)] || input).focus();
  });
})();
