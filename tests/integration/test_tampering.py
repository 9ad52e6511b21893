"""Tampering in SQLite, with its seals and with a log of none: each thing found and named.

Above 400 lines: one manipulation a test, over one sealed log.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay.findings import WORDS, Finding, Kind
from replay.leaves import Leaves
from replay.notes import Checkpoint, signed
from replay.verify import Verdict
from replay.weighing import NoteFile
from supervision.record import Record
from supervision.store.sqlite import Recorder
from supervision.store.sqlite_writing import TRIGGERS
from tests.sealed import Sealing, Steady, Witness, fill, named, signer
from tests.tampering import (
    MANIPULATIONS,
    SIZE,
    Attacker,
    Manipulation,
    delete,
    delete_and_renumber,
    insert,
    one_byte,
    swap,
)

pytestmark = pytest.mark.integration


class ByHand:
    """The file, opened by somebody who may write to it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def run(self, statement: str) -> None:
        self._db.execute(statement)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self._db.execute(query).fetchall()

    def literal(self, data: bytes) -> str:
        return f"X'{data.hex()}'"


@contextmanager
def by_hand(home: Path) -> Iterator[ByHand]:
    """The guard taken away, and put back so that nobody sees it was."""
    with closing(sqlite3.connect(home / "log.db")) as db:
        for name in TRIGGERS:
            db.execute(f"DROP TRIGGER {name}")
        yield ByHand(db)
        for trigger in TRIGGERS.values():
            db.execute(trigger)
        db.commit()


@contextmanager
def opened(home: Path) -> Iterator[Record]:
    with closing(Record(home, Steady())) as record:
        yield record


class Town:
    """A home with 40 events, sealed at 20 and 40."""

    def __init__(self, home: Path) -> None:
        self.home, self.sealing = home, Sealing(home / "seals")

    @classmethod
    def built(cls, home: Path) -> Town:
        town = cls(home)
        with opened(home) as record:
            fill(record, 1, 20)
            town.sealing.seal(record)
            fill(record, 21, 26)
            with closing(sqlite3.connect(home / "log.db")) as db:
                (home / "older").write_bytes(db.serialize())
            fill(record, 27, SIZE)
            town.sealing.seal(record)
        return town

    def restore(self) -> None:
        """The whole database, as it was at 26 events."""
        for file in self.home.glob("log.db*"):
            file.unlink()
        shutil.copy(self.home / "older", self.home / "log.db")

    def copied(self, home: Path) -> Town:
        """Another like it."""
        shutil.copytree(self.home, home, dirs_exist_ok=True)
        other = Town(home)
        other.sealing.notes = list(self.sealing.notes)
        return other

    def leaves(self) -> Path:
        return self.home / "seals" / "leaves"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return Town.built(tmp_path_factory.mktemp("built"))


@pytest.fixture
def town(built: Town, tmp_path: Path) -> Town:
    """One that a test may do to what it wants."""
    return built.copied(tmp_path / "home")


# The log.


def test_a_log_that_was_shifted_below_the_first_position_is_not_proved(town: Town) -> None:
    """Every event is what was sealed, but those who follow the log read from position 1 on."""
    with by_hand(town.home) as hand:
        for _ in range(7):
            hand.run("UPDATE log SET position = -position - 100000")
            hand.run("UPDATE log SET position = -position - 100001")
        hand.run("UPDATE seen SET position = position - 7")
    with opened(town.home) as record:
        found = town.sealing.verify(record)
    assert found.verdict is Verdict.FINDINGS
    assert (Kind.POSITION_GAP, 34, 40) in {(e.kind, e.position, e.upto) for e in found.findings}


@pytest.mark.parametrize("position", ["'x'", "7.5"])
def test_a_position_that_is_no_number_is_told_and_no_traceback(town: Town, position: str) -> None:
    """A table that was made anew without its key takes it."""
    with by_hand(town.home) as hand:
        hand.run("CREATE TABLE other AS SELECT * FROM log")
        hand.run("DROP TABLE log")
        hand.run("ALTER TABLE other RENAME TO log")
        hand.run(f"UPDATE log SET position = {position} WHERE position = 8")
    with opened(town.home) as record:
        found = town.sealing.verify(record)
    assert found.verdict is Verdict.FINDINGS
    assert Kind.STORE_UNREADABLE in {each.kind for each in found.findings}


def test_a_log_that_nobody_touched_is_proved(town: Town) -> None:
    """Up to the last event, by the root that was signed."""
    with opened(town.home) as record:
        found = town.sealing.verify(record)
    assert (Verdict.PROVED, SIZE, SIZE, ()) == (
        found.verdict, found.proved, found.position, found.findings
    )  # fmt: skip


@pytest.mark.parametrize("done", MANIPULATIONS, ids=lambda done: done.what)
def test_what_was_done_is_found_and_named(town: Town, done: Manipulation) -> None:
    """By its kind and its positions, and nothing else is."""
    with by_hand(town.home) as hand:
        done.do(hand)
    with opened(town.home) as record:
        found = town.sealing.verify(record)
    assert (list(done.found), Verdict.FINDINGS) == (named(found), found.verdict)


def test_a_database_restored_from_an_older_copy_is_found(town: Town) -> None:
    """As a tail cut off while nothing was recorded since."""
    town.restore()
    with opened(town.home) as record:
        assert [(Kind.TAIL_CUT, 27, SIZE)] == named(town.sealing.verify(record))


@pytest.mark.parametrize("upto", [27, 28, 36, SIZE, 60, 400])
def test_a_restored_database_that_went_on_is_found(town: Town, upto: int) -> None:
    """Named by the last event that is as it was sealed, however far the log has come since."""
    town.restore()
    with opened(town.home) as record:
        fill(record, 27, upto, extra="b")
        found = town.sealing.verify(record)
    assert [(Kind.RESTORED_FROM_OLDER, 26, 0)] == named(found)
    assert 20 == found.proved


def test_runs_of_a_hundred_are_named_whole(tmp_path: Path) -> None:
    """Removed, inserted and changed ones, in a log that then goes on as it was."""
    home, sealing = tmp_path / "home", Sealing(tmp_path / "seals")
    with opened(home) as record:
        fill(record, 1, 600)
        sealing.seal(record)
    with by_hand(home) as hand:
        delete_and_renumber(hand, 41, 140)
        for position in range(250, 350):
            one_byte(hand, position)
        for position in range(400, 450):
            insert_another(hand, position)
    with opened(home) as record:
        found = named(sealing.verify(record))
    assert {
        (Kind.EVENT_REMOVED, 41, 140),
        (Kind.EVENT_INSERTED, 400, 449),
        *((Kind.EVENT_CHANGED, n, 0) for n in range(350, 450)),
    } == set(found)


def insert_another(hand: Attacker, position: int) -> None:
    """An event of a case of its own."""
    hand.run(f"UPDATE log SET position = -position WHERE position >= {position}")
    hand.run("UPDATE log SET position = -position + 1 WHERE position < 0")
    hand.run(
        f"INSERT INTO log SELECT {position}, 'case/hz/N-{position}/facts', 1, topic, recorded_at,"
        f" payload FROM log WHERE position = {position - 1}"
    )


EDITS = {
    "change": st.tuples(st.integers(1, SIZE)),
    "remove": st.tuples(st.integers(1, SIZE - 1)),
    "remove, renumbered": st.tuples(st.integers(1, SIZE - 1)),
    "insert": st.tuples(st.integers(1, SIZE - 1)),
    "insert, renumbered": st.tuples(st.integers(1, SIZE - 1)),
    "swap": st.tuples(st.integers(1, SIZE), st.integers(1, SIZE)).filter(lambda p: p[0] < p[1]),
    "swap, times in order": st.tuples(st.integers(1, SIZE), st.integers(1, SIZE)).filter(
        lambda p: p[0] < p[1]
    ),
}
DONE = st.sampled_from(sorted(EDITS)).flatmap(lambda name: st.tuples(st.just(name), EDITS[name]))


@given(DONE)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_single_thing_is_done_anywhere_is_named(
    built: Town, tmp_path_factory: pytest.TempPathFactory, done: tuple[str, tuple[int, ...]]
) -> None:
    """One manipulation of one log: its kind, its position, and nothing else."""
    name, places = done
    town = built.copied(tmp_path_factory.mktemp("one"))
    with by_hand(town.home) as hand:
        expected = do(hand, name, places)
    with opened(town.home) as record:
        assert [expected] == named(town.sealing.verify(record))


def do(hand: Attacker, name: str, places: tuple[int, ...]) -> tuple[Kind, int, int]:
    """One manipulation, and what must be found."""
    at, other = places[0], places[-1]
    match name:
        case "change":
            one_byte(hand, at)
            return Kind.EVENT_CHANGED, at, 0
        case "remove":
            delete(hand, at, at)
            return Kind.EVENT_REMOVED, at, 0
        case "remove, renumbered":
            delete_and_renumber(hand, at, at)
            return Kind.EVENT_REMOVED, at, 0
        case "insert" | "insert, renumbered":
            insert(hand, at, hidden=name != "insert")
            return Kind.EVENT_INSERTED, at, 0
        case _:
            swap(hand, at, other, times=name != "swap")
            return Kind.EVENTS_SWAPPED, at, other


# What the program itself does.


def test_an_erasure_by_law_breaks_no_proof(town: Town) -> None:
    """Texts are in the vault; the log says that they were destroyed, and nothing else changes."""
    with opened(town.home) as record:
        record.erase("hz", "A-1", "zhang", "个人信息保护法 第四十七条")
        town.sealing.seal(record)
        found = town.sealing.verify(record)
    assert (Verdict.PROVED, SIZE + 1) == (found.verdict, found.proved)


def test_what_came_since_is_told_and_not_called_proved(town: Town) -> None:
    """The log goes on between two checkpoints."""
    with opened(town.home) as record:
        fill(record, 41, 47)
        found = town.sealing.verify(record)
    assert (Verdict.PROVED, SIZE, SIZE + 1, 47) == (
        found.verdict, found.proved, found.not_sealed, found.position
    )  # fmt: skip


def test_only_what_came_since_a_checkpoint_may_be_looked_at(town: Town) -> None:
    """An event before it is then not looked at, and the answer says from where."""
    with by_hand(town.home) as hand:
        one_byte(hand, 25)
        one_byte(hand, 15)
    with opened(town.home) as record:
        found = town.sealing.verify(record, start=20)
    assert ([(Kind.EVENT_CHANGED, 25, 0)], 20) == (named(found), found.start)


# Without seals.


def test_without_seals_nothing_is_proved(town: Town) -> None:
    """However well it looks."""
    with opened(town.home) as record:
        found = town.sealing.verify(record, notes=[])
    assert (Verdict.NOT_PROVED, 0, ()) == (found.verdict, found.proved, found.findings)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM log WHERE position BETWEEN 11 AND 12", {Kind.POSITION_GAP, Kind.VERSION_GAP}),
        ("UPDATE log SET recorded_at = recorded_at - 5000000 WHERE position = 9",
         {Kind.TIME_WENT_BACK}),
        ("UPDATE log SET version = version + 10 WHERE position = 8", {Kind.VERSION_GAP}),
        ("UPDATE log SET payload = X'7B' WHERE position = 8", {Kind.UNREADABLE}),
        ("UPDATE log SET topic = 'Tomorrow/1' WHERE position = 8", {Kind.TOO_NEW}),
        ("DELETE FROM log WHERE position = 1", {Kind.POSITION_GAP, Kind.VERSION_GAP}),
    ],
)  # fmt: skip
def test_the_order_of_the_log_itself_is_looked_at_without_seals(
    town: Town, statement: str, expected: set[Kind]
) -> None:
    """Positions, times, versions, contents."""
    with by_hand(town.home) as hand:
        hand.run(statement)
    with opened(town.home) as record:
        found = town.sealing.verify(record, notes=[])
    assert expected <= {each.kind for each in found.findings}
    assert expected | {Kind.TABLE_DIFFERS} >= {each.kind for each in found.findings}
    assert Verdict.FINDINGS == found.verdict


def test_a_log_of_a_newer_program_is_named_as_such_and_not_as_tampering(tmp_path: Path) -> None:
    """Its seals hold; what this program cannot read it says."""
    home, sealing = tmp_path / "home", Sealing(tmp_path / "seals")
    with opened(home) as record:
        fill(record, 1, 5)
        with record.log.store.transaction() as writing:
            writing.put("system/new", 1, "OfTomorrow/3", b'{"x":1}')
        sealing.seal(record)
        found = sealing.verify(record)
    assert ([(Kind.TOO_NEW, 6, 0)], 6) == (named(found), found.proved)


def test_an_empty_log_with_no_seals_is_not_proved(tmp_path: Path) -> None:
    """And with a checkpoint of nothing it is what was sealed."""
    sealing = Sealing(tmp_path / "seals")
    with opened(tmp_path / "home") as record:
        assert Verdict.NOT_PROVED == sealing.verify(record).verdict
        sealing.seal(record)
        assert Verdict.PROVED == sealing.verify(record).verdict


def test_a_file_that_is_no_database_any_more_is_a_finding(town: Town) -> None:
    """Where reading ends; what comes behind is not called cut off."""
    with opened(town.home) as record:
        record.log.store.scan(1, 100)
    data = bytearray((town.home / "log.db").read_bytes())
    data[4096 : 4096 * 3] = b"\xff" * 8192
    (town.home / "log.db").write_bytes(bytes(data))
    with closing(Recorder(town.home / "log.db", Steady())) as recorder:
        found = town.sealing.verify(recorder)
    assert Kind.STORE_UNREADABLE in {each.kind for each in found.findings}
    assert Kind.TAIL_CUT not in {each.kind for each in found.findings}
    assert Verdict.FINDINGS == found.verdict


def test_a_guard_that_was_taken_away_is_told(town: Town) -> None:
    """A trigger that lets changes pass is no guard either."""
    with opened(town.home) as record, closing(sqlite3.connect(town.home / "log.db")) as db:
        db.execute("DROP TRIGGER log_is_not_changed")
        db.execute("CREATE TRIGGER log_is_not_changed BEFORE UPDATE ON log BEGIN SELECT 1; END")
        db.commit()
        found = town.sealing.verify(record)
    assert [Kind.GUARD_MISSING] == [each.kind for each in found.findings]


# The seals.


def test_leaves_that_were_changed_are_told_from_a_log_that_was(town: Town) -> None:
    """The log gives the root that was signed: so it is the leaves."""
    data = bytearray(town.leaves().read_bytes())
    data[32 * 25] ^= 1
    town.leaves().write_bytes(bytes(data))
    with opened(town.home) as record:
        found = town.sealing.verify(record)
    assert ([(Kind.LEAVES_CHANGED, 26, 0)], SIZE) == (named(found), found.proved)


def test_leaves_that_were_changed_with_the_log_tell_between_which_checkpoints(
    town: Town,
) -> None:
    """Whoever changes an event, its leaf and another leaf is still caught by the root."""
    with by_hand(town.home) as hand:
        one_byte(hand, 30)
    with opened(town.home) as record, closing(Leaves(town.home / "seals")) as leaves:
        data = bytearray(leaves.read(0, SIZE))
        data[32 * 29 : 32 * 30] = leaf_of(record, 30)
        data[32 * 33] ^= 1
        town.leaves().write_bytes(bytes(data))
        found = town.sealing.verify(record)
    assert ([(Kind.EVENTS_UNPROVED, 21, 20)], 20) == (named(found), found.proved)
    assert SIZE == found.findings[0].upto
    assert "34" in found.findings[0].said("en")


def leaf_of(record: Record, position: int) -> bytes:
    from replay.merkle import leaf_hash

    return leaf_hash(record.log.store.scan(position, 1)[0].envelope)


def test_without_leaves_the_log_is_proved_by_the_checkpoints_alone(town: Town) -> None:
    """The missing leaves are told; a change is found between two checkpoints."""
    shutil.rmtree(town.home / "seals")
    with opened(town.home) as record:
        found = town.sealing.verify(record)
        assert ([(Kind.LEAVES_CHANGED, 1, SIZE)], SIZE) == (named(found), found.proved)
    with by_hand(town.home) as hand:
        delete_and_renumber(hand, 25, 25)
    with opened(town.home) as record:
        found = town.sealing.verify(record)
    kinds = {each.kind for each in found.findings}
    assert Kind.TAIL_CUT in kinds
    assert 20 == found.proved


def test_leaves_cut_off_behind_a_checkpoint_are_told(town: Town) -> None:
    """The log itself is proved by the root."""
    town.leaves().write_bytes(town.leaves().read_bytes()[: 32 * 33])
    with opened(town.home) as record:
        found = town.sealing.verify(record)
    assert ([(Kind.LEAVES_CHANGED, 34, SIZE)], SIZE) == (named(found), found.proved)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda note: note.replace(b"\n40\n", b"\n41\n"), Kind.CHECKPOINT_FORGED),
        (lambda note: note[:-20], Kind.CHECKPOINT_UNREADABLE),
        (lambda note: b"", Kind.CHECKPOINT_UNREADABLE),
        (lambda note: b"\xff" * 50, Kind.CHECKPOINT_UNREADABLE),
        (lambda note: note.partition(b"\n\n")[0] + b"\n\n", Kind.CHECKPOINT_UNREADABLE),
    ],
)
def test_a_note_that_was_changed_is_not_believed(town: Town, change: object, kind: Kind) -> None:
    """It is told, and the one before it proves as far as it goes."""
    first, second = town.sealing.notes
    broken = second._replace(data=change(second.data))  # type: ignore[operator]
    with opened(town.home) as record:
        found = town.sealing.verify(record, notes=[first, broken])
    assert ([kind], 20) == ([each.kind for each in found.findings], found.proved)


def test_a_checkpoint_by_another_key_is_not_believed(town: Town) -> None:
    """Whoever has changed the log cannot sign."""
    first = town.sealing.notes[0]
    with opened(town.home) as record, closing(Leaves(town.home / "seals")) as leaves:
        root = leaves.frontier(SIZE).root()
        forged = signed(Checkpoint(signer().key.name, SIZE, root).text, [signer(2)])
        found = town.sealing.verify(record, notes=[first, NoteFile("forged", forged)])
    assert ([Kind.CHECKPOINT_FORGED], 20) == ([f.kind for f in found.findings], found.proved)


def test_a_checkpoint_of_another_log_is_told(town: Town) -> None:
    """Signed by our key, in another log's name."""
    other = signed(Checkpoint("other.example/log", SIZE, bytes(32)).text, [signer()])
    with opened(town.home) as record:
        notes = [*town.sealing.notes, NoteFile("other", other)]
        found = town.sealing.verify(record, notes=notes)
    assert [Kind.CHECKPOINT_OF_ANOTHER_LOG] == [each.kind for each in found.findings]
    assert SIZE == found.proved


def test_two_histories_signed_by_one_key_are_told(town: Town) -> None:
    """As by whoever restored the log with its key, and sealed on."""
    other = signed(Checkpoint(signer().key.name, 30, bytes(32)).text, [signer()])
    with opened(town.home) as record:
        notes = [*town.sealing.notes, NoteFile("other", other)]
        found = town.sealing.verify(record, notes=notes)
    assert [(Kind.CHECKPOINTS_DISAGREE, 30, SIZE)] == named(found)


def test_a_newest_checkpoint_that_was_deleted_is_missed_by_its_copy(town: Town) -> None:
    """With the log cut to what is left: only who holds the copy sees it."""
    first, second = town.sealing.notes
    leaves = town.leaves()
    with by_hand(town.home) as hand:
        delete(hand, 21, SIZE)
    leaves.write_bytes(leaves.read_bytes()[: 32 * 20])
    with opened(town.home) as record:
        assert Verdict.PROVED == town.sealing.verify(record, notes=[first]).verdict
        found = town.sealing.verify(record, notes=[first, second._replace(copy=True)])
    assert [(Kind.TAIL_CUT, 21, SIZE), (Kind.CHECKPOINT_MISSING, SIZE, 20)] == [
        (each.kind, each.position, each.upto or each.other) for each in found.findings
    ]


def test_a_gap_in_the_checkpoints_is_no_finding(town: Town) -> None:
    """The newest says all that those before it say."""
    with opened(town.home) as record:
        found = town.sealing.verify(record, notes=town.sealing.notes[1:])
    assert (Verdict.PROVED, SIZE) == (found.verdict, found.proved)


def test_witnesses_are_counted_and_a_forged_one_is_told(town: Town) -> None:
    """Only those whose key is given say anything."""
    witness, stranger = Witness(), Witness("stranger.example", 8)
    first, second = town.sealing.notes
    seen = second._replace(data=stranger.cosign(witness.cosign(second.data)))
    with opened(town.home) as record:
        found = town.sealing.verify(record, notes=[first, seen], witnesses=[witness.key])
        assert (2, 1, Verdict.PROVED) == (found.checkpoints, found.witnessed, found.verdict)
        forged = second._replace(data=Witness(seed=7).cosign(second.data))
        impostor = forged.data.decode().splitlines()[-1]
        assert impostor.startswith("— witness.example")
        found = town.sealing.verify(record, notes=[first, forged], witnesses=[witness.key])
    assert 0 == found.witnessed


def test_every_finding_has_words_in_both_languages() -> None:
    """What it is and what is to be done."""
    for kind in Kind:
        finding = Finding(kind=kind, position=3, upto=5, other=7, detail="明细 | detail")
        zh, en = finding.said("zh"), finding.said("en")
        assert "{" not in zh + en
        assert zh != en
        assert finding.to_do("zh") != finding.to_do("en")
    assert set(WORDS) == set(Kind)
