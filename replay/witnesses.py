"""Witnesses: others that see each checkpoint, so that no log can be rewritten unseen.

Two kinds. A witness by HTTP (C2SP tlog-witness) is sent the checkpoint with the proof that it goes
on from the one it knows, and answers with its cosignature and the time; it refuses one that does
not go on. A folder, on a share that this machine's owner cannot rewrite, gets a copy of every note.

SealError (notes.py)
└── WitnessError
    ├── WitnessUnfit     a setting that names no witness
    ├── WitnessRefused   it knows another log than this one
    └── WitnessDown      it does not answer; it is asked again
"""

from __future__ import annotations

import re
from base64 import b64encode
from concurrent.futures import Future, wait
from pathlib import Path
from threading import Thread
from typing import NamedTuple, Protocol

import httpx

from supervision.errors import SupervisionError
from supervision.facts import Instant

from .merkle import verify_consistency
from .notes import (
    COSIGNATURE,
    Key,
    Note,
    SealError,
    read_checkpoint,
    read_key,
    read_note,
    signature_line,
    vouchers,
)
from .seal_keys import put
from .seals import VKEY, Checkpoints, SealFolder
from .stamping import SECONDS, Post, Said, post

ADD = "/add-checkpoint"
TEXT, SIZE_TYPE = "text/plain; charset=utf-8", "text/x.tlog.size"
FOLDER = "folder:"
TRIES = 4
"""Times that a witness is asked at once: it says what it knows, and that may move on."""
ROUND = TRIES * SECONDS
"""Seconds that a round waits for witnesses; who has not ended then is down, and holds up nobody."""
PATIENCE = 3_600_000_000
"""Microseconds for which a witness may be down before it is told."""
ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


class WitnessError(SealError):
    """What is wrong with a witness."""


class WitnessUnfit(WitnessError):
    """No witness."""

    def __init__(self, given: str, why: object) -> None:
        super().__init__(
            f"SUPERVISION_WITNESSES: {given!r} is no witness: {why}; write NAME+HASH+BASE64@https://"
            "HOST/… as its owner gave it, or folder:/PATH, with commas in between"
        )


class WitnessRefused(WitnessError):
    """It does not vouch for this log."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"the witness {name} does not vouch for this log: {why}")


class WitnessDown(WitnessError):
    """No answer."""

    retry = True

    def __init__(self, name: str, why: object) -> None:
        super().__init__(f"the witness {name} does not answer: {why}")


class Seen(NamedTuple):
    """What a witness is shown: a folder of seals and one of its checkpoints."""

    folder: Path
    size: int

    @property
    def notes(self) -> Checkpoints:
        """The notes of the folder."""
        return Checkpoints(self.folder)


class Witness(Protocol):
    """Whoever keeps checkpoints elsewhere."""

    @property
    def name(self) -> str:
        """What it is called in alarms."""

    def has(self, seen: Seen) -> bool:
        """Whether it has seen the checkpoint."""

    def show(self, seen: Seen) -> None:
        """Show it the checkpoint, and keep what it says. WitnessRefused, WitnessDown, SealError."""


class HttpWitness:
    """A witness by the C2SP protocol, named by its key and address."""

    def __init__(self, key: Key, url: str, by: Post = post) -> None:
        self.key, self._url, self._post = key, url.rstrip("/") + ADD, by
        self._known = 0

    @property
    def name(self) -> str:
        """Its key's."""
        return self.key.name

    def has(self, seen: Seen) -> bool:
        """Whether its cosignature stands below the note."""
        return bool(vouchers(read_note(seen.notes.note(seen.size)), [self.key]))

    def show(self, seen: Seen) -> None:
        """Ask, from the size that it knows on; its cosignature goes below the note."""
        note = _of_the_log(read_note(seen.notes.note(seen.size)))
        if self._known > seen.size:
            raise self._cut_off(self._known, seen.size)
        for _ in range(TRIES):
            said = self._ask(note, seen)
            if said.status == 200:
                seen.notes.add(seen.size, self._cosignature(note, said.body))
                self._known = seen.size
                return
            if said.status != 409:
                raise self._refusal(said)
            self._learn(said, seen.size)
        raise WitnessDown(self.name, "it knows another size each time that it is asked")

    def _ask(self, note: bytes, seen: Seen) -> Said:
        proof = SealFolder(seen.folder).consistency(self._known, seen.size)
        lines = "".join(f"{b64encode(each).decode()}\n" for each in proof)
        try:
            return self._post(self._url, TEXT, f"old {self._known}\n{lines}\n".encode() + note)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise WitnessDown(self.name, str(error) or type(error).__name__) from error

    def _learn(self, said: Said, size: int) -> None:
        if self._known == size:
            raise WitnessRefused(self.name, f"it has seen another log of {size} events")
        known = said.body.decode(errors="replace").strip()
        if not (known.isascii() and known.isdecimal()) or len(known) > 18:
            raise WitnessDown(self.name, "status 409 without a size")
        if int(known) > size:
            raise self._cut_off(int(known), size)
        self._known = int(known)

    def _cut_off(self, known: int, size: int) -> WitnessRefused:
        why = f"it has seen {known} events, here are {size}: the log was cut off or restored"
        return WitnessRefused(self.name, why)

    def _refusal(self, said: Said) -> WitnessError:
        if why := REFUSALS.get(said.status):
            return WitnessRefused(self.name, why)
        return WitnessDown(self.name, f"status {said.status}")

    def _cosignature(self, note: bytes, lines: bytes) -> bytes:
        """Of the lines that it answered, its own, which holds."""
        try:
            found = read_note(note + lines)
            holds = vouchers(found, [self.key])
        except SealError as error:
            raise WitnessRefused(self.name, f"its answer does not hold: {error}") from error
        if not holds:
            raise WitnessRefused(self.name, "it answered without a signature by its key")
        own = next(s for s in found.signatures if (s.name, s.key_id) == (self.name, self.key.id))
        return signature_line(self.key, own.made)


REFUSALS = {
    400: "it cannot read what it was sent",
    403: "it knows another key of this log; give its owner the line of `supervise seal vkey`",
    404: "it does not know this log; give its owner the line of `supervise seal vkey`",
    422: "the log does not go on from the checkpoint that it has seen: events were changed",
}
"""What an answer of a witness means, by its status."""


class FolderWitness:
    """A folder elsewhere to which every note is copied, once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """Where the copies are."""
        return self._folder

    @property
    def name(self) -> str:
        """Its path."""
        return f"{FOLDER}{self._folder}"

    def has(self, seen: Seen) -> bool:
        """Whether the note is there, with the same text; WitnessRefused where another one is."""
        try:
            there = self._folder / seen.notes.path(seen.size).name
            if not there.exists():
                return False
            kept = read_note(there.read_bytes())
        except OSError as error:
            raise WitnessDown(self.name, error.strerror) from error
        if kept.text != read_note(seen.notes.note(seen.size)).text:
            why = f"it has another checkpoint of {seen.size} events"
            raise WitnessRefused(self.name, why)
        return True

    def show(self, seen: Seen) -> None:
        """Copy every note that it has not, up to this one, and the public key."""
        if not self._folder.is_dir():
            raise WitnessDown(self.name, "there is no such folder; mount it, or make it")
        try:
            last = max((int(p.stem) for p in self._folder.glob("*.note")), default=0)
            if last:
                self._goes_on(last, seen)
            for size in (each for each in seen.notes.sizes() if last < each <= seen.size):
                put(self._folder / seen.notes.path(size).name, seen.notes.note(size))
            if not (self._folder / VKEY).exists():
                put(self._folder / VKEY, (seen.folder / VKEY).read_bytes())
        except OSError as error:
            raise WitnessDown(self.name, error.strerror) from error
        except ValueError:
            raise WitnessDown(self.name, "it holds notes that are not ours") from None

    def _goes_on(self, last: int, seen: Seen) -> None:
        """The checkpoint goes on from the last copy. WitnessRefused."""
        if last > seen.size:
            why = f"it has seen {last} events, here are {seen.size}: cut off or restored"
            raise WitnessRefused(self.name, why)
        data = (self._folder / seen.notes.path(last).name).read_bytes()
        try:
            old = read_checkpoint(read_note(data).text)
        except SealError as error:
            raise WitnessRefused(self.name, f"its copy of {last} is damaged: {error}") from error
        new = seen.notes.checkpoint(seen.size)
        proof = SealFolder(seen.folder).consistency(last, seen.size)
        same = (old.origin, old.size) == (new.origin, last)
        if not same or not verify_consistency(last, old.root, seen.size, new.root, proof):
            why = f"the log does not go on from its copy of {last}: events were changed"
            raise WitnessRefused(self.name, why)


def read_witnesses(text: str) -> list[Witness]:
    """The witnesses of a setting, by commas. WitnessUnfit."""
    return [_witness(each.strip()) for each in text.split(",") if each.strip()]


def _witness(given: str) -> Witness:
    if given.startswith(FOLDER):
        path = Path(given.removeprefix(FOLDER))
        if not path.is_absolute():
            raise WitnessUnfit(given, "the path does not begin with /")
        return FolderWitness(path)
    vkey, parted, url = given.partition("@")
    if not parted or not ADDRESS.fullmatch(url):
        raise WitnessUnfit(given, "it has no address behind @")
    try:
        key = read_key(vkey)
    except SealError as error:
        raise WitnessUnfit(given, error) from error
    if key.algorithm != COSIGNATURE:
        raise WitnessUnfit(given, "its key does not cosign (algorithm 04)")
    return HttpWitness(key, url)


def _of_the_log(note: Note) -> bytes:
    """A note with the log's own signatures alone."""
    name = read_checkpoint(note.text).origin
    lines = (s for s in note.signatures if s.name == name)
    coded = (f"— {s.name} {b64encode(s.key_id + s.made).decode()}\n" for s in lines)
    return note.text + b"\n" + "".join(coded).encode()


class Round:
    """Shows the newest checkpoint to every witness, and tells what is wrong with them."""

    def __init__(self, witnesses: list[Witness], patience: int = PATIENCE) -> None:
        """`patience`: µs for which one may be down before it is told."""
        self._witnesses, self._patience = witnesses, patience
        self._down: dict[str, Instant] = {}
        self._asked: dict[int, Future[None]] = {}
        self.refused: dict[str, str] = {}
        """By name, why one does not vouch for this log, or cannot be shown it."""
        self.down: dict[str, str] = {}
        """By name, why one has not answered for longer than patience lasts."""

    def show(self, seen: Seen, now: Instant) -> None:
        """Once, at an instant, to all at the same time; who was down is asked again at the next.

        Folders wait a little for the others, whose cosignatures are then copied with the note.
        """
        folders = [isinstance(each, FolderWitness) for each in self._witnesses]
        for later in (False, True):
            for at, witness in enumerate(self._witnesses):
                if at not in self._asked and folders[at] is later:
                    self._asked[at] = _begun(witness, seen)
            done, _ = wait(self._asked.values(), timeout=ROUND if later else SECONDS)
        for at, asked in sorted(self._asked.items()):
            witness = self._witnesses[at]
            if asked in done:
                del self._asked[at]
                self._hear(witness, asked, now)
            else:
                self._is_down(witness, WitnessDown(witness.name, f"not within {ROUND:.0f} s"), now)

    def _hear(self, witness: Witness, asked: Future[None], now: Instant) -> None:
        try:
            asked.result()
        except WitnessDown as error:
            self._is_down(witness, error, now)
        except SupervisionError as error:
            self.refused[witness.name] = str(error)
            self._down.pop(witness.name, None)
        else:
            for told in (self.refused, self.down, self._down):
                told.pop(witness.name, None)

    def _is_down(self, witness: Witness, error: WitnessDown, now: Instant) -> None:
        since = self._down.setdefault(witness.name, now)
        if abs(now - since) >= self._patience:
            self.down[witness.name] = str(error)


def _begun(witness: Witness, seen: Seen) -> Future[None]:
    """A witness shown a checkpoint beside the others, by a thread that no end waits for."""
    made: Future[None] = Future()

    def show() -> None:
        try:
            if not witness.has(seen):
                witness.show(seen)
        except BaseException as error:  # noqa: BLE001 handed on to whoever waits
            made.set_exception(error)
        else:
            made.set_result(None)

    Thread(target=show, name=f"show {witness.name}", daemon=True).start()
    return made
