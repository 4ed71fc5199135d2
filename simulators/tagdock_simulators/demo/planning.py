"""Ask for a better layout from the flow that was measured, and wait for the answer."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.report import Plan

_LOOK_EVERY_S = 0.5
_SOLVE_WITHIN_S = 20.0
_ANSWER_WITHIN_S = 120.0


async def make_plan(client: CloudClient, since: datetime, days: int, seed: int) -> Plan:
    """Have a plan made from the movements since a time, which stand for so many business days.

    Raises DemoError when it fails or takes too long.
    """
    return await solved(client, await ask(client, since, days, seed))


async def ask(client: CloudClient, since: datetime, days: int, seed: int, **further: Any) -> str:
    """Ask for a plan; return its id. `further`: what else the interface takes, such as `at_most`."""
    asked = {"represents_days": days, "time_limit_s": _SOLVE_WITHIN_S, "seed": seed, **further}
    return await client.ask_plan(since=since.isoformat(), **asked)


async def solved(client: CloudClient, plan_id: str) -> Plan:
    """Wait for the answer. Raises DemoError when there is none, or not in time."""
    deadline = asyncio.get_running_loop().time() + _ANSWER_WITHIN_S
    while (found := await client.plan(plan_id))["state"] not in ("done", "approved"):
        if found["state"] == "failed":
            raise DemoError(f"no plan could be made: {found.get('error') or 'no reason was given'}")
        if asyncio.get_running_loop().time() > deadline:
            raise DemoError(f"the plan was not ready after {_ANSWER_WITHIN_S:.0f} s (state {found['state']})")
        await asyncio.sleep(_LOOK_EVERY_S)
    return _plan(found)


def _plan(found: Mapping[str, Any]) -> Plan:
    moves = (found.get("plan") or {}).get("moves") or []
    return Plan(found["status"], found["current_m_per_day"], found["objective_m_per_day"], len(moves))
