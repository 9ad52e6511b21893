"""The second factor: six digits of the half minute (TOTP, RFC 6238), by an app on a telephone.

The secret is not stored: it is derived from the system's own and the number of its renewal, so it
lies where the keys lie and is another after each renewal.
"""

from __future__ import annotations

import base64
import hmac
import string
import unicodedata
from collections.abc import Callable

import pyotp
import segno

ISSUER = "电子监察"
STEP = 30
"""Seconds for which six digits are right; those before and after them are too."""

Derived = Callable[[str, str], bytes]
"""A secret of this system for a purpose and a name (Vault.derived)."""


def secret_of(derived: Derived, person: str, number: int) -> str:
    """The secret of a person's second factor, as apps take it: 32 letters and digits."""
    return base64.b32encode(derived("totp", f"{number} {person}")[:20]).decode()


def step_of(secret: str, code: str, now: float) -> int | None:
    """Which half minute a code is of, if it is right at `now` (seconds); None if it is not."""
    typed = unicodedata.normalize("NFKC", code)
    given = "".join(c for c in typed if c in string.digits)
    otp, here = pyotp.TOTP(secret), int(now // STEP)
    found = None
    for step in (here - 1, here, here + 1):
        if step >= 0 and hmac.compare_digest(otp.generate_otp(step), given):
            found = step
    return found


def address_of(secret: str, person: str) -> str:
    """What an app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=person, issuer_name=ISSUER)


def picture_of(secret: str, person: str) -> str:
    """The QR code, as an SVG in a data: address."""
    code = segno.make(address_of(secret, person), error="m")
    return str(code.svg_data_uri(scale=5, border=2))
