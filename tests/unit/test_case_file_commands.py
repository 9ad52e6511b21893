"""`supervise case-file`: taken and checked in the terminal; what goes wrong is a line."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import CliRunner, Result

from replay.sealing import Sealer
from supervision.access.events import ACCESS, CaseFileTaken, TextsSeen
from supervision.clock import SystemClock
from supervision.record import Incoming, Record
from supervision.runners.cli import main
from supervision.runners.sealing import folder_of, seals_of, signer_of
from supervision.runners.settings import settings
from tests.court import fact

WORDS = "一眼深井"


@pytest.fixture
def record(home: Path) -> Iterator[Record]:
    """A case in the home, and one of the same number in two source systems; all of it sealed."""
    home.mkdir(parents=True)
    opened = Record(home, SystemClock())
    for source, case_no in (("s", "1"), ("s", "2"), ("t", "2")):
        name = f"{source}-{case_no}"
        given = fact("ApplicationReceived", "2026-03-02", name, source=source, case_no=case_no)
        opened.append_facts([Incoming(given, {"opinion": WORDS})])
    seal(opened)
    yield opened
    opened.close()


def seal(record: Record) -> None:
    """A checkpoint of all that is recorded."""
    given = settings()
    sealer = Sealer(record, folder_of(given), signer_of(given))
    try:
        while sealer.follow():
            pass
        sealer.sign(record.last_stamp())
    finally:
        sealer.close()


def run(*words: object) -> Result:
    """The command, as it is typed."""
    typed = ["case-file", *map(str, words)]
    return CliRunner().invoke(main, typed, catch_exceptions=False)


def events(record: Record, kind: type) -> list[object]:
    """What the trail holds of a kind."""
    return [each.event for each in record.read_stream(ACCESS) if isinstance(each.event, kind)]


def test_a_file_is_taken_and_good_under_the_key(record: Record, tmp_path: Path) -> None:
    """On record with the digest of its manifest; the check ends with 0, without the key with 3."""
    out = tmp_path / "case.zip"
    assert run("1", "--out", out).exit_code == 0
    (event,) = events(record, CaseFileTaken)
    assert isinstance(event, CaseFileTaken)
    assert event.digest == sha256(ZipFile(out).read("manifest.txt")).hexdigest()
    assert (event.source, event.case_no, event.texts) == ("s", "1", False)
    vkey = seals_of(settings()).vkey
    good = run("check", out, "--key", vkey)
    assert (good.exit_code, "属实 ok" in good.output) == (0, True)
    assert run("check", out).exit_code == 3
    (tmp_path / "key").write_text(f"{vkey}\n")
    assert run("check", out, "--key-file", tmp_path / "key").exit_code == 0


def test_a_file_is_its_owners_alone(record: Record, tmp_path: Path) -> None:
    """Whatever the umask, whatever stood there, and wherever somebody's link led from the draft."""
    out, elsewhere = tmp_path / "case.zip", tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine")
    (tmp_path / ".case.zip.part").symlink_to(elsewhere)
    out.symlink_to(elsewhere)
    before = os.umask(0)
    try:
        assert run("1", "--out", out, "--force").exit_code == 0
    finally:
        os.umask(before)
    assert (0o600, False) == (out.stat().st_mode & 0o777, out.is_symlink())
    assert b"mine" == elsewhere.read_bytes()


def test_texts_are_taken_for_a_reason(record: Record, tmp_path: Path) -> None:
    """On record as looked at; without a reason nothing is taken."""
    out = tmp_path / "case.zip"
    assert run("1", "--out", out, "--texts").exit_code == 1
    assert not out.exists()
    assert run("1", "--out", out, "--texts", "--reason", "复查").exit_code == 0
    assert WORDS in ZipFile(out).read("case.json").decode()
    assert len(events(record, TextsSeen)) == 1
    (event,) = events(record, CaseFileTaken)
    assert isinstance(event, CaseFileTaken)
    assert (event.texts, event.reason) == (True, "复查")


def test_what_cannot_be_taken_is_a_line(record: Record, tmp_path: Path) -> None:
    """No such case, two of that number, a file that is there, a folder that is not: nothing of it
    is on record, and no file half written.
    """
    there = tmp_path / "there.zip"
    there.write_bytes(b"mine")
    for words in (
        ("none", "--out", tmp_path / "x.zip"),
        ("2", "--out", tmp_path / "x.zip"),
        ("1", "--out", there),
        ("1", "--out", tmp_path / "no" / "x.zip"),
    ):
        done = run(*words)
        assert (done.exit_code, len(done.output.strip().splitlines())) == (1, 1), done.output
    assert there.read_bytes() == b"mine"
    assert events(record, CaseFileTaken) == []
    assert run("2", "--source", "t", "--out", there, "--force").exit_code == 0
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_a_file_that_is_no_bundle_is_unreadable(record: Record, tmp_path: Path) -> None:
    """Exit 2, in a line; so is a key that is none."""
    (tmp_path / "x.zip").write_bytes(b"no zip")
    assert run("check", tmp_path / "x.zip").exit_code == 2
    assert run("check", tmp_path / "none.zip").exit_code == 2
    assert run("1", "--out", tmp_path / "y.zip").exit_code == 0
    assert run("check", tmp_path / "y.zip", "--key", "nonsense").exit_code == 2


def test_a_changed_log_is_found_in_the_file_that_is_taken_of_it(
    record: Record, tmp_path: Path
) -> None:
    """A payload changed behind the product's back has not the leaf that was sealed."""
    (first,) = record.read(0, 1)
    payload = first.payload.replace(b"2026-03-02", b"2026-03-03")
    with closing(sqlite3.connect(settings().home / "log.db")) as database, database:
        guards = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (guard,) in guards.fetchall():
            database.execute(f'DROP TRIGGER "{guard}"')
        database.execute("UPDATE log SET payload = ? WHERE position = 1", [payload])
    out = tmp_path / "case.zip"
    taken = run("1", "--out", out)
    assert taken.exit_code == 1
    assert "日志与封存不符 the log is not what was sealed" in taken.output
    found = run("check", out, "--key", seals_of(settings()).vkey)
    assert found.exit_code == 1
    assert "位置 position 1: 存在证明不成立" in found.output
