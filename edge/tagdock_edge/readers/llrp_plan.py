"""From what was asked of an LLRP reader, and what it can do, to the ROSpec that makes it read. Pure.

The ROSpec is written as sllurp's encoder takes it: parameters by name. Source of the names' meaning: EPCglobal LLRP
1.0.1 (2007), sections 16.2.4 (ROSpec), 16.2.7 (reports), 16.3.1.2 (Gen2); Impinj Octane LLRP (search modes, reports).
"""

from dataclasses import dataclass
from typing import Any

from tagdock_edge.errors import ReaderError
from tagdock_edge.readers.llrp_capabilities import Capabilities
from tagdock_edge.readers.llrp_settings import AntennaSettings, LlrpSettings

ROSPEC_ID = 1
_GEN2 = 1
_EPC_BANK, _EPC_BEGINS_AT_BIT = 1, 32
"""Where an EPC is: after the 16 bits of its checksum and the 16 of its protocol control word (EPC Gen2, 6.3.2.1.2)."""
_SELECT_ONLY, _SELECT_TOO = 0, 1
"""Actions without a tag's state: choose what matches and nothing else; choose it besides (15.2.1.2.1.1.3)."""
_SEARCH_MODES = {
    "single-target": 1,
    "dual-target": 2,
    "tag-focus": 3,
    "single-target-reset": 5,
    "dual-target-reset": 6,
}
"""ImpinjInventorySearchType in Impinj's LLRP definitions."""
_EACH_READ = {
    "EnableROSpecID": False,
    "EnableSpecIndex": False,
    "EnableInventoryParameterSpecID": False,
    "EnableAntennaID": True,
    "EnableChannelIndex": True,
    "EnablePeakRSSI": True,
    "EnableFirstSeenTimestamp": False,
    "EnableLastSeenTimestamp": True,
    "EnableTagSeenCount": True,
    "EnableAccessSpecID": False,
    "C1G2EPCMemorySelector": {"EnableCRC": False, "EnablePCBits": False},
}
_IMPINJ_REPORT = {
    "ImpinjEnableRFPhaseAngle": {"RFPhaseAngleMode": 1},
    "ImpinjEnablePeakRSSI": {"PeakRSSIMode": 1},
    "ImpinjEnableRFDopplerFrequency": {"RFDopplerFrequencyMode": 1},
}


@dataclass(frozen=True, slots=True)
class AntennaPlan:
    """One antenna as the reader will be told: the power's index in its table, what that is, and the mode's number."""

    antenna: int
    power_index: int
    power_dbm: float
    mode: int | None

    def __str__(self) -> str:
        mode = "" if self.mode is None else f" in mode {self.mode}"
        return f"antenna {self.antenna} at {self.power_dbm:g} dBm{mode}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the reader will be asked for; `phase` and `search_mode` are Impinj's extensions."""

    antennas: tuple[AntennaPlan, ...]
    hop_table: int
    phase: bool
    search_mode: int | None

    def __str__(self) -> str:
        return ", ".join([*map(str, self.antennas), *(["phase"] if self.phase else [])])

    @property
    def needs_extensions(self) -> bool:
        """Tell whether Impinj's extensions have to be switched on first."""
        return self.phase or self.search_mode is not None


def plan(settings: LlrpSettings, can: Capabilities) -> Plan:
    """Choose from what the reader has. Raises ReaderError naming every key that it can't do, each with the remedy."""
    problems = [*_wiring_problems(settings, can), *_vendor_problems(settings, can)]
    antennas = [_antenna(antenna, can, problems) for antenna in settings.antennas]
    if problems:
        raise ReaderError("; ".join(dict.fromkeys(problems)))
    phase = can.is_impinj and settings.phase is not False
    search_mode = None if settings.search_mode is None else _SEARCH_MODES[settings.search_mode]
    return Plan(tuple(antennas), can.hop_table, phase, search_mode)


def _wiring_problems(settings: LlrpSettings, can: Capabilities) -> list[str]:
    problems = []
    for one in settings.antennas:
        if one.antenna > can.antennas:
            problems.append(
                f"antenna {one.antenna} is not there: this reader has 1 to {can.antennas}; mend the door or shelf"
            )
    for gpi in settings.inputs:
        if gpi > can.inputs:
            has = f"has 1 to {can.inputs}" if can.inputs else "has none"
            problems.append(f"gpi {gpi} is not there: of inputs this reader {has}; mend photo_eyes")
    if len(settings.filters) > can.filters:
        problems.append(
            f"filters: this reader takes {can.filters} at most, not {len(settings.filters)}; leave some out"
        )
    return problems


def _vendor_problems(settings: LlrpSettings, can: Capabilities) -> list[str]:
    asked = (("search_mode", settings.search_mode), ("phase", settings.phase))
    return [
        f"{key}: only Impinj's readers know it; leave it out" for key, value in asked if value and not can.is_impinj
    ]


def _antenna(asked: AntennaSettings, can: Capabilities, problems: list[str]) -> AntennaPlan:
    index, dbm, mode = 0, 0.0, None
    try:
        index, dbm = can.power(asked.power_dbm)
    except ValueError as error:
        problems.append(f"power_dbm = {asked.power_dbm:g} (antenna {asked.antenna}): {error}")
    try:
        mode = None if asked.mode is None else can.mode(asked.mode)
    except ValueError as error:
        problems.append(f"mode = {asked.mode!r}: {error}")
    return AntennaPlan(asked.antenna, index, dbm, mode)


def rospec(chosen: Plan, settings: LlrpSettings) -> dict[str, Any]:
    """Write a ROSpec that reads from when it is enabled until it is deleted, and reports every N tags.

    sllurp's own option for N makes it the AISpec's stop and leaves the report's N at 0: the inventory then ends and
    starts anew after every N tags (16.2.4.2, 16.2.7.1).
    """
    report: dict[str, Any] = {
        "ROReportTrigger": "Upon_N_Tags_Or_End_Of_AISpec",
        "N": settings.report_every_n_tags,
        "TagReportContentSelector": dict(_EACH_READ),
    }
    if chosen.phase:
        report["ImpinjTagReportContentSelector"] = dict(_IMPINJ_REPORT)
    inventory = {
        "InventoryParameterSpecID": 1,
        "ProtocolID": _GEN2,
        "AntennaConfiguration": [_antenna_configuration(one, chosen, settings) for one in chosen.antennas],
    }
    return {
        "ROSpecID": ROSPEC_ID,
        "Priority": 0,
        "CurrentState": "Disabled",
        "ROBoundarySpec": {
            "ROSpecStartTrigger": {"ROSpecStartTriggerType": "Immediate"},
            "ROSpecStopTrigger": {"ROSpecStopTriggerType": "Null", "DurationTriggerValue": 0},
        },
        "AISpec": [
            {
                "AntennaID": [one.antenna for one in chosen.antennas],
                "AISpecStopTrigger": {"AISpecStopTriggerType": "Null", "DurationTriggerValue": 0},
                "InventoryParameterSpec": [inventory],
            }
        ],
        "ROReportSpec": report,
    }


def _antenna_configuration(antenna: AntennaPlan, chosen: Plan, settings: LlrpSettings) -> dict[str, Any]:
    command: dict[str, Any] = {
        "TagInventoryStateAware": False,
        "C1G2SingulationControl": {
            "Session": settings.session,
            "TagPopulation": settings.tag_population,
            "TagTransitTime": 0,
        },
    }
    if settings.filters:
        command["C1G2Filter"] = [
            {
                "C1G2TagInventoryMask": {
                    "MB": _EPC_BANK,
                    "Pointer": _EPC_BEGINS_AT_BIT + one.at_bit,
                    "TagMask": one.epc,
                },
                "C1G2TagInventoryStateUnawareFilterAction": {"Action": _SELECT_TOO if place else _SELECT_ONLY},
            }
            for place, one in enumerate(settings.filters)
        ]
    if antenna.mode is not None:
        # Readers take the mode's number here, not its place in the table (sllurp, issue 63). Tari 0: the mode's own.
        command["C1G2RFControl"] = {"ModeIndex": antenna.mode, "Tari": 0}
    if chosen.search_mode is not None:
        command["ImpinjInventorySearchMode"] = {"InventorySearchMode": chosen.search_mode}
    transmitter = {"HopTableId": chosen.hop_table, "ChannelIndex": 1, "TransmitPower": antenna.power_index}
    return {"AntennaID": antenna.antenna, "RFTransmitter": transmitter, "C1G2InventoryCommand": [command]}
