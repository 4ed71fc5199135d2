"""`[journal]`: where raw reads are kept before they are worked on, how many, and what a power cut may cost."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from tagdock_edge.config.kinds import PATH_WORDS, Text
from tagdock_edge.tables import Table

_MB = 1_000_000
_SEGMENTS_AT_LEAST = 4
"""Fewer, and a ring that has just let its oldest segment go would hold little."""


@dataclass(frozen=True, slots=True)
class JournalConfig:
    """The journal's folder, its size, and when it is synced; megabytes are 10^6 bytes.

    A read takes 12 to 30 bytes: 256 MB hold an hour and a half of 2,000 reads a second.
    """

    folder: Path
    size_mb: int = 256
    """The ring's size: beyond it the oldest segment goes."""
    segment_mb: int = 8
    sync: Literal["none", "interval"] = "interval"
    """What a power cut may cost: `interval` the reads of `sync_every_ms`, `none` what the system had not written."""
    sync_every_ms: int = 1000
    checkpoint_every_s: float = 10.0
    """How often the undecided passages are written down: reads since then are worked on again after a crash."""

    @property
    def size_bytes(self) -> int:
        """The ring's size in bytes."""
        return self.size_mb * _MB

    @property
    def segment_bytes(self) -> int:
        """One segment's size in bytes."""
        return self.segment_mb * _MB


def read_journal_section(table: Table | None, base: Path) -> JournalConfig:
    """Read the section; without it the defaults hold. `base`: the folder of the outbox, from which paths count."""
    table = table or Table({}, "journal", [])
    default = JournalConfig(base)
    config = JournalConfig(
        folder=base / (table.take("folder", Text, PATH_WORDS, "journal") or "journal"),
        size_mb=table.take("size_mb", Annotated[int, Meta(ge=4, le=10**6)], "4 to 1000000", default.size_mb),
        segment_mb=table.take("segment_mb", Annotated[int, Meta(ge=1, le=100)], "1 to 100", default.segment_mb),
        sync=table.take("sync", Literal["none", "interval"], '"none" or "interval"', default.sync),
        sync_every_ms=table.take(
            "sync_every_ms", Annotated[int, Meta(ge=1, le=60_000)], "1 to 60000", default.sync_every_ms
        ),
        checkpoint_every_s=table.take(
            "checkpoint_every_s",
            Annotated[float, Meta(ge=0.1, le=600)],
            "seconds from 0.1 to 600",
            default.checkpoint_every_s,
        ),
    )
    if config.segment_mb * _SEGMENTS_AT_LEAST > config.size_mb:
        table.complain("segment_mb", f"must go into size_mb {_SEGMENTS_AT_LEAST} times; make one smaller or one larger")
    table.close()
    return config
