"""A warehouse to look at: layout, goods, items, gateways and a day of movements, the same for the same seed."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from tagdock_contract import content_uuid7

SITE = "hangzhou-1"
AISLES, CELLS, SKUS, ITEMS, MOVEMENTS = 12, 40, 380, 3000, 2400
_GOODS = (
    "Cream hanging heart light holder", "White metal lantern", "Cupid hearts coat hanger", "Knitted hot water bottle",
    "Nesting boxes, set of 7", "Frosted glass star", "Hand warmer", "Assorted colour bird ornament", "Doll's bedroom",
    "Felt princess doll", "Ivory knitted mug cosy", "Teaspoons, box of 6", "Vintage jigsaw blocks", "Home block word",
    "Recipe box with metal heart", "Doormat",
)  # fmt: skip


def fill(service: Any) -> None:
    """Fill a service's database: what the interface takes through the interface, the record through SQL."""
    chance = random.Random(7)
    skus = _skus(chance)
    bins = _bins(chance, [sku["sku"] for sku in skus])
    doors = [{"id": f"D{n + 1}", "x_m": 4.0 + 9.0 * n, "y_m": 0.0} for n in range(4)]
    admin = service.as_("admin")
    layout = {"v": 1, "name": "Hangzhou 1", "doors": doors, "bins": bins}
    place = {sku: bin_["id"] for bin_ in bins for sku in bin_["skus"]}
    items = _items(chance, [sku["sku"] for sku in skus], place)
    for path, body in [(f"sites/{SITE}/layout", layout), ("skus", {"items": skus}), ("items", {"items": items})]:
        answer = admin.put(f"/api/v1/{path}", json=body)
        assert answer.status_code == 200, answer.text
    service.sql("update items set registered_at = now() - interval '1 day'")  # before anything moved
    now = datetime.now(UTC)
    _add_gateways(service, now)
    add_movements(service, _movements(chance, items, now))


def add_movements(service: Any, movements: list[dict[str, Any]]) -> None:
    """Store movements as ingest does: record, flows and items in one go."""
    service.sql(
        """with m as (
            insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, sku, door, bin, direction,
                                   confidence, evidence)
            select site, observed_at, event_id, gateway, epc, coalesce(epc_hex, '30'), sku, door, bin, direction,
                   confidence, evidence
            from jsonb_to_recordset(%(rows)s::jsonb) as r (site text, observed_at timestamptz, event_id uuid,
                 gateway text, epc text, epc_hex text, sku text, door text, bin text, direction text,
                 confidence real, evidence jsonb)
            returning *
        )
        insert into flows (site, day, sku, door, in_count, out_count)
        select site, (observed_at at time zone 'UTC')::date, coalesce(sku, ''), door,
               count(*) filter (where direction = 'in'), count(*) filter (where direction = 'out')
        from m where direction in ('in', 'out') and door is not null group by 1, 2, 3, 4
        on conflict (site, day, sku, door) do update
        set in_count = flows.in_count + excluded.in_count, out_count = flows.out_count + excluded.out_count""",
        {"rows": to_json(movements).decode()},
    )
    service.sql("select project_items(%(epcs)s)", {"epcs": [movement["epc"] for movement in movements]})


def movement(at: datetime, epc: str, **fields: Any) -> dict[str, Any]:
    """Build one movement, out by D1 where nothing else is said."""
    row = {
        "site": SITE, "observed_at": at, "gateway": "gw-1", "epc": epc, "sku": None, "door": "D1", "bin": None,
        "direction": "out", "confidence": 0.97, "evidence": {"reads": 12},
    }  # fmt: skip
    row.update(fields)
    row.setdefault("event_id", content_uuid7(int(at.timestamp() * 1000), epc, str(row["direction"]), str(row["door"])))
    assert isinstance(row["event_id"], UUID)
    return row


def _skus(chance: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "sku": f"{85000 + n * 7}{'ABCD'[n % 4]}",
            "description": chance.choice(_GOODS),
            "volume_m3": round(chance.uniform(0.05, 0.9), 2),
            "mass_kg": float(chance.randint(5, 300)),
            "family": chance.choice(["lights", "textile", "toys", "kitchen"]),
        }
        for n in range(SKUS)
    ]


def _bins(chance: random.Random, skus: list[str]) -> list[dict[str, Any]]:
    stored: list[list[str]] = [[sku] for sku in skus] + [[] for _ in range(AISLES * CELLS - len(skus))]
    chance.shuffle(stored)
    return [
        {
            "id": f"{chr(65 + aisle)}-{cell + 1:02d}",
            "x_m": aisle * 3.0 + (0.0 if cell % 2 else 1.1),
            "y_m": 4.0 + cell // 2 * 1.2,
            "z_m": 0.0,
            "zone": "ambient" if aisle < 9 else "cool",
            "volume_m3": 1.2,
            "mass_kg": 500.0,
            "skus": stored[aisle * CELLS + cell],
        }
        for aisle in range(AISLES)
        for cell in range(CELLS)
    ]


def _items(chance: random.Random, skus: list[str], place: dict[str, str]) -> list[dict[str, Any]]:
    chosen = [skus[min(int(chance.paretovariate(0.9)) - 1, len(skus) - 1)] for _ in range(ITEMS)]
    return [
        {
            "epc": f"urn:epc:id:sgtin:9521234.{100000 + n % 900:06d}.{n + 1}",
            "sku": sku,
            "quantity": chance.choice([1, 6, 12, 24]),
            "site": SITE,
            "bin": place[sku],
        }
        for n, sku in enumerate(chosen)
    ]


def _movements(chance: random.Random, items: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    rows = []
    for n, item in enumerate(items[:MOVEMENTS]):
        direction = chance.choices(["out", "in", "pass", "uncertain"], [88, 8, 3, 1])[0]
        sure = chance.uniform(0.55, 0.75) if direction == "uncertain" else chance.uniform(0.9, 1.0)
        fields = {"sku": item["sku"], "door": f"D{n % 4 + 1}", "direction": direction, "confidence": round(sure, 2)}
        rows.append(movement(now - timedelta(seconds=(MOVEMENTS - n) * 1.5), item["epc"], **fields))
    return rows


def _add_gateways(service: Any, now: datetime) -> None:
    readers = [{"name": f"dock-{n}", "state": "up", "reads": 40000 + n, "last_read_at": now} for n in (1, 2)]
    well = {"state": "online", "outbox_events": 3, "readers": readers}
    ill = {
        "state": "online", "outbox_events": 412, "outbox_refused_batches": 1,
        "oldest_unacked_at": now - timedelta(minutes=9),
        "readers": [{"name": "dock-3", "state": "down", "reads": 1220, "detail": "no keepalive for 25 s"}],
    }  # fmt: skip
    for gateway, status, at in (("gw-1", well, now), ("gw-2", ill, now - timedelta(minutes=7))):
        service.sql(
            "insert into gateways (site, gateway, status, status_at, last_event_stored_at) "
            "values (%(site)s, %(gateway)s, %(status)s::jsonb, %(at)s, %(at)s)",
            {"site": SITE, "gateway": gateway, "status": to_json(status).decode(), "at": at},
        )
    service.sql(
        "insert into refused_batches (site, gateway, epoch, seq, reason, payload) values "
        "(%(site)s, 'gw-2', gen_random_uuid(), 171,"
        " '$.events[3].observed_at: more than 0:10:00 ahead of the cloud''s clock: set the clock', 'x')",
        {"site": SITE},
    )
