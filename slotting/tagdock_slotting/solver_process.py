"""What is asked is solved in a process of its own: the solver holds the interpreter, a worker must stay answerable."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from tagdock_slotting.errors import SlottingError
from tagdock_slotting.problem import Problem

GRACE_S = 900.0
"""What a proof may take beyond the search's time limit before the process is ended."""

LOOK_EVERY_S = 1.0
"""How often what the solver found is told on, and asked whether it is to stop."""

MOST_SAID = 1_000
"""Lines of the solver's words that are kept for a failure."""

Told = Callable[[bytes | None], Awaitable[bool]]
"""Takes the newest word on the best so far (a JSON object; None: nothing new); returns whether to stop with that."""


async def solve_apart(problem: Problem, time_limit_s: float, seed: int, told: Told, grace_s: float = GRACE_S) -> bytes:
    """Run `tagdock-slotting solve` and return the plan's JSON; the process ends with the caller.

    Raises SlottingError with the program's own words where there is no plan.
    """
    words = ("solve", "-", "--progress", "--time-limit", f"{time_limit_s:.3f}s", "--seed", str(seed))
    return await run_apart(words, msgspec.json.encode(problem), time_limit_s + grace_s, told)


async def _nobody(_: bytes | None) -> bool:
    return False


async def run_apart(words: Sequence[str], payload: bytes, within_s: float, told: Told = _nobody) -> bytes:
    """Run a command of `tagdock-slotting` on a JSON document and return its answer; it ends with the caller.

    Raises SlottingError with the program's own words where there is no answer.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tagdock_slotting", *words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path("/"),
    )
    ear = _Ear(process)
    listening = asyncio.create_task(ear.listen())
    following = asyncio.create_task(_follow(ear, told))
    try:
        async with asyncio.timeout(within_s):
            answer = await _exchange(process, payload)
            await listening
    except TimeoutError:
        raise SlottingError(f"no answer within {within_s:.0f} s; ask for less at once, or for a part") from None
    finally:
        for task in (following, listening):
            task.cancel()
        await asyncio.gather(following, listening, return_exceptions=True)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if not answer:
        raise SlottingError(_last_words(ear.said, process.returncode))
    return answer


async def _exchange(process: asyncio.subprocess.Process, payload: bytes) -> bytes:
    """Write the document while the answer is read."""
    if process.stdin is None or process.stdout is None:
        raise AssertionError("the process was started with pipes")

    async def write(pipe: asyncio.StreamWriter) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it ended: its words tell why
            pipe.write(payload)
            await pipe.drain()
        pipe.close()

    _, answer = await asyncio.gather(write(process.stdin), process.stdout.read())
    await process.wait()
    return answer


class _Ear:
    """Listens to what the solver says: JSON lines are its best so far, others are for people."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said: list[str] = []
        self._best: bytes | None = None

    async def listen(self) -> None:
        if self._process.stderr is None:
            raise AssertionError("the process was started with pipes")
        async for line in self._process.stderr:
            if line.startswith(b"{"):
                self._best = line
            elif len(self.said) < MOST_SAID:
                self.said.append(line.decode(errors="replace").rstrip())

    def take(self) -> bytes | None:
        best, self._best = self._best, None
        return best

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)


async def _follow(ear: _Ear, told: Told) -> None:
    """Tell on the best so far until somebody wants no more."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        if await told(ear.take()):
            ear.stop()
            return


def _last_words(said: list[str], status: int | None) -> str:
    lines = [line for line in said if not line.endswith(" ...")]
    return "; ".join(lines[-5:]) or f"the solver ended with status {status} and said nothing"
