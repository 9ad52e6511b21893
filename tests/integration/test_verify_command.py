"""`supervise verify`: what it says, what it ends with, what it leaves on record."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from replay import evidence
from replay.seals import NOTES, VKEY
from supervision.access.events import ACCESS, LogVerified
from supervision.clock import SystemClock
from supervision.errors import StoreBusy, StoreDown, StoreError
from supervision.record import Record
from supervision.runners.cli import main
from supervision.store.sqlite import Recorder
from tests.sealed import Sealing, fill, signer

pytestmark = pytest.mark.integration


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose log has 40 events, sealed at 20 and 40."""
    home, sealing = tmp_path / "home", Sealing(tmp_path / "home" / "seals")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUPERVISION_HOME", str(home))
    with closing(Record(home, SystemClock())) as record:
        for first in (1, 21):
            fill(record, first, first + 19)
            sealing.seal(record)
    notes = home / "seals" / NOTES
    notes.mkdir()
    for note in sealing.notes:
        (notes / note.name).write_bytes(note.data)
    (home / "seals" / VKEY).write_text(sealing.key.key.vkey + "\n")
    return home


def verify(*words: str) -> Result:
    """What it says; never with a traceback."""
    result = CliRunner().invoke(main, ["verify", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def tamper(home: Path) -> None:
    with closing(sqlite3.connect(home / "log.db")) as db:
        (trigger,) = db.execute("SELECT sql FROM sqlite_master WHERE name='log_is_not_changed'")
        db.execute("DROP TRIGGER log_is_not_changed")
        db.execute("UPDATE log SET recorded_at = recorded_at + 1 WHERE position = 33")
        db.execute(trigger[0])
        db.commit()


def on_record(home: Path) -> list[LogVerified]:
    with closing(Record(home, SystemClock())) as record:
        stored = [each.event for each in record.read_stream(ACCESS)]
    return [each for each in stored if isinstance(each, LogVerified)]


def test_a_proved_log_ends_with_0_and_is_put_on_record(home: Path) -> None:
    """By the console, with how far it is proved and the root."""
    result = verify()
    assert 0 == result.exit_code
    assert "完好" in result.output
    assert "PROVED" in result.output
    (event,) = on_record(home)
    assert (40, 40, 0, True) == (
        event.position, event.sealed, event.findings, event.by.startswith("console:")
    )  # fmt: skip
    assert event.root in result.output


def test_findings_end_with_1_are_named_and_nothing_is_written(home: Path) -> None:
    """Unless that is asked for."""
    tamper(home)
    result = verify()
    assert 1 == result.exit_code
    assert "第 33 条事件被改动" in result.output
    assert "event 33 was changed" in result.output
    assert "case/hz/A-3/facts v7" in result.output
    assert [] == on_record(home)
    assert 1 == verify("--record").exit_code
    assert [(20, 1)] == [(each.sealed, each.findings) for each in on_record(home)]


def test_as_json_it_says_the_same(home: Path) -> None:
    """For programs."""
    tamper(home)
    result = verify("--json")
    told = json.loads(result.stdout)
    assert ("findings", 40, 20) == (told["verdict"], told["sealed"], told["proved"])
    (finding,) = told["findings"]
    assert ("event_changed", 33, "event 33 was changed") == (
        finding["kind"], finding["position"], finding["en"]
    )  # fmt: skip


def test_without_seals_it_ends_with_3(home: Path) -> None:
    """Nothing to compare with is not proved, and that is on record too."""
    shutil.rmtree(home / "seals")
    result = verify()
    assert 3 == result.exit_code
    assert "NOT PROVED" in result.output
    assert [0] == [each.sealed for each in on_record(home)]


def test_a_key_from_elsewhere_is_believed_and_not_the_folders(home: Path, tmp_path: Path) -> None:
    """As a line or in a file; of another, no checkpoint is believed."""
    (tmp_path / "log.vkey").write_text(signer().key.vkey + "\n")
    assert 0 == verify("--key", signer().key.vkey).exit_code
    assert 0 == verify("--key", str(tmp_path / "log.vkey")).exit_code
    result = verify("--key", signer(2).key.vkey)
    assert 1 == result.exit_code
    assert "not signed by the log's key" in result.output
    assert "the key was taken from the folder itself" in verify().output


def test_a_copy_elsewhere_shows_that_the_newest_checkpoint_is_gone(
    home: Path, tmp_path: Path
) -> None:
    """A witness's folder of notes."""
    shutil.copytree(home / "seals" / NOTES, tmp_path / "copies")
    (home / "seals" / NOTES / f"{40:020}.note").unlink()
    result = verify("--copy", str(tmp_path / "copies"))
    assert 1 == result.exit_code
    assert "the newest checkpoint is gone" in result.output


def test_only_what_came_since_a_checkpoint_is_looked_at_if_asked(home: Path) -> None:
    """And it says so; a part is not put on record as if it were the whole."""
    result = verify("--from", "20")
    assert 0 == result.exit_code
    assert "only what is behind event 20" in result.output
    assert [] == on_record(home)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--key", "nonsense"), "neither a key"),
        (("--key", "a+b+c"), "no key NAME+HASH+BASE64"),
        (("--witness", "x"), "neither a key"),
        (("--seals", "nowhere"), "there is no folder nowhere"),
        (("--copy", "nowhere"), "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_line_and_proves_nothing(
    home: Path, words: tuple[str, ...], says: str
) -> None:
    """It ends with 3."""
    result = verify(*words)
    assert 3 == result.exit_code
    assert says in result.output
    assert 1 == len(result.output.strip().splitlines())


def test_a_home_without_a_log_proves_nothing_and_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with 3."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUPERVISION_HOME", str(tmp_path / "none"))
    assert 3 == verify().exit_code
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("damage", ["whole", "part"])
def test_a_broken_database_is_a_finding(home: Path, damage: str) -> None:
    """Whether it opens or not."""
    file = home / "log.db"
    data = bytearray(file.read_bytes())
    begin = 0 if damage == "whole" else 4096
    data[begin : begin + 8_192] = b"\xff" * 8_192
    file.write_bytes(bytes(data))
    result = verify()
    assert 1 == result.exit_code
    assert "the database cannot be read" in result.output


def test_a_checkpoint_that_comes_while_notes_are_read_is_not_called_missing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copies are read first: what is made and copied meanwhile is among our own then."""
    own, copies = home / "seals" / NOTES, tmp_path / "copies"
    shutil.copytree(own, copies)
    newest, listed = f"{60:020}.note", evidence._copies

    def sealed_meanwhile(folder: Path) -> list[Path]:
        for where in (own, copies):
            (where / newest).write_bytes(b"newer")
        return list(listed(folder))

    monkeypatch.setattr(evidence, "_copies", sealed_meanwhile)
    notes = evidence.Evidence(home / "seals", copies=(copies,)).notes()
    copied = {Path(each.name).name for each in notes if each.copy}
    assert newest in copied
    assert copied <= {each.name for each in notes if not each.copy}


@pytest.mark.parametrize("gone", [StoreDown("db:5432/log", "gone"), StoreBusy("log.db", "locked")])
@pytest.mark.parametrize("method", ["scan", "faults"])
def test_a_database_that_does_not_answer_proves_nothing_and_is_no_finding(
    home: Path, monkeypatch: pytest.MonkeyPatch, gone: StoreError, method: str
) -> None:
    """It ends with 3, says why, and puts nothing on record."""

    def lost(*_: object) -> object:
        raise gone

    with monkeypatch.context() as patch:
        patch.setattr(Recorder, method, lost)
        result = verify()
        told = json.loads(verify("--json").stdout)
    assert 3 == result.exit_code
    assert "NOT PROVED" in result.output
    assert str(gone) in result.output
    assert "backup" not in result.output
    assert ("not_proved", [], str(gone)) == (told["verdict"], told["findings"], told["unread"])
    assert [] == on_record(home)


def test_what_was_found_before_a_database_was_lost_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with 1, and says that it was not read to the end."""
    tamper(home)

    def lost(*_: object) -> object:
        raise StoreDown("db:5432/log", "gone")

    monkeypatch.setattr(Recorder, "faults", lost)
    result = verify()
    assert 1 == result.exit_code
    assert "event 33 was changed" in result.output
    assert "not read to the end, verify again: db:5432/log: gone" in result.output


def test_a_guard_that_is_gone_is_told_although_opening_puts_it_back(home: Path) -> None:
    """The command looks before it does."""
    with closing(sqlite3.connect(home / "log.db")) as db:
        db.execute("DROP TRIGGER log_is_not_changed")
    result = verify()
    assert 1 == result.exit_code
    assert "trigger log_is_not_changed" in result.output


def test_it_works_beside_a_process_that_writes(home: Path) -> None:
    """Which holds the log open, and goes on."""
    with closing(Record(home, SystemClock())) as record:
        fill(record, 41, 44)
        result = verify()
        fill(record, 45, 46)
    assert 0 == result.exit_code
    assert "not sealed yet from event 41" in result.output
