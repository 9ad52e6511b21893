"""What the pages for alerts share: what was set up, words, whom somebody may see."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import HTMLResponse

from alerts.book import Addresses, Book
from alerts.links import Links
from alerts.ruling import Fit
from alerts.setup import Setup
from supervision.access.rights import Reach, Right
from supervision.access.web import whoever
from supervision.errors import SupervisionError
from supervision.facts import Instant
from supervision.record import Record

from ..words import side
from ..words_alerts import MARKS, SHAPES, WORDS
from .offices_desk import Office, problem_of, status_of
from .page import lang_of, page

KEPT = ("q", "after", "person", "kind", "channel", "of", "state", "before")
"""Fields of an address that the language switch keeps."""
TABS = (
    ("/alerts/contacts", "contacts"),
    ("/alerts/templates", "templates"),
    ("/alerts/policy", "policy"),
)


class Alerting(NamedTuple):
    """Everything that the pages need. `fit`: the channels there are."""

    office: Office
    book: Book
    addresses: Addresses
    links: Links
    fit: Fit

    @property
    def record(self) -> Record:
        """The record."""
        return self.office.access.record

    def time(self) -> Instant:
        """The log's time (µs), by which links and silences end; in a simulated home no clock's."""
        return self.record.last_stamp()

    def setup(self) -> Setup:
        """What holds now. StoreError."""
        return self.book.setup()

    def show(
        self,
        request: Request,
        template: str,
        error: SupervisionError | None = None,
        *,
        here: str,
        status: int = HTTPStatus.OK,
        **context: Any,
    ) -> HTMLResponse:
        """A page; what was done before is told as the address says (`done=KEY`)."""
        lang, asked = lang_of(request), request.query_params
        key = "done_" + asked.get("done", "")
        answer = page(
            template,
            lang,
            status_of(error) if error else status,
            words=WORDS,
            here=here,
            kept={name: asked[name] for name in KEPT if asked.get(name)},
            problem=problem_of(error, lang) if error else "",
            done=WORDS[key][side(lang)] if key in WORDS and not error else "",
            asked=asked,
            when=self.office.when,
            marks=MARKS,
            shapes=SHAPES,
            tabs=TABS,
            **context,
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer


def reach_of(right: Right) -> Reach:
    """Over what whoever asks has a right; the gate has seen that they have it."""
    return whoever().reach(right) or Reach()


def covers(reach: Reach, departments: tuple[str, ...]) -> bool:
    """Whether all of them are in reach; none means the whole."""
    if not departments:
        return reach.departments is None
    return all(reach.covers(each) for each in departments)
