"""A sealer: what it signs, when, and that it signs nothing once the log is not what was sealed.

Above 400 lines: what is signed, and each way in which log and files may disagree, stand together.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from replay.leaves import Leaves, LeavesInUse, LeavesWrong
from replay.merkle import leaf_hash, root_of, verify_consistency, verify_inclusion
from replay.notes import ED25519, read_checkpoint, read_note, vouchers
from replay.seal_keys import KeyOfAnother, make_signer
from replay.sealing import READ, Sealer, SealsBroken
from replay.seals import NoteContradicted, NoteDamaged, SealFolder
from tests.seals import (
    MINUTE,
    NAME,
    Tampered,
    folder_at,
    follow,
    proof_of,
    seal,
    sealer_at,
    signer_at,
)


def broken(home: Path, log: Tampered) -> SealsBroken:
    """How a sealer that starts anew finds the log; it signs nothing."""
    before = folder_at(home).latest()
    with sealer_at(home, log) as sealer:
        with pytest.raises(SealsBroken) as found:
            follow(sealer)
        with pytest.raises(SealsBroken):
            sealer.sign(0)
        assert sealer.broken is found.value
    assert folder_at(home).latest() == before
    return found.value


def damage(folder: SealFolder, name: str, entry: int) -> None:
    """A byte of a hash in a file of the folder."""
    path = folder.folder / name
    data = bytearray(path.read_bytes())
    data[entry * 32] ^= 1
    path.write_bytes(data)


class TestCheckpoints:
    """What is signed."""

    def test_a_checkpoint_says_name_size_root_and_when_the_last_event_was_recorded(
        self, tmp_path: Path
    ) -> None:
        """Signed by the log's key, by Ed25519; the folder has the public key beside it."""
        folder = seal(tmp_path, Tampered(5))
        latest = folder.latest()
        assert latest is not None
        note = read_note(latest.note)
        found = read_checkpoint(note.text)
        assert (NAME, 5, ("recorded_at 1970-01-01T00:00:00.005000Z",)) == (
            found.origin,
            found.size,
            found.extra,
        )
        assert [(folder.key, 0)] == [tuple(each) for each in vouchers(note, [folder.key])]
        assert (folder.key.algorithm, folder.vkey) == (ED25519, signer_at(tmp_path).key.vkey)

    def test_every_event_is_proved_against_it(self, tmp_path: Path) -> None:
        """By its envelope alone."""
        log = Tampered(300)
        folder = seal(tmp_path, log)
        root = folder.checkpoints.checkpoint(300).root
        for stored in log.events:
            path = proof_of(folder, stored.position, 300)
            leaf = leaf_hash(stored.envelope)
            assert verify_inclusion(leaf, stored.position - 1, 300, path, root)

    def test_one_goes_on_from_another(self, tmp_path: Path) -> None:
        """Whatever the sizes."""
        log = Tampered(7)
        folder = seal(tmp_path, log)
        log.grow(600)
        seal(tmp_path, log)
        assert [7, 607] == folder.checkpoints.sizes()
        old, new = (folder.checkpoints.checkpoint(size) for size in (7, 607))
        assert verify_consistency(7, old.root, 607, new.root, folder.consistency(7, 607))

    @pytest.mark.parametrize(("position", "size"), [(0, 5), (6, 5), (1, 6), (1, 0)])
    def test_there_is_no_proof_of_what_is_not_sealed(
        self, tmp_path: Path, position: int, size: int
    ) -> None:
        """Neither of position 0 nor beyond the end."""
        folder = seal(tmp_path, Tampered(5))
        with pytest.raises(IndexError):
            proof_of(folder, position, size)

    def test_of_an_empty_log_nothing_is_signed(self, tmp_path: Path) -> None:
        """There is nothing to vouch for."""
        with sealer_at(tmp_path, Tampered()) as sealer:
            follow(sealer)
            assert sealer.sign(0) is None
        assert folder_at(tmp_path).latest() is None

    def test_the_same_again_is_the_same_note(self, tmp_path: Path) -> None:
        """Nothing new, nothing written."""
        log = Tampered(3)
        first = seal(tmp_path, log).latest()
        assert seal(tmp_path, log).latest() == first

    def test_a_note_of_another_root_is_never_written_over(self, tmp_path: Path) -> None:
        """Two checkpoints of one size: both are evidence."""
        folder = seal(tmp_path, Tampered(3))
        other = Tampered()
        other.grow(3, "other")
        note = seal(tmp_path / "other", other).latest()
        before = folder.latest()
        assert note is not None
        with pytest.raises(NoteContradicted):
            folder.checkpoints.write(3, note.note)
        assert folder.latest() == before

    def test_signatures_are_added_below_a_text_that_stays(self, tmp_path: Path) -> None:
        """Once each."""
        notes = seal(tmp_path, Tampered(3)).checkpoints
        text, line = read_note(notes.note(3)).text, "— w AAAAAAAA\n".encode()
        notes.add(3, line)
        notes.add(3, line)
        assert text == read_note(notes.note(3)).text
        assert 2 == len(read_note(notes.note(3)).signatures)

    def test_a_transaction_that_goes_beyond_a_reading_is_taken_in_whole(
        self, tmp_path: Path
    ) -> None:
        """A store may give more than was asked for."""

        class Whole(Tampered):
            def read(self, after: int, limit: int) -> list:  # type: ignore[type-arg]
                return super().read(after, limit + 3)

        log = Whole(10)
        with sealer_at(tmp_path, log) as sealer:
            assert 5 == sealer.follow(2)
            assert 5 == sealer.follow(2)
            follow(sealer)
            sealer.sign(0)
        with sealer_at(tmp_path, log) as sealer:
            assert (0, 10) == (sealer.follow(), sealer.sealed)


class TestSchedule:
    """When one is due."""

    def test_of_a_new_log_at_once(self, tmp_path: Path) -> None:
        """The first events must not wait; of no event there is nothing to sign."""
        log = Tampered(most=2)
        with sealer_at(tmp_path, log) as sealer:
            follow(sealer)
            assert not sealer.due(0, caught_up=True)
            log.grow(5)
            sealer.follow()
            assert sealer.due(0, caught_up=False)

    def test_of_a_long_log_that_is_new_to_it_again_once_all_is_taken_in(
        self, tmp_path: Path
    ) -> None:
        """A city's past, or a home that was adopted: the rest does not wait for the schedule."""
        log = Tampered(5, most=2)
        with sealer_at(tmp_path, log) as sealer:
            sealer.follow()
            assert sealer.due(0, caught_up=False)
            sealer.sign(0)
            sealer.follow()
            assert not sealer.due(1, caught_up=False)
            follow(sealer)
            assert sealer.due(1, caught_up=True)
            sealer.sign(1)
            log.grow(1)
            follow(sealer)
            assert not sealer.due(2, caught_up=True)

    def test_after_a_start_once_it_has_caught_up(self, tmp_path: Path) -> None:
        """Not in the middle of a million events behind."""
        log = Tampered(5)
        seal(tmp_path, log)
        with sealer_at(tmp_path, log) as sealer:
            follow(sealer)
            assert not sealer.due(0, caught_up=True)
            log.grow(1)
            follow(sealer)
            assert not sealer.due(0, caught_up=False)
            assert sealer.due(0, caught_up=True)

    def test_then_by_the_clock_where_anything_is_new(self, tmp_path: Path) -> None:
        """Ten minutes after the last; a clock that went back delays nothing."""
        log, now = Tampered(5), 100 * MINUTE
        with sealer_at(tmp_path, log) as sealer:
            follow(sealer)
            sealer.sign(now)
            assert not sealer.due(now + 60 * MINUTE, caught_up=True)
            log.grow(1)
            follow(sealer)
            assert not sealer.due(now + 10 * MINUTE - 1, caught_up=True)
            assert sealer.due(now + 10 * MINUTE, caught_up=True)
            assert sealer.due(now - MINUTE, caught_up=True)


class TestBroken:
    """The log is not what was sealed: nothing is signed any more, and the position is named."""

    def test_a_log_that_was_cut_off(self, tmp_path: Path) -> None:
        """Restored from an older copy; the first position that is missing."""
        log = Tampered(20)
        seal(tmp_path, log)
        log.cut(12)
        assert 13 == broken(tmp_path, log).position

    def test_a_log_that_was_restored_and_went_on(self, tmp_path: Path) -> None:
        """Beyond what was sealed; the first position that differs."""
        log = Tampered(20)
        seal(tmp_path, log)
        log.cut(12)
        log.grow(30, "another life")
        assert 13 == broken(tmp_path, log).position

    def test_an_event_changed_behind_the_last_checkpoint(self, tmp_path: Path) -> None:
        """It has its leaf, though no checkpoint covers it yet."""
        log = Tampered(10)
        seal(tmp_path, log)
        log.grow(10)
        with sealer_at(tmp_path, log) as sealer:
            follow(sealer)
        log.change(15)
        assert 15 == broken(tmp_path, log).position

    def test_the_last_sealed_event_changed(self, tmp_path: Path) -> None:
        """Looked at before anything is added."""
        log = Tampered(10)
        seal(tmp_path, log)
        log.change(10)
        assert 10 == broken(tmp_path, log).position

    def test_an_event_deleted_before_it_was_sealed(self, tmp_path: Path) -> None:
        """Positions have no gaps."""
        log = Tampered(10)
        seal(tmp_path, log)
        log.grow(5)
        del log.events[12]
        assert 13 == broken(tmp_path, log).position

    def test_the_last_event_deleted_before_it_was_sealed(self, tmp_path: Path) -> None:
        """The log says that it goes further than there are events."""

        class Counting(Tampered):
            def head(self) -> int:
                return 12

        log = Counting(11)
        with sealer_at(tmp_path, log) as sealer:
            sealer.follow()
            with pytest.raises(SealsBroken) as found:
                sealer.follow()
        assert 12 == found.value.position

    def test_an_event_recorded_while_it_looks_is_taken_in(self, tmp_path: Path) -> None:
        """Between reading and asking where the log ends: nothing is missing."""

        class Late(Tampered):
            def head(self) -> int:
                self.grow(1)
                return super().head()

        with sealer_at(tmp_path, Late()) as sealer:
            assert [1, 1] == [sealer.follow(), sealer.follow()]

    def test_a_log_that_changes_under_a_running_sealer(self, tmp_path: Path) -> None:
        """Before each signature it looks again."""
        log = Tampered(10)
        with sealer_at(tmp_path, log) as sealer:
            follow(sealer)
            sealer.sign(0)
            log.cut(8)
            log.grow(5, "another life")
            follow(sealer)
            with pytest.raises(SealsBroken) as found:
                sealer.sign(0)
        assert 9 == found.value.position
        assert [10] == folder_at(tmp_path).checkpoints.sizes()

    def test_leaves_and_log_both_changed(self, tmp_path: Path) -> None:
        """Neither gives the root that was signed; where they part first is named."""
        log = Tampered(10)
        folder = seal(tmp_path, log)
        damage(folder, "leaves", 6)
        log.change(9)
        assert 7 == broken(tmp_path, log).position

    def test_a_log_that_is_right_again_is_sealed_on(self, tmp_path: Path) -> None:
        """The wrong copy was put in, then the right one: nothing was signed in between."""
        log = Tampered(20)
        seal(tmp_path, log)
        wrong = Tampered(12)
        broken(tmp_path, wrong)
        log.grow(1)
        assert [20, 21] == seal(tmp_path, log).checkpoints.sizes()


class TestFiles:
    """What deaths, power cuts and hands leave of the files."""

    @pytest.mark.parametrize("count", [10, 700])
    def test_a_damaged_leaf_under_a_right_log_is_mended_and_told(
        self, tmp_path: Path, count: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The log's own hashes give the root that was signed: it is the file that is wrong."""
        log = Tampered(count)
        folder = seal(tmp_path, log)
        before = (folder.folder / "leaves").read_bytes()
        damage(folder, "leaves", 6)
        log.grow(1)
        seal(tmp_path, log)
        assert before == (folder.folder / "leaves").read_bytes()[:-32]
        assert "1 hashes kept of the log were damaged, the first that of position 7" in caplog.text

    @pytest.mark.parametrize("kept", [0, 4])
    def test_leaves_made_anew_from_a_wrong_copy_do_not_stay(
        self, tmp_path: Path, kept: int
    ) -> None:
        """Once the right copy is back, sealing goes on by itself."""
        log = Tampered(10)
        folder = seal(tmp_path, log)
        os.truncate(folder.folder / "leaves", kept * 32)
        wrong = Tampered(10)
        wrong.change(6)
        broken(tmp_path, wrong)
        assert kept * 32 == (folder.folder / "leaves").stat().st_size
        log.grow(1)
        assert [10, 11] == seal(tmp_path, log).checkpoints.sizes()

    def test_a_wrong_hash_above_the_leaves_is_made_anew_at_a_start(self, tmp_path: Path) -> None:
        """The root is read from others, and is right all the same."""
        log = Tampered(70_000)
        folder = seal(tmp_path, log)
        before = (folder.folder / "level-8").read_bytes()
        damage(folder, "level-8", 5)
        seal(tmp_path, log)
        assert before == (folder.folder / "level-8").read_bytes()

    def test_the_hashes_are_on_the_disk_before_they_are_signed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Leaves and levels: a power cut loses nothing that a note vouches for."""
        synced: list[str] = []
        fsync = os.fsync

        def noted(file: int) -> None:
            synced.append(Path(f"/proc/self/fd/{file}").readlink().name)
            fsync(file)

        log = Tampered(300)
        with sealer_at(tmp_path, log) as sealer:
            follow(sealer)
            monkeypatch.setattr(os, "fsync", noted)
            sealer.sign(0)
        written = next(at for at, name in enumerate(synced) if ".note" in name)
        assert {"leaves", "level-8", "level-16", "level-24"} <= set(synced[:written])

    def test_no_wrong_proof_is_given_out(self, tmp_path: Path) -> None:
        """It is held against the signed root, and made from the leaves alone where it does not
        hold; where these are wrong too, nothing is proved.
        """
        log = Tampered(70_000)
        folder = seal(tmp_path, log)
        root = folder.checkpoints.checkpoint(70_000).root
        damage(folder, "level-8", 5)
        leaf = leaf_hash(log.events[0].envelope)
        assert verify_inclusion(leaf, 0, 70_000, proof_of(folder, 1, 70_000), root)
        with closing(Leaves(folder.folder)) as leaves:
            old = root_of(leaves.nodes_anew(), 300)
        proof = folder.consistency(300, 70_000)
        assert verify_consistency(300, old, 70_000, root, proof)
        damage(folder, "leaves", 1_400)
        with pytest.raises(LeavesWrong, match="supervise verify"):
            proof_of(folder, 1, 70_000)
        with pytest.raises(LeavesWrong):
            folder.consistency(300, 70_000)

    @pytest.mark.parametrize("left", [0, 31, 32, 320, 321, 16 * 32 + 5])
    def test_leaves_torn_anywhere_are_made_good_from_the_log(
        self, tmp_path: Path, left: int
    ) -> None:
        """Covered by a checkpoint or not: its root tells whether they are right."""
        log = Tampered(10)
        folder = seal(tmp_path, log)
        log.grow(10)
        with sealer_at(tmp_path, log) as sealer:
            follow(sealer)
        os.truncate(folder.folder / "leaves", left)
        assert [10, 20] == seal(tmp_path, log).checkpoints.sizes()
        whole = seal(tmp_path / "whole", log)
        assert whole.checkpoints.checkpoint(20) == folder.checkpoints.checkpoint(20)

    def test_leaves_lost_under_a_changed_log_are_not_made_anew(self, tmp_path: Path) -> None:
        """The root of the checkpoint does not come out."""
        log = Tampered(10)
        folder = seal(tmp_path, log)
        (folder.folder / "leaves").unlink()
        log.change(4)
        assert "the last checkpoint" in str(broken(tmp_path, log))

    def test_what_a_power_cut_left_empty_is_sealed_anew(self, tmp_path: Path) -> None:
        """Behind the last checkpoint nothing was vouched for."""
        log = Tampered(10)
        folder = seal(tmp_path, log)
        log.grow(10)
        with sealer_at(tmp_path, log) as sealer:
            follow(sealer)
        with (folder.folder / "leaves").open("r+b") as file:
            file.seek(13 * 32)
            file.write(bytes(3 * 32))
        assert [10, 20] == seal(tmp_path, log).checkpoints.sizes()

    @pytest.mark.parametrize("lost", ["level-8", "level-16"])
    def test_levels_lost_or_wrong_are_made_anew(self, tmp_path: Path, lost: str) -> None:
        """They follow from the leaves."""
        log = Tampered(1_000)
        folder = seal(tmp_path, log)
        (folder.folder / lost).write_bytes(b"\x07" * 96)
        log.grow(1)
        seal(tmp_path, log)
        root = folder.checkpoints.checkpoint(1_001).root
        leaf = leaf_hash(log.events[0].envelope)
        assert verify_inclusion(leaf, 0, 1_001, proof_of(folder, 1, 1_001), root)

    def test_a_note_half_written_is_no_note(self, tmp_path: Path) -> None:
        """What a death left beside them is put away."""
        folder = seal(tmp_path, Tampered(3))
        torn = folder.checkpoints.folder / f".{4:020}.note.123"
        torn.write_bytes(b"supervision/te")
        assert [3] == folder.checkpoints.sizes()
        seal(tmp_path, Tampered(3))
        assert not torn.exists()

    @pytest.mark.parametrize("data", [b"", b"nonsense", b"\xff" * 40, b"a\n3\nAAAA\n\n"])
    def test_a_damaged_note_is_told_in_a_line(self, tmp_path: Path, data: bytes) -> None:
        """By its path; it is not made anew in silence."""
        folder = seal(tmp_path, Tampered(3))
        path = folder.checkpoints.path(3)
        path.write_bytes(data)
        with pytest.raises(NoteDamaged, match=path.name):
            folder.latest()
        with pytest.raises(NoteDamaged), sealer_at(tmp_path, Tampered(3)):
            pass
        assert path.read_bytes() == data

    def test_a_note_under_another_size_is_damaged(self, tmp_path: Path) -> None:
        """Renamed by hand."""
        notes = seal(tmp_path, Tampered(3)).checkpoints
        notes.path(3).rename(notes.path(9))
        with pytest.raises(NoteDamaged, match="checkpoint of 3"):
            notes.note(9)

    def test_one_process_seals_a_folder(self, tmp_path: Path) -> None:
        """Readers are not hindered."""
        log = Tampered(3)
        seal(tmp_path, log)
        with sealer_at(tmp_path, log):
            with pytest.raises(LeavesInUse):
                Sealer(log, tmp_path / "seals", signer_at(tmp_path))
            assert proof_of(folder_at(tmp_path), 1, 3)

    def test_the_folder_of_another_log_is_left_alone(self, tmp_path: Path) -> None:
        """Another key or another name: a line that says what to set."""
        log = Tampered(3)
        folder = seal(tmp_path, log).folder
        other = make_signer(tmp_path / "other.pem", "supervision/other")
        with pytest.raises(KeyOfAnother, match="SUPERVISION_SEAL_KEY"):
            Sealer(log, folder, other)
        (folder / "log.vkey").unlink()
        with pytest.raises(KeyOfAnother):
            Sealer(log, folder, other)
        assert [3] == SealFolder(folder).checkpoints.sizes()

    def test_a_reading_is_bounded(self, tmp_path: Path) -> None:
        """However far behind it is, a sealer holds no more than that in memory."""
        log = Tampered(READ + 1)
        with sealer_at(tmp_path, log) as sealer:
            assert (READ, 1) == (sealer.follow(), sealer.follow())
