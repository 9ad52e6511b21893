"""A card's page: every move of the loop by its form, and what it refuses.

Above 400 lines: every move of a card's page, for each who may and may not, over one town.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from docx import Document

from projections.chdb import ChdbEngine
from supervision.access.events import AccessRefused, Exported, TextsSeen
from supervision.access.rights import AUDITOR, INSPECTOR, MANAGER, WINDOW
from supervision.acts import DeskAct
from supervision.errors import StoreDown, StreamConflict
from supervision.loop.commands import hand_card_id
from supervision.loop.stage import stage_of
from supervision.notices import CardTold
from supervision.store.mapping import moment
from supervision.streams import notices_stream
from tests.cards_town import (
    TheCard,
    acts,
    card_of,
    dispute,
    fill,
    form,
    forms_of,
    new_card,
    proposed,
    send,
)
from tests.offices_town import text_of, told
from tests.visitor import Visitor
from tests.whole import NAVIGATING, WATER, WOODS, Department, Whole, blank, tells_of, whole_at
from tests.whole import told as meant

pytestmark = pytest.mark.integration

CLERK, INSPECTS = "qianshou", "jiancha"
REASON = "因系统升级，补正材料于次日到达。"
NOBODYS = Department("市无此局", "wuciju", "wuci", "无此事项许可证核发", "吴此人", "无此文字")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, chdb: ChdbEngine) -> Iterator[Whole]:
    """One for all tests here; each takes a fresh card."""
    with whole_at(tmp_path_factory.mktemp("whole"), chdb) as opened:
        yield opened


@pytest.fixture
def card(whole: Whole) -> TheCard:
    """A yellow card of the water's department."""
    return new_card(whole)


@pytest.fixture
def clerk(whole: Whole, card: TheCard) -> Visitor:
    """Who answers for the water's department."""
    return whole.visit(MANAGER, WATER, person=CLERK)


@pytest.fixture
def inspector(whole: Whole, card: TheCard) -> Visitor:
    """Who supervises everything."""
    return whole.visit(INSPECTOR, person=INSPECTS)


def stage(whole: Whole, where: TheCard) -> str:
    return str(stage_of(card_of(whole, where)))


def refusals(whole: Whole, person: str) -> list[tuple[str, str]]:
    """What somebody was refused, by the trail."""
    found = [each for each in whole.trailed() if isinstance(each, AccessRefused)]
    return [(each.what, each.why) for each in found if each.by == person]


WAYS: dict[str, tuple[list[tuple[str, dict[str, str]]], dict[str, str], str]] = {
    "CardAcknowledged": ([], {}, "acknowledged"),
    "CardExplained": ([("CardAcknowledged", {})], {}, "rectifying"),
    "CardAppealed": ([], {}, "appealed"),
    "AppealReferred": ([("CardAppealed", {})], {"to": "市监委"}, "referred"),
    "AppealDecided": ([("CardAppealed", {})], {"choice": "no"}, "rectifying"),
    "RectificationReported": ([("CardExplained", {})], {}, "reported"),
    "RectificationVerified": (
        [("CardExplained", {}), ("RectificationReported", {})], {"choice": "yes"}, "closed",
    ),
    "SupervisionOrdered": ([("CardExplained", {})], {}, "ordered"),
    "CardClosed": ([("CardExplained", {})], {}, "closed"),
    "WithdrawalDecided": ([], {}, "withdrawn"),
    "CardTransferred": ([], {"to": "市纪委监委"}, "transferred"),
}  # fmt: skip
"""Each move: what comes before it, its fields, where it leads."""
DEPARTMENTS = ("CardAcknowledged", "CardExplained", "CardAppealed", "RectificationReported")


# The page.


def test_the_page_tells_the_card_its_stages_clocks_and_moves(
    whole: Whole, card: TheCard, clerk: Visitor
) -> None:
    """Server-written: no script, no inline style, its head, one stage marked."""
    page = whole.ask("GET", card.page, clerk)
    text = text_of(page)
    assert page.status_code == 200
    for word in ("● 黄牌", card.card, card.case_no, WATER.item_name, "◉ 已发 当前", "签收时限"):
        assert word in text
    assert page.text.count('aria-current="step"') == 1
    assert not re.search(r"<script|style=|onclick", page.text)
    assert forms_of(page) == {"CardAcknowledged", "CardExplained", "CardAppealed"}


def test_the_page_is_in_english_when_asked(whole: Whole, card: TheCard, clerk: Visitor) -> None:
    """And leads back to Chinese by the same address."""
    page = whole.ask("GET", f"{card.page}?lang=en", clerk)
    assert "Yellow card" in text_of(page)
    assert f'href="{card.page}?lang=zh"' in page.text


def test_who_only_looks_is_offered_nothing(whole: Whole, card: TheCard) -> None:
    """An auditor reads the page."""
    page = whole.ask("GET", card.page, whole.visit(AUDITOR))
    assert (page.status_code, forms_of(page)) == (200, set())


def test_an_inspector_is_offered_the_supervisors_moves(
    whole: Whole, card: TheCard, inspector: Visitor
) -> None:
    """And none of the department's."""
    offered = forms_of(whole.ask("GET", card.page, inspector))
    assert offered == {"SupervisionOrdered", "WithdrawalDecided", "CardTransferred"}


def test_who_was_told_is_on_the_page(whole: Whole, card: TheCard, clerk: Visitor) -> None:
    """By what, when, with which message."""
    told_of = CardTold(
        **card._asdict(), at=moment(whole.time.now()), rung=0, why="issued",
        person="zhou", channel="sms", message="m41",
    )  # fmt: skip
    whole.record.append(notices_stream(card.source, card.case_no), [told_of], 0)
    text = text_of(whole.ask("GET", card.page, clerk))
    assert "zhou 承办人 已告知 短信 新发牌 m41 待发" in text


def test_a_case_leads_to_its_cards_and_to_one_by_hand(
    whole: Whole, card: TheCard, inspector: Visitor, clerk: Visitor
) -> None:
    """By hand only for who may."""
    address = f"/case/{card.source}/{card.case_no}"
    for who, may in ((inspector, True), (clerk, False)):
        text = meant(whole.page(who, address))
        assert card.page.lower() in text
        assert ("/card-by-hand?" in text) == may


# Every move.


@pytest.mark.parametrize("kind", list(WAYS))
def test_every_move_is_made_by_its_form(
    whole: Whole, card: TheCard, clerk: Visitor, inspector: Visitor, kind: str
) -> None:
    """In the name of whoever is signed in, by the desk, once; the page then tells it."""
    before, fields, after = WAYS[kind]
    for each, given in [*before, (kind, fields)]:
        who = clerk if each in DEPARTMENTS else inspector
        answer = fill(whole, who, card, each, reason=REASON, **given)
        assert answer.status_code == 303, (each, told(answer))
    act = acts(whole, card)[-1]
    assert isinstance(act, DeskAct)
    assert type(act).__name__ == kind
    assert (act.by, act.via) == (CLERK if kind in DEPARTMENTS else INSPECTS, "desk")
    assert whole.record.texts(act) == {"reason": REASON}
    assert stage(whole, card) == after
    page = whole.ask("GET", answer.headers["location"], clerk)
    assert "已记录" in page.text
    assert REASON not in page.text


def test_a_report_that_is_not_accepted_is_an_order_one_rung_higher(
    whole: Whole, card: TheCard, clerk: Visitor, inspector: Visitor
) -> None:
    """And a paper can be made of it."""
    fill(whole, clerk, card, "CardExplained", reason=REASON)
    fill(whole, clerk, card, "RectificationReported", reason=REASON)
    fill(whole, inspector, card, "RectificationVerified", reason="未整改", choice="no")
    assert [type(each).__name__ for each in acts(whole, card)][-2:] == [
        "RectificationVerified", "SupervisionOrdered",
    ]  # fmt: skip
    assert (stage(whole, card), card_of(whole, card).orders) == ("ordered", 1)
    assert "/paper/order.pdf?number=1" in whole.ask("GET", card.page, clerk).text


def test_a_proposed_card_is_issued_or_declined(whole: Whole) -> None:
    """Declining takes a reason; the department has nothing to say yet."""
    where, inspector = proposed(whole), whole.visit(INSPECTOR, person=INSPECTS)
    page = whole.ask("GET", where.page, inspector)
    assert forms_of(page) == {"ProposalDecided"}
    assert fill(whole, inspector, where, "ProposalDecided", choice="no").status_code == 422
    answer = fill(whole, inspector, where, "ProposalDecided", choice="yes")
    assert answer.status_code == 303
    assert card_of(whole, where).proposal == "issued"


def test_a_dispute_is_verified(whole: Whole, card: TheCard, inspector: Visitor) -> None:
    """Its mark stands on the page until then."""
    dispute(whole, card)
    assert "存疑" in whole.ask("GET", card.page, inspector).text
    answer = fill(whole, inspector, card, "DisputeVerified", choice="no", reason="不属实")
    assert answer.status_code == 303
    assert card_of(whole, card).dispute_kept


# What is refused.


def test_a_move_not_from_where_the_card_stands_is_refused_in_words(
    whole: Whole, card: TheCard, clerk: Visitor
) -> None:
    """A stale page; what was typed stays to be copied; nothing is recorded."""
    answer = send(whole, clerk, card, "answer", {"kind": "RectificationReported", "reason": REASON})
    assert answer.status_code == 409
    assert told(answer) == "此牌现在是“已发”，不能反馈整改；可以办理的见下方。"
    assert acts(whole, card) == []


def test_what_was_typed_is_not_lost_when_a_move_is_refused(
    whole: Whole, card: TheCard, clerk: Visitor, inspector: Visitor
) -> None:
    """Text, choice and addressee; and the form that is sent again is the same act."""
    fill(whole, clerk, card, "CardAppealed", reason=REASON)
    page = whole.ask("GET", card.page, inspector)
    action, hidden = form(page, "AppealDecided")
    text = "<不成立> & “理由”"
    again = whole.ask("POST", action, inspector, data=hidden | {"reason": text})
    assert again.status_code == 422
    assert told(again).startswith("填写内容不符")
    assert "&lt;不成立&gt; &amp; “理由”" in again.text
    assert form(again, "AppealDecided")[1]["nonce"] == hidden["nonce"]
    without = whole.ask("POST", action, inspector, data=hidden | {"choice": "no"})
    assert re.search(r'name="choice" value="no" required checked', without.text)


def test_a_double_click_and_a_reload_are_one_act(
    whole: Whole, card: TheCard, clerk: Visitor
) -> None:
    """Both lead to the page that tells it."""
    action, hidden = form(whole.ask("GET", card.page, clerk), "CardExplained")
    first, second = (
        whole.ask("POST", action, clerk, data=hidden | {"reason": REASON}) for _ in range(2)
    )
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    assert len(acts(whole, card)) == 1


def test_who_answered_for_the_department_neither_verifies_nor_decides(
    whole: Whole, card: TheCard, inspector: Visitor
) -> None:
    """Even with both roles: the page says that another must, the desk refuses."""
    both = whole.visit(MANAGER, WATER, person="shuangzhong")
    whole.office.grant("shuangzhong", INSPECTOR)
    both = whole.visit(MANAGER, WATER, person="shuangzhong")
    whole.office.admissions.forget()
    fill(whole, both, card, "CardExplained", reason=REASON)
    fill(whole, both, card, "RectificationReported", reason=REASON)
    page = whole.ask("GET", card.page, both)
    assert "请由其他监察人员办理" in page.text
    assert forms_of(page) == set()
    forged = {"kind": "RectificationVerified", "choice": "yes"}
    answer = send(whole, both, card, "supervise", forged)
    assert answer.status_code == 403
    assert "由他人办理" in told(answer)
    assert stage(whole, card) == "reported"
    assert fill(whole, inspector, card, "RectificationVerified", choice="yes").status_code == 303


def test_an_answer_to_a_card_withdrawn_meanwhile_is_moot(
    whole: Whole, card: TheCard, clerk: Visitor, inspector: Visitor
) -> None:
    """It is recorded, changes nothing, and the page says so."""
    action, hidden = form(whole.ask("GET", card.page, clerk), "CardExplained")
    fill(whole, inspector, card, "WithdrawalDecided", reason="事实不符")
    whole.system.judge()
    answer = whole.ask("POST", action, clerk, data=hidden | {"reason": REASON})
    assert answer.status_code == 303
    page = whole.ask("GET", answer.headers["location"], clerk)
    assert "不再有效果" in page.text
    assert acts(whole, card)[-1].moot  # type: ignore[attr-defined]
    assert stage(whole, card) == "withdrawn"


@pytest.mark.parametrize(
    ("role", "action", "kind"),
    [
        (INSPECTOR, "answer", "CardAcknowledged"),
        (MANAGER, "supervise", "WithdrawalDecided"),
        (AUDITOR, "answer", "CardAcknowledged"),
        (WINDOW, "supervise", "CardTransferred"),
    ],
)
def test_who_has_not_the_right_to_a_move_cannot_make_it(
    whole: Whole, card: TheCard, role: str, action: str, kind: str
) -> None:
    """The gate refuses the route."""
    who = whole.visit(role)
    answer = send(whole, who, card, action, {"kind": kind, "reason": REASON, "to": "x"})
    assert answer.status_code == 403
    assert acts(whole, card) == []


@pytest.mark.parametrize("action", ["answer", "supervise"])
def test_a_move_by_the_other_sides_route_is_refused(
    whole: Whole, card: TheCard, action: str
) -> None:
    """Whoever has only one right cannot use its route for the other's moves."""
    who = whole.visit(MANAGER if action == "answer" else INSPECTOR)
    kind = "WithdrawalDecided" if action == "answer" else "CardAcknowledged"
    answer = send(whole, who, card, action, {"kind": kind, "reason": REASON})
    assert answer.status_code == 422
    assert acts(whole, card) == []


def test_another_departments_card_is_a_card_that_does_not_exist(
    whole: Whole, card: TheCard, clerk: Visitor
) -> None:
    """Its page, its moves, its papers, a card by hand on its case; that they tried is on record."""
    theirs = new_card(whole, WOODS)
    nobodys = TheCard(NOBODYS.source, "WUCIJU-NEW-0001", "0" * 20)
    told_of: list[list[str]] = []
    for where in (theirs, nobodys):
        tried = [
            whole.ask("GET", where.page, clerk),
            send(whole, clerk, where, "answer", {"kind": "CardAcknowledged"}),
            whole.ask("GET", f"{where.page}/paper/notice.pdf", clerk),
            whole.ask("GET", where.api, clerk),
            whole.ask("POST", f"{where.api}/acts", clerk, json={"kind": "CardClosed", "id": "1"}),
        ]
        assert [answer.status_code for answer in tried] == [404] * len(tried)
        assert tells_of(tried[0], WOODS) == []
        told_of.append([blank(answer, *where) for answer in tried])
    assert told_of[0] == told_of[1]
    assert acts(whole, theirs) == []
    named = f"card {theirs.source} {theirs.case_no} {theirs.card}"
    assert (named, "another department") in refusals(whole, CLERK)
    assert not any(NOBODYS.source in what for what, _ in refusals(whole, CLERK))


@pytest.mark.parametrize("error", [StoreDown("log", "silent"), StreamConflict("desk", 3, False)])
def test_what_could_not_be_recorded_is_told_and_what_was_typed_kept(
    whole: Whole, card: TheCard, clerk: Visitor, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """503, or 409 where others were faster; sent again with the same form, it is one act."""
    action, hidden = form(whole.ask("GET", card.page, clerk), "CardExplained")

    def fails(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(whole.record, "append", fails)
        answer = whole.ask("POST", action, clerk, data=hidden | {"reason": REASON})
    assert answer.status_code in (503, 409)
    assert told(answer)
    assert REASON in answer.text
    again = form(answer, "CardExplained")
    assert whole.ask("POST", again[0], clerk, data=again[1] | {"reason": REASON}).is_redirect
    assert len(acts(whole, card)) == 1


def test_a_card_that_cannot_be_read_is_told_in_words(
    whole: Whole, card: TheCard, clerk: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback, no name of a store."""

    def fails(*_: object) -> None:
        raise StoreDown("127.0.0.1:5432", "refused")

    monkeypatch.setattr(whole.record, "read_case", fails)
    answer = whole.ask("GET", card.page, clerk, headers=NAVIGATING)
    assert answer.status_code == 503
    assert "5432" not in answer.text


# By hand.


def by_hand(whole: Whole, who: Visitor, where: TheCard, **fields: str) -> object:
    """The form of a card by hand, sent."""
    address = f"/card-by-hand?source={where.source}&case_no={where.case_no}"
    action, hidden = form(whole.ask("GET", address, who), "by-hand")
    return whole.ask("POST", action, who, data=hidden | fields)


def test_a_card_is_issued_by_hand_and_then_by_judgement(
    whole: Whole, card: TheCard, inspector: Visitor, clerk: Visitor
) -> None:
    """The page first says that it is being issued, then it stands like any other."""
    cause = f"{card.case_no}-39"
    answer = by_hand(
        whole, inspector, card, severity="red", department=WATER.name, step="审核",
        person="周水生", law="某办法第三条", cause=cause, reason="擅自增设条件",
    )  # fmt: skip
    page = whole.ask("GET", answer.headers["location"], inspector)  # type: ignore[attr-defined]
    assert "正在生成" in page.text
    assert 'http-equiv="refresh"' in page.text
    assert forms_of(page) == set()
    act = acts(whole, card)[-1]
    assert act.card == hand_card_id(act)  # type: ignore[attr-defined,arg-type]
    whole.system.judge()
    page = whole.ask("GET", answer.headers["location"], clerk)  # type: ignore[attr-defined]
    text = text_of(page)
    assert "▲ 红牌" in text
    assert "监察人员人工发牌" in text
    assert "某办法第三条" in text
    assert cause in text
    assert "CardAcknowledged" in forms_of(page)
    assert "refresh" not in page.text


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"reason": ""}, 422, "请说明理由"),
        ({"severity": "blue"}, 422, "黄牌或红牌"),
        ({"department": ""}, 422, "责任部门"),
        ({"cause": "nothing"}, 422, "没有此事件"),
        ({"person": "x" * 101}, 422, "100"),
    ],
)
def test_a_card_by_hand_that_does_not_do_is_refused_with_what_was_typed(
    whole: Whole, card: TheCard, inspector: Visitor, fields: dict[str, str], status: int, says: str
) -> None:
    """Nothing is recorded."""
    given = {"severity": "red", "department": WATER.name, "law": "某条", "reason": REASON, **fields}
    answer = by_hand(whole, inspector, card, **given)
    assert answer.status_code == status  # type: ignore[attr-defined]
    assert says in told(answer)  # type: ignore[arg-type]
    assert 'value="某条"' in answer.text  # type: ignore[attr-defined]
    assert acts(whole, card) == []


def test_who_supervises_one_department_issues_by_hand_there_only(
    whole: Whole, card: TheCard
) -> None:
    """Neither on another's case, nor against another on its own."""
    ours = whole.visit(INSPECTOR, WATER)
    theirs = new_card(whole, WOODS)
    address = f"/card-by-hand?source={theirs.source}&case_no={theirs.case_no}"
    assert whole.ask("GET", address, ours).status_code == 404
    given = {"severity": "red", "department": WOODS.name, "reason": REASON}
    answer = by_hand(whole, whole.visit(INSPECTOR, WATER), card, **given)
    assert answer.status_code == 403  # type: ignore[attr-defined]
    assert acts(whole, card) == []
    page = whole.ask("GET", f"/card-by-hand?source={card.source}&case_no={card.case_no}", ours)
    assert WOODS.name not in page.text


def test_a_card_by_hand_against_another_department_is_theirs(
    whole: Whole, card: TheCard, inspector: Visitor, clerk: Visitor
) -> None:
    """Its page is seen by that department, not by the case's."""
    answer = by_hand(
        whole, inspector, card, severity="yellow", department=WOODS.name, reason=REASON
    )
    whole.system.judge()
    address = answer.headers["location"]  # type: ignore[attr-defined]
    assert whole.ask("GET", address, whole.visit(MANAGER, WOODS)).status_code == 200
    assert whole.ask("GET", address, clerk).status_code == 404


# Papers.


@pytest.mark.parametrize(("form", "kind"), [("pdf", b"%PDF-"), ("docx", b"PK")])
def test_a_paper_is_taken_and_on_record(
    whole: Whole, card: TheCard, clerk: Visitor, form: str, kind: bytes
) -> None:
    """Under a name of its own; what, in what form, of which department."""
    answer = whole.ask("GET", f"{card.page}/paper/notice.{form}", clerk)
    assert answer.status_code == 200
    assert answer.content.startswith(kind)
    assert f"notice-{card.card}.{form}" in answer.headers["content-disposition"]
    taken = [each for each in whole.trailed() if isinstance(each, Exported)][-1]
    assert (taken.by, taken.what, taken.value, taken.form, taken.scope) == (
        CLERK, "paper_notice", card.card, form, WATER.name,
    )  # fmt: skip


def test_the_text_of_an_order_is_in_its_paper_for_who_may_read_it(
    whole: Whole, card: TheCard, clerk: Visitor, inspector: Visitor
) -> None:
    """That they read it is on record; for the others it is masked."""
    fill(whole, inspector, card, "SupervisionOrdered", reason="三日内补齐图纸")
    reader = whole.visit(INSPECTOR, texts=True, person="yuedu")
    found = {}
    for who in (clerk, reader):
        answer = whole.ask("GET", f"{card.page}/paper/order.docx", who)
        rows = Document(io.BytesIO(answer.content)).tables[0].rows
        found[who.session.person] = {r.cells[0].text: r.cells[1].text for r in rows}["督办内容"]
    assert found == {CLERK: "（内容已遮蔽，查看须另行授权）", "yuedu": "三日内补齐图纸"}
    looks = [each for each in whole.trailed() if isinstance(each, TextsSeen)]
    assert [(each.by, each.case_no) for each in looks][-1] == ("yuedu", card.case_no)


@pytest.mark.parametrize(
    "name", ["order.pdf", "closing.pdf", "notice.exe", "x.pdf", "order.pdf?number=9"]
)
def test_a_paper_that_there_is_not_is_told_in_words(
    whole: Whole, card: TheCard, clerk: Visitor, name: str
) -> None:
    """And is not on record as taken."""
    before = len([each for each in whole.trailed() if isinstance(each, Exported)])
    answer = whole.ask("GET", f"{card.page}/paper/{name}", clerk)
    assert answer.status_code == 404
    assert "没有这份文书" in answer.text
    assert len([each for each in whole.trailed() if isinstance(each, Exported)]) == before


def test_what_cannot_be_recorded_does_not_leave(
    whole: Whole, card: TheCard, clerk: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event comes before the first byte."""

    def down(*_: object) -> None:
        raise StoreDown("log", "silent")

    monkeypatch.setattr(whole.office.trail, "note", down)
    answer = whole.ask("GET", f"{card.page}/paper/notice.pdf", clerk)
    assert answer.status_code == 503
    assert not answer.content.startswith(b"%PDF-")


def test_reasons_are_read_where_one_says_why(whole: Whole, card: TheCard, clerk: Visitor) -> None:
    """The page of texts has what was said at the desk, too."""
    fill(whole, clerk, card, "CardExplained", reason=REASON)
    reader = whole.visit(INSPECTOR, texts=True, person="yuedu")
    assert "/texts?" in whole.ask("GET", card.page, reader).text
    assert "/texts?" not in whole.ask("GET", card.page, clerk).text
    address = f"/texts?source={card.source}&case_no={card.case_no}"
    form = {"csrf": reader.csrf, "reason": "裁定申诉"}
    assert REASON in whole.ask("POST", address, reader, data=form).text


def test_who_may_not_see_who_was_told_does_not(whole: Whole, card: TheCard) -> None:
    """Window staff answer cards; names, ranks and messages are for who has the right."""
    at_window = whole.visit(WINDOW, WATER)
    stream = notices_stream(card.source, card.case_no)
    told_of = CardTold(
        **card._asdict(), at=moment(whole.time.now()), rung=3, why="issued",
        person="jijian-told", channel="sms", message="m42",
    )  # fmt: skip
    whole.record.append(stream, [told_of], whole.record.version(stream))
    page = whole.ask("GET", card.page, at_window)
    api = whole.ask("GET", f"/api/v1/cards/{card.source}/{card.case_no}/{card.card}", at_window)
    assert (page.status_code, api.status_code) == (200, 200)
    assert "jijian-told" not in page.text + api.text
    assert "告知记录" not in page.text
