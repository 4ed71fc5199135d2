"""What a reader answers its client: every request, by the table at the end."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tagdock_contract import InputChange

from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.accessspecs import AccessSpecs
from tagdock_simulators.llrp.air import Air
from tagdock_simulators.llrp.codec import LLRP_1_0_1
from tagdock_simulators.llrp.config import AntennaProperties, EventNotificationState, Notification
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.impinj import (
    ImpinjEnableExtensions,
    ImpinjEnableExtensionsResponse,
    ImpinjSaveSettings,
    ImpinjSaveSettingsResponse,
)
from tagdock_simulators.llrp.inventory import Outcome
from tagdock_simulators.llrp.outbound import Outbound
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.rocheck import check_antenna, check_vendor
from tagdock_simulators.llrp.rospecs import ROSpecs
from tagdock_simulators.llrp.schema import way_to
from tagdock_simulators.llrp.settings import Settings
from tagdock_simulators.llrp.states import AccessLife, Life, Link
from tagdock_simulators.llrp.status import SUCCESS
from tagdock_simulators.llrp.tagmemory import TagMemories
from tagdock_simulators.llrp.vendor import VendorSettings, vendor_capabilities


class Clerk:
    """Keeps a reader's settings and specs as its clients want them."""

    def __init__(
        self,
        profile: Profile,
        identity: bytes,
        outbound: Outbound,
        emit: Callable[[Outcome], None],
        memories: TagMemories,
    ) -> None:
        self.settings = Settings()
        self.access = AccessSpecs(profile, memories)
        self.rospecs = ROSpecs(profile, self.access, Air(profile, memories), outbound.clock, emit)
        self.antennas_off: frozenset[int] = frozenset()
        self.version = LLRP_1_0_1
        """The protocol version of the next message."""
        self.acknowledged = False
        self.keepalive_changed = False
        self._vendor = VendorSettings()
        self._profile = profile
        self._identity = identity
        self._outbound = outbound
        self._inputs_high: frozenset[int] = frozenset()
        self._impinj = False
        self._version_is_open = True
        self._now_us = 0

    @property
    def keepalive_misses(self) -> int | None:
        """Return after how many unanswered keepalives the reader hangs up."""
        return self._vendor.keepalive_misses or self._profile.keepalive_misses

    def welcome(self) -> None:
        """Begin with a new client: each starts with LLRP 1.0.1 and without a vendor's additions."""
        self._impinj = False
        self._version_is_open = True
        self._speak(LLRP_1_0_1)
        self._outbound.version = LLRP_1_0_1

    def answer(self, request: Any, now_us: int) -> Any:
        """Return the answer to a request, None where there is none. Raises LlrpError when it cannot be done."""
        self._now_us = now_us
        handler = _HANDLERS.get(type(request))
        if handler is None:
            raise LlrpError(StatusCode.M_UNSUPPORTED_MESSAGE, f"{type(request).__name__} is not for a reader to answer")
        try:
            answer = handler(self, request)
        except LlrpError as error:
            path = way_to(error.where, request) if error.where is not None else error.path
            raise LlrpError(error.status, error.reason, path, error.field) from None
        if not isinstance(request, m.GetSupportedVersion | m.SetProtocolVersion | m.KeepaliveAck):
            self._version_is_open = False
        return answer

    def input_changed(self, change: InputChange) -> bool:
        """Take note of an input's level; say whether the input is on."""
        if change.gpi not in self.settings.inputs_on:
            return False
        self._inputs_high = self._inputs_high | {change.gpi} if change.state else self._inputs_high - {change.gpi}
        return True

    # -- the protocol's version

    def _supported(self, _: m.GetSupportedVersion) -> m.GetSupportedVersionResponse:
        return m.GetSupportedVersionResponse(self.version, self._profile.max_version, SUCCESS)

    def _set_version(self, request: m.SetProtocolVersion) -> m.SetProtocolVersionResponse:
        """Settle the version, once and before anything else (LLRP 1.1, chapter 9)."""
        if not self._version_is_open:
            raise LlrpError(StatusCode.M_UNEXPECTED_MESSAGE, "the version is settled once, before any other request")
        if not LLRP_1_0_1 <= request.version <= self._profile.max_version:
            spoken = f"version {request.version} is not spoken; 1 to {self._profile.max_version} are"
            return m.SetProtocolVersionResponse(replace(SUCCESS, **_unsupported(spoken)))
        self._version_is_open = False
        self._speak(request.version)
        return m.SetProtocolVersionResponse(SUCCESS)

    def _speak(self, version: int) -> None:
        self.version = self.access.version = version

    # -- capabilities and settings

    def _capabilities(self, request: m.GetReaderCapabilities) -> m.GetReaderCapabilitiesResponse:
        check_vendor(request, self._impinj)

        def wants(capability: m.Capability) -> bool:
            return request.requested in (m.Capability.ALL, capability)

        profile, has_utc_clock = self._profile, self._outbound.clock.reporting.has_utc_clock
        vendors = profile.vendor_capabilities if wants(m.Capability.ALL) else ()
        return m.GetReaderCapabilitiesResponse(
            SUCCESS,
            profile.general(has_utc_clock=has_utc_clock) if wants(m.Capability.GENERAL) else None,
            profile.llrp() if wants(m.Capability.LLRP) else None,
            profile.regulatory() if wants(m.Capability.REGULATORY) else None,
            profile.air_protocol() if wants(m.Capability.AIR_PROTOCOL) else None,
            (*vendors, *vendor_capabilities(request.custom, profile, self._identity)),
        )

    def _get_config(self, request: m.GetReaderConfig) -> m.GetReaderConfigResponse:
        check_vendor(request, self._impinj)
        shown = self.settings.shown(request, self._profile, self._identity, self._inputs_high)
        antennas = tuple(
            AntennaProperties(each.antenna_id not in self.antennas_off, each.antenna_id, each.gain_cdbi)
            for each in shown.antenna_properties
        )
        events = shown.event_notification
        if events is not None and self.version > LLRP_1_0_1:
            loops = EventNotificationState(
                Notification.SPEC_LOOP, Notification.SPEC_LOOP in self.settings.notifications
            )
            events = replace(events, states=(*events.states, loops))
        vendor = self._vendor.shown(request.custom, self._profile)
        return replace(shown, antenna_properties=antennas, event_notification=events, custom=vendor)

    def _set_config(self, request: m.SetReaderConfig) -> m.SetReaderConfigResponse:
        check_vendor(request, self._impinj)
        for antenna in request.antenna_configurations:
            check_antenna(antenna, self._profile)
        before = VendorSettings() if request.reset_to_factory_defaults else self._vendor
        vendor = before.changed_by(request.custom, self._profile)
        self.settings = self.settings.changed_by(request, self._profile)
        self._vendor = vendor
        if request.reset_to_factory_defaults:
            self.rospecs.clear()
            self.access.clear()
        self.rospecs.set_antennas(self.settings.antennas)
        self.access.lowest_id_first = vendor.lowest_access_spec_first
        self.access.fallback = self.settings.access_report
        self._outbound.holds_when_away = self.settings.hold_upon_reconnect
        self.keepalive_changed = request.keepalive is not None or request.reset_to_factory_defaults
        return m.SetReaderConfigResponse(SUCCESS)

    # -- ROSpecs and AccessSpecs

    def _add_rospec(self, request: m.AddROSpec) -> m.AddROSpecResponse:
        check_vendor(request.rospec, self._impinj)
        self.rospecs.add(request.rospec, self.settings.report)
        return m.AddROSpecResponse(SUCCESS)

    def _delete_rospec(self, request: m.DeleteROSpec) -> m.DeleteROSpecResponse:
        self.rospecs.delete(request.rospec_id, self._now_us)
        return m.DeleteROSpecResponse(SUCCESS)

    def _get_rospecs(self, _: m.GetROSpecs) -> m.GetROSpecsResponse:
        return m.GetROSpecsResponse(SUCCESS, self.rospecs.all())

    def _live(self, life: Life, request: Any) -> Any:
        self.rospecs.apply(life, request.rospec_id, self._now_us)
        return m.RESPONSES[type(request)](SUCCESS)

    def _add_access_spec(self, request: m.AddAccessSpec) -> m.AddAccessSpecResponse:
        check_vendor(request.access_spec, self._impinj)
        self.access.add(request.access_spec)
        return m.AddAccessSpecResponse(SUCCESS)

    def _access_live(self, life: AccessLife, request: Any) -> Any:
        self.access.apply(life, request.access_spec_id)
        return m.RESPONSES[type(request)](SUCCESS)

    def _get_access_specs(self, _: m.GetAccessSpecs) -> m.GetAccessSpecsResponse:
        return m.GetAccessSpecsResponse(SUCCESS, self.access.all())

    # -- reports and the connection

    def _get_report(self, _: m.GetReport) -> None:
        self.rospecs.flush()

    def _enable_reports(self, _: m.EnableEventsAndReports) -> None:
        self._outbound.move(Link.ENABLE_REPORTS)
        self._outbound.release(self._now_us)

    def _enable_impinj(self, _: ImpinjEnableExtensions) -> ImpinjEnableExtensionsResponse:
        if not self._profile.impinj_extensions:
            raise LlrpError(StatusCode.M_UNSUPPORTED_MESSAGE, "this is no Impinj reader")
        self._impinj = True
        return ImpinjEnableExtensionsResponse(SUCCESS)

    def _save(self, _: ImpinjSaveSettings) -> ImpinjSaveSettingsResponse:
        """Save nothing more: a simulated reader's settings last as long as it does."""
        if not self._impinj:
            raise LlrpError(StatusCode.M_UNSUPPORTED_MESSAGE, "it needs IMPINJ_ENABLE_EXTENSIONS first")
        return ImpinjSaveSettingsResponse(SUCCESS)

    def _acknowledge(self, _: m.KeepaliveAck) -> None:
        self.acknowledged = True

    def _close(self, _: m.CloseConnection) -> m.CloseConnectionResponse:
        self._outbound.move(Link.CLOSE)
        return m.CloseConnectionResponse(SUCCESS)


def _unsupported(reason: str) -> dict[str, Any]:
    return {"status_code": StatusCode.M_UNSUPPORTED_VERSION, "error_description": reason}


_HANDLERS: dict[type, Callable[[Clerk, Any], Any]] = {
    m.GetSupportedVersion: Clerk._supported,
    m.SetProtocolVersion: Clerk._set_version,
    m.GetReaderCapabilities: Clerk._capabilities,
    m.GetReaderConfig: Clerk._get_config,
    m.SetReaderConfig: Clerk._set_config,
    m.AddROSpec: Clerk._add_rospec,
    m.DeleteROSpec: Clerk._delete_rospec,
    m.GetROSpecs: Clerk._get_rospecs,
    m.EnableROSpec: lambda clerk, request: clerk._live(Life.ENABLE, request),
    m.DisableROSpec: lambda clerk, request: clerk._live(Life.DISABLE, request),
    m.StartROSpec: lambda clerk, request: clerk._live(Life.START, request),
    m.StopROSpec: lambda clerk, request: clerk._live(Life.STOP, request),
    m.AddAccessSpec: Clerk._add_access_spec,
    m.DeleteAccessSpec: lambda clerk, request: clerk._access_live(AccessLife.DELETE, request),
    m.EnableAccessSpec: lambda clerk, request: clerk._access_live(AccessLife.ENABLE, request),
    m.DisableAccessSpec: lambda clerk, request: clerk._access_live(AccessLife.DISABLE, request),
    m.GetAccessSpecs: Clerk._get_access_specs,
    m.GetReport: Clerk._get_report,
    m.EnableEventsAndReports: Clerk._enable_reports,
    m.KeepaliveAck: Clerk._acknowledge,
    m.CloseConnection: Clerk._close,
    ImpinjEnableExtensions: Clerk._enable_impinj,
    ImpinjSaveSettings: Clerk._save,
}
