"""The loads are played while the record is followed, parts are killed and plans are made; then all that is judged."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.follow import Follower
from tagdock_simulators.demo.kills import Killer
from tagdock_simulators.demo.planning import make_plan
from tagdock_simulators.demo.play import Player
from tagdock_simulators.demo.processes import Supervisor
from tagdock_simulators.demo.report import GatewayGap, Passed, Plan, Played, Report, judge, plan_text
from tagdock_simulators.demo.settings import DemoSettings
from tagdock_simulators.demo.stage import Stage
from tagdock_simulators.demo.together import together
from tagdock_simulators.warehouse.loads import Load

Say = Callable[[str], None]

_TELL_EVERY_S = 2.0
_LOOK_EVERY_S = 0.5
_FIRST_PLAN_AT = 0.3  # of the time that is played
_FIRST_PLAN_AFTER_S = 20.0  # without an end in sight
_DRAIN_WITHIN_S = 30.0
_NOTHING_MOVES_AFTER_S = 12.0  # what was not acked is sent again well before


class Performance:
    """One run of loads against a house that is up."""

    def __init__(
        self,
        settings: DemoSettings,
        say: Say,
        *,
        client: CloudClient,
        player: Player,
        stage: Stage,
        children: Supervisor,
        killer: Killer,
    ) -> None:
        self._settings = settings
        self._say = say
        self._client = client
        self._player = player
        self._stage = stage
        self._children = children
        self._killer = killer
        self._started_at = datetime.now(UTC)
        self._follower = Follower(client, self._started_at)
        self._gaps: list[GatewayGap] = []
        self._troubles: list[str] = []

    async def give(self, loads: Iterator[Load], stop: asyncio.Event, unusable: Mapping[str, int]) -> Report:
        """Play until `stop` is set or the time is over, let everything arrive, plan once more, and judge."""
        settings, player = self._settings, self._player
        kills = self._killer.kill(settings.kills, settings.play_s)
        aside = (kills, self._first_plan(), self._look(), self._tell(), self._watch_gateway())
        seconds = await together(self._play(loads, stop), *aside)
        self._say("no more loads: waiting until everything is on record")
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

    async def _drain(self) -> None:
        """Wait until everything that passed is on record, or until nothing moves any more."""
        loop = asyncio.get_running_loop()
        deadline, moved_at, before = loop.time() + _DRAIN_WITHIN_S, loop.time(), -1
        while loop.time() < min(deadline, moved_at + _NOTHING_MOVES_AFTER_S):
            await self._follower.look(self._player.passed)
            missing = [one for one in self._follower.missing(self._player.passed) if not self._died_with_gateway(one)]
            if not missing:
                return
            if len(missing) != before:
                moved_at, before = loop.time(), len(missing)
            await asyncio.sleep(_LOOK_EVERY_S)

    def _died_with_gateway(self, passed: Passed) -> bool:
        return any(gap.covers(passed) for gap in self._gaps)

    async def _first_plan(self) -> None:
        """Have a plan made early, so that a person has one to look at; it may fail where parts are killed."""
        play_s = self._settings.play_s
        await asyncio.sleep(_FIRST_PLAN_AFTER_S if play_s is None else play_s * _FIRST_PLAN_AT)
        try:
            plan = await self._plan()
        except DemoError as error:
            self._say(f"no first plan: {error}")
        else:
            self._say(f"first plan, {plan_text(plan)}")

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
