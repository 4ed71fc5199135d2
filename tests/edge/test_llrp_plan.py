"""From settings and capabilities to what a reader is asked for."""

from dataclasses import replace
from typing import Any

import pytest
from tagdock_edge.errors import ReaderError
from tagdock_edge.readers.llrp_capabilities import IMPINJ, Capabilities, Mode, capabilities
from tagdock_edge.readers.llrp_plan import plan, rospec
from tagdock_edge.readers.llrp_settings import AntennaSettings, EpcFilter, LlrpSettings

POWERS = {7: 10.0, 8: 12.5, 3: 15.0, 40: 31.5}
"""A table whose indices have gaps and no order, as the standard allows."""
MODES = (Mode(0, 0, 640_000, 2), Mode(1002, 0, 40_000, 0), Mode(3, 3, 170_600, 3))
CAN = Capabilities(vendor=0, antennas=4, inputs=2, powers_dbm=POWERS, modes=MODES, filters=2, hop_table=5)
IMPINJ_CAN = replace(CAN, vendor=IMPINJ)
PLAIN = LlrpSettings("10.0.0.21", antennas=(AntennaSettings(1), AntennaSettings(2)))


def one_antenna(**of_antenna: Any) -> LlrpSettings:
    return replace(PLAIN, antennas=(AntennaSettings(1, **of_antenna),))


@pytest.mark.parametrize(
    ("wanted_dbm", "index", "dbm"),
    [(None, 40, 31.5), (31.5, 40, 31.5), (31.4, 3, 15.0), (14.99, 8, 12.5), (10.0, 7, 10.0)],
    ids=["the most", "exact", "just below", "between", "the least"],
)
def test_a_power_is_the_nearest_of_the_table_that_is_not_above(
    wanted_dbm: float | None, index: int, dbm: float
) -> None:
    (antenna,) = plan(one_antenna(power_dbm=wanted_dbm), CAN).antennas
    assert (antenna.power_index, antenna.power_dbm) == (index, dbm)


@pytest.mark.parametrize(
    ("settings", "can", "problem"),
    [
        (one_antenna(power_dbm=31.6), CAN, "power_dbm = 31.6 (antenna 1): this reader sends 10 to 31.5 dBm; choose"),
        (one_antenna(power_dbm=9.9), CAN, "power_dbm = 9.9 (antenna 1): this reader sends 10 to 31.5 dBm; choose"),
        (one_antenna(mode=7), CAN, "mode = 7: this reader has modes by number, not by name: 0 (FM0, 640 kbit/s, sev"),
        (one_antenna(mode="max-throughput"), CAN, "mode = 'max-throughput': this reader has modes by number, not by"),
        (one_antenna(mode="hybrid"), IMPINJ_CAN, "mode = 'hybrid': this reader has max-throughput, dense-reader-m8"),
        (replace(PLAIN, antennas=(AntennaSettings(5),)), CAN, "antenna 5 is not there: this reader has 1 to 4; mend"),
        (replace(PLAIN, inputs=(3,)), CAN, "gpi 3 is not there: of inputs this reader has 1 to 2; mend photo_eyes"),
        (replace(PLAIN, inputs=(1,)), replace(CAN, inputs=0), "gpi 1 is not there: of inputs this reader has none"),
        (replace(PLAIN, search_mode="tag-focus"), CAN, "search_mode: only Impinj's readers know it; leave it out"),
        (replace(PLAIN, phase=True), CAN, "phase: only Impinj's readers know it; leave it out"),
        (replace(PLAIN, filters=(EpcFilter("30"),) * 3), CAN, "filters: this reader takes 2 at most, not 3; leave"),
    ],
    ids=[
        *("too much power", "too little power", "unknown mode", "name elsewhere", "name that it lacks", "no such port"),
        *("no such input", "no inputs", "search mode elsewhere", "phase elsewhere", "too many filters"),
    ],
)
def test_what_a_reader_can_not_do_is_refused_by_name(settings: LlrpSettings, can: Capabilities, problem: str) -> None:
    with pytest.raises(ReaderError) as caught:
        plan(settings, can)
    assert str(caught.value).startswith(problem)


def test_all_that_a_reader_can_not_do_is_told_at_once() -> None:
    with pytest.raises(ReaderError) as caught:
        plan(replace(PLAIN, inputs=(9,), antennas=(AntennaSettings(9, 99.0, 7),), phase=True), CAN)
    told = str(caught.value)
    assert all(key in told for key in ("antenna 9", "gpi 9", "power_dbm = 99", "mode = 7", "phase: only")), told


def test_a_plan_says_what_the_reader_was_told() -> None:
    chosen = plan(replace(PLAIN, antennas=(AntennaSettings(1, 14.0, 3), AntennaSettings(2))), IMPINJ_CAN)
    assert str(chosen) == "antenna 1 at 12.5 dBm in mode 3, antenna 2 at 31.5 dBm, phase"


def test_phase_is_taken_where_there_is_and_left_where_it_is_not_wanted() -> None:
    assert plan(PLAIN, IMPINJ_CAN).phase
    assert not plan(PLAIN, CAN).needs_extensions
    assert not plan(replace(PLAIN, phase=False), IMPINJ_CAN).needs_extensions


def test_the_rospec_says_it_for_each_antenna() -> None:
    settings = replace(
        PLAIN,
        antennas=(AntennaSettings(1, 12.5, 0), AntennaSettings(2)),
        session=2,
        tag_population=60,
        search_mode="dual-target-reset",
        filters=(EpcFilter("3034"), EpcFilter("E2", 8)),
        report_every_n_tags=4,
    )
    spec = rospec(plan(settings, IMPINJ_CAN), settings)
    (aispec,) = spec["AISpec"]
    first, second = aispec["InventoryParameterSpec"][0]["AntennaConfiguration"]
    assert (aispec["AntennaID"], spec["ROReportSpec"]["N"]) == ([1, 2], 4)
    assert first["RFTransmitter"] == {"HopTableId": 5, "ChannelIndex": 1, "TransmitPower": 8}
    assert second["RFTransmitter"]["TransmitPower"] == 40
    (command,) = first["C1G2InventoryCommand"]
    assert command["C1G2RFControl"] == {"ModeIndex": 0, "Tari": 0}
    assert "C1G2RFControl" not in second["C1G2InventoryCommand"][0]
    assert command["C1G2SingulationControl"] == {"Session": 2, "TagPopulation": 60, "TagTransitTime": 0}
    assert command["ImpinjInventorySearchMode"] == {"InventorySearchMode": 6}
    masks = [
        (one["C1G2TagInventoryMask"], one["C1G2TagInventoryStateUnawareFilterAction"]) for one in command["C1G2Filter"]
    ]
    assert masks == [
        ({"MB": 1, "Pointer": 32, "TagMask": "3034"}, {"Action": 0}),
        ({"MB": 1, "Pointer": 40, "TagMask": "E2"}, {"Action": 1}),
    ]
    assert spec["ROReportSpec"]["ImpinjTagReportContentSelector"]["ImpinjEnableRFPhaseAngle"] == {"RFPhaseAngleMode": 1}


TOLD: dict[str, Any] = {
    "GeneralDeviceCapabilities": {
        "DeviceManufacturerName": IMPINJ,
        "MaxNumberOfAntennaSupported": 4,
        "GPIOCapabilities": {"NumGPIs": 2, "NumGPOs": 0},
    },
    "RegulatoryCapabilities": {
        "UHFBandCapabilities": {
            "TransmitPowerLevelTableEntry": [
                {"Index": 1, "TransmitPowerValue": 0xFE0C},
                {"Index": 2, "TransmitPowerValue": 3150},
            ],
            "FrequencyInformation": {"Hopping": True, "FrequencyHopTable": [{"HopTableId": 5}]},
            "UHFC1G2RFModeTable": {
                "UHFC1G2RFModeTableEntry": [{"ModeIdentifier": 3, "Mod": 3, "BDR": 170_600, "M": 3}]
            },
        }
    },
    "C1G2LLRPCapabilities": {"MaxNumSelectFiltersPerQuery": 2},
}


def test_capabilities_are_read_and_a_power_below_a_milliwatt_is_negative() -> None:
    assert capabilities(TOLD) == Capabilities(IMPINJ, 4, 2, {1: -5.0, 2: 31.5}, MODES[2:], 2, 5)


@pytest.mark.parametrize(
    ("regulatory", "problem"),
    [
        ({}, "region: this reader declares no transmit power"),
        (
            {"UHFBandCapabilities": {"TransmitPowerLevelTableEntry": []}},
            "region: this reader declares no transmit power",
        ),
        ({"UHFBandCapabilities": {"TransmitPowerLevelTableEntry": [{}]}}, "declared capabilities that can't be read"),
    ],
    ids=["no band", "no powers", "broken"],
)
def test_a_reader_without_a_region_is_told_so(regulatory: dict[str, Any], problem: str) -> None:
    with pytest.raises(ReaderError, match=problem):
        capabilities({**TOLD, "RegulatoryCapabilities": regulatory})
