// The public inbox has no live stream: fetch the list every two seconds while the page is seen.
"use strict";
(() => {
  const root = document.querySelector("[data-poll]");
  const find = () => root.querySelector(root.dataset.poll);
  let last = find()?.innerHTML;
  const look = async () => {
    const list = find();
    if (!list || document.hidden) return;
    try {
      const answer = await fetch(list.dataset.list, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(root.dataset.poll);
      if (fresh && fresh.innerHTML !== last) {
        last = fresh.innerHTML;
        list.replaceWith(fresh);
      }
    } catch {
      // the server is away for a moment; the next look tells
    }
  };
  setInterval(look, 2000);
})();
