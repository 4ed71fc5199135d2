"""Whether a reader can do what a ROSpec asks for."""

from collections.abc import Container
from enum import IntEnum

from tagdock_simulators.llrp.config import AntennaConfiguration, C1G2Filter, RFTransmitter
from tagdock_simulators.llrp.custom import Custom
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.filters import AWARE_ACTIONS, LAST_TARGET, UNAWARE_ACTIONS
from tagdock_simulators.llrp.profile import GEN2, HOP_TABLE_ID, Profile
from tagdock_simulators.llrp.rospec import (
    AISpec,
    AIStopTrigger,
    GPITriggerValue,
    InventoryParameterSpec,
    RFSurveySpec,
    ROSpec,
    ROSpecState,
    StartTrigger,
    StopTrigger,
    TagObservation,
    TagObservationTrigger,
)
from tagdock_simulators.llrp.schema import CustomParameter, layout
from tagdock_simulators.llrp.tagmemory import Bank

_WHOLE = (0, 1)
"""Truncation: left to the reader, or none."""
_NO_INPUT = "it needs its GPITriggerValue"


def check_rospec(rospec: ROSpec, profile: Profile) -> None:
    """Raise LlrpError, naming parameter and field, when the reader cannot do what a ROSpec asks for."""
    _require(rospec.rospec_id > 0, rospec, 0, "a ROSpec's id must not be 0")
    _require(rospec.priority <= profile.max_priority, rospec, 1, f"priorities go up to {profile.max_priority}")
    _require(rospec.state is ROSpecState.DISABLED, rospec, 2, "a ROSpec is added in the state Disabled")
    if len(rospec.specs) > profile.max_specs_per_rospec:
        limit = f"a ROSpec has {profile.max_specs_per_rospec} specs at most"
        raise LlrpError(StatusCode.P_OVERFLOW_PARAMETER, limit, where=rospec)
    _check_boundary(rospec, profile)
    for spec in rospec.specs:
        if isinstance(spec, AISpec):
            _check_aispec(spec, profile)
        elif isinstance(spec, RFSurveySpec):
            raise LlrpError(StatusCode.P_UNSUPPORTED_PARAMETER, "the reader does no surveys", where=spec)
        elif spec is not rospec.specs[-1]:
            raise LlrpError(StatusCode.P_UNEXPECTED_PARAMETER, "a LoopSpec is the last of the specs", where=spec)
    if not any(isinstance(spec, AISpec) for spec in rospec.specs):
        raise LlrpError(StatusCode.P_MISSING_PARAMETER, "a ROSpec needs an AISpec", where=rospec)


def _check_boundary(rospec: ROSpec, profile: Profile) -> None:
    start, stop = rospec.boundary.start, rospec.boundary.stop
    _require_trigger(start.kind, profile.triggers.starts, start)
    _require_trigger(stop.kind, profile.triggers.stops, stop)
    _require(start.kind is not StartTrigger.PERIODIC or start.periodic is not None, start, 0, "it needs its period")
    _require(start.kind is not StartTrigger.GPI or start.gpi is not None, start, 0, _NO_INPUT)
    _require(stop.kind is not StopTrigger.DURATION or stop.duration_ms > 0, stop, 1, "a duration is 1 ms at least")
    _require(stop.kind is not StopTrigger.GPI_WITH_TIMEOUT or stop.gpi is not None, stop, 0, _NO_INPUT)
    for gpi in (start.gpi, stop.gpi):
        _check_input(gpi, profile)


def _check_aispec(spec: AISpec, profile: Profile) -> None:
    stop = spec.stop
    antennas = f"antennas are 1 to {profile.antennas}, or 0 alone for all"
    _require(len(spec.antenna_ids) > 0 and max(spec.antenna_ids) <= profile.antennas, spec, 0, antennas)
    _require(0 not in spec.antenna_ids or spec.antenna_ids == (0,), spec, 0, antennas)
    _require_trigger(stop.kind, profile.triggers.ai_stops, stop)
    _require(stop.kind is not AIStopTrigger.DURATION or stop.duration_ms > 0, stop, 1, "a duration is 1 ms at least")
    _require(stop.kind is not AIStopTrigger.GPI_WITH_TIMEOUT or stop.gpi is not None, stop, 0, _NO_INPUT)
    seen = stop.tag_observation
    if stop.kind is AIStopTrigger.TAG_OBSERVATION:
        _require(seen is not None, stop, 0, "it needs its TagObservationTrigger")
    if seen is not None:
        _check_observation(seen, profile)
    _check_input(stop.gpi, profile)
    if len(spec.inventory) != 1:
        raise LlrpError(StatusCode.P_OVERFLOW_PARAMETER, "an AISpec has one InventoryParameterSpec", where=spec)
    _check_inventory(spec.inventory[0], profile)


def _check_observation(seen: TagObservationTrigger, profile: Profile) -> None:
    _require_trigger(seen.kind, profile.triggers.observations, seen)
    match seen.kind:
        case TagObservation.N_TAGS | TagObservation.N_UNIQUE_TAGS:
            _require(seen.tags > 0, seen, 1, "it waits for 1 tag at least")
        case TagObservation.N_ATTEMPTS:
            _require(seen.attempts > 0, seen, 2, "it makes 1 attempt at least")
        case TagObservation.NO_NEW_TAGS | TagObservation.NO_NEW_UNIQUE_TAGS:
            _require(seen.quiet_ms > 0, seen, 3, "it waits 1 ms at least")


def _check_inventory(spec: InventoryParameterSpec, profile: Profile) -> None:
    _require(spec.spec_id > 0, spec, 0, "an InventoryParameterSpec's id must not be 0")
    _require(spec.protocol_id == GEN2, spec, 1, f"the air protocol is {GEN2}, Class 1 Gen 2")
    for antenna in spec.antennas:
        check_antenna(antenna, profile)


def check_antenna(antenna: AntennaConfiguration, profile: Profile) -> None:
    """Raise LlrpError when a power, channel, sensitivity or modulation is none of the reader's."""
    _require(antenna.antenna_id <= profile.antennas, antenna, 0, f"antennas are 1 to {profile.antennas}")
    receiver, transmitter = antenna.receiver, antenna.transmitter
    if receiver is not None:
        known = len(profile.sensitivities_db)
        _require(1 <= receiver.sensitivity_index <= known, receiver, 0, f"sensitivities are 1 to {known} of the table")
    if transmitter is not None:
        _check_transmitter(transmitter, profile)
    modes = {mode.mode_identifier for mode in profile.rf_modes}
    for command in antenna.inventory_commands:
        if len(command.filters) > profile.max_select_filters:
            limit = f"a query has {profile.max_select_filters} filters at most"
            raise LlrpError(StatusCode.P_OVERFLOW_PARAMETER, limit, where=command)
        for chosen in command.filters:
            _check_filter(chosen, profile)
        if command.rf_control is not None:
            listed = ", ".join(map(str, sorted(modes)))
            _require(command.rf_control.mode_index in modes, command.rf_control, 0, f"modes are {listed}")


def _check_filter(chosen: C1G2Filter, profile: Profile) -> None:
    """Raise LlrpError for truncated EPCs, which no reader here sends, and for states that this one leaves alone."""
    _require(chosen.truncation in _WHOLE, chosen, 0, "EPCs are not truncated: truncation is 0 or 1")
    _require(chosen.mask.memory_bank != Bank.RESERVED, chosen.mask, 0, "tags are filtered by bank 1, 2 or 3")
    unaware, aware = chosen.unaware_action, chosen.aware_action
    if unaware is not None:
        actions = len(UNAWARE_ACTIONS)
        _require(unaware.action < actions, unaware, 0, f"state-unaware actions are 0 to {actions - 1}")
    if aware is not None:
        if not profile.singulates_by_state:
            reason = "state-aware filter actions are not supported (see the reader's capabilities)"
            raise LlrpError(StatusCode.P_UNSUPPORTED_PARAMETER, reason, where=aware)
        actions = len(AWARE_ACTIONS)
        _require(aware.target <= LAST_TARGET, aware, 0, f"targets are 0 (SL) to {LAST_TARGET} (S3)")
        _require(aware.action < actions, aware, 1, f"state-aware actions are 0 to {actions - 1}")


def _check_transmitter(transmitter: RFTransmitter, profile: Profile) -> None:
    """The channel counts only on a reader that stays on one (LLRP 1.0.1, section 12.2.1.3)."""
    channels = len(profile.band.channels_khz)
    if profile.band.hops:
        _require(transmitter.hop_table_id == HOP_TABLE_ID, transmitter, 0, f"the hop table is {HOP_TABLE_ID}")
    else:
        _require(1 <= transmitter.channel_index <= channels, transmitter, 1, f"channels are 1 to {channels}")
    powers = f"powers are 1 to {profile.powers} of the table"
    _require(1 <= transmitter.transmit_power_index <= profile.powers, transmitter, 2, powers)


def _check_input(gpi: GPITriggerValue | None, profile: Profile) -> None:
    if gpi is not None:
        _require(1 <= gpi.port <= profile.inputs, gpi, 0, f"inputs are 1 to {profile.inputs}")


def _require(holds: bool, where: object, field: int, reason: str) -> None:
    if not holds:
        raise LlrpError(StatusCode.A_OUT_OF_RANGE, reason, field=field, where=where)


def _require_trigger(kind: IntEnum, taken: Container[IntEnum], where: object) -> None:
    """As ThingMagic's readers do it: the parameter is wrong, and the text names the trigger."""
    if kind not in taken:
        reason = f"{type(where).__name__} {kind.value} ({kind.name.lower()}) is not supported"
        raise LlrpError(StatusCode.A_INVALID, reason, field=0, where=where)


def check_vendor(record: object, impinj: bool) -> None:
    """Raise LlrpError when there is a vendor's parameter, anywhere in a record, that the reader does not take."""
    if isinstance(record, CustomParameter):
        if isinstance(record, Custom):
            known = f"vendor {record.vendor}'s parameter {record.subtype} is not known"
            raise LlrpError(StatusCode.P_UNKNOWN_PARAMETER, known, where=record)
        if not impinj:
            reason = f"{type(record).__name__} needs IMPINJ_ENABLE_EXTENSIONS first"
            raise LlrpError(StatusCode.P_UNSUPPORTED_PARAMETER, reason, where=record)
    for slot in layout(type(record)).slots:
        value = getattr(record, slot.name)
        for inner in value if slot.many else (value,) if value is not None else ():
            check_vendor(inner, impinj)
