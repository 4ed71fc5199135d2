"""One demo, from the first process to the report."""

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from tagdock_simulators.demo.aftersales import AfterSales
from tagdock_simulators.demo.cancelled import without_cancelled
from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.demo.errors import DemoError, StoppedError
from tagdock_simulators.demo.extras import Extras
from tagdock_simulators.demo.follow import Follower
from tagdock_simulators.demo.furnish import Warehouse
from tagdock_simulators.demo.history import split
from tagdock_simulators.demo.house import Addresses, House
from tagdock_simulators.demo.interrupt import interruptible
from tagdock_simulators.demo.kills import Killer
from tagdock_simulators.demo.past import Lived, live_past
from tagdock_simulators.demo.performance import Performance
from tagdock_simulators.demo.play import CARTONS_A_LOAD, Player
from tagdock_simulators.demo.processes import Supervisor
from tagdock_simulators.demo.racks import Racks
from tagdock_simulators.demo.report import Report
from tagdock_simulators.demo.settings import GATEWAY, SITE, DemoSettings, site_names
from tagdock_simulators.demo.stage import Stage
from tagdock_simulators.demo.together import all_of, together
from tagdock_simulators.demo.trucks import Dispatcher
from tagdock_simulators.demo.yard import Yard
from tagdock_simulators.gateway_config import gateway_toml
from tagdock_simulators.scenarios import SCENARIOS
from tagdock_simulators.warehouse.floor import DOORS, RETURN_DOORS
from tagdock_simulators.warehouse.generate import generate_orders
from tagdock_simulators.warehouse.loads import Tagger, pack_loads
from tagdock_simulators.warehouse.orders import OrderBook, OrderLine, read_orders, repeat_for_ever

Say = Callable[[str], None]
_T = TypeVar("_T")

ORDER_LINES_AT_MOST = 250_000
"""What one run plays: its truth and record are compared in memory, about 1 kB a line."""

_STRAYS_AT_MOST = 12
_WATCHED_WITHIN_S = 45.0
_REVOKE_WITHIN_S = 5.0


async def run_demo(settings: DemoSettings, say: Say) -> Report:
    """Run everything until the time is over or somebody presses Ctrl-C, then compare truth and record.

    Raises:
        OrderFileError: when the order file can't be used.
        DemoError: when a part can't be started, or can't be kept running.
        asyncio.CancelledError: at the second Ctrl-C.
    """
    book = await asyncio.to_thread(_orders, settings, say)
    with _data_folder(settings.data) as data:
        stop, children = asyncio.Event(), Supervisor(data / "logs")
        house = House(settings, children, data)
        with interruptible(stop, house.kill_all, say):
            try:
                return await together(
                    _run(settings, say, book, house=house, children=children, stop=stop), children.watch()
                )
            finally:
                say("stopping the programs")
                await children.stop()


async def _run(
    settings: DemoSettings, say: Say, book: OrderBook, *, house: House, children: Supervisor, stop: asyncio.Event
) -> Report:
    """Bring the house up, play, and judge."""
    played = without_cancelled(book.lines) if settings.returns else book.lines
    doors = DOORS + RETURN_DOORS if settings.returns else DOORS
    past, following = None, repeat_for_ever(played)
    if settings.past_weeks:
        past, following = await _unless(stop, _past(settings, say, book, house, (played, doors)))
    started_at = datetime.now(UTC)
    scenario = replace(SCENARIOS[settings.scenario], doors=len(DOORS))
    say("starting the cloud: database, broker, ingest, interface")
    addresses = await _unless(stop, house.start_cloud())
    async with contextlib.AsyncExitStack() as stack:
        token = await stack.enter_async_context(_token(house, addresses, started_at))
        client = await stack.enter_async_context(CloudClient(addresses.console, token, SITE))
        say(f"console: {addresses.console.rstrip('/')}/login?token={token}")
        warehouse = await _unless(stop, Warehouse.furnish(client, book.lines, doors, past.bin_of if past else None))
        say(f"imported {len(warehouse.products):,} SKUs and a layout with a bin for each")
        stage = await stack.enter_async_context(Stage(scenario.geometry()))
        toml = gateway_toml(SITE, GATEWAY, addresses.broker, scenario.geometry(), stage.ports)
        tagger = Tagger(warehouse.products, datetime.now(UTC))
        lines = islice(following, ORDER_LINES_AT_MOST)
        follower = Follower(client, started_at)
        yard = Yard(client, warehouse, Dispatcher(tagger, started_at), follower.stored_at, say)
        racks = await stack.enter_async_context(Racks(house, addresses, list(warehouse.bin_of.values()), settings.seed))
        extras = Extras(client, warehouse, racks, say, settings.seed)
        starting = _start_others(house, addresses, toml, stage)
        await _unless(stop, all_of(starting, extras.prepare(book.lines, tagger, yard)))
        returns = None
        if settings.returns:
            returns = AfterSales(book.lines, site_names(settings.sites), settings.seed, say)
            coming = returns.prepare(
                stack,
                client=client,
                house=house,
                addresses=addresses,
                token=token,
                warehouse=warehouse,
                tagger=tagger,
                scenario=scenario,
            )
            await _unless(stop, coming)
        say(f"the gateway takes inventory at {len(stage.ports)} doors; goods are coming (Ctrl-C ends it with a report)")
        strays = [carton.epc.hex for carton in warehouse.stock.values()][-_STRAYS_AT_MOST:]
        performance = Performance(
            settings,
            say,
            client=client,
            follower=follower,
            player=Player(scenario, settings.seed, stage.readers, yard, strays),
            stage=stage,
            children=children,
            killer=Killer(house, children, say),
            yard=yard,
            extras=extras,
            returns=returns,
            past=past,
        )
        return await performance.give(pack_loads(lines, tagger, CARTONS_A_LOAD), stop, book.unusable)


async def _past(
    settings: DemoSettings, say: Say, book: OrderBook, house: House, played: tuple[Sequence[OrderLine], Sequence[str]]
) -> tuple[Lived, Iterator[OrderLine]]:
    """Play the weeks before today; return what they left, and the orders that follow. Raises DemoError."""
    clock = house.past_clock()
    lines, doors = played
    try:
        days, following = split(lines, settings.past_weeks, datetime.now(UTC).date())
    except ValueError as error:
        raise DemoError(f"--past: {error}") from None
    say(f"playing {len(days)} days of {settings.past_weeks} weeks before today, by a clock that is set back for that")
    lived = await live_past(house, clock, days, book.lines, doors, seed=settings.seed, say=say)
    say(f"the past is on record, after {lived.seconds:.0f} s; from now on the clock is the box's own")
    return lived, following


async def _start_others(house: House, addresses: Addresses, toml: str, stage: Stage) -> None:
    """Start gateway and slotting, and wait until the gateway has all readers."""
    await house.start_gateway(toml)
    await house.start_slotting(addresses.database)
    deadline = asyncio.get_running_loop().time() + _WATCHED_WITHIN_S
    while not stage.is_watched:
        if asyncio.get_running_loop().time() > deadline:
            raise DemoError("the gateway has not connected to all readers; see logs/gateway.log in the data folder")
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def _token(house: House, addresses: Addresses, started_at: datetime) -> AsyncIterator[str]:
    """Make an administrator's token for this run alone."""
    yield await house.add_token(addresses.database, started_at)
    with contextlib.suppress(DemoError, TimeoutError):
        await asyncio.wait_for(house.revoke_token(addresses.database, started_at), _REVOKE_WITHIN_S)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, _T]) -> _T:
    """Do some work of the beginning; raise StoppedError when somebody presses Ctrl-C meanwhile."""

    async def stopped() -> None:
        await stop.wait()
        raise StoppedError

    return await together(work, stopped())


@contextlib.contextmanager
def _data_folder(path: Path) -> Iterator[Path]:
    """Make the data folder and keep other demos out of it. Raises DemoError when that can't be done."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = (path / "lock").open("w")
    except OSError as error:
        raise DemoError(f"{path}: can't be written to ({error.strerror}); choose another folder with --data") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoError(f"another demo runs on {path}; end it, or choose another folder with --data") from None
        yield path.resolve()


def _orders(settings: DemoSettings, say: Say) -> OrderBook:
    if settings.orders is None:
        say(f"no --orders: generating orders from seed {settings.seed}")
        return generate_orders(settings.seed)
    book = read_orders(settings.orders)
    say(f"{settings.orders}: {len(book.lines):,} order lines, {sum(book.unusable.values()):,} lines of no use")
    return book
