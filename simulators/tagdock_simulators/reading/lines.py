"""Blocks of reads as JSON Lines: the very bytes that `tagdock_contract.encode` writes, made from columns.

No record becomes an object. What a column holds few different values of is written once and looked up; the first line
of every block is compared with the contract's own, so that a change of the contract cannot go unnoticed.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
from tagdock_contract import encode

from tagdock_simulators.chance import Floats, Ints
from tagdock_simulators.radio.measuring import PHASE_STEP_DEG, PHASE_STEPS
from tagdock_simulators.reading.blocks import ReadBlock, microseconds

_THREE_DIGITS = [f"{number:03d}" for number in range(1000)]
_PHASES = [repr(step * PHASE_STEP_DEG) for step in range(PHASE_STEPS)]


def block_lines(block: ReadBlock) -> bytes:
    """Write a block's reads and input changes as lines, in time order; at the same time the input changes first.

    Raises AssertionError when a line is not what the contract writes.
    """
    lines = _read_lines(block) if len(block) else []
    if lines:
        first = encode(next(block.reads())).decode()
        if lines[0] != first:
            raise AssertionError(f"wrote {lines[0]} where the contract writes {first}; mend this module")
    if block.inputs:
        places = np.searchsorted(block.at_us, [microseconds(each.at) for each in block.inputs], side="left").tolist()
        for place, each in reversed(list(zip(places, block.inputs, strict=True))):
            lines.insert(place, encode(each).decode())
    return ("\n".join(lines) + "\n").encode() if lines else b""


def _read_lines(block: ReadBlock) -> list[str]:
    second, micro = np.divmod(block.at_us, 1_000_000)
    milli, rest = np.divmod(micro, 1000)
    columns = (
        _texts(second, lambda value: datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%S")),
        milli.tolist(),
        rest.tolist(),
        _heads(block),
        block.tag.tolist(),
        _texts(block.rssi_dbm, repr),
        (block.phase_deg / PHASE_STEP_DEG).astype(np.int64).tolist(),
        _texts(block.doppler_hz, repr),
        block.channel.tolist(),
    )
    digits, phases, epcs = _THREE_DIGITS, _PHASES, block.epcs
    lines = [
        f'{{"at":"{at}.{digits[ms]}{digits[us]}{head}{epcs[tag]}","rssi_dbm":{dbm},"phase_deg":{phases[turn]},'
        f'"doppler_hz":{hertz},"channel":{channel}}}'
        for at, ms, us, head, tag, dbm, turn, hertz, channel in zip(*columns, strict=True)
    ]
    for place in np.flatnonzero(micro == 0).tolist():
        lines[place] = lines[place].replace(".000000Z", "Z", 1)  # as the contract writes a whole second
    return lines


def _heads(block: ReadBlock) -> list[str]:
    """Write what stands between time and EPC: reader and antenna."""
    names = [json.dumps(name, ensure_ascii=False) for name in block.readers]
    pairs = block.reader * 65_536 + block.antenna

    def head(pair: int) -> str:
        reader, antenna = divmod(pair, 65_536)
        return f'Z","reader":{names[reader]},"antenna":{antenna},"epc":"'

    return _texts(pairs, head)


def _texts(values: Ints | Floats, write: Callable[[Any], str]) -> list[str]:
    """Write each different value once, and give every row its text."""
    different, which = np.unique(values, return_inverse=True)
    texts = np.array([write(value) for value in different.tolist()], dtype=object)
    result: list[str] = texts[which].tolist()
    return result
