"""What is wrong with a message, and where: the slow second look that a refused message gets.

It works on hostile input too: no recursion, and time and memory in proportion to the payload.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec

from tagdock_contract.errors import ContractError

_MALFORMED = re.compile(r"(?:JSON is malformed: )?(.*)", re.DOTALL)
_AT_PATH = re.compile(r"(.*) - at (?:`key` in )?`(?:key in )?(\$[^`]*)`", re.DOTALL)
_HEAD = re.compile(
    rb'\s*\{\s*"v"\s*:\s*\d+\s*,\s*"epoch"\s*:\s*"([0-9A-Fa-f-]{36})"\s*,\s*"seq"\s*:\s*(\d{1,19})\s*[,}]'
)
_HEAD_BYTES = 1024

_Place = tuple["_Place | None", str | int]
"""A place as (where it lies, its last step): shared by all leaves below, and only spelled out for the one named."""


def explain(payload: bytes, message: str) -> ContractError:
    """Turn the decoder's words into a field and a reason; find what JSON forbids but senders write all the same."""
    at_path = _AT_PATH.fullmatch(message)
    if at_path is not None:
        return ContractError(at_path[2], at_path[1])
    unsayable = find_unsayable(_read_leniently(payload))
    if unsayable is not None:
        return unsayable
    malformed = _MALFORMED.fullmatch(message)
    return ContractError("$", malformed[1] if malformed else message)


def find_unsayable(document: Any) -> ContractError | None:
    """Find the first value (or key) that JSON in UTF-8 can't say, or that PostgreSQL can't keep."""
    for place, leaf in _leaves(document):
        if isinstance(leaf, float) and not math.isfinite(leaf):
            return ContractError(_spell(place), "must be a finite number")
        if isinstance(leaf, str) and ("\x00" in leaf or not _is_utf8(leaf)):
            return ContractError(_spell(place), "holds U+0000 or half a surrogate pair")
        if isinstance(leaf, int) and not -(2**63) <= leaf < 2**64:
            return ContractError(_spell(place), "is a whole number of more than 64 bits")
    return None


def read_envelope(payload: bytes) -> tuple[str | None, int | None]:
    """Read epoch and seq of a batch that is refused: by any reading of the JSON, else as gateways write its head."""
    document = _read_leniently(payload)
    if not isinstance(document, dict):
        head = _HEAD.match(payload[:_HEAD_BYTES])
        document = {"epoch": head[1].decode(), "seq": int(head[2])} if head else {}
    epoch, seq = document.get("epoch"), document.get("seq")
    try:
        said_epoch = str(UUID(epoch)) if isinstance(epoch, str) else None
    except ValueError:
        said_epoch = None
    return said_epoch, seq if type(seq) is int and 0 <= seq < 2**63 else None


def _read_leniently(payload: bytes) -> Any:
    """Read JSON as senders write it: with NaN, half surrogate pairs, raw control characters. None where it is none."""
    try:
        return json.loads(payload, strict=False)
    except (ValueError, RecursionError):
        return None


def _leaves(document: Any) -> Iterator[tuple[_Place, object]]:
    """Yield every key and every leaf worth a look with its place, in their order."""
    stack: list[tuple[_Place, Any]] = [((None, "$"), document)]
    while stack:
        place, value = stack.pop()
        if isinstance(value, msgspec.Struct):
            value = {name: getattr(value, name) for name in value.__struct_fields__}
        if isinstance(value, dict):
            yield from ((place, key) for key in value)
            stack.extend(((place, key), inner) for key, inner in reversed(value.items()) if _is_worth_a_look(inner))
        elif isinstance(value, list | tuple):
            inners = reversed(list(enumerate(value)))
            stack.extend(((place, index), inner) for index, inner in inners if _is_worth_a_look(inner))
        else:
            yield place, value


def _is_worth_a_look(value: object) -> bool:
    """Pass over what is empty, false or a small number: that may be a million elements."""
    return bool(value) and not (type(value) is int and -(2**63) <= value < 2**64)


def _spell(place: _Place) -> str:
    steps: list[str] = []
    rest: _Place | None = place
    while rest is not None:
        rest, step = rest
        if rest is None:
            steps.append(str(step))
        else:
            steps.append(f"[{step}]" if isinstance(step, int) else f".{step}")
    return "".join(reversed(steps))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
