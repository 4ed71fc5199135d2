-- The return rate: units that came back, by units that left for customers. Cases by orders told nothing where an order is a
-- truckload and a case one carton (decision 0147).

-- What came back of cases that were neither declined nor cancelled, item by item; units as the item holds them.
create view returned_units_v1 as
select r.site, r.case_ref, r.order_id, r.reason, l.epc, l.received_at,
       coalesce((select greatest(i.quantity, 1) from items i where i.epc = l.epc), 1)::bigint as units
from returns r join return_lines l using (case_ref)
where l.received_at is not null and r.state not in ('declined', 'cancelled');

-- Orders of customers that left whole: of goods told by SKU as many units as the order says, of an item as many as it holds.
-- What goes to another site was sold to nobody.
create view sent_units_v1 as
select o.site, o.order_id, o.completed_at, coalesce(s.units, 0)::bigint as units
from orders o
cross join lateral (
    select sum(coalesce(l.quantity, (select greatest(i.quantity, 1) from items i where i.epc = l.epc), 1)) as units
    from order_lines l where (l.site, l.kind, l.order_id) = (o.site, o.kind, o.order_id)
) s
where o.kind = 'outbound' and o.completed_at is not null
  and not exists (select from transfers t where (t.start_site, t.transfer_id) = (o.site, o.order_id));

-- One row a thing that counts for a figure at `at`. A share is sum(part) / sum(whole); a time is the median of `seconds`.
--   stock_accuracy    a line that was counted; part: without a difference
--   on_time_dispatch  an order whose time to leave came; part: it left whole by then; word: on_time, late, overdue
--   return_rate       part: units of an item that came back, word: its case's reason; whole: units of an order that left whole
--   time_in_state     a stay of an item in a state that ended; word: the state; items that left for good left out
--   repair_time       a closed repair
--   first_time_fix    a closed repair that repeated no other; part: it was enough
create or replace view kpi_facts_v1 as
select 'stock_accuracy'::text as kpi, site, counted_at as at, is_right::integer as part, 1 as whole, null::float8 as seconds,
       null::text as word
from counted_lines_v1
union all
select 'on_time_dispatch', site, due_at, (state = 'on_time')::integer, 1, null, state from dispatch_v1 where state <> 'open'
union all
select 'return_rate', site, received_at, least(units, 2147483647)::integer, 0, null, reason from returned_units_v1
union all
select 'return_rate', site, completed_at, 0, least(units, 2147483647)::integer, null, null from sent_units_v1
union all
select 'time_in_state', site, until, null, null, seconds, state from life_stays_v1 where until is not null and not is_gone
union all
select 'repair_time', site, closed_at, null, null, took_s, null from repairs_v1
union all
select 'first_time_fix', site, closed_at, is_fixed::integer, 1, null, null from repairs_v1 where not is_repeat;

-- The same facts by the person who had a hand in them, as before but for the return rate.
create or replace view kpi_people_v1 as
select 'stock_accuracy'::text as kpi, site, counted_by as person, counted_at as at, is_right::integer as part, 1 as whole,
       null::float8 as seconds, null::text as word
from counted_lines_v1 where counted_by ~ '^(user|token):'
union all
select 'on_time_dispatch', d.site, h.person, d.due_at, (d.state = 'on_time')::integer, 1, null, d.state
from dispatch_v1 d join order_hands h using (site, order_id) where d.state <> 'open'
union all
select 'return_rate', r.site, h.person, r.received_at, least(r.units, 2147483647)::integer, 0, null, r.reason
from returned_units_v1 r join order_hands h using (site, order_id)
union all
select 'return_rate', s.site, h.person, s.completed_at, 0, least(s.units, 2147483647)::integer, null, null
from sent_units_v1 s join order_hands h using (site, order_id)
union all
select 'time_in_state', site, ended_by, until, null, null, seconds, state
from life_stays_v1 where until is not null and not is_gone and ended_by ~ '^(user|token):'
union all
select 'repair_time', site, technician, closed_at, null, null, took_s, null from repairs_v1 where technician is not null
union all
select 'first_time_fix', site, technician, closed_at, is_fixed::integer, 1, null, null
from repairs_v1 where not is_repeat and technician is not null;

create index orders_by_completion on orders (completed_at) where kind = 'outbound' and completed_at is not null;
create index return_lines_by_arrival on return_lines (received_at) where received_at is not null;
