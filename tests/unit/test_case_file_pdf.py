"""A case file to read: what stands on it, what does not, and that it is the same each time."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from dashboards.casefile_pdf import html_of, minute, pdf_of
from replay.casefile import CaseFile
from tests.filed import ACK, MemorySeals, filed, whole_log

CHINA = ZoneInfo("Asia/Shanghai")
INJECTED = "<script>alert(1)</script>\u202e\x07"


@pytest.fixture(scope="module")
def file() -> CaseFile:
    """The file of case 1, of which the last events are not sealed yet."""
    return filed(seals=MemorySeals(whole_log(), 20))


def test_it_tells_everything_that_the_file_holds(file: CaseFile) -> None:
    """Materials, each event, clocks by day, cards with their law, who was told, lists, proof."""
    html = html_of(file)
    for name in ("申请书", "章程", "已补正", "黄牌", "未告知：没有接收人", "国办发明电"):
        assert name in html
    for event in file.events:
        assert f'<td class="no">{event.position}</td>' in html
    for card in file.cards:
        assert card.card in html
        assert card.law in html
    assert file.proof.vkey.replace("+", "&#43;") in html or file.proof.vkey in html
    assert ACK not in html


def test_it_says_which_events_are_not_proved(file: CaseFile) -> None:
    """At the event, and once more with the checkpoint; without one, that nothing is."""
    html = html_of(file)
    assert html.count("未封存 not sealed yet") == len(file.unsealed)
    bare = html_of(filed(seals=MemorySeals(whole_log(), 0)))
    assert "取卷时日志尚无检查点" in bare


def test_texts_are_masked_or_shown_as_the_file_has_them(file: CaseFile) -> None:
    """And what was erased is told as that."""
    assert "已遮蔽" in html_of(file)
    shown = html_of(filed(lambda _: {"opinion": "同意受理", "applicant": "张三"}))
    assert "意见：同意受理" in shown
    assert "已销毁或未保存" in shown


def test_what_people_wrote_is_no_markup() -> None:
    """Escaped, and without what turns the writing around."""
    html = html_of(filed(lambda _: {"opinion": INJECTED, "applicant": "张三", "reason": ""}))
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "\u202e" not in html
    assert "\x07" not in html


def test_the_same_file_gives_the_same_pdf(file: CaseFile) -> None:
    """Drawn twice; its date is that of the file."""
    assert pdf_of(file) == pdf_of(file)
    assert pdf_of(file).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("2026-03-02", "2026-03-02"),
        ("2026-03-02 09:00:00+08:00", "2026-03-02 09:00"),
        ("2026-03-02T01:00:00.000001Z", "2026-03-02 09:00"),
        ("2026-03-02T09:00:00+09:00", "2026-03-02 09:00 +0900"),
    ],
)
def test_times_are_told_in_the_zone_of_the_policy(text: str, shown: str) -> None:
    """What was recorded in that zone, what was reported with the offset that it has."""
    assert minute(CHINA, text) == shown


def test_a_case_without_anything_but_an_event_can_be_drawn(file: CaseFile) -> None:
    """No clock, card, material or message: each part says so."""
    bare = replace(file, clocks=(), cards=(), materials=(), messages=(), lists=())
    assert html_of(bare).count("（无）") == 5
