/* News draws a place of the page anew, and what had the focus there goes. Here it is given back: to
   the same link in the same place, or, when its row is gone, to the row that now stands there.
   Never when the reader left it, nor when the page became another one.
   Tells it as the event "refocus" of the document, just before: detail { was, now }, now may be null. */
(function () {
  "use strict";
  const FOCUSABLE = "a[href], button, input, [tabindex]";
  const same = (a, b) => a.href === b.href && a.key === b.key;
  const alike = (a, b) => a.href !== null && a.href === b.href;
  let last = null;

  function named(el) {
    const row = el.closest("[data-key]");
    return { el, href: el.getAttribute("href"), key: row && row.dataset.key };
  }
  function within(place) { return [...place.querySelectorAll(FOCUSABLE)].map(named); }
  function address() { return location.pathname + location.search; }
  function nth(list, n) { return list[Math.min(n, list.length - 1)]; }

  function remember(el) {
    const place = el.parentElement && el.parentElement.closest("[id]");
    last = null;
    if (!place) return;
    const me = named(el), there = within(place), of = (list) => list.findIndex((one) => one.el === el);
    last = { ...me, place: place.id, address: address(), at: of(there) };
    last.among = of(there.filter((one) => same(one, me)));
  }
  function successor(was) {
    const place = document.getElementById(was.place);
    if (!place || was.address !== address()) return null;
    const there = within(place);
    const found = nth(there.filter((one) => same(one, was)), was.among)
      || there.find((one) => alike(one, was)) || nth(there, was.at);
    return found ? found.el : null;
  }
  function giveBack() {
    if (!last || last.el.isConnected) return;
    const was = last, now = document.activeElement === document.body ? successor(was) : null;
    last = null;
    document.dispatchEvent(new CustomEvent("refocus", { detail: { was: was.el, now } }));
    if (now) now.focus({ preventScroll: true });
  }

  /* what is drawn anew goes and comes within one task; after it, who is still there was left */
  function left(el) {
    const still = last && last.el === el && el.isConnected;
    if (still && document.activeElement !== el) last = null;
  }
  document.addEventListener("focusin", (e) => remember(e.target));
  document.addEventListener("focusout", (e) => queueMicrotask(() => left(e.target)));
  new MutationObserver(giveBack).observe(document, { childList: true, subtree: true });
})();
