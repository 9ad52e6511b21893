"""The case file (卷宗): all that the log holds of one case, what was judged of it, and the proofs.

It is what a bundle's case.json says. Times that people read are ISO 8601 with the offset of the
policy's zone, or the one that the source reported; `recorded_at` of an event is that of its
envelope. A proof is a list of hashes in base64, from the leaves upwards (RFC 6962: 2.1.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

from .history import CardDrawn, ClockDrawn, FindingDrawn

FORMAT = "supervision-case-file"
VERSION = 1
"""Raised when a reader of the older form would understand it wrongly."""

FACT, LINK, CARD, DESK, NOTICE = "fact", "link", "card", "desk", "notice"
MESSAGE, ERASURE, LIST = "message", "erasure", "list"
"""Families of events: those of the case's own streams, then what other streams hold about it."""

MASKED, SHOWN, ERASED = "masked", "shown", "erased"
"""Of a text: not to be seen by whoever took the file; shown; destroyed by law, or never kept."""

OTHER_CASES, LINK_OPEN = "other_cases", "link_open"
"""Why an envelope is not in the file: it speaks of other cases too; it holds a link that signs."""


class TextShown(Struct, frozen=True, kw_only=True):
    """Personal data or free text of an event, by name; `text` only where it is shown."""

    name: str
    state: str
    text: str = ""


class FiledEvent(Struct, frozen=True, kw_only=True):
    """A stored event: how it reads, the exact bytes that are proved, and their proof.

    `envelope` is the canonical envelope as text (its UTF-8 bytes are what was hashed); "" with
    `withheld` saying why. `leaf` is the hash of the envelope as a leaf, in hexadecimal. `sealed`:
    whether the checkpoint covers it; what it does not cover is not proved, and has no `proof`. The
    checkpoint of n events covers positions 1 to n; the event's leaf has the index position - 1.
    """

    position: int
    stream: str
    version: int
    topic: str
    kind: str
    """The topic without its version."""
    family: str
    zh: str
    en: str
    recorded_at: str
    occurred_at: str = ""
    """When it happened, with the offset reported; of acts and notices when they were made."""
    id: str = ""
    """The fact's or desk act's id, else the card's, else the message's."""
    who: str = ""
    what_zh: str = ""
    what_en: str = ""
    severity: str = ""
    late: bool = False
    future: bool = False
    corrected: bool = False
    texts: tuple[TextShown, ...] = ()
    envelope: str = ""
    withheld: str = ""
    leaf: str
    sealed: bool = False
    proof: tuple[str, ...] = ()


class Material(Struct, frozen=True, kw_only=True):
    """A document of the application (材料): given with it, asked for as missing, supplemented.

    Instants are those of the facts that say so, ISO 8601; "" where none does. `positions`: theirs.
    """

    name: str
    state: str
    """given, missing (asked for, and not there yet), supplemented."""
    given_at: str = ""
    asked_at: str = ""
    supplemented_at: str = ""
    positions: tuple[int, ...] = ()


class MessageFiled(Struct, frozen=True, kw_only=True):
    """A decision about telling somebody of a card, and what became of its message.

    `decision`: told, not_told or waits; `stage`: by reason of what, of the latter two. `state`: of
    the message, as in alerts.told; "" where there was none.
    """

    position: int
    at: str
    decision: str
    card: str
    rung: int
    why: str
    person: str = ""
    channel: str = ""
    stage: str = ""
    until: str = ""
    message: str = ""
    state: str = ""
    state_at: str = ""
    attempts: int = 0
    parts: int = 0
    gateway_ids: tuple[str, ...] = ()
    reason: str = ""


class StreamFiled(Struct, frozen=True, kw_only=True):
    """How far a stream went when the file was taken.

    Of one that is the case's own (`whole`) every version from 1 to `version` is in the file.
    """

    stream: str
    version: int
    whole: bool


class Stamp(Struct, frozen=True, kw_only=True):
    """A time stamp (RFC 3161) on the checkpoint: by whom, when, the token's DER in base64."""

    authority: str
    at: str
    token: str


class Proof(Struct, frozen=True, kw_only=True):
    """What the events are proved against.

    `checkpoint` is the signed note; "" where the log had none yet. `size`: how many events it
    covers. `vkey` is the public key as whoever took the file saw it: who checks has it from
    elsewhere.
    """

    origin: str
    vkey: str
    checkpoint: str = ""
    size: int = 0
    stamps: tuple[Stamp, ...] = ()


class CaseFile(Struct, frozen=True, kw_only=True):
    """One case, filed. `events` in log order; `lists` are those that its clocks were judged by."""

    format: str = FORMAT
    format_version: int = VERSION
    origin: str
    """The log's name."""
    source: str
    case_no: str
    as_of: str
    """The instant of the file: what was recorded up to then is in it. RFC 3339 in UTC."""
    position: int
    """The log's last event then."""
    zone: str
    item: str
    item_name: str
    department: str
    status_zh: str
    status_en: str
    light: str
    history: bool
    texts: bool
    """Whether personal data and free text are shown."""
    events: tuple[FiledEvent, ...]
    streams: tuple[StreamFiled, ...]
    materials: tuple[Material, ...] = ()
    clocks: tuple[ClockDrawn, ...] = ()
    cards: tuple[CardDrawn, ...] = ()
    findings: tuple[FindingDrawn, ...] = ()
    messages: tuple[MessageFiled, ...] = ()
    lists: tuple[FiledEvent, ...] = ()
    proof: Proof

    @property
    def unsealed(self) -> tuple[int, ...]:
        """Positions of the events that no checkpoint covers yet."""
        both = (*self.events, *self.lists)
        return tuple(sorted(event.position for event in both if not event.sealed))


class Sealed(NamedTuple):
    """The newest checkpoint: the signed note, and how many events it covers."""

    note: bytes
    size: int


class Seals(Protocol):
    """What seals the log. MUST be callable from many threads; SealError, StoreError."""

    @property
    def origin(self) -> str:
        """The log's name, as its checkpoints have it."""

    @property
    def vkey(self) -> str:
        """The public key that checkpoints and manifests are signed with (NAME+HASH+BASE64)."""

    def latest(self) -> Sealed | None:
        """The newest checkpoint; None before the first."""

    def prove_many(self, positions: list[int], size: int) -> list[list[bytes]]:
        """The audit path of each event at these positions in the tree of the first `size` events.

        IndexError unless 1 <= position <= size <= what is sealed.
        """

    def sign(self, text: bytes) -> bytes:
        """The text, which ends with a line break, as a note signed by the log's key.

        It MUST refuse nothing but what is no text: what is signed here begins so that it is never
        taken for a checkpoint.
        """

    def stamps(self, size: int) -> Sequence[Stamp]:
        """The time stamps on the checkpoint of that size, over the text of its note."""
