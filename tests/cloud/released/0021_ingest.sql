-- name: staging
-- Where a group is copied to before it is weighed against the record; empty again after each commit. The items of a
-- group are in memory or on an SSD: looking them up costs about what reading in order does.
set random_page_cost = 1.1;
create temp table staged_movements (
    site text, observed_at timestamptz, event_id uuid, gateway text, epc text, epc_hex text, gtin text, door text, bin text,
    direction text, confidence real, evidence text
) on commit delete rows;
create temp table staged_bin_readings (
    site text, observed_at timestamptz, event_id uuid, gateway text, bin text, quantity text, value double precision, quality text
) on commit delete rows;
create temp table staged_reader_events (
    site text, observed_at timestamptz, event_id uuid, gateway text, reader text, antenna integer, state text, detail text
) on commit delete rows;
create temp table moved (
    site text, observed_at timestamptz, event_id uuid, epc text, gtin text, sku text, door text, bin text, direction text
) on commit delete rows

-- name: copy_movements
-- Copy a group's movements.
copy staged_movements from stdin (format binary)

-- name: copy_bin_readings
-- Copy a group's bin readings.
copy staged_bin_readings from stdin (format binary)

-- name: copy_reader_events
-- Copy a group's reader events.
copy staged_reader_events from stdin (format binary)

-- name: ensure_partitions
-- Make the partitions of one month.
select ensure_partitions(%(at)s, %(at)s)

-- name: store_movements
-- Store what the record does not have yet; only that moves anything.
with named as (
    select s.*, coalesce(i.sku, k.sku) as sku
    from staged_movements s left join items i using (epc) left join skus k on k.gtin = s.gtin
), stored as (
    insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, sku, door, bin, direction, confidence, evidence)
    select site, observed_at, event_id, gateway, epc, epc_hex, sku, door, bin, direction, confidence, evidence::jsonb from named
    on conflict (site, observed_at, event_id) do nothing
    returning site, observed_at, event_id, epc, sku, door, bin, direction
)
insert into moved (site, observed_at, event_id, epc, gtin, sku, door, bin, direction)
select d.site, d.observed_at, d.event_id, d.epc, g.gtin, d.sku, d.door, d.bin, d.direction
from stored d left join (select distinct epc, gtin from staged_movements where gtin is not null) g using (epc)

-- name: store_bin_readings
-- Store what the record does not have yet.
insert into bin_readings (site, observed_at, event_id, gateway, bin, quantity, value, quality)
select site, observed_at, event_id, gateway, bin, quantity, value, quality from staged_bin_readings
on conflict (site, observed_at, event_id) do nothing

-- name: store_reader_events
-- Store what the record does not have yet.
insert into reader_events (site, observed_at, event_id, gateway, reader, antenna, state, detail)
select site, observed_at, event_id, gateway, reader, antenna, state, detail from staged_reader_events
on conflict (site, observed_at, event_id) do nothing

-- name: items_appear
-- An item that nobody knew is unknown at first. In the order of EPCs, so that two programs never lock crosswise.
insert into items (epc, gtin, sku, site, door, bin, state, since)
select distinct on (m.epc) m.epc, m.gtin, m.sku, m.site, m.door, m.bin, 'unknown', m.observed_at
from moved m
where not exists (select from items i where i.epc = m.epc)
order by m.epc, m.observed_at, m.event_id
on conflict (epc) do nothing

-- name: items_lock
-- Hold the group's items until the commit.
select count(*) from (select from items where epc in (select epc from moved) order by epc for update) locked

-- name: items_late
-- Items that something older than their present state arrived for, or that have no place yet: the whole record decides.
select coalesce(array_agg(distinct m.epc), '{}') as epcs
from moved m join items i using (epc)
where i.state = 'unknown' or (m.direction in ('in', 'out') and m.observed_at <= i.since)

-- name: items_move
-- All others step on from where they are.
with steps as (
    select m.* from moved m where m.direction in ('in', 'out') and not m.epc = any (%(late)s)
), latest as (
    select distinct on (epc) * from steps order by epc, observed_at desc, event_id desc
), turn as (
    select distinct on (epc) epc, door is not null as left_before from steps
    where not (door is not null and direction = 'in')
    order by epc, observed_at desc, event_id desc
)
update items i
set site = l.site, door = l.door, bin = case when l.direction = 'in' then l.bin end, since = l.observed_at,
    state = item_state(l.door, l.direction, coalesce(t.left_before, i.state in ('in_transit', 'returned')))
from latest l left join turn t using (epc)
where i.epc = l.epc

-- name: items_project
-- Work these items out from the record.
select project_items(%(late)s)

-- name: flows_count
-- Count passages by SKU, door and UTC day.
insert into flows as f (site, day, sku, door, in_count, out_count)
select site, (observed_at at time zone 'UTC')::date, coalesce(sku, ''), door,
       count(*) filter (where direction = 'in'), count(*) filter (where direction = 'out')
from moved
where door is not null and direction in ('in', 'out')
group by 1, 2, 3, 4
order by 1, 2, 3, 4
on conflict (site, day, sku, door) do update
set in_count = f.in_count + excluded.in_count, out_count = f.out_count + excluded.out_count

-- name: gateways_stored
-- Note on each gateway of the group that events of it were stored.
update gateways set last_event_stored_at = now()
where (site, gateway) in (select * from unnest(%(sites)s::text[], %(gateways)s::text[]))

-- name: announce
-- Tell who follows the stream which sites have news; delivered with the commit.
select pg_notify('tagdock_movements', site) from (select distinct site from moved) news

-- name: count_group
-- Count what this program has done, in the transaction that did it.
insert into ingests as n (
    client_id, events_stored, events_doubled, batches_committed, groups_committed, last_group_events, last_lag_s, last_committed_at)
values (%(client_id)s, %(stored)s, %(doubled)s, %(batches)s, 1, %(events)s,
        extract(epoch from clock_timestamp() - %(sent_at)s), clock_timestamp())
on conflict (client_id) do update set
    events_stored = n.events_stored + excluded.events_stored,
    events_doubled = n.events_doubled + excluded.events_doubled,
    batches_committed = n.batches_committed + excluded.batches_committed,
    groups_committed = n.groups_committed + 1,
    last_group_events = excluded.last_group_events,
    last_lag_s = excluded.last_lag_s,
    last_committed_at = excluded.last_committed_at

-- name: count_started
-- Note that this program started; its counts go on.
insert into ingests (client_id) values (%(client_id)s) on conflict (client_id) do update set started_at = now()

-- name: count_refused
-- Count refused batches.
update ingests set batches_refused = batches_refused + %(refused)s where client_id = %(client_id)s

-- name: registered
-- Which of these gateways are registered.
select site, gateway from gateways
where (site, gateway) in (select * from unnest(%(sites)s::text[], %(gateways)s::text[]))

-- name: register
-- Lab mode: an unknown gateway registers itself, and its site with it.
with known as (
    insert into sites (site) select distinct unnest(%(sites)s::text[]) on conflict (site) do nothing
)
insert into gateways (site, gateway)
select * from unnest(%(sites)s::text[], %(gateways)s::text[])
on conflict (site, gateway) do nothing

-- name: refuse
-- Keep a refused batch with its reason, once.
insert into refused_batches (site, gateway, epoch, seq, reason, payload)
values (%(site)s, %(gateway)s, %(epoch)s, %(seq)s, %(reason)s, %(payload)s)
on conflict (site, gateway, epoch, seq) where epoch is not null do nothing

-- name: forget_refused
-- Keep the newest refused batches only: so many of a gateway, so many in all.
delete from refused_batches where refusal_id in (
    select refusal_id from (
        select refusal_id, row_number() over (partition by site, gateway order by refusal_id desc) as of_gateway,
               row_number() over (order by refusal_id desc) as of_all
        from refused_batches
    ) numbered
    where of_gateway > %(of_gateway)s or of_all > %(of_all)s
)

-- name: report
-- Note what a registered gateway says of itself. A retained status may be old: it counts from when it was said.
update gateways
set status = %(status)s::jsonb, status_at = case when %(is_retained)s then least(now(), %(at)s) else now() end
where site = %(site)s and gateway = %(gateway)s

