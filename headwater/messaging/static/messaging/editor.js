// The template editor: the preview and the checks follow what is typed; the preview loads in its own frame, whose
// answer has a policy of its own.
"use strict";
(() => {
  if (window.hwMailEditor) {
    window.hwMailEditor();
    return;
  }
  let timer = 0;
  const root = () => document.querySelector("[data-mail-editor]");
  const form = () => root()?.querySelector("form");

  const show = () => {
    const f = form();
    if (!f) return;
    f.requestSubmit(f.querySelector("[data-preview]"));
  };

  const check = async () => {
    const place = root()?.querySelector("[data-checks]");
    if (!place) return;
    const answer = await fetch(place.dataset.checks, { method: "POST", body: new FormData(form()) });
    if (answer.ok) place.innerHTML = await answer.text();
  };

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      show();
      check().catch(() => {});
    }, 400);
  };

  const choose = (button) => {
    form().elements.person.value = button.dataset.person;
    root().querySelector("[name=person_search]").value = button.dataset.name;
    document.getElementById("me-hits").replaceChildren();
    show();
  };

  const test = async (button) => {
    button.disabled = true;
    try {
      const answer = await fetch(button.dataset.mailTest, {
        method: "POST",
        body: new FormData(form()),
        headers: { "HX-Request": "true", "HX-Request-Type": "partial" },
      });
      const told = JSON.parse(answer.headers.get("HX-Trigger") || "{}");
      for (const item of told.toast?.items ?? [told.toast]) if (item && window.hw) window.hw.toast(item);
    } finally {
      button.disabled = false;
    }
  };

  document.addEventListener("input", (event) => {
    if (event.target.closest("[data-mail-editor] form")) soon();
  });
  document.addEventListener("click", (event) => {
    const person = event.target.closest("[data-person]");
    if (person && root()?.contains(person)) choose(person);
    const tester = event.target.closest("[data-mail-test]");
    if (tester) test(tester);
    const width = event.target.closest("[data-mail-editor] [data-width]");
    if (width && width.matches("button")) {
      for (const one of root().querySelectorAll("button[data-width]")) one.setAttribute("aria-pressed", String(one === width));
      root().querySelector("iframe").dataset.width = width.dataset.width;
    }
  });
  window.hwMailEditor = show;
  show();
})();
