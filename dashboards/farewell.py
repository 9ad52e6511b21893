"""The last words to a wall whose right ended, as Dash's browser side reads them."""

from __future__ import annotations

import msgspec

from .pages import message
from .producer import written
from .words import LANGS

MOST = 50
"""Pages of one browser that are told."""


class WallFarewell:
    """Turns the page into a word that the right has ended; a supervision.access.gate.Farewell."""

    def __init__(self) -> None:
        self._pages: dict[str, None] = {}

    def heard(self, text: str) -> None:
        """Remember which page of the browser spoke."""
        try:
            page = msgspec.json.decode(text).get("rendererId")
        except (msgspec.DecodeError, AttributeError):
            return
        if isinstance(page, str) and len(self._pages) < MOST:
            self._pages[page] = None

    def words(self) -> list[str]:
        """One message a page."""
        said = [message("signed_out", "signed_out_long", LANGS[0])]
        told = {"componentId": "page", "props": {"children": said}}
        return [
            written({"type": "set_props", "rendererId": page, "payload": told})
            for page in self._pages
        ]
