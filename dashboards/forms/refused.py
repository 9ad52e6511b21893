"""The page for who may not see one: it tells nothing but what can be done next."""

from __future__ import annotations

from starlette.responses import HTMLResponse

from ..words_entry import say
from .page import address, page

KNOWN = (403, 404, 503)


def refusal(status: int, lang: str) -> HTMLResponse:
    """For GateConfig.refusal, and for pages that refuse by themselves."""
    key = str(status) if status in KNOWN else "other"
    return page(
        "message.html",
        lang,
        status,
        title=say(f"refused_{key}_title", lang),
        text=say(f"refused_{key}_text", lang),
        onward=address("/sign-in", lang=lang),
    )
