-- name: lock
-- Lay the site down where it is new, and hold it: one import of a site at a time.
insert into sites (site) values (%(site)s) on conflict (site) do update set site = excluded.site
returning layout_version;

-- name: version
-- How often the site's layout was imported; 0 before the first time.
select layout_version as version, layout_updated_at is not null as imported from sites where site = %(site)s;

-- name: clear_bins
-- Take out the bins, and with them what is stored where.
delete from bins where site = %(site)s;

-- name: clear_doors
-- Take out the doors.
delete from doors where site = %(site)s;

-- name: fill_doors
-- Put in the doors of a layout.
insert into doors (site, door, x_m, y_m, aisle, aisle_end, gap_m)
select %(site)s, id, x_m, y_m, aisle, "end", gap_m
from jsonb_to_recordset(%(layout)s::jsonb -> 'doors') as d (id text, x_m double precision, y_m double precision,
     aisle integer, "end" text, gap_m double precision);

-- name: fill_bins
-- Put in the bins of a layout.
insert into bins (site, bin, zone, x_m, y_m, z_m, aisle, cell, volume_m3, mass_kg, items_at_most)
select %(site)s, id, zone, x_m, y_m, z_m, aisle, cell, volume_m3, mass_kg, items_at_most
from jsonb_to_recordset(%(layout)s::jsonb -> 'bins') as b (id text, zone text, x_m double precision, y_m double precision,
     z_m double precision, aisle integer, cell integer, volume_m3 double precision, mass_kg double precision,
     items_at_most integer);

-- name: fill_bin_skus
-- Put in what is stored where.
insert into bin_skus (site, bin, sku)
select %(site)s, b.id, s.sku
from jsonb_to_recordset(%(layout)s::jsonb -> 'bins') as b (id text, skus jsonb),
     jsonb_array_elements_text(b.skus) as s (sku);

-- name: finish
-- Put in the rest and count the import.
update sites set
    name = %(layout)s::jsonb ->> 'name', layout_version = layout_version + 1, layout_updated_at = now(),
    aisles = nullif(%(layout)s::jsonb -> 'aisles', 'null'),
    bin_door_m = nullif(%(layout)s::jsonb -> 'bin_door_m', 'null'),
    bin_bin_m = nullif(%(layout)s::jsonb -> 'bin_bin_m', 'null')
where site = %(site)s
returning layout_version as version;

-- name: export
-- The whole layout in one row; none before the first import.
select s.layout_version as version, s.name, s.aisles, s.bin_door_m, s.bin_bin_m,
       coalesce((select jsonb_agg(jsonb_build_object('id', d.door, 'x_m', d.x_m, 'y_m', d.y_m, 'aisle', d.aisle,
                                                     'end', d.aisle_end, 'gap_m', d.gap_m))
                 from doors d where d.site = s.site), '[]') as doors,
       coalesce((select jsonb_agg(jsonb_build_object('id', b.bin, 'x_m', b.x_m, 'y_m', b.y_m, 'z_m', b.z_m,
                                                     'aisle', b.aisle, 'cell', b.cell, 'zone', b.zone,
                                                     'volume_m3', b.volume_m3, 'mass_kg', b.mass_kg,
                                                     'items_at_most', b.items_at_most, 'skus', to_jsonb(b.skus)))
                 from bins_v1 b where b.site = s.site), '[]') as bins
from sites s
where s.site = %(site)s and s.layout_updated_at is not null;

-- name: site
-- One site.
select site, name, layout_version, layout_updated_at from sites_v1 where site = %(site)s;

-- name: put_site
-- Lay a site down, or give it another name.
insert into sites (site, name) values (%(site)s, %(name)s) on conflict (site) do update set name = excluded.name;

-- name: zones
-- A site's zones with the number of bins in each.
select site, zone, kind, description, temperature_c_min, temperature_c_max, humidity_pct_min, humidity_pct_max, bins
from zones_v1 where site = %(site)s order by zone;

-- name: zone
-- One zone.
select site, zone, kind, description, temperature_c_min, temperature_c_max, humidity_pct_min, humidity_pct_max, bins
from zones_v1 where site = %(site)s and zone = %(zone)s;

-- name: put_zone
-- Add a zone, or overwrite it whole.
insert into zones (site, zone, kind, description, temperature_c_min, temperature_c_max, humidity_pct_min, humidity_pct_max)
values (%(site)s, %(zone)s, %(kind)s, %(description)s, %(temperature_c_min)s, %(temperature_c_max)s, %(humidity_pct_min)s,
        %(humidity_pct_max)s)
on conflict (site, zone) do update set
    kind = excluded.kind, description = excluded.description, temperature_c_min = excluded.temperature_c_min,
    temperature_c_max = excluded.temperature_c_max, humidity_pct_min = excluded.humidity_pct_min,
    humidity_pct_max = excluded.humidity_pct_max;

-- name: delete_zone
-- Take a zone out that no bin lies in.
delete from zones where site = %(site)s and zone = %(zone)s;

-- name: bins
-- A site's bins by name, after a key.
select site, bin, zone, x_m, y_m, z_m, aisle, cell, volume_m3, mass_kg, items_at_most, skus
from bins_v1
where site = %(site)s and (%(after)s::text is null or bin > %(after)s)
  and (%(zone)s::text is null or zone = %(zone)s)
  and (%(sku)s::text is null or bin in (select bin from bin_skus where site = %(site)s and sku = %(sku)s))
order by bin
limit %(rows)s;

-- name: bin
-- One bin.
select site, bin, zone, x_m, y_m, z_m, aisle, cell, volume_m3, mass_kg, items_at_most, skus
from bins_v1 where site = %(site)s and bin = %(bin)s;

-- name: change_bin
-- Overwrite what a bin takes and which zone it lies in.
update bins set zone = %(zone)s, volume_m3 = %(volume_m3)s, mass_kg = %(mass_kg)s, items_at_most = %(items_at_most)s
where site = %(site)s and bin = %(bin)s;

-- name: clear_bin_skus
-- Take out what is stored in one bin.
delete from bin_skus where site = %(site)s and bin = %(bin)s;

-- name: put_bin_skus
-- Put in what is stored in one bin.
insert into bin_skus (site, bin, sku) select %(site)s, %(bin)s, unnest(%(skus)s::text[]);

-- name: touch
-- Count a change of the floor: plans that were made before it are for another floor.
update sites set layout_version = layout_version + 1, layout_updated_at = now() where site = %(site)s;
