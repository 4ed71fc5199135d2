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
