"""A case file: what is in it, what is masked, what it proves, and that it is the same each time."""

from __future__ import annotations

import io
import json
import zipfile
from base64 import b64decode

import pytest

from replay.bundle import FILES, MANIFEST, json_of, stored_of
from replay.casefile import ERASED, LINK_OPEN, MASKED, OTHER_CASES, SHOWN, CaseFile
from replay.filing import case_file, gather
from replay.materials import GIVEN, SUPPLEMENTED
from replay.merkle import leaf_hash, verify_inclusion
from replay.notes import read_checkpoint, read_key, read_note, vouchers
from supervision.acts import DeskAct
from supervision.facts import Fact, instant
from supervision.notices import OUTBOX
from supervision.record import Incoming, Record
from supervision.streams import ERASURES
from tests.access import Time
from tests.court import fact, when
from tests.filed import ACK, MemorySeals, bundled, filed, gathered, story, whole_log

WORDS = {"opinion": "同意受理", "applicant": "张三", "reason": "系统故障"}


def reveal(event: Fact | DeskAct) -> dict[str, str] | None:
    """Everything is in the vault."""
    return dict(WORDS)


@pytest.fixture(scope="module")
def file() -> CaseFile:
    """The file of case 1, masked."""
    return filed()


def test_every_event_of_the_case_is_there_with_its_exact_bytes(file: CaseFile) -> None:
    """Facts, cards, answers and notices, in log order, each as its canonical envelope."""
    own = [each for each in whole_log() if each.stream.startswith("case/s/1/")]
    held = [each for each in file.events if each.stream.startswith("case/s/1/")]
    assert [each.envelope.encode() for each in held] == [each.envelope for each in own]
    assert {each.family for each in held} == {"fact", "card", "desk", "notice"}
    assert "case/s/2/facts" not in {each.stream for each in file.events}


def test_each_event_is_proved_against_the_checkpoint(file: CaseFile) -> None:
    """By its leaf, at its position, under a root that the log's key signed."""
    note = read_note(file.proof.checkpoint.encode())
    checkpoint = read_checkpoint(note.text)
    assert len(vouchers(note, [read_key(file.proof.vkey)])) == 1
    assert checkpoint.size == file.proof.size == len(whole_log())
    for each in (*file.events, *file.lists):
        leaf, proof = bytes.fromhex(each.leaf), [b64decode(step) for step in each.proof]
        assert each.sealed
        assert each.withheld or leaf == leaf_hash(each.envelope.encode())
        assert verify_inclusion(leaf, each.position - 1, checkpoint.size, proof, checkpoint.root), (
            each.position
        )


def test_what_the_checkpoint_does_not_cover_is_not_called_proved() -> None:
    """An event that is younger has no proof and is marked, and the file tells its position."""
    log = whole_log()
    young = filed(seals=MemorySeals(log, 20))
    assert [each.position for each in young.events if each.sealed][-1] <= 20
    assert all(each.sealed == (each.position <= 20) for each in young.events)
    assert all(not each.proof for each in young.events if not each.sealed)
    assert young.unsealed == tuple(each.position for each in young.events if each.position > 20)


def test_without_a_checkpoint_the_file_says_so() -> None:
    """Nothing is proved, and nothing pretends to be."""
    bare = filed(seals=MemorySeals(whole_log(), 0))
    assert (bare.proof.checkpoint, bare.proof.size) == ("", 0)
    assert len(bare.unsealed) == len(bare.events) + len(bare.lists)
    readme = zipfile.ZipFile(io.BytesIO(bundled(bare).data)).read("README.txt").decode()
    assert "日志尚无检查点" in readme
    assert "no checkpoint yet" in readme


def test_the_lists_that_judged_its_clocks_are_there(file: CaseFile) -> None:
    """The item's version, the policy, and of the calendars the notice that decided its days."""
    assert [each.kind for each in file.lists] == [
        "CalendarPublished",
        "PolicyPublished",
        "ItemPublished",
    ]
    (notice,) = (each for each in file.lists if each.kind == "CalendarPublished")
    versions = {version for clock in file.clocks for version in clock.calendar}
    assert json.loads(notice.envelope)["payload"]["version"] in versions


def test_texts_are_named_and_masked_unless_they_are_asked_for(file: CaseFile) -> None:
    """Masked, no word of them is in the file; revealed, each stands at its event."""
    masked = [text for each in file.events for text in each.texts]
    assert {text.state for text in masked} == {MASKED}
    assert {text.name for text in masked} == {"applicant", "opinion", "reason"}
    assert not any(word in json_of(file).decode() for word in WORDS.values())
    shown = filed(reveal)
    assert {text.state for each in shown.events for text in each.texts} == {SHOWN}
    first = shown.events[0].texts
    assert [(text.name, text.text) for text in first] == [
        ("applicant", "张三"),
        ("opinion", "同意受理"),
    ]


def test_erased_texts_break_no_proof() -> None:
    """The case's bytes and leaves stay what they were; its texts are told as erased, and the
    erasure is an event of the file with a proof of its own.
    """
    before = {each.position: (each.envelope, each.leaf) for each in filed().events}
    after = filed(lambda _: None, erased=True)
    assert {text.state for each in after.events for text in each.texts} == {ERASED}
    kept = {each.position: (each.envelope, each.leaf) for each in after.events}
    assert kept.items() >= before.items()
    (erasure,) = (each for each in after.events if each.stream == ERASURES)
    assert (erasure.kind, erasure.family, erasure.sealed) == ("TextErased", "erasure", True)


def test_materials_are_told_with_what_was_asked_for_and_came(file: CaseFile) -> None:
    """A supplement that completes the application brings what was asked for, named or not."""
    told = {
        each.name: (each.state, each.asked_at[:16], each.supplemented_at[:16])
        for each in file.materials
    }
    assert told == {
        "申请书": (GIVEN, "", ""),
        "身份证": (GIVEN, "", ""),
        "章程": (SUPPLEMENTED, "2026-03-02T09:30", "2026-03-02T09:40"),
    }


def test_messages_are_told_with_what_became_of_them(file: CaseFile) -> None:
    """Each decision of the case's notices, with its message's last state."""
    told = [(each.decision, each.person, each.state, each.stage) for each in file.messages]
    assert told == [("told", "zhang", "delivered", "")] * 3 + [("not_told", "", "", "no_contact")]


def test_a_message_that_speaks_of_another_case_is_proved_but_not_shown(file: CaseFile) -> None:
    """Nor is one whose link still signs for its recipient: leaf and proof stand without bytes."""
    intended = [each for each in file.events if each.stream == OUTBOX]
    assert [each.withheld for each in intended] == ["", OTHER_CASES, LINK_OPEN]
    assert [bool(each.envelope) for each in intended] == [True, False, False]
    assert all(each.sealed and each.proof for each in intended)
    assert json_of(file).decode().count(ACK) == 1


def test_clocks_cards_and_state_are_those_of_the_story(file: CaseFile) -> None:
    """As the case page tells them, at the same instant."""
    assert [card.severity for card in file.cards] == ["reminder", "yellow"]
    assert file.light == "yellow"
    assert any(clock.days for clock in file.clocks)


def test_the_same_case_gives_the_same_bytes() -> None:
    """Whatever made them: file, manifest, and archive."""
    assert json_of(filed()) == json_of(filed())
    assert bundled() == bundled()


def test_an_unknown_case_has_no_file() -> None:
    """Nor has one of which nothing was known at the instant."""
    empty = gathered()._replace(case=[])
    assert case_file(empty, MemorySeals(whole_log()), story().now) is None
    assert case_file(gathered(), MemorySeals(whole_log()), instant(when("2026-01-01"))) is None


def test_the_bundle_holds_what_its_manifest_names() -> None:
    """Five files and the manifest, in a fixed order, without dates."""
    archive = zipfile.ZipFile(io.BytesIO(bundled().data))
    assert archive.namelist() == [*FILES, MANIFEST]
    assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_stored_events_come_back_out_of_the_file(file: CaseFile) -> None:
    """Exports are made of the file alone: its envelopes give the events as the log has them."""
    own = [each for each in whole_log() if each.stream.startswith("case/s/1/")]
    assert stored_of(file) == own


def test_a_record_gives_what_a_file_is_made_of(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Its case's streams, its erasures and no other's, the lists, and where the log ended."""
    record = Record(tmp_path_factory.mktemp("filing"), Time())
    try:
        for case_no in ("1", "2"):
            given = fact("ApplicationReceived", "2026-06-01", id=case_no, case_no=case_no)
            record.append_facts([Incoming(given, {"opinion": "秘密"})])
            record.erase("s", case_no, "admin", "法")
        found = gather(record, "s", "1")
        assert found.head == record.head()
        assert [each.stream for each in found.case] == ["case/s/1/facts"]
        assert len(found.erasures) == 1
        made = case_file(found, MemorySeals(record.read(0, 100)), record.last_stamp(), record.texts)
        assert made is not None
        assert [text.state for text in made.events[0].texts] == [ERASED]
    finally:
        record.close()
