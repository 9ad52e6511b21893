"""Which cards an address asks for: the fields of its query, read and written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from projections.card_queries import ANSWERS, LAST, Answer, Turn, Wanted

from .words_grid import SEVERITIES, STAGES

PLAIN = ("department", "item", "rule", "person", "text")
"""Fields that stand in a query under their own name, as they are."""
FILTERS = ("stage", "severity", "answer", "since", "until", *PLAIN)
"""Fields of a query that choose cards; those that choose a page are PAGES."""
PAGES = ("after", "before")
LONGEST = 200
"""Characters of a field; what is longer names nothing that there is."""
DAY = re.compile(r"\d{4}-\d\d-\d\d")
THE_END = "end"
"""The value of `before` that asks for the last page."""


def wanted_of(query: Mapping[str, str]) -> Wanted:
    """The cards that a query asks for; a choice that there is not, asks for nothing."""
    stages = frozenset(filter(STAGES.__contains__, query.get("stage", "").split(",")))
    severity = query.get("severity", "")
    answers: dict[str, Answer] = {each: each for each in ANSWERS}
    plain = {name: query.get(name, "").strip()[:LONGEST] for name in PLAIN}
    return Wanted(
        stages=stages,
        severity=severity if severity in SEVERITIES else "",
        answer=answers.get(query.get("answer", ""), ""),
        since=day_of(query.get("since", "")),
        until=day_of(query.get("until", "")),
        **plain,
    )


def query_of(wanted: Wanted) -> dict[str, str]:
    """A query that asks for these cards: only what is not left open, the same for the same."""
    fields = {
        "stage": ",".join(stage for stage in STAGES if stage in wanted.stages),
        "severity": wanted.severity,
        "answer": wanted.answer,
        "since": wanted.since.isoformat() if wanted.since else "",
        "until": wanted.until.isoformat() if wanted.until else "",
        **{name: getattr(wanted, name) for name in PLAIN},
    }
    return {name: value for name, value in fields.items() if value}


def turn_of(query: Mapping[str, str]) -> Turn:
    """The page that a query asks for; without a field of PAGES, the first."""
    before = query.get("before", "")
    if before:
        return LAST if before == THE_END else Turn(before, back=True)
    return Turn(query.get("after", ""))


def day_of(text: str) -> date | None:
    """A day written as ISO 8601 has it; None for anything else."""
    if not DAY.fullmatch(text.strip()):
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
