"""Elements of the Dash pages written out as HTML, for pages that the server writes whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dash.development.base_component import Component
from markupsafe import Markup, escape

NAMES = {"className": "class", "htmlFor": "for", "colSpan": "colspan", "rowSpan": "rowspan"}
"""Attributes that HTML calls otherwise."""
ALONE = {"br", "hr", "img", "input"}
"""Elements without an end."""


def written(child: Any) -> Markup:
    """An element with all that is in it; text is escaped."""
    if child is None:
        return Markup("")
    if isinstance(child, list | tuple):
        return Markup("").join(written(each) for each in child)
    if not isinstance(child, Component):
        return escape(str(child))
    told = child.to_plotly_json()  # type: ignore[no-untyped-call]
    name, props = str(told["type"]).lower(), dict(told["props"])
    inside = props.pop("children", None)
    start = Markup("<{}{}>").format(name, _attributes(props.items()))
    if name in ALONE:
        return start
    return start + written(inside) + Markup("</{}>").format(name)


def _attributes(props: Iterable[tuple[str, Any]]) -> Markup:
    return Markup("").join(
        Markup(' {}="{}"').format(NAMES.get(name, name), value)
        for name, value in props
        if value is not None
    )
