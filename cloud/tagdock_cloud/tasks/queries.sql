-- part: shown
-- What is shown of a task.
select t.task_id, t.site, t.kind, t.role, t.priority, t.state, t.epc, coalesce(t.sku, i.sku) as sku, t.quantity, t.bin, t.to_bin,
       t.order_id as "order", t.case_ref as "case", t.plan_id, t.step, t.why, t.opened_by, t.opened_at, t.due_at, t.assignee,
       t.assigned_at, t.assigned_by, t.assigned_why, t.started_at, t.reminded_at, t.escalated_at, t.done_at, t.done_by, t.done_how,
       t.result, t.changed_at
from tasks t left join items i on i.epc = t.epc

-- name: page
-- Tasks, the oldest first, after a key. A technician sees their own.
{{shown}}
where (%(sites)s::text[] is null or t.site = any (%(sites)s)) and (%(site)s::text is null or t.site = %(site)s)
  and (%(kind)s::text is null or t.kind = %(kind)s) and (%(role)s::text is null or t.role = %(role)s)
  and (%(state)s::text is null or t.state = %(state)s) and (%(assignee)s::text is null or t.assignee = %(assignee)s)
  and (%(is_assigned)s::boolean is null or (t.assignee is not null) = %(is_assigned)s)
  and (%(is_overdue)s::boolean is null or (t.state = 'open' and t.due_at < now()) = %(is_overdue)s)
  and (%(epc)s::text is null or t.epc = %(epc)s) and (%(order)s::text is null or t.order_id = %(order)s)
  and (%(case)s::text is null or t.case_ref = %(case)s)
  and (%(own)s::text is null or t.assignee = %(own)s or t.done_by = %(own)s)
  and (%(after_at)s::timestamptz is null or (t.opened_at, t.task_id) > (%(after_at)s, %(after_id)s::uuid))
order by t.opened_at, t.task_id
limit %(rows)s

-- name: one
-- One task.
{{shown}}
where t.task_id = %(task_id)s

-- name: hold
-- Hold a task: nobody else changes it before the transaction ends.
select task_id from tasks where task_id = %(task_id)s for update

-- name: open
-- There is something to do.
insert into tasks (site, kind, role, priority, epc, sku, quantity, bin, to_bin, order_id, case_ref, why, due_at)
values (%(site)s, %(kind)s, %(role)s, %(priority)s, %(epc)s, %(sku)s, %(quantity)s, %(bin)s, %(to_bin)s, %(order)s, %(case)s, %(why)s,
        %(due_at)s)
returning task_id

-- name: count_open
-- How many are open at a site.
select count(*) as tasks from tasks where site = %(site)s and state = 'open'

-- name: places
-- Which of these bins the site has.
select bin from bins where site = %(site)s and bin = any (%(bins)s::text[])

-- name: is_gtin_of
-- Whether goods have this GTIN.
select sku from skus where sku = %(sku)s and gtin = %(gtin)s

-- name: give
-- Somebody has it from now on; null: nobody.
update tasks set assignee = %(person)s, assigned_at = case when %(person)s::text is not null then clock_timestamp() end,
                 assigned_by = %(by)s, assigned_why = %(why)s::jsonb,
                 started_at = case when %(is_started)s then clock_timestamp() end,
                 not_for = case when %(not_for)s::text is null then not_for else array_append(array_remove(not_for, %(not_for)s), %(not_for)s) end
where task_id = %(task_id)s and state = 'open'

-- name: start
-- Somebody has begun with what is theirs.
update tasks set started_at = coalesce(started_at, clock_timestamp()) where task_id = %(task_id)s and state = 'open'

-- name: finish
-- It is done, or called off; once.
update tasks set state = %(state)s, done_at = clock_timestamp(), done_by = %(by)s, done_how = %(how)s, result = %(result)s::jsonb
where task_id = %(task_id)s and state = 'open'

-- name: excluded
-- Who may not do a task, as far as the record tells.
select t.kind, t.not_for, l.scrap_asked_by, array(select x ->> 'by' from jsonb_array_elements(l.inspections) x) as inspected_by
from tasks t left join lives l using (epc) where t.task_id = %(task_id)s

-- name: person
-- Somebody who may work on the floor.
select person, floor_role(role) as role, sites from floor_people where person = %(person)s

-- name: site
-- Whether there is such a site.
select site from sites where site = %(site)s

-- name: come
-- Somebody is on duty from now on; where they were already, since when stays.
insert into on_duty as d (person, site) values (%(person)s, %(site)s)
on conflict (person) do update set site = excluded.site, since = case when d.site = excluded.site then d.since else now() end

-- name: go
-- Somebody is off duty.
delete from on_duty where person = %(person)s

-- name: lay_down
-- What was dealt to somebody, and what they have not begun with, is for others; what a manager gave them stays theirs.
update tasks set assignee = null, assigned_at = null, assigned_by = null, assigned_why = null
where assignee = %(person)s and state = 'open' and started_at is null and assigned_by = 'tagdock'

-- name: duty_of
-- Since when somebody is on duty, and where.
select person, name, role, site, since, dealt_at, open_tasks from on_duty_v1 where person = %(person)s

-- name: on_duty
-- People on duty at the sites that one sees.
select person, name, role, site, since, dealt_at, open_tasks from on_duty_v1
where (%(sites)s::text[] is null or site = any (%(sites)s)) and (%(site)s::text is null or site = %(site)s)
  and (%(after)s::text is null or person > %(after)s)
order by person limit %(rows)s

-- name: lock_deal
-- One dealing at a time: two would each see the open work from before the other's.
select pg_advisory_xact_lock(hashtextextended('tagdock.tasks.deal', 0))

-- name: waiting
-- Tasks that nobody has, where somebody of their role has room for one; of each site and role the most urgent.
with room as materialized (select distinct site, role from on_duty_v1 where open_tasks < %(hand)s)
select t.task_id::text as task_id, t.site, t.role, t.kind, t.priority, t.due_at, t.opened_at, t.not_for, l.scrap_asked_by,
       array(select x ->> 'by' from jsonb_array_elements(l.inspections) x) as inspected_by
from room r
cross join lateral (
    select w.* from tasks w
    where w.site = r.site and w.role = r.role and w.state = 'open' and w.assignee is null
    order by w.priority, w.due_at nulls last, w.opened_at, w.task_id
    limit %(rows)s
) t
left join lives l using (epc)

-- name: people
-- People on duty with the work that they have.
select person, site, role, open_tasks, dealt_at from on_duty_v1

-- name: deal
-- Deal tasks out; one that somebody took meanwhile, or that was ended, is left alone.
with dealt as (
    update tasks t set assignee = r.person, assigned_at = clock_timestamp(), assigned_by = 'tagdock', assigned_why = r.why
    from jsonb_to_recordset(%(dealt)s::jsonb) as r (task_id uuid, person text, why jsonb)
    where t.task_id = r.task_id and t.state = 'open' and t.assignee is null
    returning t.assignee
)
update on_duty d set dealt_at = clock_timestamp() where d.person in (select assignee from dealt)

-- name: end_shifts
-- Who has not gone home for so long has forgotten to say so.
delete from on_duty where since < now() - make_interval(hours => %(hours)s) returning person

-- name: sites
-- All sites.
select site from sites_v1 order by site

-- name: passed
-- Which items moved in a stretch of the record.
select distinct epc from movements
where site = any (%(sites)s::text[]) and stored_at > %(after)s and stored_at <= %(upto)s

-- name: noticed
-- What reads show to be done: goods that lie in a bin, that left the bin they were to be taken from, that have left by a door.
-- Of these items, or of all (null).
with seen as (
    select t.task_id, i.bin, i.door
    from tasks t join items i on i.epc = t.epc and i.since > t.opened_at
    where t.state = 'open' and t.opened_by is null and t.plan_id is null
      and (%(epcs)s::text[] is null or t.epc = any (%(epcs)s))
      and case t.kind
          when 'put_away' then i.bin is not null and i.bin = coalesce(t.to_bin, i.bin)
          when 'relocate' then i.bin = t.to_bin
          when 'pick' then i.bin is distinct from t.bin
          when 'pack' then i.state = 'in_transit'
          else false end
)
update tasks t set state = 'done', done_at = clock_timestamp(), done_by = 'reads', done_how = 'read',
                   result = jsonb_strip_nulls(jsonb_build_object('bin', s.bin, 'door', s.door))
from seen s where t.task_id = s.task_id and t.state = 'open'

-- name: noticed_units
-- Units of goods that were to be brought to a bin, whichever items they are in: as many have come there since.
update tasks t set state = 'done', done_at = clock_timestamp(), done_by = 'reads', done_how = 'read', result = jsonb_build_object('bin', t.to_bin)
where t.state = 'open' and t.kind = 'relocate' and t.epc is null and t.sku is not null and t.quantity > 0 and t.opened_by is null and t.plan_id is null
  and (select coalesce(sum(i.quantity), 0) from items i
       where (i.site, i.bin, i.sku) = (t.site, t.to_bin, t.sku) and i.since > t.opened_at) >= t.quantity

-- name: noticed_orders
-- What is to be picked or packed for an order that is complete, is done.
update tasks t set state = 'done', done_at = clock_timestamp(), done_by = 'reads', done_how = 'read'
from orders o
where (o.site, o.kind, o.order_id) = (t.site, 'outbound', t.order_id) and o.completed_at is not null
  and t.state = 'open' and t.kind in ('pick', 'pack') and (t.epc is null or t.by_rule) and t.order_id is not null

-- name: remind
-- A quarter of its time is left: whoever has it hears of it.
update tasks set reminded_at = clock_timestamp()
where state = 'open' and reminded_at is null and due_at > now() and now() >= due_at - (due_at - opened_at) / 4

-- name: escalate
-- It is overdue: it goes before all others, and what somebody has who is not there any more is for the others.
update tasks t set escalated_at = clock_timestamp(), priority = 1,
                   assignee = case when is_left then null else assignee end,
                   assigned_by = case when is_left then null else assigned_by end,
                   assigned_why = case when is_left then null else assigned_why end,
                   assigned_at = case when is_left then null else assigned_at end,
                   started_at = case when is_left then null else started_at end
from (select task_id, assigned_by = 'tagdock' and not exists (select from on_duty d where d.person = o.assignee) as is_left
      from tasks o where state = 'open' and escalated_at is null and due_at <= now()) w
where t.task_id = w.task_id

-- name: tell_overdue
-- Say to managers what is overdue.
select tell_overdue()

-- part: changes
-- Tasks as they are now, and when they became so. What is repaired only its technician sees.
select t.site, t.task_id, t.kind, t.role, t.priority, t.state, case when t.kind <> 'repair' then t.epc end as epc, t.sku, t.quantity,
       t.bin, t.to_bin, t.order_id as "order", case when t.kind <> 'repair' then t.case_ref end as "case", t.due_at, t.assignee, t.started_at, t.reminded_at, t.escalated_at, t.done_at, t.done_by, t.done_how,
       t.changed_at, task_change_id(t.task_id, t.changed_at) as change_id
from tasks t

-- part: not_seen
-- The next of them in their order.
  and t.changed_at > %(after)s and task_change_id(t.task_id, t.changed_at) <> all (%(seen)s::uuid[])
order by t.changed_at, task_change_id(t.task_id, t.changed_at)
limit %(rows)s

-- name: changed
-- Tasks of any of the sites that changed since a moment shortly ago, without the changes that were seen already.
{{changes}}
where t.site = any (%(sites)s::text[])
{{not_seen}}

-- name: changed_at
-- The same of one site, from a moment long ago.
{{changes}}
where t.site = %(site)s
{{not_seen}}
