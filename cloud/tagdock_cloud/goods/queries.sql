-- name: page
-- SKUs by name, after a key.
select sku, gtin, description, volume_m3, mass_kg, bins_needed, zones, family, keep_apart
from skus_v1
where (%(after)s::text is null or sku > %(after)s) and (%(family)s::text is null or family = %(family)s)
order by sku
limit %(rows)s;

-- name: one
-- One SKU.
select sku, gtin, description, volume_m3, mass_kg, bins_needed, zones, family, keep_apart
from skus_v1 where sku = %(sku)s;

-- name: lock
-- One bulk write of SKUs at a time, so that the check for taken GTINs holds until the commit.
select pg_advisory_xact_lock(hashtext('tagdock.skus'));

-- name: gtin_taken
-- The first GTIN of the body that would end up on two SKUs.
select s.gtin, s.sku
from skus s join jsonb_to_recordset(%(skus)s::jsonb) as b (sku text, gtin text) on b.gtin = s.gtin and b.sku <> s.sku
where not exists (select from jsonb_to_recordset(%(skus)s::jsonb) as n (sku text) where n.sku = s.sku)
limit 1;

-- name: release_gtins
-- GTINs may change hands within one body, so the SKUs that are about to be written let go of theirs first.
update skus s set gtin = null
from jsonb_to_recordset(%(skus)s::jsonb) as b (sku text, gtin text)
where b.sku = s.sku and s.gtin is not null and s.gtin is distinct from b.gtin;

-- name: upsert
-- Add SKUs, or overwrite them whole.
insert into skus (sku, gtin, description, volume_m3, mass_kg, bins_needed, zones, family, keep_apart)
select sku, gtin, description, volume_m3, mass_kg, bins_needed, zones, family, keep_apart
from jsonb_to_recordset(%(skus)s::jsonb) as b (sku text, gtin text, description text, volume_m3 double precision,
     mass_kg double precision, bins_needed integer, zones text[], family text, keep_apart text[])
on conflict (sku) do update set
    gtin = excluded.gtin, description = excluded.description, volume_m3 = excluded.volume_m3, mass_kg = excluded.mass_kg,
    bins_needed = excluded.bins_needed, zones = excluded.zones, family = excluded.family,
    keep_apart = excluded.keep_apart, updated_at = now();

-- name: changed
-- What is about to be written and differs from what stands there, before and after: for the audit.
select jsonb_agg(to_jsonb(s) - 'updated_at' order by s.sku) filter (where s.sku is not null) as before,
       jsonb_agg(b.row order by b.row ->> 'sku') as after
from jsonb_array_elements(%(skus)s::jsonb) as b (row)
left join skus s on s.sku = b.row ->> 'sku'
where s.sku is null or not to_jsonb(s) @> b.row;
