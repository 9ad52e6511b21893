"""A small application with nothing but the gate and the pages of signing in, for tests."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from httpx import Response
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from dashboards.forms.entry import entry
from dashboards.forms.page import ASSETS
from dashboards.forms.refused import refusal
from dashboards.headers import content_policy
from supervision.access import passwords, ruling
from supervision.access.admission import Admission
from supervision.access.events import PersonAdded, RoleGranted
from supervision.access.factor import secret_of
from supervision.access.gate import COOKIE, Gate, GateConfig
from supervision.access.office import Access
from supervision.access.oidc import Provider
from supervision.access.open import open_access
from supervision.access.port import Password
from supervision.access.rights import Right
from supervision.access.rules import OPEN, Rules, needs
from supervision.access.trail import Trail
from supervision.clock import Clock, Reading
from supervision.record import Record
from supervision.store.mapping import moment

NOON = 1_790_000_000_000_000
SECOND = 1_000_000
ORIGIN = "https://testserver"
PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
PASSWORD = "three green ducks"
ANOTHER = "seven blue herons"
BY = "console:root"


class Hands(Clock):
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.wall, self.boot = NOON, 1_000_000_000

    def __call__(self) -> Reading:
        return Reading(self.wall, self.boot, "boot")

    def move(self, seconds: float) -> None:
        """Time passes."""
        self.wall += int(seconds * SECOND)
        self.boot += int(seconds * SECOND)


class NoFarewell:
    """There are no websockets here."""

    def heard(self, text: str) -> None:
        """Nothing."""

    def words(self) -> list[str]:
        """Nothing."""
        return []


class FrontDoor:
    """The application, and what a test does at it."""

    def __init__(self, folder: Path, provider: Provider | None = None, name: str = "") -> None:
        self.clock = Hands()
        self.record = Record(folder, self.clock)
        self.access = Access(
            self.record,
            open_access(folder, {}),
            now=lambda: self.clock.wall,
            ticks=lambda: self.clock.boot / SECOND,
        )
        self.app = self._built(provider, name)

    def _built(self, provider: Provider | None, name: str) -> FastAPI:
        app = FastAPI(openapi_url=None)
        app.include_router(entry(self.access, provider=provider, provider_name=name, home=_home))

        @app.get("/")
        @needs(Right.WALL)
        async def wall(request: Request) -> PlainTextResponse:
            return PlainTextResponse("the wall")

        @app.get("/cases")
        @needs(Right.CASES)
        async def cases(request: Request) -> PlainTextResponse:
            return PlainTextResponse("the cases")

        app.mount("/assets", StaticFiles(directory=ASSETS), name="assets")
        rules = Rules(lambda: app.routes)
        rules.declare({"/assets": OPEN})
        config = GateConfig(content_policy(()), NoFarewell, refusal)
        app.add_middleware(Gate, access=self.access, rules=rules, config=config)
        return app

    def close(self) -> None:
        """End."""
        self.access.close()
        self.record.close()

    def browser(self, address: str = "10.0.0.7") -> Browser:
        """A browser with no cookies, at an address."""
        return Browser(self, address)

    # People.

    def add(self, person: str, *roles: str, password: str = PASSWORD, **more: Any) -> None:
        """A person with roles, and a password of their own unless it is "" or `temporary`."""
        temporary = more.pop("temporary", False)
        units, texts = more.pop("units", ()), more.pop("texts", False)
        added = PersonAdded(at=self.at, by=BY, person=person, **more)
        self.access.rule(lambda people, at: ruling.add_person(people, added))
        for role in roles:
            given = RoleGranted(
                at=self.at, by=BY, person=person, role=role, units=units, texts=texts
            )
            self.access.rule(lambda people, at, given=given: ruling.grant(people, given))
        if password:
            self.access.store.set_password(
                person,
                Password(
                    hash=passwords.hashed(password),
                    temporary=temporary,
                    changed_at=self.clock.wall,
                ),
            )

    @property
    def at(self) -> datetime:
        """The time now."""
        return moment(self.clock.wall)

    def code(self, person: str, number: int = 1) -> str:
        """The six digits that a person's telephone shows."""
        return self.digits(secret_of(self.record.vault.derived, person, number))

    def digits(self, secret: str) -> str:
        """The six digits that a telephone shows which was given this secret."""
        return pyotp.TOTP(secret).at(self.clock.wall / SECOND)

    def trail(self) -> list[Any]:
        """What the trail says, refusals included."""
        self.access.trail.flush()
        assert isinstance(self.access.trail, Trail)
        stored = self.record.read_stream("system/access", 0)
        return [each.event for each in stored]


class Browser:
    """A browser at the front door: keeps cookies, follows nothing by itself, sends forms whole."""

    def __init__(self, door: FrontDoor, address: str) -> None:
        self.client = TestClient(
            door.app, base_url=ORIGIN, follow_redirects=False, client=(address, 50_000)
        )
        self.page: Response | None = None

    def get(self, path: str, **headers: str) -> Response:
        """Go to an address."""
        self.page = self.client.get(path, headers={**PAGE, **headers})
        return self.page

    def send(self, path: str, **fields: str) -> Response:
        """Send a form of a page of ours as it was served, with these fields filled in."""
        csrf = field(self.page, "csrf")
        given = {"csrf": csrf, **fields} if csrf and "csrf" not in fields else fields
        headers = {**PAGE, "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
        answer = self.client.post(path, data=given, headers=headers)
        if answer.headers.get("content-type", "").startswith("text/html"):
            self.page = answer
        return answer

    def follow(self, answer: Response) -> Response:
        """Go where an answer leads."""
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["location"])

    def sign_in(self, name: str, password: str = PASSWORD, **more: str) -> Response:
        """Open the page and send name and password."""
        self.get("/sign-in")
        return self.send("/sign-in", name=name, password=password, **more)

    @property
    def secret(self) -> str | None:
        """The session's cookie."""
        return self.client.cookies.get(COOKIE)


def field(answer: Response | None, name: str) -> str:
    """The value of a hidden field of a page; "" where there is none."""
    text = answer.text if answer is not None else ""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)">', text)
    return html.unescape(found[1]) if found else ""


def secret_on(answer: Response) -> str:
    """The secret of a second factor that a page offers; "" where it offers none."""
    return "".join(re.findall(r"<code>(\w{4})</code>", answer.text))


def leads_to(answer: Response) -> str:
    """Where an answer leads; "" where nowhere."""
    return answer.headers["location"] if answer.status_code == 303 else ""


def quick_hashes(patch: pytest.MonkeyPatch) -> None:
    """Passwords hashed by the same code at a hundredth of the cost."""
    patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._nobodys.cache_clear()


@contextmanager
def front_door(folder: Path, **given: Any) -> Iterator[FrontDoor]:
    """The same, closed at the end."""
    door = FrontDoor(folder, **given)
    try:
        yield door
    finally:
        door.close()


def _home(admission: Admission) -> str:
    return "/" if Right.WALL in admission.rights else "/account"
