"""Personal data and free text: by a right of its own, with a reason, on record once a look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from projections.chdb import ChdbEngine
from supervision.access.events import TextsSeen
from supervision.access.rights import MANAGER
from supervision.errors import StoreDown, SupervisionError, Unreadable
from tests.visitor import Visitor
from tests.whole import HOME, WATER, Whole, told, whole_at

pytestmark = pytest.mark.integration

REASON = "核查信访件 2026-12"
CASE = f"source={WATER.source}&case_no={WATER.cases[0]}"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, chdb: ChdbEngine) -> Iterator[Whole]:
    """The application over two departments' cases."""
    home: Path = tmp_path_factory.mktemp("texts")
    with whole_at(home, chdb) as found:
        yield found


@pytest.fixture(scope="module")
def reader(whole: Whole) -> Visitor:
    """A manager who may look."""
    return whole.visit(MANAGER, WATER, person="reader", texts=True)


def look(whole: Whole, who: Visitor, reason: str = REASON) -> httpx.Response:
    return whole.ask("POST", f"/texts?{CASE}", who, data={"csrf": who.csrf, "reason": reason})


def looks(whole: Whole) -> list[TextsSeen]:
    return [each for each in whole.trailed() if isinstance(each, TextsSeen)]


def test_a_look_shows_the_text_and_leaves_its_reason(whole: Whole, reader: Visitor) -> None:
    """Each look is an event of its own: who, which case, why, from where."""
    before = len(looks(whole))
    assert WATER.text in look(whole, reader).text
    assert WATER.text in look(whole, reader).text
    known = [(e.by, e.source, e.case_no, e.reason, e.address) for e in looks(whole)[before:]]
    assert known == [("reader", WATER.source, WATER.cases[0], REASON, HOME)] * 2


def test_to_ask_shows_nothing(whole: Whole, reader: Visitor) -> None:
    """The page where the reason is given has the case's name, and is no look."""
    before = len(looks(whole))
    page = whole.ask("GET", f"/texts?{CASE}", reader)
    assert page.status_code == 200
    assert WATER.cases[0] in page.text
    assert WATER.text not in page.text
    assert len(looks(whole)) == before


@pytest.mark.parametrize("reason", ["", "  ", "看看", "x" * 501, "a\nb\nc\nd"])
def test_without_a_reason_nothing_is_shown(whole: Whole, reader: Visitor, reason: str) -> None:
    """Nor recorded."""
    before = len(looks(whole))
    answer = look(whole, reader, reason)
    assert answer.status_code == 422
    assert WATER.text not in answer.text
    assert len(looks(whole)) == before


def test_the_page_of_a_case_masks_them_whoever_looks(whole: Whole, reader: Visitor) -> None:
    """And leads who has the right to where they say why; others are told that it takes one."""
    path = f"/case/{WATER.source}/{WATER.cases[0]}"
    mine = told(whole.page(reader, path))
    others = told(whole.page(whole.visit(MANAGER, WATER, person="plain"), path))
    assert WATER.text not in mine + others
    assert "/texts?" in mine
    assert "/texts?" not in others


def test_what_cannot_be_recorded_is_not_shown(
    whole: Whole, reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event comes first."""

    def down(*_: object) -> None:
        raise StoreDown("log", "does not answer")

    monkeypatch.setattr(whole.office.trail, "note", down)
    answer = look(whole, reader)
    assert answer.status_code == 503
    assert WATER.text not in answer.text


@pytest.mark.parametrize("error", [StoreDown("vault", "silent"), Unreadable("text", "altered")])
def test_a_text_that_cannot_be_read_is_told_in_words(
    whole: Whole, reader: Visitor, monkeypatch: pytest.MonkeyPatch, error: SupervisionError
) -> None:
    """No traceback, and no text."""

    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(whole.office.record.vault, "open", fails)
    answer = look(whole, reader)
    assert answer.status_code == 503
    assert WATER.text not in answer.text
