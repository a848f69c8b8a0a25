// Keys: any element with data-keys="g p" (or "c", "?") is clicked when they are typed outside a field.
"use strict";
(() => {
  let first = "";
  let timer = 0;
  const typing = (element) =>
    element?.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]");

  addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : "";
    if (!key || key === '"' || key === "\\") return;
    const keys = first ? first + " " + key : key;
    const target = document.querySelector(`[data-keys="${keys}"]`);
    clearTimeout(timer);
    first = "";
    if (target) {
      event.preventDefault();
      if (target.matches("a")) window.hw.go(target.href);
      else target.click();
    } else if (document.querySelector(`[data-keys^="${key} "]`)) {
      first = key;
      timer = setTimeout(() => (first = ""), 1200);
    }
  });
})();
