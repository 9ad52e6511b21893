"""Papers as PDF: A4, with their fonts in the file, drawn without asking anybody for anything."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from weasyprint import HTML
from weasyprint.urls import FatalURLFetchingError, URLFetcher

from .papers import Paper

TEMPLATES = Path(__file__).parent / "forms" / "templates"


class Nothing(URLFetcher):  # type: ignore[misc]  # it ships no types
    """Fetches nothing: a paper that asks for an address is not drawn."""

    def fetch(self, url: str, headers: Any = None) -> Any:
        """FatalURLFetchingError."""
        raise FatalURLFetchingError(f"a paper asked for {url[:100]}")


def html_of(paper: Paper) -> str:
    """The paper as HTML for print; what people wrote is escaped."""
    return _template().render(paper=paper)


def pdf_of(paper: Paper) -> bytes:
    """The paper as PDF."""
    drawn: bytes = HTML(string=html_of(paper), url_fetcher=Nothing()).write_pdf()
    return drawn


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("paper.html")
