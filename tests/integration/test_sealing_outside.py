"""What is sealed goes outside as it is sealed: to a witness, a folder, a time stamp authority."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from threading import Event

import pytest
from msgspec.structs import replace

from alerts.alarms import Health
from replay.cosigning import CosigningWitness
from replay.leaves import LeavesBroken
from replay.notes import read_note, vouchers
from replay.sealing import Sealer
from supervision.clock import SystemClock
from supervision.facts import CaseAccepted
from supervision.record import Incoming, Record
from supervision.runners.sealing import Sealing, ask, folder_of, seals_of, signer_of
from supervision.runners.settings_fields import Settings
from tests.integration.test_witnesses import served, witness_of
from tests.product import free_port, supervise, until
from tests.tsa import Authority, authority

pytestmark = pytest.mark.integration


@pytest.fixture
def given(tmp_path: Path) -> Settings:
    """Of a home with a folder elsewhere that gets copies."""
    copies = tmp_path / "copies"
    copies.mkdir()
    return Settings(home=tmp_path / "home", seal_minutes=60, witnesses=f"folder:{copies}")


@pytest.fixture
def record(given: Settings) -> Iterator[Record]:
    """Its record, with an event."""
    with closing(Record(given.home, SystemClock())) as opened:
        report(opened, "1")
        yield opened


def report(record: Record, case_no: str) -> None:
    """One fact."""
    at = datetime.fromisoformat("2026-11-20T09:30:00+08:00")
    fact = CaseAccepted(id=case_no, source="s", case_no=case_no, occurred_at=at)
    record.append_facts([Incoming(fact)])


def outside(given: Settings, witness: CosigningWitness, url: str, tsa: Authority) -> Settings:
    """With one more witness, and an authority that stamps."""
    return replace(
        given,
        witnesses=f"{witness.key.vkey}@{url},{given.witnesses}",
        stamp_url=tsa.url,
        stamp_roots=str(tsa.roots),
    )


def test_a_checkpoint_is_stamped_cosigned_and_copied(
    tmp_path: Path, given: Settings, record: Record
) -> None:
    """All three, without anybody asking; the wall has nothing to say."""
    log = signer_of(given).key
    with (
        witness_of(tmp_path / "w", log) as witness,
        served(witness) as url,
        authority(tmp_path / "tsa") as tsa,
    ):
        running = Sealing(record, outside(given, witness, url, tsa))
        running.start()
        try:
            until((tmp_path / "copies" / f"{1:020}.note").exists, "the copy")
            notes = seals_of(given).checkpoints
            assert vouchers(read_note(notes.note(1)), [witness.key])
            assert ["CN=Test TSA"] == [each.authority for each in seals_of(given).stamps(1)]
            assert Health() == running.health(Health())
            report(record, "2")
            ask(folder_of(given))
            until((tmp_path / "copies" / f"{2:020}.note").exists, "the next")
        finally:
            running.stop()
        assert vouchers(read_note(notes.note(2)), [witness.key])


def test_the_last_checkpoint_of_an_orderly_end_goes_outside_too(
    tmp_path: Path, given: Settings, record: Record
) -> None:
    """Stamped, cosigned and copied: a night is no window in which its end could be cut off."""
    log = signer_of(given).key
    with (
        witness_of(tmp_path / "w", log) as witness,
        served(witness) as url,
        authority(tmp_path / "tsa") as tsa,
    ):
        running = Sealing(record, outside(given, witness, url, tsa))
        running.start()
        until((tmp_path / "copies" / f"{1:020}.note").exists, "the first copy")
        report(record, "2")
        running.stop()
        notes = seals_of(given).checkpoints
        assert 2 == notes.last()
        assert notes.stamp(2)
        for note in (notes.path(2), tmp_path / "copies" / f"{2:020}.note"):
            assert vouchers(read_note(note.read_bytes()), [witness.key])


def test_what_one_thread_has_to_tell_the_other_does_not_take_back(
    given: Settings, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealing goes on well, and that nobody is shown it stays told."""
    running, looks = Sealing(record, given), Event()

    def fails(*_: object) -> None:
        raise LeavesBroken(given.home, "a disk")

    def looked(sealer: Sealer) -> None:
        look(sealer)
        if running.failed:
            looks.set()

    look = running._look
    monkeypatch.setattr(running, "_look", looked)
    monkeypatch.setattr(running._round, "show", fails)
    running.start()
    try:
        assert looks.wait(60)
        assert "a disk" in running.health(Health()).seals_failed
    finally:
        running.stop()


def test_what_is_wrong_outside_is_told_and_sealing_goes_on(
    tmp_path: Path, given: Settings, record: Record
) -> None:
    """An authority that does not answer, a folder that holds another log's notes."""
    (tmp_path / "copies" / f"{9:020}.note").write_bytes(b"another log's")
    with authority(tmp_path / "tsa") as tsa:
        nobody = f"http://127.0.0.1:{free_port()}/"
        outside = replace(given, stamp_url=nobody, stamp_roots=str(tsa.roots))
        running = Sealing(record, outside)
        running.start()
        try:
            until(lambda: running.unstamped and running.unwitnessed, "both to be told")
            told = running.health(Health())
            assert nobody in told.stamps_failed
            assert "cut off or restored" in told.witnesses[0]
            report(record, "2")
            ask(folder_of(given))
            until(lambda: seals_of(given).checkpoints.last() == 2, "the next checkpoint")
        finally:
            running.stop()


def test_seal_now_shows_it_too_where_nothing_runs(
    tmp_path: Path, given: Settings, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says who could not be reached."""
    monkeypatch.setenv("SUPERVISION_WITNESSES", f"{given.witnesses},folder:{tmp_path / 'away'}")
    done = supervise(given.home, "seal", "now")
    assert 0 == done.returncode, done.stderr
    assert (tmp_path / "copies" / f"{1:020}.note").exists()
    assert "mount it" in done.stderr
