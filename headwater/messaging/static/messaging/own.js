// A browser of one's own takes tests of push messages: the editor of push messages and the settings.
"use strict";
(() => {
  if (window.hwOwnBrowser) return;
  window.hwOwnBrowser = true;

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

  const active = (registration) =>
    new Promise((done) => {
      const worker = registration.active || registration.waiting || registration.installing;
      if (!worker || worker.state === "activated") return done(registration);
      worker.addEventListener("statechange", () => worker.state === "activated" && done(registration));
    });

  const subscribe = async (box) => {
    const worker = box.dataset.worker;
    const scope = worker.replace(/[^/]*$/, "");
    const registration = await active(await navigator.serviceWorker.register(worker, { scope }));
    const before = await registration.pushManager.getSubscription();
    if (before) await before.unsubscribe();
    return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(box.dataset.key) });
  };

  const say = (box, words) => {
    const line = box.querySelector("[data-push-own-problem]");
    line.textContent = words;
    line.hidden = !words;
  };

  // Only this box is fetched again: what stands in the editor around it is not saved yet.
  const refresh = async (box) => {
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    const fresh = page.querySelector("[data-push-own]");
    if (fresh) box.replaceWith(fresh);
    else location.reload();
  };

  const add = async (button) => {
    const box = button.closest("[data-push-own]");
    if (!("serviceWorker" in navigator && "PushManager" in window && window.isSecureContext)) return say(box, box.dataset.unsupported);
    button.disabled = true;
    try {
      if ((await Notification.requestPermission()) !== "granted") return say(box, box.dataset.denied);
      const made = await subscribe(box);
      const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
      const answer = await fetch(box.dataset.pushOwn, {
        method: "POST",
        body: JSON.stringify(made.toJSON()),
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      });
      if (!answer.ok) return say(box, (await answer.json()).reason || String(answer.status));
      await refresh(box);
    } catch (error) {
      say(box, `${box.dataset.failed} (${error.message})`);
    } finally {
      button.disabled = false;
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-push-own-add]");
    if (button) add(button);
  });
})();
