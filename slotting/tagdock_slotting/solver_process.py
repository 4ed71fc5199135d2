"""A problem solved in a process of its own: the solver holds the interpreter, a worker must stay answerable."""

import asyncio
import contextlib
import sys
from pathlib import Path

import msgspec

from tagdock_slotting.errors import SlottingError
from tagdock_slotting.problem import Problem

GRACE_S = 900.0
"""What a proof may take beyond the search's time limit before the process is ended."""


async def solve_apart(problem: Problem, time_limit_s: float, seed: int, grace_s: float = GRACE_S) -> bytes:
    """Run `tagdock-slotting solve` and return the plan's JSON; the process ends with the caller.

    Raises SlottingError with the program's own words where there is no plan.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tagdock_slotting", "solve", "-"),
        *("--time-limit", f"{time_limit_s:.3f}s", "--seed", str(seed)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path("/"),
    )
    try:
        async with asyncio.timeout(time_limit_s + grace_s):
            plan, said = await process.communicate(msgspec.json.encode(problem))
    except TimeoutError:
        raise SlottingError(
            f"no proof within {time_limit_s + grace_s:.0f} s; ask for fewer items or a site part"
        ) from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if not plan:
        raise SlottingError(_last_words(said, process.returncode))
    return plan


def _last_words(said: bytes, status: int | None) -> str:
    lines = [line for line in said.decode(errors="replace").splitlines() if not line.endswith(" ...")]
    return "; ".join(lines[-5:]) or f"the solver ended with status {status} and said nothing"
