-- name: movements
-- Movements, newest first, after a key. Each site is walked along its own key, so an old record costs nothing.
select m.*
from (select site from sites_v1 where %(site)s::text is null or site = %(site)s) s
cross join lateral (
    select site, observed_at, stored_at, event_id, epc, sku, door, bin, direction, confidence, gateway, evidence
    from movements
    where site = s.site
      and (%(before_at)s::timestamptz is null or (observed_at, event_id) < (%(before_at)s, %(before_id)s::uuid))
      and (%(since)s::timestamptz is null or observed_at >= %(since)s)
      and (%(until)s::timestamptz is null or observed_at < %(until)s)
      and (%(epcs)s::text[] is null or epc = any(%(epcs)s))
      and (%(door)s::text is null or door = %(door)s)
      and (%(bin)s::text is null or bin = %(bin)s)
      and (%(direction)s::text is null or direction = %(direction)s)
      and (%(sku)s::text is null or sku = %(sku)s)
    order by observed_at desc, event_id desc
    limit %(rows)s
) m
order by m.observed_at desc, m.event_id desc
limit %(rows)s;

-- name: committed
-- Movements that became visible since a moment, without those that were seen already. `stored_at` is when a transaction
-- began, not when it committed: the asker looks back a little and leaves out what it has.
select m.*
from (select site from sites_v1 where %(site)s::text is null or site = %(site)s) s
cross join lateral (
    select site, observed_at, stored_at, event_id, epc, sku, door, bin, direction, confidence, gateway
    from movements_v1
    where site = s.site and stored_at > %(after)s and event_id <> all(%(seen)s::uuid[])
    order by stored_at, event_id
    limit %(rows)s
) m
order by m.stored_at, m.event_id
limit %(rows)s;

-- name: now
-- The database's clock, which `stored_at` is told by.
select clock_timestamp() as now;

-- name: items
-- Items by EPC, after a key.
select epc, sku, quantity, site, door, bin, state, since
from items_v1
where (%(after)s::text is null or epc > %(after)s)
  and (%(site)s::text is null or site = %(site)s)
  and (%(sku)s::text is null or sku = %(sku)s)
  and (%(state)s::text is null or state = %(state)s)
  and (%(bin)s::text is null or bin = %(bin)s)
order by epc
limit %(rows)s;

-- name: where_is
-- Where one item is; an EPC may have been written in several ways.
select epc, sku, quantity, site, door, bin, state, since
from items_v1
where epc = any(%(epcs)s::text[])
order by since desc
limit 1;

-- name: named_by_bits
-- What tags with these bits were called, by movements_by_hex: only where the bits alone do not tell.
select distinct epc
from movements
where upper(epc_hex) = %(epc_hex)s and left(epc_hex, 2) not in ('30', '31') and epc not like 'urn:epc:raw:%%'
limit 10;

-- name: places_missing
-- The first row of the body whose site or bin is not on record.
select b.place - 1 as place, b.row ->> 'site' as site, b.row ->> 'bin' as bin,
       exists (select from sites s where s.site = b.row ->> 'site') as site_known
from jsonb_array_elements(%(items)s::jsonb) with ordinality as b (row, place)
where not exists (select from sites s where s.site = b.row ->> 'site')
   or b.row ->> 'bin' is not null
      and not exists (select from bins n where n.site = b.row ->> 'site' and n.bin = b.row ->> 'bin')
order by b.place
limit 1;

-- name: register
-- What a person registers is true from now on: it places the item. The same words again change nothing.
insert into items as i (epc, gtin, sku, quantity, registered_at, registered_site, registered_bin, site, bin, state, since)
select epc, gtin, sku, quantity, now(), site, bin, site, bin,
       case when bin is null then 'unknown' else 'sellable_accessible' end, now()
from jsonb_to_recordset(%(items)s::jsonb) as b (epc text, gtin text, sku text, quantity integer, site text, bin text)
order by epc
on conflict (epc) do update set
    gtin = excluded.gtin,
    sku = excluded.sku,
    quantity = excluded.quantity,
    registered_at = case when excluded.registered_bin is null
                           or (excluded.registered_site, excluded.registered_bin) = (i.registered_site, i.registered_bin)
                         then coalesce(i.registered_at, excluded.registered_at) else excluded.registered_at end,
    registered_site = case when excluded.registered_bin is null then i.registered_site else excluded.registered_site end,
    registered_bin = coalesce(excluded.registered_bin, i.registered_bin);

-- name: project
-- Place and state of the registered items anew, from the record and their registration.
select project_items(%(epcs)s::text[]);

-- name: stock
-- What is there: items that have neither left nor are unknown, unless a state is asked for.
select site, sku, zone, state, items, quantity
from stock_v1
where (%(site)s::text is null or site = %(site)s)
  and (%(sku)s::text is null or sku = %(sku)s)
  and (%(zone)s::text is null or zone = %(zone)s)
  and (case when %(state)s::text is null then state not in ('in_transit', 'unknown') else state = %(state)s end)
  and (%(after_site)s::text is null or (site, coalesce(sku, ''), coalesce(zone, ''), state)
       > (%(after_site)s, %(after_sku)s, %(after_zone)s, %(after_state)s))
order by site, coalesce(sku, ''), coalesce(zone, ''), state
limit %(rows)s;
