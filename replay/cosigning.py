"""A witness of our own (C2SP tlog-witness): it vouches that a log only ever grew.

It holds of each log the last checkpoint that it cosigned, in a file, written before it answers. A
checkpoint that does not go on from that one is refused, whatever its signature.
"""

from __future__ import annotations

import fcntl
import logging
from base64 import b64decode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from supervision.errors import SupervisionError

from .merkle import EMPTY, SIZE, verify_consistency
from .notes import (
    COSIGNATURE,
    ED25519,
    Checkpoint,
    Key,
    Note,
    NoteForged,
    SealError,
    cosigned,
    read_checkpoint,
    read_note,
    signature_line,
    vouchers,
)
from .seal_keys import put
from .witnesses import SIZE_TYPE, TEXT

log = logging.getLogger(__name__)

MOST_PROOF = 63
"""Hashes of a consistency proof."""
LONGEST = 1 << 16
"""Bytes of a request."""


class WitnessBusy(SupervisionError):
    """Two must not vouch from one memory."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"another `supervise witness` works in {folder}; end it first")


class MemoryBroken(SupervisionError):
    """What a witness knows cannot be read: it must not begin anew in silence."""

    def __init__(self, path: Path, why: object) -> None:
        super().__init__(f"{path} cannot be read: {why}; bring it back from a copy")


class MemoryGone(SupervisionError):
    """A witness that was to know a log knows nothing of it."""

    def __init__(self, folder: Path, origin: str) -> None:
        super().__init__(
            f"{folder} knows nothing of the log {origin}: mount it, or bring it back from a copy; "
            "to vouch for a log from its beginning, start once with --new"
        )


class LogUnfit(SupervisionError):
    """A key that is no log's."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the key of {name} is a witness's; a log's is what `supervise seal vkey` prints there"
        )


class Cosigner:
    """The witness's key."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.key = Key(name, COSIGNATURE, private.public_key().public_bytes_raw())

    def line(self, text: bytes, time: int) -> bytes:
        """The cosignature below a note of that text, seen at that second."""
        made = time.to_bytes(8, "big") + self._private.sign(cosigned(text, time))
        return signature_line(self.key, made)


class Answer(NamedTuple):
    """What is answered by HTTP."""

    status: int
    body: bytes = b""
    kind: str = TEXT


class _Asked(NamedTuple):
    old: int
    proof: list[bytes]
    note: bytes


class _Unreadable(ValueError):
    pass


class CosigningWitness:
    """Vouches for the logs whose keys it was given. Any number of threads; one process.

    Its memory holds of each log the last note, and until there is one a mark that the log is new.
    """

    def __init__(
        self, folder: Path, signer: Cosigner, logs: Sequence[Key], *, new: bool = False
    ) -> None:
        """`new`: of logs that the memory does not hold nothing was ever vouched for; the folder is
        made then. WitnessBusy, LogUnfit; MemoryGone where it should hold one and does not.
        """
        self._folder, self._signer = folder, signer
        for key in logs:
            if key.algorithm != ED25519:
                raise LogUnfit(key.name)
        self._logs = {key.name: [k for k in logs if k.name == key.name] for key in logs}
        self._turn = Lock()
        if new:
            folder.mkdir(parents=True, exist_ok=True)
        elif not folder.is_dir():
            raise MemoryGone(folder, ", ".join(self._logs))
        self._held = (folder / "witness.lock").open("a")
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for origin in self._logs:
                self._expect(origin, new=new)
        except BlockingIOError:
            self._held.close()
            raise WitnessBusy(folder) from None
        except BaseException:
            self._held.close()
            raise

    def _expect(self, origin: str, *, new: bool) -> None:
        """A log that the memory holds, or is told to begin."""
        if self._path(origin).exists():
            self._mark(origin).unlink(missing_ok=True)
            return
        if self._mark(origin).exists():
            return
        if not new:
            raise MemoryGone(self._folder, origin)
        log.warning("%s is vouched for from its beginning", origin)
        try:
            put(self._mark(origin), f"{origin}\n".encode())
        except OSError as error:
            raise MemoryBroken(self._mark(origin), error.strerror) from error

    @property
    def key(self) -> Key:
        """Its public key."""
        return self._signer.key

    def add(self, body: bytes, now: int) -> Answer:
        """Answer a request at a second since 1970. MemoryBroken: nothing was vouched for."""
        try:
            asked = _read(body)
            note = read_note(asked.note)
            checkpoint = read_checkpoint(note.text)
        except (_Unreadable, SealError) as error:
            return Answer(400, f"{error}\n".encode())
        keys = self._logs.get(checkpoint.origin)
        if keys is None:
            return Answer(404, b"this log is not known here\n")
        try:
            signed = vouchers(note, keys)
        except NoteForged:
            signed = []
        if not signed:
            return Answer(403, b"no signature by the key that is known of this log\n")
        if asked.old > checkpoint.size:
            return Answer(400, b"the old size is greater than the checkpoint's\n")
        with self._turn:
            return self._judge(asked, _kept(note, keys), checkpoint, now)

    def _judge(self, asked: _Asked, note: bytes, checkpoint: Checkpoint, now: int) -> Answer:
        known = self._known(checkpoint.origin)
        size, root = (known.size, known.root) if known else (0, EMPTY)
        if asked.old != size or (size == checkpoint.size and known and root != checkpoint.root):
            return Answer(409, b"%d\n" % size, SIZE_TYPE)
        if not verify_consistency(size, root, checkpoint.size, checkpoint.root, asked.proof):
            return Answer(422, b"it does not go on from the checkpoint that is known here\n")
        line = self._signer.line(checkpoint.text, now)
        self._keep(checkpoint.origin, note + line)
        return Answer(200, line)

    def _path(self, origin: str) -> Path:
        return self._folder / f"{sha256(origin.encode()).hexdigest()}.note"

    def _mark(self, origin: str) -> Path:
        return self._path(origin).with_suffix(".new")

    def _known(self, origin: str) -> Checkpoint | None:
        path = self._path(origin)
        if not path.exists():
            if self._mark(origin).exists():
                return None
            raise MemoryBroken(path, "it is gone")
        try:
            found = read_checkpoint(read_note(path.read_bytes()).text)
        except (OSError, SealError) as error:
            raise MemoryBroken(path, error) from error
        if found.origin != origin:
            raise MemoryBroken(path, f"it is of the log {found.origin}")
        return found

    def _keep(self, origin: str, note: bytes) -> None:
        try:
            put(self._path(origin), note)
            self._mark(origin).unlink(missing_ok=True)
        except OSError as error:
            raise MemoryBroken(self._path(origin), error.strerror) from error

    def close(self) -> None:
        """Give the folder up."""
        self._held.close()


def _read(body: bytes) -> _Asked:
    """A request: "old N", the proof's lines, an empty line, the note."""
    if len(body) > LONGEST:
        raise _Unreadable(f"it is longer than {LONGEST} bytes")
    head, parted, note = body.partition(b"\n\n")
    first, *lines = head.decode(errors="replace").split("\n")
    word, _, old = first.partition(" ")
    right = old.isascii() and old.isdecimal() and len(old) <= 18 and (old == "0" or old[0] != "0")
    if not parted or word != "old" or not right or len(lines) > MOST_PROOF:
        raise _Unreadable("it does not begin with old N, at most 63 hashes and an empty line")
    try:
        proof = [b64decode(line, validate=True) for line in lines]
    except ValueError:
        raise _Unreadable("a hash of the proof is no BASE64") from None
    if any(len(each) != SIZE for each in proof):
        raise _Unreadable("a hash of the proof has not 32 bytes")
    return _Asked(int(old), proof, note)


def _kept(note: Note, keys: Sequence[Key]) -> bytes:
    """The note with the log's own signatures alone: anybody may add others to one."""
    known = {(key.name, key.id): key for key in keys}
    lines = dict.fromkeys(
        signature_line(key, each.made)
        for each in note.signatures
        if (key := known.get((each.name, each.key_id))) is not None
    )
    return note.text + b"\n" + b"".join(lines)
