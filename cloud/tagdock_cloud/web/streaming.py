"""Answers that are written while they are worked out, and that let go of what they hold when their caller does."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tagdock_cloud.store.errors import StoreError

STALL_S = 60.0
"""How long a caller may take none of what waits for it."""

_log = logging.getLogger(__name__)


class Stream(Response):
    """Streams chunks; however it ends, `held` is closed before the request is over.

    A caller that takes nothing for a minute is let go, and so is one whose answer takes longer than `longest_s`. An
    answer that cannot be finished ends without its last chunk, so that nobody takes it for whole.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        held: AsyncExitStack,
        *,
        media_type: str,
        headers: Mapping[str, str] | None = None,
        longest_s: float | None = None,
    ) -> None:
        self.status_code = 200
        self.media_type = media_type
        self.background = None
        self.init_headers(headers)
        self._chunks = chunks
        self._held = held
        self._longest_s = longest_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until all is sent or the caller is gone.

        Cancelled once and by asyncio itself, so that what is closed then may still wait for the database.
        """
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            ended = await asyncio.gather(sending, leaving, return_exceptions=True)
            await self._chunks.aclose()
            await self._held.aclose()
        _tell(ended[0])

    async def _send(self, send: Send) -> None:
        async with asyncio.timeout(self._longest_s):
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for chunk in self._chunks:
                async with asyncio.timeout(STALL_S):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _tell(ended: BaseException | None) -> None:
    """Say why a stream was cut; a caller who left is no news. Raises what nobody expected."""
    match ended:
        case None | asyncio.CancelledError() | OSError() if not isinstance(ended, TimeoutError):
            return
        case TimeoutError():
            _log.warning("a stream was cut: its caller was too slow")
        case StoreError():
            _log.warning("a stream was cut: %s", ended)
        case _:
            raise ended
