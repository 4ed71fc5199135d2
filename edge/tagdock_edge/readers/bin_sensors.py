"""Bin sensors behind one broker, as one reader: listens, lets the station understand, delivers readings, answers.

Messages wait in a queue with a bound between the connection's thread and this reader's: when it overflows the oldest go
and are counted. Sparkplug notices by itself that something is missing; of everything else a newer value comes.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from tagdock_contract import GatewayAddress, ReaderStatus

from tagdock_edge.backoff import Backoff
from tagdock_edge.clock import from_us
from tagdock_edge.config import BrokerConfig, ReaderConfig
from tagdock_edge.config.sensor_model import SensorConfig
from tagdock_edge.config.sensors import Placed, by_broker
from tagdock_edge.driver import Driver, Station
from tagdock_edge.inbox import Inbox, ReaderNews
from tagdock_edge.mqtt import Listener, Will
from tagdock_edge.sensors.report import bin_reading
from tagdock_edge.sensors.station import Station as SensorStation
from tagdock_edge.sensors.told import Message, Publish, Reading
from tagdock_edge.tables import Table

log = logging.getLogger(__name__)

DRIVER_NAME = "bin_sensors"
MESSAGES_AT_MOST = 20_000
MESSAGE_BYTES_AT_MOST = 1024 * 1024
_QUEUE_BYTES_AT_MOST = 32 * 1024 * 1024
_BATCH = 500
_TICK_S = 0.2
_NAMED_AT_MOST = 8
_DETAIL_CHARS = 1000
_JOIN_S = 10.0


@dataclass(frozen=True, slots=True)
class BinSensors:
    """The sensors of one broker, and who listens to them."""

    address: GatewayAddress
    broker: BrokerConfig
    sensors: tuple[SensorConfig, ...]


def sensor_readers(address: GatewayAddress, placed: Sequence[Placed]) -> tuple[ReaderConfig, ...]:
    """Make one reader a broker of all sensors."""
    grouped = by_broker(placed)
    names = ("sensors" if number == 0 else f"sensors-{number + 1}" for number in range(len(grouped)))
    return tuple(
        ReaderConfig(name, DRIVER_NAME, BinSensors(address, broker, tuple(sensors)))
        for name, (broker, sensors) in zip(names, grouped.items(), strict=True)
    )


class BinSensorReader:
    """Listen to the bin sensors of one broker."""

    def __init__(self, name: str, settings: BinSensors, *, retry: Backoff | None = None) -> None:
        """Prepare; nothing is opened yet."""
        self.name = name
        self._settings, self._retry = settings, retry
        address = settings.address
        # Sparkplug: a host's id is unique in the house, and so is a gateway's address (3.0.0, 5.3).
        self._station = SensorStation(settings.sensors, f"{address.site}.{address.gateway}")
        self._lock = threading.RLock()
        self._ready = threading.Condition()
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._inbox: Inbox | None = None
        self._listener: Listener | None = None
        self._up, self._problem, self._left = False, "not connected yet", False
        self._readings, self._last_us = 0, 0
        self.lost_messages = 0
        """Messages that went because the queue was full or they were too long, since the start."""

    def run(self, inbox: Inbox, stop: threading.Event) -> None:
        """Listen until stopped."""
        self._inbox, self._left = inbox, False
        address = self._settings.address
        self._listener = Listener(
            self._settings.broker,
            f"{address.client_id}-{self.name}",
            sorted(self._station.topics),
            self.hear,
            on_up=self._on_up,
            on_down=self._on_down,
            will=self._connecting,
            on_leaving=self._leaving,
            retry=self._retry,
        )
        failures: list[BaseException] = []
        thread = threading.Thread(target=self._listen, args=(stop, failures), name=self.name, daemon=True)
        thread.start()
        while thread.is_alive() and not stop.is_set():
            self._wait()
            self._work()
        thread.join(_JOIN_S)
        self._up, self._problem = False, "the gateway stopped"
        if failures:
            raise failures[0]

    def hear(self, topic: str, payload: bytes, retained: bool) -> None:
        """Queue one message; never blocks. Called on the connection's thread."""
        with self._ready:
            if len(payload) > MESSAGE_BYTES_AT_MOST:
                self.lost_messages += 1
                return
            self._messages.append(Message(topic, payload, retained))
            self._bytes += len(payload)
            while len(self._messages) > MESSAGES_AT_MOST or self._bytes > _QUEUE_BYTES_AT_MOST:
                self._bytes -= len(self._messages.popleft().payload)
                self.lost_messages += 1
            self._ready.notify()

    def status(self) -> ReaderStatus:
        """Return how the sensors stand."""
        with self._lock:
            detail = "; ".join(self._notes())
            last_at = from_us(self._last_us) if self._last_us else None
            return ReaderStatus(
                self.name, "up" if self._up else "connecting", last_at, self._readings, detail[:_DETAIL_CHARS]
            )

    def _listen(self, stop: threading.Event, failures: list[BaseException]) -> None:
        assert self._listener is not None  # noqa: S101  # run made it
        try:
            self._listener.run(stop)
        except BaseException as error:  # handed to the thread that is supervised
            failures.append(error)

    def _wait(self) -> None:
        with self._ready:
            self._ready.wait_for(lambda: bool(self._messages), _TICK_S)

    def _work(self) -> None:
        """Work off what is there, do what is due, listen to what was discovered."""
        with self._lock:
            now_us = time.time_ns() // 1000
            for message in self._taken():
                outcome = self._station.take(message, now_us)
                self._deliver(outcome.readings)
                self._answer(outcome.answers)
            due = self._station.advance(now_us)
            self._deliver(due.readings)
            self._answer(due.answers)
            complaints = self._station.complaints.untold()
            if self._listener is not None and not self._left:
                self._listener.listen_to(self._station.topics)
        for each in complaints:
            log.warning("%s: %s; told once, counted in the status", self.name, each)

    def _taken(self) -> list[Message]:
        with self._ready:
            taken = [self._messages.popleft() for _ in range(min(_BATCH, len(self._messages)))]
            self._bytes -= sum(len(each.payload) for each in taken)
            return taken

    def _deliver(self, readings: Sequence[Reading]) -> None:
        if not readings or self._inbox is None:
            return
        self._readings += len(readings)
        self._last_us = readings[-1].at_us
        self._inbox.measure([bin_reading(each, self._settings.address) for each in readings])

    def _answer(self, answers: Sequence[Publish]) -> None:
        for each in answers:
            if self._listener is not None:
                self._listener.publish(each.topic, each.payload, retain=each.retain, qos=each.qos)

    def _connecting(self) -> Will | None:
        """Before each connection: what the one before said is worked off, then all begins anew."""
        with self._lock:
            while self._messages:
                self._work()
            will = self._station.connecting(time.time_ns() // 1000)
            return None if will is None else Will(will.topic, will.payload)

    def _on_up(self) -> None:
        with self._lock:
            self._up, self._problem = True, ""
            self._answer(self._station.connected(time.time_ns() // 1000))
        self._report("up", "")

    def _on_down(self, problem: str) -> None:
        with self._lock:
            news, self._up, self._problem = self._up or problem != self._problem, False, problem
            self._station.cut(time.time_ns() // 1000)
        if news:
            log.warning("%s: %s; trying again", self.name, problem)
            self._report("down", problem)

    def _leaving(self) -> None:
        """Hear nothing more, so that our own farewell does not come back; then say it."""
        with self._lock:
            self._left = True
            if self._listener is not None:
                self._listener.listen_to(())
            self._answer(self._station.leaving(time.time_ns() // 1000))

    def _report(self, state: str, detail: str) -> None:
        if self._inbox is not None:
            now_us = time.time_ns() // 1000
            self._inbox.report(ReaderNews(now_us, self.name, "up" if state == "up" else "down", detail=detail))

    def _notes(self) -> list[str]:
        """Say what is worth knowing, the worst first."""
        health = self._station.health()
        notes = [self._problem] if self._problem else []
        notes.append(f"{health.good} of {len(self._settings.sensors)} sensors good")
        for what, names in (("stale or out of range", health.bad), ("never heard", health.unheard)):
            if names:
                more = f" and {len(names) - _NAMED_AT_MOST} more" if len(names) > _NAMED_AT_MOST else ""
                notes.append(f"{what}: {', '.join(names[:_NAMED_AT_MOST])}{more}")
        if self.lost_messages:
            notes.append(f"{self.lost_messages} messages lost: too many or too long")
        if self._station.rebirths_asked:
            notes.append(f"{self._station.rebirths_asked} rebirths requested")
        notes += [f"{count} times {kind}" for kind, count in self._station.complaints.counts.most_common(5)]
        return notes


def _settings(table: Table, station: Station) -> None:
    """Refuse: sensors have tables of their own."""
    del station
    table.complain("driver", f'"{DRIVER_NAME}" is what reads [[sensor]] tables; write those')


DRIVER = Driver(settings=_settings, reader=BinSensorReader)
