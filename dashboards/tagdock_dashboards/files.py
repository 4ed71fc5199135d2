"""Read dashboards from files, write files, and tell which committed files are stale."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tagdock_dashboards.errors import ConfigurationError
from tagdock_dashboards.model import misshapen

MOST_BYTES = 5_000_000


def write(files: Mapping[Path, str], folder: Path) -> list[Path]:
    """Write files below a folder, and return those that were missing or differed."""
    changed = list(stale(files, folder))
    for path in changed:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(files[path], encoding="utf-8")
    return changed


def stale(files: Mapping[Path, str], folder: Path) -> Iterator[Path]:
    """Yield the files that are missing below the folder or say something else there."""
    for path, text in files.items():
        target = folder / path
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            yield path


def read_dashboards(folder: Path) -> dict[str, dict[str, Any]]:
    """Read every `*.json` of a folder, by name without `.json`. Raises ConfigurationError naming the file."""
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise ConfigurationError(f"{folder} holds no *.json; write them with: tagdock-dashboards build -o DIR")
    return {path.stem: _read(path) for path in paths}


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ConfigurationError(f"{path} has more than {MOST_BYTES:,} bytes; that is no dashboard")
        board = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} cannot be read as JSON: {error}") from error
    for problem in misshapen(board):
        raise ConfigurationError(f"{path} is no dashboard: {problem}")
    if not isinstance(board, dict) or "uid" not in board:
        raise ConfigurationError(f"{path} is no dashboard: an object with a uid is expected")
    return board
