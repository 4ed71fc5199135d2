"""A day's runs: what the solver gets to read, the stops of its answer, and the sheets that drivers carry. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from tagdock_cloud.shipping.records import RunsRequest
from tagdock_cloud.shipping.rules import some
from tagdock_cloud.web.problems import refused

MOST_STOPS = 2_000
Row = Mapping[str, Any]


def day(request: RunsRequest, site: Row, orders: Sequence[Row]) -> dict[str, Any]:
    """Return the question of a day's runs. Raises Problem (422) where something is missing, naming it."""
    if not site["vehicles"]:
        raise refused("site", f"{request.site} has no vehicles (PUT /api/v1/sites/{request.site}/facts)")
    if not orders:
        raise refused("orders", "no open order of the site has a destination and is on no run")
    zone = ZoneInfo(site["time_zone"])
    starts_at = min(_at(request.day, vehicle["starts"], zone) for vehicle in site["vehicles"])
    for measure in ("mass_kg", "volume_m3"):
        unknown = [order["id"] for order in orders if order[measure] is None]
        if unknown and any(vehicle[measure] is not None for vehicle in site["vehicles"]):
            raise refused("orders", f"vehicles have a limit and {measure} of some orders is not known: {some(unknown)}")
    return {
        "depot": {"lat_deg": site["lat_deg"], "lon_deg": site["lon_deg"]},
        "starts_at": starts_at,
        "vehicles": [_vehicle(vehicle, request.day, zone) for vehicle in site["vehicles"]],
        "stops": [_stop(order, request.service_min, starts_at) for order in orders],
        "roads": {"detour": request.detour, "speed_km_h": request.speed_km_h},
    }


def _vehicle(vehicle: Row, on: date, zone: ZoneInfo) -> dict[str, Any]:
    shift = {"starts_at": _at(on, vehicle["starts"], zone), "ends_at": _at(on, vehicle["ends"], zone)}
    return {**{name: vehicle[name] for name in ("id", "count", "mass_kg", "volume_m3")}, **shift}


def _at(on: date, clock: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, time.fromisoformat(clock), zone)


def _stop(order: Row, service_min: float, starts_at: datetime) -> dict[str, Any]:
    """Return a stop. A promise that is broken when the day begins is no window: the order goes out all the same."""
    promised_at = order["promised_at"]
    return {
        "id": order["id"],
        "place": {name: order["destination"][name] for name in ("lat_deg", "lon_deg")},
        "mass_kg": order["mass_kg"] or 0.0,
        "volume_m3": order["volume_m3"] or 0.0,
        "service_min": service_min,
        "ready_at": order["deliver_from"],
        "due_at": promised_at if promised_at is None or promised_at > starts_at else None,
    }


def stops(answer: Row) -> list[dict[str, Any]]:
    """Return the stops of an answer's runs, numbered."""
    return [
        {"run": number, "place": place, "vehicle": run["vehicle"], "order_id": visit["stop"], **_times(visit)}
        for number, run in enumerate(answer["runs"], 1)
        for place, visit in enumerate(run["visits"], 1)
    ]


def _times(visit: Row) -> dict[str, Any]:
    return {"arrives_at": visit["arrives_at"], "begins_at": visit["begins_at"]}


def sheet(question: Row, listed: Sequence[Row], zone: str) -> str:
    """Write the run sheets of a day as plain text, a page a run: 100 columns, for any printer."""
    site, on = question["request"]["site"], question["request"]["day"]
    pages = []
    for number in sorted({stop["run"] for stop in listed}):
        of_run = [stop for stop in listed if stop["run"] == number]
        head = f"{site}  {on}  run {number}  {of_run[0]['vehicle']}"
        columns = f"{'':>3}  {'arrive':<7}{'begin':<7}{'order':<24}{'goes to':<40}signature"
        pages.append("\n".join([head, "=" * len(head), columns, *(_line(stop, ZoneInfo(zone)) for stop in of_run), ""]))
    return "\f".join(pages)


def _line(stop: Row, zone: ZoneInfo) -> str:
    arrives, begins = (stop[name].astimezone(zone).strftime("%H:%M") for name in ("arrives_at", "begins_at"))
    goes_to = " ".join(f"{stop['partner']} {(stop['destination'] or {}).get('address', '')}".split())
    order = stop["order_id"][:23]
    return f"{stop['place']:>3}. {arrives:<7}{begins:<7}{order:<24}{goes_to[:39]:<40}{'_' * 14}"
