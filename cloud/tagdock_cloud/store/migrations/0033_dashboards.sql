-- Views for the dashboards beyond the dock: sensors, limits, how full bins are, who is behind.

-- What each gateway says of itself, and by how much its clock runs ahead: told by a word that came as it was said, not by
-- the will, which was left when the gateway connected, and not by a retained one, of which nobody knows how long it took.
create or replace view gateways_v1 as
select site, gateway,
       coalesce(status ->> 'state', 'offline') as state,
       status_at as last_seen_at,
       last_event_stored_at,
       coalesce((status ->> 'outbox_events')::bigint, 0) as outbox_events,
       coalesce((status ->> 'outbox_refused_batches')::bigint, 0) as outbox_refused_batches,
       (status ->> 'oldest_unacked_at')::timestamptz as oldest_unacked_at,
       coalesce(status -> 'readers', '[]') as readers,
       coalesce(status ->> 'software', '') as software,
       coalesce(status -> 'lost', '{}') as lost,
       case when status ->> 'state' = 'online' and (status ->> 'at')::timestamptz <> status_at
            then round(extract(epoch from (status ->> 'at')::timestamptz - status_at), 3)::double precision
            end as clock_offset_s
from gateways;

-- Readers, as their gateways see them.
create view readers_v1 as
select g.site, g.gateway, r ->> 'name' as reader, r ->> 'state' as state, (r ->> 'last_read_at')::timestamptz as last_read_at,
       coalesce((r ->> 'reads')::bigint, 0) as reads, coalesce(r ->> 'detail', '') as detail,
       (r ->> 'clock_offset_s')::double precision as clock_offset_s, g.status_at as told_at
from gateways g cross join jsonb_array_elements(coalesce(g.status -> 'readers', '[]')) as r;

-- The last reading of each sensor that spoke within a month, beside the range that its zone prescribes.
create view sensors_v1 as
select s.site, s.bin, b.zone, s.quantity, s.observed_at, s.value, s.quality, s.gateway,
       case s.quantity when 'temperature_c' then z.temperature_c_min when 'humidity_pct' then z.humidity_pct_min end as low,
       case s.quantity when 'temperature_c' then z.temperature_c_max when 'humidity_pct' then z.humidity_pct_max end as high
from sensor_latest s left join bins b using (site, bin) left join zones z on (z.site, z.zone) = (b.site, b.zone);

-- What is present against each stock rule: one row a SKU, family or zone that a rule speaks of.
create view stock_limits_v1 as
with here as (
    select r.rule_id, r.name as rule, r.severity, s.site, r.sku, r.family, r.zone, r.low, r.high, coalesce(r.near, 0) as near
    from alert_rules r join sites s on r.site is null or r.site = s.site
    where r.kind = 'stock' and r.is_active
), held as (
    select site, sku, zone, sum(quantity) as units from stock_v1 where state not in ('in_transit', 'unknown') group by 1, 2, 3
), amounts as (
    select h.rule_id, h.rule, h.severity, h.site, 'SKU' as kind, h.sku as what, h.low, h.high, h.near,
           (select sum(held.units) from held where held.site = h.site and held.sku = h.sku) as units
    from here h where h.sku is not null
    union all
    select h.rule_id, h.rule, h.severity, h.site, 'family', h.family, h.low, h.high, h.near,
           (select sum(held.units) from held join skus using (sku) where held.site = h.site and skus.family = h.family)
    from here h where h.sku is null and h.family is not null
    union all
    select h.rule_id, h.rule, h.severity, h.site, 'zone', h.zone, h.low, h.high, h.near,
           (select sum(held.units) from held where held.site = h.site and held.zone = h.zone)
    from here h where h.sku is null and h.family is null and h.zone is not null
    union all
    select h.rule_id, h.rule, h.severity, h.site, 'SKU', b.sku, h.low, h.high, h.near, u.units
    from here h join (select distinct site, sku from bin_skus) b using (site)
    left join (select site, sku, sum(units) as units from held group by 1, 2) u on (u.site, u.sku) = (b.site, b.sku)
    where num_nonnulls(h.sku, h.family, h.zone) = 0
)
select site, rule_id, rule, severity, kind, what, coalesce(units, 0)::bigint as units, low, high,
       case when coalesce(units, 0) < low then 'below' when coalesce(units, 0) > high then 'above'
            when coalesce(units, 0) < low + near or coalesce(units, 0) > high - near then 'near' else 'within' end as state
from amounts;

-- How full each bin is, by what fills it most: places for SKUs, volume, mass (as slotting counts them); null where it has no bound.
create view bin_fill_v1 as
select b.site, b.bin, b.zone, b.x_m, b.y_m, b.z_m, b.aisle, b.cell, coalesce(f.skus, 0) as skus, coalesce(f.items, 0) as items,
       coalesce(f.units, 0) as units,
       greatest(coalesce(f.skus, 0) / b.items_at_most::double precision, coalesce(f.volume_m3, 0) / nullif(b.volume_m3, 0),
                coalesce(f.mass_kg, 0) / nullif(b.mass_kg, 0)) as filled_share,
       s.value as occupied, s.observed_at as occupied_observed_at
from bins b
left join (
    select c.site, c.bin, count(*) as skus, sum(c.items)::bigint as items, sum(c.units)::bigint as units,
           sum(k.volume_m3) as volume_m3, sum(k.mass_kg) as mass_kg
    from (select site, bin, sku, sum(items) as items, sum(quantity) as units
          from (select * from stock_counts union all select * from stock_deltas) every
          where bin is not null group by 1, 2, 3 having sum(items) > 0) c
    left join skus k using (sku) group by 1, 2
) f using (site, bin)
left join sensor_latest s on (s.site, s.bin, s.quantity) = (b.site, b.bin, 'occupied');

-- What each ingest program has done since its first start.
create view ingests_v1 as
select client_id, started_at, events_stored, events_doubled, batches_committed, batches_refused, groups_committed,
       last_group_events, last_lag_s, last_committed_at from ingests;

-- Batches that were refused, with the reason and without what they held.
create view refused_batches_v1 as
select refused_at, site, gateway, epoch, seq, reason, octet_length(payload) as payload_bytes from refused_batches;

-- What belongs on a time axis: when a plan was approved, and while something was out of order.
create view marks_v1 as
select site, approved_at as begins_at, null::timestamptz as ends_at, 'plan' as kind,
       format('Plan approved by %s: %s to %s m a day', approved_by, round((plan ->> 'current_m_per_day')::numeric),
              round((plan ->> 'objective_m_per_day')::numeric)) as words
from plans where approved_at is not null
union all
select site, raised_at, coalesce(cleared_at, now()), 'fault', message from alerts where kind in ('gateway_stale', 'sensor_stale');

-- Order lines a day from each bin, over the last four weeks: of the SKUs kept in it, spread evenly over all bins that keep them.
create view bin_flows_v1 as
select b.site, b.bin, b.zone, b.x_m, b.y_m, b.z_m, b.aisle, b.cell, coalesce(k.skus, 0) as skus, coalesce(k.lines, 0) / 28.0 as lines_per_day
from bins b
left join (
    select kept.site, kept.bin, count(*) as skus, sum(f.lines / kept.bins) as lines
    from (select site, bin, sku, count(*) over (partition by site, sku) as bins from bin_skus) kept
    left join (
        select site, sku, sum(out_count)::double precision as lines from flows
        where day > (now() at time zone 'UTC')::date - 28 group by 1, 2
    ) f using (site, sku)
    group by 1, 2
) k using (site, bin)
