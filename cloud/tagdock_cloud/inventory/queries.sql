-- part: movement
-- What is told of a movement, and what counts of it.
select site, observed_at, stored_at, event_id, m.epc, sku, m.door, bin, m.direction, confidence, gateway,
       coalesce(evidence_said::jsonb, evidence) as evidence,
       c.kind as correction, c.corrected_at, coalesce(c.door, m.door) as settled_door,
       coalesce(c.direction, m.direction) as settled_direction
from movements m left join corrections c using (site, observed_at, event_id)

-- part: of_period
-- When it was observed: half open.
  and (%(since)s::timestamptz is null or observed_at >= %(since)s)
  and (%(until)s::timestamptz is null or observed_at < %(until)s)

-- part: in_bins
-- In which bin, or in the bins of which zone.
  and (%(bin)s::text is null or bin = %(bin)s)
  and (%(zone)s::text is null or (site, bin) in (select b.site, b.bin from bins b where b.zone = %(zone)s))

-- part: asked_for
-- The filters of a list of movements, by what counts now: what was corrected is found where it really happened, and what
-- did not happen is at no door, unless just that is asked for.
{{of_period}}
{{in_bins}}
  and (%(door)s::text is null
       or coalesce(c.door, m.door) = %(door)s
          and (c.direction is distinct from 'none' or %(direction)s::text is not distinct from 'none'))
  and (%(direction)s::text is null or coalesce(c.direction, m.direction) = %(direction)s)
  and (%(sku)s::text is null or sku = %(sku)s)

-- part: newest
-- A page of a series, newest first, after a key.
  and (%(before_at)s::timestamptz is null or (observed_at, event_id) < (%(before_at)s, %(before_id)s::uuid))
order by observed_at desc, event_id desc
limit %(rows)s

-- name: movements
-- Movements of a site, newest first, after a key: it is walked along its own key, so an old record costs nothing.
{{movement}}
where site = %(site)s
{{asked_for}}
{{newest}};

-- name: movements_of_item
-- Movements of one EPC, newest first, after a key, wherever it was: its own index has them in this order.
{{movement}}
where m.epc = %(epc)s
  and (%(site)s::text is null or site = %(site)s) and (%(sites)s::text[] is null or site = any(%(sites)s))
{{asked_for}}
{{newest}};

-- name: movements_of_site
-- All movements of a site, oldest first: for exports.
{{movement}}
where site = %(site)s
  and (%(epcs)s::text[] is null or m.epc = any(%(epcs)s))
{{asked_for}}
order by observed_at, event_id;

-- name: sites
-- The sites that are asked for, as far as the caller may see them.
select site from sites_v1
where (%(site)s::text is null or site = %(site)s) and (%(sites)s::text[] is null or site = any(%(sites)s))
order by site;

-- part: reading
-- What is told of a bin reading.
select site, observed_at, stored_at, event_id, bin, quantity, value, quality, gateway
from bin_readings_v1

-- part: readings_asked_for
-- The filters of a list of bin readings.
where site = %(site)s
{{of_period}}
{{in_bins}}
  and (%(quantity)s::text is null or quantity = %(quantity)s)

-- name: readings
-- Bin readings of a site, newest first, after a key.
{{reading}}
{{readings_asked_for}}
{{newest}};

-- name: readings_of_site
-- All bin readings of a site, oldest first: for exports.
{{reading}}
{{readings_asked_for}}
order by observed_at, event_id;

-- name: latest_readings
-- What was read last of each bin and quantity: their names are found by jumping from one to the next along the index.
with recursive names as (
    (select bin, quantity from bin_readings
     where site = %(site)s and (%(bin)s::text is null or bin = %(bin)s)
       and (%(after_bin)s::text is null or (bin, quantity) > (%(after_bin)s, %(after_quantity)s::text))
     order by bin, quantity limit 1)
    union all
    select n.bin, n.quantity from names k cross join lateral (
        select bin, quantity from bin_readings
        where site = %(site)s and (%(bin)s::text is null or bin = %(bin)s) and (bin, quantity) > (k.bin, k.quantity)
        order by bin, quantity limit 1
    ) n
)
select r.*
from (select * from names limit %(rows)s) k
cross join lateral (
    select site, observed_at, stored_at, event_id, bin, quantity, value, quality, gateway
    from bin_readings_v1
    where site = %(site)s and bin = k.bin and quantity = k.quantity
    order by observed_at desc, event_id desc
    limit 1
) r
order by r.bin, r.quantity;

-- part: streamed
-- What is streamed of a movement.
select site, observed_at, stored_at, event_id, epc, sku, door, bin, direction, confidence, gateway
from movements_v1

-- part: not_seen
-- The next of a stream in their order.
  and stored_at > %(after)s and event_id <> all(%(seen)s::uuid[])
order by stored_at, event_id
limit %(rows)s

-- name: committed
-- Movements of any of the sites that became visible since a moment shortly ago, without those that were seen already.
-- `stored_at` is when a transaction began, not when it committed: the asker looks back a little and leaves out what it has.
{{streamed}}
where site = any(%(sites)s::text[])
{{not_seen}};

-- name: committed_at
-- The same of one site, from a moment long ago: walked along the index, a page costs what it holds.
{{streamed}}
where site = %(site)s
{{not_seen}};

-- name: items
-- Items by EPC, after a key.
select epc, sku, quantity, site, door, bin, state, since
from items_v1
where (%(after)s::text is null or epc > %(after)s)
  and (%(site)s::text is null or site = %(site)s) and (%(sites)s::text[] is null or site = any(%(sites)s))
  and (%(sku)s::text is null or sku = %(sku)s)
  and (%(state)s::text is null or state = %(state)s)
  and (%(door)s::text is null or door = %(door)s)
  and (%(bin)s::text is null or bin = %(bin)s)
  and (%(zone)s::text is null or (site, bin) in (select site, bin from bins where zone = %(zone)s))
  and (%(known)s::boolean is null or (sku is not null) = %(known)s)
order by epc
limit %(rows)s;

-- name: where_is
-- Where one item is; an EPC may have been written in several ways.
select epc, sku, quantity, site, door, bin, state, since
from items_v1
where epc = any(%(epcs)s::text[]) and (%(sites)s::text[] is null or site = any(%(sites)s))
order by since desc
limit 1;

-- name: where_are
-- Where many items are. Each may have been written in several ways: the place in the question goes with each of them.
select f.place, i.epc, i.sku, i.quantity, i.site, i.door, i.bin, i.state, i.since
from unnest(%(places)s::integer[], %(forms)s::text[]) as f (place, form)
join items_v1 i on i.epc = f.form
where %(sites)s::text[] is null or i.site = any(%(sites)s)
order by f.place, i.since;

-- name: named_by_bits
-- What tags with these bits were called, only where the bits alone do not tell: as listed, or by movements_by_hex since then.
select distinct epc_hex, epc
from (
    select epc_hex, epc from named_bits where epc_hex = any(%(epc_hexes)s::text[])
    union all
    select upper(epc_hex), epc from movements
    where upper(epc_hex) = any(%(epc_hexes)s::text[]) and (%(listed_at)s::timestamptz is null or observed_at >= %(listed_at)s)
      and left(epc_hex, 2) not in ('30', '31') and epc not like 'urn:epc:raw:%%'
) named
limit 10000;

-- part: listed
-- Before which week the weeks of items are listed; a backup from elsewhere may say so where nobody lists what comes late.
(select before_week from weeks_listed where store_flavour() = 'timescaledb')

-- name: bits_listed
-- Up to when the names of bits are listed.
select to_timestamp({{listed}}::bigint * 604800) as listed_at;

-- name: weeks_of_items
-- In which weeks an item moved under any of its names, and before which week that is listed.
select {{listed}} as before_week,
       array(select distinct week from item_weeks
             where item in (select item_number(epc) from unnest(%(epcs)s::text[]) epc)) as weeks;

-- name: on_record
-- Which of these forms items are kept under.
select epc from items where epc = any(%(forms)s::text[]);

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

-- name: registered
-- What is known of items that are about to be registered.
select epc, sku, quantity, site, bin, state from items where epc = any(%(epcs)s::text[]) order by epc;

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
where (%(site)s::text is null or site = %(site)s) and (%(sites)s::text[] is null or site = any(%(sites)s))
  and (%(sku)s::text is null or sku = %(sku)s)
  and (%(zone)s::text is null or zone = %(zone)s)
  and (case when %(state)s::text is null then state not in ('in_transit', 'unknown') else state = %(state)s end)
  and (%(after_site)s::text is null or (site, coalesce(sku, ''), coalesce(zone, ''), state)
       > (%(after_site)s, %(after_sku)s, %(after_zone)s, %(after_state)s))
order by site, coalesce(sku, ''), coalesce(zone, ''), state
limit %(rows)s;

-- name: stock_by_sku
-- The same without a filter, and without counting more than the page shows: first the SKUs, then their items. One SKU
-- more than rows: all rows of the one that the page before ended in may have been shown.
select c.*
from (select site from sites_v1
      where (%(site)s::text is null or site = %(site)s) and (%(sites)s::text[] is null or site = any(%(sites)s))
        and (%(after_site)s::text is null or site >= %(after_site)s)) s
cross join lateral (
    with chosen as (
        select distinct sku from items
        where site = s.site and state not in ('in_transit', 'unknown')
          and sku >= case when s.site = %(after_site)s::text then %(after_sku)s::text else '' end
          and epc not in (select epc from lives
                          where is_here and (missing_since is not null or disposition in ('destroyed', 'disposed')))
        order by sku
        limit %(rows)s + 1
    ), there as (
        select i.sku, b.zone, i.quantity,
               counted_state(i.state, i.since, l.disposition, l.is_sellable, l.since, l.missing_since is not null) as state
        from items i left join bins b on b.site = i.site and b.bin = i.bin left join lives l on l.epc = i.epc and l.is_here
        where i.site = s.site and i.sku = any(array(select sku from chosen)) and i.state not in ('in_transit', 'unknown')
        union all
        select null, b.zone, i.quantity,
               counted_state(i.state, i.since, l.disposition, l.is_sellable, l.since, l.missing_since is not null)
        from items i left join bins b on b.site = i.site and b.bin = i.bin left join lives l on l.epc = i.epc and l.is_here
        where i.site = s.site and i.sku is null and i.state not in ('in_transit', 'unknown')
          and (s.site is distinct from %(after_site)s::text or %(after_sku)s::text = '')
    ), counted as (
        select sku, zone, state, count(*) as items, sum(quantity)::bigint as quantity from there
        where state not in ('unknown', 'destroyed', 'disposed')
        group by sku, zone, state
    )
    select s.site, sku, zone, state, items, quantity from counted
    where s.site is distinct from %(after_site)s::text
       or (coalesce(sku, ''), coalesce(zone, ''), state) > (%(after_sku)s::text, %(after_zone)s::text, %(after_state)s::text)
    order by coalesce(sku, ''), coalesce(zone, ''), state
    limit %(rows)s
) c
order by c.site, coalesce(c.sku, ''), coalesce(c.zone, ''), c.state
limit %(rows)s;

-- name: kept_since
-- From when on the record of movements is whole; null: from its beginning.
select begins_at from retention where series = 'movements';

-- name: items_named
-- Items by SKU and EPC, after a key.
select sku, epc from items
where (%(sku)s::text is null or sku = %(sku)s) and sku >= %(after_sku)s
  and (sku, epc) > (%(after_sku)s, %(after_epc)s)
order by sku, epc
limit %(items)s;

-- name: items_unnamed
-- Items without a SKU by EPC, after a key.
select sku, epc from items where sku is null and epc > %(after_epc)s order by epc limit %(items)s;

-- name: stock_at
-- What these items were in stock at a moment: those that have not moved since stand where they stood. What their lives told of
-- them at that moment counts as it does now.
with known as (
    select epc, sku, quantity, site, bin, state, since,
           since <= %(at)s and (registered_bin is null or registered_at <= %(at)s) as unmoved
    from items where epc = any(%(epcs)s::text[])
), stood as (
    select epc, site, bin, state from known where unmoved
    union all
    select p.epc, p.site, p.bin, p.state
    from items_at(array(select epc from known where not unmoved), %(at)s) p
), told as (
    select distinct on (epc) epc, disposition, is_sellable, at, kind = 'missing' as is_missing
    from life_steps s
    where epc = any(%(epcs)s::text[]) and at <= %(at)s
      and not exists (select from life_steps w where w.closes = s.step_id and w.kind = 'withdrawn')
    order by epc, at desc, number desc
), counted as (
    select p.epc, p.site, p.bin, counted_state(p.state, t.at, t.disposition, t.is_sellable, t.at, t.is_missing) as state
    from stood p left join told t using (epc)
)
select p.site, k.sku, b.zone, p.state, count(*) as items, sum(k.quantity)::bigint as quantity
from counted p join known k using (epc) left join bins b on b.site = p.site and b.bin = p.bin
where (%(site)s::text is null or p.site = %(site)s) and (%(sites)s::text[] is null or p.site = any(%(sites)s))
  and (%(zone)s::text is null or b.zone = %(zone)s)
  and p.state not in ('destroyed', 'disposed')
  and (case when %(state)s::text is null then p.state not in ('in_transit', 'unknown') else p.state = %(state)s end)
group by p.site, k.sku, b.zone, p.state;
