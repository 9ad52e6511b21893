"""Whoever is shown a case leaves an event of it, by whatever way; who is not, leaves none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx
import pytest
from click.testing import CliRunner

from projections.chdb import ChdbEngine
from supervision.access.events import AccessRefused, CaseSeen
from supervision.access.rights import AUDITOR, INSPECTOR, MANAGER
from supervision.acts import CardIssued
from supervision.errors import ClockJumped, StoreBusy, StoreDown
from supervision.runners import carding
from supervision.runners import desk as commands
from supervision.runners.cli import main
from supervision.streams import cards_stream
from tests.visitor import Visitor
from tests.whole import HOME, NAVIGATING, WATER, WOODS, Whole, tells_of, told, whole_at

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, chdb: ChdbEngine) -> Iterator[Whole]:
    """The application over two departments' cases, with their cards."""
    with whole_at(tmp_path_factory.mktemp("looks"), chdb) as opened:
        opened.settle()
        yield opened


@pytest.fixture(autouse=True)
def later(whole: Whole) -> None:
    """Each test begins when what was seen before is long ago."""
    whole.time.pass_by(601)


@pytest.fixture
def inspector(whole: Whole) -> Visitor:
    """Of the whole, with the right to read texts."""
    whole.time.pass_by(1)
    return whole.visit(INSPECTOR, texts=True, person="zhang")


def looks(whole: Whole) -> list[tuple[str, str, str, str]]:
    """By whom, which case, how, from where."""
    found = [each for each in whole.trailed() if isinstance(each, CaseSeen)]
    return [(each.by, each.case_no, each.how, each.address) for each in found]


def card_of(whole: Whole, case_no: str) -> str:
    """The number of a card of a case of the water's department."""
    stored = whole.record.read_stream(cards_stream(WATER.source, case_no))
    return next(each.event.card for each in stored if isinstance(each.event, CardIssued))


class Way(NamedTuple):
    """A way to a case, and what the event says of it."""

    ask: Callable[[Whole, Visitor, str], httpx.Response]
    how: str


def _card(whole: Whole, who: Visitor, case_no: str, more: str = "") -> httpx.Response:
    card = card_of(whole, case_no)
    return whole.ask("GET", f"/card/{WATER.source}/{case_no}/{card}{more}", who)


WAYS = {
    "page": Way(lambda w, who, no: w.page(who, f"/case/{WATER.source}/{no}"), "page"),
    "history": Way(lambda w, who, no: w.page(who, f"/case/{WATER.source}/{no}/history"), "history"),
    "card": Way(_card, "card"),
    "paper": Way(lambda w, who, no: _card(w, who, no, "/paper/notice.docx"), "card"),
    "by hand": Way(
        lambda w, who, no: w.ask("GET", f"/card-by-hand?source={WATER.source}&case_no={no}", who),
        "card",
    ),
    "texts": Way(
        lambda w, who, no: w.ask("GET", f"/texts?source={WATER.source}&case_no={no}", who), "page"
    ),
    "api": Way(
        lambda w, who, no: w.ask("GET", f"/api/v1/case?source={WATER.source}&case_no={no}", who),
        "api",
    ),
    "card's api": Way(
        lambda w, who, no: w.ask("GET", f"/api/v1/cards/{WATER.source}/{no}/{card_of(w, no)}", who),
        "api",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_case_that_is_shown_was_seen(whole: Whole, inspector: Visitor, way: str) -> None:
    """By each way: by whom, which case, how, from where; read again at once it is the same look."""
    ask, how = WAYS[way]
    before = len(looks(whole))
    for _ in range(3):
        assert ask(whole, inspector, WATER.cases[0]).status_code == 200
    assert looks(whole)[before:] == [("zhang", WATER.cases[0], how, HOME)]
    whole.time.pass_by(600)
    ask(whole, inspector, WATER.cases[0])
    ask(whole, inspector, WATER.cases[1])
    assert [each[1] for each in looks(whole)[before + 1 :]] == list(WATER.cases[:2])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "error", [StoreBusy("log.db", "locked"), StoreDown("db", "gone"), ClockJumped(1, 2)], ids=repr
)
def test_what_cannot_be_recorded_is_not_shown(
    whole: Whole, inspector: Visitor, way: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader is told in words that it cannot be, and nothing of the case."""

    def refuses(*_: object) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(whole.record, "note", refuses)
        answer = WAYS[way].ask(whole, inspector, WATER.cases[2])
    assert not {WATER.item_name, WATER.clerk, WATER.text} & set(tells_of(answer, WATER))
    assert any(word in told(answer) for word in ("时钟", "稍后", "数据库", "ask again"))
    assert answer.status_code == (200 if way in ("page", "history") else 503)
    assert WAYS[way].ask(whole, inspector, WATER.cases[2]).status_code == 200


def test_a_doubtful_clock_is_named_on_the_case_page(
    whole: Whole, inspector: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the language of the page; whoever reads it knows whom to ask."""

    def refuses(*_: object) -> None:
        raise ClockJumped(1, 2)

    monkeypatch.setattr(whole.record, "note", refuses)
    address = f"/case/{WATER.source}/{WATER.cases[0]}"
    assert "系统时钟跳变" in told(whole.page(inspector, address))
    assert "the clock jumped" in told(whole.page(inspector, address, "?lang=en"))


@pytest.mark.parametrize("way", WAYS)
def test_another_departments_case_leaves_a_refusal_and_no_look(whole: Whole, way: str) -> None:
    """Nothing was shown, so nothing was seen."""
    who = whole.visit(MANAGER if way == "paper" else INSPECTOR, WOODS, texts=True)
    before, refused = len(looks(whole)), len(refusals(whole))
    answer = WAYS[way].ask(whole, who, WATER.cases[0])
    assert not {WATER.item_name, WATER.clerk} & set(tells_of(answer, WATER))
    assert looks(whole)[before:] == []
    whole.time.pass_by(61)
    assert WAYS[way].ask(whole, who, WATER.cases[1]).status_code == answer.status_code
    assert len(refusals(whole)) > refused


def refusals(whole: Whole) -> list[AccessRefused]:
    """Who was refused what."""
    return [each for each in whole.trailed() if isinstance(each, AccessRefused)]


@pytest.mark.parametrize("path", ["/cases", "/cards", "/"])
def test_a_list_is_no_look_at_a_case(whole: Whole, inspector: Visitor, path: str) -> None:
    """Nor are the wall and a search; and no case that there is not was seen."""
    before = looks(whole)
    assert whole.page(inspector, path).status_code == 200
    whole.page(inspector, "/cases", f"?q={WATER.cases[0]}")
    whole.ask("GET", "/api/v1/cases", inspector)
    whole.page(inspector, f"/case/{WATER.source}/none")
    assert looks(whole) == before


def test_texts_that_are_not_shown_for_want_of_a_reason_are_a_look_at_the_case(
    whole: Whole, inspector: Visitor
) -> None:
    """The page names the case, its item and its department."""
    before = len(looks(whole))
    sent = {"csrf": inspector.csrf, "reason": "x"}
    address = f"/texts?source={WATER.source}&case_no={WATER.cases[0]}"
    assert whole.ask("POST", address, inspector, data=sent).status_code == 422
    assert [each[2] for each in looks(whole)[before:]] == ["page"]


def test_the_trail_page_tells_of_looks(whole: Whole, inspector: Visitor) -> None:
    """With the way in words."""
    whole.page(inspector, f"/case/{WATER.source}/{WATER.cases[0]}")
    audit = whole.visit("audit_admin")
    shown = whole.ask("GET", "/trail?kind=CaseSeen", audit, headers=NAVIGATING).text
    assert f"查看办件 {WATER.cases[0]}（{WATER.source}）；方式：办件页" in shown


# The console.


@pytest.fixture
def run(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A command, on the application's own home and with its clock."""
    for module in (carding, commands):
        monkeypatch.setattr(module, "has_record", lambda _: True)
        monkeypatch.setattr(module, "open_record", lambda _: Kept(whole))

    def typed(*words: str, fails: bool = False) -> str:
        done = CliRunner().invoke(main, [*words], catch_exceptions=False)
        assert (done.exit_code != 0) == fails, done.output
        return done.output

    return typed


class Kept:
    """The application's record, which a command does not close."""

    def __init__(self, whole: Whole) -> None:
        self._record = whole.record

    def __getattr__(self, name: str) -> object:
        return getattr(self._record, name)

    def close(self) -> None:
        """It goes on."""


@pytest.mark.parametrize(
    "words", [("case", "{no}"), ("card", "show", "{no}"), ("card", "show", "{card}")], ids=" ".join
)
def test_a_command_that_shows_a_case_leaves_a_look(
    whole: Whole, run: Callable[..., str], words: tuple[str, ...]
) -> None:
    """By the console's user; one a command, however many cards are shown."""
    before, no = len(looks(whole)), WATER.cases[0]
    shown = run(*(word.format(no=no, card=card_of(whole, no)) for word in words))
    assert no in shown
    ((by, case_no, how, address),) = looks(whole)[before:]
    assert (case_no, how, address) == (no, "command", "")
    assert by.startswith("console:")


@pytest.mark.parametrize("words", [("case", WATER.cases[0]), ("card", "show", WATER.cases[0])])
def test_a_command_that_cannot_leave_one_shows_nothing(
    whole: Whole,
    run: Callable[..., str],
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line says why."""

    def refuses(*_: object) -> None:
        raise ClockJumped(1, 2)

    monkeypatch.setattr(whole.record, "note", refuses)
    shown = run(*words, fails=True)
    assert WATER.item_name not in shown
    assert WATER.name not in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("words", [("case", "none"), ("card", "show", "NONE")])
def test_a_command_that_finds_nothing_leaves_none(
    whole: Whole, run: Callable[..., str], words: tuple[str, ...]
) -> None:
    """Nothing was seen."""
    before = looks(whole)
    run(*words, fails=True)
    assert looks(whole) == before


def test_an_auditor_leaves_looks_like_everybody(whole: Whole) -> None:
    """Nobody looks without a trace, the one who checks the traces neither."""
    auditor, before = whole.visit(AUDITOR), len(looks(whole))
    whole.page(auditor, f"/case/{WATER.source}/{WATER.cases[0]}")
    assert [each[0] for each in looks(whole)[before:]] == [auditor.session.person]
