"""A reader's settings: what GET_READER_CONFIG shows and SET_READER_CONFIG changes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from tagdock_simulators.llrp.accessspec import AccessReportSpec, AccessReportTrigger
from tagdock_simulators.llrp.antennas import factory_antennas, set_antennas
from tagdock_simulators.llrp.config import (
    AntennaConfiguration,
    AntennaProperties,
    EventNotificationState,
    EventsAndReports,
    GPIPortCurrentState,
    GPOWriteData,
    Identification,
    KeepaliveSpec,
    KeepaliveTrigger,
    LLRPConfigurationStateValue,
    Notification,
    ReaderEventNotificationSpec,
)
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.messages import GetReaderConfig, GetReaderConfigResponse, SetReaderConfig, Setting
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.rospec import ReportTrigger, ROReportSpec, TagReportContentSelector
from tagdock_simulators.llrp.status import SUCCESS

GPI_LOW, GPI_HIGH = 0, 1
OF_1_0 = tuple(event for event in Notification if event is not Notification.SPEC_LOOP)
"""The events of LLRP 1.0.1; a client that speaks 1.1 is shown one more."""
_MAC_ADDRESS = 0
_NO_KEEPALIVE = KeepaliveSpec(KeepaliveTrigger.NEVER, 0)
_FACTORY_REPORT = ROReportSpec(
    ReportTrigger.N_TAGS_OR_END_OF_ROSPEC,
    1,
    TagReportContentSelector(False, False, False, True, False, True, True, False, False, False),
)
_FACTORY_ACCESS_REPORT = AccessReportSpec(AccessReportTrigger.WITH_ROREPORT)


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set; the defaults are the factory's: no keepalive, no events, inputs off."""

    keepalive: KeepaliveSpec = _NO_KEEPALIVE
    notifications: frozenset[Notification] = frozenset()
    report: ROReportSpec = _FACTORY_REPORT
    access_report: AccessReportSpec = _FACTORY_ACCESS_REPORT
    antennas: tuple[AntennaConfiguration, ...] = ()
    """Every antenna, once one of them was set."""
    inputs_on: frozenset[int] = frozenset()
    outputs_high: frozenset[int] = frozenset()
    hold_upon_reconnect: bool = False
    changes: int = 0

    def changed_by(self, wish: SetReaderConfig, profile: Profile) -> "Settings":
        """Return the settings after a SET_READER_CONFIG. Raises LlrpError when one of its ports is not there."""
        _check_ports(wish, profile)
        base = Settings(changes=self.changes) if wish.reset_to_factory_defaults else self
        events = wish.event_notification.states if wish.event_notification else ()
        return replace(
            base,
            keepalive=wish.keepalive or base.keepalive,
            notifications=_switched(base.notifications, {state.event_type: state.enabled for state in events}),
            report=wish.ro_report or base.report,
            access_report=wish.access_report or base.access_report,
            antennas=set_antennas(base.antennas or factory_antennas(profile), wish.antenna_configurations),
            inputs_on=_switched(base.inputs_on, {gpi.port: gpi.enabled for gpi in wish.gpi_states}),
            outputs_high=_switched(base.outputs_high, {gpo.port: gpo.data for gpo in wish.gpo}),
            hold_upon_reconnect=(
                wish.events_and_reports.hold_upon_reconnect if wish.events_and_reports else base.hold_upon_reconnect
            ),
            changes=base.changes + 1,
        )

    def shown(
        self, asked: GetReaderConfig, profile: Profile, identity: bytes, inputs_high: frozenset[int]
    ) -> GetReaderConfigResponse:
        """Answer GET_READER_CONFIG. Raises LlrpError when one of its ports is not there."""
        antennas = _ports(asked.antenna_id, profile.antennas, "antenna")
        inputs = _ports(asked.gpi_port, profile.inputs, "input")
        outputs = _ports(asked.gpo_port, profile.outputs, "output")

        def wants(setting: Setting) -> bool:
            return asked.requested in (Setting.ALL, setting)

        return GetReaderConfigResponse(
            SUCCESS,
            Identification(_MAC_ADDRESS, tuple(identity)) if wants(Setting.IDENTIFICATION) else None,
            tuple(AntennaProperties(True, port, 0) for port in antennas if wants(Setting.ANTENNA_PROPERTIES)),
            tuple(
                antenna
                for antenna in self.antennas or factory_antennas(profile)
                if antenna.antenna_id in antennas and wants(Setting.ANTENNA_CONFIGURATION)
            ),
            self._events() if wants(Setting.EVENT_NOTIFICATION) else None,
            self.report if wants(Setting.RO_REPORT_SPEC) else None,
            self.access_report if wants(Setting.ACCESS_REPORT_SPEC) else None,
            LLRPConfigurationStateValue(self.changes) if wants(Setting.STATE_VALUE) else None,
            self.keepalive if wants(Setting.KEEPALIVE) else None,
            tuple(
                GPIPortCurrentState(port, port in self.inputs_on, GPI_HIGH if port in inputs_high else GPI_LOW)
                for port in inputs
                if wants(Setting.GPI)
            ),
            tuple(GPOWriteData(port, port in self.outputs_high) for port in outputs if wants(Setting.GPO)),
            EventsAndReports(self.hold_upon_reconnect) if wants(Setting.EVENTS_AND_REPORTS) else None,
        )

    def _events(self) -> ReaderEventNotificationSpec:
        return ReaderEventNotificationSpec(
            tuple(EventNotificationState(event, event in self.notifications) for event in OF_1_0)
        )


_T = TypeVar("_T")


def _switched(on: frozenset[_T], wish: Mapping[_T, bool]) -> frozenset[_T]:
    """Return what is on after some were switched on or off."""
    return on - wish.keys() | {each for each, switch in wish.items() if switch}


def _check_ports(wish: SetReaderConfig, profile: Profile) -> None:
    for properties in wish.antenna_properties:
        _ports(properties.antenna_id, profile.antennas, "antenna")
    for antenna in wish.antenna_configurations:
        _ports(antenna.antenna_id, profile.antennas, "antenna")
    for gpi in wish.gpi_states:
        _ports(gpi.port, profile.inputs, "input")
    for gpo in wish.gpo:
        _ports(gpo.port, profile.outputs, "output")


def _ports(chosen: int, there_are: int, what: str) -> range:
    """Return the ports that a number means: 0 means all. Raises LlrpError when it is not there."""
    if chosen > there_are:
        raise LlrpError(StatusCode.A_OUT_OF_RANGE, f"there is no {what} {chosen}; the reader has 1 to {there_are}")
    return range(chosen, chosen + 1) if chosen else range(1, there_are + 1)
