// The editor of texts: whose values the preview has, and a test to a telephone. Preview and size follow by htmx.
"use strict";
(() => {
  if (window.hwTextEditor) return;
  window.hwTextEditor = true;
  const root = () => document.querySelector("[data-text-editor]");
  const form = () => root().querySelector("form");

  const choose = (button) => {
    const person = form().elements.person;
    person.value = button.dataset.person;
    root().querySelector("[name=person_search]").value = button.dataset.name;
    document.getElementById("me-hits").replaceChildren();
    person.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const test = async (button) => {
    button.disabled = true;
    try {
      const answer = await fetch(button.dataset.textTest, {
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

  document.addEventListener("click", (event) => {
    const person = event.target.closest("[data-person]");
    if (person && root()?.contains(person)) choose(person);
    const tester = event.target.closest("[data-text-test]");
    if (tester) test(tester);
  });
})();
