"""Attacks by number and by the clock: a thousand sign-ins, a clock that jumps, what is replayed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from limits.storage import memory

from projections.chdb import ChdbEngine
from supervision.access import passwords
from supervision.access.admission import AHEAD, SECOND
from supervision.access.events import AccessRefused, SignInRefused
from supervision.access.rights import MANAGER
from supervision.access.signing import ADDRESS_A_MINUTE, ALL_A_MINUTE, LOCKED_AFTER
from supervision.intake.http import PATH as EVENTS
from supervision.intake.http_schema import EXAMPLE, ONE
from supervision.intake.keys import Rights, new_key
from supervision.intake.signing import signature_of
from tests.access import CONSOLE, PASSWORD, cheap
from tests.whole import NAVIGATING, WATER, Whole, browser_of, whole_at

pytestmark = pytest.mark.integration

CASES = "/api/v1/cases"
THOUSAND = 1_000
HOUR = 3_600.0
NAMES = ("zhao", "qian", "sun", "li")


@pytest.fixture
def whole(tmp_path: Path, chdb: ChdbEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Whole]:
    """One for each test: what it does to the clock and to accounts stays its own. Tries are counted
    by the same clock, so that a slow machine counts as a fast one.
    """
    cheap(monkeypatch)
    with whole_at(tmp_path / "whole", chdb) as opened:
        counting = SimpleNamespace(time=lambda: opened.time.now() / SECOND)
        monkeypatch.setattr(memory, "time", counting)
        for name in NAMES:
            opened.visit(MANAGER, WATER, person=name)
            opened.office.signing._set_password(name, PASSWORD, by=CONSOLE, temporary=False)
        yield opened


def sign_in(whole: Whole, name: str, password: str = PASSWORD, **more: Any) -> httpx.Response:
    """The form, sent."""
    return whole.ask("POST", "/sign-in", data={"name": name, "password": password}, **more)


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were hashed to be compared."""
    compared: list[str] = []
    compare = passwords.is_right

    def is_right(stored: str | None, password: str) -> bool:
        compared.append(password)
        return compare(stored, password)

    monkeypatch.setattr(passwords, "is_right", is_right)
    return compared


def test_a_thousand_sign_ins_in_a_minute_are_few_tries_and_few_events(
    whole: Whole, hashes: list[str]
) -> None:
    """From ten addresses, as four who exist and one who does not: a hundred are compared at most,
    the others told to come later; accounts lock; the log counts what it does not list.
    """
    browsers = [browser_of(whole.app, f"10.0.0.{n}") for n in range(10)]
    head = whole.record.head()
    statuses: Counter[int] = Counter()
    for n in range(THOUSAND):
        name = (*NAMES, "nobody")[n % 5]
        answer = sign_in(whole, name, f"wrong-password-{n}", client=browsers[n // 5 % 10])
        statuses[answer.status_code] += 1
        if answer.status_code == 429:
            assert answer.headers["retry-after"] == "60"
    assert set(statuses) == {401, 429}
    assert statuses[401] == len(hashes) <= ALL_A_MINUTE
    events = [each for each in whole.trailed() if isinstance(each, SignInRefused)]
    assert sum(each.count for each in events) == THOUSAND
    assert {each.why for each in events} == {"password", "locked", "too many"}
    assert {each.by for each in events} == {*NAMES, ""}
    most = 2 * len(browsers) * 5 * 3
    assert len(events) <= whole.record.head() - head <= most < THOUSAND / 3
    whole.time.pass_by(61)
    for name in NAMES:
        assert whole.office.store.failures(name).count >= LOCKED_AFTER


def test_an_address_that_tries_too_often_holds_nobody_else_up(
    whole: Whole, hashes: list[str]
) -> None:
    """Twenty tries a minute; somebody elsewhere signs in meanwhile, and they a minute later."""
    knocking, elsewhere = browser_of(whole.app, "10.0.0.66"), browser_of(whole.app, "10.0.0.7")
    for n in range(ADDRESS_A_MINUTE + 5):
        answer = sign_in(whole, f"x{n}", client=knocking)
    assert answer.status_code == 429
    assert len(hashes) == ADDRESS_A_MINUTE
    assert sign_in(whole, "zhao", client=elsewhere).status_code == 303
    whole.time.pass_by(61)
    assert sign_in(whole, "qian", client=knocking).status_code == 303


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
def test_while_the_clock_is_not_confirmed_nobody_is_signed_in(whole: Whole, seconds: float) -> None:
    """It is told in words, in both languages; once somebody has confirmed the clock it goes on."""
    whole.time.jump(seconds)
    for lang, word in (("zh", "时钟"), ("en", "clock")):
        form = {"name": "zhao", "password": PASSWORD}
        answer = whole.ask("POST", f"/sign-in?lang={lang}", data=form, headers=NAVIGATING)
        assert answer.status_code == 503
        assert word in answer.text
        assert "set-cookie" not in answer.headers
    whole.record.confirm_clock("operator")
    assert sign_in(whole, "zhao").status_code == 303


def test_a_session_of_a_clock_that_was_ahead_is_over(whole: Whole) -> None:
    """A clock that goes back makes no session longer; a small step back ends none."""
    small, large = AHEAD / SECOND - 1, AHEAD / SECOND + 1
    who = whole.visit(MANAGER, WATER, person="zhao")
    whole.time.jump(-small)
    assert whole.ask("GET", CASES, who).is_success
    whole.time.jump(small - large)
    assert whole.ask("GET", CASES, who).status_code == 401


def test_a_clock_that_goes_forward_ends_what_was_idle(whole: Whole) -> None:
    """After half an hour without a request, and after twelve hours in any case."""
    idle, working = (whole.visit(MANAGER, WATER, person="zhao") for _ in range(2))
    for _ in range(3):
        whole.time.pass_by(15 * 60)
        assert whole.ask("GET", CASES, working).is_success
    assert whole.ask("GET", CASES, idle).status_code == 401
    for _ in range(4 * 11):
        whole.time.pass_by(15 * 60)
        assert whole.ask("GET", CASES, working).is_success
    whole.time.pass_by(15 * 60)
    assert whole.ask("GET", CASES, working).status_code == 401


def signed_post(
    whole: Whole, key: str, secret: str, body: bytes, seconds: int, **changed: str
) -> httpx.Response:
    """A signed request to intake."""
    signature = signature_of(secret, "POST", EVENTS, str(seconds), body)
    headers = {"X-Key-Id": key, "X-Timestamp": str(seconds), "X-Signature": signature}
    sent = {**headers, "Content-Type": ONE, **changed}
    return whole.ask("POST", EVENTS, headers=sent, content=body)


def test_what_was_signed_is_taken_once(whole: Whole) -> None:
    """Replayed, late, with another body or another key's name: 401, on record, nothing stored."""
    key, secret = new_key(whole.record, EXAMPLE["source"], rights=Rights(signed=True))
    other, _ = new_key(whole.record, EXAMPLE["source"], rights=Rights(signed=True))
    now, body = whole.time.now() // SECOND, json.dumps(EXAMPLE).encode()
    assert signed_post(whole, key, secret, body, now).is_success
    head = len(whole.record.read_case(EXAMPLE["source"], EXAMPLE["subject"]))
    asked = (
        signed_post(whole, key, secret, body, now),
        signed_post(whole, key, secret, body, now - 3_600),
        signed_post(whole, key, secret, body, now + 3_600),
        signed_post(whole, other, secret, body, now),
        signed_post(whole, key, "ss_guessed", body, now + 1),
        signed_post(whole, key, secret, body, now + 1, **{"X-Timestamp": str(now + 2)}),
    )
    assert [answer.status_code for answer in asked] == [401] * len(asked)
    assert all(secret not in answer.text for answer in asked)
    assert len(whole.record.read_case(EXAMPLE["source"], EXAMPLE["subject"])) == head
    found = [each for each in whole.trailed() if isinstance(each, AccessRefused)]
    why: Counter[tuple[str, str]] = Counter()
    for each in found:
        why[each.by, each.why] += each.count
    assert why[key, "replayed signature"] == 1
    assert why[key, "bad signature"] == 2
    assert why[other, "bad signature"] == 1
    assert sum(count for (_, reason), count in why.items() if reason == "clock") == 2
    assert {each.what for each in found} == {f"POST {EVENTS}"}
