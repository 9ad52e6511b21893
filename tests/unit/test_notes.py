"""Signed notes: read, vouched for, refused."""

from __future__ import annotations

from base64 import b64encode

import pytest

from replay.notes import (
    COSIGNATURE,
    LONGEST,
    MOST_SIGNATURES,
    Checkpoint,
    CheckpointBroken,
    Key,
    KeyUnreadable,
    NoteBroken,
    NoteForged,
    read_checkpoint,
    read_key,
    read_note,
    signature_line,
    signed,
    vouchers,
)
from tests.sealed import ORIGIN, Witness, signer

GO = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
POEM = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""  # noqa: E501
"""The example of golang.org/x/mod/sumdb/note."""
ROOT = bytes(range(32))
TEXT = Checkpoint(ORIGIN, 7, ROOT).text


def test_a_public_key_of_the_world_is_read() -> None:
    """And written out again as it was."""
    key = read_key(GO)
    assert ("sum.golang.org", 1, 32, GO) == (key.name, key.algorithm, len(key.public), key.vkey)


def test_a_note_of_another_program_is_vouched_for() -> None:
    """By the key that its authors published."""
    (vouched,) = vouchers(read_note(POEM.encode()), [read_key(GO), read_key(PETER)])
    assert ("PeterNeumann", 0) == (vouched.key.name, vouched.time)


@pytest.mark.parametrize(
    "vkey",
    [
        "", "+", "++", "name", "name+12345678", GO[:-1], GO[:-4], GO.replace("033d", "033e"),
        GO.replace("sum.", "sun."), f"a b{GO}", GO.replace("+Ac", "+Bc"), GO + "é", "\x00" + GO,
        "n+00000000+" + b64encode(b"\x01" + bytes(31)).decode(), "n+00000000+AQ==",
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused(vkey: str) -> None:
    """Mistyped, cut off, of an algorithm that is not known."""
    with pytest.raises(KeyUnreadable):
        read_key(vkey)


def test_a_key_around_which_there_are_blanks_is_read() -> None:
    """As it comes out of a file."""
    assert GO == read_key(f"  {GO}\n").vkey


def test_a_checkpoint_is_signed_and_read_back() -> None:
    """Its extra lines are signed with it."""
    made = Checkpoint(ORIGIN, 7, ROOT, ("recorded_at 2026-11-20T01:30:00Z", "more"))
    note = read_note(signed(made.text, [signer()]))
    assert made == read_checkpoint(note.text)
    assert [signer().key] == [each.key for each in vouchers(note, [signer().key])]


def test_a_signature_by_a_key_that_is_not_known_says_nothing() -> None:
    """Whatever its name."""
    note = read_note(signed(TEXT, [signer(2)]))
    assert [] == vouchers(note, [signer(1).key])
    assert [] == vouchers(note, [])


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"\n7\n", b"\n8\n"), (ORIGIN.encode(), ORIGIN.encode() + b"2"), (b"AAEC", b"BAEC")],
)
def test_a_text_that_was_changed_is_a_forgery(old: bytes, new: bytes) -> None:
    """Of each of its lines."""
    note = signed(TEXT, [signer()])
    head, _, below = note.partition(b"\n\n")
    changed = head.replace(old, new, 1) + b"\n\n" + below
    assert changed != note
    with pytest.raises(NoteForged, match=ORIGIN):
        vouchers(read_note(changed), [signer().key])


def test_a_signature_that_was_changed_is_a_forgery() -> None:
    """A bit of it, or the whole as another key made it."""
    key = signer().key
    for made in (bytes(64), signer(2).sign(TEXT), signer().sign(TEXT)[:-1], b"x"):
        note = TEXT + b"\n" + signature_line(key, made)
        with pytest.raises(NoteForged):
            vouchers(read_note(note), [key])


def test_witnesses_are_added_below_and_change_no_text() -> None:
    """Each with the second at which it saw the checkpoint."""
    witness, other = Witness(), Witness("other.example", 8)
    note = other.cosign(witness.cosign(signed(TEXT, [signer()]), 1_900_000_000), 1_900_000_100)
    read = read_note(note)
    found = vouchers(read, [signer().key, witness.key, other.key])
    assert TEXT == read.text
    assert [
        (ORIGIN, 0), ("witness.example", 1_900_000_000), ("other.example", 1_900_000_100),
    ] == [(each.key.name, each.time) for each in found]  # fmt: skip


def test_a_cosignature_with_another_time_is_a_forgery() -> None:
    """What a witness saw it says together with when."""
    witness = Witness()
    line = read_note(witness.cosign(signed(TEXT, [signer()]))).signatures[1]
    later = (1_900_000_001).to_bytes(8, "big") + line.made[8:]
    note = signed(TEXT, [signer()]) + signature_line(witness.key, later)
    with pytest.raises(NoteForged, match=r"witness\.example"):
        vouchers(read_note(note), [witness.key])
    short = signed(TEXT, [signer()]) + signature_line(witness.key, b"1234")
    with pytest.raises(NoteForged):
        vouchers(read_note(short), [witness.key])


def test_a_cosignature_is_no_signature_of_the_log_and_the_other_way_round() -> None:
    """The same key material under another algorithm is another key."""
    own = signer()
    as_witness = Key(own.key.name, COSIGNATURE, own.key.public)
    note = read_note(signed(TEXT, [own]))
    assert as_witness.id != own.key.id
    assert [] == vouchers(note, [as_witness])


SIGNED = signed(TEXT, [signer()])


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\n", b"\n\n", TEXT, TEXT + b"\n", SIGNED[:-1], SIGNED + b"\n", SIGNED + b"x\n",
        b"\xff" + SIGNED, SIGNED.replace(ORIGIN.encode(), b"a\x00b", 1),
        SIGNED.replace(b"\n\n", b"\r\n\r\n"), SIGNED.replace("—".encode(), b"-"),
        TEXT + b"\n" + "— name AAAA\n".encode(), TEXT + b"\n" + "— name =====\n".encode(),
        TEXT + b"\n" + "— na+me AAAAAAAA\n".encode(), SIGNED + bytes(LONGEST),
        TEXT + b"\n" + signature_line(signer().key, bytes(64)) * (MOST_SIGNATURES + 1),
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(data: bytes) -> None:
    """Cut off, without signatures, with too many, with control characters, too long."""
    with pytest.raises(NoteBroken):
        read_note(data)


def test_as_many_signatures_as_a_note_may_have_are_read() -> None:
    """Those of strangers among them."""
    note = TEXT + b"\n" + signature_line(signer().key, bytes(64)) * MOST_SIGNATURES
    assert MOST_SIGNATURES == len(read_note(note).signatures)


@pytest.mark.parametrize(
    "text",
    [
        b"", b"\n", b"name\n1\n", b"name\n1\nAAAA\n", TEXT[:-1], b"\n" + TEXT[1:],
        TEXT.replace(b"\n7\n", b"\n07\n"), TEXT.replace(b"\n7\n", b"\n-7\n"),
        TEXT.replace(b"\n7\n", b"\n7.0\n"), TEXT.replace(b"\n7\n", b"\n\n"),
        TEXT.replace(b"\n7\n", b"\n" + b"9" * 19 + b"\n"), TEXT.replace(b"\n7\n", "\n٧\n".encode()),
        TEXT + b"\n", TEXT.replace(b"AAEC", b"AA=="), b"name\n7\n" + b64encode(bytes(33)) + b"\n",
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text: bytes) -> None:
    """Lines missing, a size that is none, a root that is none."""
    with pytest.raises(CheckpointBroken):
        read_checkpoint(text)


def test_the_checkpoint_of_nothing_is_one() -> None:
    """Of an empty log."""
    made = Checkpoint(ORIGIN, 0, ROOT)
    assert made == read_checkpoint(made.text)
