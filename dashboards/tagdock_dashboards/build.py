"""Dashboards and provisioning files as text: what `build` writes and what the committed files are compared with."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tagdock_dashboards import alarms, provisioning
from tagdock_dashboards.boards import BOARDS
from tagdock_dashboards.pieces.sdk import as_json
from tagdock_dashboards.pieces.variables import CONSOLE_URL

GENERATED = Path("generated")
PROVISIONING = Path("provisioning")


def dashboards(console_url: str = CONSOLE_URL) -> dict[str, dict[str, Any]]:
    """Build all dashboards as JSON objects, by file name without `.json`."""
    built = {name: as_json(make()) for name, make in BOARDS.items()}
    for board in built.values():
        _set_constant(board, "console_url", console_url.rstrip("/"))
    return built


def files(
    console_url: str = CONSOLE_URL, *, timescaledb: bool = True, contact_point: str | None = None
) -> dict[Path, str]:
    """Build every file that belongs into the repository or onto a Grafana, by path relative to the output folder."""
    texts = {GENERATED / f"{name}.json": as_text(board) for name, board in dashboards(console_url).items()}
    texts[PROVISIONING / "datasources" / "tagdock.yaml"] = provisioning.data_source(timescaledb=timescaledb)
    rules = alarms.provisioning(provisioning.FOLDER, provisioning.FOLDER_UID, contact_point)
    texts[PROVISIONING / "alerting" / "tagdock.json"] = as_text(rules)
    texts[PROVISIONING / "dashboards" / "tagdock.yaml"] = provisioning.provider()
    return texts


def as_text(board: Mapping[str, Any]) -> str:
    """Write an object with sorted keys, so that the same content is the same text."""
    return json.dumps(board, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _set_constant(board: dict[str, Any], name: str, value: str) -> None:
    for variable in board["templating"]["list"]:
        if variable["name"] == name:
            variable["query"] = value
            variable["current"] = {"selected": True, "text": value, "value": value}
