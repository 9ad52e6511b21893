"""Today's curve as a small SVG image: no plotting library, no script, sharp at any scale."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote

from dash.development.base_component import Component

from .show import div, local, number, span, tag
from .wall_figures import View

WIDTH, HEIGHT = 556, 138
LEFT, RIGHT, TOP, BOTTOM = 52, 22, 8, 22
LINES = (
    ("received", "#e8eef9", ""),
    ("accepted", "#8fa3c8", "7 5"),
    ("concluded", "#19b98b", ""),
)
NIGHT = 10
"""The day begins when a tenth of it has come in: a few counts at night do not stretch it."""
FONT = "Noto Sans CJK SC,Microsoft YaHei,sans-serif"


def round_top(most: int) -> int:
    """The least of 1, 2, 4, 5 × 10ⁿ that is not below."""
    power = 1
    while True:
        for step in (1, 2, 4, 5):
            if step * power >= most:
                return step * power
        power *= 10


def span_of(view: View) -> tuple[datetime, datetime]:
    """From eight o'clock, or when the day's work began, to six in the evening or now."""
    curve, zone = view.wall.curve, view.wall.zone
    begun = max(curve.received, default=0) // NIGHT
    known = zip(curve.at, curve.received, strict=False)
    first = next((t for t, n in known if n > begun), curve.at[-1])
    midnight = local(curve.at[-1], zone).replace(hour=0, minute=0, second=0, microsecond=0)
    opens, closes = midnight + timedelta(hours=8), midnight + timedelta(hours=18)
    return min(opens, local(first, zone)), max(closes, local(curve.at[-1], zone))


def path(points: list[tuple[float, float]]) -> str:
    """Points as a path."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def hours(begin: datetime, end: datetime) -> list[datetime]:
    """The even hours to be written below."""
    at = begin.replace(minute=0, second=0, microsecond=0)
    every = 2 if (end - begin) <= timedelta(hours=14) else 4
    found = []
    while at <= end:
        if at >= begin and at.hour % every == 0:
            found.append(at)
        at += timedelta(hours=1)
    return found


def svg(view: View) -> str:
    """The image."""
    curve, zone = view.wall.curve, view.wall.zone
    begin, end = span_of(view)
    length = max(1.0, (end - begin).total_seconds())
    top = round_top(max(1, *curve.received, *curve.accepted, *curve.concluded))

    def x(at: datetime) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (at - begin).total_seconds() / length

    def y(n: int) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - n / top)

    drawn = [axis_y(y(n), n) for n in (0, top // 2, top)] if top > 1 else [axis_y(y(0), 0)]
    drawn += [axis_x(x(at), at) for at in hours(begin, end)]
    for name, colour, dash in LINES:
        known = zip(curve.at, getattr(curve, name), strict=False)
        points = [(x(local(at, zone)), y(n)) for at, n in known if local(at, zone) >= begin]
        if points:
            drawn.append(line(points, colour, dash))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="{FONT}" font-size="14" fill="#9fb0cc">{"".join(drawn)}</svg>'
    )


def axis_y(at: float, n: int) -> str:
    """A line across, with its number."""
    return (
        f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#1d2942"/>'
        f'<text x="{LEFT - 8}" y="{at + 5:.1f}" text-anchor="end">{short(n)}</text>'
    )


def axis_x(at: float, moment: datetime) -> str:
    """An hour below."""
    return f'<text x="{at:.1f}" y="{HEIGHT - 4}" text-anchor="middle">{moment:%H}:00</text>'


def short(n: int) -> str:
    """A number of at most five characters."""
    if n < 10_000:
        return str(n)
    return f"{n / 1000:g}k" if n < 1_000_000 else f"{n / 1_000_000:g}M"


def line(points: list[tuple[float, float]], colour: str, dash: str) -> str:
    """One curve with a dot at its end."""
    x, y = points[-1]
    return (
        f'<path d="{path(points)}" fill="none" stroke="{colour}" stroke-width="2.5" '
        f'stroke-linejoin="round" stroke-dasharray="{dash}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
    )


def legend(view: View) -> Component:
    """The names of the curves with their last values."""
    names = []
    for name, _, _ in LINES:
        counts = getattr(view.wall.curve, name)
        last = number(counts[-1]) if counts else "–"
        names.append(
            span(span(cls=f"sample {name}"), f"{view.say('curve_' + name)} ", span(last, cls="n"))
        )
    return span(*names, cls="curve-legend")


def curve(view: View) -> Component:
    """The curve of the day."""
    day = view.wall.curve
    if not day.at:
        return div(view.say("nothing"), cls="nothing")
    last = {"r": day.received, "a": day.accepted, "c": day.concluded}
    said = view.say("curve_alt", **{k: number(v[-1]) if v else "–" for k, v in last.items()})
    return tag("Img", src="data:image/svg+xml," + quote(svg(view)), alt=said, cls="curve")
