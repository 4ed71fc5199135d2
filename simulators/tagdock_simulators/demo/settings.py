"""What a demo was asked for, in one frozen object."""

from dataclasses import dataclass
from pathlib import Path

SITE = "demo"
GATEWAY = "gw-1"

KILLABLE = ("gateway", "ingest", "broker", "database")
"""What `--kill` may name; the last two only while they are the embedded ones."""


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """Everything that the command line can say; `play_s` None means until Ctrl-C."""

    data: Path
    scenario: str
    seed: int
    play_s: float | None = None
    orders: Path | None = None
    http_port: int | None = None
    broker: str | None = None
    database: str | None = None
    kills: tuple[str, ...] = ()
