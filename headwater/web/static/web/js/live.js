// Live updates. An element says what it waits for,
//   <section hx-get="/visitors/rows/" hx-trigger="live:visitors from:body throttle:500ms">
//   <hw-board data-live="board,person:12">
// and every `data: TOPIC` of the server's stream /live becomes an event `live:TOPIC` on <body>.
"use strict";
(() => {
  let source = null;
  let open = "";
  let timer = 0;

  const topics = () => {
    const found = new Set();
    for (const element of document.querySelectorAll("[hx-trigger*='live:']"))
      for (const [, topic] of element.getAttribute("hx-trigger").matchAll(/live:([\w:.-]+)/g)) found.add(topic);
    for (const element of document.querySelectorAll("[data-live]"))
      for (const topic of element.dataset.live.split(/[\s,]+/)) if (topic) found.add(topic);
    return [...found].sort().join(",");
  };

  const stop = () => {
    source?.close();
    source = null;
    open = "";
  };

  const start = () => {
    const wanted = topics();
    if (wanted === open && source && source.readyState !== EventSource.CLOSED) return;
    stop();
    if (!wanted || document.hidden) return;
    open = wanted;
    let lost = false;
    source = new EventSource("/live?topics=" + encodeURIComponent(wanted));
    source.onmessage = (event) => tell(event.data);
    source.onopen = () => {
      // what was published while we were away is not repeated: fetch everything once
      if (lost) wanted.split(",").forEach(tell);
      lost = false;
    };
    source.onerror = () => {
      lost = true;
      if (source?.readyState === EventSource.CLOSED) {
        clearTimeout(timer);
        timer = setTimeout(start, 5000);
      }
    };
  };

  const tell = (topic) => document.body.dispatchEvent(new CustomEvent("live:" + topic, { detail: { topic } }));
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(start, 150);
  };

  document.addEventListener("DOMContentLoaded", soon);
  document.addEventListener("htmx:after:swap", soon);
  document.addEventListener("htmx:after:history:restore", soon);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    const was = open;
    soon();
    if (!was) topics().split(",").filter(Boolean).forEach(tell);
  });
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => event.persisted && soon());
})();
