"""The whole story of one case: what a case page, `supervise case` and a tribunal are shown."""

from __future__ import annotations

from msgspec import Struct


class Entry(Struct, frozen=True, kw_only=True):
    """One fact, card act or desk act, in order; free text masked unless a right says otherwise."""

    position: int
    family: str
    """fact, card or desk."""
    kind: str
    zh: str
    id: str
    occurred_at: str
    recorded_at: str
    who: str = ""
    what_zh: str = ""
    what_en: str = ""
    texts: tuple[tuple[str, str], ...] = ()
    severity: str = ""
    late: bool = False
    future: bool = False
    corrected: bool = False


class DayDrawn(Struct, frozen=True, kw_only=True):
    """A day of a clock: start, counted, weekend, holiday, makeup (counted), paused, deadline …"""

    day: str
    weekday: int
    kind: str
    number: int = 0
    name: str = ""
    marks: tuple[str, ...] = ()
    """Among: start, deadline, warned, stopped, today, provisional."""


class ClockDrawn(Struct, frozen=True, kw_only=True):
    """A clock of the case with its account day by day."""

    kind: str
    zh: str
    en: str
    subject: str = ""
    state: str = ""
    """running, paused, stopped, crossed, stopped late."""
    started_at: str = ""
    stopped_at: str = ""
    limit: str = ""
    deadline: str = ""
    crosses_at: str = ""
    credit: int = 0
    extension: int = 0
    provisional: bool = False
    mode: str = ""
    law: str = ""
    item_version: str = ""
    calendar: tuple[str, ...] = ()
    days: tuple[DayDrawn, ...] = ()


class CardDrawn(Struct, frozen=True, kw_only=True):
    """A card: why it was issued, on what law, and what became of it."""

    card: str
    severity: str
    colour: str
    label_zh: str
    label_en: str
    state: str
    rule: str
    why_zh: str
    why_en: str
    law: str
    issued_at: str
    crossed_at: str
    answer_by: str = ""
    department: str = ""
    person: str = ""
    step: str = ""
    rung: str = ""
    causes: tuple[str, ...] = ()
    policy_version: str = ""
    provisional: bool = False
    account: str = ""


class FindingDrawn(Struct, frozen=True, kw_only=True):
    """A data error of the case: no card on the department."""

    code: str
    zh: str
    en: str
    causes: tuple[str, ...] = ()


class CaseHistory(Struct, frozen=True, kw_only=True):
    """One case, told."""

    source: str
    case_no: str
    item: str
    item_name: str
    department: str
    status_zh: str
    status_en: str
    light: str
    history: bool
    as_of: str
    position: int
    entries: tuple[Entry, ...] = ()
    clocks: tuple[ClockDrawn, ...] = ()
    cards: tuple[CardDrawn, ...] = ()
    findings: tuple[FindingDrawn, ...] = ()
