"""A running product in which three departments have cases, and whose time changes nothing more.

Once it is there, every case is past its limit, or far from it, or concluded: what one reading
shows, the next one does too, so that readings of several people can be added up.
"""

from __future__ import annotations

import json
import urllib.error
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from tests.browser.live_wall import LISTS, SOURCE, ZONE
from tests.product import Product, supervise, until
from tests.visitor import Visitor, visitor


class Cases(NamedTuple):
    """How many cases a department has: past their limit, far from it, concluded in time."""

    red: int
    calm: int
    concluded: int

    @property
    def open(self) -> int:
        """Those that are not concluded."""
        return self.red + self.calm

    @property
    def all(self) -> int:
        """Those that were received."""
        return self.open + self.concluded


HOUSING, ROADS, HEALTH = "市住建局", "市交通局", "市卫健委"
CASES = {HOUSING: Cases(1, 2, 1), ROADS: Cases(2, 4, 3), HEALTH: Cases(0, 3, 1)}
ALL = Cases(*(sum(each) for each in zip(*CASES.values(), strict=True)))
AHEAD = timedelta(seconds=4)
"""From reporting to the deadlines that pass: a case that is late when it is reported gets no card.
"""
NOT_YET = (401, 503)
"""The product looks twice a second for people that another process added; a wall is read when
somebody looks.
"""
LETTER = {HOUSING: "H", ROADS: "R", HEALTH: "M"}
"""With which the numbers of a department's cases begin."""


def lists() -> dict[str, Any]:
    """An item for each department, under the policy of live_wall."""
    item, policy = LISTS["events"]
    items = [
        item | {"code": LETTER[name], "name": f"{name}的事项", "department": name} for name in CASES
    ]
    return {"events": [*items, policy]}


def facts(department: str, now: datetime) -> list[dict[str, Any]]:
    """What a department reports."""
    told: list[dict[str, Any]] = []
    counts = CASES[department]
    for n in range(counts.all):
        ahead = AHEAD if n < counts.red else timedelta(days=20)
        case = f"{LETTER[department]}-{n + 1:03d}"
        given = {"deadline": (now + ahead).isoformat()}
        told.append(_fact(department, case, "ApplicationReceived", now - minutes(12), **given))
        told.append(_fact(department, case, "CaseAccepted", now - minutes(11)))
        if n >= counts.open:
            told.append(_fact(department, case, "CaseConcluded", now - minutes(10), result="准予"))
    return told


def minutes(n: int) -> timedelta:
    """So many."""
    return timedelta(minutes=n)


def _fact(department: str, case: str, kind: str, at: datetime, **data: Any) -> dict[str, Any]:
    actor = {"id": f"clerk-{LETTER[department]}", "department": department}
    return {
        "specversion": "1.0",
        "id": f"{case}-{kind}",
        "source": SOURCE,
        "type": kind,
        "subject": case,
        "time": at.isoformat(),
        "data": {"item": LETTER[department], "actor": actor, **data},
    }


class Town:
    """The product, as a context; the people of it are signed in by name."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.product = Product(home, "--empty")
        self.url = self.product.url
        self._people: dict[str, Visitor] = {}

    def __enter__(self) -> Town:
        file = self.home.parent / "lists.json"
        file.write_text(json.dumps(lists(), ensure_ascii=False), encoding="utf-8")
        self.supervise("publish", str(file))
        key = self.supervise("key", "new", SOURCE)
        self.product.start()
        try:
            self._report(key)
        except BaseException:
            self.product.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.product.stop()

    def _report(self, key: str) -> None:
        now = datetime.now(ZONE)
        told = [fact for department in CASES for fact in facts(department, now)]
        results = self.product.post(told, key)["results"]
        assert {result["status"] for result in results} == {"stored"}, results
        until(self._is_still, "the cases on the wall")

    def _is_still(self) -> bool:
        wall = self.asked(self.inspector, "/api/v1/wall")
        health = self.product.get("/api/v1/health")
        shown = [wall["kpi"][name] for name in ("red", "open", "concluded", "reds_today")]
        return health["behind"] == 0 and shown == [ALL.red, ALL.open, ALL.concluded, ALL.red]

    @property
    def inspector(self) -> Visitor:
        """Of the whole."""
        return self.product.visitor

    def manager(self, department: str) -> Visitor:
        """Of one department."""
        return self.person(LETTER[department].lower(), role="manager", units=(department,))

    def person(self, name: str, *, role: str, units: tuple[str, ...] = ()) -> Visitor:
        """Somebody of that role, signed in once."""
        if name not in self._people:
            self._people[name] = visitor(self.home, person=name, role=role, units=units)
        return self._people[name]

    def asked(self, who: Visitor, path: str) -> Any:
        """A JSON answer to somebody, once there is one."""
        return until(lambda: self._answer(who, path), f"an answer at {path}")

    def _answer(self, who: Visitor, path: str) -> Any:
        try:
            return who.get(self.url + path)
        except urllib.error.HTTPError as error:
            if error.code in NOT_YET:
                return None
            raise

    def supervise(self, *words: str) -> str:
        """What a command of the product writes."""
        done = supervise(self.home, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
