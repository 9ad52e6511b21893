"""Checkpoints of the log as signed notes (C2SP: signed-note, tlog-checkpoint, tlog-cosignature).

A note is text and, below an empty line, signatures: "— NAME BASE64". Each is made by a key that is
named, and whose first byte names its algorithm, so that another one (SM2 with SM3, by a hardware
module) is another byte and another Signer, and old notes stay readable. A checkpoint is the text of
three lines: the log's name, how many events it has, the root over them.

SealError
├── KeyUnreadable       no key "NAME+HASH+BASE64" of a known algorithm
├── NoteBroken          no signed note
├── NoteForged          a known key's signature that is not by that key
└── CheckpointBroken    a note's text is no checkpoint
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from supervision.errors import SupervisionError

from .merkle import SIZE

ED25519, COSIGNATURE = 0x01, 0x04
"""First byte of a key: signs the note's text; signs it with the time at which it was seen."""
KEY_BYTES = 32
LONGEST = 1 << 20
"""Bytes of a note that is read."""
MOST_SIGNATURES = 100
NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}")
LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")


class SealError(SupervisionError):
    """What is wrong with a key, a note or a checkpoint."""


class KeyUnreadable(SealError):
    """Not a key as it is written out."""

    def __init__(self, why: str) -> None:
        super().__init__(f"this is no key NAME+HASH+BASE64: {why}; copy the whole line")


class NoteBroken(SealError):
    """Not a signed note."""

    def __init__(self, why: str) -> None:
        super().__init__(f"this is no signed note: {why}")


class NoteForged(SealError):
    """A signature in the name of a known key that this key did not make."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the signature in the name of {name} is forged, or the text was changed")


class CheckpointBroken(SealError):
    """A note's text is no checkpoint."""

    def __init__(self, why: str) -> None:
        super().__init__(f"this is no checkpoint: {why}")


class Key(NamedTuple):
    """A public key with the name of its owner; `algorithm` is its first byte."""

    name: str
    algorithm: int
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that stand before every signature by it."""
        return sha256(self.name.encode() + b"\n" + self._typed()).digest()[:4]

    @property
    def vkey(self) -> str:
        """As it is written out: NAME+HASH+BASE64."""
        return f"{self.name}+{self.id.hex()}+{b64encode(self._typed()).decode()}"

    def _typed(self) -> bytes:
        return bytes([self.algorithm]) + self.public


def read_key(vkey: str) -> Key:
    """A key as it was written out. KeyUnreadable."""
    parts = vkey.strip().split("+", 2)
    if len(parts) != 3 or not NAME.fullmatch(parts[0]):
        raise KeyUnreadable("it has not three parts")
    name, hashed, coded = parts
    try:
        typed = b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        raise KeyUnreadable("its third part is no BASE64") from None
    key = Key(name, typed[0] if typed else 0, typed[1:])
    if key.algorithm not in (ED25519, COSIGNATURE) or len(key.public) != KEY_BYTES:
        raise KeyUnreadable("its algorithm is not Ed25519")
    if key.id.hex() != hashed:
        raise KeyUnreadable("its hash is not that of its name and key")
    return key


class Signer(Protocol):
    """Whoever signs notes: a key in a file, or a hardware module."""

    @property
    def key(self) -> Key:
        """The public half."""

    def sign(self, text: bytes) -> bytes:
        """The signature over a note's text, without the key's id."""


class Ed25519Signer:
    """A private key that this process holds."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self._private = private
        self._key = Key(name, ED25519, private.public_key().public_bytes_raw())

    @property
    def key(self) -> Key:
        """The public half."""
        return self._key

    def sign(self, text: bytes) -> bytes:
        """64 bytes."""
        return self._private.sign(text)


class Signature(NamedTuple):
    """A line below a note: whose, and what it holds."""

    name: str
    key_id: bytes
    made: bytes


class Note(NamedTuple):
    """A signed note, taken apart; nothing of it is verified yet."""

    text: bytes
    signatures: tuple[Signature, ...]


class Vouched(NamedTuple):
    """A signature that holds; `time`: seconds since 1970 of a cosignature, 0 for another."""

    key: Key
    time: int = 0


def signature_line(key: Key, made: bytes) -> bytes:
    """The line that stands below a note."""
    return f"— {key.name} {b64encode(key.id + made).decode()}\n".encode()


def signed(text: bytes, signers: Iterable[Signer]) -> bytes:
    """The text, which ends with a line break, as a note."""
    return text + b"\n" + b"".join(signature_line(s.key, s.sign(text)) for s in signers)


def read_note(data: bytes) -> Note:
    """A note taken apart. NoteBroken."""
    if len(data) > LONGEST:
        raise NoteBroken(f"it is longer than {LONGEST} bytes")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise NoteBroken("it is not UTF-8") from None
    text, parted, below = whole.rpartition("\n\n")
    if not parted or not below.endswith("\n"):
        raise NoteBroken("it has no signature below an empty line")
    if any(ord(char) < 0x20 and char != "\n" for char in text):
        raise NoteBroken("it has control characters")
    lines = below[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise NoteBroken(f"it has more than {MOST_SIGNATURES} signatures")
    return Note(f"{text}\n".encode(), tuple(_signature(line) for line in lines))


def _signature(line: str) -> Signature:
    found = LINE.fullmatch(line)
    try:
        made = b64decode(found[2], validate=True) if found else b""
    except binascii.Error:
        made = b""
    if found is None or len(made) < 5:
        raise NoteBroken("a line below it is no signature")
    return Signature(found[1], made[:4], made[4:])


def vouchers(note: Note, keys: Sequence[Key]) -> list[Vouched]:
    """The signatures that hold, of those by the keys given; others say nothing. NoteForged."""
    known = {(key.name, key.id): key for key in keys}
    return [
        _vouched(note.text, each, key)
        for each in note.signatures
        if (key := known.get((each.name, each.key_id))) is not None
    ]


def _vouched(text: bytes, signature: Signature, key: Key) -> Vouched:
    time, made = 0, signature.made
    if key.algorithm == COSIGNATURE:
        time, made = int.from_bytes(made[:8], "big"), made[8:]
        text = cosigned(text, time)
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(made, text)
    except (InvalidSignature, ValueError):
        raise NoteForged(key.name) from None
    return Vouched(key, time)


def cosigned(text: bytes, time: int) -> bytes:
    """What a witness signs: the checkpoint's text, and the second at which it was seen."""
    return b"cosignature/v1\ntime %d\n" % time + text


class Checkpoint(NamedTuple):
    """A state of a log: its name, how many events it has, the root over them; `extra` lines say
    more and are signed with it.
    """

    origin: str
    size: int
    root: bytes
    extra: tuple[str, ...] = ()

    @property
    def text(self) -> bytes:
        """The text that is signed."""
        root = b64encode(self.root).decode()
        return "".join(f"{x}\n" for x in (self.origin, self.size, root, *self.extra)).encode()


def read_checkpoint(text: bytes) -> Checkpoint:
    """The checkpoint that a note's text says. CheckpointBroken."""
    lines = text.decode(errors="replace").split("\n")
    if len(lines) < 4 or lines.pop() or "" in lines:
        raise CheckpointBroken("it has not three lines or more")
    origin, size, root, *extra = lines
    if not (size.isascii() and size.isdecimal()) or (size != "0" and size[0] == "0"):
        raise CheckpointBroken("its second line is no number of events")
    if len(size) > 18:
        raise CheckpointBroken("its number of events is absurd")
    try:
        hashed = b64decode(root, validate=True)
    except ValueError:
        hashed = b""
    if len(hashed) != SIZE:
        raise CheckpointBroken("its third line is no root")
    return Checkpoint(origin, int(size), hashed, tuple(extra))
