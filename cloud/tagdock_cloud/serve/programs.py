"""The programs under `serve`: how each is started. All of them are this command again, or PostgreSQL."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Name = Literal["database", "broker", "ingest", "api", "work"]


@dataclass(frozen=True, slots=True)
class Program:
    """One program. `settings` become TAGDOCK_ variables: a command line could be read by every user of the box.

    Our own programs talk on stderr and say on stdout when they are ready; a foreign one talks into the file `talk`.
    """

    name: Name
    command: list[str]
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    talk: Path | None = None

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment without TAGDOCK_ variables of its own, and with the program's settings."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TAGDOCK_")}
        return {**inherited, **self.settings, "TAGDOCK_PARENT": str(os.getpid())}


def own_program(name: Name, settings: Mapping[str, str]) -> Program:
    """Build one of this command's own programs."""
    return Program(name, [sys.executable, "-m", "tagdock_cloud", name], settings)
