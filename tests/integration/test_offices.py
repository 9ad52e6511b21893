"""The administrators' pages: each for its own role, every change in words, nothing shown twice."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from dashboards.forms.offices import offices
from dashboards.headers import content_policy
from supervision.access import rights as roles
from supervision.access.admission import digest_of
from supervision.access.events import (
    ACCESS,
    PEOPLE,
    AuditRead,
    Exported,
    KioskClosed,
    KioskOpened,
    PasswordChanged,
    PersonAdded,
    PersonDisabled,
    RoleGranted,
    RoleRevoked,
    SecondFactorRenewed,
    SignedIn,
    SignInRefused,
    UnitPlaced,
)
from supervision.access.gate import COOKIE, Gate, GateConfig
from supervision.access.office import Access
from supervision.access.people import DEPARTMENT, DISTRICT
from supervision.access.port import Session
from supervision.access.rules import Rules
from supervision.access.store_sqlite import SqliteAccess
from supervision.clock import SystemClock
from supervision.intake.keys import KEYS, Rights, keys, new_key
from supervision.intake.rights import ITEMS
from supervision.lists import ItemPublished
from supervision.record import Record
from supervision.store.mapping import moment

pytestmark = pytest.mark.integration

START = 1_800_000_000_000_000
HOUR = 3_600_000_000
SITE = "https://testserver"
SYSTEM, SECURITY, AUDIT = "xitong", "anquan", "shenji"
OFFICES = {
    SYSTEM: ("/people", "/units", "/keys"),
    SECURITY: ("/rights", "/rights/xitong", "/kiosks"),
    AUDIT: ("/trail", "/trail.csv"),
}
MARKUP = "<script>alert(1)</script>"


class Farewell:
    """No websocket here."""

    def heard(self, text: str) -> None:
        """Nothing."""

    def words(self) -> list[str]:
        """Nothing."""
        return []


class Town(NamedTuple):
    """A system with three administrators and a manager, behind the gate."""

    access: Access
    client: TestClient

    @property
    def record(self) -> Record:
        return self.access.record

    def events(self, stream: str) -> list[object]:
        """What a stream says."""
        return [stored.event for stored in self.record.read_stream(stream)]

    def last(self, stream: str) -> object:
        return self.events(stream)[-1]

    def get(self, who: str, path: str) -> httpx.Response:
        """A page, as somebody signed in sees it."""
        return self.client.get(path, headers=self._headers(who), follow_redirects=False)

    def post(
        self, who: str, path: str, *, csrf: str | None = None, **fields: str | list[str]
    ) -> httpx.Response:
        """A form sent, with its token."""
        token = self.access.admissions.csrf(digest_of(secret_of(who))) if csrf is None else csrf
        return self.client.post(
            path,
            data={"csrf": token, **fields},
            headers=self._headers(who) | {"Origin": SITE},
            follow_redirects=False,
        )

    def add(self, person: str, *granted: str, name: str = "", units: tuple[str, ...] = ()) -> None:
        """A person, signed in."""
        at = moment(START)
        events = [
            PersonAdded(at=at, by="console:root", person=person, name=name),
            *(
                RoleGranted(at=at, by="console:root", person=person, role=role, units=units)
                for role in granted
            ),
        ]
        self.record.append(PEOPLE, events, self.record.version(PEOPLE))
        self.sign_in(person)

    def sign_in(self, person: str) -> None:
        """A session, without its steps."""
        now = self.access.now()
        self.access.store.add_session(
            Session(
                digest=digest_of(secret_of(person)), person=person, kind="person",
                how="password+totp", made_at=now, seen_at=now, ends_at=now + HOUR,
                address="10.0.0.7", agent="Firefox",
            )
        )  # fmt: skip

    def _headers(self, who: str) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={secret_of(who)}", "Accept": "text/html"}


def secret_of(person: str) -> str:
    return f"secret-of-{person}"


def app_of(access: Access) -> Gate:
    """The pages behind the gate."""
    app = FastAPI()
    app.include_router(offices(access, zone="Asia/Shanghai"))
    rules = Rules(lambda: app.router.routes)
    refusal = GateConfig(
        policy=content_policy([]),
        farewell=Farewell,
        refusal=lambda status, lang: PlainTextResponse("refused", status),
        secure=True,
    )
    return Gate(app, access, rules, refusal)


def town_of(record: Record, home: Path) -> Town:
    """Time stands still for it; what was found is looked up again at each request."""
    ticks = iter(range(10**9))
    access = Access(record, SqliteAccess(home), now=lambda: START, ticks=lambda: float(next(ticks)))
    town = Town(access, TestClient(app_of(access), base_url=SITE))
    town.add(SYSTEM, roles.SYSTEM, name="李系统")
    town.add(SECURITY, roles.SECURITY, name="王安全")
    town.add(AUDIT, roles.AUDIT, name="赵审计")
    town.add("zhang", roles.MANAGER, name="张三", units=("市场监管局",))
    return town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The administrators' pages over a record of their own."""
    record = Record(tmp_path / "home", SystemClock())
    made = town_of(record, tmp_path / "home")
    yield made
    made.access.close()
    record.close()


def text_of(answer: httpx.Response) -> str:
    """What a page says, without its markup."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text)))


def told(answer: httpx.Response) -> str:
    """What went wrong, as the page has it on top."""
    found = re.search(r'<p class="told problem"[^>]*>(.*?)</p>', answer.text, re.DOTALL)
    return html.unescape(found[1]) if found else ""


def shown_once(answer: httpx.Response) -> str:
    """The secret on a page."""
    found = re.search(r'id="secret"[^>]* value="([^"]+)"', answer.text)
    assert found is not None, answer.text
    return html.unescape(found[1])
