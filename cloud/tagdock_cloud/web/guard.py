"""What surrounds every request: an id, security headers, a limit by address, no writes from another site's pages."""

import math
import re
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tagdock_cloud.access.lockout import address_group
from tagdock_cloud.web.limits import Limits
from tagdock_cloud.web.problems import Problem, problem_response, too_long
from tagdock_cloud.web.request_id import REQUEST_ID

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
HSTS = "max-age=31536000"
"""A year, as is usual: browsers that came by TLS once do not come without it any more (RFC 6797)."""
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """ASGI middleware; pure, because a stream must pass through it unbuffered."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        REQUEST_ID.set(request_id)

        is_cut_off = False

        async def send_with_headers(message: Message) -> None:
            nonlocal is_cut_off
            if is_cut_off and message["type"] == "http.response.body":
                return
            if _is_too_long(message):
                await problem_response(too_long(), request_id)(scope, receive, send_with_headers)
                is_cut_off = True
                return
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                out["X-Request-Id"] = request_id
                for name, value in _HEADERS.items():
                    out.setdefault(name, value)
                if scope["scheme"] == "https":
                    out["Strict-Transport-Security"] = HSTS
                out.setdefault("Cache-Control", "no-cache" if scope["path"].startswith("/static/") else "no-store")
            await send(message)

        problem = self._refuse(scope, headers)
        if problem is not None:
            await problem_response(problem, request_id)(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    def _refuse(self, scope: Scope, headers: Headers) -> Problem | None:
        """Return why a request is not even looked at, or None."""
        client = scope.get("client")
        wait_s = self._limits.addresses.take(address_group(client[0]) if client else "", time.monotonic())
        if wait_s > 0:
            return too_many(wait_s)
        if scope["method"] not in _SAFE_METHODS and _from_elsewhere(headers):
            return Problem(403, "a page of another site may not write here")
        return None


def too_many(wait_s: float) -> Problem:
    """Build the problem for somebody who asks too often (429)."""
    wait = max(1, math.ceil(wait_s))
    return Problem(429, f"too many requests; ask again in {wait} s", headers={"Retry-After": str(wait)})


def _is_too_long(message: Message) -> bool:
    """Tell the framework's bare answer to a body that says itself that it is too long: all errors are problems."""
    if message["type"] != "http.response.start" or message["status"] != 413:
        return False
    return Headers(raw=message["headers"]).get("content-type", "").startswith("text/plain")


def _request_id(headers: Headers) -> str:
    """Keep the caller's id where it is harmless, so that a request can be followed through several programs."""
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _from_elsewhere(headers: Headers) -> bool:
    """Tell whether a browser says that another site's page sent this (Fetch Metadata). Programs send no such header."""
    return headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
