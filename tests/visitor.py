"""Somebody signed in, for tests that ask the product: their cookie, made as signing in makes it."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from supervision.access import ruling
from supervision.access.admission import Admissions, Times
from supervision.access.events import PersonAdded, RoleGranted
from supervision.access.gate import COOKIE, CSRF_COOKIE, CSRF_HEADER
from supervision.access.office import Access
from supervision.access.open import open_access
from supervision.access.rights import INSPECTOR
from supervision.access.signing import From, Opened
from supervision.record import Record
from supervision.runners.settings import clock_of

BY = "console:test"


class Visitor:
    """A browser's cookies, without the browser."""

    def __init__(self, opened: Opened, admissions: Admissions) -> None:
        self.secret = opened.secret
        self.session = opened.session
        self.csrf = admissions.csrf(opened.session.digest)

    @property
    def cookies(self) -> dict[str, str]:
        """By name."""
        return {COOKIE: self.secret, CSRF_COOKIE: self.csrf}

    @property
    def headers(self) -> dict[str, str]:
        """For reading."""
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def posting(self, origin: str) -> dict[str, str]:
        """For writing, from a page of that origin."""
        return {**self.headers, "Origin": origin, CSRF_HEADER: self.csrf}

    def browser(self, url: str) -> list[dict[str, Any]]:
        """For a browser's context, as Playwright takes cookies."""
        return [
            {"name": name, "value": value, "url": url.replace("http:", "https:"), "secure": True}
            for name, value in self.cookies.items()
        ]

    def get(self, url: str) -> Any:
        """A JSON answer."""
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=self.headers), timeout=10
        ) as answer:
            return json.load(answer)


def visitor(
    home: Path,
    env: dict[str, str] | None = None,
    *,
    person: str = "tester",
    role: str = INSPECTOR,
    units: Sequence[str] = (),
    texts: bool = False,
) -> Visitor:
    """Add a person with a role, if there is none of that name, and sign them in by a link."""
    record = Record(home, clock_of(home), env)
    access = Access(
        record,
        open_access(home, env or {}),
        now=lambda: time.time_ns() // 1000,
        ticks=time.monotonic,
        times=Times(hours=24, idle_minutes=1_440),
    )
    try:
        return signed_in(access, person, role, units, texts=texts)
    finally:
        access.close()
        record.close()


def signed_in(
    access: Access, person: str, role: str, units: Sequence[str] = (), *, texts: bool = False
) -> Visitor:
    """The same, where access is at hand."""
    if person not in access.admissions.people(at_once=True).persons:
        access.rule(
            lambda people, at: ruling.add_person(people, PersonAdded(at=at, by=BY, person=person))
        )
        access.rule(
            lambda people, at: ruling.grant(
                people,
                RoleGranted(
                    at=at, by=BY, person=person, role=role, units=tuple(units), texts=texts
                ),
            )
        )
    link = access.signing.make_link(person, BY)
    opened = access.signing.by_link(link, From("127.0.0.1", "test"))
    return Visitor(opened, access.admissions)
