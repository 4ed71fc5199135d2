"""Messages for people and for brokers, each sent by a process of its own that is killed when it takes too long."""

import asyncio
import json
import os
import sys
from contextlib import suppress

from tagdock_cloud.webhooks.message import Delivery, Outcome, files, payload, words
from tagdock_cloud.webhooks.targets import kind_of

TOTAL_TIMEOUT_S = 45.0
AT_ONCE = 2
"""Processes; each takes half a second of a core to start."""


def wording(delivery: Delivery) -> tuple[str, str]:
    """Return subject and text: words for people in a mail, JSON for programs behind a broker."""
    return words(delivery) if kind_of(delivery.url) == "mail" else ("", payload(delivery).decode())


class Notifier:
    """Sends deliveries by mail and MQTT."""

    def __init__(self, total_timeout_s: float = TOTAL_TIMEOUT_S) -> None:
        self._total_timeout_s = total_timeout_s
        self._room = asyncio.Semaphore(AT_ONCE)

    async def send(self, delivery: Delivery) -> Outcome:
        """Send one delivery and tell how it went."""
        subject, text = wording(delivery)
        brought = files(delivery) if kind_of(delivery.url) == "mail" else []
        order = json.dumps({"url": delivery.url, "subject": subject, "text": text, "files": brought}).encode()
        async with self._room:
            try:
                async with asyncio.timeout(self._total_timeout_s):
                    error = await _run(order)
            except TimeoutError:
                error = f"the server did not take it within {self._total_timeout_s:.0f} s"
        return Outcome(not error, error=error or None)


async def _run(order: bytes) -> str:
    """Run the program; returns "" or what went wrong. It is killed when this is cancelled."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TAGDOCK_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tagdock_cloud.webhooks.notify",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env=environment,
    )  # fmt: skip
    try:
        out, _ = await process.communicate(order)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
            await process.wait()
    try:
        return str(json.loads(out)["error"])
    except (ValueError, KeyError, TypeError):
        return "the program that sends it ended without a word"
