"""Requests that are signed instead of bringing a key: HMAC-SHA256 over body, time and place.

What is signed are five lines joined by a line feed: "v1", the method, the path, the time in Unix
seconds as it was sent, and the SHA-256 of the body in hex. The key of the HMAC is the secret's
characters as they were shown. docs/intake.md has examples.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import NamedTuple

from ..facts import Instant
from ..vault import Vault

PREFIX = "ss_"
PURPOSE = "signing"
"""Of the secrets that the vault derives: those of keys that sign."""

WINDOW = 300
"""Seconds by which a request's time may differ from the server's, for clocks that are not right."""

KEY_ID, TIMESTAMP, SIGNATURE = "x-key-id", "x-timestamp", "x-signature"
"""The three headers of a signed request."""

_ID = re.compile(r"[\x21-\x7e]{1,64}")
_TIME = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v1=[0-9a-f]{64}")


class Signed(NamedTuple):
    """What a request says of its signature, none of it proved; the time as it was sent."""

    key_id: str
    timestamp: str
    signature: str

    @property
    def seconds(self) -> int:
        """Its time, in Unix seconds."""
        return int(self.timestamp)

    @property
    def kept_until(self) -> Instant:
        """Until when its signature must be remembered (µs), by clocks that differ by a window."""
        return (self.seconds + 2 * WINDOW) * 1_000_000


def signing_secret(vault: Vault, key_id: str) -> str:
    """The secret of a key that signs, the same in every process of the system."""
    derived = vault.derived(PURPOSE, key_id)
    return PREFIX + urlsafe_b64encode(derived).rstrip(b"=").decode()


def signature_of(secret: str, method: str, path: str, timestamp: str, body: bytes) -> str:
    """What X-Signature must be."""
    lines = ("v1", method, path, timestamp, hashlib.sha256(body).hexdigest())
    return "v1=" + hmac.digest(secret.encode(), "\n".join(lines).encode(), "sha256").hex()


def read_signed(headers: Mapping[str, str]) -> Signed | None:
    """The three headers, None unless each has its form; one spelling each, so none is sent twice
    in two.
    """
    said = Signed(*(headers.get(name, "") for name in (KEY_ID, TIMESTAMP, SIGNATURE)))
    forms = (_ID, _TIME, _SIGNATURE)
    fit = all(form.fullmatch(text) for form, text in zip(forms, said, strict=True))
    return said if fit else None


def is_signed_by(said: Signed, secret: str, method: str, path: str, body: bytes) -> bool:
    """Whether the secret's holder signed this; how long that takes tells nothing of the secret."""
    right = signature_of(secret, method, path, said.timestamp, body)
    return hmac.compare_digest(right.encode(), said.signature.encode())
