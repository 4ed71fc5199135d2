"""The racks' own gateway: bin sensors all the time, and antennas at the bins that goods are moved to."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from tagdock_contract import TagRead

from tagdock_simulators.demo.house import Addresses, House
from tagdock_simulators.demo.ports import LOOPBACK
from tagdock_simulators.demo.settings import RACK_GATEWAY, SITE
from tagdock_simulators.demo.troubles import send_what_nobody_understands
from tagdock_simulators.gateway_config import shelves_toml
from tagdock_simulators.llrp.server import LlrpReader
from tagdock_simulators.mqtt.broker import broker_at
from tagdock_simulators.sensors.environment import Battery, Thermometer
from tagdock_simulators.sensors.formats.choice import Formats, nodes_for
from tagdock_simulators.sensors.formats.configured import sensors_toml
from tagdock_simulators.sensors.kit import Kit, Span
from tagdock_simulators.sensors.life import Habits, bin_life
from tagdock_simulators.sensors.player import NodePlayer, play, simulated_clock, utc_now
from tagdock_simulators.sensors.rack import rack_readings
from tagdock_simulators.warehouse.loads import Carton

BINS = 16
_READERS, _ANTENNAS = 2, 4
ANTENNAS = _READERS * _ANTENNAS
"""So many bins can be watched at a time."""

_KIT = Kit(thermometer=Thermometer(period_s=10.0), battery=Battery(period_s=20.0, charge_pct=96.0))
"""Sensors that speak sooner than usual: whoever looks at a demo does not wait for an hour."""
_WEAK = replace(_KIT, battery=Battery(period_s=20.0, charge_pct=9.0))
_BUSY = Habits(picks_an_hour=(60.0, 240.0), replenished_h=(0.005, 0.02))
_FOR_EVER = timedelta(days=3650)
_FIRST_CONNECTION_S = 10.0
_READS, _READ_EVERY_S, _RSSI_DBM = 6, 0.1, -52.0


class Racks:
    """Sensors of some bins and the readers of some more; use it as a context."""

    def __init__(self, house: House, addresses: Addresses, bins: Sequence[str], seed: int) -> None:
        every = max(1, len(bins) // BINS)
        names = list(bins)[::every][:BINS]
        self._house = house
        self._addresses = addresses
        self._seed = seed
        self._broker = broker_at(addresses.broker)
        self._kits = {name: _WEAK if place == len(names) - 1 else _KIT for place, name in enumerate(names)}
        self._nodes = nodes_for("plain", {name: kit.quantities for name, kit in self._kits.items()}, Formats())
        self._readers = {f"rack-{number}": LlrpReader() for number in range(1, _READERS + 1)}
        self._ports: dict[str, int] = {}
        self._place_of: dict[str, tuple[str, int]] = {}

    async def __aenter__(self) -> Self:
        for name, reader in self._readers.items():
            self._ports[name] = await reader.start(LOOPBACK, 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for reader in self._readers.values():
            await reader.close()

    async def watch(self, bins: Sequence[str] = ()) -> None:
        """Start the gateway, with an antenna at each of these bins."""
        places = [(name, antenna) for name in self._readers for antenna in range(1, _ANTENNAS + 1)]
        self._place_of = dict(zip(bins, places, strict=False))
        await self._house.start_gateway(self._toml(), RACK_GATEWAY)

    async def tell_nonsense(self) -> None:
        """Send a batch that the cloud can only refuse. Raises ConnectionError where no broker takes it."""
        await send_what_nobody_understands(self._broker, utc_now())

    async def rest(self) -> None:
        """Switch the gateway off."""
        await self._house.stop_gateway(RACK_GATEWAY)

    @property
    def is_watching(self) -> bool:
        """Tell whether the gateway takes inventory at every bin that has an antenna."""
        return all(self._readers[name].is_reporting for name, _ in self._place_of.values())

    async def put(self, carton: Carton, bin_name: str) -> None:
        """Let a carton be put into a bin: its antenna reads it some times."""
        reader, antenna = self._place_of[bin_name]
        for _ in range(_READS):
            self._readers[reader].feed(TagRead(datetime.now(UTC), reader, antenna, carton.epc.hex, _RSSI_DBM))
            await asyncio.sleep(_READ_EVERY_S)

    async def play(self) -> None:
        """Let the sensors measure until this is cancelled. Raises ConnectionError where no broker takes them."""
        begin = utc_now()
        clock = simulated_clock(begin, 1.0)
        each = {id(node): NodePlayer(node, self._broker, clock) for node in self._nodes.values()}
        readings = rack_readings(
            self._kits,
            lambda name: bin_life(name, self._seed, begin, _BUSY),
            self._seed,
            Span(begin, begin + _FOR_EVER),
        )
        try:
            await asyncio.gather(*(player.start(_FIRST_CONNECTION_S) for player in each.values()))
            players = {name: each[id(node)] for name, node in self._nodes.items()}
            await play(players, readings, clock, 1.0, asyncio.Event())
        finally:
            await asyncio.gather(*(player.close() for player in each.values()))

    def _toml(self) -> str:
        unit_mass_kg = {name: self._unit_mass_kg(name) for name in self._kits}
        sensors = sensors_toml("plain", self._nodes, self._kits, Formats(), unit_mass_kg)
        shelves = shelves_toml(SITE, RACK_GATEWAY, self._addresses.broker, self._place_of, self._ports)
        return f"{shelves}\n{sensors}"

    def _unit_mass_kg(self, name: str) -> float:
        return next(iter(bin_life(name, self._seed, utc_now(), _BUSY))).unit_mass_kg
