// The page as a whole: navigation by htmx and what may go wrong with it, the drawer, menus, small data-attributes.
"use strict";
window.hw = {
  /** The CSRF token that htmx sends too. */
  csrf: () => JSON.parse(document.body.getAttribute("hx-headers:inherited") || "{}")["X-CSRFToken"] || "",
  /** POST a form body; resolves to the Response. */
  post: (url, values = {}) =>
    fetch(url, {
      method: "POST",
      headers: { "X-CSRFToken": window.hw.csrf(), "HX-Request": "true", "HX-Request-Type": "partial" },
      body: new URLSearchParams(values),
    }),
  /** Load a page of ours into #main, or the whole document when htmx is away. */
  go: (url) => {
    const link = document.createElement("a");
    link.href = url;
    document.body.append(link);
    if (window.htmx) window.htmx.process(link);
    link.click();
    link.remove();
  },
  /** Fetch the current page again, keeping the scroll position. */
  refresh: () =>
    window.htmx.ajax("GET", location.href, { target: "#main", select: "#main", swap: "outerHTML show:none" }),
  /** A text from the page: <body data-text-NAME>. */
  text: (name) => document.body.dataset["text" + name] || "",
};

(() => {
  const boosted = (ctx) => Boolean(ctx?.sourceElement?._htmx?.boosted);
  const isPage = (text) => /<html[\s>]/i.test(text);

  // A response that is no page (a download, JSON) or a whole page where a fragment was expected (the session ended):
  // let the browser load it.
  document.addEventListener("htmx:before:response", (event) => {
    const { ctx } = event.detail;
    const type = ctx.response.raw.headers.get("Content-Type") || "";
    const file = ctx.response.raw.headers.get("Content-Disposition") || "";
    if (!boosted(ctx) || ctx.request.method !== "GET") return;
    if (!type.includes("text/html") || file.startsWith("attachment")) {
      event.preventDefault();
      location.assign(ctx.request.action);
    }
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    const { raw, status } = ctx.response;
    const wantsMain = boosted(ctx) || ctx.select === "#main";
    if (isPage(ctx.text) && (wantsMain ? !/id="main"/.test(ctx.text) : raw.redirected)) {
      event.preventDefault();
      location.assign(raw.url);
    } else if (wantsMain && status >= 400 && ctx.request.method === "GET") {
      event.preventDefault();
      location.assign(ctx.request.action);
    } else if (boosted(ctx) && status === 422 && isPage(ctx.text)) {
      // the page again, with what is wrong in its form: the one error that is shown as a page
      ctx.sourceElement.setAttribute("hx-status:422", "swap:outerHTML");
      ctx.push = "false"; // the form's address may answer to POST alone
    }
  });
  document.addEventListener("htmx:response:error", (event) => {
    const { ctx } = event.detail;
    if (ctx.response.status === 422 || ctx.response.headers.get("HX-Trigger")) return;
    const key = { 403: "Forbidden", 404: "Gone", 409: "Conflict" }[ctx.response.status] || "Error";
    window.hw.toast({ text: window.hw.text(key), kind: "error" });
  });
  document.addEventListener("htmx:error", (event) => {
    if (event.detail.error?.name === "AbortError") return;
    if (event.detail.ctx) window.hw.toast({ text: window.hw.text("Offline"), kind: "error" });
  });

  // the thin line at the top while a page is on its way
  // htmx copies the style attribute of an element to the new one of the same id, which the policy forbids; a textarea
  // that was resized by hand has one.
  document.addEventListener("htmx:before:swap", () => {
    for (const at of document.querySelectorAll("#main [id][style], #dialog [id][style]")) at.removeAttribute("style");
  });
  document.addEventListener("htmx:before:request", (event) => {
    if (boosted(event.detail.ctx)) document.documentElement.classList.add("loading");
  });
  document.addEventListener("htmx:finally:request", () => document.documentElement.classList.remove("loading"));

  const drawer = (open) => {
    document.body.classList.toggle("drawer-open", open);
    document.querySelector("[data-drawer]")?.setAttribute("aria-expanded", String(open));
    if (open) document.querySelector("#side a, #side button")?.focus();
  };
  // on a phone the settings' menu is a row that scrolls: show where one is
  const showCurrent = () => {
    const nav = document.querySelector(".set-nav");
    const here = nav?.querySelector("[aria-current=page]");
    if (here) nav.scrollLeft = here.offsetLeft - nav.offsetLeft - (nav.clientWidth - here.offsetWidth) / 2;
  };
  showCurrent();
  document.addEventListener("htmx:after:swap", (event) => {
    if (!boosted(event.detail.ctx)) return;
    drawer(false);
    showCurrent();
    const main = document.getElementById("main");
    if (main && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
  });

  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]"))
      if (!except || !menu.contains(except)) menu.open = false;
  };
  document.addEventListener("click", (event) => {
    const at = event.target;
    closeMenus(at.closest("details.menu"));
    if (at.closest("details.menu .menu-list a, details.menu .menu-list [data-menu-close]")) closeMenus();
    if (at.closest("[data-drawer]")) drawer(!document.body.classList.contains("drawer-open"));
    else if (at.closest("[data-drawer-close]")) drawer(false);
    const copy = at.closest("[data-copy]");
    if (copy)
      navigator.clipboard.writeText(copy.dataset.copy).then(() => window.hw.toast({ text: window.hw.text("Copied") }));
    const theme = at.closest("[data-set-theme]");
    if (theme) {
      window.showTheme(theme.dataset.setTheme);
      for (const button of document.querySelectorAll("[data-set-theme]"))
        button.setAttribute("aria-pressed", String(button.dataset.setTheme === theme.dataset.setTheme));
      window.hw.post("/preferences/theme/", { theme: theme.dataset.setTheme });
    }
    const fill = at.closest("[data-sign-in]");
    if (fill) {
      const form = document.querySelector("#sign-in");
      form.querySelector("[name=login]").value = fill.dataset.signIn;
      form.querySelector("[name=password]").value = fill.dataset.password;
      form.requestSubmit();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    const menu = document.activeElement?.closest("details.menu[open]");
    closeMenus();
    menu?.querySelector("summary").focus();
    drawer(false);
  });
  // <select data-submit>, <input data-submit>: send the form when the value changes
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form?.requestSubmit();
  });
})();
