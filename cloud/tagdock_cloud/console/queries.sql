-- name: skus_like
-- SKUs whose name starts with, or whose description holds, what was typed.
select sku, description, gtin from skus_v1
where starts_with(lower(sku), lower(%(text)s)) or strpos(lower(description), lower(%(text)s)) > 0
order by lower(sku) <> lower(%(text)s), sku
limit 20;

-- name: bins_like
-- Bins whose name starts with what was typed.
select site, bin, zone from bins_v1
where starts_with(lower(bin), lower(%(text)s)) and (%(site)s::text is null or site = %(site)s)
order by lower(bin) <> lower(%(text)s), bin
limit 20;

-- name: sku
-- One SKU.
select sku, gtin, description, volume_m3, mass_kg, bins_needed, zones, family, keep_apart from skus_v1
where sku = %(sku)s;

-- name: sku_bins
-- The bins that the layout gives to a SKU.
select b.site, b.bin, b.zone from bins_v1 b where %(sku)s = any(b.skus) and (%(site)s::text is null or b.site = %(site)s)
order by b.site, b.bin limit 50;

-- name: bin
-- One bin.
select site, bin, zone, x_m, y_m, z_m, aisle, cell, volume_m3, mass_kg, items_at_most, skus from bins_v1
where site = %(site)s and bin = %(bin)s;

-- name: bin_readings
-- The newest value of each quantity that a bin's sensors report.
select distinct on (quantity) quantity, value, quality, observed_at
from bin_readings_v1
where site = %(site)s and bin = %(bin)s and observed_at > now() - interval '7 days'
order by quantity, observed_at desc;

-- name: floor
-- The floor of a site, and the version that it has.
select version, aisles from layouts_v1 where site = %(site)s;

-- name: floor_bins
-- All bins of a site with what is stored there.
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

-- name: plan_problem
-- What a plan was worked out from: flow and present place of each SKU.
select coalesce(problem -> 'items', '[]') as items, coalesce(problem -> 'current', '{}') as current
from plans where plan_id = %(plan_id)s;

-- name: plans_done
-- Plans that the layout page can show beside today's layout.
select plan_id, asked_at, state, current_m_per_day, objective_m_per_day
from plans_v1 where site = %(site)s and state in ('done', 'approved') and status <> 'infeasible'
order by asked_at desc limit 20;
