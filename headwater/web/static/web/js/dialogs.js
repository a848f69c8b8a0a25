// Native <dialog>s.
//   <button data-dialog="#invite">       opens <dialog class="dlg" id="invite">
//   <button hx-get="/x/new/" hx-target="#dialog">   loads a form into the one shared dialog and opens it
//   <button data-close>                  closes the dialog it is in
//   hx-confirm="Delete it?"              asks in a dialog of ours instead of the browser's
// A fragment that answers a form in #dialog: 422 shows it again with its errors (give the form
// hx-status:422="swap:innerHTML"), 204 with HX-Redirect or HX-Trigger: {"dialog:close":{}} ends it.
"use strict";
(() => {
  const shared = () => document.getElementById("dialog");
  const close = () => {
    const dialog = shared();
    if (dialog?.open) dialog.close();
  };

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      const dialog = document.querySelector(opener.dataset.dialog);
      if (dialog && !dialog.open) {
        dialog.showModal();
        dialog.querySelector("[autofocus], input:not([type=hidden]), select, textarea")?.focus();
      }
      return;
    }
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
    // a click beside the sheet lands on the dialog itself
    if (event.target.matches("dialog.dlg[open]")) {
      const box = event.target.getBoundingClientRect();
      const inside =
        event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside && event.clientX + event.clientY > 0) event.target.close();
    }
  });

  document.addEventListener("htmx:after:swap", (event) => {
    const { ctx } = event.detail;
    const dialog = shared();
    if (!dialog) return;
    const target = typeof ctx?.target === "string" ? document.querySelector(ctx.target) : ctx?.target;
    if (target === dialog && dialog.childElementCount && !dialog.open) {
      dialog.showModal();
      dialog.querySelector("[autofocus], input:not([type=hidden]), select, textarea")?.focus();
    } else if (target?.id === "main") {
      for (const open of document.querySelectorAll("dialog.dlg[open]")) {
        open.close();
        // one of the new page's own stands open for what is wrong in its form
        if (open.closest("#main")) {
          open.showModal();
          open.querySelector("[aria-invalid=true], input:not([type=hidden]), select, textarea")?.focus();
        }
      }
    }
  });
  document.addEventListener("dialog:close", close);

  document.addEventListener("htmx:confirm", (event) => {
    const ask = document.getElementById("ask");
    if (!ask) return;
    event.preventDefault();
    const { ctx, issueRequest, dropRequest } = event.detail;
    ask.querySelector("[data-ask-text]").textContent = ctx.confirm;
    ask.returnValue = "";
    ask.addEventListener("close", () => (ask.returnValue === "yes" ? issueRequest() : dropRequest()), { once: true });
    ask.showModal();
  });
})();
