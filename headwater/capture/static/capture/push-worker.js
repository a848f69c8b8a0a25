/* Headwater's service worker for push messages. Served by views/push.py with the site's settings in front. */
self.addEventListener('install', function () { self.skipWaiting(); });
self.addEventListener('push', function (event) {
  var said = {};
  try { said = event.data.json(); } catch (e) {}
  /* The same message again takes the place of the first, without another alarm. */
  var note = { body: said.b || '', tag: said.id || 'headwater', data: { url: said.u || HEADWATER.home } };
  if (said.i) note.icon = said.i;
  if (said.m) note.image = said.m;
  var show = self.registration.showNotification(said.t || HEADWATER.name, note).then(function () {
    if (said.r) return fetch(said.r, { method: 'POST', mode: 'no-cors', keepalive: true }).catch(function () {});
  });
  event.waitUntil(show);
});
self.addEventListener('notificationclick', function (event) {
  event.notification.close();
  var url = event.notification.data && event.notification.data.url;
  if (url) event.waitUntil(self.clients.openWindow(url));
});
self.addEventListener('pushsubscriptionchange', function (event) {
  var before = event.oldSubscription;
  if (!before || !HEADWATER.site) return;
  var key = Uint8Array.from(atob(HEADWATER.key.replace(/-/g, '+').replace(/_/g, '/')), function (c) { return c.charCodeAt(0); });
  var made = event.newSubscription ? Promise.resolve(event.newSubscription)
    : self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  event.waitUntil(made.then(function (sub) {
    return fetch(HEADWATER.host + '/push/' + HEADWATER.site + '/replace', {
      method: 'POST', mode: 'no-cors', body: JSON.stringify({ before: before.endpoint, subscription: sub.toJSON() })
    });
  }));
});
