// Search while typing, and fields edited in place: Enter or leaving the field saves, Escape gives up.
"use strict";
(() => {
  if (window.hwPeople) return;
  window.hwPeople = true;

  // -- search: not while an input method composes a word
  let timer = 0;
  const search = (input, wait) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (input.dataset.asked === input.value) return;
      input.dataset.asked = input.value;
      input.form.dispatchEvent(new Event("pp:search"));
    }, wait);
  };
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-search] input[type=search]") && !event.isComposing) search(event.target, 180);
  });
  document.addEventListener("compositionend", (event) => {
    if (event.target.matches("[data-search] input[type=search]")) search(event.target, 60);
  });
  // the list that comes back brings a new search box: go on typing where we were
  let typed = null;
  document.addEventListener("htmx:before:swap", () => {
    const input = document.activeElement;
    typed = input?.matches?.("[data-search] input[type=search]")
      ? { id: input.id, value: input.value, at: input.selectionStart }
      : null;
  });
  document.addEventListener("htmx:after:swap", () => {
    const input = typed && document.getElementById(typed.id);
    if (input && document.activeElement !== input) {
      input.dataset.asked = input.value;
      input.focus();
      if (input.value !== typed.value) {
        input.value = typed.value;
        search(input, 60);
      }
      input.setSelectionRange(typed.at, typed.at);
    }
    const editor = document.querySelector("form[data-inline]:not([data-ready])");
    if (!editor) return;
    editor.dataset.ready = "1";
    const field = editor.querySelector("input, select");
    editor.dataset.was = field.value;
    field.focus();
    if (field.select) field.select();
    if (field.showPicker && field.tagName === "SELECT") {
      try {
        field.showPicker();
      } catch {
        // only right after a click; the keyboard opens it by itself
      }
    }
  });

  // -- parts that follow the live stream, except while one edits in them: data-live="TOPIC" data-pp-live="/url/"
  const follow = () => {
    for (const part of document.querySelectorAll("[data-pp-live]:not([data-followed])")) {
      part.dataset.followed = "1";
      const topic = "live:" + part.dataset.live;
      let waiting = 0;
      const tell = () => {
        if (!part.isConnected) return document.body.removeEventListener(topic, tell);
        clearTimeout(waiting);
        waiting = setTimeout(() => {
          if (part.isConnected && !part.contains(document.activeElement) && !part.querySelector("form[data-inline]"))
            window.htmx.ajax("GET", part.dataset.ppLive, { target: part, swap: "innerHTML" });
        }, 700);
      };
      document.body.addEventListener(topic, tell);
    }
  };
  document.addEventListener("htmx:after:swap", follow);
  document.addEventListener("DOMContentLoaded", follow);
  if (document.readyState !== "loading") follow();

  // -- inline editing
  const swapOf = (form) => (form.closest("dd") ? form.closest("dd") : form);
  const giveUp = (form, focus) => {
    if (form.dataset.done) return;
    form.dataset.done = "1";
    const target = swapOf(form);
    const id = target.id;
    window.htmx.ajax("GET", form.dataset.cancel, { target, swap: "outerHTML" }).then(() => {
      if (focus && id) document.querySelector("#" + id + " .pp-pen")?.focus();
    });
  };
  const save = (form) => {
    if (form.dataset.done) return;
    const field = form.querySelector("input, select");
    if (field.value === form.dataset.was && field.getAttribute("aria-invalid") !== "true") giveUp(form);
    else form.requestSubmit();
  };
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-inline]")) return;
    if (event.target.dataset.done) event.preventDefault();
    event.target.dataset.done = "1";
  }, true);
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest?.("form[data-inline]");
    if (!form || event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      giveUp(form, true);
    }
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-inline]");
    if (form && event.target.tagName === "SELECT") save(form);
  });
  document.addEventListener("focusout", (event) => {
    const form = event.target.closest?.("form[data-inline]");
    if (!form || !form.isConnected || form.contains(event.relatedTarget)) return;
    setTimeout(() => form.isConnected && !form.contains(document.activeElement) && save(form), 120);
  });

  // -- the whole list, not only the rows that are shown: data-bulk-every in the bar; any other choice takes it back
  const whole = (root, on) => {
    const field = root.querySelector("[data-bulk-whole]");
    const button = root.querySelector("[data-bulk-every]");
    if (!field || !button) return;
    field.value = on ? "1" : "";
    button.setAttribute("aria-pressed", on ? "true" : "false");
    if (on) for (const count of root.querySelectorAll("[data-bulk-count]")) count.textContent = button.dataset.total;
  };
  // the bar counts its boxes after each swap
  document.addEventListener("htmx:after:swap", () => setTimeout(() => {
    for (const root of document.querySelectorAll("[data-bulk]"))
      if (root.querySelector("[data-bulk-whole]")?.value) whole(root, true);
  }));
  document.addEventListener("click", (event) => {
    const root = event.target.closest?.("[data-bulk]");
    if (!root) return;
    const every = event.target.closest("[data-bulk-every]");
    if (every) {
      for (const box of root.querySelectorAll('input[name="ids"]')) box.checked = true;
      root.querySelector("[data-bulk-all]")?.dispatchEvent(new Event("change", { bubbles: true }));
      for (const box of root.querySelectorAll('input[name="ids"]')) box.checked = true;
      whole(root, true);
    } else if (event.target.matches('input[name="ids"], [data-bulk-all]') || event.target.closest("[data-bulk-clear]"))
      whole(root, false);
  });
})();
