/* Pages of departments that turn, tips, keys, language: small things, each on its own. */
(function () {
  "use strict";
  const TURN = 10000;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  let at = 0, turned = performance.now(), held = false;

  /* long lists turn by themselves; a pointer or the focus in them holds them */
  function filled(box) { return [...box.querySelectorAll(".page")].filter((p) => p.childElementCount); }
  function show(box, pages, n) {
    at = n; turned = performance.now();
    box.dataset.turning = "";
    box.querySelectorAll(".page").forEach((p) => p.toggleAttribute("data-current", p === pages[n]));
    dots(pages.length, n);
  }
  function dots(count, n) {
    const box = document.getElementById("dept-dots");
    while (box.childElementCount > (count > 1 ? count : 0)) box.lastChild.remove();
    while (count > 1 && box.childElementCount < count) box.append(dot(box.childElementCount));
    [...box.children].forEach((d, i) => d.setAttribute("aria-current", String(i === n)));
  }
  function dot(i) {
    const made = document.createElement("button");
    made.type = "button";
    made.setAttribute("aria-label", String(i + 1));
    made.addEventListener("click", () => {
      const box = document.getElementById("dept-pages");
      show(box, filled(box), i);
    });
    return made;
  }
  function turn() {
    const box = document.getElementById("dept-pages");
    if (!box) return;
    const pages = filled(box);
    if (!pages.length) return;
    held = box.matches(":hover") || box.contains(document.activeElement);
    if (box.dataset.turning === undefined || at >= pages.length) return show(box, pages, 0);
    const due = performance.now() - turned >= TURN && !held && !calm.matches;
    if (due && pages.length > 1) show(box, pages, (at + 1) % pages.length);
    else dots(pages.length, at);
  }

  /* tips on hover and focus, as text; a tip stays while what it tells of is drawn anew (focus.js) */
  let told = null, back = null;
  function tip(el) {
    let box = document.getElementById("tip");
    told = el;
    if (!el) { if (box) box.remove(); return; }
    if (!box) {
      box = document.createElement("div");
      box.id = "tip";
      box.setAttribute("role", "tooltip");
      document.body.append(box);
    }
    box.textContent = el.dataset.tip;
    const r = el.getBoundingClientRect();
    box.style.left = Math.max(8, Math.min(r.left, innerWidth - box.offsetWidth - 8)) + "px";
    const below = r.bottom + 8;
    box.style.top = (below + box.offsetHeight < innerHeight ? below : Math.max(8, r.top - box.offsetHeight - 8)) + "px";
  }
  const tipped = (el) => el && el.closest && el.closest("[data-tip]");
  document.addEventListener("mouseover", (e) => tip(tipped(e.target)));
  document.addEventListener("focusin", (e) => {
    if (e.target !== back) tip(tipped(e.target));
    back = null;
  });
  document.addEventListener("focusout", () => {
    const before = told;
    queueMicrotask(() => { if (before && before === told && before.isConnected) tip(null); });
  });
  document.addEventListener("refocus", (e) => {
    back = e.detail.now;
    if (told && told.contains(e.detail.was)) tip(tipped(back));
  });

  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    if (document.getElementById("tip")) return tip(null);
    if (document.getElementById("wall")) return;
    if (history.length > 1) history.back(); else location.href = "/";
  });
  document.addEventListener("click", (e) => {
    if (e.target.id === "print") window.print();
  });

  /* the language: in the address, and remembered */
  const url = new URL(location.href), asked = url.searchParams.get("lang");
  try {
    if (asked) localStorage.setItem("lang", asked);
    else if (localStorage.getItem("lang") === "en") {
      url.searchParams.set("lang", "en");
      location.replace(url);
    }
  } catch (e) { /* no storage: Chinese */ }
  document.documentElement.lang = asked === "en" ? "en" : "zh-CN";
  setInterval(turn, 500);
})();
