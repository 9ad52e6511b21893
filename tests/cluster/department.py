"""A department's system: it reports cases over HTTP, without a pause, and again what got no answer.

Some of its cases are late, some cross their limits seconds after they were told, some end before
or after that, are corrected, or come back: so cards are issued, lapse, are disputed and withdrawn
all the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any

import httpx
from msgspec import Struct
from msgspec.structs import replace

from supervision.clock import Clock
from supervision.judgement.cards import moment
from supervision.lists import ItemPublished
from supervision.published import bundled
from tests.court import ALREADY, CHINA, FLOW, policy
from tests.product import until

SETTLE = 1
"""Seconds after a case's last fact from which what lies in the past is carded."""
HOURLY, DAILY = "时限一小时", "时限五日"
PAUSE = 0.4
"""Seconds between two posts."""
CASES, AT_ONCE = 8, 60
"""Cases of a post, and of the first one of a burst: a department sends its day at once."""
RETRY = 0.2
"""Seconds until what got no answer is sent again."""
REPEATED = 10
"""Every so many posts, one is sent a second time."""
AGAIN = 1_000_000
"""Above the number of a case, that of the same applicant's next one."""

Told = dict[str, Any]


def lists() -> list[Struct]:
    """The product's calendars, a policy that does not wait for minutes, and two items."""
    patient = policy()
    return [
        *(event for event in bundled() if type(event) is not type(patient)),
        replace(patient, settle_seconds=SETTLE),
        item(HOURLY, promise="1wh"),
        item(DAILY, promise="5wd", steps=FLOW),
    ]


def item(code: str, **fields: Any) -> ItemPublished:
    """An item of the department."""
    says = {"version": "1", "announced_at": ALREADY, "effective": ALREADY.date(), **fields}
    return ItemPublished(code=code, name=code, department="区住建局", **says)


class Department:
    """One source system; `acknowledged` are the ids that the intake said it has."""

    def __init__(self, source: str, key: str, url: Callable[[], str], clock: Clock) -> None:
        self.source = source
        self.sent: set[str] = set()
        self.acknowledged: set[str] = set()
        self.refused: list[Told] = []
        self._url = url
        self._clock = clock
        self._headers = {"Authorization": f"Bearer {key}"}
        self._cases = self._posts = self._in_vain = 0
        self._later: dict[int, list[Told]] = {}
        self._failed: list[BaseException] = []

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """It reports until the block ends and all that it sent is acknowledged."""
        stop = Event()
        thread = Thread(target=self._report, args=(stop,), name=self.source)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        assert not self._failed, self._failed
        assert not self.refused, self.refused[:3]
        assert self.sent == self.acknowledged

    def more(self, facts: int) -> None:
        """Wait until so many more were acknowledged."""
        wanted = len(self.acknowledged) + facts
        until(lambda: len(self.acknowledged) >= wanted or self._failed, "facts to be acknowledged")

    def in_vain(self, posts: int) -> None:
        """Wait until so many more posts got no answer, or none that says that they are stored."""
        wanted = self._in_vain + posts
        until(lambda: self._in_vain >= wanted or self._failed, "posts to get no answer")

    def _report(self, stop: Event) -> None:
        waiting = Event()
        try:
            with httpx.Client(timeout=30, headers=self._headers) as client:
                cases = AT_ONCE
                while not stop.is_set():
                    self._post(client, self._next(cases), waiting)
                    cases = CASES
                    stop.wait(PAUSE)
        except BaseException as error:  # noqa: BLE001 told by the thread that waits
            self._failed.append(error)

    def _post(self, client: httpx.Client, told: list[Told], waiting: Event) -> None:
        """Again and again until each fact has an answer; now and then once too often."""
        self.sent |= {each["id"] for each in told}
        again = self._posts % REPEATED == 0
        while True:
            try:
                answer = client.post(f"{self._url()}/api/v1/events", json=told)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == httpx.codes.OK:
                for each in answer.json()["results"]:
                    self._answered(each)
                if not again:
                    return
                again = False
            else:
                self._in_vain += 1
                waiting.wait(RETRY)

    def _answered(self, told: Told) -> None:
        if told["status"] in ("stored", "had"):
            self.acknowledged.add(told["id"])
        else:
            self.refused.append(told)

    def _next(self, cases: int) -> list[Told]:
        """What there is to tell now: new cases, and what became of earlier ones."""
        self._posts += 1
        now = moment(self._clock().wall, CHINA)
        told = self._later.pop(self._posts, [])
        for _ in range(cases):
            self._cases += 1
            told += _SCRIPTS[self._cases % len(_SCRIPTS)](self, self._cases, now)
        return told

    def _after(self, posts: int, told: Told) -> None:
        self._later.setdefault(self._posts + posts, []).append(told)

    def _fact(self, kind: str, case: int, at: datetime, item: str, **data: Any) -> Told:
        return {
            "specversion": "1.0",
            "id": f"{self.source}-{case}-{kind}",
            "source": self.source,
            "type": kind,
            "subject": f"{self.source}-{case}",
            "time": at.isoformat(),
            "data": {"item": item, **data},
        }

    def _opened(self, case: int, at: datetime, item: str, **data: Any) -> list[Told]:
        received = self._fact("ApplicationReceived", case, at, item, **data)
        return [received, self._fact("CaseAccepted", case, at, item)]

    def _concluded(self, case: int, at: datetime, item: str, result: str = "出证") -> Told:
        return self._fact("CaseConcluded", case, at, item, result=result)

    def _late(self, case: int, now: datetime) -> list[Told]:
        """Entered weeks after it happened; ends soon."""
        self._after(12, self._concluded(case, now, DAILY))
        return self._opened(case, now - timedelta(days=40), DAILY)

    def _silent(self, case: int, now: datetime) -> list[Told]:
        """Past its limit in some seconds; most end after that."""
        if case % 5:
            self._after(15, self._concluded(case, now + timedelta(seconds=5), HOURLY))
        return self._opened(case, _an_hour_ago(case, now), HOURLY)

    def _in_time(self, case: int, now: datetime) -> list[Told]:
        """Told at once that it ended."""
        ended = self._concluded(case, now, HOURLY)
        return [*self._opened(case, _an_hour_ago(case, now), HOURLY), ended]

    def _told_late(self, case: int, now: datetime) -> list[Told]:
        """Ended in time, and that is told when the card may stand already."""
        self._after(12, self._concluded(case, now, HOURLY))
        return self._opened(case, _an_hour_ago(case, now), HOURLY)

    def _out_of_order(self, case: int, now: datetime) -> list[Told]:
        """Steps left out."""
        signed = self._fact("DecisionSigned", case, now, DAILY)
        return [*self._opened(case, now, DAILY), signed, self._concluded(case, now, DAILY)]

    def _in_order(self, case: int, now: datetime) -> list[Told]:
        """Step by step, in three posts."""
        step = {"step": "review", "opinion": "同意"}
        self._after(2, self._fact("StepCompleted", case, now, DAILY, **step))
        self._after(4, self._fact("DecisionSigned", case, now, DAILY))
        self._after(4, self._concluded(case, now, DAILY))
        return self._opened(case, now, DAILY)

    def _back_again(self, case: int, now: datetime) -> list[Told]:
        """Returned near its end; the same applicant comes again."""
        applicant = {"applicant": f"{self.source} 申请人 {case}"}
        again = self._opened(AGAIN + case, now, HOURLY, **applicant)
        for each in again:
            self._after(3, each)
        self._after(9, self._concluded(AGAIN + case, now, HOURLY))
        ended = self._concluded(case, now, HOURLY, "退件")
        return [*self._opened(case, _an_hour_ago(case, now), HOURLY, **applicant), ended]

    def _corrected(self, case: int, now: datetime) -> list[Told]:
        """Accepted later than was told, as is said when the card may stand already."""
        opened = self._opened(case, _an_hour_ago(case, now), HOURLY)
        says = {"corrects": opened[1]["id"], "says": {"occurred_at": now.isoformat()}}
        self._after(15, self._fact("FactCorrected", case, now, HOURLY, **says))
        self._after(25, self._concluded(case, now, HOURLY))
        return opened


_SCRIPTS = (
    Department._late,
    Department._silent,
    Department._in_time,
    Department._told_late,
    Department._out_of_order,
    Department._in_order,
    Department._back_again,
    Department._corrected,
)


def _an_hour_ago(case: int, now: datetime) -> datetime:
    """So long ago that the hour is over in one to four seconds."""
    return now - timedelta(hours=1) + timedelta(seconds=1 + case % 4)
