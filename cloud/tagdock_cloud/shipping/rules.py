"""What a solver gets to read and what follows from its answers. Pure; the documents are as docs/many-sites.md says."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import asin, ceil, cos, radians, sin, sqrt
from typing import Any

from tagdock_cloud.web.problems import Problem

MOST_OPEN = 10
"""Questions of a kind that may wait for the solver: the queue has a bound."""
MOST_WAITING = 5_000
"""Orders of one allocation, those first that wait most urgently; the next allocation takes the others."""
EARTH_RADIUS_KM = 6371.0088
"""The mean radius R1 of GRS 80. Source: H. Moritz, "Geodetic Reference System 1980", doi:10.1007/s001900050278."""
NAMED = 5
"""Orders that a refusal names."""
Row = Mapping[str, Any]


def check_open(kind: str, waiting: int) -> None:
    """Check that one more may be asked. Raises Problem (409)."""
    if waiting >= MOST_OPEN:
        raise Problem(
            409,
            f"{waiting} questions of the kind {kind} wait for the solver already; wait for one or call it off, or "
            "start `tagdock-slotting work` where none runs",
        )


def check_answered(question: Row) -> None:
    """Check that an answer can be approved. Raises Problem (409) saying why not."""
    if question["state"] in ("asked", "solving"):
        raise Problem(409, "it is not answered yet; approve it when its state is done")
    if question["state"] == "failed":
        raise Problem(409, f"it failed ({question['error']}); ask anew")


# ---- allocation ------------------------------------------------------------------------------------------------------


def demand(
    now: datetime, sites: Sequence[Row], stock: Sequence[Row], orders: Sequence[Row], costs: Row
) -> dict[str, Any]:
    """Return the question of an allocation: `tagdock-slotting allocate` reads it."""
    return {
        "now": now,
        "sites": [
            {
                "id": site["site"],
                "lat_deg": site["lat_deg"],
                "lon_deg": site["lon_deg"],
                "cut_off_at": site["cut_off_at"],
                "lines_at_most": site["lines_left_today"],
            }
            for site in sites
        ],
        "stock": [{"site": row["site"], "sku": row["sku"], "quantity": row["free"]} for row in stock],
        "orders": [_waiting(order) for order in orders],
        "costs": {name: value for name, value in costs.items() if value is not None},
    }


def _waiting(order: Row) -> dict[str, Any]:
    return {
        "id": order["id"],
        "asked_at": order["asked_at"],
        "lat_deg": order["destination"]["lat_deg"],
        "lon_deg": order["destination"]["lon_deg"],
        "promised_at": order["promised_at"],
        "value": order["value"] or 0.0,
        "urgent": order["urgent"],
        "split": order["may_split"],
        "lines": [{"sku": line["sku"], "quantity": line["quantity"]} for line in order["lines"]],
    }


def parts(shipped: Iterable[Row], waiting: Mapping[str, Row], next_cut_off: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the orders that sites get: one a shipment, those of a split order numbered behind its name."""
    found = []
    for given in shipped:
        order, several = waiting[given["order"]], len(given["shipments"]) > 1
        for number, shipment in enumerate(given["shipments"], 1):
            found.append(
                {
                    "site": shipment["site"],
                    "id": f"{order['id']}-{number}" if several else order["id"],
                    "door": None,
                    "due_at": order["due_at"] or next_cut_off.get(shipment["site"]),
                    **{
                        name: order[name]
                        for name in ("partner", "destination", "deliver_from", "promised_at", "urgent", "value")
                    },
                    **{name: None if several else order[name] for name in ("mass_kg", "volume_m3")},
                    "lines": [{"epc": None, **order["lines"][place]} for place in shipment["lines"]],
                }
            )
    return found


def check_still_waiting(shipped: Iterable[Row], waiting: Mapping[str, Row], asked_at: datetime) -> None:
    """Check that the orders are as they were when they were allocated. Raises Problem (409)."""
    gone = [given["order"] for given in shipped if given["order"] not in waiting]
    changed = [
        given["order"]
        for given in shipped
        if given["order"] in waiting and waiting[given["order"]]["updated_at"] > asked_at
    ]
    if gone or changed:
        raise Problem(
            409, f"orders do not wait as they did any more ({some([*gone, *changed])}); ask for a new allocation"
        )


def check_free(orders: Iterable[Row], free: Mapping[tuple[str, str], int]) -> None:
    """Check that what is given out is still free. Raises Problem (409) naming site and SKU."""
    wanted: dict[tuple[str, str], int] = defaultdict(int)
    for order in orders:
        for line in order["lines"]:
            wanted[order["site"], line["sku"]] += line["quantity"]
    for (site, sku), units in sorted(wanted.items()):
        if (left := free.get((site, sku), 0)) < units:
            raise Problem(409, f"site {site} has {left} of {sku} free by now, {units} are needed; ask anew")


def check_names(taken: Sequence[Row]) -> None:
    """Check that no site has an order or notice of such a name. Raises Problem (409)."""
    if taken:
        raise Problem(409, f"site {taken[0]['site']} has a paper {taken[0]['id']} already; rename one of them")


# ---- transfers -------------------------------------------------------------------------------------------------------


def lanes(sites: Sequence[Row], known: Sequence[Row], km_cost: float, km_a_day: float) -> list[dict[str, Any]]:
    """Return a lane from each site to each other one: as somebody knows it, else by the great circle."""
    told = {(lane["start_site"], lane["goal_site"]): lane for lane in known}
    found = []
    for start in sites:
        for goal in sites:
            if start["site"] == goal["site"]:
                continue
            lane = told.get((start["site"], goal["site"]))
            if lane is None and None not in (start["lat_deg"], goal["lat_deg"]):
                km = great_circle_km(start, goal)
                lane = {"cost_per_unit": round(km * km_cost, 4), "lead_days": max(1, ceil(km / km_a_day))}
            if lane is not None:
                ends = {"start": start["site"], "goal": goal["site"]}
                found.append({**ends, "cost_per_unit": lane["cost_per_unit"], "lead_days": lane["lead_days"]})
    return found


def great_circle_km(start: Row, goal: Row) -> float:
    """Return the great-circle distance between two places with `lat_deg` and `lon_deg`.

    Source: R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984) 159.
    """
    lat, other = radians(start["lat_deg"]), radians(goal["lat_deg"])
    half = sin((other - lat) / 2) ** 2
    half += cos(lat) * cos(other) * sin(radians(goal["lon_deg"] - start["lon_deg"]) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, half)))


def levels(
    rows: Sequence[Row], low_days: float, high_days: float, price: float, prices: Mapping[str, float]
) -> list[Any]:
    """Return each SKU's level at each site. `rows`: site, sku, free, announced, units_a_day."""
    return [
        {
            "site": row["site"],
            "sku": row["sku"],
            "quantity": row["free"],
            "announced": row["announced"],
            "demand_per_day": row["units_a_day"],
            "low_days": low_days,
            "high_days": high_days,
            "price": prices.get(row["sku"], price),
        }
        for row in rows
    ]


def transfers(question_id: object, proposed: Iterable[Row]) -> list[dict[str, Any]]:
    """Return one transfer a pair of sites, with a line a SKU."""
    by_way: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for one in proposed:
        by_way[one["start"], one["goal"]].append({"epc": None, "sku": one["sku"], "quantity": one["quantity"]})
    name = str(question_id)[:8]
    return [
        {"id": f"TR-{name}-{number}", "start_site": start, "goal_site": goal, "lines": lines}
        for number, ((start, goal), lines) in enumerate(sorted(by_way.items()), 1)
    ]


# ---- shipments -------------------------------------------------------------------------------------------------------

COMES_BACK = {
    "refused": ("refused", "refused"),
    "undeliverable": ("undelivered", "not_delivered"),
    "damaged": ("undelivered", "damaged_in_transit"),
}
"""What a carrier tells, and which kind of return for which reason follows. What is lost does not come back."""


def case_of(shipment: Row) -> dict[str, Any] | None:
    """Return the application for what a shipment brings back; None where nobody can tell what is in it.

    The goods are what the doors saw leave with the order, else what it asked for.
    """
    if shipment["shipments"] != 1 or not (items := shipment["seen"] or shipment["asked"]):
        return None
    kind, reason = COMES_BACK[shipment["state"]]
    named = {name: shipment[name] for name in ("site", "carrier", "tracking", "note")}
    return {
        **named,
        "case": f"S-{shipment['shipment_id']}",
        "kind": kind,
        "reason": reason,
        "order": shipment["order_id"],
        "items": items,
    }


def some(names: Sequence[str]) -> str:
    """Name some of many."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
