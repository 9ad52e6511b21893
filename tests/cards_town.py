"""Cards of the whole application, fresh for each test, and their pages as browsers use them."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import timedelta
from itertools import count
from typing import Any, NamedTuple

import httpx
from msgspec import Struct

from supervision.acts import CardAct, CardDisputed, CardIssued
from supervision.facts import Actor, ApplicationReceived, CaseAccepted
from supervision.fold import Folded
from supervision.judgement.cards import Card
from supervision.record import Incoming
from supervision.store.mapping import moment
from supervision.streams import cards_stream, desk_stream
from tests.court import CHINA
from tests.visitor import Visitor
from tests.whole import WATER, Department, Whole

SETTLED = 601
"""Seconds after which a case that was reported late is judged."""
_numbers = count(1)


class TheCard(NamedTuple):
    """Which card."""

    source: str
    case_no: str
    card: str

    @property
    def page(self) -> str:
        """The address of its page."""
        return f"/card/{self.source}/{self.case_no}/{self.card}"

    @property
    def api(self) -> str:
        """Its address in the API."""
        return f"/api/v1/cards/{self.source}/{self.case_no}/{self.card}"


def new_case(whole: Whole, department: Department = WATER, prefix: str = "NEW") -> str:
    """A case long overdue, reported now: its number."""
    case_no = f"{department.source.upper()}-{prefix}-{next(_numbers):04d}"
    now = moment(whole.time.now())
    actor = Actor(id=department.clerk, post="窗口", department=department.name)
    facts = [
        kind(
            id=f"{case_no}-{days}",
            source=department.source,
            case_no=case_no,
            item=department.item,
            occurred_at=(now - timedelta(days=days)).astimezone(CHINA),
            actor=actor,
        )
        for days, kind in ((40, ApplicationReceived), (39, CaseAccepted))
    ]
    whole.record.append_facts([Incoming(fact, {}) for fact in facts])
    return case_no


def new_card(whole: Whole, department: Department = WATER, rule: str = "promise_past") -> TheCard:
    """A card of such a case."""
    case_no = new_case(whole, department)
    whole.time.pass_by(SETTLED)
    whole.system.judge()
    found = cards(whole, department.source, case_no)
    (card,) = [each.card for each in found.values() if each.rule == rule]
    return TheCard(department.source, case_no, card)


def cards(whole: Whole, source: str, case_no: str) -> dict[str, Card]:
    """The cards of a case as the log has them."""
    return Folded(whole.record.read_case(source, case_no)).cards


def card_of(whole: Whole, where: TheCard) -> Card:
    """The card as the log has it."""
    return cards(whole, where.source, where.case_no)[where.card]


def proposed(whole: Whole, department: Department = WATER) -> TheCard:
    """A card that a supervisor must issue or decline, as judgement writes it."""
    case_no = new_case(whole, department)
    where = TheCard(department.source, case_no, "F" * 20)
    at = moment(whole.time.now())
    _write(whole, where, CardIssued(
        source=where.source, case_no=case_no, card=where.card, at=at, rule="class_a",
        subject="outside_system:x", severity="red", colour="#D55E00", label_zh="红牌",
        label_en="Red card", crossed_at=at, proposed=True, department=department.name,
    ))  # fmt: skip
    return where


def dispute(whole: Whole, where: TheCard) -> None:
    """A late fact would remove it, as judgement writes it."""
    at = moment(whole.time.now())
    _write(whole, where, CardDisputed(**where._asdict(), at=at, causes=("x",)))


def _write(whole: Whole, where: TheCard, act: CardAct) -> None:
    stream = cards_stream(where.source, where.case_no)
    whole.record.append(stream, [act], whole.record.version(stream))


def acts(whole: Whole, where: TheCard) -> list[Struct]:
    """What people did about the case."""
    stored = whole.record.read_stream(desk_stream(where.source, where.case_no))
    return [each.event for each in stored]


def form(page: httpx.Response, kind: str) -> tuple[str, dict[str, str]]:
    """The address and the hidden fields of a form of a page, by its id; "" where there is none."""
    found = re.search(rf'<form [^>]*id="{kind}".*?</form>', page.text, re.DOTALL)
    if found is None:
        return "", {}
    text = found[0]
    action = re.search(r'action="([^"]*)"', text)
    assert action is not None
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', text)
    return html.unescape(action[1]), {name: html.unescape(value) for name, value in hidden}


def fill(whole: Whole, who: Visitor, where: TheCard, kind: str, /, **fields: str) -> httpx.Response:
    """The form of a move on the card's page, filled in and sent."""
    page = whole.ask("GET", where.page, who)
    action, hidden = form(page, kind)
    assert action, f"no form for {kind}"
    return whole.ask("POST", action, who, data=hidden | fields)


def send(
    whole: Whole, who: Visitor, where: TheCard, action: str, fields: Mapping[str, str]
) -> httpx.Response:
    """A move sent whatever the page offers."""
    given: dict[str, Any] = {"csrf": who.csrf, "nonce": "0123456789abcdef", **fields}
    return whole.ask("POST", f"{where.page}/{action}", who, data=given)


def forms_of(page: httpx.Response) -> set[str]:
    """The moves that a page offers."""
    return set(re.findall(r'<input type="hidden" name="kind" value="(\w+)">', page.text))
