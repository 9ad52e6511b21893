"""Signing in by an identity provider: whom it vouches for, and every lie that is refused.

Above 400 lines: one table of lies, kept together so that what is missing from it shows.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from supervision.access import oidc_wire
from supervision.access.oidc import Begun, Claimed, OidcConfig, OidcDown, OidcRefused, Provider
from supervision.access.oidc_tokens import Keys, checked, verified
from tests.idp import DISCOVERY, Idp, running_idp

NOW = 1_800_000_000.0
BACK = "https://wall.example/signed-in"


@pytest.fixture
def idp() -> Idp:
    """A provider whose clock stands at NOW."""
    return Idp(now=lambda: NOW)


def client_of(idp: Idp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=idp.app))


class Slow(httpx.ASGITransport):
    """Lets everybody else go on before it answers."""

    def __init__(self, idp: Idp) -> None:
        super().__init__(app=idp.app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for _ in range(50):
            await asyncio.sleep(0)
        return await super().handle_async_request(request)


def config_of(idp: Idp, **settings: Any) -> OidcConfig:
    known = {"issuer": idp.issuer, "client_id": idp.client_id, "client_secret": idp.client_secret}
    return OidcConfig(**{**known, "redirect_uri": BACK, **settings})


def provider_of(idp: Idp, **settings: Any) -> Provider:
    return Provider(config_of(idp, **settings), lambda: client_of(idp))


async def comes_back(idp: Idp, begun: Begun) -> dict[str, str]:
    """The query with which the browser comes back."""
    async with client_of(idp) as browser:
        sent = (await browser.get(begun.url)).headers["location"]
    assert sent.startswith(BACK)
    return dict(parse_qsl(urlsplit(sent).query))


async def whole(idp: Idp, provider: Provider, now: float = NOW, **query: str | None) -> Claimed:
    """A sign-in from beginning to end; `query` changes what the browser brings back."""
    begun = await provider.begin()
    back: dict[str, str | None] = {**await comes_back(idp, begun), **query}
    told = {name: value for name, value in back.items() if value is not None}
    return await provider.finish(told, begun.kept, now)


def sign_in(idp: Idp, provider: Provider | None = None, **query: str | None) -> Claimed:
    return asyncio.run(whole(idp, provider or provider_of(idp), NOW, **query))


def refusal(idp: Idp, provider: Provider | None = None, **query: str | None) -> str:
    """Why nobody is signed in; whatever the reason, the message is the same."""
    with pytest.raises(OidcRefused) as refused:
        sign_in(idp, provider, **query)
    assert str(refused.value) == str(OidcRefused("state"))
    return refused.value.why


def test_the_provider_says_who_came(idp: Idp) -> None:
    """The claim and the name, as the provider writes them."""
    idp.signs_in("u-2002", "李娜")
    assert Claimed("u-2002", "李娜") == sign_in(idp)


def test_the_browser_takes_only_what_it_may_see(idp: Idp) -> None:
    """State, nonce and the challenge go along; the verifier stays; no two sign-ins share one."""
    provider = provider_of(idp)

    async def both() -> list[Begun]:
        return [await provider.begin(), await provider.begin()]

    first, second = asyncio.run(both())
    sent, kept = dict(parse_qsl(urlsplit(first.url).query)), json.loads(first.kept)
    assert ("code", "S256", BACK) == (
        sent["response_type"],
        sent["code_challenge_method"],
        sent["redirect_uri"],
    )
    assert (kept["state"], kept["nonce"]) == (sent["state"], sent["nonce"])
    assert kept["verifier"] not in first.url
    assert len(kept["verifier"]) >= 43
    assert set(kept.values()) & set(json.loads(second.kept).values()) == set()


def test_the_address_to_sign_in_at_may_have_a_query(idp: Idp) -> None:
    """What it has is kept beside what is added."""
    idp.announced = {"authorization_endpoint": f"{idp.issuer}/authorize?realm=gov"}
    begun = asyncio.run(provider_of(idp).begin())
    sent = dict(parse_qsl(urlsplit(begun.url).query))
    assert ("gov", idp.client_id) == (sent["realm"], sent["client_id"])


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_an_announced_asymmetric_signature_is_believed(idp: Idp, algorithm: str) -> None:
    """RSA in both paddings, and both families of curves."""
    idp.algorithm = algorithm
    assert "u-1001" == sign_in(idp).subject


def test_a_client_with_a_secret_proves_itself_by_basic(idp: Idp) -> None:
    """Signs that mean something in a form survive; the secret is in no form."""
    idp.client_id, idp.client_secret = "监察:1", "p%40ss +&:密"
    assert "u-1001" == sign_in(idp).subject
    assert all("client_secret" not in form and "client_id" not in form for form in idp.forms)


def test_a_wrong_secret_is_told_to_the_log(idp: Idp) -> None:
    """`client`: somebody must look at the settings."""
    idp.client_secret = "right"
    assert "client" == refusal(idp, provider_of(idp, client_secret="wrong"))


def test_another_claim_may_name_the_person(idp: Idp) -> None:
    """The configured one, and the account's name where nobody says how the person is called."""
    idp.person = {"sub": "u-1", "employee": "GX-0042", "preferred_username": "wangf"}
    assert Claimed("GX-0042", "wangf") == sign_in(idp, provider_of(idp, claim="employee"))


def test_who_has_no_name_is_called_by_the_subject(idp: Idp) -> None:
    """A blank name, or one with signs that nobody can read, is none."""
    idp.person = {"sub": "u-1", "name": " ", "preferred_username": "a\u202eb"}
    assert Claimed("u-1", "u-1") == sign_in(idp)


def test_a_name_is_cut_at_two_hundred_characters(idp: Idp) -> None:
    """A name is shown, so it is cut; a claim decides, so it is refused."""
    idp.signs_in("u-1", "长" * 300)
    assert 200 == len(sign_in(idp).name)


@pytest.mark.parametrize("value", [None, "", 17, ["u-1"], "x" * 201, "u-1\n", " u-1", "u\u202e1"])
def test_a_claim_that_names_nobody_is_refused(idp: Idp, value: object) -> None:
    """Missing, empty, no text, too long, or looking like another."""
    idp.person = {"sub": "u-1", "employee": value}
    assert "claim" == refusal(idp, provider_of(idp, claim="employee"))


@pytest.mark.parametrize("verified", [None, False, "true"])
def test_an_address_that_nobody_verified_names_nobody(idp: Idp, verified: object) -> None:
    """Else whoever writes another's address into his profile would be the other."""
    idp.person = {"sub": "u-1", "email": "a@gov.example", "email_verified": verified}
    assert "claim" == refusal(idp, provider_of(idp, claim="email"))


def test_a_verified_address_names_a_person(idp: Idp) -> None:
    """It must be told so by the provider."""
    idp.person = {"sub": "u-1", "email": "a@gov.example", "email_verified": True}
    assert "a@gov.example" == sign_in(idp, provider_of(idp, claim="email")).subject


@pytest.mark.parametrize("state", [None, "", "other", "状态", "\udc80"])
def test_an_answer_without_our_state_is_refused(idp: Idp, state: str | None) -> None:
    """And nothing of it is shown to the provider."""
    assert "state" == refusal(idp, state=state)
    assert "/token" not in idp.asked


@pytest.mark.parametrize("kept", [b"", b"{}", b"[1]", b'{"state": 1}', b"\xff"])
def test_what_was_not_kept_by_us_opens_nothing(idp: Idp, kept: bytes) -> None:
    """Spoilt or empty: as if nothing had been begun."""
    with pytest.raises(OidcRefused) as refused:
        asyncio.run(provider_of(idp).finish({"state": "", "code": "c"}, kept, NOW))
    assert "state" == refused.value.why


def test_the_answer_of_another_sign_in_is_refused(idp: Idp) -> None:
    """A code that an attacker got for himself, sent by the victim's browser."""
    provider = provider_of(idp)

    async def crossed() -> Claimed:
        victim, attacker = await provider.begin(), await provider.begin()
        return await provider.finish(await comes_back(idp, attacker), victim.kept, NOW)

    with pytest.raises(OidcRefused) as refused:
        asyncio.run(crossed())
    assert "state" == refused.value.why


def test_a_stolen_code_is_worth_nothing_without_its_verifier(idp: Idp) -> None:
    """The provider holds the challenge against the verifier of who redeems."""
    provider = provider_of(idp)

    async def stolen() -> Claimed:
        victim, thief = await provider.begin(), await provider.begin()
        code = (await comes_back(idp, victim))["code"]
        back = {**await comes_back(idp, thief), "code": code}
        return await provider.finish(back, thief.kept, NOW)

    with pytest.raises(OidcRefused) as refused:
        asyncio.run(stolen())
    assert "code" == refused.value.why


def test_a_code_counts_once(idp: Idp) -> None:
    """The same answer again is refused, by the provider itself."""
    provider = provider_of(idp)

    async def twice() -> Claimed:
        begun = await provider.begin()
        back = await comes_back(idp, begun)
        assert "u-1001" == (await provider.finish(back, begun.kept, NOW)).subject
        return await provider.finish(back, begun.kept, NOW)

    with pytest.raises(OidcRefused) as refused:
        asyncio.run(twice())
    assert "code" == refused.value.why


@pytest.mark.parametrize("code", [None, ""])
def test_an_answer_without_a_code_is_refused(idp: Idp, code: str | None) -> None:
    """There is nothing to redeem."""
    assert "code" == refusal(idp, code=code)


@pytest.mark.parametrize("error", ["access_denied", "login_required", "<script>"])
def test_whom_the_provider_denies_is_refused(idp: Idp, error: str) -> None:
    """Whatever it calls it, none of it gets into our message."""
    idp.error = error
    assert "denied" == refusal(idp)


def test_a_provider_that_is_unwell_is_no_refusal(idp: Idp) -> None:
    """`temporarily_unavailable` says nothing about the person."""
    idp.error = "temporarily_unavailable"
    with pytest.raises(OidcDown):
        sign_in(idp)


def test_an_error_counts_only_with_our_state(idp: Idp) -> None:
    """A link with an error in it must not put refusals into the log under another's name."""
    idp.error = "access_denied"
    assert "state" == refusal(idp, state="other")


@pytest.mark.parametrize("named", ["https://other.example", "https://idp.example/", None])
def test_an_answer_by_another_provider_is_refused(idp: Idp, named: str | None) -> None:
    """RFC 9207: another `iss`, or none where the provider says that it always gives one."""
    assert "issuer" == refusal(idp, iss=named)
    assert "/token" not in idp.asked


def test_a_provider_that_never_names_itself_is_believed(idp: Idp) -> None:
    """`iss` in the answer is younger than many providers; the token names the issuer anyway."""
    idp.names_itself = False
    idp.announced = {"authorization_response_iss_parameter_supported": False}
    assert "u-1001" == sign_in(idp).subject


LIES: list[tuple[str, dict[str, Any]]] = [
    ("nonce", {"nonce": "other"}),
    ("nonce", {"nonce": None}),
    ("audience", {"aud": "another"}),
    ("audience", {"aud": ["another"]}),
    ("audience", {"aud": []}),
    ("audience", {"aud": None}),
    ("audience", {"aud": ["supervision", "another"]}),
    ("audience", {"aud": ["supervision", "another"], "azp": "another"}),
    ("audience", {"aud": "another", "azp": "supervision"}),
    ("audience", {"azp": "another"}),
    ("issuer", {"iss": "https://other.example"}),
    ("issuer", {"iss": "https://idp.example/"}),
    ("issuer", {"iss": ["https://idp.example"]}),
    ("issuer", {"iss": None}),
    ("expired", {"exp": NOW - 60}),
    ("expired", {"exp": None}),
    ("expired", {"exp": str(NOW + 300)}),
    ("expired", {"exp": float("nan")}),
    ("issued", {"iat": NOW + 61}),
    ("issued", {"iat": None}),
    ("issued", {"nbf": NOW + 61}),
    ("claim", {"sub": None}),
]


@pytest.mark.parametrize(("why", "lie"), LIES, ids=str)
def test_a_token_that_is_not_for_us_now_is_refused(idp: Idp, why: str, lie: dict[str, Any]) -> None:
    """Signed by the right key, and yet not ours, not now, or not for this sign-in."""
    idp.claims = lie
    assert why == refusal(idp)


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "exp", "iat", "nonce"])
def test_a_claim_of_null_is_as_good_as_none(idp: Idp, claim: str) -> None:
    """Authlib looks for the name, and then at the value."""
    key = idp.keys["ES256"]
    claims = {"iss": idp.issuer, "sub": "u", "aud": "us", "exp": NOW + 9, "iat": NOW, "nonce": "n"}
    token = jwt.encode({"alg": "ES256", "kid": key.kid}, {**claims, claim: None}, key)
    read = verified(token, Keys(KeySet([key]), frozenset({"ES256"}), NOW))
    assert read is not None
    with pytest.raises(OidcRefused):
        checked(read, idp.issuer, "us", "n", NOW)


@pytest.mark.parametrize(
    "truth",
    [{"exp": NOW - 59}, {"iat": NOW + 60}, {"aud": ["supervision"]}, {"azp": "supervision"},
     {"aud": ["supervision", "another"], "azp": "supervision"}, {"at_hash": "of a token we drop"}],
    ids=str,
)  # fmt: skip
def test_a_token_within_a_minute_and_meant_for_us_is_believed(
    idp: Idp, truth: dict[str, Any]
) -> None:
    """Clocks may differ by a minute; an audience may be a list if we are the authorized party."""
    idp.claims = truth
    assert "u-1001" == sign_in(idp).subject


@pytest.mark.parametrize("forged", ["none", "HS256"])
def test_a_token_that_anybody_could_make_is_refused(idp: Idp, forged: str) -> None:
    """Unsigned, or signed with the public key as a secret, though the provider announces both."""
    idp.algorithm = forged
    assert "algorithm" == refusal(idp)


def test_a_signature_that_was_not_announced_is_refused(idp: Idp) -> None:
    """The provider's own list is the longest that counts."""
    idp.announced = {"id_token_signing_alg_values_supported": ["ES256"]}
    assert "algorithm" == refusal(idp)


@pytest.mark.parametrize("announced", [[], ["none"], ["HS256", "HS512"], ["RS1"]])
def test_a_provider_that_signs_in_no_way_we_believe_is_refused(
    idp: Idp, announced: list[str]
) -> None:
    """An empty list does not mean all."""
    idp.announced = {"id_token_signing_alg_values_supported": announced}
    assert "algorithm" == refusal(idp)


@pytest.mark.parametrize("named", ["known", "unknown"])
def test_a_key_that_the_provider_does_not_publish_signs_nothing(idp: Idp, named: str) -> None:
    """Under a name of its own, or under that of a published key."""
    idp.signer = RSAKey.generate_key(2048, {"kid": "forger"})
    idp.header = {"kid": idp.keys["RS256"].kid} if named == "known" else {}
    assert "signature" == refusal(idp)


def test_a_token_that_brings_its_own_key_is_refused(idp: Idp) -> None:
    """Or tells where to fetch one: nothing in a token says whom to believe."""
    idp.algorithm = "ES256"
    idp.signer = ECKey.generate_key("P-256", {"kid": "forger"})
    own = idp.signer.as_dict(private=False)
    idp.header = {"jwk": own, "jku": "https://forger.example/jwks"}
    assert "signature" == refusal(idp)


def test_a_token_may_say_more_than_we_read(idp: Idp) -> None:
    """Headers of a provider's own are no reason to refuse."""
    idp.header = {"nonce": "n", "x": 1}
    assert "u-1001" == sign_in(idp).subject


@pytest.mark.parametrize(
    "header",
    [{"crit": ["exp"], "exp": 1}, {"crit": ["exp"]}, {"crit": 5}, {"crit": [["exp"]]},
     {"kid": 5}, {"kid": None}, {"alg": 5}, {"alg": None}, {"alg": ["RS256"]}, {"b64": False}],
    ids=str,
)  # fmt: skip
def test_a_token_with_a_header_that_makes_no_sense_is_refused(
    idp: Idp, header: dict[str, Any]
) -> None:
    """Or with one that must be understood and is not (RFC 7515, 4.1.11)."""
    true, _, rest = idp.token("n").partition(".")
    told = {**json.loads(base64.urlsafe_b64decode(true + "==")), **header}
    false = base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()
    idp.answers["/token"] = lambda: JSONResponse({"id_token": f"{false}.{rest}"})
    assert refusal(idp) in ("signature", "algorithm", "token")


def test_a_key_of_another_kind_signs_nothing(idp: Idp) -> None:
    """The name of the curve's key over a signature by RSA."""
    idp.header = {"kid": idp.keys["ES256"].kid}
    assert "signature" == refusal(idp)


@pytest.mark.parametrize("token", ["", "abc", "a.b", "a.b.c", "....", "\u4e2d.\u4e2d.\u4e2d", 5])
def test_what_is_no_token_signs_nobody_in(idp: Idp, token: object) -> None:
    """Cut, empty or of another form."""
    idp.answers["/token"] = lambda: JSONResponse({"id_token": token})
    with pytest.raises((OidcRefused, OidcDown)):
        sign_in(idp)


def test_an_answer_without_identity_token_is_refused(idp: Idp) -> None:
    """A provider of OAuth alone does not say who somebody is."""
    idp.answers["/token"] = lambda: JSONResponse({"access_token": "a", "token_type": "Bearer"})
    assert "token" == refusal(idp)


def test_a_rotated_key_is_known_after_one_more_look(idp: Idp) -> None:
    """Keys are read once for many sign-ins, and again for a key that nobody knows."""
    provider = provider_of(idp)

    async def rotated() -> Claimed:
        await whole(idp, provider)
        await whole(idp, provider, NOW + 1)
        assert 1 == idp.asked.count("/jwks")
        idp.rotate()
        return await whole(idp, provider, NOW + 2)

    assert "u-1001" == asyncio.run(rotated()).subject
    assert 2 == idp.asked.count("/jwks")


def test_an_unknown_key_has_the_keys_read_once_a_minute_at_most(idp: Idp) -> None:
    """However many tokens name one; after a minute it may have been published."""
    provider = provider_of(idp)
    idp.header = {"kid": "unknown"}

    async def looks(now: float) -> int:
        with pytest.raises(OidcRefused):
            await whole(idp, provider, now)
        return idp.asked.count("/jwks")

    async def run() -> list[int]:
        return [await looks(NOW + after) for after in (0, 1, 59.9, 60, 61)]

    assert [2, 2, 2, 3, 3] == asyncio.run(run())


def test_a_clock_set_back_does_not_stop_the_reading_of_keys(idp: Idp) -> None:
    """A rotated key is found though the last look lies in the future."""
    provider = provider_of(idp)
    idp.header = {"kid": "unknown"}

    async def run() -> Claimed:
        with pytest.raises(OidcRefused):
            await whole(idp, provider, NOW + 30)
        idp.header = {}
        await whole(idp, provider, NOW - 30)
        idp.rotate()
        return await whole(idp, provider, NOW - 30)

    assert "u-1001" == asyncio.run(run()).subject


def test_a_key_that_the_provider_takes_back_dies_within_an_hour(idp: Idp) -> None:
    """Known keys are read again too, so that a stolen one does not sign for good."""
    provider = provider_of(idp)

    async def run() -> None:
        await whole(idp, provider)
        idp.signer = idp.keys["RS256"]
        idp.rotate()
        idp.claims = {"exp": NOW + 9000}
        assert "u-1001" == (await whole(idp, provider, NOW + 3599)).subject
        with pytest.raises(OidcRefused) as refused:
            await whole(idp, provider, NOW + 3600)
        assert "signature" == refused.value.why

    asyncio.run(run())


def test_two_who_come_at_once_have_the_keys_read_once(idp: Idp) -> None:
    """All wait for the first reading, miss their key in it, and share the second."""
    old = idp.keys["RS256"].as_dict(private=False)
    idp.rotate()

    def once() -> Response:
        del idp.answers["/jwks"]
        return JSONResponse({"keys": [old]})

    async def run() -> list[Claimed]:
        provider = Provider(config_of(idp), lambda: httpx.AsyncClient(transport=Slow(idp)))
        idp.answers["/jwks"] = once
        return list(await asyncio.gather(*(whole(idp, provider) for _ in range(5))))

    assert 5 == len(asyncio.run(run()))
    assert 2 == idp.asked.count("/jwks")


def test_keys_that_are_not_for_signatures_are_passed_over(idp: Idp) -> None:
    """Of unknown kinds, for encryption, broken or secret: the others still count."""
    true = [key.as_dict(private=False) for key in idp.keys.values()]
    odd = [{"kty": "ML-DSA"}, {"kty": "RSA", "n": "!", "e": 3}, {"kty": "oct", "k": "c2VjcmV0"}]
    sealed = {**true[0], "kid": "sealed", "use": "enc"}
    idp.answers["/jwks"] = lambda: JSONResponse({"keys": [*odd, {}, sealed, *true]})
    assert "u-1001" == sign_in(idp).subject
    idp.header = {"kid": "sealed"}
    assert "signature" == refusal(idp)


@pytest.mark.parametrize("issuer", ["https://other.example", "https://idp.example/"])
def test_discovery_by_another_issuer_is_refused(idp: Idp, issuer: str) -> None:
    """To the letter; a stroke at the end is another issuer."""
    idp.announced = {"issuer": issuer}
    assert "issuer" == refusal(idp)
    assert [DISCOVERY] == idp.asked


@pytest.mark.parametrize("field", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    "url",
    ["http://idp.example/x", "http://127.0.0.1.example/x", "//idp.example/x", "ftp://idp.example/x",
     "https://", "https://me:pw@idp.example/x", "https://idp.example/x#y", "javascript:alert(1)",
     "https://idp.example:port/x"],
)  # fmt: skip
def test_an_announced_address_that_is_not_safe_is_refused(idp: Idp, field: str, url: str) -> None:
    """https, without password and fragment; http only to this machine."""
    idp.announced = {field: url}
    assert "transport" == refusal(idp)


@pytest.mark.parametrize("issuer", ["http://idp.example", "http://10.0.0.1", "", "idp.example"])
def test_settings_with_an_address_that_is_not_safe_are_refused(idp: Idp, issuer: str) -> None:
    """Before anything is asked."""
    with pytest.raises(OidcRefused) as refused:
        provider_of(idp, issuer=issuer)
    assert "transport" == refused.value.why


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8", "http://localhost:8", "http://[::1]:8"])
def test_on_this_machine_plain_http_is_enough(issuer: str) -> None:
    """A provider beside us, or a proxy to one."""
    idp = Idp(issuer, now=lambda: NOW)
    assert "u-1001" == sign_in(idp).subject


def answers(status: int) -> Callable[[], Response]:
    return lambda: JSONResponse({"error": "unknown"}, status)


async def pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 4096):
        yield b" " * 4096
    yield b"{}"


def too_large() -> Response:
    return StreamingResponse(pieces(oidc_wire.LARGEST), media_type="application/json")


NONSENSE: dict[str, Callable[[], Response]] = {
    "500": answers(500),
    "404": answers(404),
    "400": answers(400),
    "elsewhere": lambda: RedirectResponse("https://idp.example/jwks", 302),
    "no JSON": lambda: Response("<html>"),
    "a list": lambda: Response("[]"),
    "deep": lambda: Response('{"keys": [{"a": ' + "[" * 100_000),
    "large": too_large,
    "packed": lambda: Response(gzip.compress(b"{}"), headers={"content-encoding": "gzip"}),
    "empty": lambda: Response(b""),
}


@pytest.mark.parametrize("path", [DISCOVERY, "/token", "/jwks"])
@pytest.mark.parametrize("what", NONSENSE)
def test_a_provider_that_answers_nonsense_is_down(idp: Idp, path: str, what: str) -> None:
    """It may be tried again; nothing else is asked in its place."""
    idp.answers[path] = NONSENSE[what]
    with pytest.raises(OidcDown) as down:
        sign_in(idp)
    assert down.value.retry
    assert path == idp.asked[-1]
    assert "\n" not in str(down.value)


@pytest.mark.parametrize("status", [201, 404, 500])
def test_keys_count_only_if_the_provider_says_that_all_is_well(idp: Idp, status: int) -> None:
    """The right content under another status is an accident."""
    keys = {"keys": [key.as_dict(private=False) for key in idp.keys.values()]}
    idp.answers["/jwks"] = lambda: JSONResponse(keys, status)
    with pytest.raises(OidcDown):
        sign_in(idp)


def test_a_provider_that_is_back_signs_people_in_again(idp: Idp) -> None:
    """Nothing of a failure is remembered."""
    provider = provider_of(idp)
    for path in (DISCOVERY, "/token", "/jwks"):
        idp.answers[path] = answers(503)
        with pytest.raises(OidcDown):
            sign_in(idp, provider)
        del idp.answers[path]
    assert "u-1001" == sign_in(idp, provider).subject


def failing(error: Exception) -> Callable[[], httpx.AsyncClient]:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    return lambda: httpx.AsyncClient(transport=httpx.MockTransport(fail))


@pytest.mark.parametrize(
    "error", [httpx.ReadTimeout("late"), httpx.ConnectError("refused"), httpx.ReadError("cut")]
)
def test_a_provider_that_does_not_answer_is_down(idp: Idp, error: Exception) -> None:
    """No server, no route, a line that was cut, no answer in time."""
    with pytest.raises(OidcDown, match=type(error).__name__):
        asyncio.run(Provider(config_of(idp), failing(error)).begin())


def test_a_provider_that_never_ends_is_given_up(idp: Idp, monkeypatch: pytest.MonkeyPatch) -> None:
    """The patience is for the whole answer, however steadily it trickles."""
    monkeypatch.setattr(oidc_wire, "PATIENCE", 0.0)

    async def never(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        return httpx.Response(200)

    transport = httpx.MockTransport(never)
    provider = Provider(config_of(idp), lambda: httpx.AsyncClient(transport=transport))
    with pytest.raises(OidcDown, match="TimeoutError"):
        asyncio.run(provider.begin())


def test_a_provider_on_the_network_signs_people_in() -> None:
    """By the client that is used where none is given, over a socket."""
    with running_idp(client_secret="secret") as idp:
        provider = Provider(config_of(idp))

        async def run() -> Claimed:
            begun = await provider.begin()
            async with httpx.AsyncClient() as browser:
                sent = (await browser.get(begun.url)).headers["location"]
            return await provider.finish(
                dict(parse_qsl(urlsplit(sent).query)), begun.kept, idp.now()
            )

        assert Claimed("u-1001", "张伟") == asyncio.run(run())
