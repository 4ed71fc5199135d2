"""Movements to measure the cloud with: registered items, in and out by turns, with the evidence of a two-row door."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from uuid import UUID, uuid4

import psycopg
from tagdock_contract import decode_batch

EVIDENCE = {
    "reads": 24,
    "antennas": [{"reader": "dock-1", "antenna": n, "reads": 12, "peak_rssi_dbm": -51.5} for n in (1, 2)],
}
SITE = "s1"
_EVIDENCE = json.dumps(EVIDENCE, separators=(",", ":"))
_numbers = count()


def payloads(epoch: UUID, events: int, size: int, items: int) -> Iterator[bytes]:
    """Yield batches as gateways write them; by hand, as checking each would take the cores that are measured."""
    for seq, first in enumerate(range(0, events, size)):
        now = datetime.now(UTC)
        said = ",".join(event_json(next(_numbers), now, items) for _ in range(min(size, events - first)))
        sent_at = now.isoformat().replace("+00:00", "Z")
        payload = f'{{"v":1,"epoch":"{epoch}","seq":{seq},"sent_at":"{sent_at}","events":[{said}]}}'.encode()
        if seq == 0:
            decode_batch(payload)  # it is what the contract says
        yield payload


def event_json(number: int, at: datetime, items: int) -> str:
    """Write one movement."""
    ms, item = int(at.timestamp() * 1000), number % items
    event_id = f"{ms >> 16:08x}-{ms & 0xFFFF:04x}-7{number >> 48 & 0xFFF:03x}-8000-{number & (2**48 - 1):012x}"
    return (
        f'{{"type":"movement","event_id":"{event_id}","observed_at":"{at.isoformat().replace("+00:00", "Z")}",'
        f'"site":"{SITE}","epc":"{epc(item)}","epc_hex":"3034257BF7194E4000001A85",'
        f'"direction":"{"in" if number // items % 2 else "out"}","confidence":0.99,"door":"D{number % 4}",'
        f'"evidence":{_EVIDENCE}}}'
    )


def epc(number: int) -> str:
    """Name one item."""
    return f"urn:epc:id:sgtin:9521234.{number % 500:06d}.{number}"


def register(database: str, items: int) -> None:
    """Register the items, as `PUT /items` does."""
    with psycopg.connect(database) as connection:
        connection.execute(
            "insert into items (epc, sku, registered_at, registered_site, registered_bin, site, bin, state, since) "
            "select format('urn:epc:id:sgtin:9521234.%%s.%%s', lpad((n %% 500)::text, 6, '0'), n), "
            "format('SKU-%%s', n %% 500), at, 's1', 'A-1', 's1', 'A-1', 'sellable_accessible', at "
            "from generate_series(0, %s) as n, (select now() - interval '1 day') as yesterday (at)",
            [items - 1],
        )
        connection.commit()
        connection.autocommit = True
        connection.execute("vacuum analyze items")


def copy(database: str, events: int, items: int, group: int) -> float:
    """Copy such movements into `movements` and return events a second; then leave it as it was."""
    columns = "site, observed_at, event_id, gateway, epc, epc_hex, door, direction, confidence, evidence"
    types = ["text", "timestamptz", "uuid", "text", "text", "text", "text", "text", "float4", "jsonb"]
    evidence = psycopg.types.json.Jsonb(EVIDENCE, dumps=lambda _: _EVIDENCE)
    rows = [
        (SITE, datetime.now(UTC), uuid4(), "copy", epc(number % items), "3034257BF7194E4000001A85", f"D{number % 4}",
         "in", 0.99, evidence)
        for number in range(events)
    ]  # fmt: skip
    with psycopg.connect(database) as connection:
        started_s = time.perf_counter()
        for at in range(0, len(rows), group):
            with connection.cursor().copy(f"copy movements ({columns}) from stdin (format binary)") as target:
                target.set_types(types)
                for row in rows[at : at + group]:
                    target.write_row(row)
            connection.commit()
        rate = len(rows) / (time.perf_counter() - started_s)
        connection.execute("delete from movements where gateway = 'copy'")
    return rate
