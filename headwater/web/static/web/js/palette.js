// Ctrl+K: one box that finds every page, action and record. The server answers with the list (web/palette.html);
// this moves the choice, remembers what was chosen lately, and leaves input methods (IME) alone.
"use strict";
(() => {
  const RECENT = "hw-recent-" + (document.documentElement.dataset.user || "");
  let timer = 0;
  let request = null;

  const dialog = () => document.getElementById("palette");
  const input = () => dialog().querySelector("input");
  const list = () => dialog().querySelector(".pal-list");
  const items = () => [...list().querySelectorAll(".pal-item")];

  const choose = (index) => {
    const all = items();
    if (!all.length) {
      input().removeAttribute("aria-activedescendant");
      return;
    }
    const at = (index + all.length) % all.length;
    all.forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
    input().setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  };
  const chosen = () => items().findIndex((item) => item.getAttribute("aria-selected") === "true");

  const recent = () => {
    try {
      return JSON.parse(localStorage.getItem(RECENT)) || [];
    } catch {
      return [];
    }
  };
  const remember = (item) => {
    if (!item.matches("[data-recent]")) return;
    const entry = { url: item.getAttribute("href"), html: item.innerHTML };
    const rest = recent().filter((other) => other.url !== entry.url);
    localStorage.setItem(RECENT, JSON.stringify([entry, ...rest].slice(0, 5)));
  };
  const addRecent = () => {
    const box = list().querySelector("[data-recent-here]");
    const entries = recent();
    if (!box || !entries.length) return;
    box.hidden = false;
    entries.forEach((entry, i) => {
      const link = document.createElement("a");
      link.className = "pal-item";
      link.id = "pal-recent-" + i;
      link.setAttribute("role", "option");
      link.setAttribute("tabindex", "-1");
      link.setAttribute("data-recent", "");
      link.href = entry.url;
      link.innerHTML = entry.html;
      box.append(link);
    });
  };

  const load = async () => {
    request?.abort();
    request = new AbortController();
    const text = input().value.trim();
    try {
      const answer = await fetch("/palette/?q=" + encodeURIComponent(text), {
        signal: request.signal,
        headers: { "HX-Request": "true", "HX-Request-Type": "partial" },
      });
      if (answer.redirected) return location.reload();
      if (!answer.ok) return;
      list().innerHTML = await answer.text();
      if (!text) addRecent();
      choose(0);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  };
  const open = () => {
    if (!dialog() || dialog().open) return;
    dialog().showModal();
    input().select();
    load();
  };
  const follow = (item, event) => {
    remember(item);
    dialog().close();
    if (event?.ctrlKey || event?.metaKey) window.open(item.href, "_blank");
    else if (item.dataset.run) document.querySelector(item.dataset.run)?.click();
    else window.hw.go(item.href);
  };

  addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || !dialog()) return;
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (dialog().open) dialog().close();
      else open();
      return;
    }
    if (!dialog().open) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      choose(chosen() + step);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const item = items()[chosen()];
      if (item) follow(item, event);
    }
  });
  document.addEventListener("input", (event) => {
    if (!event.target.closest("#palette") || event.isComposing) return;
    clearTimeout(timer);
    timer = setTimeout(load, 120);
  });
  document.addEventListener("compositionend", (event) => {
    if (!event.target.closest("#palette")) return;
    clearTimeout(timer);
    timer = setTimeout(load, 120);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette]")) open();
    const item = event.target.closest("#palette .pal-item");
    if (item) {
      event.preventDefault();
      follow(item, event);
    } else if (event.target === dialog()) dialog().close();
  });
  document.addEventListener("mousemove", (event) => {
    const item = event.target.closest?.("#palette .pal-item");
    if (item && item.getAttribute("aria-selected") !== "true") choose(items().indexOf(item));
  });
})();
