// Loads the scripts of <hw-conditions> in their order. Scripts that arrive with a boosted visit run in any order, so
// the page brings this one only, and this one the others.
"use strict";
(() => {
  if (customElements.get("hw-conditions") || window.hwConditionsLoading) return;
  window.hwConditionsLoading = true;
  for (const address of document.querySelector("script[data-conditions]").dataset.conditions.split(" ")) {
    const script = document.createElement("script");
    script.src = address;
    script.async = false; // made by a script and not async: they run in the order in which they were added
    document.head.append(script);
  }
})();
