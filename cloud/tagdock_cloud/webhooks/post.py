"""One signed POST to a receiver that nobody trusts: it may be slow, endless, elsewhere than it says, or gone."""

import asyncio
import socket
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx2 as httpx

from tagdock_cloud.webhooks.message import Delivery, Outcome, payload
from tagdock_cloud.webhooks.signing import signed_headers
from tagdock_cloud.webhooks.targets import Address, is_reachable, with_host

CONNECT_TIMEOUT_S = 5.0
TOTAL_TIMEOUT_S = 20.0
"""For all of it: name, connection, request and answer. Standard Webhooks recommends 15 to 30 seconds."""
MOST_ANSWER_BYTES = 64 * 1024
"""What is read of an answer; nothing of it is kept, only that it ended."""
_LOOKUPS = 16
_MOST_ADDRESSES = 3


class Poster:
    """Sends deliveries by HTTP. No redirects, no proxies, no cookies; one connection a message."""

    def __init__(self, *, is_private_allowed: bool, total_timeout_s: float = TOTAL_TIMEOUT_S) -> None:
        self._is_private_allowed = is_private_allowed
        self._total_timeout_s = total_timeout_s
        self._tls = ssl.create_default_context()
        self._lookups = ThreadPoolExecutor(_LOOKUPS, "lookup")  # a name server that hangs holds up nothing else

    def close(self) -> None:
        """Wait for nothing any more."""
        self._lookups.shutdown(wait=False, cancel_futures=True)

    async def send(self, delivery: Delivery) -> Outcome:
        """Send one delivery and tell how it went."""
        try:
            async with asyncio.timeout(self._total_timeout_s):
                return await self._send(delivery)
        except TimeoutError:
            return Outcome(False, error=f"no complete answer within {self._total_timeout_s:.0f} s")

    async def _send(self, delivery: Delivery) -> Outcome:
        addresses = await self._addresses(delivery.url)
        if isinstance(addresses, str):
            return Outcome(False, error=addresses)
        outcome = Outcome(False, error="the name leads nowhere")
        for address in addresses[:_MOST_ADDRESSES]:
            try:
                return await self._post(delivery, address)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                outcome = Outcome(False, error=f"no connection: {_reason(error)}")
            except httpx.HTTPError as error:
                return Outcome(False, error=f"the answer broke off: {_reason(error)}")
        return outcome

    async def _post(self, delivery: Delivery, address: Address) -> Outcome:
        url, host, name = with_host(delivery.url, address)
        body = payload(delivery)
        headers = {
            "Host": host,
            "Content-Type": "application/json",
            "User-Agent": "tagdock",
            "Accept-Encoding": "identity",  # so there is nothing that unpacks to a thousand times its size
        }
        if delivery.secret is not None:
            headers |= signed_headers(delivery.secret, str(delivery.delivery_id), int(time.time()), body)
        timeout = httpx.Timeout(self._total_timeout_s, connect=CONNECT_TIMEOUT_S)
        async with (
            httpx.AsyncClient(verify=self._tls, trust_env=False, follow_redirects=False, timeout=timeout) as client,
            client.stream("POST", url, content=body, headers=headers, extensions={"sni_hostname": name}) as answer,
        ):
            read = 0
            async for piece in answer.aiter_raw():
                read += len(piece)
                if read > MOST_ANSWER_BYTES:
                    break
        return _judge(answer)

    async def _addresses(self, url: str) -> Sequence[Address] | str:
        """Look a host up; a text says why nothing may be sent there."""
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._lookups, lambda: socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
            )
        except (OSError, UnicodeError):
            return "the host's name cannot be looked up"
        addresses = list(dict.fromkeys(ip_address(str(row[4][0]).partition("%")[0]) for row in found))
        allowed = [a for a in addresses if is_reachable(a, is_private_allowed=self._is_private_allowed)]
        return allowed or "the host leads to a private or reserved address; private ones need --private-webhooks"


def _judge(answer: httpx.Response) -> Outcome:
    status = answer.status_code
    if answer.is_success:
        return Outcome(True, status)
    if status == httpx.codes.GONE:
        return Outcome(False, status, "the receiver is gone (410): the webhook was switched off", is_gone=True)
    said = "a redirect, which is not followed" if answer.is_redirect else "no success"
    return Outcome(False, status, f"the receiver answered {status}: {said}", _retry_after_s(answer))


def _retry_after_s(answer: httpx.Response) -> float | None:
    """Read `Retry-After` in seconds (RFC 9110, 10.2.3); a date is left aside, our own pace serves as well."""
    given = answer.headers.get("retry-after", "")
    return float(given) if given.isascii() and given.isdigit() and len(given) < 7 else None


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
