"""Who may report what: signed requests, keys that are over, and what a key may send.

Above 400 lines: signatures, rights and the examples of docs/intake.md are three classes over the
same record and door.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supervision.clock import SystemClock
from supervision.errors import StoreDown
from supervision.facts import Fact
from supervision.intake.door import KeyRing
from supervision.intake.http import PATH, Guard, LimitsConfig, router
from supervision.intake.http_schema import BATCH, ONE
from supervision.intake.keys import Issued, Rights, new_key, revoke, rotate
from supervision.intake.reading import FORMS
from supervision.intake.signing import WINDOW, signature_of
from supervision.lists import ItemPublished
from supervision.publishing import lists_stream
from supervision.record import Record
from tests.integration.test_http_intake import is_problem, post
from tests.product import free_port, until

pytestmark = pytest.mark.integration

SOURCE = "permit-office"
PAGE = Path(__file__).parents[2] / "docs" / "intake.md"
START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Server(NamedTuple):
    """Intake over a record; its clock stands until it is set, `heard` is what was refused."""

    record: Record
    app: FastAPI
    clock: list[float]
    heard: list[tuple[str, str, str]]

    def key(self, **rights: Any) -> Issued:
        """A new key of the source."""
        return new_key(self.record, SOURCE, rights=Rights(**rights))

    def refusals(self) -> list[tuple[str, str]]:
        """Why, and whose key, since this was last asked."""
        found = [(why, who) for what, why, who in self.heard if what == "POST /api/v1/events"]
        self.heard.clear()
        return found


def served(record: Record, *, signed: bool = False, limits: LimitsConfig | None = None) -> Server:
    """Intake with a clock that stands, and signatures remembered in a set."""
    clock, heard, used = [START.timestamp()], [], set[str]()

    def once(value: str, kept_until: int) -> bool:
        assert kept_until > clock[0] * 1_000_000
        first = value not in used
        used.add(value)
        return first

    guard = Guard(lambda: clock[0], once, lambda *says: heard.append(says))
    app = FastAPI()
    given = limits or LimitsConfig(signed=signed)
    app.include_router(router(record, KeyRing(record), given, guard=guard))
    return Server(record, app, clock, heard)


@pytest.fixture
def record(home: Path) -> Iterator[Record]:
    """A record of its own for each test."""
    with closing(Record(home, SystemClock())) as opened:
        yield opened


@pytest.fixture
def server(record: Record) -> Server:
    """Intake that takes keys and signatures."""
    return served(record)


def event(number: int = 1, kind: str = "CaseAccepted", **changed: Any) -> dict[str, Any]:
    """An event of case c1; `data` besides."""
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": SOURCE,
        "type": kind,
        "subject": "c1",
        "time": "2026-11-20T09:30:00+08:00",
        **changed,
    }


def signed(key: Issued, at: float, body: bytes, path: str = PATH) -> dict[str, str]:
    """The three headers."""
    stamp = str(int(at))
    return {
        "X-Key-Id": key.id,
        "X-Timestamp": stamp,
        "X-Signature": signature_of(key.secret, "POST", path, stamp, body),
    }


BODY = json.dumps(event()).encode()
ODD = (
    b"9" * 100_000,
    b"x" * 100_000,
    b"Bearer \xff",
    b"v1=" + b"0" * 64,
    b"1795167000",
    b"-1",
    b"\xb2",
    b"\xff\xfe",
    "密钥".encode(),
    "１２３".encode(),
)
"""Values of headers: huge, of other characters, nearly right."""


def statuses(answer: httpx.Response) -> list[str]:
    """What became of each event."""
    return [each["status"] for each in answer.json()["results"]]


class TestSigned:
    """A signature takes the place of the key, which is never sent."""

    def test_a_signed_request_is_taken(self, server: Server) -> None:
        """With any time within the window."""
        key = server.key(signed=True)
        for shift in (0, -WINDOW, WINDOW):
            headers = signed(key, server.clock[0] + shift, BODY)
            assert post(server.app, None, BODY, headers=headers).status_code == 200
        assert server.refusals() == []

    @pytest.mark.parametrize("shift", [-WINDOW - 1, WINDOW + 1, -(10**9), 10**9])
    def test_late_and_early_requests_are_refused(self, server: Server, shift: int) -> None:
        """The answer tells the server's time, whether or not there is such a key."""
        key = server.key(signed=True)
        for sender, who in ((key, key.id), (Issued("none", "ss_none"), "")):
            headers = signed(sender, server.clock[0] + shift, BODY)
            answer = post(server.app, None, BODY, headers=headers)
            assert is_problem(answer, 401)
            assert f"says {int(server.clock[0])}" in answer.json()["detail"]
            assert server.refusals() == [("clock", who)]

    def test_a_signature_is_used_once(self, server: Server) -> None:
        """Also where nothing was stored; another time makes another signature."""
        key = server.key(signed=True)
        headers = signed(key, server.clock[0], BODY)
        assert post(server.app, None, BODY, headers=headers).status_code == 200
        again = post(server.app, None, BODY, headers=headers)
        assert is_problem(again, 401)
        assert "sign again" in again.json()["detail"]
        assert server.refusals() == [("replayed signature", key.id)]
        headers = signed(key, server.clock[0] + 1, BODY)
        assert statuses(post(server.app, None, BODY, headers=headers)) == ["had"]

    def test_a_replay_in_another_spelling_is_none_the_less(self, server: Server) -> None:
        """There is one spelling of each header."""
        key = server.key(signed=True)
        headers = signed(key, server.clock[0], BODY)
        assert post(server.app, None, BODY, headers=headers).status_code == 200
        mac = headers["X-Signature"].removeprefix("v1=")
        spellings = [
            {"X-Signature": f"v1={mac.upper()}"},
            {"X-Signature": f"V1={mac}"},
            {"X-Signature": f"v1= {mac}"},
            {"X-Timestamp": f"0{headers['X-Timestamp']}"},
            {"X-Timestamp": f"+{headers['X-Timestamp']}"},
            {"X-Timestamp": f"{headers['X-Timestamp']}.0"},
        ]
        for changed in spellings:
            answer = post(server.app, None, BODY, headers={**headers, **changed})
            assert is_problem(answer, 401), changed
        assert {why for why, _ in server.refusals()} == {"bad signature"}

    FORGED: tuple[tuple[str, Callable[[dict[str, str], Issued], dict[str, str]]], ...] = (
        ("another signature", lambda h, key: {**h, "X-Signature": "v1=" + "0" * 64}),
        ("truncated", lambda h, key: {**h, "X-Signature": h["X-Signature"][:-2]}),
        ("longer", lambda h, key: {**h, "X-Signature": h["X-Signature"] + "00"}),
        ("no version", lambda h, key: {**h, "X-Signature": h["X-Signature"][3:]}),
        ("empty", lambda h, key: {**h, "X-Signature": ""}),
        ("another version", lambda h, key: {**h, "X-Signature": "v2" + h["X-Signature"][2:]}),
        ("another time", lambda h, key: {**h, "X-Timestamp": str(int(h["X-Timestamp"]) + 1)}),
        ("no time", lambda h, key: {k: v for k, v in h.items() if k != "X-Timestamp"}),
        ("no key", lambda h, key: {k: v for k, v in h.items() if k != "X-Key-Id"}),
        ("its secret for its id", lambda h, key: {**h, "X-Key-Id": key.secret}),
        ("another path", lambda h, key: signed(key, float(h["X-Timestamp"]), BODY, PATH + "/")),
        ("body changed", lambda h, key: signed(key, float(h["X-Timestamp"]), BODY + b" ")),
        ("empty body", lambda h, key: signed(key, float(h["X-Timestamp"]), b"")),
        (
            "another secret",
            lambda h, key: signed(Issued(key.id, "ss_other"), float(h["X-Timestamp"]), BODY),
        ),
    )

    @pytest.mark.parametrize("forge", [f for _, f in FORGED], ids=[name for name, _ in FORGED])
    def test_what_is_forged_is_refused(
        self, server: Server, forge: Callable[[dict[str, str], Issued], dict[str, str]]
    ) -> None:
        """As an unknown key is, to the letter; and nothing is stored."""
        key = server.key(signed=True)
        head = server.record.head()
        headers = forge(signed(key, server.clock[0], BODY), key)
        answer = post(server.app, None, BODY, headers=headers)
        assert is_problem(answer, 401)
        unknown = post(server.app, "sk_unknown", BODY)
        assert (answer.content, answer.headers) == (unknown.content, unknown.headers)
        assert server.record.head() == head
        assert server.refusals()[0][0] in ("bad signature", "no key", "unknown key")

    def test_another_keys_signature_is_refused(self, server: Server) -> None:
        """Each has a secret of its own."""
        one, two = server.key(signed=True), server.key(signed=True)
        headers = {**signed(one, server.clock[0], BODY), "X-Key-Id": two.id}
        assert is_problem(post(server.app, None, BODY, headers=headers), 401)
        assert server.refusals() == [("bad signature", two.id)]

    def test_a_key_that_signs_does_not_open_by_being_sent(self, server: Server) -> None:
        """Neither way; that its secret came along the wire is recorded."""
        key = server.key(signed=True)
        assert is_problem(post(server.app, key.secret, BODY), 401)
        answer = post(server.app, None, BODY, headers={"X-API-Key": key.secret})
        assert is_problem(answer, 401)
        assert server.refusals() == [("signing secret sent", key.id)] * 2

    def test_a_plain_key_does_not_sign(self, server: Server) -> None:
        """Though its holder can reckon an HMAC."""
        key = server.key()
        headers = signed(key, server.clock[0], BODY)
        assert is_problem(post(server.app, None, BODY, headers=headers), 401)
        assert server.refusals() == [("unknown key", key.id)]

    def test_another_process_accepts_the_same_key(self, server: Server, home: Path) -> None:
        """The secret is derived there too."""
        key = server.key(signed=True)
        with closing(Record(home, SystemClock())) as elsewhere:
            other = served(elsewhere)
            headers = signed(key, other.clock[0], BODY)
            assert post(other.app, None, BODY, headers=headers).status_code == 200

    def test_without_a_memory_of_signatures_none_is_taken(self, record: Record) -> None:
        """As nobody could tell a replay."""
        app = FastAPI()
        app.include_router(router(record, guard=Guard(START.timestamp)))
        key = new_key(record, SOURCE, rights=Rights(signed=True))
        headers = signed(key, START.timestamp(), BODY)
        assert is_problem(post(app, None, BODY, headers=headers), 401)

    def test_who_signs_too_fast_is_told_when_to_come_back(self, record: Record) -> None:
        """Only what the key signed counts: nobody else can use up its rate."""
        server = served(record, limits=LimitsConfig(requests_per_minute=1))
        key = server.key(signed=True)
        forged = signed(Issued(key.id, "ss_other"), server.clock[0], BODY)
        for _ in range(3):
            assert is_problem(post(server.app, None, BODY, headers=forged), 401)
        first = signed(key, server.clock[0], BODY)
        assert post(server.app, None, BODY, headers=first).status_code == 200
        second = signed(key, server.clock[0] + 1, BODY)
        assert is_problem(post(server.app, None, BODY, headers=second), 429)

    def test_where_the_memory_of_signatures_is_down_nothing_is_stored(self, record: Record) -> None:
        """503, and when to come back."""

        def down(value: str, kept_until: int) -> bool:
            raise StoreDown("127.0.0.1:5432/keys", "connection refused")

        app = FastAPI()
        app.include_router(router(record, guard=Guard(START.timestamp, down)))
        key = new_key(record, SOURCE, rights=Rights(signed=True))
        head = record.head()
        headers = signed(key, START.timestamp(), BODY)
        answer = post(app, None, BODY, headers=headers)
        assert is_problem(answer, 503)
        assert answer.json()["detail"].startswith("未入库")
        assert record.head() == head

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
    @given(
        st.dictionaries(
            st.sampled_from(
                ["X-Key-Id", "X-Timestamp", "X-Signature", "X-API-Key", "Authorization"]
            ),
            st.binary(max_size=80).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b""))
            | st.sampled_from(ODD),
        )
    )
    def test_any_headers_have_an_answer(self, server: Server, headers: dict[str, bytes]) -> None:
        """401, never an error of ours."""
        answer = post(server.app, None, BODY, headers=headers)  # type: ignore[arg-type]
        assert is_problem(answer, 401)


class TestOver:
    """Keys that are over, and policies that want more."""

    @pytest.mark.parametrize("signs", [False, True])
    def test_keys_that_are_over_are_answered_as_unknown_ones(
        self, server: Server, signs: bool
    ) -> None:
        """To the letter; which it was is recorded."""
        end = START + MINUTE
        expired, revoked = server.key(signed=signs, expires_at=end), server.key(signed=signs)
        revoke(server.record, revoked.id)
        server.clock[0] = end.timestamp()
        answers = [
            _sent(server, key, signs) for key in (expired, revoked, Issued("none", "sk_none"))
        ]
        assert {each.status_code for each in answers} == {401}
        assert len({each.content for each in answers}) == 1
        assert len({str(each.headers) for each in answers}) == 1
        assert server.refusals() == [
            ("expired key", expired.id),
            ("revoked key", revoked.id),
            ("unknown key", ""),
        ]

    @pytest.mark.parametrize("signs", [False, True])
    def test_after_a_rotation_both_keys_open_for_a_while(self, server: Server, signs: bool) -> None:
        """Then the new one alone, by the clock that is passed in."""
        old = server.key(signed=signs)
        until_then = START + 60 * MINUTE
        fresh = rotate(server.record, old.id, until=until_then)
        for at, opens in ((START, [200, 200]), (until_then - MINUTE, [200, 200]),
                          (until_then, [401, 200])):  # fmt: skip
            server.clock[0] = at.timestamp()
            assert [_sent(server, key, signs).status_code for key in (old, fresh)] == opens

    def test_where_signatures_are_demanded_a_plain_key_is_not_enough(self, record: Record) -> None:
        """The answer says what is, to whoever sends a key; signed requests are taken."""
        server = served(record, signed=True)
        plain, signs = server.key(), server.key(signed=True)
        answers = [post(server.app, key, BODY) for key in (plain.secret, "sk_none", None)]
        assert len({each.content for each in answers}) == 1
        for answer in answers:
            assert is_problem(answer, 401)
            assert "只接受签名请求" in answer.json()["detail"]
            assert answer.headers["www-authenticate"] == "Signature"
        assert server.refusals() == [("plain key", plain.id), ("unknown key", ""), ("no key", "")]
        assert _sent(server, signs, True).status_code == 200

    def test_what_cannot_be_recorded_as_refused_is_not_answered_as_if_it_were(
        self, record: Record
    ) -> None:
        """503: the store that keeps the record of refusals is down."""

        def down(what: str, why: str, who: str) -> None:
            raise StoreDown("127.0.0.1:5432/supervision", "connection refused")

        app = FastAPI()
        app.include_router(router(record, guard=Guard(refused=down)))
        assert is_problem(post(app, None, BODY), 503)


def _sent(server: Server, key: Issued, signs: bool) -> httpx.Response:
    if not signs:
        return post(server.app, key.secret, BODY)
    return post(server.app, None, BODY, headers=signed(key, server.clock[0], BODY))


def publish(record: Record, **departments: str) -> None:
    """Items by code, each of a department."""
    events = [
        ItemPublished(
            version="1",
            announced_at=START,
            effective=START.date(),
            code=code,
            name=code,
            department=department,
        )
        for code, department in departments.items()
    ]
    stream = lists_stream(events[0])
    record.append(stream, events, record.version(stream))


def of(case: str, number: int, kind: str = "CaseAccepted", **data: Any) -> dict[str, Any]:
    """An event of a case; `by` is the actor's department."""
    by = data.pop("by", "")
    if by:
        data["actor"] = {"id": "u", "department": by}
    return event(number, kind, subject=case, data=data)


class TestKinds:
    """A key for kinds of facts sends those alone."""

    def test_facts_of_other_kinds_are_refused_one_by_one(self, server: Server) -> None:
        """The reason says what the key may send; one record of it a request."""
        key = server.key(kinds=("CaseAccepted", "StepCompleted"))
        batch = [
            of("c1", 1),
            of("c1", 2, "CaseConcluded"),
            of("c1", 3, "DecisionSigned"),
            of("c1", 4, "StepCompleted", step="审核"),
        ]
        answer = post(server.app, key.secret, batch, BATCH)
        assert statuses(answer) == ["stored", "refused", "refused", "stored"]
        reason = answer.json()["results"][1]["reason"]
        assert "受理（CaseAccepted）、环节办理（StepCompleted）" in reason
        assert "CaseAccepted, StepCompleted only" in reason
        assert server.refusals() == [("rights", key.id)]

    @pytest.mark.parametrize("kind", sorted(FORMS))
    def test_every_kind_can_be_given(self, server: Server, kind: str) -> None:
        """What may be reported may be limited to."""
        key = server.key(kinds=(kind,))
        assert statuses(post(server.app, key.secret, [of("c1", 1, "CaseAccepted")], BATCH)) == [
            "stored" if kind == "CaseAccepted" else "refused"
        ]

    def test_a_correction_must_be_allowed_for_what_it_corrects(self, server: Server) -> None:
        """In the log, in the same request, or nowhere."""
        everything = server.key()
        stored = [of("c1", 1), of("c1", 2, "DecisionSigned")]
        assert statuses(post(server.app, everything.secret, stored)) == ["stored"] * 2
        key = server.key(kinds=("CaseAccepted", "FactCorrected"))
        batch = [
            of("c1", 3, "FactCorrected", corrects="e1", says={"document": "x"}),
            of("c1", 4, "FactCorrected", corrects="e2", void=True),
            of("c1", 5, "FactCorrected", corrects="nothing", void=True),
            of("c2", 6),
            of("c2", 7, "FactCorrected", corrects="e6", void=True),
        ]
        told = statuses(post(server.app, key.secret, batch))
        assert told == ["stored", "refused", "refused", "stored", "stored"]

    def test_without_corrections_among_its_kinds_a_key_corrects_nothing(
        self, server: Server
    ) -> None:
        """Not even what it sent itself."""
        key = server.key(kinds=("CaseAccepted",))
        batch = [of("c1", 1), of("c1", 2, "FactCorrected", corrects="e1", void=True)]
        assert statuses(post(server.app, key.secret, batch)) == ["stored", "refused"]

    def test_a_fact_of_another_kind_is_not_replaced(self, server: Server) -> None:
        """By a higher data_version of its id."""
        everything = server.key()
        stored = [of("c1", 1), of("c1", 2, "DecisionSigned")]
        post(server.app, everything.secret, stored)
        key = server.key(kinds=("CaseAccepted",))
        batch = [of("c1", 1, data_version=2), of("c1", 2, data_version=2)]
        assert statuses(post(server.app, key.secret, batch)) == ["stored", "refused"]


class TestDepartments:
    """A key for departments sends of their cases alone."""

    @pytest.fixture
    def server(self, record: Record) -> Server:
        """Items a of D1, b of D2, c of D3."""
        publish(record, a="D1", b="D2", c="D3")
        return served(record)

    CASES: tuple[tuple[str, list[dict[str, Any]], list[str]], ...] = (
        (
            "by the item",
            [of("1", 1, item="a"), of("2", 2, item="b"), of("3", 3, item="c")],
            ["stored", "stored", "refused"],
        ),
        (
            "the item, not the actor",
            [of("1", 1, item="a", by="D3"), of("2", 2, item="c", by="D1")],
            ["stored", "refused"],
        ),
        (
            "the actor where the item is unknown",
            [of("1", 1, item="x", by="D2"), of("2", 2, item="x", by="D3"), of("3", 3, by="D1")],
            ["stored", "refused", "stored"],
        ),
        (
            "nothing known",
            [of("1", 1), of("2", 2, item="x")],
            ["refused", "refused"],
        ),
        (
            "later facts are of the case's item",
            [
                of("1", 1, item="a"),
                of("1", 2, "CaseConcluded", by="D3"),
                of("1", 3, "CaseAccepted"),
            ],
            ["stored", "stored", "stored"],
        ),
        (
            "and of no other case's",
            [of("1", 1, item="a"), of("2", 2, "CaseConcluded")],
            ["stored", "refused"],
        ),
        (
            "what was refused makes no case",
            [of("1", 1, item="c"), of("1", 2, "CaseConcluded", by="D1")],
            ["refused", "stored"],
        ),
    )

    @pytest.mark.parametrize(
        ("batch", "expected"), [(b, e) for _, b, e in CASES], ids=[name for name, _, _ in CASES]
    )
    def test_a_fact_is_of_its_items_department(
        self, server: Server, batch: list[dict[str, Any]], expected: list[str]
    ) -> None:
        """Or else of the actor's, or the case's; in one request as in many."""
        key = server.key(departments=("D1", "D2"))
        answer = post(server.app, key.secret, batch)
        assert statuses(answer) == expected
        for each in answer.json()["results"]:
            if each["status"] == "refused":
                assert "只可报送以下部门的办件：D1、D2" in each["reason"]
                assert "may send for D1, D2 only" in each["reason"]
        assert server.refusals() == [("rights", key.id)] * ("refused" in expected)

    def test_the_same_facts_one_by_one(self, server: Server) -> None:
        """The log knows what the request does not tell."""
        key = server.key(departments=("D1",))
        told = [
            statuses(post(server.app, key.secret, each, ONE))
            for each in (of("1", 1, item="a"), of("1", 2, "CaseConcluded"))
        ]
        assert told == [["stored"], ["stored"]]

    def test_nobody_adds_to_another_departments_case(self, server: Server) -> None:
        """Neither under the name of an item of its own, nor by a correction."""
        everything = server.key()
        post(server.app, everything.secret, [of("9", 1, item="c", by="D3"), of("8", 2, by="D3")])
        key = server.key(departments=("D1",))
        attempts = [
            of("9", 3, "CaseConcluded"),
            of("9", 4, "CaseConcluded", item="a", by="D1"),
            of("9", 5, "CaseConcluded", item="x", by="D1"),
            of("9", 6, "FactCorrected", corrects="e1", void=True, by="D1"),
            of("9", 7, "FactCorrected", corrects="e1", says={"item": "a"}, item="a"),
            of("8", 8, "CaseConcluded", by="D1"),
        ]
        assert statuses(post(server.app, key.secret, attempts)) == ["refused"] * len(attempts)
        assert server.refusals() == [("rights", key.id)]

    def test_a_correction_does_not_move_a_case_to_another_department(self, server: Server) -> None:
        """What it makes of the case must be the key's too; all else of its own it may correct."""
        key = server.key(departments=("D1", "D2"))
        batch = [
            of("1", 1, item="a", by="D1"),
            of("1", 2, "FactCorrected", corrects="e1", says={"item": "c"}),
            of("1", 3, "FactCorrected", corrects="e1", says={"item": "b"}),
            of("1", 4, "FactCorrected", corrects="e1", says={"channel": "窗口"}),
            of("5", 5, by="D1"),
            of("5", 6, "FactCorrected", corrects="e5", says={"actor": {"department": "D3"}}),
        ]
        expected = ["stored", "refused", "stored", "stored", "stored", "refused"]
        assert statuses(post(server.app, key.secret, batch)) == expected

    def test_a_case_that_was_corrected_is_of_the_corrected_item(self, server: Server) -> None:
        """As judgement has it."""
        everything = server.key()
        facts = [
            of("1", 1, item="a"),
            of("1", 2, "FactCorrected", corrects="e1", says={"item": "c"}),
        ]
        assert statuses(post(server.app, everything.secret, facts)) == ["stored"] * 2
        ours, theirs = (server.key(departments=(each,)) for each in ("D1", "D3"))
        later = of("1", 3, "CaseConcluded")
        assert statuses(post(server.app, ours.secret, [later])) == ["refused"]
        assert statuses(post(server.app, theirs.secret, [later])) == ["stored"]

    def test_an_item_that_is_published_anew_goes_with_its_new_department(
        self, server: Server
    ) -> None:
        """At once, without a restart."""
        key = server.key(departments=("D1",))
        assert statuses(post(server.app, key.secret, [of("1", 1, item="b")])) == ["refused"]
        publish(server.record, b="D1")
        assert statuses(post(server.app, key.secret, [of("1", 1, item="b")])) == ["stored"]

    def test_a_key_of_another_source_has_cases_of_its_own(self, server: Server) -> None:
        """The same number in another system is another case."""
        post(server.app, server.key().secret, [of("1", 1, item="c")])
        other = new_key(server.record, "other", rights=Rights(departments=("D1",)))
        fact = {**of("1", 2, item="a"), "source": "other"}
        assert statuses(post(server.app, other.secret, [fact])) == ["stored"]

    def test_kinds_and_departments_hold_together(self, server: Server) -> None:
        """A fact must be of both."""
        key = server.key(departments=("D1",), kinds=("CaseAccepted",))
        batch = [
            of("1", 1, item="a"),
            of("1", 2, "CaseConcluded", item="a"),
            of("2", 3, item="b"),
        ]
        assert statuses(post(server.app, key.secret, batch)) == ["stored", "refused", "refused"]


class TestPage:
    """The examples of docs/intake.md are typed as they stand."""

    @pytest.fixture
    def env(self, record: Record) -> Iterator[dict[str, str]]:
        """A server on a port, and a key that signs, as the examples want them."""
        server = served(record)
        server.clock[0] = datetime.now(UTC).timestamp()
        key = server.key(signed=True)
        with listening(server.app) as address:
            yield {**os.environ, "SERVER": address, "KEY_ID": key.id, "KEY_SECRET": key.secret}

    @pytest.mark.parametrize(
        ("language", "command", "case_no"),
        [
            ("python", [sys.executable, "-c"], "2026-000018"),
            ("bash", ["bash", "-euc"], "2026-000019"),
        ],
    )
    def test_the_example_signs_rightly(
        self,
        record: Record,
        env: dict[str, str],
        language: str,
        command: list[str],
        case_no: str,
    ) -> None:
        """Its fact is stored."""
        page = PAGE.read_text(encoding="utf-8")
        (example,) = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
        done = subprocess.run(
            [*command, example], env=env, capture_output=True, text=True, timeout=60, check=False
        )
        assert '"status":"stored"' in done.stdout.replace(" ", ""), done.stderr
        (stored,) = record.read_case(SOURCE, case_no)
        assert isinstance(stored.event, Fact)

    def test_the_commands_can_be_typed(self, record: Record, home: Path) -> None:
        """One after another, in a home of their own."""
        page = PAGE.read_text(encoding="utf-8")
        lines = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))
        typed = lines.replace("supervise ", f"{sys.executable} -m supervision.runners.cli ")
        env = {**os.environ, "SUPERVISION_HOME": str(home)}
        done = subprocess.run(
            ["bash", "-euc", typed], env=env, capture_output=True, text=True, timeout=110,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "部门 departments: 市发改委, 市住建局" in done.stdout
        assert "至 until 2100-01-01 00:00" in done.stdout


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The application on a port of this machine: its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, "the server")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
