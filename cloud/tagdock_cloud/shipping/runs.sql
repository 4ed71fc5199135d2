-- name: site
-- Where the site lies and which vehicles it has.
select s.site, f.lat_deg, f.lon_deg, f.time_zone, coalesce(f.vehicles, '[]') as vehicles
from sites s left join site_facts f using (site) where s.site = %(site)s;

-- name: deliverable
-- Open orders of a site with a destination that are on no run, urgent ones first; or those of them that are asked for.
select o.order_id as id, o.partner, o.destination, o.deliver_from, o.promised_at, o.mass_kg, o.volume_m3
from orders o
where o.site = %(site)s and o.kind = 'outbound' and o.cancelled_at is null and o.destination is not null
  and (o.order_id = any (%(orders)s::text[]) or %(orders)s::text[] is null and o.completed_at is null)
  and not exists (select from run_stops r where (r.site, r.order_id) = (o.site, o.order_id) and r.state <> 'failed')
  and not exists (select from shipments h where (h.site, h.order_id) = (o.site, o.order_id))
order by o.urgent desc, o.promised_at nulls last, o.order_id
limit %(rows)s;

-- name: insert
-- The stops of approved runs. An order that is on another run meanwhile is named.
with told as (
    select * from jsonb_to_recordset(%(stops)s::jsonb) as s (run integer, place integer, vehicle text, order_id text,
         arrives_at timestamptz, begins_at timestamptz)
), written as (
    insert into run_stops (question_id, site, order_id, run, place, vehicle, arrives_at, begins_at)
    select %(question_id)s, %(site)s, order_id, run, place, vehicle, arrives_at, begins_at from told
    on conflict do nothing
    returning order_id
)
select t.order_id from told t
where t.order_id not in (select order_id from written)
   or exists (select from orders o where (o.site, o.kind, o.order_id) = (%(site)s, 'outbound', t.order_id) and o.cancelled_at is not null)
order by 1
limit 1;

-- name: stops
-- The stops of a day's runs.
select r.run, r.place, r.vehicle, r.order_id, o.partner, o.destination, r.arrives_at, r.begins_at, r.state, r.ended_at, r.ended_by, r.note
from run_stops r join orders o on (o.site, o.kind, o.order_id) = (r.site, 'outbound', r.order_id)
where r.question_id = %(question_id)s and (%(order_id)s::text is null or r.order_id = %(order_id)s)
order by r.run, r.place;

-- name: end
-- A stop ends.
update run_stops set state = %(state)s, ended_at = now(), ended_by = %(by)s, note = %(note)s
where question_id = %(question_id)s and order_id = %(order_id)s;
