"""Signing in with the practice's own provider (OpenID Connect): who comes from there is one of our accounts or nobody.

Authorization code flow with PKCE (RFC 7636), state and nonce (OpenID Connect Core 1.0, 3.1). Accounts are made here
only; the provider's person is bound to one by issuer and subject, at first by the command line or, where that is
set, by a verified e-mail address or the username. What a session may do afterwards is the gate's to say.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from audit.access import settings
from audit.access.sessions import sha256
from audit.errors import AccessError, InputError

Match = Literal["subject", "email", "username"]
START, CALLBACK = "/oidc/start", "/oidc/callback"
LASTS = timedelta(minutes=10)
MOST = 1000
"""Sign-ins under way at once; beyond that the oldest are forgotten."""
LEEWAY = 30
"""Seconds that the clocks of two machines may differ."""
SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""What may sign an ID token: never a shared secret, never "none"."""
TROUBLES = (RequestException, AuthlibBaseError, JoseError, ValueError, KeyError, TypeError)
"""What a provider's answer can raise that is not what the standards say."""
_WAIT = 10
_PREFIX = "COUNTERSIGN_OIDC_"


@dataclass(frozen=True)
class Provider:
    """The settings. The secret is in no text of this object."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    match: Match


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider vouches for. `email` only when it says that it is verified."""

    issuer: str
    subject: str
    email: str
    username: str

    def called(self, match: Match) -> str:
        """What to look the account up by, beside issuer and subject; "" for nothing."""
        return {"subject": "", "email": self.email, "username": self.username}[match]


@dataclass(frozen=True, slots=True)
class _Begun:
    """A sign-in under way: what only this browser and we know of it."""

    state: str
    nonce: str
    verifier: str
    next_path: str
    at: datetime


def provider() -> Provider | None:
    """The provider of the environment, or None. Raises InputError for settings that are not whole."""
    issuer = os.environ.get(_PREFIX + "ISSUER", "").strip()
    if not issuer:
        return None
    if not settings.is_site(issuer):
        raise InputError(f"'{issuer}' is not the address of a site with TLS", where=_PREFIX + "ISSUER", do="Mend it")
    client_id, secret = os.environ.get(_PREFIX + "CLIENT_ID", "").strip(), _secret()
    for name, value in (("CLIENT_ID", client_id), ("CLIENT_SECRET", secret)):
        if not value:
            raise InputError("is not set", where=_PREFIX + name, do=f"Set it, or remove {_PREFIX}ISSUER")
    if not settings.public_url():
        raise InputError("is not set", where=settings.PUBLIC_URL, do="The provider sends people back to it")
    match = os.environ.get(_PREFIX + "MATCH") or "subject"
    if match not in get_args(Match):
        raise InputError(f"'{match}' is none of {', '.join(get_args(Match))}", where=_PREFIX + "MATCH", do="Choose one")
    return Provider(issuer, client_id, secret, match)  # type: ignore[arg-type]


def _secret() -> str:
    file = os.environ.get(_PREFIX + "CLIENT_SECRET_FILE")
    if not file:
        return os.environ.get(_PREFIX + "CLIENT_SECRET", "").strip()
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InputError(
            f"the file cannot be read ({error.strerror})", where=_PREFIX + "CLIENT_SECRET_FILE", do="Mend its path"
        ) from None


class SignIns:
    """The sign-ins under way with one provider. They live in memory: a restart asks people to begin again."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._begun: dict[str, _Begun] = {}
        self._known: dict[str, Any] = {}

    def begin(self, next_path: str, now: datetime) -> tuple[str, str]:
        """The provider's address to go to, and a handle for the browser to bring back in a cookie. Slow.

        Raises AccessError when the provider does not answer as one.
        """
        handle = secrets.token_urlsafe(32)
        state, nonce, verifier = (generate_token(48) for _ in range(3))
        begun = _Begun(state, nonce, verifier, next_path, now)
        while len(self._begun) >= MOST:
            del self._begun[next(iter(self._begun))]
        try:
            endpoint = self._metadata()["authorization_endpoint"]
        except TROUBLES as error:
            raise _not_believed(type(error).__name__) from None
        self._begun[sha256(handle)] = begun
        with self._client() as client:
            address, _ = client.create_authorization_url(
                endpoint,
                state=begun.state,
                nonce=begun.nonce,
                code_challenge=create_s256_code_challenge(begun.verifier),
                code_challenge_method="S256",
            )
        return str(address), handle

    def finish(self, handle: str, answer: Mapping[str, str], now: datetime) -> tuple[Person, str]:
        """Whom the provider vouches for, and where they wanted to go. Each begun sign-in ends with this. Slow.

        Raises AccessError, whose words tell a person nothing about why, for an answer that is not to be believed.
        """
        begun = self._begun.pop(sha256(handle), None)
        if begun is None or now - begun.at > LASTS:
            raise _not_believed("no sign-in was begun here, or too long ago")
        if not secrets.compare_digest(begun.state.encode(), answer.get("state", "").encode()):
            raise _not_believed("the state differs")
        if "error" in answer or not answer.get("code"):
            raise _not_believed("the provider refused")
        if answer.get("iss", self.provider.issuer) != self.provider.issuer:
            raise _not_believed("another provider answered")
        try:
            claims = self._claims(self._fetched(answer["code"], begun.verifier), begun.nonce, now)
        except TROUBLES as error:
            raise _not_believed(type(error).__name__) from None
        return _person(claims), begun.next_path

    def _fetched(self, code: str, verifier: str) -> str:
        with self._client() as client:
            token = client.fetch_token(
                self._metadata()["token_endpoint"], code=code, code_verifier=verifier, timeout=_WAIT
            )
        return str(token["id_token"])

    def _claims(self, id_token: str, nonce: str, now: datetime) -> Mapping[str, Any]:
        """The claims of an ID token that is signed by the provider, for us, for this sign-in, and still good."""
        token = jwt.decode(id_token, self._keys(), algorithms=list(SIGNED_BY))
        claims = token.claims
        registry = jwt.JWTClaimsRegistry(
            now=partial(int, now.timestamp()),
            leeway=LEEWAY,
            iss={"essential": True, "value": self.provider.issuer},
            aud={"essential": True, "value": self.provider.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        registry.validate(claims)
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self.provider.client_id) != self.provider.client_id:
            raise ValueError("the token was made for another program")
        return claims

    def _metadata(self) -> dict[str, Any]:
        """The provider's own description of itself, asked once."""
        if "metadata" not in self._known:
            with self._client() as client:
                address = self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
                found = client.get(address, withhold_token=True, timeout=_WAIT).json()
            if found.get("issuer") != self.provider.issuer:
                raise ValueError("the provider describes itself as another")
            self._known["metadata"] = found
        return dict(self._known["metadata"])

    def _keys(self) -> KeySet:
        """The provider's keys, asked each time: they change."""
        with self._client() as client:
            found = client.get(self._metadata()["jwks_uri"], withhold_token=True, timeout=_WAIT).json()
        return KeySet.import_key_set(found)

    def _client(self) -> OAuth2Session:
        return OAuth2Session(
            self.provider.client_id,
            self.provider.client_secret,
            scope="openid email profile",
            redirect_uri=settings.public_url() + CALLBACK,
        )


def _person(claims: Mapping[str, Any]) -> Person:
    email = claims.get("email") if claims.get("email_verified") is True else ""
    return Person(claims["iss"], str(claims["sub"]), str(email or ""), str(claims.get("preferred_username") or ""))


def _not_believed(why: str) -> AccessError:
    return AccessError(f"the provider's answer is not to be believed: {why}", do="Begin again at the sign-in page")
