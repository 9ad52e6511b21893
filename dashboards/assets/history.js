/* A case's history: all moments are in the page; dragging and playing only shows and hides. */
(function () {
  "use strict";
  const STEPS = 10000, SVG = "http://www.w3.org/2000/svg";
  const SPEEDS = { moment: 0, day: 86400e6, week: 7 * 86400e6 };  /* microseconds a second */
  let playing = null;

  function made(tag, cls, text) {
    const el = document.createElement(tag);
    if (cls) el.className = cls;
    if (text !== undefined) el.textContent = text;
    return el;
  }
  function drawn(tag, given) {
    const el = document.createElementNS(SVG, tag);
    for (const name in given) el.setAttribute(name, given[name]);
    return el;
  }
  function filled(text, given) { return text.replace(/\{(\w+)\}/g, (_, name) => given[name]); }
  /* how many of the sorted numbers are no larger */
  function upTo(sorted, at, of) {
    let low = 0, high = sorted.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if ((of ? of(sorted[mid]) : sorted[mid]) <= at) low = mid + 1; else high = mid;
    }
    return low;
  }

  class Replay {
    constructor(stage) {
      this.stage = stage;
      this.told = JSON.parse(stage.dataset.told);
      this.words = this.told.words;
      this.lines = this.told.true.length ? ["known", "true"] : ["known"];
      const all = this.lines.flatMap((line) => this.told[line]);
      this.first = Math.min(...this.lines.map((line) => this.told[line][0].at));
      this.last = all.reduce((most, m) => Math.max(most, m.at), this.first + 1);
      this.axis = "known";
      this.at = this.last;
      this.speed = "moment";
      this.draw();
      this.turnTo("known");
    }

    /* drawing, once */
    draw() {
      const w = this.words;
      if (this.lines.length > 1 || this.told.differences.length) this.stage.append(this.differences());
      const box = made("section", "player");
      box.append(this.axes(), this.rails(), this.controls());
      this.now = made("section", "at-moment");
      const parts = made("div", "moment-parts");
      this.clocks = made("div", "moment-clocks");
      this.cards = made("div", "moment-cards");
      parts.append(this.clocks, this.cards);
      this.head = made("div", "moment-head");
      this.now.append(this.head, parts);
      const list = made("section", "moment-entries");
      list.append(made("h2", "", w.entries));
      this.hidden = made("p", "unknown-count");
      this.table = made("table", "lines entries");
      const row = made("tr");
      for (const name of ["position", "occurred", "recorded", "what", "who"]) {
        const cell = made("th", "", w[name]);
        cell.scope = "col";
        row.append(cell);
      }
      const head = made("thead");
      head.append(row);
      this.body = made("tbody");
      this.table.append(head, this.body);
      list.append(this.hidden, this.table);
      this.rows = this.told.entries.map((e, n) => this.row(e, n));
      this.stage.append(box, this.now, list);
      this.stage.addEventListener("keydown", (e) => this.key(e));
    }
    chip(light, word) {
      const [shape, name] = this.told.lights[light] || this.told.lights.normal;
      const chip = made("span", "chip " + (light || "normal"));
      const sign = made("span", "shape", shape);
      sign.setAttribute("aria-hidden", "true");
      chip.append(sign, made("span", "word", word || name));
      return chip;
    }
    button(cls, text, act) {
      const button = made("button", cls, text);
      button.type = "button";
      button.addEventListener("click", act);
      return button;
    }
    differences() {
      const w = this.words, box = made("section", "differences");
      box.append(made("h2", "", w.differences));
      if (!this.told.differences.length) {
        box.append(made("p", "no-difference", w.no_differences));
        return box;
      }
      const list = made("ol", "difference-list");
      for (const each of this.told.differences) {
        const item = made("li", "difference " + each.kind);
        if (each.severity) item.append(this.chip(each.severity));
        item.append(made("span", "told", each.text), this.go(each.entry, w.go));
        if (each.severity) {
          const because = made("div", "because");
          because.append(made("span", "faint", (each.because.length ? w.because : w.unexplained) + " "));
          for (const input of each.because) because.append(this.go(input.entry, input.text));
          item.append(because);
        }
        list.append(item);
      }
      box.append(list);
      return box;
    }
    go(entry, text) {
      return this.button("go", text, () => {
        const e = this.told.entries[entry];
        if (!e[this.axis === "known" ? "at" : "true"]) this.turnTo(this.axis === "known" ? "true" : "known");
        this.move(this.place(e) || this.last, true);
        this.stage.querySelector(".player").scrollIntoView({ block: "nearest" });
      });
    }
    axes() {
      const w = this.words, box = made("fieldset", "axes");
      box.append(made("legend", "", w.axis));
      this.choices = {};
      for (const line of this.lines) {
        const label = made("label", "axis " + line), input = made("input");
        input.type = "radio"; input.name = "history-axis"; input.value = line;
        input.addEventListener("change", () => this.turnTo(line));
        const words = made("span", "axis-name", w[line]);
        label.append(input, words, made("span", "faint", " " + w[line + "_long"]));
        this.choices[line] = input;
        box.append(label);
      }
      return box;
    }
    controls() {
      const w = this.words, box = made("div", "controls");
      const buttons = made("div", "buttons"), speed = made("select", "speed");
      this.playButton = this.button("button play", "▶ " + w.play, () => this.toggle());
      buttons.append(
        this.button("button", "« " + w.first, () => this.move(this.first)),
        this.button("button", "◀ " + w.previous, () => this.step(-1)),
        this.playButton,
        this.button("button", w.next + " ▶", () => this.step(1)),
        this.button("button", w.last + " »", () => this.move(this.last)),
      );
      for (const name in SPEEDS) {
        const option = made("option", "", w["speed_" + name]);
        option.value = name;
        speed.append(option);
      }
      speed.setAttribute("aria-label", w.speed);
      speed.addEventListener("change", () => { this.speed = speed.value; });
      buttons.append(speed);
      box.append(buttons, made("p", "faint keys", w.keys));
      return box;
    }
    /* where an instant lies, 0 to 1 */
    share(at) { return Math.min(1, Math.max(0, (at - this.first) / (this.last - this.first))); }
    rails() {
      const w = this.words, box = made("div", "rails");
      const legend = made("p", "rails-legend");
      legend.append(made("span", "faint", w.rails));
      for (const light of ["reminder", "yellow", "red"]) legend.append(this.sign(light));
      for (const kind in this.told.marks) legend.append(this.sign(kind));
      const field = made("div", "rails-field");
      for (const line of this.lines) field.append(this.rail(line));
      if (this.lines.length > 1) field.append(this.threads());
      const over = made("div", "needle-field");
      this.needle = made("div", "needle");
      over.append(this.needle);
      field.append(over);
      this.slider = made("input", "slider");
      Object.assign(this.slider, { type: "range", min: 0, max: STEPS, step: 1 });
      this.slider.setAttribute("aria-label", w.slider);
      this.slider.addEventListener("input", () => {
        this.stop();
        this.move(this.first + (this.last - this.first) * (this.slider.value / STEPS));
      });
      field.append(this.slider);
      box.append(field, legend);
      return box;
    }
    look(kind) {
      return this.told.lights[kind] || this.told.marks[kind] || this.told.marks.fact;
    }
    sign(kind) {
      const [shape, word] = this.look(kind), box = made("span", "sign-of");
      box.append(made("span", "rail-mark is-" + kind, shape), made("span", "", " " + word));
      return box;
    }
    rail(line) {
      const rail = made("div", "rail " + line), track = made("div", "track"), seen = new Set();
      rail.append(made("span", "rail-name", this.words[line]), track);
      const put = (at, kind, text) => {
        const place = Math.round(this.share(at) * 500), same = kind + place;
        if (!at || at > this.last || seen.has(same)) return;
        seen.add(same);
        const mark = made("span", "rail-mark is-" + kind, this.look(kind)[0]);
        mark.style.left = place / 5 + "%";
        mark.title = text;
        track.append(mark);
      };
      for (const e of this.told.entries) {
        put(e[line === "known" ? "at" : "true"], e.mark, e.kind + " " + e.what);
      }
      for (const m of this.told[line]) for (const c of m.crossed) put(m.at, "time", c.text);
      return rail;
    }
    /* what was late: from where it truly was to where it became known */
    threads() {
      const svg = drawn("svg", { viewBox: "0 0 1000 100", preserveAspectRatio: "none", "aria-hidden": "true" });
      svg.classList.add("threads");
      for (const e of this.told.entries) {
        const from = this.share(e.true) * 1000, to = this.share(e.at) * 1000;
        if (!e.at || !e.true || Math.abs(to - from) < 4) continue;
        const line = drawn("line", { x1: to, y1: 0, x2: from, y2: 100 });
        if (this.told.lights[e.severity]) line.setAttribute("class", e.severity);
        svg.append(line);
      }
      return svg;
    }
    row(e, n) {
      const row = made("tr"), what = made("td", "wide"), w = this.words;
      row.id = e.position ? "entry-" + e.position : "entry-true-" + n;
      what.append(made("span", "family", e.family), made("span", "kind", e.kind));
      if (e.severity) what.append(this.chip(e.severity));
      for (const mark of e.marks) what.append(made("span", "mark", mark));
      if (!e.at) what.append(made("span", "mark would", w.would));
      if (!e.true && this.lines.length > 1) what.append(made("span", "mark never", w.never));
      const unknown = made("span", "mark unknown-mark", w.unknown);
      what.append(unknown, made("span", "told", e.what));
      for (const text of e.masked) what.append(made("span", "masked", text));
      row.append(
        made("td", "number faint", e.position ? e.position.toLocaleString("en") : "–"),
        made("td", "moment", e.occurred.slice(0, 19)), made("td", "moment", e.recorded.slice(0, 19) || "–"),
        what, made("td", "ids", e.who),
      );
      row.children[1].dataset.label = w.occurred;
      row.children[2].dataset.label = w.recorded;
      return row;
    }

    /* moving */
    place(e) { return this.axis === "known" ? e.at : e.true; }
    turnTo(axis) {
      this.axis = axis;
      this.choices[axis].checked = true;
      this.stage.dataset.axis = axis;
      const order = this.told.entries.map((e, n) => n).filter((n) => this.place(this.told.entries[n]));
      order.sort((a, b) => this.place(this.told.entries[b]) - this.place(this.told.entries[a]) || b - a);
      this.order = order;
      this.body.replaceChildren(...order.map((n) => this.rows[n]));
      this.shown = new Map();
      this.drawnAt = null;
      this.show();
    }
    moments() { return this.told[this.axis]; }
    index(axis) { return upTo(this.told[axis || this.axis], this.at, (m) => m.at) - 1; }
    move(at, stays) {
      if (!stays) this.stop();
      this.at = Math.round(Math.min(this.last, Math.max(this.first, at)));
      this.show();
    }
    step(by) {
      this.stop();
      this.walk(by);
    }
    walk(by) {
      const moments = this.moments(), n = this.index();
      const back = by < 0 && n >= 0 && moments[n].at < this.at ? n : n + by;
      this.at = moments[Math.min(moments.length - 1, Math.max(0, back))].at;
      this.show();
      return back < moments.length - 1;
    }
    toggle() {
      if (playing) return this.stop();
      if (this.at >= this.last) this.at = this.first;
      this.playButton.textContent = "‖ " + this.words.pause;
      let before = performance.now();
      playing = setInterval(() => {
        if (!this.stage.isConnected) return this.stop();
        const now = performance.now(), speed = SPEEDS[this.speed];
        if (!speed) {
          if (now - before < 1000) return;
          before = now;
          if (!this.walk(1)) this.stop();
          return;
        }
        this.at = Math.min(this.last, Math.round(this.at + speed * (now - before) / 1000));
        before = now;
        this.show();
        if (this.at >= this.last) this.stop();
      }, 40);
      this.show();
    }
    stop() {
      clearInterval(playing);
      playing = null;
      this.playButton.textContent = "▶ " + this.words.play;
    }
    key(e) {
      if (e.altKey || e.ctrlKey || e.metaKey || e.target.tagName === "SELECT") return;
      const acts = {
        ArrowRight: () => this.step(1), ArrowLeft: () => this.step(-1),
        ArrowUp: () => this.step(1), ArrowDown: () => this.step(-1),
        Home: () => this.move(this.first), End: () => this.move(this.last),
        " ": () => this.toggle(),
        a: () => this.turnTo(this.lines[(this.lines.indexOf(this.axis) + 1) % this.lines.length]),
      };
      const letter = e.key.length === 1 ? e.key.toLowerCase() : e.key;
      const choosing = e.target.type === "radio" || e.target.tagName === "BUTTON";
      if (!acts[letter] || (choosing && letter !== "a" && letter !== "Home" && letter !== "End")) return;
      e.preventDefault();
      acts[letter]();
    }

    /* showing: only what changed */
    show() {
      const n = this.index(), m = this.moments()[n];
      const share = this.share(this.at);
      this.slider.value = Math.round(share * STEPS);
      this.needle.style.left = share * 100 + "%";
      this.showRows();
      const state = this.axis + n;
      if (this.drawnAt !== state) {
        this.drawnAt = state;
        this.showHead(m);
        this.showCards(m);
        this.showClocks(m);
      } else this.tick(m);
      this.showTime(m);
    }
    time() {
      /* in the offset of the moment's own text */
      const n = this.index(), m = this.moments()[Math.max(n, 0)];
      if (m.at === this.at) return m.text;
      const sign = m.text[19] === "-" ? -1 : 1;
      const minutes = sign * (60 * +m.text.slice(20, 22) + +m.text.slice(23, 25));
      const local = new Date(this.at / 1000 + minutes * 60000).toISOString();
      return local.slice(0, 10) + " " + local.slice(11, 19) + m.text.slice(19);
    }
    showHead(m) {
      const w = this.words;
      this.clock = made("span", "moment-time");
      this.other = made("span", "other-light");
      const said = made("div", "moment-said");
      this.head.replaceChildren(made("h2", "", w.state), this.clock, said);
      if (!m) return;
      said.append(this.chip(m.light), made("span", "status", m.status), this.other);
      for (const c of m.crossed) {
        const passed = made("span", "passed");
        passed.append(made("span", "faint", w.crossed + " "), c.severity ? this.chip(c.severity, c.text) : made("span", "", c.text));
        said.append(passed);
      }
      said.append(made("span", "faint next", w.next_crossing + " " + (m.next || w.nothing_next)));
    }
    showTime(m) {
      const time = this.time();
      this.clock.textContent = time.slice(0, 19);
      const light = m ? this.told.lights[m.light][1] : "";
      this.slider.setAttribute("aria-valuetext", [time.slice(0, 19), light, m ? m.status : ""].join(" "));
      if (this.lines.length < 2) return;
      const other = this.axis === "known" ? "true" : "known";
      const k = this.index(other), there = k >= 0 ? this.told[other][k] : null;
      const differs = there && m && there.light !== m.light;
      const key = differs ? there.light : "";
      if (this.other.dataset.light === key) return;
      this.other.dataset.light = key;
      this.other.replaceChildren();
      if (differs) {
        this.other.append(made("span", "faint", this.words[other === "true" ? "truly" : "known_as"] + " "), this.chip(there.light));
      }
    }
    showCards(m) {
      const w = this.words, list = made("ul", "card-lines");
      this.cards.replaceChildren(made("h3", "", w.cards), list);
      if (!m || !m.cards.length) { list.replaceWith(made("p", "nothing", w.no_cards)); return; }
      for (const place of m.cards) {
        const card = this.told.cards[place], line = made("li", card.over ? "over" : "");
        line.append(this.chip(card.severity, card.label), made("span", "state", card.state), made("span", "why", card.why), made("span", "faint ids", card.issued.slice(0, 16)));
        list.append(line);
      }
    }
    showClocks(m) {
      const w = this.words, list = made("ul", "clock-lines");
      this.clocks.replaceChildren(made("h3", "", w.clocks), list);
      this.ticking = [];
      if (!m || !m.clocks.length) { list.replaceWith(made("p", "nothing", w.no_clocks)); return; }
      for (const [place, used] of m.clocks) {
        const clock = this.told.clocks[place], line = made("li", clock.late ? "late" : "");
        const bar = made("meter"), count = made("span", "count");
        line.append(made("span", "name", clock.name), made("span", clock.late ? "state late" : "state", clock.state));
        line.append(made("span", "faint", clock.limit + " · " + w.ends + " " + clock.ends));
        if (clock.provisional) line.append(made("span", "mark", clock.provisional));
        line.append(bar, count);
        if (!clock.unit) bar.remove();
        else this.ticking.push({ clock, used, bar, count });
        list.append(line);
      }
      this.tick(m);
    }
    /* days pass between moments too */
    tick() {
      const w = this.words;
      for (const { clock, used, bar, count } of this.ticking || []) {
        const until = clock.until ? Math.min(clock.until, this.at) : this.at;
        const spent = clock.unit === "day" ? upTo(clock.counted, until) : used;
        const over = spent - clock.total, unit = clock.unit === "day" ? 1 : 60;
        const said = (n) => (unit === 1 ? n : Math.round(n / 6) / 10);
        const given = { used: said(spent), total: said(clock.total), left: said(-over), over: said(over) };
        const key = (over > 0 ? "over_" : "used_") + (unit === 1 ? "days" : "hours");
        const text = filled(w[key], given);
        if (count.textContent === text) continue;
        bar.max = Math.max(clock.total, 1);
        bar.value = Math.min(spent, clock.total);
        count.textContent = text;
      }
    }
    showRows() {
      let unknown = 0;
      for (const n of this.order) {
        const e = this.told.entries[n], place = this.place(e);
        const isUnknown = e.at > this.at && e.true && e.true <= this.at;
        let state = place <= this.at ? "shown" : "later";
        if (isUnknown) { state = this.axis === "known" ? "unknown" : "shown unknown-then"; unknown += 1; }
        if (this.shown.get(n) === state) continue;
        this.shown.set(n, state);
        this.rows[n].className = state;
      }
      this.hidden.textContent = unknown ? filled(this.words.unknown_count, { n: unknown }) : "";
      const m = this.moments()[this.index()], news = new Set(m ? m.shown : []);
      for (const n of this.news || []) if (!news.has(n)) this.rows[n].classList.remove("news");
      for (const n of news) this.rows[n].classList.add("news");
      this.news = news;
    }
  }

  function begin() {
    const stage = document.getElementById("history-stage");
    if (!stage || stage.dataset.drawn || !stage.dataset.told) return;
    stage.dataset.drawn = "1";
    clearInterval(playing);
    playing = null;
    performance.mark("history-told");
    stage.history = new Replay(stage);
    performance.measure("history-drawn", "history-told");
  }
  new MutationObserver(begin).observe(document.documentElement, { childList: true, subtree: true });
  begin();
})();
