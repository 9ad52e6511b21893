"""Papers as DOCX, to be worked on: East Asian fonts set, the same bytes for the same paper."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

from docx import Document
from docx.document import Document as DocumentObject
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from .papers import Paper

BODY, HEAD, LATIN = "仿宋", "黑体", "Times New Roman"
"""Fonts as official papers have them (GB/T 9704); whoever opens the file has them or the like."""
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
NAMES, VALUES = Cm(4.2), Cm(11.4)


def docx_of(paper: Paper) -> bytes:
    """The paper as DOCX."""
    document = Document()
    _set_up(document, paper)
    _line(document, paper.title, size=22, font=HEAD, align=WD_ALIGN_PARAGRAPH.CENTER)
    _line(document, f"编号：{paper.number}", size=12, align=WD_ALIGN_PARAGRAPH.CENTER)
    _line(document, f"{paper.to}：", size=14)
    for sentence in paper.says:
        _line(document, sentence, size=14, indent=2)
    _table(document, [(line.name, line.value) for line in paper.lines])
    if paper.clock:
        _line(document, "时限逐日计算", size=14, font=HEAD)
        _line(document, paper.clock, size=12)
        days = [(f"{d.first} 至 {d.last}", f"{d.kind} {d.counted}".rstrip()) for d in paper.days]
        _table(document, days)
    _signature(document, paper)
    return _same_bytes(document)


def _set_up(document: DocumentObject, paper: Paper) -> None:
    normal = document.styles["Normal"]
    assert isinstance(normal, ParagraphStyle)
    normal.font.name = LATIN
    normal.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), BODY)
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.7)
    section.top_margin, section.bottom_margin = Cm(3), Cm(2.5)
    about = document.core_properties
    about.title, about.author, about.last_modified_by = paper.title, paper.organ, ""
    about.comments = ""
    about.created = about.modified = _time(paper.at)
    _in_fonts(section.footer.paragraphs[0].add_run(f"监察编号 {paper.number}"), 9, BODY)


def _time(text: str) -> datetime:
    given = datetime.fromisoformat(text) if text else datetime(1980, 1, 1, tzinfo=UTC)
    return given.astimezone(UTC).replace(tzinfo=None)


def _line(
    document: DocumentObject,
    text: str,
    *,
    size: int,
    font: str = BODY,
    indent: int = 0,
    align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.LEFT,
) -> Paragraph:
    line = document.add_paragraph()
    line.alignment = align
    line.paragraph_format.first_line_indent = Pt(size * indent)
    line.paragraph_format.space_after = Pt(6)
    _in_fonts(line.add_run(text), size, font)
    return line


def _in_fonts(run: Run, size: int, font: str) -> None:
    run.font.size = Pt(size)
    run.font.name = LATIN
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)


def _table(document: DocumentObject, rows: list[tuple[str, str]]) -> None:
    table = document.add_table(rows=0, cols=2, style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    for name, value in rows:
        cells = table.add_row().cells
        for cell, text, width in zip(cells, (name, value), (NAMES, VALUES), strict=True):
            cell.width = width
            _in_fonts(cell.paragraphs[0].add_run(text), 12, BODY)
    document.add_paragraph()


def _signature(document: DocumentObject, paper: Paper) -> None:
    for text in (f"{paper.organ}（盖章）", paper.day):
        _line(document, text, size=14, align=WD_ALIGN_PARAGRAPH.RIGHT)
    _line(document, "签收人：　　　　　　　　　签收时间：　　　　年　　月　　日", size=12)
    if paper.printed:
        _line(document, f"打印时间：{paper.printed}", size=9)


def _same_bytes(document: DocumentObject) -> bytes:
    """The file without the time at which it was packed."""
    packed, made = io.BytesIO(), io.BytesIO()
    document.save(packed)
    with zipfile.ZipFile(packed) as given, zipfile.ZipFile(made, "w") as taken:
        for name in given.namelist():
            info = zipfile.ZipInfo(name, ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            taken.writestr(info, given.read(name))
    return made.getvalue()
