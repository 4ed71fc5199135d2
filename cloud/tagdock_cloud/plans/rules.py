"""When a plan may be asked for and approved. Pure."""

from datetime import datetime, timedelta
from typing import Any

from tagdock_cloud.plans.records import PlanRequest
from tagdock_cloud.web.problems import Problem

MOST_OPEN = 10
"""Plans of one site that may wait for the solver: the queue has a bound."""
DEFAULT_SPAN = timedelta(days=30)


def dated(request: PlanRequest, now: datetime, first_at: datetime | None) -> dict[str, Any]:
    """Return the request with its period filled in, so that the same plan can be worked out again later.

    `first_at` is the site's first movement: what lies before it was not measured.
    """
    until = request.until or now
    since = request.since or min(max(until - DEFAULT_SPAN, first_at or until - DEFAULT_SPAN), until)
    return request.model_copy(update={"since": since, "until": until}).model_dump(mode="json", exclude_none=True)


def check_queue(site: str, open_plans: int) -> None:
    """Check that one more plan may be asked for. Raises Problem (409)."""
    if open_plans >= MOST_OPEN:
        raise Problem(
            409,
            f"{open_plans} plans of site {site} wait for the solver already; wait for one, or start "
            "`tagdock-slotting work` where none runs",
        )


def is_decided(move: dict[str, Any], wanted: str) -> bool:
    """Tell whether a move has ended in the wanted way already. Raises Problem (409) where it cannot end so any more."""
    if move["state"] == wanted:
        return True
    if move["state"] == "proposed":
        raise Problem(409, "the plan is not approved; approve it first, and its moves become a list to carry out")
    if move["state"] != "open":
        raise Problem(409, f"the move is {move['state']} already, by {move['decided_by'] or 'nobody known'}")
    return False


def check_approvable(plan: dict[str, Any]) -> None:
    """Check that a plan's moves may be carried out. Raises Problem (409) saying why not and what to do."""
    if plan["state"] in ("asked", "solving"):
        raise Problem(409, "the plan is not worked out yet; approve it when its state is done")
    if plan["state"] == "failed":
        raise Problem(409, f"the plan failed ({plan['error']}); ask for a new one")
    if plan["status"] == "infeasible":
        raise Problem(409, "the plan is infeasible: there is nothing to approve; mend the rules that it names")
    if plan["layout_changed"]:
        raise Problem(409, "the layout was imported anew since this plan was asked for; ask for a new one")
