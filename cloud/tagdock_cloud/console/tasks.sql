-- part: shown
-- What a page shows of a task.
select t.task_id, t.site, t.kind, t.role, t.priority, t.state, t.epc, coalesce(t.sku, i.sku) as sku, coalesce(s.description, '') as goods,
       t.quantity, t.bin, t.to_bin, t.order_id, t.case_ref, t.plan_id, t.step, t.why, t.opened_by, t.opened_at, t.due_at,
       t.due_at < now() as is_late, t.assignee, t.assigned_by, t.assigned_why, t.started_at, t.done_at, t.done_by,
       i.bin as lies_in, i.door as seen_at, i.state as item_state
from tasks t left join items i on i.epc = t.epc left join skus s on s.sku = coalesce(t.sku, i.sku)

-- name: mine
-- What somebody has to do at a site, the most urgent first.
{{shown}}
where t.state = 'open' and t.assignee = %(person)s and t.site = %(site)s
order by t.started_at is null, t.priority, t.due_at nulls last, t.opened_at
limit 50

-- name: one
-- One task.
{{shown}}
where t.task_id = %(task_id)s

-- name: free
-- How many tasks of a role nobody has.
select count(*) as tasks from tasks where state = 'open' and assignee is null and site = %(site)s and role = %(role)s

-- name: scanned
-- The open task that a scan means, of this person's or of those that nobody has: by item, else by bin, order or goods.
{{shown}}
where t.state = 'open' and t.site = %(site)s and t.role = %(role)s and (t.assignee = %(person)s or t.assignee is null)
  and (t.epc = any (%(epcs)s::text[]) or t.bin = %(text)s or t.to_bin = %(text)s or t.order_id = %(text)s or t.sku = %(text)s
       or (t.epc is null and t.sku in (select g.sku from skus g where g.gtin = %(gtin)s
                                       union all select x.sku from items x where x.epc = any (%(epcs)s::text[]))))
order by t.epc = any (%(epcs)s::text[]) desc nulls last, t.assignee is null, t.bin = %(text)s desc nulls last, t.priority,
         t.due_at nulls last, t.opened_at
limit 1

-- name: work_order
-- What is to be repaired, and what went in.
select w.work_order_id, w.fault, w.defect, w.state, w.parts_expected_at,
       (select coalesce(sum(p.quantity), 0) from work_order_parts p where p.work_order_id = w.work_order_id and p.way = 'installed') as parts
from work_orders w where w.task_id = %(task_id)s

-- name: sku_of
-- The goods that a scan means: by name, by barcode, or by a tag.
select sku from (select sku, 1 as place from skus where sku = %(text)s
                 union all select sku, 2 from skus where gtin = %(gtin)s
                 union all select sku, 3 from items where epc = any (%(epcs)s::text[]) and sku is not null
                 union all select sku, 4 from items where sku = %(text)s) g
order by place limit 1

-- name: item
-- Where a scanned item is.
select epc, sku, site, bin, door, state from items where epc = any (%(epcs)s::text[]) order by since desc limit 1
