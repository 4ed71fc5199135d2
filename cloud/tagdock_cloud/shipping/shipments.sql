-- part: shown
-- A shipment as it stands.
select shipment_id, site, order_id, carrier, service, is_insured, is_signed, tracking, created_at, created_by, state, state_since,
       is_exception, delivered_at
from shipments_v1

-- name: page
-- Shipments, newest first.
{{shown}}
where (%(listed)s::text[] is null or site = any (%(listed)s)) and (%(site)s::text is null or site = %(site)s)
  and (%(order_id)s::text is null or order_id = %(order_id)s) and (%(state)s::text is null or state = %(state)s)
  and (%(is_exception)s::boolean is null or is_exception = %(is_exception)s)
  and (%(before_at)s::timestamptz is null or (created_at, shipment_id) < (%(before_at)s, %(before_id)s::uuid))
order by created_at desc, shipment_id desc
limit %(rows)s;

-- name: one
-- One shipment.
{{shown}} where shipment_id = %(shipment_id)s;

-- name: named
-- The same by what its carrier calls it.
{{shown}} where carrier = %(carrier)s and tracking = %(tracking)s;

-- name: dock
-- What the doors saw of the order that it is of.
select verdict, units_expected, units_seen, items_unexpected, items_wrong_door, seen_at from verified_orders_v1
where site = %(site)s and kind = 'outbound' and order_id = %(order_id)s;

-- name: coming_back
-- Shipments whose goods come back and that have no case yet, with what the doors saw leave and what was asked for.
select v.shipment_id, v.site, v.order_id, v.carrier, v.tracking, v.state,
       (select e.note from shipment_events e where (e.shipment_id, e.happened_at, e.state) = (v.shipment_id, v.state_since, v.state)) as note,
       (select count(*) from shipments s where (s.site, s.order_id) = (v.site, v.order_id)) as shipments,
       (select jsonb_agg(distinct jsonb_build_object('epc', g.epc))
        from door_sessions d join session_goods g on (g.site, g.session_id, g.door) = (d.site, d.session_id, d.door)
        where (d.site, d.kind, d.order_id) = (v.site, 'outbound', v.order_id)) as seen,
       (select jsonb_agg(jsonb_build_object('epc', l.epc, 'sku', l.sku, 'quantity', coalesce(l.quantity, 1)) order by l.line)
        from order_lines l where (l.site, l.kind, l.order_id) = (v.site, 'outbound', v.order_id)) as asked
from shipments_v1 v
where v.shipment_id = any (%(ids)s::uuid[]) and v.state in ('refused', 'undeliverable', 'damaged')
  and not exists (select from returns r where r.case_ref = 'S-' || v.shipment_id)
order by v.shipment_id;

-- name: cases
-- Returns of it.
select case_ref, kind, state from returns where order_id = %(order_id)s and carrier = %(carrier)s and tracking = %(tracking)s order by 1;

-- name: news
-- All that was told of it.
select happened_at, state, note, told_at, told_by from shipment_events where shipment_id = %(shipment_id)s
order by happened_at, told_at;

-- name: order
-- The order that it is of.
select order_id from orders where site = %(site)s and kind = 'outbound' and order_id = %(order)s and cancelled_at is null;

-- name: insert
-- A new shipment; nothing where the carrier has one of that name.
insert into shipments (site, order_id, carrier, service, is_insured, is_signed, tracking, created_by)
values (%(site)s, %(order)s, %(carrier)s, %(service)s, %(is_insured)s, %(is_signed)s, %(tracking)s, %(by)s)
on conflict (carrier, tracking) do nothing;

-- name: whose
-- The shipments that news speak of, held in the order of their keys: what follows from news is worked out one by one.
select s.shipment_id, s.site, s.carrier, s.tracking
from shipments s
where (s.carrier, s.tracking) in (select row ->> 'carrier', row ->> 'tracking' from jsonb_array_elements(%(news)s::jsonb) b (row))
order by s.shipment_id
for no key update;

-- name: tell
-- What nobody had told before is added.
insert into shipment_events (shipment_id, happened_at, state, note, told_by)
select shipment_id, happened_at, state, note, %(by)s
from jsonb_to_recordset(%(news)s::jsonb) as b (shipment_id uuid, happened_at timestamptz, state text, note text)
order by shipment_id, happened_at, state
on conflict do nothing
returning shipment_id, happened_at, state, note;

-- name: follow
-- Shipments that need somebody raise an alert, and those that do not any more clear theirs.
select follow_shipments(%(ids)s::uuid[]) as changed;
