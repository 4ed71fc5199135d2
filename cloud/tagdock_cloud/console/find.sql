-- name: sku_of_gtin
-- The SKUs that a GTIN stands for.
select sku from skus_v1 where gtin = %(gtin)s order by sku limit 5;

-- name: door
-- One door, as far as the layout knows it or something passed there within a day.
select %(door)s::text as door, d.x_m, d.y_m, d.aisle
from (select 1) as one left join doors_v1 d on d.site = %(site)s and d.door = %(door)s
where d.door is not null
   or exists (select from movements where site = %(site)s and door = %(door)s and observed_at >= now() - interval '24 hours');

-- name: order_kinds
-- Whether a number is that of an order, of an advance notice, or of both.
select kind from orders where site = %(site)s and order_id = %(id)s order by kind desc;

-- name: order_sessions
-- The door sessions of an order, newest first.
select session_id, door, state, opened_at, until_at, units_expected, units_missing, items_seen, items_unexpected, items_wrong_door
from door_sessions_v1
where site = %(site)s and kind = %(kind)s and order_id = %(id)s
order by opened_at desc limit 20;

-- name: relocated
-- The moves of plans that were confirmed, or put in doubt, by reading this item.
select site, plan_id, step, from_bin, to_bin, state, status, confirmed_at, flagged_at, seen_bin
from moves_v1
where seen_epc = any(%(epcs)s::text[]) and (%(sites)s::text[] is null or site = any(%(sites)s))
order by coalesce(confirmed_at, flagged_at) desc nulls last limit 10;

-- name: orders_like
-- Orders and notices whose number starts with what was typed.
select site, kind, order_id, partner from orders
where site = %(site)s and starts_with(lower(order_id), lower(%(text)s))
order by lower(order_id), kind limit 10;

-- name: doors_like
-- Doors whose name starts with what was typed.
select site, door from doors_v1 where site = %(site)s and starts_with(lower(door), lower(%(text)s)) order by door limit 10;

-- name: epcs_like
-- Items whose EPC starts with what was typed, among the next few in the order of the key.
select epc, sku, site
from (select epc, sku, site from items_v1 where epc >= %(text)s order by epc limit 50) i
where starts_with(epc, %(text)s) and (%(sites)s::text[] is null or site = any(%(sites)s))
order by epc limit 10;
