"""A small OpenID provider: discovery, keys, codes with PKCE, ID tokens signed with RSA, which a test can spoil."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "tagdock", "the client's secret"


class Provider:
    """What it knows. `spoil` changes the claims of the next tokens; `sign_with` another key than it publishes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.person: dict[str, Any] = {"sub": "1", "preferred_username": "mei", "groups": ["pickers"]}
        self.spoil: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.turn_over()
        self.sign_with = self.key

    def turn_over(self) -> None:
        """Publish a new key in the place of the old one, and sign with it."""
        self.key = self.sign_with = RSAKey.generate_key(2048, {"kid": f"k{time.monotonic_ns()}", "use": "sig"})

    def authorize(self, query: dict[str, str]) -> str:
        """Log the person in and return where the browser goes on."""
        assert query["response_type"] == "code" and query["code_challenge_method"] == "S256"
        code = f"c{len(self.codes)}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Exchange a code, once, for whoever has the verifier and the secret."""
        asked = self.codes.pop(form.get("code", ""), None)
        client = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = _encoded(digest)
        if asked is None or client != f"{CLIENT}:{SECRET}" or challenge != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": asked["nonce"], **self.person}
        claims = {name: value for name, value in {**claims, **self.spoil}.items() if value is not None}
        header = {"alg": "RS256", "kid": self.key.kid, **self.header}
        if header["alg"] == "none":
            signed = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims)) + "."
        else:
            signed = jwt.encode(header, claims, self.sign_with, algorithms=[header["alg"]])
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": signed}

    def document(self, path: str) -> dict[str, Any]:
        """Return what it publishes."""
        if path == "/keys":
            return {"keys": [self.key.as_dict(private=False)]}
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return {"issuer": self.url, **{name: f"{self.url}/{end}" for name, end in names.items()}}


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Run one for the time of the `with`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(_first(address.query)))
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self._answer(200, provider.document(address.path))

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(*provider.token(_first(form), self.headers.get("Authorization", "")))

        def _answer(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        provider = Provider(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def _first(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
