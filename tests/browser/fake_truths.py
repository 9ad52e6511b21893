"""What tells past walls as they truly were, for browser tests: it goes on only when it is let."""

from __future__ import annotations

from msgspec.structs import replace

from dashboards.past import NotTold
from dashboards.truth_walls import Made
from dashboards.truths import FAILED, MAKING, NONE, READY, Stand
from projections.figures import Wall
from replay.truth import CORRECTED, FOR_GOOD, LATE, LIST, MISSING, UNDUE, VOID, Turned, Unknown
from replay.truth_file import Differences
from tests.browser.fake_case import CASE_NO, SOURCE
from tests.browser.fake_source import SECOND, START, FakePast, FakeSource

MORE = 7
"""Cases more than were known."""
CASE = (SOURCE, CASE_NO, "建设工程规划许可证核发", "区住建局", "区住建局")
HOUR = 3_600 * SECOND
QUIET_UNTIL = START - 2 * 86_400 * SECOND
"""Up to then the wall knew everything."""


class FakeTruths:
    """Begun by `start`; `go` says how far it is, `done` that it is there, `fail` that it failed."""

    def __init__(self, source: FakeSource) -> None:
        self._source = source
        self._stand = Stand(NONE)
        self.started = 0

    def gone(self) -> None:
        """As in the beginning."""
        self._stand, self.started = Stand(NONE), 0

    def go(self, permille: int) -> None:
        """How far it is."""
        self._stand = self._stand._replace(permille=permille)

    def done(self, until: int = START) -> None:
        """It is there, up to an instant."""
        self._stand = Stand(READY, 1_000, Made(4_711, until, 300, 2))

    def fail(self, why: str) -> None:
        """It failed."""
        self._stand = Stand(FAILED, why=why)

    def stand(self) -> Stand:
        """How it is."""
        return self._stand

    def start(self, who: str) -> bool:
        """Begin."""
        self.started += 1
        self._stand = Stand(MAKING, 0, self._stand.made)
        return True

    def cancel(self, who: str) -> None:
        """End."""
        self._stand = Stand(NONE)

    def wall(self, at: int, departments: frozenset[str] | None) -> Wall:
        """MORE were received, and a card less stands."""
        if self._stand.made is None:
            raise NotTold("truth_none")
        past = FakePast(self._source)
        wall = past.wall(at)
        kpi = replace(wall.kpi, received=wall.kpi.received + MORE, red=wall.kpi.red + 1)
        first = wall.departments[0]
        return replace(
            wall,
            kpi=kpi,
            departments=(replace(first, open=first.open + MORE), *wall.departments[1:]),
        )

    def differences(self, at: int, departments: frozenset[str] | None) -> Differences:
        """Of each kind one, more of those that are told by number alone."""
        if at < QUIET_UNTIL:
            return Differences(counts={})
        turned = (
            Turned(MISSING, *CASE, "red", "legal_past",
                   "超过法定时限", "past the legal limit", at - HOUR, FOR_GOOD),
            Turned(UNDUE, *CASE, "yellow", "promise_past",
                   "超过承诺时限", "past the promised limit", at - HOUR, at + HOUR),
        )  # fmt: skip
        unknown = (
            Unknown(LATE, *CASE, "DecisionSigned", at - HOUR, at + 2 * HOUR),
            Unknown(CORRECTED, *CASE, "FactCorrected", at - HOUR, at + 2 * HOUR),
            Unknown(VOID, *CASE, "CaseAccepted", at - HOUR, at + 2 * HOUR),
            Unknown(
                LIST, "", "", "CN-2026-2", "", "", "CalendarPublished", at - HOUR, at + 2 * HOUR
            ),
        )
        counts = {MISSING: 3, UNDUE: 1, LATE: 1_204, CORRECTED: 1, VOID: 1, LIST: 1}
        lights = {MISSING: {"red": 1, "reminder": 2}, UNDUE: {"yellow": 1}}
        return Differences(counts=counts, lights=lights, unknown=unknown, turned=turned)
