"""Bytes to a checked problem or layout; everything that comes in is bounded and checked whole."""

import json
import math
import re
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from tagdock_slotting.checks import check
from tagdock_slotting.errors import ProblemError
from tagdock_slotting.plan import Layout, Plan
from tagdock_slotting.problem import Bin, Id, NotNegative, Problem

MAX_BYTES = 256 * 1024 * 1024
"""The largest file that is read: 10,000 bins with a full bin-to-bin matrix would be larger; `aisles` says the same."""

_T = TypeVar("_T")
_AT_PATH = re.compile(r"(.*) - at `(?:key in )?(\$[^`]*)`", re.DOTALL)
_problems = msgspec.json.Decoder(Problem)


_plans = msgspec.json.Decoder(Plan)
_rates = msgspec.json.Decoder(dict[str, NotNegative])
_racks = msgspec.json.Decoder(tuple[Bin, ...])
_orders = msgspec.json.Decoder(tuple[tuple[Id, ...], ...])


class _Assignment(msgspec.Struct, frozen=True):
    """As much of a plan as is needed to evaluate it."""

    assignment: Layout


_assignments = msgspec.json.Decoder(_Assignment)


def decode_problem(payload: bytes) -> Problem:
    """Decode and check a problem. Raises ProblemError naming the path of each field that is wrong."""
    problem = decode(_problems, payload)
    check(problem)
    return problem


def decode_assignment(payload: bytes) -> Layout:
    """Decode the layout that a plan proposes. Raises ProblemError naming the field that is wrong."""
    return decode(_assignments, payload).assignment


def decode_plan(payload: bytes) -> Plan:
    """Decode a whole plan. Raises ProblemError naming the field that is wrong."""
    return decode(_plans, payload)


def decode_rates(payload: bytes) -> dict[str, float]:
    """Decode order lines a day by SKU: `{"85123A": 4.5}`. Raises ProblemError naming the field that is wrong."""
    return decode(_rates, payload)


def decode_bins(payload: bytes) -> tuple[Bin, ...]:
    """Decode bins as a problem has them. Raises ProblemError naming the field that is wrong."""
    return decode(_racks, payload)


def decode_orders(payload: bytes) -> tuple[tuple[str, ...], ...]:
    """Decode orders as a problem has them. Raises ProblemError naming the field that is wrong."""
    return decode(_orders, payload)


def decode(decoder: "msgspec.json.Decoder[_T]", payload: bytes) -> _T:
    """Decode bytes of bounded size. Raises ProblemError naming the path of the field that is wrong."""
    if len(payload) > MAX_BYTES:
        raise ProblemError([too_large(len(payload))])
    try:
        return decoder.decode(payload)
    except RecursionError:
        raise ProblemError(["$: is nested too deeply"]) from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ProblemError([_explain(payload, str(error))]) from None


def too_large(size_bytes: int) -> str:
    """Say that a file is too large, and what to do."""
    return f"$: has {size_bytes:,} bytes, at most {MAX_BYTES:,} are read; give distances as `aisles`, not as matrices"


def _explain(payload: bytes, message: str) -> str:
    at_path = _AT_PATH.fullmatch(message)
    if at_path is not None:
        return f"{at_path[2]}: {at_path[1]}"
    try:
        for path, value in _leaves(json.loads(payload), "$"):
            if not math.isfinite(value):
                return f"{path}: must be a finite number, not {value}"
    except (ValueError, RecursionError):
        pass  # it is no JSON by any reading: the decoder's own words stand
    return f"$: {message}"


def _leaves(value: object, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]")
    elif isinstance(value, float):
        yield path, value
