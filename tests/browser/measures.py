"""What is measured in the browser: overflow, overlap, contrast. Each returns what is wrong."""

# ruff: noqa: E501 (scripts for the browser keep their own lines)

from __future__ import annotations

OVERFLOWING = """() => {
  const wrong = [];
  const seen = (e) => { const r = e.getBoundingClientRect(); return r.width > 0 && r.height > 0; };
  const told = (e) => `${e.tagName}.${e.className} "${(e.textContent || "").slice(0, 30)}"`;
  document.querySelectorAll("#wall, #wall *").forEach((e) => {
    if (!seen(e)) return;
    const style = getComputedStyle(e);
    const cut = style.textOverflow === "ellipsis" || style.display === "inline" || !e.clientWidth;
    if (!cut && e.scrollWidth > e.clientWidth + 1) wrong.push(`wide ${told(e)}`);
    const box = e.parentElement.closest(".panel, .kpi, .head, .foot, .wall");
    if (!box) return;
    const a = e.getBoundingClientRect(), b = box.getBoundingClientRect();
    if (a.bottom > b.bottom + 1 || a.right > b.right + 1 || a.left < b.left - 1 || a.top < b.top - 1)
      wrong.push(`out of ${box.className}: ${told(e)}`);
  });
  return wrong;
}"""
"""Elements of the wall that are cut off without an ellipsis, or stick out of their panel."""

OVERLAPPING = """() => {
  const boxes = [...document.querySelectorAll(".head, .kpi, .panel, .foot")]
    .map((e) => [e.className, e.getBoundingClientRect()]).filter(([, r]) => r.width && r.height);
  const wrong = [];
  boxes.forEach(([a, r], i) => boxes.slice(i + 1).forEach(([b, s]) => {
    const x = Math.min(r.right, s.right) - Math.max(r.left, s.left);
    const y = Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top);
    if (x > 1 && y > 1) wrong.push(`${a} over ${b}`);
  }));
  return wrong;
}"""
"""Panels that lie on one another."""

LOW_CONTRAST = """(least) => {
  const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return [m[0], m[1], m[2], m[3] ?? 1]; };
  const light = (c) => {
    const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
  const ground = (e) => {
    const layers = [];
    for (let at = e; at; at = at.parentElement) {
      const c = parse(getComputedStyle(at).backgroundColor);
      if (c[3] > 0) layers.push(c);
      if (c[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const wrong = [];
  document.querySelectorAll("#page *").forEach((e) => {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const r = e.getBoundingClientRect();
    if (!own || !r.width || e.closest(".changed, .arrived, .unseen, #stale")) return;
    const below = ground(e), ink = over(parse(getComputedStyle(e).color), below);
    const [a, b] = [light(ink), light(below)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least) wrong.push(`${ratio.toFixed(2)} ${e.className} "${e.textContent.slice(0, 20)}"`);
  });
  return wrong;
}"""
"""Text whose colour differs too little from what lies under it, from computed styles."""
