-- name: floor
-- The floor of a site; none before the first import.
select layout_version as version, aisles from sites where site = %(site)s and layout_updated_at is not null;

-- name: floor_bins
-- All bins of a site with what is stored there by the layout.
select bin, zone, x_m, y_m, z_m, aisle, cell, skus from bins_v1 where site = %(site)s order by bin;

-- name: floor_doors
-- All doors of a site.
select door, x_m, y_m, aisle, aisle_end, gap_m from doors_v1 where site = %(site)s order by door;

-- name: flow_by_sku
-- Order lines a day of each SKU, over the days since the first one in the period (UTC days).
select sku, sum(order_lines)::double precision
            / greatest(1, (now() at time zone 'UTC')::date - min(min(day)) over () + 1) as lines_per_day,
       min(min(day)) over () as first_day
from flows_v1
where site = %(site)s and sku is not null and day > (now() at time zone 'UTC')::date - %(days)s::integer
group by sku
having sum(order_lines) > 0;

-- name: floor_fill
-- How full the record says that each bin is.
select bin, items, filled_share from bin_fill_v1 where site = %(site)s;

-- name: floor_sensors
-- What the sensor of each bin said last about whether anything is in it, beside what the record says.
select b.bin, b.items, s.value, s.observed_at, now() as now
from bin_fill_v1 b
left join (
    select distinct on (bin) bin, value, observed_at from sensors_v1
    where site = %(site)s and quantity in ('occupied', 'count')
    order by bin, quantity desc
) s using (bin)
where b.site = %(site)s;

-- name: plan_problem
-- What a plan was worked out from: flow and present place of each SKU.
select coalesce(problem -> 'items', '[]') as items, coalesce(problem -> 'current', '{}') as current
from plans where plan_id = %(plan_id)s;

-- name: plans_done
-- Plans that the layout page can show beside today's layout.
select plan_id, asked_at, state, current_m_per_day, objective_m_per_day
from plans_v1 where site = %(site)s and state in ('done', 'approved') and status <> 'infeasible'
order by asked_at desc limit 20;

-- name: bin
-- One bin, how full the record says that it is, and what its zone prescribes.
select b.site, b.bin, b.zone, b.x_m, b.y_m, b.z_m, b.aisle, b.cell, b.volume_m3, b.mass_kg, b.items_at_most, b.skus,
       f.items, f.units, f.filled_share, z.temperature_c_min, z.temperature_c_max, z.humidity_pct_min, z.humidity_pct_max
from bins_v1 b
left join bin_fill_v1 f on f.site = b.site and f.bin = b.bin
left join zones_v1 z on z.site = b.site and z.zone = b.zone
where b.site = %(site)s and b.bin = %(bin)s;

-- name: bin_contents
-- What the record has in a bin, by SKU, and since when.
select sku, count(*) as items, sum(quantity) as units, min(since) as since, max(since) as newest_at
from items_v1 where site = %(site)s and bin = %(bin)s
group by sku order by count(*) desc, sku limit 20;

-- name: bin_items
-- The items of a bin that lie there longest.
select epc, sku, quantity, since from items_v1 where site = %(site)s and bin = %(bin)s order by since, epc limit %(rows)s;

-- name: bin_flow
-- Order lines a day from a bin: of the SKUs kept in it, spread evenly over all bins that keep them.
select lines_per_day from bin_flows_v1 where site = %(site)s and bin = %(bin)s;

-- name: bin_sensors
-- What each sensor of a bin said last, beside the range that the zone prescribes.
select quantity, value, quality, observed_at, low, high, observed_at < now() - interval '1 hour' as is_old
from sensors_v1 where site = %(site)s and bin = %(bin)s order by quantity;

-- name: bin_tasks
-- Open moves into or out of a bin.
select plan_id, step, sku, from_bin, to_bin, status from moves_v1
where site = %(site)s and state = 'open' and %(bin)s in (from_bin, to_bin)
order by plan_id, step limit 20;
