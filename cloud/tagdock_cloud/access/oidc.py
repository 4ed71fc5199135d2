"""Logging in at an OpenID provider: authorization code with PKCE; the only module that knows authlib, joserfc, httpx2.

Source: OpenID Connect Core 1.0, sections 3.1.2 (the flow) and 3.1.3.7 (what an ID token must hold); RFC 7636 (PKCE).
"""

import logging
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tagdock_cloud.config import Grant, OidcConfig
from tagdock_cloud.web.problems import Problem

CALLBACK = "/login/oidc/return"
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
"""Signatures only: with an HMAC, whoever knows the client's secret could make tokens."""
_TIMEOUT_S = 10.0
_METADATA_S = 3600.0
_KEYS_AGAIN_S = 10.0
"""New keys are fetched when a token names one that is not known, but not more often than this."""
_LEEWAY_S = 60
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Departure:
    """A browser that is sent to the provider, and what has to come back."""

    url: str
    state: str
    nonce: str
    code_verifier: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for. `subject`: issuer and subject, which never change; `name`: what to call them."""

    subject: str
    name: str
    grant: Grant


class Provider:
    """One provider; what it says of itself and its keys are remembered."""

    def __init__(self, config: OidcConfig) -> None:
        self._config = config
        self._metadata: dict[str, Any] = {}
        self._metadata_until_s = 0.0
        self._keys: KeySet | None = None
        self._keys_at_s = 0.0

    async def depart(self) -> Departure:
        """Build the address to send a browser to. Raises Problem (503) where the provider does not answer."""
        metadata = await self._discover()
        state, nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        async with self._client() as client:
            endpoint = metadata["authorization_endpoint"]
            url, _ = client.create_authorization_url(endpoint, state=state, code_verifier=verifier, nonce=nonce)
        return Departure(str(url), state, nonce, verifier)

    async def arrive(self, code: str, code_verifier: str, nonce: str) -> Identity:
        """Exchange a code and check who it is.

        Raises Problem: 401 where the provider or its token does not convince, 403 where no group lets them in, 503.
        """
        metadata = await self._discover()
        try:
            async with self._client() as client:
                tokens = await client.fetch_token(metadata["token_endpoint"], code=code, code_verifier=code_verifier)
            claims = await self._check(str(tokens.get("id_token", "")), nonce)
        except (OAuthError, JoseError, ValueError) as error:
            _log.warning("a login at the OpenID provider failed: %s", type(error).__name__)
            raise Problem(401, f"the OpenID provider's answer does not convince ({type(error).__name__})") from error
        except httpx2.HTTPError as error:
            raise _unreachable(error) from error
        return self._identify(claims)

    async def _check(self, token: str, nonce: str) -> dict[str, Any]:
        """Check signature and claims; with new keys where the token names one that is not known. Raises JoseError."""
        try:
            claims = self._decode(token, await self._key_set(anew=False))
        except (JoseError, ValueError):
            claims = self._decode(token, await self._key_set(anew=True))
        registry = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": self._config.issuer},
            aud={"essential": True, "value": self._config.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        registry.validate(claims)
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != self._config.client_id:
            raise ValueError("azp")
        return claims

    @staticmethod
    def _decode(token: str, keys: KeySet) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
        return claims

    def _identify(self, claims: dict[str, Any]) -> Identity:
        groups = claims.get(self._config.groups_claim)
        known = {group for group in groups if isinstance(group, str)} if isinstance(groups, list) else set()
        grant = next((grant for grant in self._config.grants if grant.group in known), None)
        name = str(claims.get(self._config.name_claim) or "")
        if grant is None:
            raise Problem(403, "your account is in no group that may come in here; ask whoever runs this service")
        if not _NAME.fullmatch(name):
            raise Problem(
                403, f"the provider's claim {self._config.name_claim} does not name you as a user can be named"
            )
        return Identity(f"{self._config.issuer}|{claims['sub']}", name, grant)

    async def _discover(self) -> dict[str, Any]:
        if time.monotonic() < self._metadata_until_s:
            return self._metadata
        metadata = await self._fetch(self._config.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if metadata.get("issuer") != self._config.issuer:
            _log.error("the OpenID provider calls itself otherwise than --oidc-issuer does")
            raise Problem(503, "the OpenID provider is not the one that was configured")
        self._metadata, self._metadata_until_s = metadata, time.monotonic() + _METADATA_S
        return metadata

    async def _key_set(self, *, anew: bool) -> KeySet:
        now_s = time.monotonic()
        if self._keys is None or (anew and now_s - self._keys_at_s >= _KEYS_AGAIN_S):
            document = await self._fetch((await self._discover())["jwks_uri"])
            self._keys = KeySet.import_key_set({"keys": list(document["keys"])})
            self._keys_at_s = now_s
        return self._keys

    async def _fetch(self, url: str) -> dict[str, Any]:
        try:
            async with httpx2.AsyncClient(timeout=_TIMEOUT_S) as client:
                answer = await client.get(url)
                answer.raise_for_status()
                document = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise _unreachable(error) from error
        if not isinstance(document, dict):
            raise _unreachable(ValueError("no object"))
        return document

    def _client(self) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            self._config.client_id,
            self._config.client_secret,
            token_endpoint_auth_method="client_secret_basic" if self._config.client_secret else "none",
            scope="openid profile email",
            redirect_uri=self._config.public_url + CALLBACK,
            code_challenge_method="S256",
            timeout=_TIMEOUT_S,
        )


def _unreachable(error: Exception) -> Problem:
    _log.warning("the OpenID provider does not answer: %s", type(error).__name__)
    return Problem(503, "the OpenID provider does not answer", headers={"Retry-After": "10"})
