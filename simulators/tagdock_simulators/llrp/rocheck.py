"""Whether a reader can do what a ROSpec asks for."""

from tagdock_simulators.llrp.config import AntennaConfiguration
from tagdock_simulators.llrp.custom import Custom
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.profile import GEN2, Profile
from tagdock_simulators.llrp.rospec import (
    AISpec,
    AIStopTrigger,
    GPITriggerValue,
    InventoryParameterSpec,
    ROSpec,
    ROSpecState,
    StartTrigger,
    StopTrigger,
    TagObservation,
)
from tagdock_simulators.llrp.schema import CUSTOM, CustomParameter, layout
from tagdock_simulators.radio import CHANNELS_MHZ

_NO_INPUT = "it needs its GPITriggerValue"


def check_rospec(rospec: ROSpec, profile: Profile) -> None:
    """Raise LlrpError, naming parameter and field, when the reader cannot do what a ROSpec asks for."""
    _require(rospec.rospec_id > 0, rospec, 0, "a ROSpec's id must not be 0")
    _require(rospec.priority <= profile.max_priority, rospec, 1, f"priorities go up to {profile.max_priority}")
    _require(rospec.state is ROSpecState.DISABLED, rospec, 2, "a ROSpec is added in the state Disabled")
    _check_boundary(rospec, profile)
    for spec in rospec.specs:
        _check_aispec(spec, profile)


def _check_boundary(rospec: ROSpec, profile: Profile) -> None:
    start, stop = rospec.boundary.start, rospec.boundary.stop
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
    _require(stop.kind is not AIStopTrigger.DURATION or stop.duration_ms > 0, stop, 1, "a duration is 1 ms at least")
    _require(stop.kind is not AIStopTrigger.GPI_WITH_TIMEOUT or stop.gpi is not None, stop, 0, _NO_INPUT)
    seen = stop.tag_observation
    if stop.kind is AIStopTrigger.TAG_OBSERVATION:
        _require(seen is not None, stop, 0, "it needs its TagObservationTrigger")
    if seen is not None:
        _require(seen.kind is not TagObservation.N_ATTEMPTS, seen, 0, "attempts cannot be counted")
        _require(seen.kind is not TagObservation.N_TAGS or seen.tags > 0, seen, 1, "it waits for 1 tag at least")
        _require(seen.kind is not TagObservation.NO_NEW_TAGS or seen.quiet_ms > 0, seen, 3, "it waits 1 ms at least")
    _check_input(stop.gpi, profile)
    if len(spec.inventory) != 1:
        raise LlrpError(StatusCode.P_OVERFLOW_PARAMETER, "an AISpec has one InventoryParameterSpec", _path(spec))
    _check_inventory(spec.inventory[0], profile)


def _check_inventory(spec: InventoryParameterSpec, profile: Profile) -> None:
    _require(spec.spec_id > 0, spec, 0, "an InventoryParameterSpec's id must not be 0")
    _require(spec.protocol_id == GEN2, spec, 1, f"the air protocol is {GEN2}, Class 1 Gen 2")
    for antenna in spec.antennas:
        _check_antenna(antenna, profile)


def _check_antenna(antenna: AntennaConfiguration, profile: Profile) -> None:
    _require(antenna.antenna_id <= profile.antennas, antenna, 0, f"antennas are 1 to {profile.antennas}")
    transmitter, modes = antenna.transmitter, {mode.mode_identifier for mode in profile.rf_modes}
    if transmitter is not None:
        powers, channels = f"powers are 1 to {profile.powers} of the table", f"channels are 1 to {len(CHANNELS_MHZ)}"
        _require(1 <= transmitter.channel_index <= len(CHANNELS_MHZ), transmitter, 1, channels)
        _require(1 <= transmitter.transmit_power_index <= profile.powers, transmitter, 2, powers)
    for command in antenna.inventory_commands:
        if command.rf_control is not None:
            listed = ", ".join(map(str, sorted(modes)))
            _require(command.rf_control.mode_index in modes, command.rf_control, 0, f"modes are {listed}")


def _check_input(gpi: GPITriggerValue | None, profile: Profile) -> None:
    if gpi is not None:
        _require(1 <= gpi.port <= profile.inputs, gpi, 0, f"inputs are 1 to {profile.inputs}")


def _require(holds: bool, where: object, field: int, reason: str) -> None:
    if not holds:
        raise LlrpError(StatusCode.A_OUT_OF_RANGE, reason, _path(where), field)


def _path(where: object) -> tuple[int, ...]:
    """Name the parameter; a simulator's client finds it without the way there."""
    return (layout(type(where)).key[0],)


def check_vendor(record: object, impinj: bool) -> None:
    """Raise LlrpError when there is a vendor's parameter, anywhere in a record, that the reader does not take."""
    if isinstance(record, CustomParameter):
        if isinstance(record, Custom):
            known = f"vendor {record.vendor}'s parameter {record.subtype} is not known"
            raise LlrpError(StatusCode.P_UNKNOWN_PARAMETER, known, _path(record))
        if not impinj:
            reason = f"{type(record).__name__} needs IMPINJ_ENABLE_EXTENSIONS first"
            raise LlrpError(StatusCode.P_UNSUPPORTED_PARAMETER, reason, (CUSTOM,))
    for slot in layout(type(record)).slots:
        value = getattr(record, slot.name)
        for inner in value if slot.many else (value,) if value is not None else ():
            check_vendor(inner, impinj)
