"""Scenarios of one's own: parameters given as text are read and checked."""

import json
from typing import Any

import pytest
from tagdock_contract import decode_record, encode
from tagdock_simulators.reading import field_reads
from tagdock_simulators.scenarios import SCENARIOS, crossings, parameters, shaped
from tagdock_simulators.scenarios.scenario import RADIO_BOUNDS

PLAIN = SCENARIOS["clean-two-row"]


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("loads", "7", 7),
        ("tags", "1..150", (1, 150)),
        ("tags", "5", (5, 5)),
        ("speed_m_per_s", "0.3..4", (0.3, 4.0)),
        ("photo_eyes", "yes", True),
        ("door_kind", "single-row", "single-row"),
        ("unreadable", "0.02", 0.02),
        ("behaviours", "in:3, turn:1", {"in": 3.0, "turn": 1.0}),
        ("carriers", "person", {"person": 1.0}),
    ],
)
def test_a_parameter_is_set(key: str, text: str, value: Any) -> None:
    assert getattr(shaped(PLAIN, {key: text}), key) == value


def test_the_radios_constants_are_parameters_too() -> None:
    settings = {"radio.transmit_dbm": "31.5", "radio.session": "2", "radio.mode": "dense", "radio.region": "FCC"}
    radio = shaped(PLAIN, settings).radio
    assert (radio.transmit_dbm, radio.session, radio.mode.miller, len(radio.region.channels_mhz)) == (31.5, 2, 4, 50)


@pytest.mark.parametrize(
    ("key", "text", "reason"),
    [
        ("loads", "many", "loads: 'many' is not a whole number"),
        ("loads", "0", "loads: 0 must lie in 1.."),
        ("tags", "9..3", "tags: 9..3 must lie in 1..500, the least first"),
        ("tags", "1..9..12", "'1..9..12' is not a whole number"),
        ("speed_m_per_s", "nan", "is not a number"),
        ("behaviours", "fly", "fly is not among in, out, pass, turn, park"),
        ("behaviours", "in:2,out:-1", "weights are 0 or more"),
        ("behaviours", "in:0", "not all of them 0"),
        ("carriers", "", "nothing is not among pallet"),
        ("photo_eyes", "perhaps", "not one of yes, true, no, false"),
        ("door_kind", "barn", "not one of two-row, single-row, conveyor"),
        ("lods", "3", "lods is no parameter; there are doors, "),
        ("name", "x", "name is no parameter"),
        ("radio.session", "4", "radio.session: '4' is not one of 0, 1, 2, 3"),
        ("radio.mode", "slow", "radio.mode: 'slow' is not one of fast, hybrid, dense, thorough"),
        ("radio.power", "3", "radio.power is no parameter; there are radio.transmit_dbm"),
    ],
)
def test_a_mistake_is_told_with_its_key_and_the_remedy(key: str, text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        shaped(PLAIN, {key: text})
    assert reason in str(caught.value)


def test_a_belt_does_not_turn_round() -> None:
    with pytest.raises(ValueError, match="a belt only goes in or out"):
        shaped(SCENARIOS["conveyor"], {"behaviours": "in:1,turn:1"})


@pytest.mark.parametrize("name", SCENARIOS)
def test_all_parameters_can_be_written_as_json(name: str) -> None:
    told = json.loads(json.dumps(parameters(SCENARIOS[name])))
    assert told["name"] == name
    assert told["radio"]["transmit_dbm"] == SCENARIOS[name].radio.transmit_dbm


@pytest.mark.parametrize("bound", [0, 1])
def test_the_radio_at_its_bounds_still_gives_records_of_the_contract(bound: int) -> None:
    """All that makes echoes stronger at once (or weaker), far beyond any product: a reader shows what it can."""
    helps = dict.fromkeys(("transmit_dbm", "reader_gain_dbi", "tag_gain_dbi", "back_lobe_db", "shadowing_db"), 1)
    hinders = dict.fromkeys(("polarisation_loss_db", "path_exponent", "modulation_loss_db", "rician_k_db"), 0)
    radio = {f"radio.{key}": str(RADIO_BOUNDS[key][side ^ bound]) for key, side in (helps | hinders).items()}
    shape = {"loads": "2", "tags": "5", "doors": "2", "radio.tag_sensitivity_dbm": "-40", "radio.tag_spread_db": "6"}
    hard = shaped(PLAIN, shape | radio)
    records = [
        decode_record(encode(each))
        for block in field_reads(hard.geometry(), crossings(hard, 1), 1, hard.radio)
        for each in block.records()
    ]
    assert bool(records) != bool(bound)
