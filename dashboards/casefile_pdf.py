"""A case file as PDF: A4, Chinese with English beside it, fonts in the file, nothing fetched.

The same case file gives the same bytes: its date is that of the file, not that of drawing.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache, partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from weasyprint import HTML

from replay.casefile import CaseFile, FiledEvent, MessageFiled
from replay.casefile_words import CHANNELS, FAMILIES, STAGES, name_of
from replay.history import ClockDrawn
from supervision.judgement.explain import COUNTED, KINDS, MAKEUP, ROLLED

from .papers import UNFIT
from .papers_pdf import TEMPLATES, Nothing
from .words import CARD_STATES, CLOCK_STATES, SHAPES, TEXTS
from .words_alerts import WORDS as ALERT_WORDS
from .words_casefile import DECISIONS, MATERIAL_STATES, TEXT_STATES, WITHHELD, WORDS

Pair = tuple[str, str]
DAY = len("2026-01-01")


class Days(NamedTuple):
    """Consecutive days of one kind in a clock's account: from, to, kind, counted at the end."""

    first: str
    last: str
    kind: Pair
    counted: str


def pdf_of(file: CaseFile) -> bytes:
    """The file as PDF."""
    drawn: bytes = HTML(string=html_of(file), url_fetcher=Nothing()).write_pdf()
    return drawn


def html_of(file: CaseFile) -> str:
    """The file as HTML for print; what people wrote is escaped, what no file may hold left out."""
    return UNFIT.sub("", _template().render(file=file, minute=partial(minute, ZoneInfo(file.zone))))


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    says: dict[str, Any] = {
        "word": lambda key: WORDS[key],
        "shape": lambda severity: SHAPES.get(severity, ""),
        "name_of": name_of,
        "family": lambda key: FAMILIES.get(key, (key, key)),
        "card_state": lambda key: CARD_STATES.get(key, (key, key)),
        "clock_state": lambda key: CLOCK_STATES.get(key, (key, key)),
        "material_state": lambda key: MATERIAL_STATES.get(key, (key, key)),
        "text_name": lambda key: TEXTS.get(key, (key, key)),
        "text_state": lambda key: TEXT_STATES.get(key, (key, key)),
        "withheld": lambda key: WITHHELD.get(key, (key, key)),
        "runs_of": runs_of,
        "became_of": became_of,
        "marks": marks,
        "channel": lambda key: CHANNELS.get(key, (key, key)),
    }
    environment.globals.update(says)
    return environment.get_template("casefile.html")


def minute(zone: ZoneInfo, text: str) -> str:
    """A time as people read it, to the minute: what was recorded in a zone, what was reported with
    its own offset where that is another.
    """
    if not text or len(text) <= DAY:
        return text
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or text.endswith("Z"):
        return f"{at.astimezone(zone) if at.tzinfo else at:%Y-%m-%d %H:%M}"
    own = at.utcoffset() == at.astimezone(zone).utcoffset()
    return f"{at:%Y-%m-%d %H:%M}" if own else f"{at:%Y-%m-%d %H:%M %z}"


def runs_of(clock: ClockDrawn) -> tuple[Days, ...]:
    """The days of an account joined to runs of one kind."""
    runs: list[Days] = []
    for day in clock.days:
        counted = str(day.number) if day.number and day.kind in (COUNTED, MAKEUP, ROLLED) else ""
        kind = KINDS.get(day.kind, (day.kind, ""))
        kind = (f"{kind[0]} {day.name}".strip(), kind[1])
        if runs and runs[-1].kind == kind:
            runs[-1] = runs[-1]._replace(last=day.day, counted=counted)
        else:
            runs.append(Days(day.day, day.day, kind, counted))
    return tuple(runs)


def became_of(told: MessageFiled) -> Pair:
    """What was decided about telling somebody, and what became of it."""
    zh, en = DECISIONS.get(told.decision, (told.decision, told.decision))
    if told.decision == "told":
        state = ALERT_WORDS.get(f"state_{told.state}", (told.state, told.state))
        if told.attempts > 1:
            return (
                f"{zh}：{state[0]}，{told.attempts}次",
                f"{en}: {state[1]}, {told.attempts} tries",
            )
        return f"{zh}：{state[0]}", f"{en}: {state[1]}"
    stage = STAGES.get(told.stage, (told.stage, told.stage))
    return f"{zh}：{stage[0]}", f"{en}: {stage[1]}"


def marks(event: FiledEvent) -> tuple[Pair, ...]:
    """Late, of the future, corrected, not sealed yet."""
    held = {
        ("迟报", "late"): event.late,
        ("时间在后", "of the future"): event.future,
        ("已更正", "corrected"): event.corrected,
        ("未封存", "not sealed yet"): not event.sealed,
    }
    return tuple(pair for pair, holds in held.items() if holds)
