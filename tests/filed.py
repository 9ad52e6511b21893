"""A case to make a file of, in memory: with a document asked for, cards, answers, messages; and the
seals over its log.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from replay.bundle import Bundle, bundle
from replay.casefile import CaseFile, Sealed, Stamp
from replay.filing import Gathered, case_file
from replay.merkle import Nodes, inclusion, leaf_hash, node_hash, root_of
from replay.notes import Checkpoint, Ed25519Signer, signed
from replay.telling import Reveal
from supervision.facts import Instant
from supervision.notices import (
    OUTBOX,
    CardNotTold,
    CardRef,
    CardTold,
    MessageAccepted,
    MessageAttempted,
    MessageDelivered,
    MessageIntended,
    OutboxEvent,
    message_stream,
)
from supervision.store.mapping import encode
from supervision.store.stored import Stored
from supervision.streams import ERASURES
from supervision.system import TextErased
from tests.card_story import Story, said
from tests.court import fact, when
from tests.loops import CARD

ORIGIN = "test.example/log"
SECRET = bytes(range(32))
PDF = b"%PDF-1.7\n"
ACK = "https://wall/ack/abc"


def log_key(name: str = ORIGIN, secret: bytes = SECRET) -> Ed25519Signer:
    """The key of the log, or another."""
    return Ed25519Signer(name, Ed25519PrivateKey.from_private_bytes(secret))


def nodes_over(leaves: Sequence[bytes]) -> Nodes:
    """The complete subtrees over some leaves."""

    @cache
    def node(level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return node


class MemorySeals:
    """Seals over events in memory, of which the first `size` are covered; -1: all of them."""

    def __init__(
        self,
        stored: Sequence[Stored],
        size: int = -1,
        *,
        by: Ed25519Signer | None = None,
        stamps: Sequence[Stamp] = (),
    ) -> None:
        self._nodes = nodes_over([leaf_hash(each.envelope) for each in stored])
        self._size = len(stored) if size < 0 else size
        self._signer, self._stamps = by or log_key(), stamps

    @property
    def origin(self) -> str:
        """The key's name."""
        return self._signer.key.name

    @property
    def vkey(self) -> str:
        """The public key."""
        return self._signer.key.vkey

    def latest(self) -> Sealed | None:
        """None where nothing is covered."""
        if not self._size:
            return None
        made = Checkpoint(self.origin, self._size, root_of(self._nodes, self._size))
        return Sealed(self.sign(made.text), self._size)

    def prove_many(self, positions: list[int], size: int) -> list[list[bytes]]:
        """The audit paths."""
        return [inclusion(self._nodes, position - 1, size) for position in positions]

    def sign(self, text: bytes) -> bytes:
        """As a note."""
        return signed(text, [self._signer])

    def stamps(self, size: int) -> Sequence[Stamp]:
        """Those given."""
        return self._stamps


FACTS = (
    fact(
        "ApplicationReceived",
        "2026-03-02",
        materials=("申请书", "身份证"),
        texts=("opinion",),
        sealed="00",
        applicant_ref="ref",
    ),
    fact(
        "SupplementRequested", "2026-03-02 09:30", materials=("章程",), told_at="2026-03-02 09:30"
    ),
    fact("SupplementReceived", "2026-03-02 09:40"),
    fact("CaseAccepted", "2026-03-02 10:00", texts=("opinion",), sealed="01"),
    fact("ApplicationReceived", "2026-03-02", id="another", case_no="2"),
)
"""Case 1 was short of one document, which came with what made the application complete."""


@cache
def story() -> Story:
    """Case 1 past its promise: a card that was acknowledged and explained, and told by three
    messages: m1, m2 that speaks of another case too, m3 of which the link is still good.
    """
    made = Story(
        said("CardAcknowledged", "2026-03-13"),
        said("CardExplained", "2026-03-13 10:00"),
        until="2026-03-20",
        facts=FACTS,
        notices=[_told("m1"), _told("m2"), _told("m3"), _not_told()],
    )
    for message, others, until in (
        ("m1", False, "2026-03-14"),
        ("m2", True, "2026-03-14"),
        ("m3", False, "2027-01-01"),
    ):
        made.now += 1
        made.log.put(made.now, [(OUTBOX, _intended(until, others=others))])
        made.log.put(made.now, [(message_stream(message), each) for each in _sent(message)])
    return made


def _told(message: str) -> CardTold:
    return CardTold(
        source="s", case_no="1", card=CARD, at=when("2026-03-12"), rung=0, why="issued",
        person="zhang", channel="mail", message=message,
    )  # fmt: skip


def _not_told() -> CardNotTold:
    return CardNotTold(
        source="s", case_no="1", card=CARD, at=when("2026-03-12"), rung=1, why="issued",
        stage="no_contact",
    )  # fmt: skip


def _intended(until: str, *, others: bool) -> MessageIntended:
    another = (CardRef("t", "9", "another"),) if others else ()
    return MessageIntended(
        message="", at=when("2026-03-12"), kind="card", channel="mail", person="zhang",
        cards=(CardRef("s", "1", CARD), *another), text=f"黄牌 {ACK}", expires_at=when(until),
    )  # fmt: skip


def _sent(message: str) -> list[OutboxEvent]:
    at = when("2026-03-12 09:01")
    return [
        MessageAttempted(message=message, at=at, attempt=1),
        MessageAccepted(message=message, at=at, attempt=1, gateway_id="q1"),
        MessageDelivered(message=message, at=at, gateway_id="q1"),
    ]


def whole_log(*, erased: bool = False) -> list[Stored]:
    """Every event; `erased`: the last says that the case's texts were destroyed."""
    stored = list(story().log.stored)
    if erased:
        event = TextErased(source="s", case_no="1", at=when("2026-03-20"), by="admin", basis="法")
        stored.append(Stored(len(stored) + 1, ERASURES, 1, *encoded(event, story().now)))
    return stored


def encoded(event: TextErased, at: Instant) -> tuple[str, Instant, bytes]:
    """Topic, stamp and payload."""
    topic, payload = encode(event)
    return topic, at, payload


def gathered(*, erased: bool = False) -> Gathered:
    """What a record would give of case 1."""
    stored = whole_log(erased=erased)

    def under(prefix: str) -> list[Stored]:
        return [each for each in stored if each.stream.startswith(prefix)]

    return Gathered(
        len(stored), under("case/s/1/"), under("alerts/"), under(ERASURES), under("lists/")
    )


def filed(
    reveal: Reveal | None = None, *, erased: bool = False, seals: MemorySeals | None = None
) -> CaseFile:
    """The file of case 1."""
    under = seals or MemorySeals(whole_log(erased=erased))
    made = case_file(gathered(erased=erased), under, story().now, reveal)
    assert made is not None
    return made


def bundled(file: CaseFile | None = None, seals: MemorySeals | None = None) -> Bundle:
    """The bundle of a file, with a PDF of nothing."""
    under = seals or MemorySeals(whole_log())
    return bundle(file or filed(seals=under), PDF, under)
