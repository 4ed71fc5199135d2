"""What Impinj's readers tell and keep besides LLRP's own capabilities and settings.

Source: Impinj's LTK definitions (which parameter belongs where); the factory's values are assumed, but that no link is
monitored (Impinj, Using KeepAlives and LinkMonitorMode).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.impinj import (
    ImpinjAccessSpecConfiguration,
    ImpinjAccessSpecOrdering,
    ImpinjAdvancedGPOConfiguration,
    ImpinjAntennaConfiguration,
    ImpinjAntennaEventHysteresis,
    ImpinjBlockWriteWordCount,
    ImpinjDetailedVersion,
    ImpinjFrequencyCapabilities,
    ImpinjGPIDebounceConfiguration,
    ImpinjLinkMonitorConfiguration,
    ImpinjOpSpecRetryCount,
    ImpinjReaderTemperature,
    ImpinjReportBufferConfiguration,
    ImpinjRequestedData,
    ImpinjSubRegulatoryRegion,
    Mode,
    Requested,
)
from tagdock_simulators.llrp.profile import Profile, Standard
from tagdock_simulators.llrp.schema import CustomParameter

TEMPERATURE_C = 45
"""What a reader that works reports of itself."""
_REGIONS = {Standard.US_FCC_PART_15: 0, Standard.ETSI_EN_302_208: 7}
_NAMES = {
    Requested.SUB_REGULATORY_REGION: ImpinjSubRegulatoryRegion,
    Requested.GPI_DEBOUNCE: ImpinjGPIDebounceConfiguration,
    Requested.READER_TEMPERATURE: ImpinjReaderTemperature,
    Requested.LINK_MONITOR: ImpinjLinkMonitorConfiguration,
    Requested.REPORT_BUFFER: ImpinjReportBufferConfiguration,
    Requested.ACCESS_SPEC: ImpinjAccessSpecConfiguration,
    Requested.ADVANCED_GPO: ImpinjAdvancedGPOConfiguration,
    Requested.ANTENNA: ImpinjAntennaConfiguration,
}
_READ_ONLY = (ImpinjReaderTemperature,)


@dataclass(frozen=True, slots=True)
class VendorSettings:
    """What SET_READER_CONFIG changed of Impinj's settings, by parameter and port."""

    changed: tuple[CustomParameter, ...] = ()

    def changed_by(self, wishes: Iterable[CustomParameter], profile: Profile) -> "VendorSettings":
        """Return the settings after a SET_READER_CONFIG. Raises LlrpError for what cannot be set."""
        changed = {_place(setting): setting for setting in self.changed}
        factory = {_place(setting): setting for setting in _factory(profile)}
        for wish in wishes:
            fixed = isinstance(wish, ImpinjSubRegulatoryRegion) and wish != factory[_place(wish)]
            if _place(wish) not in factory or isinstance(wish, _READ_ONLY) or fixed:
                reason = f"{type(wish).__name__} cannot be set so: the reader has no such setting, port or region"
                raise LlrpError(StatusCode.A_OUT_OF_RANGE, reason, field=0, where=wish)
            changed[_place(wish)] = wish
        return VendorSettings(tuple(changed.values()))

    def shown(self, asked: Iterable[CustomParameter], profile: Profile) -> tuple[CustomParameter, ...]:
        """Return the settings that ImpinjRequestedData asks for."""
        now = {_place(setting): setting for setting in (*_factory(profile), *self.changed)}
        wanted = [each.requested_data for each in asked if isinstance(each, ImpinjRequestedData)]
        kinds = {_NAMES.get(each) for each in wanted}
        everything = Requested.ALL_CONFIGURATION in wanted
        return tuple(setting for setting in now.values() if everything or type(setting) in kinds)

    @property
    def keepalive_misses(self) -> int | None:
        """Return after how many unanswered keepalives the link is given up; None where nobody asked for it."""
        monitor = next((each for each in self.changed if isinstance(each, ImpinjLinkMonitorConfiguration)), None)
        return monitor.link_down_threshold or 1 if monitor is not None and monitor.mode is Mode.ON else None

    @property
    def lowest_access_spec_first(self) -> bool:
        """Say whether AccessSpecs go by their ids rather than by their age."""
        chosen = next((each for each in self.changed if isinstance(each, ImpinjAccessSpecConfiguration)), None)
        return chosen is not None and chosen.ordering is not None and chosen.ordering.mode == 1


def vendor_capabilities(
    asked: Iterable[CustomParameter], profile: Profile, identity: bytes
) -> tuple[CustomParameter, ...]:
    """Return the capabilities that ImpinjRequestedData asks for."""
    wanted = {each.requested_data for each in asked if isinstance(each, ImpinjRequestedData)}
    everything = Requested.ALL_CAPABILITIES in wanted
    told: list[CustomParameter] = []
    if everything or Requested.DETAILED_VERSION in wanted:
        told.append(ImpinjDetailedVersion(profile.name, identity.hex("-"), profile.firmware, profile.firmware, "", ""))
    if everything or Requested.FREQUENCY_CAPABILITIES in wanted:
        told.append(ImpinjFrequencyCapabilities(profile.band.channels_khz))
    return tuple(told)


def _factory(profile: Profile) -> Iterator[CustomParameter]:
    yield ImpinjSubRegulatoryRegion(_REGIONS[profile.band.standard])
    yield from (ImpinjGPIDebounceConfiguration(port, 0) for port in range(1, profile.inputs + 1))
    yield ImpinjReaderTemperature(TEMPERATURE_C)
    yield ImpinjLinkMonitorConfiguration(Mode.OFF, 0)
    yield ImpinjReportBufferConfiguration(0)
    yield ImpinjAccessSpecConfiguration(
        ImpinjBlockWriteWordCount(1), ImpinjOpSpecRetryCount(0), ImpinjAccessSpecOrdering(0)
    )
    yield from (ImpinjAdvancedGPOConfiguration(port, 0, 0) for port in range(1, profile.outputs + 1))
    yield ImpinjAntennaConfiguration(ImpinjAntennaEventHysteresis(0, 0))


def _place(setting: CustomParameter) -> tuple[type, int]:
    """Name a setting: its parameter, and its port where there is one for each."""
    port = setting.port if isinstance(setting, ImpinjGPIDebounceConfiguration | ImpinjAdvancedGPOConfiguration) else 0
    return type(setting), port
