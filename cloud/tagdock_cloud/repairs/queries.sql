-- part: shown
-- What a list shows of a work order.
select w.work_order_id, w.task_id, w.site, w.epc, coalesce(t.sku, i.sku) as sku, w.case_ref as "case", w.state, w.fault, w.defect,
       t.priority, t.assignee as technician, t.due_at, w.warranty_until,
       coalesce(w.warranty_until >= (w.opened_at at time zone 'UTC')::date and w.liability is distinct from 'customer', false) as is_warranty,
       w.liability, w.opened_at, w.opened_by, w.parts_expected_at, w.test_passed, w.test_note, w.tested_at, w.tested_by, w.outcome,
       w.closed_at, w.closed_by
from work_orders w join tasks t using (task_id) left join items i on i.epc = w.epc

-- name: page
-- Work orders, the oldest first, after a key. A technician sees their own.
{{shown}}
where (%(sites)s::text[] is null or w.site = any (%(sites)s)) and (%(site)s::text is null or w.site = %(site)s)
  and (%(state)s::text is null or w.state = %(state)s) and (%(epc)s::text is null or w.epc = %(epc)s)
  and (%(case)s::text is null or w.case_ref = %(case)s)
  and (%(technician)s::text is null or t.assignee = %(technician)s)
  and (%(own)s::text is null or t.assignee = %(own)s or w.closed_by = %(own)s)
  and (%(is_open)s::boolean is null or (w.closed_at is null) = %(is_open)s)
  and (%(after_at)s::timestamptz is null or (w.opened_at, w.work_order_id) > (%(after_at)s, %(after_id)s::uuid))
order by w.opened_at, w.work_order_id
limit %(rows)s

-- name: hold
-- Hold a work order: nobody else changes it before the transaction ends.
select work_order_id from work_orders where work_order_id = %(work_order_id)s for update

-- name: one
-- One work order whole.
select s.*, w.reference, (select coalesce(jsonb_agg(jsonb_build_object('part_id', p.part_id, 'way', p.way, 'epc', p.epc, 'sku', p.sku,
           'bin', p.bin, 'quantity', p.quantity, 'fate', p.fate, 'at', p.at, 'by', p.by) order by p.at, p.part_id), '[]')
    from work_order_parts p where p.work_order_id = s.work_order_id) as parts
from ({{shown}} where w.work_order_id = %(work_order_id)s) s join work_orders w using (work_order_id)

-- name: of_step
-- The work order that a step of a life opened.
select w.work_order_id from work_orders w join tasks t using (task_id) where t.opened_by = %(step_id)s

-- name: describe
-- What is known of it as it opens.
update work_orders set fault = %(fault)s, defect = %(defect)s, warranty_until = %(warranty_until)s, liability = %(liability)s,
                       opened_by = %(by)s, changed_at = clock_timestamp()
where work_order_id = %(work_order_id)s

-- name: rank
-- How urgent its task is.
update tasks set priority = %(priority)s, due_at = coalesce(%(due_at)s, due_at)
where task_id = (select task_id from work_orders where work_order_id = %(work_order_id)s)

-- name: progress
-- Where the work stands; what waits for parts is due a day after they come.
with moved as (
    update work_orders set state = %(state)s, parts_expected_at = %(parts_expected_at)s, changed_at = clock_timestamp()
    where work_order_id = %(work_order_id)s and closed_at is null
    returning task_id, parts_expected_at
)
update tasks t set due_at = greatest(t.due_at, m.parts_expected_at + interval '1 day'),
                   reminded_at = null
from moved m where t.task_id = m.task_id and m.parts_expected_at is not null

-- name: count_parts
-- How many lines of parts it has.
select count(*) as parts from work_order_parts where work_order_id = %(work_order_id)s

-- name: add_part
-- A part went out or in.
insert into work_order_parts (work_order_id, way, epc, sku, bin, quantity, fate, by)
values (%(work_order_id)s, %(way)s, %(epc)s, %(sku)s, %(bin)s, %(quantity)s, %(fate)s, %(by)s)

-- name: forget_test
-- What was tested is another thing now.
update work_orders set test_passed = null, state = case when state = 'testing' then 'open' else state end, changed_at = clock_timestamp()
where work_order_id = %(work_order_id)s and closed_at is null

-- name: cartons
-- Units that may be used, of one item, or of a SKU in a bin, the oldest first; held until the transaction ends.
select i.epc, i.gtin, i.sku, i.quantity, i.bin from items i left join lives l using (epc)
where i.site = %(site)s and i.state = 'sellable_accessible' and coalesce(l.is_sellable, true) and i.quantity > 0
  and (%(epc)s::text is null or i.epc = %(epc)s)
  and (%(epc)s::text is not null or (i.sku = %(sku)s and i.bin = %(bin)s))
order by i.since, i.epc
for update of i

-- name: test
-- What the test showed.
update work_orders set test_passed = %(passed)s, test_note = %(note)s, tested_at = clock_timestamp(), tested_by = %(by)s,
                       state = case when %(passed)s then 'testing' else 'open' end, changed_at = clock_timestamp()
where work_order_id = %(work_order_id)s and closed_at is null

-- name: outcome
-- In words how it ended.
update work_orders set outcome = %(note)s, changed_at = clock_timestamp() where work_order_id = %(work_order_id)s

-- name: by_reference
-- What the holder of a reference is told.
select state, changed_at as since, parts_expected_at from work_orders where reference = %(reference)s
