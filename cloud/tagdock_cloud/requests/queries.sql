-- part: shown
-- What a list shows of a service request.
select r.request_id, r.task_id, r.site, r.kind, r.channel, r.class, r.customer, r.order_id as "order", r.epc, r.case_ref as "case", r.text,
       r.state, t.priority, t.assignee as owner, t.due_at, (r.state = 'open' and coalesce(t.due_at < now(), false)) as is_overdue,
       r.resolution, r.liability, r.opened_at, r.opened_by, r.closed_at, r.closed_by, r.score, r.score_note, r.scored_at
from service_requests r join tasks t using (task_id)

-- name: page
-- Service requests, the oldest first, after a key.
{{shown}}
where (%(sites)s::text[] is null or r.site = any (%(sites)s)) and (%(site)s::text is null or r.site = %(site)s)
  and (%(kind)s::text is null or r.kind = %(kind)s) and (%(state)s::text is null or r.state = %(state)s)
  and (%(class)s::text is null or r.class = %(class)s) and (%(customer)s::text is null or r.customer = %(customer)s)
  and (%(order)s::text is null or r.order_id = %(order)s) and (%(epc)s::text is null or r.epc = %(epc)s)
  and (%(case)s::text is null or r.case_ref = %(case)s) and (%(owner)s::text is null or t.assignee = %(owner)s)
  and (%(is_overdue)s::boolean is null or (r.state = 'open' and coalesce(t.due_at < now(), false)) = %(is_overdue)s)
  and (%(after_at)s::timestamptz is null or (r.opened_at, r.request_id) > (%(after_at)s, %(after_id)s::uuid))
order by r.opened_at, r.request_id
limit %(rows)s

-- name: hold
-- Hold a request: nobody else changes it before the transaction ends.
select request_id from service_requests where request_id = %(request_id)s for update

-- name: one
-- One request.
select s.*, r.reference from ({{shown}} where r.request_id = %(request_id)s) s join service_requests r using (request_id)

-- name: add
-- Somebody complains, or asks.
insert into service_requests (task_id, site, kind, channel, class, customer, order_id, epc, case_ref, text, opened_by)
values (%(task_id)s, %(site)s, %(kind)s, %(channel)s, %(class_)s, %(customer)s, %(order)s, %(epc)s, %(case)s, %(text)s, %(by)s)
returning request_id

-- name: blame
-- Whose fault it was.
update service_requests set liability = %(liability)s, changed_at = clock_timestamp() where request_id = %(request_id)s

-- name: reopen
-- It is not over: another task, and what was said of the answer before goes.
update service_requests set task_id = %(task_id)s, state = 'open', closed_at = null, closed_by = null, resolution = null, score = null,
                            score_note = '', scored_at = null, changed_at = clock_timestamp()
where request_id = %(request_id)s

-- name: by_reference
-- The request that a reference is of; held until the transaction ends.
select request_id, site, state, score, scored_at from service_requests where reference = %(reference)s for update

-- name: score
-- How content somebody is.
update service_requests set score = %(score)s, score_note = %(note)s, scored_at = clock_timestamp(), changed_at = clock_timestamp()
where request_id = %(request_id)s
returning score, scored_at
