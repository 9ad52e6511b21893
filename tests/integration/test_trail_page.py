"""The audit trail as a page and a file: all of it, in words, for nobody to change."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervision.access import rights as roles
from supervision.access.events import (
    ACCESS,
    AuditRead,
    Exported,
    SignedIn,
    SignInRefused,
)
from supervision.store.mapping import moment
from tests.offices_town import (
    AUDIT,
    OFFICES,
    SECURITY,
    START,
    Town,
    grant,
    note_sign_in,
    publish,
    text_of,
    town_in,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The administrators' pages over a record of their own."""
    with town_in(tmp_path / "home") as made:
        yield made


def older_of(page: str) -> str:
    """Where a page goes on, "" where nothing is older."""
    found = re.search(r'class="button" href="(/trail\?[^"]*before=[^"]*)"', page)
    return html.unescape(found[1]) if found else ""


def test_the_trail_tells_what_was_done_in_words(town: Town) -> None:
    """By whom, to whom, over what; in Chinese and in English."""
    publish(town, "公安局")
    grant(town, "zhang", roles.INSPECTOR, scope="parts", unit="公安局", texts="yes")
    town.post(SECURITY, "/rights/zhang/disable", reason="离岗")
    shown = text_of(town.get(AUDIT, "/trail?book=people"))
    assert "授予 zhang 角色“监察人员”，范围：公安局；含个人信息和意见原文" in shown
    assert "停用 zhang 的账号；理由：离岗" in shown
    assert shown.index("停用 zhang") < shown.index("授予 zhang")
    english = text_of(town.get(AUDIT, "/trail?book=people&lang=en"))
    assert "zhang is inspector over: 公安局; with personal data and free text" in english


def test_reading_the_trail_is_on_the_trail(town: Town) -> None:
    """Once a page view: which book, of whom."""
    town.get(AUDIT, "/trail?book=people&person=zhang")
    read = town.last(ACCESS)
    assert isinstance(read, AuditRead)
    assert (AUDIT, "people", "zhang") == (read.by, read.book, read.of)
    assert 1 == sum(isinstance(event, AuditRead) for event in town.events(ACCESS))


def test_the_trail_is_filtered_by_person_and_by_kind(town: Town) -> None:
    """A person's lines are those by and about them."""
    note = town.access.trail.note
    note(lambda at: SignedIn(at=at, by="zhang", how="password", address="10.0.0.7"))
    note(lambda at: SignedIn(at=at, by="li", how="oidc", address="10.0.0.8"))
    note(lambda at: SignInRefused(at=at, by="zhang", why="code", address="10.0.0.7", count=12))
    town.access.signing.reset_password("zhang", SECURITY)
    of_zhang = text_of(town.get(AUDIT, "/trail?person=Zhang"))
    assert "10.0.0.8" not in of_zhang
    assert "登录被拒：验证码 10.0.0.7 12 次" in of_zhang
    assert "zhang 的密码已变更" in of_zhang
    signed = text_of(town.get(AUDIT, "/trail?kind=SignedIn"))
    assert "登录，方式：统一身份认证" in signed
    assert "密码已变更" not in signed


def test_the_trail_turns_its_pages_without_loss_or_repetition(town: Town) -> None:
    """However much is written meanwhile, the reading itself included."""
    for number in range(250):
        note_sign_in(town, f"p{number}")
    seen: list[str] = []
    path = "/trail?kind=SignedIn"
    while path:
        page = town.get(AUDIT, path).text
        seen += re.findall(r"<bdi>(p\d+)</bdi>", page)
        path = older_of(page)
    assert [f"p{number}" for number in range(249, -1, -1)] == seen


def test_a_book_of_several_streams_is_read_in_the_order_of_the_log(town: Town) -> None:
    """Incidents and erasures, one after the other as they came."""
    for number in range(120):
        town.record.incident(f"i{number}", "card_conflict", "city", f"C{number}", "detail")
        if number % 10 == 0:
            town.record.erase("city", f"E{number}", by="console:root")
    first = town.get(AUDIT, "/trail?book=system")
    both = text_of(first) + text_of(town.get(AUDIT, older_of(first.text)))
    places = [both.index(f"：C{number}；") for number in range(119, -1, -1)]
    assert places == sorted(places)
    assert both.index("：C51；") < both.index("销毁办件 E50") < both.index("：C49；")


def test_a_search_in_a_long_trail_ends_and_offers_to_go_on(town: Town) -> None:
    """20,000 entries: a page searches 5,000 at most, and says how far it came."""
    at = moment(START)
    events = [SignedIn(at=at, by="nobody", how="password") for _ in range(20_000)]
    first = SignedIn(at=at, by="first", how="link", address="10.9.9.9")
    town.record.append(ACCESS, [first, *events], town.record.version(ACCESS))
    path, pages = "/trail?person=first", 0
    while "10.9.9.9" not in (page := town.get(AUDIT, path).text):
        assert "已检索 5,000 条" in page
        path = older_of(page)
        pages += 1
    assert 4 == pages
    assert 100 == town.get(AUDIT, "/trail?kind=SignedIn").text.count("登录，方式：密码")


def test_an_empty_trail_says_so(town: Town) -> None:
    """Not a table without lines."""
    for book in ("system", "keys"):
        assert "没有记录" in text_of(town.get(AUDIT, f"/trail?book={book}"))


@pytest.mark.parametrize("query", ["book=no", "kind=no", "before=x", "before=-1", "before=9.9.9"])
def test_an_address_that_makes_no_sense_is_the_newest_page(town: Town, query: str) -> None:
    """Nobody gets an error for an old bookmark."""
    note_sign_in(town, "zhang")
    answer = town.get(AUDIT, f"/trail?{query}")
    assert (200, True) == (answer.status_code, "zhang" in answer.text)


def test_the_trail_is_exported_as_it_is_shown(town: Town) -> None:
    """The same filter, a line each; the export is on record."""
    note_sign_in(town, "zhang")
    note_sign_in(town, "li")
    answer = town.get(AUDIT, "/trail.csv?person=zhang")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    head, line = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert ["序号", "时间", "人员", "事项", "内容", "来源地址", "次数"] == head
    assert ["zhang", "登录", "登录，方式：密码", "", "1"] == line[2:]
    exported = town.last(ACCESS)
    assert isinstance(exported, Exported)
    assert (AUDIT, "trail", "access zhang") == (exported.by, exported.what, exported.value)


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_formula_in_an_exported_cell_is_text(town: Town, name: str) -> None:
    """Whoever tries to sign in writes nothing into the auditor's spreadsheet."""
    town.access.trail.note(lambda at: SignInRefused(at=at, by=name, why="password"))
    rows = list(csv.reader(io.StringIO(town.get(AUDIT, "/trail.csv").text)))
    assert f"'{name}" == rows[1][2]


def test_what_does_not_print_or_turns_the_writing_is_shown_as_that(town: Town) -> None:
    """A name that somebody tried to sign in with hides nothing."""
    town.access.trail.note(lambda at: SignInRefused(at=at, by="a\u202eb\x00c", why="password"))
    shown = town.get(AUDIT, "/trail").text
    assert "a\ufffdb\ufffdc" in shown
    assert "\u202e" not in shown


def test_the_trail_is_changed_by_nobody(town: Town) -> None:
    """No method but reading, whoever asks."""
    note_sign_in(town, "zhang")
    for who in (*OFFICES, "zhang"):
        for path in ("/trail", "/trail.csv"):
            assert town.post(who, path).status_code in {403, 405}
    assert 1 == sum(isinstance(event, SignedIn) for event in town.events(ACCESS))
