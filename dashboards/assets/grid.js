/* Arrow keys go from card to card in the grid; Enter opens the one with the focus, as any link. */
(function () {
  "use strict";
  const STEPS = { ArrowDown: 1, ArrowUp: -1 };

  function openers() { return [...document.querySelectorAll("#card-lines .opens")]; }
  document.addEventListener("keydown", (e) => {
    const step = STEPS[e.key];
    if (!step || e.altKey || e.ctrlKey || e.metaKey || e.shiftKey) return;
    const row = e.target.closest && e.target.closest("#card-lines .line");
    if (!row && e.target !== document.body) return;
    const all = openers(), at = row ? all.indexOf(row.querySelector(".opens")) : -1;
    const next = all[row ? at + step : 0];
    if (!next || (!row && step < 0)) return;
    e.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  });
})();
