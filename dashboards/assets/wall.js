/* The wall in the browser: scale, clock, countdowns, age of the data, and what to do when it stops.
   All by the browser's own monotonic clock (performance.now), never by its time of day. */
(function () {
  "use strict";
  const STALE = 3000, GRACE = 1500, WATCHDOG = 15000, POLL = 1000;
  const state = { pulse: null, first: 0, at: 0, polling: false, tried: 0, over: false };
  const $ = (id) => document.getElementById(id);
  const onWall = () => $("wall") !== null;
  const onReplay = () => $("replay") !== null;
  const since = () => performance.now() - state.at;
  const age = () => state.pulse.age + since();

  function now() { return state.pulse.now + age() * state.pulse.speed; }

  function pulse(data) {
    if (!data) return;
    state.polling = Boolean(data.polled);
    state.pulse = Object.assign({ past: false }, data);
    state.at = performance.now();
    state.first = state.first || state.at;
    document.documentElement.lang = data.lang === "en" ? "en" : "zh-CN";
    requestAnimationFrame(() => { highlight(); tick(); });
  }

  /* words */
  function two(n) { return String(n).padStart(2, "0"); }
  function lasting(ms) {
    const s = Math.floor(ms / 1000), days = Math.floor(s / 86400);
    const hms = two(Math.floor(s / 3600) % 24) + ":" + two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
    const d = document.documentElement.lang === "en" ? "d " : "天 ";
    return days ? days + d + hms : hms;
  }
  function write(el, text) { if (el && el.textContent !== text) el.textContent = text; }

  const formats = {};
  function format(zone, lang) {
    const key = zone + lang;
    if (!formats[key]) {
      formats[key] = {
        day: new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }),
        week: new Intl.DateTimeFormat(lang === "en" ? "en" : "zh-CN", { timeZone: zone, weekday: "short" }),
        time: new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit" }),
      };
    }
    return formats[key];
  }

  /* once a quarter of a second: cheap, and writes only what differs */
  function tick() {
    if (!onWall() || !state.pulse || state.pulse.past !== onReplay()) return;
    const at = now(), f = format(state.pulse.zone, state.pulse.lang);
    write($("clock"), f.time.format(at));
    write($("clock-day"), f.day.format(at) + " " + f.week.format(at));
    document.querySelectorAll(".count[data-at]").forEach((el) => countdown(el, at));
    if (!state.pulse.past) told();
  }
  function countdown(el, at) {
    const left = Number(el.dataset.at) / 1000 - at;
    const over = el.closest("[data-over]").dataset.over;
    write(el, left >= 0 ? lasting(left) : over.replace("%", lasting(-left)));
  }
  function told() {
    const old = age(), live = $("live");
    const off = old > STALE && performance.now() - state.first > GRACE;
    const mode = off ? "off" : state.polling ? "polling" : "live";
    live.dataset.state = mode;
    write(live, mode === "polling" ? $("pulse-box").dataset.polling : live.dataset[mode]);
    const s = Math.floor(since() / 1000);
    if (state.said !== state.at + s) {
      state.said = state.at + s;
      const shown = old < 10000 ? (old / 1000).toFixed(1) : String(Math.floor(old / 1000));
      write($("age"), state.pulse.lang === "en" ? "data " + shown + " s old" : "数据 " + shown + " 秒前");
    }
    const band = $("stale");
    if (band.hidden === off) band.hidden = !off;
    if (off) {
      const seconds = Math.floor(old / 1000);
      write($("stale-for"), two(Math.floor(seconds / 60)) + ":" + two(seconds % 60));
    }
  }

  /* when no push comes: ask over plain HTTP; a restarted server means a new page, and so do rights
     that changed. A page that is no wall has a head of its own, and nothing to ask. */
  async function watch() {
    if (state.over || !$("root") || location.pathname !== "/") return;
    if (onReplay() || new URLSearchParams(location.search).has("at")) return;
    if (document.querySelector("#page > .desk")) return;
    const silent = state.pulse ? since() : performance.now();
    const gone = state.pulse && !onWall();
    if (silent < STALE && !state.polling && !gone) return;
    try {
      if (await poll()) return;
    } catch (e) { /* the server is away: the watchdog asks below */ }
    if (silent > WATCHDOG && performance.now() - state.tried > WATCHDOG) {
      state.tried = performance.now();
      try {
        const page = await fetch("/", { cache: "no-store" });
        if (page.ok && !state.pulse) location.reload();
      } catch (e) { /* still away */ }
    }
  }
  async function poll() {
    const p = state.pulse || { boot: "", version: 0, lang: "zh" };
    const asked = new URLSearchParams({ lang: p.lang, boot: p.boot, since: String(p.version) });
    const answer = await fetch("/_wall/frame?" + asked, { cache: "no-store" });
    if (answer.status === 401 || answer.status === 403) return dark(answer.status, p.lang);
    if (!answer.ok) return false;
    const frame = await answer.json();
    if (!onWall() || frame.pulse.boot !== p.boot) { location.reload(); return true; }
    if (frame.pulse.version === p.version) return false;
    Object.assign(frame.pulse, { polled: true });
    apply(frame);
    return true;
  }

  /* a frame, of now or of the past: each place that changed, and the instant it is of */
  function apply(frame) {
    frame.changes.forEach(([id, prop, value]) => window.dash_clientside.set_props(id, { [prop]: value }));
    window.dash_clientside.set_props("pulse", { data: frame.pulse });
  }

  /* the right to the wall ended: no figure stays, and whoever looks may sign in or see what is left */
  function dark(status, lang) {
    state.over = true;
    $("page").hidden = true;
    if (status === 403) location.reload();
    else location.replace("/sign-in?done=ended" + (lang === "en" ? "&lang=en" : ""));
    return true;
  }

  /* movement only where something changed */
  const known = new Map();
  function flash(el, name) {
    el.classList.remove(name);
    void el.offsetWidth;
    el.classList.add(name);
    setTimeout(() => el.classList.remove(name), 2600);
  }
  function highlight() {
    const first = known.size === 0;
    document.querySelectorAll("[data-figure]").forEach((el) => {
      const key = "f:" + el.dataset.figure + el.className.split(" ")[0];
      const was = known.get(el.dataset.figure);
      known.set(el.dataset.figure, el.textContent);
      if (was !== undefined && was !== el.textContent) flash(el, "changed");
    });
    ["wall-cards", "wall-stream", "wall-deadlines"].forEach((id) => {
      const list = $(id), before = known.get(id) || new Set(), keys = new Set();
      if (!list) return;
      list.querySelectorAll(":scope > [data-key]").forEach((row) => {
        keys.add(row.dataset.key);
        if (!first && !before.has(row.dataset.key)) flash(row, "arrived");
      });
      known.set(id, keys);
    });
  }

  function scale() {
    const screen = document.querySelector(".screen.replayed");
    const width = screen ? screen.clientWidth : window.innerWidth;
    const height = screen ? screen.clientHeight : window.innerHeight;
    const by = Math.min(width / 1920, height / 1080);
    document.documentElement.style.setProperty("--scale", window.innerWidth > 900 ? by : 1);
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, { wall: { pulse, apply, dark, scale } });
  window.addEventListener("resize", scale);
  scale();
  setInterval(tick, 250);
  setInterval(watch, POLL);
})();
