"""When a plan may be asked for and approved. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tagdock_cloud.plans.records import PlanRequest
from tagdock_cloud.web.problems import Problem

MOST_OPEN = 10
"""Plans of one site that may wait for the solver: the queue has a bound."""
DEFAULT_SPAN = timedelta(days=30)
MOST_EXAMPLES = 200
"""SKUs that a comparison lists; the plans have them all."""


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
    if (plan["request"].get("what_if") or {}).get("add_bins"):
        raise Problem(409, "the plan fills bins that do not stand yet; import a layout that has them and ask again")
    if plan["layout_changed"]:
        raise Problem(409, "the layout was imported anew since this plan was asked for; ask for a new one")


def told(plan_id: object, move: Mapping[str, Any]) -> dict[str, Any]:
    """Return what webhooks are told of a task."""
    names = ("step", "sku", "from_bin", "to_bin", "status", "decided_by", "flag", "seen_bin", "seen_epc")
    where = {"done": "is done", "cancelled": "was called off", "flagged": "needs a person"}.get(
        move["status"], "changed"
    )
    message = f"Move {move['step']} ({move['sku']} to {move['to_bin']}) {where}"
    if move.get("status") == "flagged":
        message += f": seen in {move['seen_bin']}" if move.get("seen_bin") else ": not seen in its new bin in time"
    return {"plan_id": plan_id, "message": message, **{name: move.get(name) for name in names}}


def compare(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Put two plans of one site side by side. Raises Problem (409) where one has no layout yet."""
    for plan in (one, other):
        if not (plan["plan"] or {}).get("assignment"):
            raise Problem(409, f"plan {plan['plan_id']} has no layout to compare: its state is {plan['state']}")
    pair = (one, other)
    layouts = [plan["plan"]["assignment"] for plan in pair]
    skus = sorted({sku for layout in layouts for sku in layout})
    apart = [sku for sku in skus if len({tuple(sorted(layout.get(sku, ()))) for layout in layouts}) > 1]
    terms = [plan["plan"].get("terms") or {} for plan in pair]
    asked = [plan["request"] for plan in pair]
    return {
        "plans": [plan["plan_id"] for plan in pair],
        **{name: [plan[name] for plan in pair] for name in ("objective_m_per_day", "lower_bound_m_per_day", "moves")},
        "terms": {
            name: [term.get(name) for term in terms] for name in dict.fromkeys(key for term in terms for key in term)
        },
        "request": {
            name: [request.get(name) for request in asked]
            for name in sorted({key for request in asked for key in request})
            if asked[0].get(name) != asked[1].get(name)
        },
        "tours": [plan["plan"].get("tours") for plan in pair],
        "placed_differently": len(apart),
        "examples": [
            {"sku": sku, "bins": [layout.get(sku, []) for layout in layouts]} for sku in apart[:MOST_EXAMPLES]
        ],
    }


def check_cancellable(plan: Mapping[str, Any]) -> None:
    """Check that a plan is waiting or being solved. Raises Problem (409)."""
    if plan["state"] not in ("asked", "solving"):
        raise Problem(409, f"the plan is {plan['state']} already; there is nothing to call off")
