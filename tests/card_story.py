"""A card's story for tests of what is told of it: facts and answers in, the case's events out."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from dashboards.card_view import CardView, tell_card
from projections.watch import Watch
from supervision.acts import DESK_ACTS, DeskAct
from supervision.facts import Instant, instant
from supervision.judgement.docket import Input
from supervision.judgement.shelf import Entry, Shelf
from supervision.store.stored import Stored
from supervision.streams import notices_stream
from tests.court import MINUTE, at, fact, item, when
from tests.histories import START, bundled_some
from tests.loops import CARD
from tests.memorylog import DAY, MemoryLog, stream_of

CLERK, INSPECTOR = "zhang", "li"
LATE = (
    fact("ApplicationReceived", "2026-03-02"),
    fact("CaseAccepted", "2026-03-02 10:00"),
)
"""A case past its promise of seven working days from 2026-03-12 on: CARD."""
ISSUED = "2026-03-12"


def said(name: str, happened: str, **fields: object) -> DeskAct:
    """A desk act about CARD, with a text."""
    by = CLERK if name in ("CardAcknowledged", "CardExplained", "CardAppealed") else INSPECTOR
    by = CLERK if name == "RectificationReported" else by
    told: dict[str, object] = {
        "id": f"{name}-{happened}", "source": "s", "case_no": "1", "card": CARD, "by": by,
        "at": when(happened), "via": "desk", "texts": ("reason",), "sealed": "00",
    }  # fmt: skip
    return DESK_ACTS[name](**{**told, **fields})  # type: ignore[arg-type]


class Story:
    """The events of case 1, and the lists, as they stand in a log."""

    def __init__(
        self,
        *answers: Input,
        until: str,
        facts: Iterable[Input] = LATE,
        notices: Iterable[Struct] = (),
    ) -> None:
        self.log = MemoryLog()
        lists = [(stream_of(e), e) for e in (*bundled_some(), item())]
        self.log.put(START - DAY, lists)
        self._watch = Watch(self.log.case)
        for each in sorted([*facts, *answers], key=_recorded):
            self._live_until(_recorded(each) - 2)
            self.log.put(_recorded(each), [(stream_of(each), each)])
        self._live_until(at(until))
        self.log.put(at(until) + 2, [(notices_stream("s", "1"), each) for each in notices])
        self.now: Instant = at(until) + 3

    def _live_until(self, stamp: Instant) -> None:
        """The watch looks at time and log, and writes what follows."""
        self._watch.take(self.log.read(self._watch.position))
        self._watch.tick(stamp)
        while self._watch.sweeping:
            self._watch.sweep()
        writings = self._watch.pending()
        self.log.put(stamp + 1, [(w.stream, act) for w in writings for act in w.acts])
        self._watch.written(writings)

    @property
    def stored(self) -> list[Stored]:
        """The case's events."""
        return self.log.case("s", "1")

    @property
    def shelf(self) -> Shelf:
        """The lists."""
        lists = [each for each in self.log.stored if each.stream.startswith("lists/")]
        return Shelf(Entry(each.position, each.recorded_at, each.event) for each in lists)

    def view(self, card: str = CARD) -> CardView:
        """The card as it is told at the end."""
        told = tell_card(self.stored, self.shelf, self.now, card)
        assert told is not None
        return told


def _recorded(told: Input) -> Instant:
    happened = told.at if isinstance(told, DeskAct) else told.occurred_at
    return instant(happened) + MINUTE
