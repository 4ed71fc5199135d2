"""Lines made of columns are the contract's own bytes."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from tagdock_contract import ContractError, encode
from tagdock_simulators.doors import Crossing, two_row
from tagdock_simulators.radio import FCC, Radio
from tagdock_simulators.reading import ReadBlock, block_lines, field_reads, lines
from tagdock_simulators.reading.blocks import microseconds

DOORS = [two_row(f"D{n}", f"dock-{n}", y_m=4.0 * n, eyes=True) for n in (1, 2, 3)]
Loads = Callable[..., Crossing]


def contract(block: ReadBlock) -> bytes:
    return b"".join(encode(record) + b"\n" for record in block.records())


@pytest.fixture
def block(load: Loads) -> ReadBlock:
    blocks = field_reads(DOORS, (load(20), load(3, "out", "D1", 0.2, 1)), 1, Radio(region=FCC))
    return max(blocks, key=len)


def test_the_bytes_are_the_contracts(block: ReadBlock) -> None:
    assert len(block) > 500
    assert block.inputs
    assert block_lines(block) == contract(block)


def test_a_whole_second_is_written_as_the_contract_does(block: ReadBlock) -> None:
    at_us = block.at_us.copy()
    at_us[5:] += 1_000_000 - at_us[5] % 1_000_000
    whole = replace(block, at_us=at_us, inputs=())
    assert b":01Z" in block_lines(whole) or b":02Z" in block_lines(whole)
    assert block_lines(whole) == contract(whole)


def test_input_changes_of_the_same_moment_come_first(block: ReadBlock) -> None:
    moment = microseconds(block.inputs[0].at)
    same = replace(block, at_us=np.full(len(block), moment))
    assert block_lines(same) == contract(same)
    assert b'"gpi"' in block_lines(same).splitlines()[0]


def test_nothing_is_no_line(block: ReadBlock) -> None:
    ints, reals = np.zeros(0, np.int64), np.zeros(0)
    none = ReadBlock(block.readers, (), ints, ints, ints, ints, reals, reals, reals, ints)
    assert block_lines(none) == b""


def test_a_change_of_the_contract_does_not_go_unnoticed(block: ReadBlock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "encode", lambda record: encode(record).replace(b'"channel"', b'"hop"'))
    with pytest.raises(AssertionError, match="where the contract writes"):
        block_lines(block)


def test_what_the_contract_refuses_is_not_written(block: ReadBlock) -> None:
    epcs = tuple("no EPC" if place == block.tag[0] else epc for place, epc in enumerate(block.epcs))
    with pytest.raises(ContractError, match="epc"):
        block_lines(replace(block, epcs=epcs))
