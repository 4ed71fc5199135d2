-- name: tallies
-- How many cases of a site are in each state.
select state, count(*) as cases from returns where site = %(site)s group by state

-- name: contents
-- What is in cases: how much came of it, and how much is decided; goods as far as they fit into a line.
select l.case_ref, sum(l.quantity) as units, coalesce(sum(l.quantity) filter (where l.received_at is not null), 0) as came,
       coalesce(sum(l.quantity) filter (where l.outcome is not null), 0) as decided,
       (array_agg(distinct coalesce(l.sku, i.sku, l.epc)))[:3] as goods
from return_lines l left join items i on i.epc = l.epc
where l.case_ref = any (%(refs)s::text[]) group by l.case_ref

-- name: places
-- Where the items of a case are, and what they are.
select l.line, i.site, i.state as tells, i.bin, i.door, coalesce(s.description, '') as description
from return_lines l left join items i on i.epc = l.epc left join skus s on s.sku = coalesce(l.sku, i.sku)
where l.case_ref = %(case_ref)s

-- name: tasks
-- What is to be done for a case, or with an item of it, the most urgent first.
select t.task_id, t.kind, t.role, t.why, t.epc, t.assignee, t.due_at, t.due_at < now() as is_late, t.opened_by
from tasks t
where t.state = 'open' and (t.case_ref = %(case_ref)s or t.epc = any (%(epcs)s::text[]))
order by t.due_at nulls last, t.opened_at limit 50
