/* Puts a Headwater form where its script tag stands: <script async src="https://HOST/f/SLUG.js"></script> */
(function (w, d) {
  var tag = d.currentScript, src = new URL(tag.src.replace(/\.js(\?.*)?$/, '/')), frame = d.createElement('iframe');
  new URLSearchParams(location.search).forEach(function (value, key) {
    if (/^utm_/.test(key)) src.searchParams.set(key, value);
  });
  src.searchParams.set('embed', '1');
  src.searchParams.set('url', location.href.slice(0, 1500));
  if (w.hw && w.hw.on) src.searchParams.set('v', w.hw('visitor') || '');
  frame.src = src.href;
  frame.title = tag.dataset.title || 'Form';
  frame.setAttribute('scrolling', 'no');
  frame.style.cssText = 'border:0;width:100%;min-height:320px;display:block';
  tag.parentNode.insertBefore(frame, tag.nextSibling);
  w.addEventListener('message', function (e) {
    if (e.source !== frame.contentWindow || e.origin !== src.origin || !e.data) return;
    if (e.data.hwHeight) frame.style.height = Math.ceil(e.data.hwHeight) + 'px';
    if (e.data.hwGo && /^https?:/.test(e.data.hwGo)) location.href = e.data.hwGo;
  });
})(window, document);
