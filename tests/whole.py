"""The whole application, gate to warehouse, with two departments' cases; its time stands still."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import httpx
from fastapi import FastAPI
from msgspec import Struct
from starlette.testclient import TestClient

from alerts.alarms import Health
from projections.contributions import days_in
from projections.filling import Filling
from projections.warehouse import Engine, Warehouse
from projections.watch import Watch
from projections.writing import write_acts
from replay.evidence import Evidence
from replay.seals import SealFolder
from supervision.access import ruling
from supervision.access.admission import digest_of
from supervision.access.events import PersonAdded, RoleGranted
from supervision.access.signing import From, Opened
from supervision.facts import Actor, ApplicationReceived, CaseAccepted
from supervision.follow import Follower
from supervision.lists import ListChangeAnnounced
from supervision.published import bundled
from supervision.record import Incoming, Record
from supervision.runners.application import OUTSIDE, Outside, Place, application
from tests.access import AT, CONSOLE, Office, Time
from tests.court import CHINA, item
from tests.filed import log_key
from tests.memorylog import stream_of
from tests.visitor import Visitor

ORIGIN = "https://testserver"
SOCKETS = "wss://testserver"
SOCKET = f"{SOCKETS}/_dash-ws-callback"
HOME = "127.0.0.1"
NAVIGATING = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
DISTRICT = "全市"
CASES = 3
SETTLED = 601
"""Seconds after which cases that were late when they were reported get their cards."""


class Department(NamedTuple):
    """A department with one item, one source system and some cases, each with a text of its own."""

    name: str
    source: str
    item: str
    item_name: str
    clerk: str
    text: str

    @property
    def cases(self) -> tuple[str, ...]:
        """The numbers of its cases."""
        return tuple(f"{self.source.upper()}-2026-{n:04d}" for n in range(1, CASES + 1))

    @property
    def marks(self) -> tuple[str, ...]:
        """What tells of it; its source and cases as one beginning, whatever the case of letters."""
        return (self.name, self.source, self.item_name, self.clerk, self.text)


WATER = Department("市水务局", "shuiwu", "qushui", "取水许可证核发", "周水生", "一眼深井")
WOODS = Department("市林业局", "linye", "caifa", "林木采伐许可证核发", "林森木", "百年古树")


class Standing:
    """A supervision.runners.application.System whose rows are those of the log when it was made."""

    def __init__(self, record: Record, engine: Engine, time: Time) -> None:
        self.record, self._time = record, time
        self.warehouse = Warehouse(engine, days_in("Asia/Shanghai"))
        self.warehouse.drop_all()
        self.warehouse.create()
        self.watch = Watch(record.read_case)
        self.known = Health(halted=(f"{WOODS.source}/{WOODS.cases[0]}: card without facts",))
        self.judge()

    def judge(self) -> None:
        """Up to the end of the log: cards issued, rows written."""
        follower = Follower(self.record, self.watch.position)
        try:
            while batch := follower.next_batch(1_000):
                self.watch.take(batch)
        finally:
            follower.close()
        self.watch.tick(self.record.heartbeat()[0])
        write_acts(self.watch, self.record)
        Filling(self.record, self.warehouse).read_up_to(self.record.head())

    @property
    def watched_cases(self) -> int:
        """How many cases are under watch."""
        return self.watch.open_cases

    def shown(self) -> tuple[int, float]:
        """All of it."""
        return self.record.last_stamp(), self._time.now() / 1_000_000

    def health(self) -> Health:
        """A case of the woods halted."""
        return self.known


class Whole:
    """The application, started, and who asks it."""

    def __init__(self, home: Path, engine: Engine, outside: Outside = OUTSIDE) -> None:
        self.time = Time()
        self.office = Office(home, self.time)
        self.record = self.office.record
        _begin(self.record)
        self.system = Standing(self.record, engine, self.time)
        self.place = Place(DISTRICT, "Asia/Shanghai", self.time)
        self.seals = SealFolder(home / "seals", log_key)
        self.app = application(
            self.system,
            self.place,
            self.office,
            outside,
            seals=self.seals,
            evidence=Evidence(home / "seals"),
        )
        self.client = browser_of(self.app)

    def settle(self) -> None:
        """Time passes until what was reported late is judged: each case has its cards."""
        self.time.pass_by(SETTLED)
        self.system.judge()

    def visit(
        self, role: str, *departments: Department, texts: bool = False, person: str = ""
    ) -> Visitor:
        """Somebody of a role over these departments, the whole if none, in a session of its own."""
        units = tuple(each.name for each in departments)
        name = person or "-".join((role, *(each.source for each in departments), "t" * texts))
        if name not in self.office.admissions.people(at_once=True).persons:
            added = PersonAdded(at=AT, by=CONSOLE, person=name)
            given = RoleGranted(at=AT, by=CONSOLE, person=name, role=role, units=units, texts=texts)
            self.office.rule(lambda people, _: ruling.add_person(people, added))
            self.office.rule(lambda people, _: ruling.grant(people, given))
        opened = self.office.signing._open(name, "link", "", From(HOME, "test"), told=False)
        return Visitor(opened, self.office.admissions)

    def kiosk(self, name: str, *departments: Department, address: str = HOME) -> Visitor:
        """A wall without a person, good from one address."""
        units = tuple(each.name for each in departments)
        secret = self.office.signing.open_kiosk(name, address, units, CONSOLE)
        session = self.office.store.session(digest_of(secret))
        assert session is not None
        return Visitor(Opened(secret, session), self.office.admissions)

    def ask(
        self,
        method: str,
        path: str,
        who: Visitor | None = None,
        *,
        client: TestClient | None = None,
        headers: Mapping[str, str] | None = None,
        **sent: Any,
    ) -> httpx.Response:
        """One request as a page of ours makes it; no cookie but those of the visitor."""
        browser = client or self.client
        browser.cookies.clear()
        own = who.posting(ORIGIN) if who else {"Origin": ORIGIN}
        return browser.request(method, path, headers={**own, **(headers or {})}, **sent)

    def call(
        self, who: Visitor | None, callback: Mapping[str, Any], **values: object
    ) -> httpx.Response:
        """A callback of Dash as its browser side calls it, with these values of the inputs."""
        return self.ask("POST", "/_dash-update-component", who, json=payload(callback, **values))

    def callbacks(self, who: Visitor) -> list[dict[str, Any]]:
        """Dash's callbacks, as the browser is told of them."""
        told: list[dict[str, Any]] = self.ask("GET", "/_dash-dependencies", who).json()
        return told

    def page(self, who: Visitor | None, pathname: str, search: str = "") -> httpx.Response:
        """What stands on the page of an address."""
        asked = {"output": PAGE_OUTPUT, "inputs": list(PAGE_INPUTS), "state": []}
        return self.call(who, asked, pathname=pathname, search=search)

    def frames(self, who: Visitor, callback: Mapping[str, Any], *, lang: str = "zh") -> str:
        """What comes by websocket of a callback that follows the wall, until the first pulse."""
        mount = {"page": "wall", "lang": lang, "boot": "", "version": 0, "full": True}
        heard = ""
        self.client.cookies.clear()
        headers = {**who.headers, "Origin": ORIGIN}
        with self.client.websocket_connect(SOCKET, headers=headers) as socket:
            socket.send_json(request(callback))
            while '"pulse"' not in heard:
                heard += (text := socket.receive_text())
                for message in _messages(text):
                    if message["type"] == "get_props_request":
                        socket.send_json(
                            {
                                "type": "get_props_response",
                                "requestId": message["requestId"],
                                "payload": {"data": mount},
                            }
                        )
        return heard.encode().decode("unicode_escape", "replace")

    def trailed(self) -> list[Struct]:
        """What the trail holds."""
        self.office.trail.flush()
        return [each.event for each in self.record.read_stream("system/access")]


def browser_of(app: FastAPI, address: str = HOME) -> TestClient:
    """A browser at an address."""
    return TestClient(
        app,
        base_url=ORIGIN,
        follow_redirects=False,
        client=(address, 50_000),
        raise_server_exceptions=False,
    )


PAGE_OUTPUT = "..page.children...pulse.data...mount.data.."
PAGE_INPUTS = ({"id": "url", "property": "pathname"}, {"id": "url", "property": "search"})


def payload(callback: Mapping[str, Any], **values: object) -> dict[str, Any]:
    """What a browser sends to have a callback called."""
    inputs = [{**one, "value": values.get(one["property"])} for one in callback["inputs"]]
    outputs = [
        dict(zip(("id", "property"), one.rsplit(".", 1), strict=True))
        for one in callback["output"].strip(".").split("...")
        if "." in one
    ]
    return {
        "output": callback["output"],
        "outputs": outputs if callback["output"].startswith("..") else outputs[:1] or None,
        "inputs": inputs,
        "changedPropIds": [f"{one['id']}.{one['property']}" for one in inputs],
        "state": [],
    }


def request(callback: Mapping[str, Any], **values: object) -> dict[str, Any]:
    """What a browser sends by websocket to have a callback called."""
    return {
        "type": "callback_request",
        "requestId": "1",
        "rendererId": "page-1",
        "payload": payload(callback, **values),
    }


def _messages(text: str) -> list[dict[str, Any]]:
    got = json.loads(text)
    return got if isinstance(got, list) else [got]


def told(answer: httpx.Response | str) -> str:
    """All that an answer says: its text or what its JSON means, its addresses, its headers."""
    text = answer if isinstance(answer, str) else answer.text
    with suppress(ValueError):
        text = json.dumps(json.loads(text), ensure_ascii=False)
    meant = [text, unquote(text)]
    if not isinstance(answer, str):
        meant += [unquote(value) for value in answer.headers.values()]
    return "\n".join(meant).lower()


def tells_of(answer: httpx.Response | str, department: Department) -> list[str]:
    """What of a department an answer tells."""
    text = told(answer)
    return [mark for mark in department.marks if mark.lower() in text]


NUMBER = re.compile(r"\d+(\.\d+)?")
BY_CHANCE = re.compile(r'"end_id": ?"[^"]*"|"requestid": ?"[^"]*"')
"""What is another in every answer of Dash."""


def blank(answer: httpx.Response, *asked: str) -> str:
    """An answer without what was asked, however it is written there, and without numbers."""
    text = told(answer)
    for word in sorted(asked, key=len, reverse=True):
        for form in (word, quote(word), quote(word, safe="")):
            text = text.replace(form.lower(), "…")
    return NUMBER.sub("#", BY_CHANCE.sub("", text))


@contextmanager
def whole_at(home: Path, engine: Engine, outside: Outside = OUTSIDE) -> Iterator[Whole]:
    """The same, started and ended."""
    opened = Whole(home, engine, outside)
    try:
        with opened.client:
            yield opened
    finally:
        opened.office.close()


def _begin(record: Record) -> None:
    """Lists, and three cases of each department, each long overdue."""
    lists: list[Struct] = list(bundled())
    for each in (WATER, WOODS):
        lists.append(item(code=each.item, name=each.item_name, department=each.name))
        late = AT - timedelta(days=60)
        lists.append(ListChangeAnnounced(id=each.item, code=each.item, announced_at=late))
    for stream, together in groupby(sorted(lists, key=stream_of), key=stream_of):
        record.append(stream, list(together), 0)
    for each in (WATER, WOODS):
        record.append_facts(_facts(each))


def _facts(department: Department) -> Sequence[Incoming]:
    actor = Actor(id=department.clerk, post="窗口", department=department.name)
    facts: list[Incoming] = []
    for case_no in department.cases:
        for days, kind in ((40, ApplicationReceived), (39, CaseAccepted)):
            fact = kind(
                id=f"{case_no}-{days}",
                source=department.source,
                case_no=case_no,
                item=department.item,
                occurred_at=(AT - timedelta(days=days)).astimezone(CHINA),
                actor=actor,
            )
            facts.append(Incoming(fact, {"opinion": department.text}))
    return facts
