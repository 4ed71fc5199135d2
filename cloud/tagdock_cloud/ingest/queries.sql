-- name: staging
-- Where a group is copied to before it is weighed against the record; empty again after each commit. `moved` becomes the
-- movements that are new; steps of other subjects read it, too. The groups are small beside the tables, so each row is
-- looked up by index, and in the order in which it was copied: plans must not scan a table because it was small once.
set random_page_cost = 1.1;
set enable_seqscan = off;
set enable_hashjoin = off;
set enable_mergejoin = off;
set work_mem = '16MB';                       -- a group's movements are handed from the items to the record in memory
-- The tables have no text that would be moved out of line, or each commit would empty a table and an index more for each of
-- them, used or not: that takes four times as long as to empty the rest. So text is never declared but as `plain`; all of
-- it is bounded well below a page, except evidence (`staging_wide`).
create temp table staged_movements () on commit delete rows;
alter table staged_movements
    add site text, add observed_at timestamptz, add event_id text, add gateway text, add epc text, add epc_hex text,
    add gtin text, add door text, add bin text, add direction text, add confidence real, add evidence text,
    add is_step boolean,                    -- in or out, and the group's only word on this item
    alter site set storage plain, alter event_id set storage plain, alter gateway set storage plain,
    alter epc set storage plain, alter epc_hex set storage plain, alter gtin set storage plain,
    alter door set storage plain, alter bin set storage plain, alter direction set storage plain,
    alter evidence set storage plain;
create temp table staged_bin_readings () on commit delete rows;
alter table staged_bin_readings
    add site text, add observed_at timestamptz, add event_id uuid, add gateway text, add bin text, add quantity text,
    add value double precision, add quality text,
    alter site set storage plain, alter gateway set storage plain, alter bin set storage plain,
    alter quantity set storage plain, alter quality set storage plain;
create temp table staged_reader_events () on commit delete rows;
alter table staged_reader_events
    add site text, add observed_at timestamptz, add event_id uuid, add gateway text, add reader text, add antenna integer,
    add state text, add detail text,
    alter site set storage plain, alter gateway set storage plain, alter reader set storage plain,
    alter state set storage plain, alter detail set storage plain;
create temp table moved () on commit delete rows;
alter table moved
    add site text, add observed_at timestamptz, add event_id uuid, add gateway text, add epc text, add epc_hex text,
    add gtin text, add sku text, add door text, add bin text, add direction text, add confidence real, add evidence text,
    add item tid, add item_state text, add item_since timestamptz,      -- null: nobody knew the item before
    alter site set storage plain, alter gateway set storage plain, alter epc set storage plain,
    alter epc_hex set storage plain, alter gtin set storage plain, alter sku set storage plain,
    alter door set storage plain, alter bin set storage plain, alter direction set storage plain,
    alter evidence set storage plain, alter item_state set storage plain;
create temp table late_items () on commit delete rows;
alter table late_items add epc text, alter epc set storage plain;
-- Rows are copied in the order of their EPCs' bytes; whoever else locks items goes by the database's own order of text.
do $$
begin
    execute 'create temp view staged_in_order as select * from staged_movements' || (
        select case when datlocprovider = 'b' or datcollate in ('C', 'POSIX', 'C.UTF-8', 'C.utf8') then '' else ' order by epc' end
        from pg_database where datname = current_database());
end
$$

-- name: staging_wide
-- From now on evidence may be longer than a page is; for the rest of the session each commit empties what holds it, too.
alter table staged_movements alter evidence set storage extended;
alter table moved alter evidence set storage extended

-- name: apart
-- Say which of its program's writers this session is: passages by hour are counted apart by each (`count_hours`).
select set_config('tagdock.writer', %(writer)s, false)

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

-- name: items_step
-- Items step on from where they are, in the order of EPCs: those that the group has one word on, that were placed before,
-- and that nothing later is known of. That is nearly all of them. Their movements should not be in the record yet: they are
-- stored the fastest way, which fails where one is. No more is noted of them than what follows asks for.
with stepped as (
    update items i
    set site = s.site, door = s.door, bin = case when s.direction = 'in' then s.bin end, since = s.observed_at,
        state = item_state(s.door, s.direction, i.state in ('in_transit', 'returned'))
    from staged_in_order s
    where i.epc = s.epc and s.is_step and s.observed_at > i.since and i.state <> 'unknown'
    returning s.site, s.observed_at, s.event_id::uuid, s.gateway, s.epc, s.epc_hex,
              coalesce(i.sku, (select k.sku from skus k where k.gtin = s.gtin)) as sku,
              s.door, s.bin, s.direction, s.confidence, s.evidence
), stored as (
    insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, sku, door, bin, direction, confidence, evidence_said)
    select site, observed_at, event_id, gateway, epc, epc_hex, sku, door, bin, direction, confidence, evidence from stepped
)
insert into moved (site, observed_at, epc, sku, door, direction)
select site, observed_at, epc, sku, door, direction from stepped

-- name: items_lock
-- Hold all items of the group first, in the order of EPCs: the steps that follow touch some of them early and others late,
-- and whoever corrects movements meanwhile would wait for one while we wait for another.
select count(*) from (
    select from items where epc in (select epc from staged_movements) order by epc for update
) locked

-- name: join_freely
-- Let what follows join as it likes: it works on sets of which nobody knows how large they are.
select set_config('enable_hashjoin', 'on', true), set_config('enable_mergejoin', 'on', true)

-- name: look_up
-- Note beside each movement what is known of its item.
insert into moved
select s.site, s.observed_at, s.event_id::uuid, s.gateway, s.epc, s.epc_hex, s.gtin,
       coalesce(i.sku, (select k.sku from skus k where k.gtin = s.gtin)),
       s.door, s.bin, s.direction, s.confidence, s.evidence, i.item, i.state, i.since
from staged_movements s
left join lateral (select ctid as item, sku, state, since from items where epc = s.epc offset 0) i on true

-- name: store_new
-- Store them; none should be in the record yet.
insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, sku, door, bin, direction, confidence, evidence_said)
select site, observed_at, event_id, gateway, epc, epc_hex, sku, door, bin, direction, confidence, evidence
from moved

-- name: store_missing
-- Store what the record does not have yet; only that moves anything.
with stored as (
    insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, sku, door, bin, direction, confidence, evidence_said)
    select site, observed_at, event_id, gateway, epc, epc_hex, sku, door, bin, direction, confidence, evidence from moved
    on conflict (site, observed_at, event_id) do nothing
    returning site, observed_at, event_id
)
delete from moved where (site, observed_at, event_id) not in (select site, observed_at, event_id from stored)

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

-- name: items_move
-- Items step on from where they were, new ones from nowhere, in the order of EPCs. Time and state
-- are asked, too, as PostgreSQL before the end of 2025 does not ask for `ctid` again of a row that it waited for. Left over
-- (`late_items`) is what was changed by somebody else meanwhile, what something older than its present state arrived for, and
-- what was sighted without being placed.
with latest as materialized (
    select distinct on (epc) epc, gtin, sku, site, door, bin, direction, observed_at, item, item_state, item_since
    from moved where direction in ('in', 'out')
    order by epc, observed_at desc, event_id desc
), several as materialized (
    select epc, min(observed_at) as first_at
    from moved where direction in ('in', 'out') group by epc having count(*) > 1
), turn as materialized (
    select distinct on (epc) epc, door is not null as left_before
    from moved
    where direction in ('in', 'out') and not (door is not null and direction = 'in') and epc in (select epc from several)
    order by epc, observed_at desc, event_id desc
), stepped as (
    update items i
    set site = l.site, door = l.door, bin = case when l.direction = 'in' then l.bin end, since = l.observed_at,
        state = item_state(l.door, l.direction, coalesce(t.left_before, l.item_state in ('in_transit', 'returned')))
    from latest l left join several s using (epc) left join turn t using (epc)
    where i.ctid = l.item and i.since = l.item_since and i.state = l.item_state
      and (l.item_state = 'unknown' or coalesce(s.first_at, l.observed_at) > l.item_since)
    returning i.epc
), appeared as (
    insert into items (epc, gtin, sku, site, door, bin, state, since)
    select epc, l.gtin, l.sku, l.site, l.door, case when l.direction = 'in' then l.bin end,
           item_state(l.door, l.direction, coalesce(t.left_before, false)), l.observed_at
    from latest l left join turn t using (epc)
    where l.item is null
    order by epc
    on conflict (epc) do nothing
    returning epc
)
insert into late_items
select epc from latest where epc not in (select epc from stepped union all select epc from appeared)
union
select epc from moved
where direction not in ('in', 'out') and coalesce(item_state, 'unknown') = 'unknown' and epc not in (select epc from latest)

-- name: items_appear
-- What was only sighted, and nobody knew, is listed as unknown.
insert into items (epc, gtin, sku, site, door, bin, state, since)
select distinct on (epc) epc, gtin, sku, site, door, bin, 'unknown', observed_at
from moved
where item is null and epc in (select epc from late_items)
order by epc, observed_at, event_id
on conflict (epc) do nothing

-- name: items_project
-- The whole record decides on what is left over; nobody else moves it meanwhile. Mostly nothing is: that is asked first, as
-- a plan that joins as it likes may begin with all items there are.
with locked as materialized (
    select epc from items
    where exists (select from late_items) and epc in (select epc from late_items)
    order by epc for update
), late as materialized (
    select array_agg(epc) as epcs from locked
)
select project_items(epcs) from late where epcs is not null

-- name: flows_count
-- Count passages by SKU, door and UTC day.
insert into flows as f (site, day, sku, door, in_count, out_count)
select * from (
    select site, (observed_at at time zone 'UTC')::date as day, coalesce(sku, '') as sku, door,
           count(*) filter (where direction = 'in') as ins, count(*) filter (where direction = 'out') as outs
    from moved where door is not null group by 1, 2, 3, 4
) passed
where ins + outs > 0                        -- asked here, so that the planner does not think that there are few, and sorts
order by site, day, sku, door
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

-- name: sites
-- The sites that somebody registered, or a gateway of.
select site from sites union select site from gateways

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
