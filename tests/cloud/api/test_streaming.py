"""Answers that are written while they are worked out: however they end, what they hold is let go of at once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tagdock_cloud.web.streaming import Stream


class Rows:
    """Chunks that hold something, as an export's cursor does, and that tell when it was let go of."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.told: list[str] = []

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        try:
            for _ in range(self._count):
                yield b"row\n"
        finally:
            await asyncio.sleep(0)  # letting go asks the database, too
            self.told.append("rows")

    def held(self) -> AsyncExitStack:
        stack = AsyncExitStack()
        stack.callback(self.told.append, "place")
        return stack


async def serve(stream: Stream, *, takes: int, leaves: bool) -> list[dict[str, Any]]:
    """Take so many chunks; then leave, or break the wire."""
    sent: list[dict[str, Any]] = []
    has_left = asyncio.Event()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if len(sent) > takes:
            if not leaves:
                raise OSError("the wire broke")
            has_left.set()
            await asyncio.sleep(60)  # nobody takes this one any more

    async def receive() -> dict[str, Any]:
        await has_left.wait()
        return {"type": "http.disconnect"}

    await asyncio.wait_for(stream({"type": "http"}, receive, send), 20)  # type: ignore[arg-type]
    return sent


@pytest.mark.parametrize("leaves", [True, False], ids=["the caller leaves", "the wire breaks"])
def test_what_an_answer_holds_is_let_go_of_in_order_before_the_request_is_over(leaves: bool) -> None:
    async def run() -> list[str]:
        rows = Rows(1000)
        stream = Stream(rows.chunks(), rows.held(), media_type="text/csv")
        await serve(stream, takes=3, leaves=leaves)
        return list(rows.told)  # while the answer is still at hand: nothing was left to the garbage collector

    assert asyncio.run(run()) == ["rows", "place"]


def test_an_answer_that_is_taken_whole_ends_with_its_last_chunk() -> None:
    async def run() -> tuple[list[dict[str, Any]], list[str]]:
        rows = Rows(2)
        sent = await serve(Stream(rows.chunks(), rows.held(), media_type="text/csv"), takes=9, leaves=True)
        return sent, rows.told

    sent, told = asyncio.run(run())
    assert [message.get("body") for message in sent] == [None, b"row\n", b"row\n", b""]
    assert sent[-1]["more_body"] is False and told == ["rows", "place"]
