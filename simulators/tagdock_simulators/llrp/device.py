"""A reader without I/O: frames and reads go in with the time, frames come out.

One client at a time; ROSpecs and settings outlive its connection, as on a real reader.
"""

from collections.abc import Callable
from typing import Any

from tagdock_contract import InputChange, Record, TagRead

from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.codec import decode_message, encode_message, read_header
from tagdock_simulators.llrp.config import KeepaliveTrigger, Notification
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.events import (
    AISpecEvent,
    ConnectionAttempt,
    ConnectionAttemptEvent,
    ConnectionCloseEvent,
    GPIEvent,
    ReaderEventNotificationData,
    ROSpecEvent,
)
from tagdock_simulators.llrp.impinj import (
    ImpinjEnableExtensions,
    ImpinjEnableExtensionsResponse,
)
from tagdock_simulators.llrp.inventory import US_PER_MS, Inventory, Outcome, Report, TagsLost
from tagdock_simulators.llrp.outbound import Outbound, Outgoing
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.rocheck import check_rospec, check_vendor
from tagdock_simulators.llrp.rospec import ROSpecState
from tagdock_simulators.llrp.schema import CUSTOM, message_class
from tagdock_simulators.llrp.settings import Settings
from tagdock_simulators.llrp.states import Connection, Life, Link
from tagdock_simulators.llrp.status import SUCCESS, status_of
from tagdock_simulators.llrp.times import UTCTimestamp


class Device:
    """The reader's own logic. Every method takes the time in microseconds since 1970 and returns what to send."""

    def __init__(self, profile: Profile, identity: bytes) -> None:
        self.profile = profile
        self.outbound = Outbound()
        self._identity = identity
        self._settings = Settings()
        self._inventories: dict[int, Inventory] = {}
        self._inputs_high: frozenset[int] = frozenset()
        self._impinj = False
        self._keepalive_due_us: int | None = None
        self._now_us = 0

    # -- what happens to a reader

    def accept(self, now_us: int) -> list[Outgoing]:
        """Take a client in and greet it."""
        self._now_us = now_us
        self.outbound.move(Link.ACCEPT_HOLDING if self._settings.hold_upon_reconnect else Link.ACCEPT)
        self._impinj = False
        self.outbound.event(
            self._now_us, connection_attempt=ConnectionAttemptEvent(ConnectionAttempt.SUCCESS), urgent=True
        )
        self._plan_keepalive()
        return self.outbound.drain()

    def refuse(self, now_us: int) -> tuple[list[Outgoing], list[Outgoing]]:
        """Turn away a client that came second: return what to tell it, and what to tell the first one."""
        self._now_us = now_us
        attempt = ConnectionAttemptEvent(ConnectionAttempt.FAILED_CLIENT_INITIATED_EXISTS)
        data = ReaderEventNotificationData(UTCTimestamp(now_us), connection_attempt=attempt)
        self.outbound.event(
            self._now_us, connection_attempt=ConnectionAttemptEvent(ConnectionAttempt.ANOTHER_ATTEMPTED)
        )
        return [Outgoing(encode_message(m.ReaderEventNotification(data), 0))], self.outbound.drain()

    def lose(self) -> None:
        """Take note that the client is gone."""
        self.outbound.move(Link.LOSE)
        self._keepalive_due_us = None

    def close(self, now_us: int) -> list[Outgoing]:
        """Say goodbye to the client."""
        self._now_us = now_us
        self.outbound.event(self._now_us, connection_close=ConnectionCloseEvent(), urgent=True)
        self.outbound.move(Link.CLOSE)
        return self.outbound.drain()

    def receive(self, frame: bytes, now_us: int) -> list[Outgoing]:
        """Answer one whole message of the client."""
        self._now_us = now_us
        message_id = read_header(frame).message_id
        try:
            _, request = decode_message(frame)
            answer = self._answer(request)
        except LlrpError as error:
            answer = _refusal(frame, error)
        if answer is not None:
            self.outbound.answer(answer, message_id)
        return self.outbound.drain()

    def feed(self, record: Record, now_us: int) -> list[Outgoing]:
        """Let a tag answer or an input change."""
        self._now_us = now_us
        if isinstance(record, TagRead):
            for inventory in self._inventories.values():
                inventory.read(record, now_us)
        else:
            self._input_changed(record)
        return self.outbound.drain()

    def tick(self, now_us: int) -> list[Outgoing]:
        """Do what has become due."""
        self._now_us = now_us
        if self._keepalive_due_us is not None and self._keepalive_due_us <= now_us:
            self.outbound.send(m.Keepalive())
            self._plan_keepalive()
        for inventory in self._inventories.values():
            inventory.tick(now_us)
        return self.outbound.drain()

    @property
    def due_us(self) -> int | None:
        """Return when `tick` is needed next."""
        dues = [self._keepalive_due_us, *(inventory.due_us for inventory in self._inventories.values())]
        return min((due for due in dues if due is not None), default=None)

    @property
    def inventorying(self) -> bool:
        """Say whether a ROSpec is active."""
        return any(each.state is ROSpecState.ACTIVE for each in self._inventories.values())

    def dropped(self, tags: int) -> None:
        """Count tag reports that went out of here but found no room; the client is told when there is room again."""
        self.outbound.dropped(tags)

    def room_again(self, now_us: int) -> list[Outgoing]:
        """Tell the client, once, that reports were lost."""
        self.outbound.room_again(now_us)
        return self.outbound.drain()

    # -- what clients ask for

    def _answer(self, request: Any) -> Any:
        handler = _HANDLERS.get(type(request))
        if handler is None:
            raise LlrpError(StatusCode.M_UNSUPPORTED_MESSAGE, f"{type(request).__name__} is not for a reader to answer")
        return handler(self, request)

    def _capabilities(self, request: m.GetReaderCapabilities) -> m.GetReaderCapabilitiesResponse:
        def wants(capability: m.Capability) -> bool:
            return request.requested in (m.Capability.ALL, capability)

        profile = self.profile
        return m.GetReaderCapabilitiesResponse(
            SUCCESS,
            profile.general() if wants(m.Capability.GENERAL) else None,
            profile.llrp() if wants(m.Capability.LLRP) else None,
            profile.regulatory() if wants(m.Capability.REGULATORY) else None,
            profile.air_protocol() if wants(m.Capability.AIR_PROTOCOL) else None,
        )

    def _get_config(self, request: m.GetReaderConfig) -> m.GetReaderConfigResponse:
        check_vendor(request, self._impinj)
        return self._settings.shown(request, self.profile, self._identity, self._inputs_high)

    def _set_config(self, request: m.SetReaderConfig) -> m.SetReaderConfigResponse:
        check_vendor(request, self._impinj)
        self._settings = self._settings.changed_by(request, self.profile)
        if request.reset_to_factory_defaults:
            self._inventories.clear()
        if request.keepalive or request.reset_to_factory_defaults:
            self._plan_keepalive()
        return m.SetReaderConfigResponse(SUCCESS)

    def _add_rospec(self, request: m.AddROSpec) -> m.AddROSpecResponse:
        rospec = request.rospec
        check_vendor(rospec, self._impinj)
        check_rospec(rospec, self.profile)
        if rospec.rospec_id in self._inventories:
            raise LlrpError(StatusCode.M_FIELD_ERROR, f"ROSpec {rospec.rospec_id} is there already; delete it first")
        if len(self._inventories) >= self.profile.max_rospecs:
            limit = f"the reader takes {self.profile.max_rospecs} ROSpec at a time; delete one first"
            raise LlrpError(StatusCode.M_OVERFLOW_PARAMETER, limit)
        self._inventories[rospec.rospec_id] = Inventory(rospec, self._settings.report, self._emit)
        return m.AddROSpecResponse(SUCCESS)

    def _delete_rospec(self, request: m.DeleteROSpec) -> m.DeleteROSpecResponse:
        for rospec_id, inventory in self._chosen(request.rospec_id):
            inventory.apply(Life.DISABLE, self._now_us)
            del self._inventories[rospec_id]
        return m.DeleteROSpecResponse(SUCCESS)

    def _get_rospecs(self, _: m.GetROSpecs) -> m.GetROSpecsResponse:
        return m.GetROSpecsResponse(SUCCESS, tuple(inventory.rospec for inventory in self._inventories.values()))

    def _live(self, life: Life, request: Any) -> Any:
        one_only = life in (Life.START, Life.STOP)
        if one_only and request.rospec_id == 0:
            raise LlrpError(StatusCode.M_FIELD_ERROR, "name one ROSpec; 0 is not allowed here")
        for _, inventory in self._chosen(request.rospec_id):
            inventory.apply(life, self._now_us)
        return m.RESPONSES[type(request)](SUCCESS)

    def _chosen(self, rospec_id: int) -> list[tuple[int, Inventory]]:
        if rospec_id == 0:
            return list(self._inventories.items())
        if rospec_id not in self._inventories:
            raise LlrpError(StatusCode.M_FIELD_ERROR, f"there is no ROSpec {rospec_id}")
        return [(rospec_id, self._inventories[rospec_id])]

    def _no_access_specs(self, request: Any) -> Any:
        if request.access_spec_id != 0:
            raise LlrpError(StatusCode.M_FIELD_ERROR, f"there is no AccessSpec {request.access_spec_id}")
        return m.RESPONSES[type(request)](SUCCESS)

    def _refuse_access_spec(self, _: m.AddAccessSpec) -> None:
        raise LlrpError(StatusCode.M_UNSUPPORTED_MESSAGE, "the reader takes no AccessSpecs (see its capabilities)")

    def _get_access_specs(self, _: m.GetAccessSpecs) -> m.GetAccessSpecsResponse:
        return m.GetAccessSpecsResponse(SUCCESS)

    def _get_report(self, _: m.GetReport) -> None:
        for inventory in self._inventories.values():
            inventory.flush()

    def _enable_reports(self, _: m.EnableEventsAndReports) -> None:
        self.outbound.move(Link.ENABLE_REPORTS)
        self.outbound.release()

    def _enable_impinj(self, _: ImpinjEnableExtensions) -> ImpinjEnableExtensionsResponse:
        if not self.profile.impinj_extensions:
            raise LlrpError(StatusCode.M_UNSUPPORTED_MESSAGE, "this is no Impinj reader")
        self._impinj = True
        return ImpinjEnableExtensionsResponse(SUCCESS)

    def _ignore(self, _: m.KeepaliveAck) -> None:
        """Take an acknowledgement for what it is."""

    def _close(self, _: m.CloseConnection) -> m.CloseConnectionResponse:
        self.outbound.move(Link.CLOSE)
        return m.CloseConnectionResponse(SUCCESS)

    # -- what comes of it

    def _input_changed(self, change: InputChange) -> None:
        if change.gpi not in self._settings.inputs_on:
            return
        self._inputs_high = self._inputs_high | {change.gpi} if change.state else self._inputs_high - {change.gpi}
        if Notification.GPI in self._settings.notifications:
            self.outbound.event(self._now_us, gpi=GPIEvent(change.gpi, change.state))
        for inventory in self._inventories.values():
            inventory.input_changed(change, self._now_us)

    def _emit(self, outcome: Outcome) -> None:
        match outcome:
            case Report(tags):
                self.outbound.report(tags)
            case TagsLost(tags):
                self.outbound.lost(tags)
            case ROSpecEvent() if Notification.ROSPEC in self._settings.notifications:
                self.outbound.event(self._now_us, rospec=outcome)
            case AISpecEvent() if Notification.AISPEC in self._settings.notifications:
                self.outbound.event(self._now_us, aispec=outcome)

    def _plan_keepalive(self) -> None:
        keepalive = self._settings.keepalive
        on = keepalive.trigger is KeepaliveTrigger.PERIODIC and self.outbound.connection is not Connection.NONE
        self._keepalive_due_us = self._now_us + max(keepalive.period_ms, 1) * US_PER_MS if on else None


_HANDLERS: dict[type, Callable[[Device, Any], Any]] = {
    m.GetReaderCapabilities: Device._capabilities,
    m.GetReaderConfig: Device._get_config,
    m.SetReaderConfig: Device._set_config,
    m.AddROSpec: Device._add_rospec,
    m.DeleteROSpec: Device._delete_rospec,
    m.GetROSpecs: Device._get_rospecs,
    m.EnableROSpec: lambda device, request: device._live(Life.ENABLE, request),
    m.DisableROSpec: lambda device, request: device._live(Life.DISABLE, request),
    m.StartROSpec: lambda device, request: device._live(Life.START, request),
    m.StopROSpec: lambda device, request: device._live(Life.STOP, request),
    m.AddAccessSpec: Device._refuse_access_spec,
    m.DeleteAccessSpec: Device._no_access_specs,
    m.EnableAccessSpec: Device._no_access_specs,
    m.DisableAccessSpec: Device._no_access_specs,
    m.GetAccessSpecs: Device._get_access_specs,
    m.GetReport: Device._get_report,
    m.EnableEventsAndReports: Device._enable_reports,
    m.KeepaliveAck: Device._ignore,
    m.CloseConnection: Device._close,
    ImpinjEnableExtensions: Device._enable_impinj,
}


def _refusal(frame: bytes, error: LlrpError) -> Any:
    """Answer a wrong message: with its own response where it has one, else with an ERROR_MESSAGE."""
    header = read_header(frame)
    vendor = (int.from_bytes(frame[10:14], "big"), int.from_bytes(frame[14:15], "big"))
    request = message_class((header.number, *(vendor if header.number == CUSTOM else (0, 0))))
    if request in m.RESPONSES and error.status is not StatusCode.M_UNSUPPORTED_VERSION:
        return m.RESPONSES[request](status_of(error))
    return m.ErrorMessage(status_of(error))
