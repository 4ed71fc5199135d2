"""The child processes of a demo: started, watched, restarted when they die, and stopped in reverse order."""

import asyncio
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from tagdock_simulators.demo.errors import DemoError

_T = TypeVar("_T")

STOP_WITHIN_S = 10.0
_DEATHS_AT_MOST, _DEATHS_WITHIN_S = 5, 60.0
_BACK_OFF_S = (0.2, 5.0)
_LOOK_AGAIN_S = 0.05
_TAIL_BYTES = 4_096
_LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True, slots=True)
class Program:
    """What to run as one child; `environment` is all that it gets to see besides the search path and the like."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outage:
    """A child was dead from `died_at` until it was started again."""

    name: str
    died_at: datetime
    started_at: datetime


def find_program(name: str) -> str:
    """Find a Tagdock program beside this Python, or on the search path. Raises DemoError when it is not installed."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        raise DemoError(f"the program {name} is not installed here; run `make setup`")
    return found


class _Child:
    """One program and the process that runs it now."""

    def __init__(self, program: Program, logs: Path) -> None:
        self.program = program
        self.out, self.log = logs / f"{program.name}.out", logs / f"{program.name}.log"
        self.process: asyncio.subprocess.Process | None = None
        self.watch: asyncio.Task[None] | None = None

    async def spawn(self) -> None:
        """Start the process in a group of its own: Ctrl-C in a terminal is for the demo, which then stops it."""
        with self.out.open("ab") as out, self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", str(_LEASH), *self.program.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                env=dict(self.program.environment),
                start_new_session=True,
            )

    async def stop(self) -> None:
        """Ask the process to end; after the deadline, end it with all that it started."""
        if self.watch is not None:
            self.watch.cancel()
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), STOP_WITHIN_S)
        except TimeoutError:
            os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()

    def last_words(self) -> str:
        """Return the last line that the process wrote for people."""
        for path in (self.log, self.out):
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
                lines = file.read().decode(errors="replace").strip().splitlines()
            if lines:
                return lines[-1].strip()
        return "it said nothing"


class Supervisor:
    """Owns the children. `outages` tells which of them died, and when."""

    def __init__(self, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._children: dict[str, _Child] = {}
        self.outages: list[Outage] = []
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def start(self, program: Program, ready: Callable[[str], _T | None], within_s: float) -> _T:
        """Start a child and wait until `ready` makes something of what it has written to stdout.

        Raises DemoError when it ends before, or says nothing in time.
        """
        child = _Child(program, self._logs)
        for path in (child.out, child.log):
            if path.exists():
                path.replace(path.with_suffix(path.suffix + ".old"))
        self._children[program.name] = child
        await child.spawn()
        assert child.process is not None  # noqa: S101  # spawned on the line above
        deadline = asyncio.get_running_loop().time() + within_s
        while (found := ready(child.out.read_text(errors="replace"))) is None:
            if child.process.returncode is not None:
                raise DemoError(
                    f"{program.name}: {child.last_words()} (status {child.process.returncode}; {child.log})"
                )
            if asyncio.get_running_loop().time() > deadline:
                raise DemoError(f"{program.name} is not ready after {within_s:.0f} s; see {child.log}")
            await asyncio.sleep(_LOOK_AGAIN_S)
        child.watch = asyncio.create_task(self._keep_running(child))
        return found

    async def watch(self) -> None:
        """Wait for ever; raise DemoError as soon as a child can't be kept running."""
        await asyncio.shield(self._failure)

    def kill(self, name: str) -> int | None:
        """Kill a child at once, as a crash would; returns the process id, None where it was dead already."""
        process = self._children[name].process
        if process is None or process.returncode is not None:
            return None
        process.kill()
        return process.pid

    async def stop_one(self, name: str) -> None:
        """Stop a child for now; it may be started again."""
        await self._children.pop(name).stop()

    async def stop(self) -> None:
        """Stop all children, the last one started first."""
        while self._children:
            _, child = self._children.popitem()
            await child.stop()
        if not self._failure.done():
            self._failure.cancel()

    def kill_all(self) -> None:
        """Kill whatever still runs, with all that it started: for those who cannot wait."""
        for child in self._children.values():
            if child.process is not None and child.process.returncode is None:
                os.killpg(child.process.pid, signal.SIGKILL)

    async def _keep_running(self, child: _Child) -> None:
        """Restart a child whenever it dies, later and later; give up on one that dies all the time."""
        deaths: list[float] = []
        while child.process is not None:
            status = await child.process.wait()
            died_at, now = datetime.now(UTC), asyncio.get_running_loop().time()
            deaths = [death for death in deaths if now - death < _DEATHS_WITHIN_S] + [now]
            if len(deaths) > _DEATHS_AT_MOST:
                words = f"{child.program.name} keeps dying (status {status}): {child.last_words()}; see {child.log}"
                self._failure.set_exception(DemoError(words))
                return
            first_s, longest_s = _BACK_OFF_S
            await asyncio.sleep(min(longest_s, first_s * 2 ** (len(deaths) - 1)) * random.uniform(0.5, 1.0))  # noqa: S311
            await child.spawn()
            self.outages.append(Outage(child.program.name, died_at, datetime.now(UTC)))


async def run_once(program: Program, within_s: float) -> str:
    """Run a program to its end and return what it wrote to stdout.

    Raises DemoError with its last words when it fails, or takes too long.
    """
    process = await asyncio.create_subprocess_exec(
        *program.command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(program.environment),
        start_new_session=True,
    )
    try:
        out, talk = await asyncio.wait_for(process.communicate(), within_s)
    except (TimeoutError, asyncio.CancelledError) as error:
        process.kill()
        await process.wait()
        if isinstance(error, asyncio.CancelledError):
            raise
        raise DemoError(f"{program.name}: not done after {within_s:.0f} s") from None
    if process.returncode != 0:
        lines = talk.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise DemoError(f"{program.name}: {lines[-1].strip()} (status {process.returncode})")
    return out.decode(errors="replace")
