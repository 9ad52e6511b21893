/* The time line of a past wall: drag, step, play. One instant is asked for at a time, and the next
   only when it has come: who plays fast skips, nothing queues. What a frame changes is put in its
   places by the wall's own function (wall.js). Instants are milliseconds since 1970. Two axes: as
   known then, and as it truly was, which the server tells anew when it is first chosen. Above 400
   lines: one bar with one state. */
(function () {
  "use strict";
  const SPEEDS = [1, 60, 600, 3600], MINUTE = 60000, HOUR = 3600000, DAY = 86400000;
  const PAUSE = 200, RETRY = 2000, SLOT = 600000;
  const SHAPES = [["red", "▲"], ["yellow", "●"], ["reminder", "◆"]];
  let line = null;

  function make(name, cls, attrs, text) {
    const made = document.createElement(name);
    if (cls) made.className = cls;
    Object.entries(attrs || {}).forEach(([key, value]) => made.setAttribute(key, value));
    if (text !== undefined) made.textContent = text;
    return made;
  }
  const padded = (n) => String(n).padStart(2, "0");
  const clock = (ms) => [Math.floor(ms / HOUR), Math.floor(ms / MINUTE) % 60, Math.floor(ms / 1000) % 60].map(padded).join(":");
  const wall = () => window.dash_clientside.wall;
  const between = (low, n, high) => Math.max(low, Math.min(n, high));

  /* one replay, for as long as its place is on the page */
  function begin(box) {
    const words = JSON.parse(box.dataset.words), names = JSON.parse(box.dataset.names);
    const state = {
      pulse: JSON.parse(box.dataset.pulse), want: 0, shown: "", busy: false, playing: false,
      speed: 60, from: 0, since: 0, failed: 0, marks: "", over: false,
    };
    const department = box.dataset.department, two = box.dataset.axes === "two";
    state.axis = "known";
    state.truth = null;
    state.want = state.pulse.now;
    state.shown = state.pulse.at;
    const ui = build(box, words, names, state, department);
    const offset = () => Math.round(state.want - state.pulse.begin);

    function asked(at) {
      const exact = at === Math.floor(state.pulse.now) ? state.pulse.at : new Date(at).toISOString();
      const query = new URLSearchParams({ at: exact, lang: state.pulse.lang });
      if (department) query.set("department", department);
      if (state.axis === "true") query.set("axis", "true");
      return query;
    }
    /* the instant that is wanted: where time has come while it plays */
    function wanted() {
      if (!state.playing) return state.want;
      const at = state.from + (performance.now() - state.since) * state.speed;
      return Math.min(at, state.pulse.last);
    }
    function say(text) { if (ui.status.textContent !== text) ui.status.textContent = text; }

    function soon(ms) { clearTimeout(state.next); state.next = setTimeout(ask, ms); }
    async function ask() {
      if (state.busy || state.over || !box.isConnected) return;
      if (performance.now() < state.failed) return soon(state.failed - performance.now());
      const at = Math.floor(wanted());
      state.want = at;
      if (at === Math.floor(state.pulse.now) && state.drawn === state.axis) return stopAtEnd();
      state.busy = true;
      const axis = state.axis;
      const began = performance.now();
      try {
        const query = asked(at);
        if (state.drawn === axis) query.set("since", state.shown);
        const answer = await fetch("/_wall/past?" + query, { cache: "no-store" });
        if (!box.isConnected) return;
        if (answer.status === 401 || answer.status === 403) { state.over = true; wall().dark(answer.status, state.pulse.lang); return; }
        const told = await answer.json();
        if (axis !== state.axis) return soon(0);
        if (answer.ok) show(told);
        else refused(told, answer.status);
      } catch (e) {
        say(words.away);
        state.failed = performance.now() + RETRY;
      } finally {
        state.busy = false;
      }
      soon(Math.max(0, PAUSE - (performance.now() - began)));
    }
    function show(frame) {
      const day = state.pulse.day;
      wall().apply(frame);
      state.pulse = frame.pulse;
      state.shown = frame.pulse.at;
      state.drawn = state.axis;
      const band = document.querySelector("#replay-band .replay-word");
      if (band) band.textContent = state.axis === "true" ? words.band_true : words.replay_band;
      say("");
      differ(frame.differing);
      remember();
      draw();
      if (day !== frame.pulse.day) mark();
      stopAtEnd();
    }
    function refused(told, status) {
      say(told[state.pulse.lang === "en" ? "en" : "zh"]);
      state.failed = performance.now() + RETRY;
      if (status === 503) return;
      if (status === 409 && state.axis === "true") { choose("known"); want("true"); return; }
      stop();
      state.want = state.pulse.now;
      draw();
    }
    function stopAtEnd() {
      if (!state.playing || wanted() < state.pulse.last) return;
      stop();
      say(words.end_reached);
    }

    /* the address is that of the instant shown: kept, sent, opened again, it shows the same */
    function remember() {
      const url = new URL(location.href);
      url.searchParams.set("at", state.pulse.at);
      if (state.wanted === "true") url.searchParams.set("axis", "true");
      else url.searchParams.delete("axis");
      history.replaceState(history.state, "", url);
      const other = document.querySelector(".head .switch");
      if (!other) return;
      const link = new URL(other.href);
      link.searchParams.set("at", state.pulse.at);
      if (department) link.searchParams.set("department", department);
      if (state.wanted === "true") link.searchParams.set("axis", "true");
      else link.searchParams.delete("axis");
      other.href = link.pathname + link.search;
    }

    function go(at) {
      const { first, last } = state.pulse;
      state.want = between(first, at, last);
      if (state.playing) { state.from = state.want; state.since = performance.now(); }
      draw();
      ask();
    }
    function play() {
      if (state.pulse.now >= state.pulse.last && state.want >= state.pulse.last) return say(words.end_reached);
      state.playing = true;
      state.from = state.want;
      state.since = performance.now();
      say("");
      draw();
      ask();
    }
    function stop() {
      if (state.playing) state.want = Math.floor(wanted());
      state.playing = false;
      draw();
    }
    function pace(speed) {
      state.want = wanted();
      state.speed = speed;
      state.from = state.want;
      state.since = performance.now();
      draw();
    }

    /* what the bar shows: the thumb runs ahead of the wall, which follows as fast as it can */
    function draw() {
      const { begin, end, first, last } = state.pulse;
      if (!ui.held) ui.slider.value = String(Math.floor((wanted() - begin) / 1000));
      ui.slider.max = String((end - begin) / 1000);
      ui.slider.setAttribute("aria-valuetext", state.pulse.day + " " + clock(Number(ui.slider.value) * 1000));
      ui.told.textContent = clock(Number(ui.slider.value) * 1000);
      ui.day.value = state.pulse.day;
      ui.play.textContent = state.playing ? "❚❚ " + words.pause : "▶ " + words.play;
      ui.play.setAttribute("aria-pressed", String(state.playing));
      ui.speeds.forEach((b) => b.setAttribute("aria-pressed", String(Number(b.value) === state.speed)));
      ui.before.disabled = begin <= first;
      ui.after.disabled = end > last;
      const known = (ms) => between(0, (ms - begin) / (end - begin), 1) * 100;
      ui.rail.style.setProperty("--from", known(first) + "%");
      ui.rail.style.setProperty("--to", known(last) + "%");
    }

    /* another day: the same time of it, if there is one to be shown */
    async function turn(day) {
      const answer = await days(day);
      if (answer) go(answer.begin + Math.min(offset(), answer.end - answer.begin - 1000));
    }
    async function days(day) {
      const query = new URLSearchParams({ day });
      if (department) query.set("department", department);
      try {
        const answer = await fetch("/_wall/past/day?" + query, { cache: "no-store" });
        const told = await answer.json();
        if (answer.ok) return told;
        say(told[state.pulse.lang === "en" ? "en" : "zh"] || "");
      } catch (e) { say(words.away); }
      return null;
    }
    function beside(days) {
      const at = new Date(state.pulse.day + "T00:00:00Z").getTime() + days * DAY;
      return new Date(at).toISOString().slice(0, 10);
    }

    /* where cards were issued: the gravest shape of each ten minutes, or hour where it is narrow */
    async function mark() {
      const day = state.pulse.day, told = await days(day);
      if (!told || !box.isConnected || state.pulse.day !== day) return;
      state.marks = told;
      marks();
    }
    function marks() {
      const told = state.marks;
      if (!told || told.day !== state.pulse.day) return;
      const wide = ui.marks.clientWidth > 900 ? SLOT : 6 * SLOT, found = new Map(), sums = [0, 0, 0];
      told.issued.forEach(([at, reminders, yellows, reds]) => {
        const slot = told.begin + Math.floor((at - told.begin) / wide) * wide;
        const counts = found.get(slot) || [0, 0, 0];
        [reds, yellows, reminders].forEach((n, i) => { counts[i] += n; sums[i] += n; });
        found.set(slot, counts);
      });
      const most = Math.max(1, ...[...found.values()].map((c) => c[0] + c[1] + c[2]));
      ui.marks.replaceChildren(...[...found].map(([at, counts]) => {
        const of = SHAPES[counts.findIndex((n) => n > 0)];
        const many = SHAPES.filter((_, i) => counts[i]).map(([, shape], i) => shape + counts.filter((n) => n)[i]);
        const from = clock(at - told.begin), to = clock(at + wide - told.begin);
        const made = make("button", "replay-mark " + of[0], { type: "button", tabindex: "-1", "data-tip": from.slice(0, 5) + "–" + to.slice(0, 5) + "  " + many.join(" ") });
        made.append(make("span", "replay-shape", {}, of[1]), make("span", "replay-column"));
        made.style.setProperty("--at", (at + wide / 2 - told.begin) / (told.end - told.begin) * 100 + "%");
        made.style.setProperty("--many", String((counts[0] + counts[1] + counts[2]) / most));
        made.addEventListener("click", () => go(at));
        return made;
      }));
      const any = sums.some((n) => n);
      ui.issued.replaceChildren(...(any ? [make("span", "replay-issued-word", {}, words.issued), ...SHAPES.map(([name, shape], i) => make("span", "n " + name, {}, shape + " " + sums[i]))] : [words.issued_none]));
    }

    /* the other axis: told anew by the server when it is first chosen, which takes a while */
    function choose(axis) {
      if (state.axis === axis) return;
      state.axis = axis;
      state.failed = 0;
      ui.axes.forEach((b) => b.setAttribute("aria-pressed", String(b.value === axis)));
      box.dataset.axis = axis;
      if (axis === "known") differ(null);
      ask();
    }
    async function truth(method, more) {
      const headers = {}, csrf = document.cookie.match(/(?:^|; )_csrf_token=([^;]*)/);
      if (csrf) headers["X-CSRFToken"] = decodeURIComponent(csrf[1]);
      try {
        const answer = await fetch("/_wall/past/truth" + (more || "") + "?lang=" + state.pulse.lang, { method, headers, cache: "no-store" });
        if (!box.isConnected) return null;
        if (answer.status === 401) { state.over = true; wall().dark(answer.status, state.pulse.lang); return null; }
        const told = await answer.json();
        if (answer.ok) return told;
        say(told[state.pulse.lang === "en" ? "en" : "zh"] || "");
      } catch (e) { say(words.away); }
      return null;
    }
    /* how far it is, until it is there; then the wall of the axis that is wanted */
    async function look(method) {
      clearTimeout(state.looking);
      const told = await truth(method || "GET");
      if (!told) { if (method) return; state.looking = setTimeout(look, RETRY); return; }
      const before = state.truth;
      state.truth = told;
      ui.making.hidden = told.state !== "making";
      ui.progress.value = told.permille;
      ui.progress.textContent = ui.share.textContent = Math.floor(told.permille / 10) + "%";
      ui.made.hidden = state.axis !== "true" || !told.made;
      ui.made.firstChild.textContent = told.made;
      ui.again.hidden = told.state === "making" || !told.newer;
      if (told.why) say(told.why);
      if (told.state === "making") state.looking = setTimeout(look, 500);
      const fresh = !before || before.until !== told.until;
      if (told.until && state.wanted === "true") {
        if (fresh && state.axis === "true") state.drawn = "";
        if (state.want > told.until) { stop(); state.want = told.until; }
        choose("true");
        ui.made.hidden = !told.made;
        if (fresh) ask();
      } else if (told.state !== "making" && state.wanted === "true") {
        state.wanted = "known";
        if (!told.why) say(words.cancelled);
        choose("known");
        remember();
      }
    }
    async function want(axis) {
      state.wanted = axis;
      remember();
      if (axis === "known") { choose("known"); ui.made.hidden = true; return; }
      const told = await truth("GET");
      if (!told) { state.wanted = "known"; remember(); return; }
      state.truth = null;
      look(told.until || told.state === "making" ? "GET" : "POST");
    }
    /* what the wall did not know, or was wrong about: counts in the bar, all of it in a list */
    function differ(told) {
      const kinds = (told && told.kinds) || [];
      ui.differ.hidden = !told;
      ui.differ.replaceChildren(make("span", "replay-issued-word", {}, words.differences), ...kinds.map((k) => make("span", "replay-kind " + k.kind, {}, k.word + " " + (k.lights.length ? k.lights.map(([, shape, n]) => shape + n).join(" ") : k.count))));
      if (told && !kinds.length) ui.differ.append(make("span", "", {}, words.no_differences));
      ui.differ.disabled = !kinds.length;
      if (ui.list.open || !kinds.length) fill(kinds);
      state.kinds = kinds;
      if (!kinds.length && ui.list.open) ui.list.close();
    }
    function fill(kinds) {
      ui.lists.replaceChildren(...kinds.map((k) => {
        const part = make("section"), list = make("ul");
        part.append(make("h3", "", {}, k.word + "  " + k.count));
        k.lines.forEach(([light, shape, what, whose, when, link]) => {
          const row = make("li"), first = make(link ? "a" : "span", "first", link ? { href: link } : {});
          if (shape) first.append(make("span", "shape " + light, { "aria-hidden": "true" }, shape));
          first.append(what);
          row.append(first, make("span", "second", {}, whose), make("span", "second", {}, when));
          list.append(row);
        });
        part.append(list);
        if (k.more) part.append(make("p", "second", {}, k.more));
        return part;
      }));
    }
    ui.axes.forEach((b) => b.addEventListener("click", () => want(b.value)));
    ui.cancel.addEventListener("click", async () => { state.wanted = state.axis; remember(); await truth("POST", "/cancel"); say(words.cancelled); look(); });
    ui.again.addEventListener("click", () => { state.wanted = "true"; look("POST"); });
    ui.differ.addEventListener("click", () => {
      fill(state.kinds || []);
      if (ui.list.open) ui.list.close(); else ui.list.show();
    });
    ui.shut.addEventListener("click", () => { ui.list.close(); ui.differ.focus(); });
    ui.list.addEventListener("keydown", (e) => { if (e.key === "Escape") { ui.list.close(); ui.differ.focus(); } });

    ui.slider.addEventListener("input", () => {
      ui.held = true;
      go(state.pulse.begin + Number(ui.slider.value) * 1000);
      ui.held = false;
    });
    ui.play.addEventListener("click", () => (state.playing ? stop() : play()));
    ui.speeds.forEach((b) => b.addEventListener("click", () => pace(Number(b.value))));
    ui.before.addEventListener("click", () => turn(beside(-1)));
    ui.after.addEventListener("click", () => turn(beside(1)));
    ui.day.addEventListener("change", () => { if (ui.day.value) turn(ui.day.value); });
    ui.form.addEventListener("change", () => {
      const url = new URL(location.href);
      if (ui.form.value) url.searchParams.set("department", ui.form.value);
      else url.searchParams.delete("department");
      location.assign(url);
    });
    /* who clicked with a pointer goes on with the keys of the time line */
    box.addEventListener("click", (e) => {
      if (e.detail && e.target.closest("button")) ui.slider.focus({ preventScroll: true });
    });
    const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
    function key(e) {
      const on = e.target, own = on === ui.slider || on === document.body || !box.contains(on);
      if (e.ctrlKey || e.altKey || e.metaKey || /^(SELECT|TEXTAREA)$/.test(on.tagName) || on === ui.day) return;
      if (ui.list.contains(on)) return;
      if (two && own && e.key.toLowerCase() === "a") want(state.axis === "true" ? "known" : "true");
      else if (e.key === " " && (own || on === ui.play) && on.tagName !== "A") state.playing ? stop() : play();
      else if (own && STEPS[e.key]) go(wanted() + STEPS[e.key] * (e.shiftKey ? 10000 : MINUTE));
      else if (own && e.key === "PageUp") go(wanted() - HOUR);
      else if (own && e.key === "PageDown") go(wanted() + HOUR);
      else if (own && e.key === "Home") go(state.pulse.begin);
      else if (own && e.key === "End") go(state.pulse.end - 1000);
      else return;
      e.preventDefault();
    }
    function resized() { wall().scale(); marks(); }
    document.addEventListener("keydown", key);
    window.addEventListener("resize", resized);
    const running = setInterval(() => {
      if (!state.playing) return;
      draw();
      ask();
    }, 100);
    function end() {
      clearInterval(running);
      clearTimeout(state.looking);
      clearTimeout(state.next);
      document.removeEventListener("keydown", key);
      window.removeEventListener("resize", resized);
    }

    window.dash_clientside.set_props("pulse", { data: state.pulse });
    wall().scale();
    state.drawn = "known";
    state.wanted = "known";
    if (box.dataset.axis === "true") want("true");
    else remember();
    box.dataset.axis = "known";
    draw();
    mark();
    return { box, end };
  }

  /* the bar's controls, as nothing of them is of use without this script */
  function build(box, words, names, state, department) {
    const slider = make("input", "replay-slider", { type: "range", min: "0", max: "86400", step: "1", "aria-label": words.at });
    const told = make("output", "replay-told");
    const marks = make("div", "replay-marks"), rail = make("div", "replay-rail");
    const hours = make("div", "replay-hours", { "aria-hidden": "true" });
    for (let h = 0; h <= 24; h += 2) {
      const tick = make("span", h % 6 ? "replay-hour minor" : "replay-hour", {}, padded(h));
      tick.style.setProperty("--at", h / 24 * 100 + "%");
      hours.append(tick);
    }
    rail.append(marks, slider, hours);
    const button = (text, label) => make("button", "quiet", label ? { type: "button", "aria-label": label, title: label } : { type: "button" }, text);
    const before = button("◀", words.day_before), after = button("▶", words.day_after);
    const day = make("input", "replay-day", { type: "date", "aria-label": words.day });
    const play = button("");
    play.classList.add("replay-play");
    play.setAttribute("aria-keyshortcuts", "Space");
    const pace = make("div", "replay-speeds", { role: "group", "aria-label": words.speed });
    const speeds = SPEEDS.map((n) => { const made = button(n + "×"); made.value = String(n); pace.append(made); return made; });
    const form = make("select", "replay-department", { "aria-label": words.department });
    ["", ...names].forEach((name) => form.append(make("option", "", { value: name }, name || words.all)));
    form.value = department;
    const status = make("div", "replay-status", { role: "status" });
    const issued = make("div", "replay-issued");
    const back = make("a", "quiet replay-back", { href: box.dataset.home }, "■ " + box.dataset.back);
    const days = make("div", "replay-days");
    days.append(before, day, after);
    const axis = make("div", "replay-speeds replay-axes", { role: "group", "aria-label": words.axis });
    const axes = ["known", "true"].map((name) => { const b = button(words[name]); b.value = name; b.title = words[name + "_long"]; b.setAttribute("aria-pressed", String(name === "known")); axis.append(b); return b; });
    const making = make("div", "replay-making", { role: "status" }), progress = make("progress", "", { max: "1000", value: "0", "aria-label": words.making });
    const share = make("span", "replay-share"), cancel = button(words.cancel);
    making.append(make("span", "", {}, words.making), progress, share, cancel);
    making.hidden = true;
    const made = make("div", "replay-made", {}, ""), again = button(words.again, words.newer);
    again.hidden = made.hidden = true;
    made.append(make("span"), again);
    const differ = button("");
    differ.classList.add("replay-differ");
    differ.hidden = true;
    const list = make("dialog", "replay-list", { "aria-label": words.differences }), lists = make("div", "replay-lists"), shut = button("✕", words.close);
    list.append(make("h2", "", {}, words.differences), shut, lists);
    const second = make("div", "replay-row replay-second");
    second.append(making, differ, made);
    const row = make("div", "replay-row");
    row.append(days, play, pace);
    if (box.dataset.axes === "two") row.append(axis);
    row.append(told, issued, status);
    if (names.length) row.append(form);
    row.append(back);
    const keys = make("div", "replay-keys", {}, words.keys);
    box.replaceChildren(list, second, row, rail, keys);
    return { axes, making, progress, share, cancel, made, again, differ, list, lists, shut, slider, told, marks, rail, before, after, day, play, speeds, form, status, issued, held: false };
  }

  function look() {
    const box = document.getElementById("replay");
    if (line && line.box !== box) { line.end(); line = null; }
    if (box && !line && window.dash_clientside.wall && window.dash_clientside.set_props) line = begin(box);
  }
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
})();
