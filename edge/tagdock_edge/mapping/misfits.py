"""What doesn't fit: the bounds of a message from outside, and the error that says where it broke them. Pure."""

from typing import Any

import msgspec

MESSAGE_BYTES_AT_MOST = 1024 * 1024
"""Ten thousand reads of a hundred bytes; the longest batch that a vendor documents has 256,000 bytes."""
ROWS_AT_MOST = 10_000
"""Rows of one message that are taken: more than a reader sees in ten seconds."""
_SHOWN = 40


class MisfitError(Exception):
    """A message, or a row of it, does not fit. `where` is one of few texts, so that each can be told once."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where, self.what = where, what


def decode_json(payload: bytes) -> Any:
    """Decode one message: UTF-8 JSON (RFC 8259), so neither NaN nor Infinity; nesting is bounded by Python's stack.

    Raises MisfitError.
    """
    if len(payload) > MESSAGE_BYTES_AT_MOST:
        raise MisfitError("message", f"has {len(payload):,} bytes; at most {MESSAGE_BYTES_AT_MOST:,} are taken")
    try:
        return msgspec.json.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise MisfitError("message", f"is no JSON ({error})") from error
    except RecursionError as error:
        raise MisfitError("message", "is nested too deeply") from error


def shown(value: object) -> str:
    """Show a value from outside, short and on one line."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    text = ascii(value[: _SHOWN + 1] if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
