"""Names of streams.

"case/SOURCE/CASE_NO/FAMILY" with family facts, cards, desk, links or notices; "lists/…" for what is
published; "system/…" for what happened to the record itself. "/" and "%" in a source or a case_no
are percent-quoted, all else stays readable. The n-th event of a stream has version n.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

LISTS = "lists/"
CLOCK = "system/clock"
INCIDENTS = "system/incidents"
ERASURES = "system/erasures"
PROGRAM = "system/program"

Family = Literal["facts", "cards", "desk", "links", "notices"]
FACTS: Family = "facts"
CARDS: Family = "cards"


class CaseStream(NamedTuple):
    """What the name of a case's stream says."""

    source: str
    case_no: str
    family: str


def case_prefix(source: str, case_no: str) -> str:
    """What the names of all streams of a case begin with."""
    return f"case/{_quote(source)}/{_quote(case_no)}/"


def case_stream(source: str, case_no: str, family: Family) -> str:
    """The name of a stream of a case."""
    return case_prefix(source, case_no) + family


def facts_stream(source: str, case_no: str) -> str:
    """Where intake writes what the department reports."""
    return case_stream(source, case_no, "facts")


def cards_stream(source: str, case_no: str) -> str:
    """Where the watch writes its card acts."""
    return case_stream(source, case_no, "cards")


def desk_stream(source: str, case_no: str) -> str:
    """Where the desks write what people answered."""
    return case_stream(source, case_no, "desk")


def links_stream(source: str, case_no: str) -> str:
    """Where the follower of applicants writes that a case follows on another."""
    return case_stream(source, case_no, "links")


def notices_stream(source: str, case_no: str) -> str:
    """Where alerts write who was told what."""
    return case_stream(source, case_no, "notices")


def case_name(stream: str) -> str | None:
    """What the names of all streams of a case have in common; None for a stream of no case."""
    return stream.rpartition("/")[0] if stream.startswith("case/") else None


def parse(stream: str) -> CaseStream | None:
    """What the name says; None for a stream that belongs to no case."""
    head, *rest = stream.split("/")
    if head != "case" or len(rest) != 3:
        return None
    return CaseStream(_unquote(rest[0]), _unquote(rest[1]), rest[2])


def _quote(text: str) -> str:
    return text.replace("%", "%25").replace("/", "%2F")


def _unquote(text: str) -> str:
    return text.replace("%2F", "/").replace("%25", "%")
