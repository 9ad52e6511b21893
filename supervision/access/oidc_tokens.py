"""Identity tokens: whose signature is believed, and what must stand in them (OpenID Connect Core).

joserfc checks signatures, Authlib claims; Authlib's own authlib.jose gives way to joserfc.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import (
    ClaimError,
    DecodeError,
    ExceededSizeError,
    InvalidKeyIdError,
    InvalidPayloadError,
    JoseError,
    UnsupportedAlgorithmError,
)
from joserfc.jwk import JWKRegistry, Key, KeySet
from joserfc.jws import JWSRegistry
from msgspec import Struct

from .oidc_errors import OidcRefused, Why

ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "EdDSA"})
"""Signatures that are believed, if the provider announces them; all asymmetric."""
LEEWAY = 60
"""Seconds by which the provider's clock and ours may differ."""
OF_CLAIM: dict[str, Why] = {
    "iss": "issuer",
    "aud": "audience",
    "azp": "audience",
    "exp": "expired",
    "iat": "issued",
    "nbf": "issued",
    "nonce": "nonce",
}


class RawKeys(Struct, frozen=True):
    """A provider's key set as it publishes it (RFC 7517, 5)."""

    keys: list[dict[str, Any]]


class Keys(NamedTuple):
    """A provider's keys, the algorithms in which they are believed, and when they were read."""

    known: KeySet
    believed: frozenset[str]
    read_at: float
    """Seconds since 1970."""


class _Believed(JWSRegistry):
    """Exactly the given algorithms: joserfc's own takes an empty list for the recommended ones,
    HS256 among them, and warns of EdDSA, of which RFC 9864 deprecates only the name."""

    def __init__(self, believed: frozenset[str]) -> None:
        super().__init__(strict_check_header=False)
        self._believed = believed

    def get_alg(self, name: str) -> Any:
        """The algorithm of that name, if it is believed."""
        if name not in self._believed:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


def usable(raw: RawKeys) -> KeySet:
    """The public keys; what is none is passed over, and joserfc those that are not to sign."""
    keys: list[Key] = []
    for one in raw.keys:
        if one.get("kty") in ("RSA", "EC", "OKP"):
            try:
                keys.append(JWKRegistry.import_key(one))
            except (JoseError, ValueError, TypeError):
                continue
    return KeySet(keys)


def verified(token: str, keys: Keys) -> jwt.Token | None:
    """A token that one of the keys signed; None if its key is not among them.

    Raises OidcRefused (token, algorithm, signature).
    """
    try:
        return jwt.decode(token, keys.known, registry=_Believed(keys.believed))
    except InvalidKeyIdError:
        return None
    except (DecodeError, InvalidPayloadError, ExceededSizeError, RecursionError) as error:
        raise OidcRefused("token") from error
    except UnsupportedAlgorithmError as error:
        raise OidcRefused("algorithm") from error
    except (JoseError, ValueError, TypeError) as error:
        raise OidcRefused("signature") from error


def checked(read: jwt.Token, issuer: str, client_id: str, nonce: str, now: float) -> dict[str, Any]:
    """The claims of a token of that issuer, for us, now and for this sign-in (Core, 3.1.3.7).

    Raises OidcRefused (issuer, audience, expired, issued, nonce, claim).
    """
    options = {"iss": {"value": issuer}, "aud": {"value": client_id}}
    expected = {"nonce": nonce, "client_id": client_id}
    claims = CodeIDToken(read.claims, read.header, options, expected)
    try:
        claims.validate(now=now, leeway=LEEWAY)
    except ClaimError as error:
        raise OidcRefused(OF_CLAIM.get(error.claim, "claim")) from error
    return dict(claims)
