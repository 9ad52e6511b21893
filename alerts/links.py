"""Links that acknowledge: signed, for one message and person, with an end; and the short codes by
which a reply names a message.

LinkRefused
├── LinkForged     none that this system made, or not any more as it made it
└── LinkExpired    its time is over
"""

from __future__ import annotations

import base64
import hmac
from typing import ClassVar, NamedTuple

import msgspec

from supervision.errors import SupervisionError
from supervision.facts import Instant
from supervision.vault import Vault

LONGEST = 600
"""Characters of a token: a message, a name of 64 characters of any script, an end, a signature."""
MAC_BYTES = 16
"""Of the signature's 32: enough that nobody guesses one, and short in an SMS."""
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""What can be told apart by who reads and types it: no 0, O, 1 or I."""
CODE_LENGTH = 5

_encode = msgspec.msgpack.Encoder().encode


class LinkRefused(SupervisionError):
    """The root; the message is for whoever opened the link, in Chinese and English."""

    zh: ClassVar[str] = "链接不能使用"
    en: ClassVar[str] = "this link cannot be used"

    def __init__(self) -> None:
        super().__init__(f"{self.zh} {self.en}")


class LinkForged(LinkRefused):
    """It leads nowhere."""

    zh = "链接无效，请从通知中重新打开，或登录后办理"
    en = "this link is not valid: open it from the message again, or sign in"


class LinkExpired(LinkRefused):
    """Its time is over."""

    zh = "链接已过期，请登录后办理"
    en = "this link has expired: sign in instead"


class Linked(NamedTuple):
    """What a link is for: which message, to whom, until when (µs)."""

    message: str
    person: str
    expires_at: Instant


_decode = msgspec.msgpack.Decoder(Linked).decode


class Links:
    """Makes and reads them, with a secret that every process of the system derives."""

    def __init__(self, secret: bytes) -> None:
        """`secret`: of 32 bytes, from `secret_of`."""
        self._secret = secret

    def make(self, message_id: str, person: str, expires_at: Instant) -> str:
        """A token for an address: letters, digits, - _ and a dot."""
        payload = _text(_encode(Linked(message_id, person, expires_at)))
        return f"{payload}.{self._signature(payload)}"

    def read(self, token: str, now: Instant) -> Linked:
        """What a token is for; LinkForged, LinkExpired."""
        if len(token) > LONGEST:
            raise LinkForged
        payload, _, signature = token.partition(".")
        right = self._signature(payload)
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), right.encode()):
            raise LinkForged
        linked = _decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        if now >= linked.expires_at:
            raise LinkExpired
        return linked

    def reply_code(self, message_id: str) -> str:
        """The five characters by which a reply names a message. Two messages may have the same."""
        number = int.from_bytes(self._mac(b"reply", message_id.encode())[:8])
        return "".join(ALPHABET[number >> 5 * n & 31] for n in range(CODE_LENGTH))

    def _signature(self, payload: str) -> str:
        return _text(self._mac(b"link", payload.encode("utf-8", "replace"))[:MAC_BYTES])

    def _mac(self, purpose: bytes, content: bytes) -> bytes:
        return hmac.digest(self._secret, purpose + b"\0" + content, "sha256")


def secret_of(vault: Vault) -> bytes:
    """The secret of a system's links."""
    return vault.derived("alerts", "links")


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
