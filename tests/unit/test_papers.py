"""The papers of a card: which can be made, what stands on them, and that the files are sound."""

from __future__ import annotations

import io
import re
import zipfile
import zlib

import pytest
from docx import Document
from docx.oxml.ns import qn
from msgspec.structs import replace
from weasyprint import HTML
from weasyprint.urls import FatalURLFetchingError

from dashboards.card_view import CardView
from dashboards.papers import (
    CLOSING,
    MASKED,
    NOTICE,
    ORDER,
    Paper,
    PaperKind,
    clean,
    file_of,
    kinds_of,
    organ_of,
    paper_of,
)
from dashboards.papers_pdf import Nothing, html_of
from tests.card_story import ISSUED, Story, said

ORGAN = organ_of("某区")
EXPLAINED = said("CardExplained", "2026-03-12 11:00")
ORDERED = said("SupervisionOrdered", "2026-03-12 12:00", number=1)
REPORTED = said("RectificationReported", "2026-03-13 09:30")
CLOSED = said("RectificationVerified", "2026-03-13 10:00", accepted=True)
HOSTILE = "<script>alert(1)</script><img src='http://evil.example/x.png'>\x00\x0b\ufffe\u202e&"


@pytest.fixture(scope="module")
def ordered() -> CardView:
    """A card about which an order was made."""
    return Story(EXPLAINED, ORDERED, until="2026-03-13").view()


@pytest.fixture(scope="module")
def closed() -> CardView:
    """A card followed to its end."""
    return Story(EXPLAINED, ORDERED, REPORTED, CLOSED, until="2026-03-14").view()


def made(view: CardView, kind: str, number: int = 0, text: str | None = "限期补正") -> Paper:
    """A paper that can be made."""
    paper = paper_of(view, PaperKind(kind, number), text, ORGAN)
    assert paper is not None
    return paper


def values(paper: Paper) -> dict[str, str]:
    """Its lines by name."""
    return dict(paper.lines)


def test_the_papers_are_those_of_the_stage(ordered: CardView, closed: CardView) -> None:
    """A notice once issued, each order, the closing form at the end; none of a proposed card."""
    fresh = Story(until=ISSUED).view()
    assert kinds_of(fresh) == ((NOTICE, 0),)
    assert kinds_of(ordered) == ((NOTICE, 0), (ORDER, 1))
    assert kinds_of(closed) == ((NOTICE, 0), (ORDER, 1), (CLOSING, 0))
    assert kinds_of(replace(fresh, stage="proposed")) == ()
    assert kinds_of(replace(fresh, stage="asked")) == ()


@pytest.mark.parametrize(("kind", "number"), [(ORDER, 2), (ORDER, 0), (CLOSING, 0), ("letter", 0)])
def test_a_paper_that_the_card_has_not_cannot_be_made(
    ordered: CardView, kind: str, number: int
) -> None:
    """Another number is another paper."""
    assert paper_of(ordered, PaperKind(kind, number), "", ORGAN) is None


def test_an_order_has_the_fields_of_the_standard(ordered: CardView) -> None:
    """GB/T 39046—2020: the sets of orders and of cards; who, what, until when."""
    paper = made(ordered, ORDER, 1)
    told = values(paper)
    assert {
        "办件编号": "1",
        "督办内容": "限期补正",
        "机构名称": "某区行政审批电子监察",
        "事项类型代码": "01",
        "督办发出时间": "2026-03-12 12:01",
        "监察编号": ordered.card,
        "监察规则编号": "promise_past",
        "监察预警类型代码": "2（黄牌）",
        "状态产生时间": "2026-03-12 12:01",
        "监察结果描述": ordered.why_zh,
        "责任部门": "区住建局",
        "依据": ordered.law,
        "整改期限": "2026-03-19 24:00",
    }.items() <= told.items()
    assert (paper.title, paper.number, paper.to) == ("督办通知书", f"{ordered.card}-1", "区住建局")
    assert any("2026-03-19 24:00" in sentence for sentence in paper.says)


def test_every_number_of_a_paper_is_short_enough_for_the_standard(ordered: CardView) -> None:
    """监察编号 and 监察规则编号 are an..20."""
    told = values(made(ordered, ORDER, 1))
    assert max(len(told["监察编号"]), len(told["监察规则编号"])) <= 20


def test_a_notice_says_until_when_to_answer_and_how_days_were_counted(ordered: CardView) -> None:
    """The account as the card kept it, in runs of days of one kind."""
    paper = made(ordered, NOTICE)
    assert paper.title == "黄牌通知书"
    assert "2026-03-13 24:00前签收" in paper.says[1]
    assert "2026-03-17 24:00前说明情况或者提出申诉" in paper.says[1]
    assert paper.clock.startswith("承诺时限：自2026-03-02 10:00起7个工作日")
    assert [(d.first, d.last, d.kind, d.counted) for d in paper.days] == [
        ("2026-03-02", "2026-03-02", "起算日不计", ""),
        ("2026-03-03", "2026-03-06", "计入", "4"),
        ("2026-03-07", "2026-03-08", "周末", ""),
        ("2026-03-09", "2026-03-11", "计入", "7"),
    ]


def test_a_closing_form_tells_the_course(closed: CardView) -> None:
    """Who did what when, up to the verification."""
    told = values(made(closed, CLOSING, text="已补正"))
    assert told["说明"] == "2026-03-12 11:01　zhang"
    assert told["核查"] == "2026-03-13 10:01　li"
    assert told["核查意见"] == "已补正"


def test_a_text_that_may_not_be_seen_is_masked(ordered: CardView) -> None:
    """And one that was not given is told as none."""
    assert values(made(ordered, ORDER, 1, text=None))["督办内容"] == MASKED
    assert values(made(ordered, ORDER, 1, text=""))["督办内容"] == "（无）"


def test_what_people_wrote_is_escaped_and_cleaned(ordered: CardView) -> None:
    """No markup of theirs, no character that XML forbids or that turns the writing around."""
    view = replace(ordered, person=HOSTILE, item_name=HOSTILE, department=HOSTILE)
    text = html_of(made(view, ORDER, 1, text=HOSTILE))
    assert "<script>" not in text
    assert "<img" not in text
    assert text.count("&lt;script&gt;") >= 4
    assert not re.search("[\x00\x0b\ufffe\u202e]", text)


@pytest.mark.parametrize("form", ["pdf", "docx"])
def test_a_file_is_made_of_hostile_names(ordered: CardView, form: str) -> None:
    """Nothing of it is fetched, and it opens."""
    view = replace(ordered, person=HOSTILE, case_no=HOSTILE)
    assert len(file_of(made(view, ORDER, 1, text=HOSTILE), form)) > 10_000


@pytest.mark.parametrize("form", ["pdf", "docx"])
def test_the_same_log_gives_the_same_bytes(ordered: CardView, form: str) -> None:
    """Whenever it is made."""
    first, second = (file_of(made(ordered, ORDER, 1), form) for _ in range(2))
    assert first == second


def test_a_pdf_is_a4_with_its_chinese_fonts_in_it(ordered: CardView) -> None:
    """Those of the margins too; its only time is that of the act."""
    drawn = file_of(made(ordered, ORDER, 1), "pdf")
    told = inflated(drawn)
    assert drawn.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", told)) >= 1
    assert re.search(rb"/MediaBox \[0 0 595\.\d+ 841\.\d+\]", told)
    named = b" ".join(re.findall(rb"/BaseFont /(\S+)", told))
    assert b"Noto-Serif-CJK-SC" in named
    assert b"Noto-Sans-CJK-SC" in named
    assert told.count(b"/FontFile") >= 2
    assert re.findall(rb"/CreationDate \(D:(\d{14}\+08)", told) == [b"20260312120100+08"]


def inflated(drawn: bytes) -> bytes:
    """What the compressed parts of a PDF say."""
    found = re.finditer(rb"stream\r?\n(.*?)\nendstream", drawn, re.DOTALL)
    return b"\n".join(zlib.decompressobj().decompress(each[1]) for each in found)


def test_a_paper_that_asks_for_an_address_is_not_drawn() -> None:
    """Not even from this machine."""
    for address in ("http://evil.example/x.png", "file:///etc/passwd", "data:text/css,a"):
        html = HTML(string=f'<img src="{address}"><link rel=stylesheet href="{address}">',
                    url_fetcher=Nothing())  # fmt: skip
        with pytest.raises(FatalURLFetchingError):
            html.write_pdf()


def test_a_docx_says_the_same_in_east_asian_fonts(ordered: CardView) -> None:
    """Read back as a word processor reads it; its properties hold the act's time."""
    paper = made(ordered, ORDER, 1)
    document = Document(io.BytesIO(file_of(paper, "docx")))
    text = "\n".join(line.text for line in document.paragraphs)
    rows = {row.cells[0].text: row.cells[1].text for row in document.tables[0].rows}
    assert paper.title in text
    assert all(sentence in text for sentence in paper.says)
    assert rows == values(paper)
    fonts = {
        run._element.rPr.rFonts.get(qn("w:eastAsia"))
        for line in document.paragraphs
        for run in line.runs
    }
    assert fonts == {"仿宋", "黑体"}
    assert f"{document.core_properties.created:%Y-%m-%d %H:%M}" == "2026-03-12 04:01"


def test_a_docx_has_no_time_of_packing(ordered: CardView) -> None:
    """Every part bears the same date."""
    with zipfile.ZipFile(io.BytesIO(file_of(made(ordered, ORDER, 1), "docx"))) as packed:
        assert {info.date_time[0] for info in packed.infolist()} == {1980}


def test_a_time_of_printing_stands_at_the_foot_if_it_is_given(ordered: CardView) -> None:
    """Otherwise there is none."""
    printed = paper_of(ordered, PaperKind(ORDER, 1), "", ORGAN, "2026-03-20 08:00")
    assert printed is not None
    assert "打印时间：2026-03-20 08:00" in html_of(printed)
    assert "打印时间" not in html_of(made(ordered, ORDER, 1))


@pytest.mark.parametrize("text", ["a\x00b", "a\x1fb", "a\u202eb", "a\ufffeb", "a\ud800b"])
def test_no_character_is_left_that_a_file_may_not_hold(text: str) -> None:
    """Line breaks stay."""
    assert clean(text) == "ab"
    assert clean("a\r\nb\rc\nd\te") == "a\nb\nc\nd\te"
