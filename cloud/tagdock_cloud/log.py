"""How a program speaks on stderr: one line a fact, as text for people or as JSON for machines.

Messages carry the names of what they are about as `key=value`: `batch=site/gateway/epoch/seq`, `request=...`. As JSON
each of them is a field of its own, so that all lines about one batch are found by it.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, Literal, TextIO, get_args

Format = Literal["text", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)

_NAMED = re.compile(r"(?<![^\s(])([a-z][a-z_]{0,30})=([^\s=,;()]+)")
_OWN = frozenset({"at", "level", "logger", "message", "error"})
_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON: at, level, logger, message, error (a traceback), and what it names."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        message = record.getMessage()
        fields: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
        }
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        fields |= {name: value.rstrip(":.") for name, value in _NAMED.findall(message) if name not in _OWN}
        return json.dumps(fields)


class _LineFormatter(logging.Formatter):
    """Keeps a message on its line: what came over a wire may hold line feeds, and would look like lines of ours."""

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        record.msg, record.args = record.message.replace("\r", "\\r").replace("\n", "\\n"), ()
        return super().format(record)


def set_up_log(form: Format, stream: TextIO | None = None) -> None:
    """Send what programs say to a stream, stderr unless told otherwise."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else _LineFormatter(_TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
