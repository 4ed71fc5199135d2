"""The loads are played while the record is followed, parts are killed and plans are made; then all that is judged."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from tagdock_simulators.demo.aftersales import AfterSales
from tagdock_simulators.demo.beside import with_record
from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.extras import Extras
from tagdock_simulators.demo.follow import Follower
from tagdock_simulators.demo.kills import Killer
from tagdock_simulators.demo.past import Lived
from tagdock_simulators.demo.planning import make_plan
from tagdock_simulators.demo.play import Player
from tagdock_simulators.demo.processes import Supervisor
from tagdock_simulators.demo.report import GatewayGap, Passed, Plan, Played, Report, judge, plan_text
from tagdock_simulators.demo.settings import DemoSettings
from tagdock_simulators.demo.stage import Stage
from tagdock_simulators.demo.together import together
from tagdock_simulators.demo.yard import Yard
from tagdock_simulators.warehouse.loads import Load

Say = Callable[[str], None]

_TELL_EVERY_S = 2.0
_LOOK_EVERY_S = 0.5
_FIRST_PLAN_AT = 0.3  # of the time that is played
_FIRST_PLAN_AFTER_S = 8.0  # without an end in sight
_FIRST_PLAN_FROM_CARTONS = 400  # on record: fewer make no flow that is worth a plan
_FIRST_PLAN_FROM_S = 45.0  # of time to play: in a shorter one it would only make the last plan wait
_DRAIN_WITHIN_S = 30.0
_SETTLE_WITHIN_S = 20.0
_MOVES_END_WITHIN_S = 45.0  # moves that somebody has begun are finished
_RETURNS_END_WITHIN_S = 200.0  # a wave that has begun passes doors three times, and waits longest for people
_NOTHING_MOVES_AFTER_S = 12.0  # what was not acked is sent again well before


class Performance:
    """One run of loads against a house that is up."""

    def __init__(
        self,
        settings: DemoSettings,
        say: Say,
        *,
        client: CloudClient,
        follower: Follower,
        player: Player,
        stage: Stage,
        children: Supervisor,
        killer: Killer,
        yard: Yard,
        extras: Extras,
        returns: AfterSales | None = None,
        past: Lived | None = None,
    ) -> None:
        self._settings = settings
        self._say = say
        self._client = client
        self._player = player
        self._stage = stage
        self._children = children
        self._killer = killer
        self._yard = yard
        self._extras = extras
        self._returns = returns
        self._past = past
        self._started_at = datetime.now(UTC)
        self._follower = follower
        self._gaps: list[GatewayGap] = []
        self._troubles: list[str] = []

    async def give(self, loads: Iterator[Load], stop: asyncio.Event, unusable: Mapping[str, int]) -> Report:
        """Play until `stop` is set or the time is over, let everything arrive, plan once more, and judge."""
        settings, player = self._settings, self._player
        kills = self._killer.kill(settings.kills, settings.play_s)
        relocation = asyncio.create_task(self._first_plan(stop))
        sessions = asyncio.create_task(self._yard.attend())
        returns = asyncio.create_task(self._take_back(stop))
        try:
            works = relocation, sessions, returns
            lasting = *map(_result, works), self._look(), self._tell(), self._watch_gateway()
            seconds = await together(self._play(loads, stop), kills, self._extras.sensors(), *lasting)
            self._say("no more loads: waiting until everything is on record")
            lasting = *map(_result, works), self._look(), self._tell(), self._watch_gateway()
            await together(self._finish(relocation, returns), *lasting)
        finally:
            relocation.cancel()
            sessions.cancel()
            returns.cancel()
        await together(self._drain(), self._tell(), self._watch_gateway())
        plan = await self._last_plan()
        await self._follower.look_at_all()
        played = Played(
            seconds=seconds,
            order_lines=len(player.passed),
            days=len(player.days),
            loads=player.loads,
            unusable_lines=unusable,
            kills=tuple(self._killer.killed),
            plan=plan,
            feed_late_ms=tuple(player.late_ms),
            troubles=tuple(self._troubles),
            trucks=tuple(await self._yard.sessions(self._started_at)),
            returned=None if self._returns is None else await self._returns.judge(),
            past=None if self._past is None else await self._past.judge(self._client),
            moved=with_record(self._extras.moved, self._follower.placed.values()),
        )
        return judge(player.passed, self._follower.stored, self._gaps, played)

    async def _play(self, loads: Iterator[Load], stop: asyncio.Event) -> float:
        """Play loads; return the seconds that it took."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        bell = None if self._settings.play_s is None else loop.call_later(self._settings.play_s, stop.set)
        try:
            await self._player.play(loads, stop)
        finally:
            if bell is not None:
                bell.cancel()
        return loop.time() - begun

    async def _look(self) -> None:
        """Follow the record."""
        while True:
            await self._follower.look(self._player.passed)
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _tell(self) -> None:
        """Say how far things are."""
        while True:
            await asyncio.sleep(_TELL_EVERY_S)
            passed = self._player.passed
            missing = len(self._follower.missing(passed))
            latency_s = self._follower.recent_latency_s(passed)
            words = "not known yet" if latency_s is None else f"{latency_s:.1f} s"
            counts = f"{len(passed):,} cartons passed, {len(passed) - missing:,} on record, {missing:,} on their way"
            self._say(f"{counts}, latency {words}")

    async def _watch_gateway(self) -> None:
        """Note from when to when a killed gateway, and all that it had in memory, was gone."""
        while True:
            outages = [outage for outage in self._children.outages if outage.name == "gateway"]
            if len(outages) > len(self._gaps) and self._stage.is_watched:
                self._gaps.append(GatewayGap(outages[len(self._gaps)].died_at, datetime.now(UTC)))
            await asyncio.sleep(0.05)

    async def _take_back(self, stop: asyncio.Event) -> None:
        """Let goods come back where that was asked for."""
        if self._returns is not None:
            await self._returns.run(stop)

    async def _finish(self, relocation: asyncio.Task[None], returns: asyncio.Task[None]) -> None:
        """Wait for moves and returns that have begun, and for door sessions that are to be closed."""
        if not returns.done():
            self._say("waiting until what came back is dealt with")
            await asyncio.wait((returns,), timeout=_RETURNS_END_WITHIN_S)
        await asyncio.wait((relocation,), timeout=_MOVES_END_WITHIN_S)
        if not relocation.done():
            self._say("the first plan and its moves took too long; they are left as they are")
        await self._yard.settle(_SETTLE_WITHIN_S)

    async def _drain(self) -> None:
        """Wait until everything that passed or was moved is on record, or until nothing moves any more."""
        loop = asyncio.get_running_loop()
        deadline, moved_at, before = loop.time() + _DRAIN_WITHIN_S, loop.time(), -1
        while loop.time() < min(deadline, moved_at + _NOTHING_MOVES_AFTER_S):
            await self._follower.look(self._player.passed)
            missing = [one for one in self._follower.missing(self._player.passed) if not self._died_with_gateway(one)]
            if not missing and with_record(self._extras.moved, self._follower.placed.values()).is_right:
                return
            if len(missing) != before:
                moved_at, before = loop.time(), len(missing)
            await asyncio.sleep(_LOOK_EVERY_S)

    def _died_with_gateway(self, passed: Passed) -> bool:
        return any(gap.covers(passed) for gap in self._gaps)

    async def _first_plan(self, stop: asyncio.Event) -> None:
        """Have moves planned and done early, so that a person has some to look at; that may fail where parts die."""
        play_s = self._settings.play_s
        if play_s is not None and play_s < _FIRST_PLAN_FROM_S:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _FIRST_PLAN_AFTER_S if play_s is None else play_s * _FIRST_PLAN_AT)
        while len(self._follower.stored_at) < _FIRST_PLAN_FROM_CARTONS and not stop.is_set():
            await asyncio.sleep(_LOOK_EVERY_S)
        if stop.is_set():
            return
        try:
            plan = await self._extras.relocate(self._started_at, max(1, len(self._player.days)))
        except DemoError as error:
            self._say(f"no first plan: {error}")
        else:
            self._say(f"first plan, {plan_text(plan)}; {self._extras.moved.confirmed} of them done and read")

    async def _last_plan(self) -> Plan | None:
        if not self._player.passed:
            return None
        self._say("asking for a layout plan from the flow that was measured")
        try:
            return await self._plan()
        except DemoError as error:
            self._troubles.append(str(error))
            return None

    async def _plan(self) -> Plan:
        return await make_plan(self._client, self._started_at, max(1, len(self._player.days)), self._settings.seed)


async def _result(task: asyncio.Task[None]) -> None:
    """Wait for a task that outlives whoever waits."""
    await asyncio.shield(task)
