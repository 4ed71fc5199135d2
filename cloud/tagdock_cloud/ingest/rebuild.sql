-- name: lock
-- Let nobody move items, count flows or correct a movement while all is worked out anew; reading goes on.
lock table items, flows, corrections in share row exclusive mode

-- name: lock_sessions
-- Let nobody hold a session: whoever does may want to write it next.
lock table door_sessions in exclusive mode

-- name: missing
-- Items that the record speaks of and nobody listed. Citus joins no distributed table directly with a local one.
select epc from (select distinct epc from movements) seen except select epc from items

-- name: appear
-- List such an item; its place is worked out next.
insert into items (epc, gtin, sku, site, state, since)
select %(epc)s, %(gtin)s, (select sku from skus where gtin = %(gtin)s), '', 'unknown', now()

-- name: forget
-- Forget every place and state.
update items set site = coalesce(registered_site, site), door = null, bin = null, state = 'unknown',
                 since = coalesce(registered_at, since)

-- name: next
-- The next items in the order of their EPCs.
select epc from items where epc > %(after)s order by epc limit %(limit)s

-- name: project
-- Work these items out from the record.
select project_items(%(epcs)s)

-- name: forget_flows
-- Forget all counts of days that the record still holds.
delete from flows
where day >= (select coalesce(begins_at, '-infinity') at time zone 'UTC' from retention where series = 'movements')

-- name: flows
-- Count all their passages anew, as they were corrected.
insert into flows (site, day, sku, door, in_count, out_count)
select site, (observed_at at time zone 'UTC')::date, coalesce(sku, ''), door,
       count(*) filter (where direction = 'in'), count(*) filter (where direction = 'out')
from settled_movements
where door is not null and direction in ('in', 'out')
  and observed_at >= (select coalesce(begins_at, '-infinity') from retention where series = 'movements')
group by 1, 2, 3, 4

-- name: hours
-- Count anew what corrections changed of the counts by hour.
select recount_moved_hours()

-- name: forget_weeks
-- Forget in which weeks items moved, and what bits were called; until a duty has listed it anew, all is looked at.
with forgotten as (delete from named_bits), unlisted as (update weeks_listed set before_week = null)
delete from item_weeks

-- name: lock_stock
-- Let nobody add stock up meanwhile.
lock table stock_deltas, stock_counts in share row exclusive mode

-- name: forget_differences
-- Forget what changed the counts of stock.
delete from stock_deltas

-- name: forget_stock
-- Forget the counts of stock.
delete from stock_counts

-- name: stock
-- Count stock anew.
insert into stock_counts select site, sku, bin, state, count(*), sum(quantity) from items group by 1, 2, 3, 4

-- name: forget_goods
-- Forget what sessions saw of what the record still holds.
delete from session_goods g using door_sessions s
where (s.site, s.session_id) = (g.site, g.session_id)
  and s.opened_at >= (select coalesce(begins_at, '-infinity') from retention where series = 'movements')

-- name: goods
-- Work out what sessions saw, and tell nobody.
select project_session(site, session_id, false) from door_sessions
where opened_at >= (select coalesce(begins_at, '-infinity') from retention where series = 'movements')
order by site, session_id

-- name: ahead
-- Count anew what dashboards read.
select count_ahead_anew()

-- name: due_outlooks
-- Let classes and forecasts, which follow from flows and orders, be worked out anew by their duty; until then they stay.
delete from outlook_runs
