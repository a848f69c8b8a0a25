/* Headwater's tracking script. <script async src="https://HOST/t.js" data-site="KEY"></script>
   Cookieless until hw('consent', true). Commands: track, identify, consent, page, visitor. Minified into hw.min.js by
   `npx terser hw.js -c passes=3,unsafe_arrows,ecma=2018 -m -o hw.min.js`; a test holds the size below 2 KB (gz). */
(function (w, d, n) {
  var tag = d.currentScript, site = tag && tag.dataset.site, old = w.hw, listen = 'addEventListener';
  if (!site || (old && !old.q && old.on)) return;
  if (n.doNotTrack == '1' || n.globalPrivacyControl) {
    w.hw = function () {};
    w.hw.on = 1;
    return;
  }
  var endpoint = new URL('/t', tag.src).href;
  var cookie = (/(?:^|; )hw_v=([\w-]{8,64})/.exec(d.cookie) || [])[1];
  var consent = !!cookie, visitor = cookie || store('hw_v') || id();
  var queue = [], tries = 0, timer, last, seen = 0, since = 0, deep = 0, flying = 0;

  function id() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), function (b) {
      return (b + 256).toString(16).slice(1);
    }).join('');
  }
  /* What may stay on the device: with consent for good, without it for this tab. Private windows may refuse both. */
  function store(key, value) {
    try {
      var s = consent ? localStorage : sessionStorage;
      if (value === undefined) return s.getItem(key);
      if (value) s.setItem(key, value);
      else s.removeItem(key);
    } catch (e) {}
  }
  function remember() {
    if (consent)
      d.cookie = 'hw_v=' + visitor + ';path=/;max-age=31536000;SameSite=Lax' + (location.protocol == 'https:' ? ';Secure' : '');
    else store('hw_v', visitor);
  }
  function add(type, more) {
    var e = { type: type, id: id(), t: Date.now(), url: location.href.slice(0, 2000) };
    queue.push(Object.assign(e, more));
    queue = queue.slice(-200);
    clearTimeout(timer);
    timer = setTimeout(send, tries ? Math.min(6e4, 1e3 << tries) : 200);
  }
  function body(events) {
    var now = Date.now();
    return JSON.stringify({
      site: site, visitor: visitor, consent: consent, lang: (n.language || '').slice(0, 20), driven: !!n.webdriver,
      tz: Intl.DateTimeFormat().resolvedOptions().timeZone || '',
      events: events.map(function (e) {
        var copy = Object.assign({}, e, { age: Math.max(0, now - e.t) });
        delete copy.t;
        return copy;
      })
    });
  }
  function keep() {
    store('hw_q', queue.length ? JSON.stringify(queue) : '');
  }
  function send() {
    queue = queue.filter(function (e) { return Date.now() - e.t < 864e5; });
    var batch = queue.slice(0, 50);
    if (!batch.length || flying) return;
    flying = 1;
    fetch(endpoint, { method: 'POST', body: body(batch), keepalive: true, credentials: 'omit' })
      .then(function (r) {
        if (r.status > 499 || r.status == 429) throw r;
        tries = 0;
        queue = queue.filter(function (e) { return batch.indexOf(e) < 0; });
      })
      .catch(function () { tries = Math.min(tries + 1, 6); })
      .then(function () {
        flying = 0;
        keep();
        clearTimeout(timer);
        if (queue.length) timer = setTimeout(send, tries ? Math.min(6e4, 1e3 << tries) : 0);
      });
  }
  /* Seconds really looked at, since the last time this was told. */
  function engaged() {
    if (since) seen += Date.now() - since;
    since = d.visibilityState == 'visible' ? Date.now() : 0;
    if (seen >= 1e3) add('engaged', { url: last, seconds: Math.round(seen / 1e3), scroll: deep });
    seen = 0;
  }
  function leave() {
    engaged();
    keep();
    /* Sent twice where a request is under way: every event has an id, and counts once. */
    if (queue.length && n.sendBeacon && n.sendBeacon(endpoint, body(queue.slice(0, 50))) && !tries) {
      queue = queue.slice(50);
      keep();
    }
  }
  function page(referrer) {
    var url = location.href.split('#')[0].slice(0, 2000);
    if (url == last) return;
    if (last) engaged();
    deep = 0;
    add('page', { url: url, title: d.title.slice(0, 300), referrer: (referrer || '').slice(0, 2000) });
    last = url;
  }
  function moved() {
    var from = last;
    setTimeout(function () { page(from); }, 50); /* the new title comes after the new address */
  }
  function command(name, a, b) {
    if (name == 'track') add('track', { name: a, properties: b || {} });
    else if (name == 'identify') {
      b = Object.assign({}, a);
      delete b.email;
      add('identify', { email: a.email, fields: b });
    } else if (name == 'consent') {
      if (!a) d.cookie = 'hw_v=;path=/;max-age=0';
      if (consent) store('hw_q', '');
      consent = !!a;
      remember();
    } else if (name == 'page') page(last);
    return visitor;
  }
  function start() {
    var url = new URL(location.href), token = url.searchParams.get('hw_m'), push = history.pushState;
    remember();
    try { queue = JSON.parse(store('hw_q')) || []; } catch (e) {}
    if (token) {
      url.searchParams.delete('hw_m');
      history.replaceState(history.state, '', url);
      add('identify', { token: token });
    }
    page(d.referrer);
    since = d.visibilityState == 'visible' ? Date.now() : 0;
    history.pushState = function () {
      push.apply(this, arguments);
      moved();
    };
    w[listen]('popstate', moved);
    w[listen]('online', send);
    w[listen]('pagehide', leave);
    d[listen]('visibilitychange', function () { d.visibilityState == 'visible' ? (since = Date.now()) : leave(); });
    setInterval(function () { if (since) engaged(); }, 6e4);
    w[listen]('scroll', function () {
      var h = d.documentElement;
      deep = Math.max(deep, Math.min(100, Math.round(((h.scrollTop + h.clientHeight) / h.scrollHeight) * 100)));
    }, { passive: true });
    d[listen]('click', function (e) {
      var a = e.target.closest && e.target.closest('a[href]');
      if (!a || !/^http/.test(a.protocol)) return;
      var href = a.href.slice(0, 2000);
      if (a.hasAttribute('download') || /\.(pdf|zip|docx?|xlsx?|pptx?|csv|dmg|exe|mp[34]|epub)$/i.test(a.pathname)) add('download', { href: href });
      else if (a.host != location.host) add('click', { href: href, text: a.textContent.trim().slice(0, 300) });
    }, true);
    d[listen]('submit', function (e) {
      var f = e.target, name = f.getAttribute('data-hw-form'), fields = {}, i, el;
      if (name === null) return;
      for (i = 0; i < f.elements.length && i < 50; i++) {
        el = f.elements[i];
        if (el.name && el.value && !/password|file|hidden|submit|button/.test(el.type) && !/^cc-/.test(el.autocomplete) && (el.checked || !/checkbox|radio/.test(el.type)))
          fields[el.name.slice(0, 80)] = el.value.slice(0, 2000);
      }
      add('form', { form: (name || f.id || 'form').slice(0, 300), fields: fields });
    }, true);
  }
  w.hw = command;
  command.on = 1;
  d.prerendering ? d[listen]('prerenderingchange', start, { once: true }) : start();
  ((old && old.q) || []).forEach(function (args) { command.apply(null, args); });
})(window, document, navigator);
