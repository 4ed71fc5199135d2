-- The second contract: views that Grafana, slotting and integrators read. They only ever gain columns.

create view movements_v1 as
select m.site, m.observed_at, m.stored_at, m.event_id, m.epc, m.sku, m.door, m.bin, m.direction, m.confidence, m.gateway
from movements m;

create view bin_readings_v1 as
select site, observed_at, stored_at, event_id, bin, quantity, value, quality, gateway from bin_readings;

create view reader_events_v1 as
select site, observed_at, stored_at, event_id, reader, antenna, state, detail, gateway from reader_events;

create view items_v1 as
select epc, sku, quantity, site, door, bin, state, since from items;

create view stock_v1 as
select i.site, i.sku, b.zone, i.state, count(*) as items, sum(i.quantity) as quantity
from items i left join bins b using (site, bin)
group by i.site, i.sku, b.zone, i.state;

create view flows_v1 as
select site, nullif(sku, '') as sku, door, day, in_count as "in", out_count as "out", out_count as order_lines from flows;

create view skus_v1 as
select sku, gtin, description, volume_m3, mass_kg, bins_needed, zones, family, keep_apart from skus;

create view bins_v1 as
select b.site, b.bin, b.zone, b.x_m, b.y_m, b.z_m, b.aisle, b.cell, b.volume_m3, b.mass_kg, b.items_at_most,
       coalesce((select array_agg(s.sku order by s.sku) from bin_skus s where s.site = b.site and s.bin = b.bin), '{}') as skus
from bins b;

create view doors_v1 as
select site, door, x_m, y_m, aisle, aisle_end, gap_m from doors;

create view layouts_v1 as
select site, layout_version as version, aisles, bin_door_m, bin_bin_m, layout_updated_at as updated_at from sites;

create view gateways_v1 as
select site, gateway,
       coalesce(status ->> 'state', 'offline') as state,
       status_at as last_seen_at,
       last_event_stored_at,
       coalesce((status ->> 'outbox_events')::bigint, 0) as outbox_events,
       coalesce((status ->> 'outbox_refused_batches')::bigint, 0) as outbox_refused_batches,
       (status ->> 'oldest_unacked_at')::timestamptz as oldest_unacked_at,
       coalesce(status -> 'readers', '[]') as readers
from gateways;

create view plans_v1 as
select site, plan_id, asked_at, asked_by, request, state,
       plan ->> 'status' as status,
       (plan ->> 'current_m_per_day')::double precision as current_m_per_day,
       (plan ->> 'objective_m_per_day')::double precision as objective_m_per_day,
       (plan ->> 'lower_bound_m_per_day')::double precision as lower_bound_m_per_day,
       plan ->> 'solver' as solver,
       (plan ->> 'seconds')::double precision as seconds,
       finished_at, error, plan
from plans;

create view moves_v1 as
select p.site, m.plan_id, m.step, m.sku, m.from_bin, m.to_bin, m.saves_m_per_day, m.why, m.state
from moves m join plans p using (plan_id);
