"""What a look for alerts costs at a million items, beside one scan of the items, the least that a full look takes.

    python benchmarks/cloud_alerts.py
    python benchmarks/cloud_alerts.py --items 100000

Four sites of 10,000 bins and 5,000 SKUs; a million movements of a week; half a million readings of 14 hours.
"""

import statistics
import time
from typing import Any

import click
from cloud_api import _embedded
from tagdock_cloud.alerts.duties import LOOKS, look
from tagdock_cloud.store import pool
from tagdock_cloud.store.migrate import migrate

TIMES = 5
HOUSE = """
insert into sites (site) select 's' || n from generate_series(0, 3) n;
insert into gateways (site, gateway, status, status_at)
select 's' || n, 'g1', '{"state": "online"}', now() from generate_series(0, 3) n;
insert into bins (site, bin, zone, items_at_most, volume_m3, mass_kg)
select 's' || s, 'B' || n, 'z' || n % 10, 5, 2, 1000 from generate_series(0, 3) s, generate_series(0, 9999) n;
insert into skus (sku, family, volume_m3, mass_kg)
select 'K' || n, 'f' || n % 20, 0.4, 80 from generate_series(0, 4999) n;
insert into bin_skus (site, bin, sku)
select 's' || s, 'B' || n, 'K' || n % 5000 from generate_series(0, 3) s, generate_series(0, 9999) n;
insert into orders (site, kind, order_id) select 's' || n, 'outbound', 'o' from generate_series(0, 3) n;
insert into order_lines (site, kind, order_id, line, sku, quantity)
select 's' || s, 'outbound', 'o', n, 'K' || n, 1000 from generate_series(0, 3) s, generate_series(0, 4999) n;
insert into items (epc, sku, quantity, site, bin, door, state, since)
select 'e' || n, 'K' || n / 100 % 5000, 12, 's' || n % 4, case when n % 10 < 6 then 'B' || n / 100 % 10000 end,
       case when n % 10 >= 6 then 'D1' end,
       case when n % 10 < 6 then 'sellable_accessible' when n % 1000 = 6 then 'in_progress' else 'in_transit' end,
       now() - n * interval '0.6 second' from generate_series(1, :items) n;
insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, sku, door, direction, confidence, stored_at)
select 's' || n % 4, now() - n * interval '0.6 second', gen_random_uuid(), 'g1', 'e' || n, '30', 'K1', 'D1', 'out', 1,
       now() - n * interval '0.6 second' from generate_series(1, :items) n;
insert into bin_readings (site, observed_at, event_id, gateway, bin, quantity, value, quality)
select 's' || n % 4, now() - n * interval '0.1 second', gen_random_uuid(), 'g1', 'B' || n % 5000, 'temperature_c', 5,
       'good' from generate_series(1, :items / 2) n;
"""
RULES: tuple[tuple[str, str, str], ...] = (
    ("stock, 500 SKUs", "stock",
     "select 'stock', 'x', 'info', 'K' || n, null, null, 5, 0 from generate_series(1, 500) n"),
    ("stock, a family, a zone", "stock",
     "values ('stock', 'x', 'info', null, 'f3', null, 5, 0), ('stock', 'x', 'info', null, null, 'z3', 5, 0)"),
    ("stock, each SKU", "stock", "values ('stock', 'x', 'info', null, null, null, 5, 0)"),
    ("dwell, a zone too", "dwell", "values ('dwell', 'x', 'info', null, null, 'z3', null, 864000)"),
)  # fmt: skip


def timed(connection: Any, name: str) -> str:
    """Look several times and return the median, and the first one, which raises what there is."""
    what = next(one for one in LOOKS if one.name == name)
    took = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        with connection.transaction():
            look(connection, what)
        took.append((time.perf_counter() - begun) * 1000)
    return f"{statistics.median(took[1:]):7.0f} ms   first {took[0]:7.0f} ms   every {what.every_s:.0f} s"


@click.command()
@click.option("--items", default=1_000_000, show_default=True, type=click.IntRange(1000))
def main(items: int) -> None:
    """Fill an embedded database and look."""
    with _embedded() as url, pool.connect(url, statement_timeout_s=900.0) as connection:
        migrate(url)
        connection.autocommit = True
        for statement in HOUSE.replace(":items", str(items)).split(";\n"):
            connection.execute(statement.encode())
        connection.execute("vacuum analyze")
        begun = time.perf_counter()
        connection.execute("select sum(quantity) from items where state <> ''")
        click.echo(f"{'one scan of the items':26}{(time.perf_counter() - begun) * 1000:7.0f} ms")
        for what in LOOKS:
            click.echo(f"{what.name:26}{timed(connection, what.name)}")
        columns = "(kind, name, severity, sku, family, zone, low, after_s)"
        for title, name, rows in RULES:
            connection.execute("delete from alert_rules where name = 'x'")
            connection.execute(f"insert into alert_rules {columns} {rows}".encode())
            click.echo(f"{title:26}{timed(connection, name)}")


if __name__ == "__main__":
    main()
