// Choosing rows: a container with data-bulk holds checkboxes name="ids", one checkbox data-bulk-all for all of them
// and a bar data-bulk-bar that shows when something is chosen; data-bulk-count gets the number, data-bulk-clear clears.
// Shift+click chooses a range.
"use strict";
(() => {
  const boxes = (root) => [...root.querySelectorAll('input[type=checkbox][name="ids"]')];
  let last = null;

  const update = (root) => {
    const all = boxes(root);
    const chosen = all.filter((box) => box.checked).length;
    for (const bar of root.querySelectorAll("[data-bulk-bar]")) bar.hidden = chosen === 0;
    for (const count of root.querySelectorAll("[data-bulk-count]")) count.textContent = chosen.toLocaleString();
    for (const box of root.querySelectorAll("[data-bulk-all]")) {
      box.checked = chosen > 0 && chosen === all.length;
      box.indeterminate = chosen > 0 && chosen < all.length;
    }
  };

  document.addEventListener("click", (event) => {
    const root = event.target.closest("[data-bulk]");
    if (!root) return;
    if (event.target.closest("[data-bulk-clear]")) {
      boxes(root).forEach((box) => (box.checked = false));
      update(root);
    }
    if (!event.target.matches('input[name="ids"]')) return;
    const all = boxes(root);
    const from = all.indexOf(last);
    const to = all.indexOf(event.target);
    if (event.shiftKey && from >= 0)
      for (const box of all.slice(Math.min(from, to), Math.max(from, to) + 1)) box.checked = event.target.checked;
    last = event.target;
    update(root);
  });
  document.addEventListener("change", (event) => {
    const root = event.target.closest("[data-bulk]");
    if (!root) return;
    if (event.target.matches("[data-bulk-all]"))
      boxes(root).forEach((box) => (box.checked = event.target.checked));
    update(root);
  });
  document.addEventListener("htmx:after:swap", () => document.querySelectorAll("[data-bulk]").forEach(update));
})();
