"""What the pages may load: nothing from elsewhere, nothing embedded or guessed."""

from __future__ import annotations

from collections.abc import Sequence


def content_policy(script_hashes: Sequence[str]) -> str:
    """The Content-Security-Policy that Dash can live with.

    Dash writes one inline script (its start), allowed by its hash. Its components insert style
    elements, so styles keep 'unsafe-inline'; the curve of the day is an SVG in a data: address.
    """
    rules = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", *script_hashes]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())
