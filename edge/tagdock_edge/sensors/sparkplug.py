"""A Sparkplug B host application: says that it is there, follows edge nodes, asks them to introduce themselves again.

Source: Eclipse Sparkplug 3.0.0, 4.1 (topics), 5.3 (host session), 5.10 (reordering), 5.12 (commands), 6.4.33 (STATE).
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

from tagdock_edge.clock import SECOND_US
from tagdock_edge.config.sensor_model import SensorConfig, SparkplugMetric
from tagdock_edge.config.units import Conversion, conversion
from tagdock_edge.sensors.complaints import Complaints
from tagdock_edge.sensors.instants import trusted_us
from tagdock_edge.sensors.sparkplug_node import Known, Node
from tagdock_edge.sensors.sparkplug_payload import (
    BAD,
    GOOD,
    STALE,
    Metric,
    Payload,
    PayloadRefusedError,
    read_payload,
    rebirth_request,
    value_of,
)
from tagdock_edge.sensors.told import Gone, Measurement, Message, Publish, Told

NAMESPACE = "spBv1.0"
_STATE_AGAIN_US = SECOND_US
"""Who takes our place at STATE again and again is answered once a second."""
_DATA = ("NBIRTH", "DBIRTH", "NDATA", "DDATA")


class _Heard(NamedTuple):
    """One message of a node: of which, what kind, of which device of it, and what it says."""

    key: tuple[str, str]
    verb: str
    device: str | None
    payload: Payload


class Sparkplug:
    """All configured metrics of one broker, and the host that wants them."""

    def __init__(self, sensors: Mapping[int, SensorConfig], host: str, complaints: Complaints) -> None:
        """Take the sensors whose origin this is; `host` is the id under which we are known, one in the house."""
        self._complaints = complaints
        self._sensors: dict[int, SensorConfig] = {}
        self._wanted: dict[tuple[str, str], dict[tuple[str | None, str], list[int]]] = {}
        for channel, sensor in sensors.items():
            origin = sensor.origin
            if isinstance(origin, SparkplugMetric):
                self._sensors[channel] = sensor
                metrics = self._wanted.setdefault((origin.group, origin.node), {})
                metrics.setdefault((origin.device, origin.metric), []).append(channel)
        self._nodes = {key: Node() for key in self._wanted}
        self._state_topic = f"{NAMESPACE}/STATE/{host}"
        self._since_ms = 0
        self._said_us = 0
        self.rebirths_asked = 0
        """Requests for a rebirth since the start."""

    @property
    def topics(self) -> frozenset[str]:
        """Name the wanted nodes' topics, and our own state's: the broker may say that we are dead."""
        if not self._wanted:
            return frozenset()
        nodes = {f"{NAMESPACE}/{group}/+/{node}" for group, node in self._wanted}
        return frozenset({*nodes, *(f"{each}/+" for each in nodes), self._state_topic})

    def will(self, now_us: int) -> Publish | None:
        """Write the death certificate of a connection that is about to be made; its time is the birth's, too."""
        if not self._wanted:
            return None
        self._since_ms = now_us // 1000
        return self._state(online=False)

    def forget(self) -> None:
        """Forget all sessions: their messages were missed."""
        for node in self._nodes.values():
            node.forget()

    def connected(self, now_us: int) -> list[Publish]:
        """Say that we are there, and wait for births."""
        for node in self._nodes.values():
            node.expect_birth(now_us)
        if not self._wanted:
            return []
        self._since_ms = self._since_ms or now_us // 1000
        self._said_us = now_us
        return [self._state(online=True)]

    def leaving(self, now_us: int) -> list[Publish]:
        """Say farewell: an orderly end makes the broker forget the will."""
        self._since_ms = now_us // 1000
        return [self._state(online=False)] if self._wanted else []

    def take(self, message: Message, now_us: int) -> list[Told]:
        """Take a node's message, or somebody's word on our own state."""
        if message.topic == self._state_topic:
            return self._own_state(message, now_us)
        space, _, rest = message.topic.partition("/")
        parts = rest.split("/")
        if space != NAMESPACE or not 3 <= len(parts) <= 4 or message.retained:
            return []  # nothing but STATE is retained (4.1): a retained birth is of a session that is long over
        group, verb, name, *device = parts
        node = self._nodes.get((group, name))
        if node is None or verb not in (*_DATA, "NDEATH", "DDEATH") or (verb[0] == "D") != bool(device):
            return []
        try:
            payload = read_payload(message.payload)
        except PayloadRefusedError as error:
            self._complaints.note(f"sparkplug {group}/{name}: payload", str(error))
            node.ask(now_us)
            return []
        return self._from_node(node, _Heard((group, name), verb, device[0] if device else None, payload), now_us)

    def advance(self, now_us: int) -> list[Told]:
        """Ask for what is missing; let devices go that did not come again."""
        told: list[Told] = []
        for key, node in self._nodes.items():
            for device in node.lost_devices(now_us):
                told += self._gone(key, device)
            if node.request_due(now_us):
                self.rebirths_asked += 1
                told.append(Publish(f"{NAMESPACE}/{key[0]}/NCMD/{key[1]}", rebirth_request(now_us // 1000)))
        return told

    def _from_node(self, node: Node, heard: _Heard, now_us: int) -> list[Told]:
        if heard.verb == "NDEATH":
            return self._node_death(node, heard)
        if heard.verb == "NBIRTH":
            node.node_birth(heard.payload, now_us)
            return self._values(node, heard, now_us)
        if not node.born:
            node.ask(now_us)
            return []
        node.count(heard.payload.seq, now_us)
        if heard.device is not None and heard.verb == "DDEATH":
            node.device_death(heard.device)
            return self._gone(heard.key, heard.device)
        if heard.device is not None and heard.verb == "DBIRTH":
            node.device_birth(heard.device, heard.payload)
        return self._values(node, heard, now_us)

    def _node_death(self, node: Node, heard: _Heard) -> list[Told]:
        """Take a death, unless it is of a session before this one: the broker's will may come late."""
        bd_seq = next((each.number for each in heard.payload.metrics if each.name == "bdSeq"), None)
        if node.born and node.bd_seq is not None and bd_seq != node.bd_seq:
            self._complaints.note(f"sparkplug {'/'.join(heard.key)}: death of an older session")
            return []
        node.forget()  # a dead node is not asked for anything
        return [Gone(channel) for channels in self._wanted[heard.key].values() for channel in channels]

    def _gone(self, key: tuple[str, str], device: str | None) -> list[Told]:
        metrics = self._wanted[key].items()
        return [Gone(channel) for (of, _), channels in metrics if of == device for channel in channels]

    def _values(self, node: Node, heard: _Heard, now_us: int) -> list[Told]:
        told: list[Told] = []
        wanted = self._wanted[heard.key]
        for metric in heard.payload.metrics:
            known = node.known(heard.device, metric)
            if known is None:
                self._complaints.note(f"sparkplug {'/'.join(heard.key)}: a metric that no birth introduced")
                node.ask(now_us)
                continue
            for channel in wanted.get((known.device, known.name), ()):
                told += self._measured(channel, metric, known, heard.payload.at_ms, now_us)
        return told

    def _measured(self, channel: int, metric: Metric, known: Known, sent_ms: int | None, now_us: int) -> list[Told]:
        sensor = self._sensors[channel]
        converts = _conversion(sensor, known)
        if converts is None:
            self._complaints.note(f"{sensor.name}: unit", f"{known.unit!r} is none of it; set unit for this sensor")
            return []
        try:
            value = value_of(metric.number, known.datatype if metric.datatype is None else metric.datatype)
        except PayloadRefusedError as error:
            self._complaints.note(f"{sensor.name}: value", str(error))
            return []
        at_us = _at_us(metric, sent_ms, now_us)
        if metric.quality == STALE:
            return [Gone(channel)]
        quality = "out_of_range" if metric.quality == BAD else "good"
        if metric.quality not in (GOOD, BAD):
            self._complaints.note(f"{sensor.name}: a quality that is none of 0, 192, 500")
        measured = None if value is None else converts(value)
        return [Measurement(channel, at_us, measured, quality, metric.historical)]  # type: ignore[arg-type]

    def _own_state(self, message: Message, now_us: int) -> list[Told]:
        """Contradict whoever says that we are offline (5.3): mostly the broker, of a connection before this one."""
        try:
            told = json.loads(message.payload[:1000])
        except (ValueError, RecursionError):
            told = None
        if isinstance(told, dict) and told.get("online") is True:
            return []
        if now_us - self._said_us < _STATE_AGAIN_US:
            return []
        self._said_us = now_us
        return [self._state(online=True)]

    def _state(self, *, online: bool) -> Publish:
        payload = json.dumps({"online": online, "timestamp": self._since_ms}).encode()
        return Publish(self._state_topic, payload, qos=1, retain=True)


def _conversion(sensor: SensorConfig, known: Known) -> Conversion | None:
    """Convert from the configured unit, else from the birth's engineering unit where the node gives one."""
    return conversion(sensor.unit or known.unit, sensor.quantity)


def _at_us(metric: Metric, sent_ms: int | None, now_us: int) -> int:
    """Return when a value was measured, as far as the node may be believed."""
    at_ms = metric.at_ms if metric.at_ms is not None else sent_ms
    return trusted_us(None if at_ms is None else at_ms * 1000, now_us)
