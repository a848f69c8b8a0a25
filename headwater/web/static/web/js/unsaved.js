// <form data-guard>: who goes to another page with changes that were not saved is asked first. data-guard="unsaved": the
// form has come back with errors, so what stands in it is not saved from the start. <a data-discard> goes without asking.
"use strict";
(() => {
  const before = new WeakMap();
  let sent = new WeakSet();
  const said = (form) => JSON.stringify([...new FormData(form)].filter(([, value]) => typeof value === "string"));

  // what forms say before she touches anything: parts of them may have written themselves after the page was there
  const remember = () => {
    for (const form of document.querySelectorAll("form[data-guard]")) if (!before.has(form)) before.set(form, said(form));
  };
  // a field that writes itself anew once it has loaded: that is no change of hers
  document.addEventListener("hw:settled", ({ target }) => {
    const form = target.closest("form[data-guard]");
    if (!before.has(form)) return;
    const [name, now] = [target.getAttribute("name"), new FormData(form)];
    before.set(form, JSON.stringify(JSON.parse(before.get(form)).map(([key, value]) => [key, key === name ? now.get(name) : value])));
  });
  for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, remember, true);
  document.addEventListener("submit", (event) => sent.add(event.target), true);
  // it did not arrive, or was not taken
  for (const failed of ["htmx:error", "htmx:response:error"]) document.addEventListener(failed, () => (sent = new WeakSet()));

  const unsaved = () =>
    [...document.querySelectorAll("form[data-guard]")].some(
      (form) =>
        !sent.has(form) && (form.dataset.guard === "unsaved" || (before.has(form) && before.get(form) !== said(form))),
    );

  let leaving = false;
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && unsaved()) event.preventDefault();
  });

  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest?.("a[href]");
      if (!link || leaving || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey)
        return;
      const there = new URL(link.href, location.href);
      const elsewhere = there.origin !== location.origin || there.pathname + there.search !== location.pathname + location.search;
      if (!elsewhere || link.target === "_blank" || link.hasAttribute("download") || !unsaved()) return;
      if (link.matches("[data-discard]")) {
        pass(() => {});
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      const ask = document.getElementById("leave");
      ask.returnValue = "";
      ask.addEventListener(
        "close",
        () => {
          if (ask.returnValue === "yes") pass(() => (link.isConnected ? link.click() : window.hw.go(link.href)));
        },
        { once: true },
      );
      ask.showModal();
    },
    true,
  );

  /** Go without being asked, this once. */
  const pass = (go) => {
    leaving = true;
    go();
    setTimeout(() => (leaving = false), 1000);
  };
})();
