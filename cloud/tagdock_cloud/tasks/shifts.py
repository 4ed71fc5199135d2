"""People come on duty and go."""

from typing import Any

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import Problem, refused

_SQL = load_queries("tagdock_cloud.tasks")


async def come(transaction: Transaction, caller: Caller, site: str) -> dict[str, Any]:
    """Come on duty at a site. Raises Problem: 403 at another site, or for who is nobody by name; 422."""
    caller.check(site)
    values = {"person": caller.id, "site": site}
    if not await transaction.one(_SQL["site"], values):
        raise refused("site", f"there is no site {site}")
    if not await transaction.one(_SQL["person"], values):
        raise Problem(403, f"{caller.shown} is nobody to whom work can be given: log in by name")
    before = await transaction.one(_SQL["duty_of"], values)
    await transaction.run(_SQL["come"], values)
    if before is None or before["site"] != site:
        if before is not None:
            await transaction.run(_SQL["lay_down"], values)
        told = {"site": before["site"]} if before else None
        await audit(transaction, caller, "duty.come", f"duty/{caller.id}", site=site, before=told, after={"site": site})
    return await transaction.one(_SQL["duty_of"], values) or {}


async def go(transaction: Transaction, caller: Caller) -> None:
    """Go off duty; where one is not, nothing changes."""
    values = {"person": caller.id}
    before = await transaction.one(_SQL["duty_of"], values)
    if not await transaction.run(_SQL["go"], values):
        return
    await transaction.run(_SQL["lay_down"], values)
    site = before["site"] if before else None
    await audit(transaction, caller, "duty.go", f"duty/{caller.id}", site=site, before={"site": site})
