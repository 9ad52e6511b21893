"""The page of the grid: what it says of a card, what its links ask for, what an address means."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from plotly.utils import PlotlyJSONEncoder

from dashboards.cards_answers import csv_of
from dashboards.cards_asked import FILTERS, day_of, query_of, turn_of, wanted_of
from dashboards.cards_page import cards_page
from dashboards.words_grid import STAGES
from projections.card_queries import ANSWERS, FIRST, LAST, CardLine, CardPage, Turn, Wanted
from supervision.loop.stage import Stage

EVIL = '<img src=x onerror="window.pwned=1">'
NOON = 1_795_752_000_000_000
CARD = CardLine(
    source="窗口/一",
    case_no="511602-2026-1",
    card="3F09AB12CD34EF56AB78",
    rule="promise_past",
    severity="yellow",
    colour="yellow",
    label_zh="黄牌",
    label_en="Yellow card",
    stage="rectifying",
    item="i",
    item_name="施工许可",
    department="市住建局",
    person="zhou",
    why_zh="承诺时限已过",
    why_en="the promised limit is past",
    issued_at=NOON,
    answer_at=NOON,
    owed_by="department",
    orders=0,
    rung=0,
    history=False,
    provisional=False,
)
PAGE = CardPage(lines=(CARD,), total=1, stages={"rectifying": 1}, now=NOON)


def drawn(page: CardPage, lang: str = "zh", **query: str) -> Any:
    """The page as the browser is told of it."""
    made = cards_page(page, query, lang, may_export=True)
    return json.loads(json.dumps(made, cls=PlotlyJSONEncoder))


def parts(node: Any) -> Iterator[dict[str, Any]]:
    """Every element of a page, the outer ones first."""
    if isinstance(node, list):
        for each in node:
            yield from parts(each)
    elif isinstance(node, dict) and "props" in node:
        yield node["props"] | {"tag": node["type"]}
        yield from parts(node["props"].get("children"))


def text(node: Any) -> str:
    """All that it says."""
    if isinstance(node, list):
        return " ".join(map(text, node))
    if isinstance(node, dict):
        return text(node.get("props", {}).get("children"))
    return "" if node is None else str(node)


def links(page: Any, cls: str) -> list[str]:
    """The addresses of links of a class."""
    found = (part for part in parts(page) if part["tag"] == "A")
    return [part["href"] for part in found if cls in part.get("className", "").split()]


def asked(address: str) -> dict[str, str]:
    """The query of an address."""
    return dict(parse_qsl(urlsplit(address).query))


def test_a_line_says_what_the_card_is_and_where_it_stands() -> None:
    """Shape, word, stage, case, item, whose, why, in the language of the page."""
    told = text(drawn(PAGE))
    for word in ("●", "黄牌", "整改中", CARD.case_no, "施工许可", "市住建局", "zhou", CARD.why_zh):
        assert word in told
    english = text(drawn(PAGE, "en"))
    for word in ("●", "Yellow card", "Rectifying", CARD.why_en):
        assert word in english


@pytest.mark.parametrize(("is_late", "word"), [(True, "已逾期"), (False, "")])
def test_an_answer_that_is_late_says_so(is_late: bool, word: str) -> None:
    """In a word, not by its colour alone; and one that is not, does not."""
    page = drawn(replace(PAGE, lines=(replace(CARD, overdue=is_late),)))
    marked = [part for part in parts(page) if "late" in part.get("className", "").split()]
    late = [text({"props": part}) for part in marked]
    assert late == ([word] if word else [])


def test_a_line_opens_its_card_and_its_case() -> None:
    """Whatever stands in the name of the source."""
    page = drawn(PAGE)
    (card,) = links(page, "opens")
    assert card.count("/") == 4
    assert card.endswith(f"/{CARD.case_no}/{CARD.card}")
    assert links(page, "to-case") == [f"/case/%E7%AA%97%E5%8F%A3%2F%E4%B8%80/{CARD.case_no}"]


def test_a_filter_keeps_the_others_and_begins_at_the_first_page() -> None:
    """A choice leads to the same cards but for itself."""
    query = {"severity": "yellow", "department": "市住建局", "since": "2026-11-01", "after": "k"}
    made = drawn(PAGE, "en", **query)
    red = next(asked(each) for each in links(made, "tab") if "severity=red" in each)
    kept = {name: query[name] for name in ("department", "since")}
    assert red == {"severity": "red", "lang": "en", **kept}


def test_a_chosen_stage_is_taken_away_by_its_link() -> None:
    """And another is added to it."""
    page = replace(PAGE, stages={"rectifying": 1, "issued": 2})
    stages = [asked(each).get("stage") for each in links(drawn(page, stage="issued"), "tab")]
    assert "issued,rectifying" in stages
    assert None in stages


def test_pages_that_are_not_there_have_no_link() -> None:
    """The only page has none; one in the middle has four."""
    assert links(drawn(PAGE), "button") == []
    middle = drawn(replace(PAGE, next="n", previous="p"), severity="red")
    turns = [asked(each) for each in links(middle, "button")]
    assert turns == [
        {"severity": "red"},
        {"severity": "red", "before": "p"},
        {"severity": "red", "after": "n"},
        {"severity": "red", "before": "end"},
    ]


def test_an_empty_grid_says_why() -> None:
    """No cards at all, or none that fit; then there is a way back to all."""
    assert "还没有发过牌" in text(drawn(CardPage()))
    fitting = drawn(CardPage(), severity="red")
    assert "没有符合筛选条件的牌" in text(fitting)
    assert links(fitting, "button") == ["/cards"]


def test_what_stands_in_the_data_is_text() -> None:
    """In no attribute that loads or runs anything."""
    evil = replace(CARD, **dict.fromkeys(("label_zh", "item_name", "department", "why_zh"), EVIL))
    page = drawn(replace(PAGE, lines=(evil,), departments={EVIL: 1}), text=EVIL, department=EVIL)
    for part in parts(page):
        assert not any(name.startswith("on") for name in part)
        assert "dangerously_allow_html" not in part
        assert not re.match(r"(?i)\s*(javascript|data):", part.get("href", ""))


def test_a_broken_day_is_told() -> None:
    """It limits nothing, and the page says so."""
    assert "日期请写成" in text(drawn(PAGE, since="昨天"))
    assert "日期请写成" not in text(drawn(PAGE, since="2026-11-01"))


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-11-01", date(2026, 11, 1)),
        (" 2026-11-01 ", date(2026, 11, 1)),
        ("2026-13-01", None),
        ("20261101", None),
        ("2026-W01-1", None),
        ("二〇二六年", None),
        ("", None),
    ],
)
def test_days_are_read_as_they_are_written_in_the_hint(written: str, day: date | None) -> None:
    """And in no other way that the library would take."""
    assert day_of(written) == day


TEXTS = st.text(max_size=20).map(str.strip)
WANTED = st.builds(
    Wanted,
    stages=st.frozensets(st.sampled_from(list(map(str, STAGES)))),
    severity=st.sampled_from(("", "red", "yellow", "reminder")),
    answer=st.sampled_from(("", *ANSWERS)),
    department=TEXTS,
    item=TEXTS,
    rule=TEXTS,
    person=TEXTS,
    text=TEXTS,
    since=st.none() | st.dates(),
    until=st.none() | st.dates(),
)


@given(WANTED)
def test_an_address_asks_for_what_it_was_made_of(wanted: Wanted) -> None:
    """So a link, a form and a file mean the same cards."""
    assert wanted_of(query_of(wanted)) == wanted


@given(st.dictionaries(st.sampled_from(FILTERS), st.text()))
def test_any_query_means_something(query: dict[str, str]) -> None:
    """A choice that there is not is left out."""
    wanted = wanted_of(query)
    assert wanted.stages <= set(STAGES)
    assert wanted_of(query_of(wanted)) == wanted


def test_a_query_names_a_page() -> None:
    """The first, the one behind a key, the one before it, the last."""
    assert turn_of({}) == FIRST
    assert turn_of({"after": "k"}) == Turn("k")
    assert turn_of({"before": "k", "after": "x"}) == Turn("k", back=True)
    assert turn_of({"before": "end"}) == LAST


def test_every_stage_of_a_row_has_a_word() -> None:
    """What is only asked for has no row."""
    assert set(STAGES) == set(Stage) - {Stage.ASKED}


class Two:
    """Two pages of one card each, whatever is asked; the second with names that are formulas."""

    def cards(self, wanted: Wanted, turn: Turn, limit: int) -> CardPage:
        odd = replace(CARD, case_no="=1+1", department="@SUM(A1)", person="-2")
        return replace(PAGE, lines=(odd,)) if turn.key else replace(PAGE, next="k")


def test_a_file_holds_all_pages_and_no_formula() -> None:
    """As a spreadsheet reads it: words, and nothing that it would compute."""
    lines = "".join(csv_of(Two(), Wanted(), "zh")).removeprefix("\ufeff")
    first, second = csv.DictReader(lines.splitlines())
    assert (first["监察编号"], first["牌"], first["状态"]) == (CARD.card, "● 黄牌", "整改中")
    assert (second["办件"], second["责任部门"], second["责任人"]) == ("'=1+1", "'@SUM(A1)", "'-2")
