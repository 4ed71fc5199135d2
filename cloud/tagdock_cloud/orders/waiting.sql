-- part: shown
-- An order that waits as it is shown.
select order_id as id, partner, asked_at, due_at, destination, deliver_from, promised_at, urgent, value, mass_kg, volume_m3, may_split, lines, state,
       allocated_at, question_id, updated_at
from waiting_orders_v1

-- name: held
-- Orders as they were told, held until the transaction ends, in the order of their names.
select order_id as id, partner, due_at, destination, deliver_from, promised_at, urgent, value, mass_kg, volume_m3, may_split, lines,
       allocated_at is not null as is_allocated
from waiting_orders where order_id = any (%(ids)s::text[])
order by order_id
for no key update;

-- name: upsert
-- Enter orders. What was cancelled stays cancelled, and who came first stays so.
insert into waiting_orders (order_id, partner, due_at, destination, deliver_from, promised_at, urgent, value, mass_kg, volume_m3,
                            may_split, lines, updated_at, updated_by)
select id, partner, due_at, destination, deliver_from, promised_at, urgent, value, mass_kg, volume_m3, may_split, lines,
       clock_timestamp(), %(by)s
from jsonb_to_recordset(%(orders)s::jsonb) as b (id text, partner text, due_at timestamptz, destination jsonb, deliver_from timestamptz,
     promised_at timestamptz, urgent boolean, value double precision, mass_kg double precision,
     volume_m3 double precision, may_split boolean, lines jsonb)
order by id
on conflict (order_id) do update
set partner = excluded.partner, due_at = excluded.due_at, destination = excluded.destination, deliver_from = excluded.deliver_from,
    promised_at = excluded.promised_at, urgent = excluded.urgent, value = excluded.value, mass_kg = excluded.mass_kg,
    volume_m3 = excluded.volume_m3, may_split = excluded.may_split,
    lines = excluded.lines, updated_by = excluded.updated_by, updated_at = excluded.updated_at;

-- name: page
-- Orders by their names.
{{shown}}
where (%(state)s::text is null or state = %(state)s) and (%(after)s::text is null or order_id > %(after)s)
order by order_id
limit %(rows)s;

-- name: one
-- One order.
{{shown}}
where order_id = %(id)s;

-- name: cancel
-- Nothing is shipped of it.
update waiting_orders set cancelled_at = now(), updated_at = now(), updated_by = %(by)s
where order_id = %(id)s and cancelled_at is null and allocated_at is null;
