"""Why a sign-in by an identity provider came to nothing.

SupervisionError
├── OidcRefused    the provider does not vouch for anybody here; `why` is for the audit log alone
└── OidcDown       the provider does not answer, or answers what no provider answers
"""

from __future__ import annotations

from typing import Literal

from ..errors import SupervisionError

Why = Literal[
    "transport",  # an address, of the settings or announced, is neither https nor of this machine
    "state",  # the answer does not belong to what was begun in this browser
    "denied",  # the person or the provider said no
    "issuer",  # discovery, answer or token name another provider than the settings
    "code",  # no code, or one that the provider refuses: used, late, of somebody else
    "client",  # the provider does not know us, or our secret is wrong
    "token",  # no identity token came, or it cannot be read
    "algorithm",  # signed in a way that is not believed, or not announced
    "signature",  # not by a key of the provider
    "audience",  # the token is meant for others
    "expired",
    "issued",  # in the future, or at no time
    "nonce",  # the token was made for another sign-in
    "claim",  # the claim that names the person is missing, no fit text, or not verified
]


class OidcRefused(SupervisionError):
    """Nobody was signed in. The message is the same whatever the reason: only the log is told."""

    def __init__(self, why: Why) -> None:
        super().__init__("the identity provider did not vouch for you: begin again at the sign-in")
        self.why = why


class OidcDown(SupervisionError):
    """Nobody was signed in, and nobody can say why not: the provider is unwell or unreachable."""

    retry = True

    def __init__(self, url: str, what: str) -> None:
        super().__init__(f"{url}: {what}; try again, or sign in by a local account")
        self.url = url
