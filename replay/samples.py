"""Samples of cases (案卷抽查): who is drawn, by what criteria, and what became of each. Pure.

How a sample is drawn, so that any other program can draw it again from the same log:

1. The population is every case of which the log holds a fact at or before a position and whose
   traits, by what the log says up to that position and nothing behind it, meet all criteria.
   Positions are 1, 2, 3 … without gaps; a case whose facts are all void is in no population.
2. A case's rank is SHA-256 of the UTF-8 bytes of `seed`, a zero byte, `source`, a zero byte,
   `case_no`. The sample is the `n` cases of the lowest rank, the lowest first; of fewer than `n`
   cases it is all. The order in which cases are found does not matter.

Criteria, by name as SampleDrawn holds them; each that is given must be met:

- department: the case's department is one of those named, "|" between two
- item: the code of its item
- severity: a card of that severity (reminder, yellow, red) was ever issued, withdrawn since or not
- state: `open`, or `concluded` (concluded, refused or withdrawn when the last event was recorded)
- from, to: the day (YYYY-MM-DD) of its first fact in the source's own time, both days included
- late: `yes`: a card of late entry (补录) was ever issued

SampleRefused        nothing is recorded
├── SampleUnfit      what was asked for makes no sense: a criterion, the seed, the number, a result
├── PopulationEmpty  no case meets the criteria
├── NoSuchSample     none of that name, or none for whoever asks
└── NotOfSample      the case was not drawn in it
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from msgspec import Struct

from projections.case_rows import named
from supervision.errors import SupervisionError
from supervision.facts import Instant
from supervision.fold import Folded
from supervision.judgement.cards import DECLINED, PROPOSED, RED, REMINDER, YELLOW
from supervision.judgement.shelf import Shelf
from supervision.store.stored import Stored

Key = tuple[str, str]
"""Source and number of a case."""

MOST = 500
"""Cases of one sample."""
SEED_LONGEST = 64
VALUE_LONGEST = 200
"""Characters of an item's code."""
BETWEEN = "|"
"""Between two departments of a criterion."""
SEVERITIES = (RED, YELLOW, REMINDER)
OPEN, CONCLUDED = "open", "concluded"
YES = "yes"
NAMES = ("department", "item", "severity", "state", "from", "to", "late")
"""Of criteria, in the order in which they are told."""
LATE_ENTRY = "late_entry:"
"""With what the subject of a card of late entry begins."""

RESULTS = ("good", "fair", "bad")
DEFECTS = (
    "missing_materials",
    "missing_notice",
    "missing_procedure",
    "improper_pause",
    "beyond_authority",
    "irregular_document",
    "late_entry",
    "unexplained_overdue",
)
"""材料不全, 告知缺失, 程序缺失, 特别程序不当, 越权办理, 文书不规范, 补录, 超期未说明."""


class SampleRefused(SupervisionError):
    """The root; `zh` and `en` say the same."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} {en}")
        self.zh, self.en = zh, en


class SampleUnfit(SampleRefused):
    """What was asked for makes no sense."""


class PopulationEmpty(SampleRefused):
    """There is nothing to draw from."""

    def __init__(self) -> None:
        super().__init__(
            "没有符合条件的办件，请放宽条件", "no case meets the criteria: choose wider ones"
        )


class NoSuchSample(SampleRefused):
    """None that whoever asks may see."""

    def __init__(self, sample: str) -> None:
        name = sample[:SEED_LONGEST]
        super().__init__(f"没有样本 {name}", f"there is no sample {name}")


class NotOfSample(SampleRefused):
    """The case was not drawn."""

    def __init__(self, sample: str, case_no: str) -> None:
        told = case_no[:VALUE_LONGEST]
        super().__init__(
            f"办件 {told} 不在样本 {sample} 中", f"{told} is no case of sample {sample}"
        )


class Traits(Struct, frozen=True):
    """A case as far as criteria ask; `received` is the day of its first fact."""

    source: str
    case_no: str
    item: str
    item_name: str
    department: str
    received: date
    is_over: bool
    severities: tuple[str, ...]
    late: bool

    @property
    def key(self) -> Key:
        """Which case."""
        return self.source, self.case_no


def traits(stored: Iterable[Stored], shelf: Shelf, now: Instant) -> Traits | None:
    """A case by its events and the lists as known at an instant; None: it has no facts, or all are
    void.
    """
    folded = Folded(stored)
    case = folded.case()
    if not folded.facts or not case.facts:
        return None
    item, item_name, department = named(case, folded.lists(shelf, case, now))
    ended = case.ended(0)
    issued = [
        folded.issued[card.card]
        for card in folded.cards.values()
        if card.card in folded.issued and card.state != PROPOSED and card.proposal != DECLINED
    ]
    carded = {card.severity for card in issued}
    return Traits(
        source=case.source,
        case_no=case.case_no,
        item=item,
        item_name=item_name,
        department=department,
        received=case.facts[0].fact.occurred_at.date(),
        is_over=ended is not None and ended.at <= now,
        severities=tuple(each for each in SEVERITIES if each in carded),
        late=any(card.subject.startswith(LATE_ENTRY) for card in issued),
    )


class Criteria(NamedTuple):
    """What a case must be to be in the population; what is not given, may be anything."""

    departments: frozenset[str] = frozenset()
    item: str = ""
    severity: str = ""
    state: str = ""
    since: date | None = None
    until: date | None = None
    late: bool = False

    def meets(self, case: Traits) -> bool:
        """Whether a case is in the population."""
        return (
            (not self.departments or case.department in self.departments)
            and (not self.item or case.item == self.item)
            and (not self.severity or self.severity in case.severities)
            and (not self.state or case.is_over == (self.state == CONCLUDED))
            and (self.since is None or case.received >= self.since)
            and (self.until is None or case.received <= self.until)
            and (not self.late or case.late)
        )

    def says(self) -> dict[str, str]:
        """As SampleDrawn holds them."""
        given = {
            "department": BETWEEN.join(sorted(self.departments)),
            "item": self.item,
            "severity": self.severity,
            "state": self.state,
            "from": self.since.isoformat() if self.since else "",
            "to": self.until.isoformat() if self.until else "",
            "late": YES if self.late else "",
        }
        return {name: value for name, value in given.items() if value}


def criteria_of(given: Mapping[str, str]) -> Criteria:
    """Criteria by name, as a form or SampleDrawn gives them; "" is not given. SampleUnfit."""
    unknown = [name for name in given if name not in NAMES]
    if unknown:
        name = unknown[0][:SEED_LONGEST]
        raise SampleUnfit(f"不认识的条件 {name}", f"{name} is no criterion of this program")
    said = {name: given.get(name, "").strip() for name in NAMES}
    made = Criteria(
        departments=frozenset(filter(None, said["department"].split(BETWEEN))),
        item=_short(said["item"], "事项编码", "the item"),
        severity=_one_of(said["severity"], SEVERITIES, "曾发牌", "severity"),
        state=_one_of(said["state"], (OPEN, CONCLUDED), "状态", "state"),
        since=_day(said["from"], "收件自", "received from"),
        until=_day(said["to"], "收件至", "received to"),
        late=bool(_one_of(said["late"], (YES,), "补录", "late")),
    )
    if made.since and made.until and made.since > made.until:
        raise SampleUnfit("收件日期的起日晚于止日", "the first day received lies behind the last")
    return made


def _short(text: str, zh: str, en: str) -> str:
    if len(text) > VALUE_LONGEST or not text.isprintable():
        raise SampleUnfit(f"{zh}过长或含不可见字符", f"{en} is too long or does not print")
    return text


def _one_of(text: str, known: tuple[str, ...], zh: str, en: str) -> str:
    if text and text not in known:
        raise SampleUnfit(f"{zh}须为 {'、'.join(known)} 之一", f"{en} is one of {', '.join(known)}")
    return text


def _day(text: str, zh: str, en: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise SampleUnfit(
            f"{zh}不是日期，如 2026-03-02", f"{en} is no date such as 2026-03-02"
        ) from error


def seed_of(text: str) -> str:
    """A seed; SampleUnfit."""
    seed = text.strip()
    if not seed or len(seed) > SEED_LONGEST or not seed.isprintable():
        raise SampleUnfit(
            f"种子须为 1 至 {SEED_LONGEST} 个可见字符",
            f"the seed has 1 to {SEED_LONGEST} characters that print",
        )
    return seed


def number_of(text: str) -> int:
    """How many cases are drawn; SampleUnfit."""
    plain = text.strip()
    n = int(plain) if plain.isascii() and plain.isdecimal() and len(plain) <= 6 else 0
    if not 1 <= n <= MOST:
        raise SampleUnfit(f"件数须为 1 至 {MOST}", f"the number of cases is 1 to {MOST}")
    return n


def finding_of(result: str, defects: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """A result and its defects, each once, in the order of the table; SampleUnfit.

    What is good has none; what is not, names at least one.
    """
    if result not in RESULTS:
        raise SampleUnfit("请选择评查结果", f"the result is one of {', '.join(RESULTS)}")
    given = set(defects)
    if given - set(DEFECTS):
        raise SampleUnfit("不认识的问题代码", f"a defect is one of {', '.join(DEFECTS)}")
    if result == "good" and given:
        raise SampleUnfit("合格的案卷不列问题", "what is good has no defects")
    if result != "good" and not given:
        raise SampleUnfit("请至少选择一项问题", "name at least one defect")
    return result, tuple(code for code in DEFECTS if code in given)


def rank(seed: str, source: str, case_no: str) -> bytes:
    """By what cases are ordered to be drawn: 32 bytes."""
    return hashlib.sha256(f"{seed}\0{source}\0{case_no}".encode()).digest()


def chosen(seed: str, population: Iterable[Key], n: int) -> list[Key]:
    """The sample of a population, in the order drawn."""
    return heapq.nsmallest(n, population, key=lambda key: (rank(seed, *key), key))
