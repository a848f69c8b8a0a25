/* Headwater's push messages on a web site: asks softly, subscribes, keeps the subscription known. Served by
   views/push.py with the site's settings in front, as /push/KEY.js; needs the tracking script beside it. */
(function (w, d, n, C) {
  'use strict';
  if (w.headwater && w.headwater.push) return;
  var supported = 'serviceWorker' in n && 'PushManager' in w && 'Notification' in w && w.isSecureContext;
  var shown = null, scope = C.worker.replace(/[^/]*$/, '') + 'headwater-push/';
  w.headwater = Object.assign(w.headwater || {}, { push: { ask: ask, off: off, state: state } });

  function keep(key, value) {
    try {
      if (value === undefined) return localStorage.getItem(key);
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, value);
    } catch (e) {}
  }
  function visitor() {
    return (w.hw && w.hw.on && w.hw('visitor')) || '';
  }
  function bytes(text) {
    var raw = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
    return Uint8Array.from(raw, function (c) { return c.charCodeAt(0); });
  }
  function same(buffer) {
    if (!buffer) return true;
    var key = bytes(C.key), own = new Uint8Array(buffer);
    return own.length == key.length && own.every(function (b, i) { return b == key[i]; });
  }
  function tell(what, body) {
    return fetch(C.host + '/push/' + C.site + '/' + what, {
      method: 'POST', body: JSON.stringify(body), credentials: 'omit', keepalive: true
    }).then(function (r) { return r.ok ? r.json() : Promise.reject(new Error('push: ' + r.status)); });
  }
  function subscription() {
    return n.serviceWorker.getRegistration(scope).then(function (found) {
      return found && new URL(found.scope).pathname == scope ? found.pushManager.getSubscription() : null;
    });
  }
  /* "unsupported", "denied" (the browser will not ask again), "on", "off". */
  function state() {
    if (!supported || !visitor()) return Promise.resolve('unsupported');
    if (Notification.permission == 'denied') return Promise.resolve('denied');
    return subscription().then(function (sub) { return sub ? 'on' : 'off'; });
  }
  function ready(registration) {
    var worker = registration.active || registration.waiting || registration.installing;
    if (!worker || worker.state == 'activated') return registration;
    return new Promise(function (done, failed) {
      worker.addEventListener('statechange', function () {
        if (worker.state == 'activated') done(registration);
        else if (worker.state == 'redundant') failed(new Error('push: the service worker cannot be used'));
      });
    });
  }
  function begin() {
    return n.serviceWorker.register(C.worker, { scope: scope }).then(ready).then(function (registration) {
      return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(C.key) });
    });
  }
  /* The browser's own question comes after ours has been answered with yes, never before. */
  function agree(words) {
    return Notification.requestPermission().then(function (answer) {
      if (answer != 'granted') return answer == 'denied' ? 'denied' : 'off';
      return begin().then(function (sub) {
        return tell('subscribe', { visitor: visitor(), subscription: sub.toJSON(), asked: true, text: words, url: location.href.slice(0, 2000) });
      }).then(function () {
        keep('hw_pn', null);
        noted();
        return 'on';
      });
    });
  }
  function noted() {
    keep('hw_ps', visitor() + ' ' + Date.now());
  }
  /* Tell once a day, and when the visitor is another one, which subscription this browser has. */
  function sync() {
    if (!supported || !visitor() || Notification.permission != 'granted') return Promise.resolve();
    return subscription().then(function (sub) {
      if (!sub) return;
      if (!same(sub.options && sub.options.applicationServerKey)) {
        var before = sub.endpoint;
        return sub.unsubscribe().then(begin).then(function (made) {
          return tell('replace', { before: before, subscription: made.toJSON() });
        }).then(noted);
      }
      var last = (keep('hw_ps') || '').split(' ');
      if (last[0] == visitor() && Date.now() - last[1] < 864e5) return;
      return tell('subscribe', { visitor: visitor(), subscription: sub.toJSON(), asked: false }).then(function (said) {
        noted();
        if (said.state == 'ended') return sub.unsubscribe();
      });
    });
  }
  /* No more push messages in this browser. */
  function off() {
    keep('hw_pn', String(Date.now()));
    if (!supported) return Promise.resolve('unsupported');
    return subscription().then(function (sub) {
      if (!sub) return;
      return tell('unsubscribe', { endpoint: sub.endpoint, url: location.href.slice(0, 2000) }).then(function () { return sub.unsubscribe(); });
    }).then(state);
  }
  /* Our question. Resolves with the state after it: "on", "off", "denied", "unsupported". */
  function ask() {
    return state().then(function (now) {
      if (now != 'off') return now;
      return shown || (shown = new Promise(box).then(function (yes) {
        shown = null;
        if (!yes) keep('hw_pn', String(Date.now()));
        return yes || 'off';
      }));
    });
  }
  function box(done) {
    var host = d.createElement('div'), root = host.attachShadow({ mode: 'open' }), words = C.title + (C.text ? '\n' + C.text : '');
    host.id = 'headwater-push';
    try {
      var sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS);
      root.adoptedStyleSheets = [sheet];
    } catch (e) {}
    var card = add(root, 'div', ''), text = add(card, 'div', '');
    card.setAttribute('role', 'dialog');
    card.setAttribute('aria-labelledby', 't');
    card.className = 'card';
    add(text, 'h2', C.title).id = 't';
    if (C.text) add(text, 'p', C.text);
    var row = add(card, 'div', ''), no = add(row, 'button', C.no), yes = add(row, 'button', C.yes);
    row.className = 'row';
    yes.className = 'yes';
    no.type = yes.type = 'button';
    function end(answer) {
      d.removeEventListener('keydown', key, true);
      host.remove();
      done(answer);
    }
    function key(e) { if (e.key == 'Escape') end(false); }
    no.addEventListener('click', function () { end(false); });
    yes.addEventListener('click', function () {
      yes.disabled = no.disabled = true;
      agree(words).catch(function (e) { console.warn(e); return 'off'; }).then(end);
    });
    d.addEventListener('keydown', key, true);
    d.body.appendChild(host);
  }
  function add(to, name, text) {
    var made = d.createElement(name);
    made.textContent = text;
    return to.appendChild(made);
  }
  var CSS = ':host{all:initial;position:fixed;z-index:2147483000;inset:16px 0 auto;margin:0 auto;width:fit-content;max-width:calc(100vw - 32px)}' +
    '.card{box-sizing:border-box;width:360px;max-width:100%;padding:18px;border-radius:14px;background:#fff;color:#1f2430;' +
    'box-shadow:0 8px 40px rgba(15,23,42,.22);font:15px/1.5 system-ui,sans-serif}h2{margin:0;font-size:16px;font-weight:600}' +
    'p{margin:6px 0 0;color:#545c6b;white-space:pre-line}.row{display:flex;gap:8px;justify-content:flex-end;margin-top:14px}' +
    'button{font:inherit;font-weight:500;padding:8px 14px;border-radius:8px;border:1px solid #d5d9e0;background:#fff;color:inherit;cursor:pointer}' +
    'button.yes{background:#3157d5;border-color:#3157d5;color:#fff}button:focus-visible{outline:2px solid #3157d5;outline-offset:2px}' +
    'button:disabled{opacity:.6}@media(prefers-color-scheme:dark){.card{background:#1f2430;color:#f2f4f8}p{color:#b6bdca}button{background:#1f2430;border-color:#454d5d}}';

  /* By the site's rule: after so many pages, not again for so many days after a no; never where she denied. */
  function rule() {
    var pages = Number(keep('hw_pp') || 0) + 1, no = Number(keep('hw_pn') || 0);
    keep('hw_pp', String(Math.min(pages, 1000)));
    if (!C.pages || pages < C.pages || (no && Date.now() - no < C.again * 864e5)) return;
    return Promise.all([state(), loaded()]).then(function (now) { if (now[0] == 'off' && !another()) return ask(); });
  }
  function loaded() {
    return new Promise(function (done) { d.readyState == 'complete' ? done() : w.addEventListener('load', done); });
  }
  /* One question at a time: ours waits for another page while one that comes first (cookies) is still open. */
  function another() {
    return Array.from(d.querySelectorAll('[data-headwater-first]')).some(function (e) { return e.getClientRects().length; });
  }
  d.addEventListener('click', function (e) {
    if (e.target.closest && e.target.closest('[data-headwater-push]')) ask();
  });
  function start(tries) {
    if (visitor()) return sync().catch(function (e) { console.warn(e); }).then(rule);
    if (tries) setTimeout(function () { start(tries - 1); }, 200);
  }
  start(50);
})(window, document, navigator, HEADWATER);
