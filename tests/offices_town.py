"""A system with its three administrators and their pages, behind the gate, for tests."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from dashboards.forms.offices import offices
from dashboards.headers import content_policy
from supervision.access import rights as roles
from supervision.access.admission import digest_of
from supervision.access.events import (
    PEOPLE,
    PersonAdded,
    RoleGranted,
    SignedIn,
)
from supervision.access.gate import COOKIE, Gate, GateConfig
from supervision.access.office import Access
from supervision.access.people import DEPARTMENT
from supervision.access.port import Session
from supervision.access.rules import Rules
from supervision.access.store_sqlite import SqliteAccess
from supervision.clock import SystemClock
from supervision.intake.rights import ITEMS
from supervision.lists import ItemPublished
from supervision.record import Record
from supervision.store.mapping import moment

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
        now = self.access.instant()
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


@contextmanager
def town_in(home: Path) -> Iterator[Town]:
    """A town over a record of its own.

    Its time stands still; what was found is looked up again at each request.
    """
    ticks = iter(range(10**9))
    with closing(Record(home, SystemClock())) as record:
        access = Access(
            record, SqliteAccess(home), now=lambda: START, ticks=lambda: float(next(ticks))
        )
        with closing(access):
            town = Town(access, TestClient(app_of(access), base_url=SITE))
            town.add(SYSTEM, roles.SYSTEM, name="李系统")
            town.add(SECURITY, roles.SECURITY, name="王安全")
            town.add(AUDIT, roles.AUDIT, name="赵审计")
            town.add("zhang", roles.MANAGER, name="张三", units=("市场监管局",))
            yield town


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


def place(town: Town, unit: str, kind: str = DEPARTMENT, parent: str = "") -> httpx.Response:
    return town.post(SYSTEM, "/units", unit=unit, kind=kind, parent=parent)


def publish(town: Town, *departments: str) -> None:
    """Items of these departments."""
    at = moment(START)
    items = [
        ItemPublished(
            version="1", announced_at=at, effective=at.date(), code=f"item-{number}",
            name="许可", department=department,
        )
        for number, department in enumerate(departments)
    ]  # fmt: skip
    town.record.append(ITEMS, items, town.record.version(ITEMS))


def grant(town: Town, person: str, role: str, **more: str | list[str]) -> httpx.Response:
    """Granted at once, as the confirmation's form does."""
    return town.post(
        SECURITY, f"/rights/{person}/grant",
        **{"role": role, "scope": "whole", "confirmed": "yes", **more},
    )  # fmt: skip


def note_sign_in(town: Town, person: str) -> None:
    """A sign-in on record."""
    town.access.trail.note(lambda at: SignedIn(at=at, by=person, how="password"))
