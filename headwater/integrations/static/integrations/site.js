/* The demo company's own script: what a customer of Headwater would write beside the tracking script. */
(function () {
  var hw = window.hw || function () { return ''; };

  document.querySelectorAll('[data-site-form]').forEach(function (form) {
    form.addEventListener('submit', function () {
      form.elements.hw_visitor.value = hw('visitor') || '';
      form.elements.hw_url.value = location.href;
    });
  });

  var done = document.querySelector('[data-track]');
  if (done) hw('track', done.dataset.track, { plan: done.dataset.plan, value: Number(done.dataset.value) });

  var banner = document.querySelector('[data-consent-banner]');
  var key = 'northstar-consent';
  var answer;
  try { answer = localStorage.getItem(key); } catch (e) { answer = 'no'; }
  if (!banner || answer) return;
  banner.hidden = false;
  banner.addEventListener('click', function (event) {
    var said = event.target.dataset.consent;
    if (!said) return;
    try { localStorage.setItem(key, said); } catch (e) { /* private window: ask again */ }
    hw('consent', said === 'yes');
    banner.hidden = true;
  });
})();
