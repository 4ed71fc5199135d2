-- name: sites
-- Sites that can ship: where they lie, today's cut-off, what they can still pick, when their next day ends.
select n.site, n.lat_deg, n.lon_deg, n.lines_left_today, now() as now,
       ((now() at time zone n.time_zone)::date + n.cut_off) at time zone n.time_zone as cut_off_at,
       case when n.cut_off is not null then day_began_at(n.cut_off, n.time_zone, now()) + interval '1 day' end as next_cut_off_at
from network_v1 n
where n.lat_deg is not null
order by n.site;

-- name: settle
-- Whoever writes an order that waits is seen, or writes after this question was asked and is later by its clock.
lock table waiting_orders in share mode;

-- name: waiting
-- Orders that wait, urgent ones first, then those promised first, then the dearest.
select order_id as id, partner, asked_at, due_at, destination, deliver_from, promised_at, urgent, value, mass_kg, volume_m3, may_split,
       lines, updated_at
from waiting_orders
where cancelled_at is null and allocated_at is null
order by urgent desc, promised_at nulls last, value desc nulls last, asked_at, order_id
limit %(rows)s;

-- name: held
-- Some of them, held until the transaction ends.
select order_id as id, partner, asked_at, due_at, destination, deliver_from, promised_at, urgent, value, mass_kg, volume_m3, may_split,
       lines, updated_at
from waiting_orders
where order_id = any (%(ids)s::text[]) and cancelled_at is null and allocated_at is null
order by order_id
for no key update;

-- name: free
-- What is free of some SKUs at some sites.
select site, sku, free from stock_by_site_v1
where free > 0 and site = any (%(sites)s::text[]) and sku = any (%(skus)s::text[])
order by site, sku;

-- name: taken
-- Orders or notices of such names that sites have already.
select o.site, o.order_id as id
from jsonb_array_elements(%(orders)s::jsonb) b (row)
join orders o on (o.site, o.kind, o.order_id) = (row ->> 'site', %(kind)s, row ->> 'id')
order by 1, 2
limit 1;

-- name: allocated
-- They were given to their sites.
update waiting_orders set allocated_at = now(), question_id = %(question_id)s where order_id = any (%(ids)s::text[]);

-- name: alone
-- One approval at a time: nothing is promised twice.
select pg_advisory_xact_lock(hashtextextended('tagdock.promises', 0));
