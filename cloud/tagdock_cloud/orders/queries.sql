-- name: sites_missing
-- Sites that nobody knows.
select place - 1 as place, row ->> 'site' as site
from jsonb_array_elements(%(orders)s::jsonb) with ordinality as b (row, place)
where not exists (select from sites_v1 s where s.site = row ->> 'site')
order by place
limit 1;

-- name: lock
-- Hold the orders that are there already, in the order of their keys; a session that is opened for one waits.
select from orders
where (site, kind, order_id) in (
    select row ->> 'site', %(kind)s::text, row ->> 'id' from jsonb_array_elements(%(orders)s::jsonb) as b (row)
)
order by site, kind, order_id
for no key update;

-- name: whole
-- The orders as they stand, in the words in which they were sent.
select o.site, o.order_id as id, o.partner, o.door, o.due_at, o.destination, o.deliver_from, o.promised_at, o.urgent, o.value, o.mass_kg,
       o.volume_m3,
       (select jsonb_agg(jsonb_build_object('epc', l.epc, 'sku', l.sku, 'quantity', l.quantity) order by l.line)
        from order_lines l where (l.site, l.kind, l.order_id) = (o.site, o.kind, o.order_id)) as lines
from orders o
where (o.site, o.kind, o.order_id) in (
    select row ->> 'site', %(kind)s::text, row ->> 'id' from jsonb_array_elements(%(orders)s::jsonb) as b (row)
);

-- name: upsert
-- Enter orders. What was cancelled stays cancelled; what was complete is open again, as more may be asked for.
insert into orders as o (site, kind, order_id, partner, door, due_at, destination, deliver_from, promised_at, urgent, value, mass_kg, volume_m3,
                    updated_by)
select site, %(kind)s, id, partner, door, due_at, nullif(destination, 'null'), deliver_from, promised_at, urgent, value, mass_kg, volume_m3,
       %(by)s
from jsonb_to_recordset(%(orders)s::jsonb) as b (site text, id text, partner text, door text, due_at timestamptz, destination jsonb,
     deliver_from timestamptz, promised_at timestamptz, urgent boolean, value double precision, mass_kg double precision,
     volume_m3 double precision)
order by site, id
on conflict (site, kind, order_id) do update
set partner = excluded.partner, door = excluded.door, due_at = excluded.due_at, destination = excluded.destination,
    deliver_from = excluded.deliver_from, promised_at = excluded.promised_at, urgent = excluded.urgent, value = excluded.value,
    mass_kg = excluded.mass_kg, volume_m3 = excluded.volume_m3,
    updated_by = excluded.updated_by, updated_at = now(), completed_at = null;

-- name: forget_lines
-- The lines are replaced whole.
delete from order_lines
where (site, kind, order_id) in (
    select row ->> 'site', %(kind)s::text, row ->> 'id' from jsonb_array_elements(%(orders)s::jsonb) as b (row)
);

-- name: add_lines
-- Enter the lines.
insert into order_lines (site, kind, order_id, line, epc, sku, quantity)
select b.row ->> 'site', %(kind)s, b.row ->> 'id', l.line, l.row ->> 'epc', l.row ->> 'sku', (l.row ->> 'quantity')::bigint
from jsonb_array_elements(%(orders)s::jsonb) as b (row)
cross join lateral jsonb_array_elements(b.row -> 'lines') with ordinality as l (row, line);

-- name: lock_sessions
-- Hold the sessions of these orders, in the order of their keys.
select from door_sessions
where (site, kind, order_id) in (
    select row ->> 'site', %(kind)s::text, row ->> 'id' from jsonb_array_elements(%(orders)s::jsonb) as b (row)
)
order by site, session_id
for update;

-- name: sessions_follow
-- What the sessions of these orders are to see is another now.
with followed as (
    update door_sessions s set is_watched = true, watched_from = null, told_at = null, changed_at = clock_timestamp()
    where (site, kind, order_id) in (
        select row ->> 'site', %(kind)s::text, row ->> 'id' from jsonb_array_elements(%(orders)s::jsonb) as b (row)
    )
    returning site, session_id
)
select project_session(site, session_id, true) from followed;

-- name: page
-- Orders by when they are due, those without a time last.
select site, order_id as id, partner, door, due_at, state, lines, updated_at
from orders_v1
where kind = %(kind)s
  and (%(site)s::text is null or site = %(site)s)
  and (%(sites)s::text[] is null or site = any (%(sites)s))
  and (%(state)s::text is null or state = %(state)s)
  and (%(door)s::text is null or door = %(door)s)
  and (%(partner)s::text is null or partner = %(partner)s)
  and (%(since)s::timestamptz is null or due_at >= %(since)s)
  and (%(until)s::timestamptz is null or due_at < %(until)s)
  and (%(after_due)s::timestamptz is null
       or (coalesce(due_at, 'infinity'), site, order_id) > (%(after_due)s, %(after_site)s, %(after_id)s))
order by coalesce(due_at, 'infinity'), site, order_id
limit %(rows)s;

-- name: one
-- One order with its lines and what sessions have seen of each.
select o.site, o.order_id as id, o.partner, o.door, o.due_at, o.destination, o.deliver_from, o.promised_at, o.urgent, o.value, o.mass_kg,
       o.volume_m3, o.state, o.updated_at, t.updated_by,
       (select jsonb_agg(jsonb_build_object('line', l.line, 'epc', l.epc, 'sku', l.sku, 'expected', coalesce(l.quantity, 1),
                                            'seen', coalesce(v.seen, 0)) order by l.line)
        from order_lines l left join (
            select v.line, sum(v.seen)::bigint as seen from door_sessions s, session_lines_of(s.site, s.session_id) v
            where (s.site, s.kind, s.order_id) = (o.site, o.kind, o.order_id) group by v.line
        ) v using (line)
        where (l.site, l.kind, l.order_id) = (o.site, o.kind, o.order_id)) as lines
from orders_v1 o join orders t using (site, kind, order_id)
where o.site = %(site)s and o.kind = %(kind)s and o.order_id = %(id)s;

-- name: cancel
-- Cancel an order; once more changes nothing.
update orders set cancelled_at = now(), updated_at = now(), updated_by = %(by)s
where site = %(site)s and kind = %(kind)s and order_id = %(id)s and cancelled_at is null;
