"""Files in pieces: whatever a file holds, its rows, a problem of one row, or a clear error."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supervision.intake.csvfile import (
    FIELD_LARGEST,
    LINE_LARGEST,
    RECORD_LINES,
    detect,
    header_of,
    read_csv,
)
from supervision.intake.rows import FileCutShort, FileUnreadable, Row
from supervision.intake.xes import read_xes

TABLE = "办件,环节\n1,受理\n2,审核\n"
ROWS = [Row(2, {"办件": "1", "环节": "受理"}), Row(3, {"办件": "2", "环节": "审核"})]


def written(folder: Path, data: bytes, name: str = "f.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def problems(path: Path) -> list[tuple[int, str]]:
    return [(row.line, row.problem) for row in read_csv(path)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_table_is_read_in_any_of_its_encodings(
    tmp_path: Path, encoding: str, packed: bool
) -> None:
    """UTF-8 with or without BOM and GB18030, packed or not, without being told."""
    data = TABLE.encode(encoding)
    path = written(tmp_path, gzip.compress(data) if packed else data)
    assert list(read_csv(path)) == ROWS
    assert header_of(path) == ["办件", "环节"]


def test_lines_keep_their_numbers_over_blank_lines_and_line_breaks_in_quotes(
    tmp_path: Path,
) -> None:
    """A record is known by the line where it begins."""
    path = written(tmp_path, b'a,b\r\n\r\n1,"x\r\ny"\r\n2,z')
    assert list(read_csv(path)) == [Row(3, {"a": "1", "b": "x\r\ny"}), Row(5, {"a": "2", "b": "z"})]


def test_another_delimiter_may_be_named(tmp_path: Path) -> None:
    """Tabs, say."""
    path = written(tmp_path, b"a\tb\n1\t2\n")
    assert list(read_csv(path, delimiter="\t")) == [Row(2, {"a": "1", "b": "2"})]


def test_a_broken_line_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    """Columns, NUL bytes and text behind a quote cost their own line."""
    path = written(tmp_path, b'a,b\n1\n2,x\n3,\x00\n4,"x"y\n5,y,z\n6,z\n')
    assert [(line, said.partition(" (")[0]) for line, said in problems(path)] == [
        (2, "1 columns, the header has 2"),
        (3, ""),
        (4, "a NUL byte"),
        (5, "not CSV"),
        (6, "3 columns, the header has 2"),
        (7, ""),
    ]


@pytest.mark.parametrize("behind", [3, 3 * RECORD_LINES])
def test_a_quote_that_is_never_closed_costs_one_line(tmp_path: Path, behind: int) -> None:
    """However many lines follow, they are read."""
    path = written(tmp_path, b'a,b\n1,"x\n' + b"2,y\n" * behind)
    expected = [(2, "a quote is opened and not closed")]
    assert [each for each in problems(path) if each[1]] == expected
    assert len(problems(path)) == behind + 1


def test_a_field_or_a_line_without_end_is_refused(tmp_path: Path) -> None:
    """The line before and the one behind are read."""
    field, line = b"x" * (FIELD_LARGEST + 1), b"x" * (2 * LINE_LARGEST + 5)
    path = written(tmp_path, b"a,b\n0,y\n1," + field + b"\n2," + line + b"\n3,y\n")
    found = problems(path)
    assert [number for number, _ in found] == [2, 3, 4, 5]
    assert "field" in found[1][1]
    assert "characters" in found[2][1]
    assert [found[0][1], found[3][1]] == ["", ""]


def test_bytes_of_neither_encoding_cost_their_line(tmp_path: Path) -> None:
    """UTF-8 with a bad line is still UTF-8."""
    path = written(tmp_path, "a,b\n1,受理\n".encode() + b"2,\xff\xff\n3,y\n")
    assert detect(path) == "utf-8"
    assert problems(path) == [
        (2, ""),
        (3, "bytes that are not of the file's encoding"),
        (4, ""),
    ]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "it is empty"),
        (b"a,a\n", "the column 'a' twice"),
        (b'a,"b\n', "its header"),
        ("a,b\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_a_file_that_is_no_table_is_unreadable(tmp_path: Path, data: bytes, says: str) -> None:
    """The error says why, and that nothing was stored."""
    with pytest.raises(FileUnreadable, match=says) as caught:
        list(read_csv(written(tmp_path, data)))
    assert "nothing of it was stored" in str(caught.value)


def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    """So is a folder."""
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(FileUnreadable, match="cannot be opened"):
            list(read_csv(path))


@pytest.mark.parametrize("end", [b"3", b'3,"x', b'3,"x\ny'])
def test_a_table_cut_in_the_middle_of_a_line_is_cut_short(tmp_path: Path, end: bytes) -> None:
    """The error names the last whole line."""
    with pytest.raises(FileCutShort, match=r"after line [34]"):
        list(read_csv(written(tmp_path, b"a,b\n1,x\n2,y\n" + end)))


def test_a_gzip_cut_anywhere_is_cut_short(tmp_path: Path) -> None:
    """Even where only its check sum is missing."""
    data = gzip.compress(b"a,b\n" + b"1,x\n" * 100)
    for length in (15, len(data) // 2, len(data) - 1):
        with pytest.raises(FileCutShort):
            list(read_csv(written(tmp_path, data[:length])))


def test_a_damaged_gzip_is_unreadable(tmp_path: Path) -> None:
    """Whether its data or its check sum is wrong."""
    data = bytearray(gzip.compress(b"a,b\n" + bytes(range(32, 127)) * 100))
    for place in (len(data) // 2, len(data) - 8):
        broken = bytearray(data)
        broken[place] ^= 0xFF
        with pytest.raises(FileUnreadable):
            list(read_csv(written(tmp_path, bytes(broken))))


XES = """<?xml version="1.0" encoding="UTF-8"?>
<log xmlns="http://www.xes-standard.org/" xes.version="1.0">
<global scope="event"><string key="concept:name" value="none"/></global>
<trace>
<string key="concept:name" value="1"/>
<event>
<string key="concept:name" value="受理"/>
<date key="time:timestamp" value="2026-11-20T09:30:00.000+08:00"/>
</event>
<event><int key="n" value="2"/>
<list key="l"><values><int key="n" value="3"/></values></list></event>
<date key="ended" value="2026-11-21T00:00:00+08:00"/>
</trace>
<trace><event><string key="concept:name" value="x"/></event></trace>
</log>
"""


@pytest.mark.parametrize("packed", [False, True])
def test_a_log_gives_events_with_what_their_traces_say(tmp_path: Path, packed: bool) -> None:
    """Attributes of the trace have "case:" before them, wherever in it they stand."""
    data = XES.encode()
    path = written(tmp_path, gzip.compress(data) if packed else data)
    case = {"case:concept:name": "1", "case:ended": "2026-11-21T00:00:00+08:00"}
    at = {"time:timestamp": "2026-11-20T09:30:00.000+08:00"}
    assert list(read_xes(path)) == [
        Row(6, {**case, "concept:name": "受理", **at}),
        Row(10, {**case, "n": "2"}),
        Row(14, {"concept:name": "x"}),
    ]


def test_an_attribute_without_value_is_a_problem_of_its_event(tmp_path: Path) -> None:
    """So is one that stands twice."""
    text = XES.replace('<int key="n" value="2"/>', '<int key="n"/>')
    text = text.replace('"x"/>', '"x"/><string key="concept:name" value="y"/>')
    found = [row.problem for row in read_xes(written(tmp_path, text.encode()))]
    assert found == [
        "",
        "an attribute without key or value",
        "the attribute 'concept:name' stands twice",
    ]


BOMB = '<!DOCTYPE log [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("declared", [BOMB, OUTSIDE, '<!DOCTYPE log SYSTEM "http://x.test/d.dtd">'])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused(tmp_path: Path, declared: str, encoding: str) -> None:
    """No entity is resolved, from within or from outside, and nothing is fetched."""
    text = XES.replace("UTF-8", encoding).replace("<log", f"{declared}<log", 1)
    text = text.replace("受理", "&b;" if declared == BOMB else "&x;")
    with pytest.raises(FileUnreadable, match=r"document type|not XML"):
        list(read_xes(written(tmp_path, text.encode(encoding))))


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_a_log_cut_anywhere_is_cut_short(tmp_path: Path, keep: float) -> None:
    """Packed or not."""
    data = (XES * 1).encode()
    packed = gzip.compress(data)
    for part in (data[: int(len(data) * keep)], packed[: int(len(packed) * keep)]):
        with pytest.raises(FileUnreadable):
            list(read_xes(written(tmp_path, part)))


def test_what_is_not_xml_is_unreadable(tmp_path: Path) -> None:
    """The error says from which line on."""
    for data in (b"", b"a,b\n1,2\n", XES.replace("</trace>", "</tarce>", 1).encode()):
        with pytest.raises(FileUnreadable):
            list(read_xes(written(tmp_path, data)))


PIECES = st.sampled_from(
    [b"a,b\n", b'"', b"\n", b"\r", b",", b"\x00", "受".encode(), b"\xff", b"x"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PIECES, max_size=40).map(b"".join) | st.binary())
def test_any_bytes_give_rows_or_a_clear_error(tmp_path: Path, data: bytes) -> None:
    """Nothing but FileUnreadable is raised, and every line is accounted for once, in order."""
    for read in (read_csv, read_xes):
        lines = []
        try:
            lines.extend(row.line for row in read(written(tmp_path, data)))
        except FileUnreadable:
            continue
        assert lines == sorted(set(lines))


TAGS = st.sampled_from(
    [
        "<trace>",
        "</trace>",
        "<event>",
        "</event>",
        '<string key="a" value="b"/>',
        "<string/>",
        "x",
        "&a;",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TAGS, max_size=30).map("".join))
def test_any_xml_gives_rows_or_a_clear_error(tmp_path: Path, inner: str) -> None:
    """Elements in any order raise nothing but FileUnreadable."""
    try:
        for row in read_xes(written(tmp_path, f"<log>{inner}</log>".encode())):
            assert isinstance(row, Row)
    except FileUnreadable:
        pass
