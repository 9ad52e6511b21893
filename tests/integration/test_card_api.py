"""Cards over the API and by the console: the same desk, the same loop, who did it on record."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from docx import Document
from msgspec import Struct

from projections.chdb import ChdbEngine
from supervision.access.events import ACCESS, Exported, TextsSeen
from supervision.access.rights import INSPECTOR, MANAGER
from supervision.errors import StoreDown
from supervision.loop.stage import stage_of
from supervision.runners import carding
from supervision.runners.cli import main
from supervision.runners.doors import console
from tests.cards_town import TheCard, acts, card_of, new_card
from tests.visitor import Visitor
from tests.whole import WATER, WOODS, Whole, whole_at

pytestmark = pytest.mark.integration

REASON = "因系统升级延误。"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the application and of the console's commands."""
    return tmp_path_factory.mktemp("whole")


@pytest.fixture(scope="module")
def whole(home: Path, chdb: ChdbEngine) -> Iterator[Whole]:
    """One for all tests here; each takes a fresh card."""
    with whole_at(home, chdb) as opened:
        yield opened


@pytest.fixture
def card(whole: Whole) -> TheCard:
    """A yellow card of the water's department."""
    return new_card(whole)


@pytest.fixture
def clerk(whole: Whole, card: TheCard) -> Visitor:
    """Who answers for the water's department."""
    return whole.visit(MANAGER, WATER)


@pytest.fixture
def inspector(whole: Whole, card: TheCard) -> Visitor:
    """Who supervises everything."""
    return whole.visit(INSPECTOR)


def move(whole: Whole, who: Visitor, where: TheCard, kind: str, id: str = "1", **more: object):  # type: ignore[no-untyped-def]
    return whole.ask("POST", f"{where.api}/acts", who, json={"kind": kind, "id": id, **more})


def test_a_card_is_answered_with_stage_clocks_and_moves(
    whole: Whole, card: TheCard, clerk: Visitor
) -> None:
    """And no text."""
    move(whole, clerk, card, "CardExplained", reason=REASON)
    answer = whole.ask("GET", card.api, clerk)
    told = answer.json()
    assert (told["card"], told["stage"], told["severity"]) == (card.card, "rectifying", "yellow")
    assert "RectificationReported" in told["moves"]
    assert [c["kind"] for c in told["clocks"] if c["state"] == "running"] == ["rectify"]
    assert REASON not in answer.text


def test_a_move_is_recorded_once_however_often_it_is_sent(
    whole: Whole, card: TheCard, clerk: Visitor
) -> None:
    """201 the first time, 200 with the same act afterwards; by whom, by the API."""
    first, second = (move(whole, clerk, card, "CardExplained", reason=REASON) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    (act,) = first.json()["acts"]
    assert (act["kind"], act["by"], act["via"]) == (
        "CardExplained", clerk.session.person, "api",
    )  # fmt: skip
    assert len(acts(whole, card)) == 1


def test_a_report_not_accepted_answers_with_the_order(
    whole: Whole, card: TheCard, clerk: Visitor, inspector: Visitor
) -> None:
    """Two acts of one request."""
    move(whole, clerk, card, "CardExplained", reason=REASON)
    move(whole, clerk, card, "RectificationReported", reason=REASON)
    for _ in range(2):
        answer = move(
            whole, inspector, card, "RectificationVerified", accepted=False, reason="未整改"
        )
        kinds = [act["kind"] for act in answer.json()["acts"]]
        assert kinds == ["RectificationVerified", "SupervisionOrdered"]


def test_a_move_not_from_there_says_what_may_be_done(
    whole: Whole, card: TheCard, clerk: Visitor
) -> None:
    """409 with the moves of the stage."""
    answer = move(whole, clerk, card, "RectificationReported", reason=REASON)
    assert answer.status_code == 409
    assert "CardAcknowledged" in answer.json()["may"]
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"kind": "WithdrawalDecided", "id": "1", "reason": REASON}, 403),
        ({"kind": "CardEaten", "id": "1", "reason": REASON}, 422),
        ({"kind": "IssuedByHand", "id": "1", "reason": REASON}, 422),
        ({"kind": "CardExplained", "id": "1"}, 422),
        ({"kind": "CardExplained", "id": "", "reason": REASON}, 422),
        ({"kind": "CardExplained", "id": "a b", "reason": REASON}, 422),
        ({"kind": "CardExplained", "id": "1", "reason": "x" * 4_001}, 422),
        ({"kind": "CardExplained"}, 422),
        ([], 422),
    ],
)
def test_what_does_not_do_is_refused(
    whole: Whole, card: TheCard, clerk: Visitor, sent: object, status: int
) -> None:
    """As a problem; nothing is recorded."""
    answer = whole.ask("POST", f"{card.api}/acts", clerk, json=sent)
    assert answer.status_code == status, answer.text
    assert acts(whole, card) == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"\xff", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b" " * 70_000, "application/json", 413),
    ],
)
def test_a_body_that_is_none_is_refused(
    whole: Whole, card: TheCard, clerk: Visitor, body: bytes, kind: str, status: int
) -> None:
    """Before the card is looked at."""
    answer = whole.ask(
        "POST", f"{card.api}/acts", clerk, content=body, headers={"Content-Type": kind}
    )
    assert answer.status_code == status


def test_without_the_token_or_from_another_site_nothing_is_done(
    whole: Whole, card: TheCard, clerk: Visitor
) -> None:
    """The gate refuses."""
    sent = {"kind": "CardAcknowledged", "id": "1"}
    for headers in ({"x-csrftoken": "0"}, {"Origin": "https://evil.example"}):
        answer = whole.ask("POST", f"{card.api}/acts", clerk, json=sent, headers=headers)
        assert answer.status_code == 403
    assert acts(whole, card) == []


def test_when_the_store_does_not_answer_the_same_may_be_sent_again(
    whole: Whole, card: TheCard, clerk: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 that names no store; sent again it is one act."""

    def down(*_: object) -> None:
        raise StoreDown("127.0.0.1:5432", "refused")

    with monkeypatch.context() as patch:
        patch.setattr(whole.record, "append", down)
        answer = move(whole, clerk, card, "CardAcknowledged")
    assert answer.status_code == 503
    assert "5432" not in answer.text
    assert move(whole, clerk, card, "CardAcknowledged").status_code == 201


def test_a_card_by_hand_is_asked_for_and_issued(
    whole: Whole, card: TheCard, inspector: Visitor
) -> None:
    """Under the number that is answered; against another's department it is refused."""
    address = card.api.rpartition("/")[0]
    sent = {"id": "h1", "severity": "red", "department": WATER.name, "reason": REASON}
    first, second = (whole.ask("POST", address, inspector, json=sent) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    asked = TheCard(card.source, card.case_no, first.json()["card"])
    assert whole.ask("GET", asked.api, inspector).json()["stage"] == "asked"
    whole.system.judge()
    assert whole.ask("GET", asked.api, inspector).json()["stage"] == "issued"
    ours = whole.visit(INSPECTOR, WATER)
    refused = {**sent, "id": "h2", "department": WOODS.name}
    assert whole.ask("POST", address, ours, json=refused).status_code == 403


# The console.


@pytest.fixture
def run(whole: Whole, home: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """A command, on the application's own home and with its clock."""
    monkeypatch.setattr(carding, "has_record", lambda _: True)
    monkeypatch.setattr(carding, "open_record", lambda _: _Kept(whole))

    def typed(*words: str, fails: bool = False) -> str:
        done = CliRunner().invoke(main, ["card", *words], catch_exceptions=False)
        assert (done.exit_code != 0) == fails, done.output
        return done.output

    return typed


class _Kept:
    """The application's record, which a command does not close."""

    def __init__(self, whole: Whole) -> None:
        self._record = whole.record

    def __getattr__(self, name: str) -> object:
        return getattr(self._record, name)

    def close(self) -> None:
        """Nothing: others use it."""


def test_the_console_shows_a_card_by_its_number_and_all_of_a_case(
    run,  # type: ignore[no-untyped-def]
    card: TheCard,
) -> None:
    """By its number alone it is looked for in the log."""
    for words in ((card.card,), (card.card.lower(), "--case", card.case_no)):
        assert f"黄牌 {card.card}  已发 issued" in run("show", *words)
    told = json.loads(run("show", card.case_no, "--json"))
    assert card.card in [each["card"] for each in told]
    assert len(told) > 1
    assert "没有这张牌" in run("show", "0" * 20, fails=True)


def test_who_explained_at_the_console_does_not_decide_there(
    run,  # type: ignore[no-untyped-def]
    whole: Whole,
    card: TheCard,
) -> None:
    """The machine's user is a person, too."""
    at = (card.card, "--case", card.case_no, "--reason", REASON)
    run("explain", *at)
    assert "由他人办理" in run("close", *at, fails=True)
    assert stage_of(card_of(whole, card)) == "rectifying"


def test_the_console_makes_moves_and_papers(
    run,  # type: ignore[no-untyped-def]
    whole: Whole,
    card: TheCard,
    tmp_path: Path,
) -> None:
    """Each act by whoever stands there, via the console; files on record, with the text."""
    at = (card.card, "--case", card.case_no)
    run("acknowledge", *at)
    assert "SupervisionOrdered" in run("order", *at, "--reason", "三日内补齐")
    file = tmp_path / "order.docx"
    run("paper", *at, "--kind", "order", "--docx", str(file), "--pdf", str(tmp_path / "o.pdf"))
    rows = {r.cells[0].text: r.cells[1].text for r in _rows(file)}
    assert rows["督办内容"] == "三日内补齐"
    assert (tmp_path / "o.pdf").read_bytes().startswith(b"%PDF-")
    made = [each for each in acts(whole, card) if isinstance(each, Struct)]
    assert {(each.by, each.via) for each in made} == {(console(), "console")}  # type: ignore[attr-defined]
    taken = [e.event for e in whole.record.read_stream(ACCESS)]
    assert [e.form for e in taken if isinstance(e, Exported) and e.by == console()] == [
        "pdf", "docx",
    ]  # fmt: skip
    assert any(isinstance(e, TextsSeen) and e.by == console() for e in taken)


def test_the_console_decides_with_words_for_both_ways(
    run,  # type: ignore[no-untyped-def]
    whole: Whole,
    card: TheCard,
    clerk: Visitor,
) -> None:
    """Neither is the default."""
    move(whole, clerk, card, "CardAppealed", reason=REASON)
    at = (card.card, "--case", card.case_no)
    run("decide", *at, "--reason", "x", fails=True)
    run("refer", *at, "--to", "市监委", "--reason", "重大")
    run("decide", *at, "--upheld", "--reason", "属实")
    assert stage_of(card_of(whole, card)) == "withdrawn"


def test_the_console_issues_by_hand(
    run,  # type: ignore[no-untyped-def]
    whole: Whole,
    card: TheCard,
) -> None:
    """Against the case's department unless another is named."""
    run("issue", card.case_no, "--severity", "red", "--reason", REASON)
    assert acts(whole, card)[-1].department == WATER.name  # type: ignore[attr-defined]


def test_a_paper_that_there_is_not_is_told(
    run,  # type: ignore[no-untyped-def]
    card: TheCard,
    tmp_path: Path,
) -> None:
    """In a line, and nothing is written."""
    file = tmp_path / "c.pdf"
    run("paper", card.card, "--kind", "closing", "--pdf", str(file), fails=True)
    run("paper", card.card, "--kind", "notice", fails=True)
    assert not file.exists()


def _rows(file: Path):  # type: ignore[no-untyped-def]
    return Document(io.BytesIO(file.read_bytes())).tables[0].rows
