-- name: open_tasks
-- What is to be done at a site, the latest first; perhaps of one role, of somebody, or what nobody has.
select t.task_id, t.kind, t.role, t.epc, coalesce(t.sku, i.sku) as sku, coalesce(s.description, '') as goods, t.quantity, t.bin, t.to_bin,
       t.order_id, t.why, t.opened_by, t.due_at, t.due_at < now() as is_late, t.assignee, t.started_at, i.bin as lies_in, i.door as seen_at
from tasks t left join items i on i.epc = t.epc left join skus s on s.sku = coalesce(t.sku, i.sku)
where t.state = 'open' and t.site = %(site)s and (%(role)s::text is null or t.role = %(role)s)
  and (%(free)s::boolean is null or (t.assignee is null) = %(free)s)
order by t.due_at nulls last, t.priority, t.opened_at, t.task_id limit %(rows)s offset %(skipped)s

-- name: people
-- Who may be given a task: those of its role at its site, those who are on duty there first, then by the work that they have.
select p.person, p.name, d.site is not null as is_on_duty,
       (select count(*) from tasks t where t.assignee = p.person and t.state = 'open') as open_tasks
from floor_people p left join on_duty d on d.person = p.person and d.site = %(site)s
where floor_role(p.role) = %(role)s and (p.sites is null or %(site)s = any (p.sites))
order by is_on_duty desc, open_tasks, p.person limit 200

-- name: differences
-- Differences of counts at a site that nobody settled, of the latest count first.
select c.count_id, c.bin as counted_bin, c.zone, c.method, c.counted_at, c.counted_by, d.number, d.kind, d.epc, d.bin, d.sku,
       coalesce(s.description, '') as description, d.units, d.record_says
from counts_v1 c join count_differences_v1 d using (count_id) left join skus s on s.sku = d.sku
where c.site = %(site)s and c.state = 'differs' and d.verdict is null
order by c.counted_at desc, c.count_id, d.number limit %(rows)s

-- name: contradicted
-- Items at a site whose lives are contradicted by passages.
select l.epc, l.state, i.sku, coalesce(s.description, '') as description, i.bin, i.door
from lives l left join items i on i.epc = l.epc left join skus s on s.sku = i.sku
where l.contradictions > 0 and l.site = %(site)s order by l.epc limit %(rows)s
