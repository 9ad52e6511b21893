"""A random history of cases and cards, as it comes to the warehouse; and its present, NOW."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import structs

from projections.blocks import Batch, CardChange, CaseChange
from projections.contributions import days_in
from projections.rows import CardRow, CaseRow, EventRow

ZONE = "Asia/Shanghai"
DAY_OF = days_in(ZONE)
HOUR = 3_600_000_000
NOW = int(datetime(2026, 11, 3, 2, 24, 7, tzinfo=UTC).timestamp()) * 1_000_000
START = NOW - 30 * 24 * HOUR
MONTH_TURNS = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 1_000_000
DEPARTMENTS = ("市场监督管理局", "住房和城乡建设局", 'it\'s a "bureau" \\ of\ttabs')

STAGES = (
    ("issued", "department"),
    ("acknowledged", "department"),
    ("rectifying", "department"),
    ("appealed", "supervisor"),
)
"""Of cards that stand, and who then owes the answer."""


class History:
    """A random log: every position changes one case, and now and then a card."""

    def __init__(
        self, seed: int, changes: int, months: int = 1, departments: Sequence[str] = DEPARTMENTS
    ) -> None:
        """`months` of thirty days, of which NOW ends the last."""
        self.random = random.Random(seed)
        self.departments = departments
        self.cases: dict[str, CaseRow] = {}
        self.cards: dict[str, CardRow] = {}
        self.events: list[EventRow] = []
        self.case_changes: list[CaseChange] = []
        self.card_changes: list[CardChange] = []
        for position in range(1, changes + 1):
            at = NOW - (NOW - START) * months * (changes - position) // changes
            self._change(position, at)

    def batch(self, after: int, to: int) -> Batch:
        """The log's positions in (after, to]."""
        at = next(event.recorded_at for event in self.events if event.position == to)
        whole = Batch(to, at, self.events, self.case_changes, self.card_changes).after(after)
        return whole._replace(
            events=[one for one in whole.events if one.position <= to],
            cases=[one for one in whole.cases if one.position <= to],
            cards=[one for one in whole.cards if one.position <= to],
        )

    def _change(self, position: int, at: int) -> None:
        new_case = not self.cases or self.random.random() < 0.3
        number = len(self.cases) if new_case else self.random.randrange(len(self.cases))
        case_no = f"案-{number:05d}"
        old = self.cases.get(case_no)
        new = self._received(case_no, at) if old is None else self._next(old, at)
        self.cases[case_no] = new
        self.case_changes.append(CaseChange(position, at, old, new))
        self.events.append(event(position, at, new))
        if self.random.random() < 0.2:
            self._card(position, at, new)

    def _received(self, case_no: str, at: int) -> CaseRow:
        place = self.random.randrange(len(self.departments))
        return CaseRow(
            source=f"s{place}",
            case_no=case_no,
            item=f"i{self.random.randrange(4)}",
            item_name="许可",
            department=self.departments[place],
            kind="01",
            received_at=at - self.random.randrange(5) * HOUR // 4,
            history=self.random.randrange(2),
            facts=1,
        )

    def _next(self, row: CaseRow, at: int) -> CaseRow:
        row = structs.replace(row, facts=row.facts + 1)
        done = self.random.random()
        if done < 0.3 or not row.accepted_at:
            return self._accepted(row, at)
        if done < 0.6 and not row.concluded_at:
            return self._concluded(row, at)
        if done < 0.7:  # a correction moves the case
            return structs.replace(
                row,
                department=self.random.choice(self.departments),
                received_at=row.received_at - 24 * HOUR,
                late_entries=row.late_entries + 1,
            )
        standing = {name: self.random.randrange(2) for name in ("reminder", "yellow", "red")}
        return structs.replace(row, provisional=1 - row.provisional, **standing)

    def _accepted(self, row: CaseRow, at: int) -> CaseRow:
        left = self.random.randrange(1, 40) * 12 * HOUR
        return structs.replace(
            row,
            accepted_at=at,
            stopped_at=0,
            concluded_at=0,
            result="",
            due_day=DAY_OF(at + left),
            warn_at=at + left // 2,
            yellow_at=at + left,
            red_at=at + left * 2,
            next_at=at + left,
            next_clock="promise",
            legal_days=self.random.randrange(0, 30, 10),
            promise_days=10,
        )

    def _concluded(self, row: CaseRow, at: int) -> CaseRow:
        on_time = self.random.randrange(2)
        return structs.replace(
            row,
            stopped_at=at,
            concluded_at=at,
            result="出证",
            next_at=0,
            next_clock="",
            used_days=self.random.randrange(12),
            on_time=on_time,
            early=on_time * self.random.randrange(2),
            late=1 - on_time,
        )

    def _card(self, position: int, at: int, row: CaseRow) -> None:
        name = f"C{row.case_no}/{self.random.randrange(3)}"
        old = self.cards.get(name)
        new = self._issued(name, at, row) if old is None else structs.replace(
            old, state=self.random.choice(("standing", "lapsed", "withdrawn", "disputed"))
        )  # fmt: skip
        new = self.cards[name] = answered(new, position)
        self.card_changes.append(CardChange(position, at, old, new))

    def _issued(self, name: str, at: int, row: CaseRow) -> CardRow:
        return CardRow(
            source=row.source,
            case_no=row.case_no,
            card=name,
            rule="r",
            subject="",
            severity=self.random.choice(("reminder", "yellow", "red")),
            colour="#fff",
            label_zh="黄牌",
            label_en="yellow",
            state=self.random.choice(("standing", "proposed")),
            stage="",
            item=row.item,
            item_name=row.item_name,
            department=row.department,
            crossed_at=at,
            issued_at=at,
            violation=self.random.randrange(2),
        )


def answered(card: CardRow, position: int) -> CardRow:
    """A card with a stage that its state allows; who owes what, and when, by the position."""
    if card.state not in ("standing", "disputed"):
        return structs.replace(card, stage=card.state, answer_at=0, owed_by="")
    stage, owed_by = STAGES[position % len(STAGES)]
    return structs.replace(
        card,
        stage=stage,
        person=f"p{position % 3}",
        answer_at=NOW + (position % 7 - 3) * 10 * HOUR,
        owed_by=owed_by,
        orders=position % 2,
    )


def event(position: int, at: int, row: CaseRow) -> EventRow:
    """The event of a change."""
    return EventRow(
        position=position,
        recorded_at=at,
        occurred_at=at,
        family="fact",
        kind="StepCompleted",
        source=row.source,
        case_no=row.case_no,
        item=row.item,
        item_name=row.item_name,
        department=row.department,
        detail='换行\n and "quotes" \\',
    )
