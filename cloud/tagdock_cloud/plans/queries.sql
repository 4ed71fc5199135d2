-- name: page
-- Plans, newest first, after a key.
select v.plan_id, v.site, v.asked_at, v.asked_by, v.request, v.state, v.status, v.current_m_per_day,
       v.objective_m_per_day, v.lower_bound_m_per_day, v.solver, v.seconds, v.finished_at, v.error,
       jsonb_array_length(v.plan -> 'moves') as moves,
       p.layout_version is distinct from s.layout_version as layout_changed
from plans_v1 v join plans p using (plan_id) join sites s on s.site = v.site
where (%(site)s::text is null or v.site = %(site)s) and (%(sites)s::text[] is null or v.site = any(%(sites)s))
  and (%(before_at)s::timestamptz is null or (v.asked_at, v.plan_id) < (%(before_at)s, %(before_id)s::uuid))
order by v.asked_at desc, v.plan_id desc
limit %(rows)s;

-- name: one
-- One plan whole.
select v.plan_id, v.site, v.asked_at, v.asked_by, v.request, v.state, v.status, v.current_m_per_day,
       v.objective_m_per_day, v.lower_bound_m_per_day, v.solver, v.seconds, v.finished_at, v.error,
       jsonb_array_length(v.plan -> 'moves') as moves,
       p.layout_version is distinct from s.layout_version as layout_changed,
       v.plan, p.approved_at, p.approved_by
from plans_v1 v join plans p using (plan_id) join sites s on s.site = v.site
where v.plan_id = %(plan_id)s;

-- name: lock_site
-- Plans of one site are asked for and approved one after the other.
select site, layout_version, layout_updated_at is not null as imported, now() as now,
       (select min(observed_at) from movements m where m.site = s.site) as first_at,
       (select count(*) from plans p where p.site = s.site and p.state in ('asked', 'solving')) as open_plans
from sites s where site = %(site)s
for update;

-- name: insert
-- A plan that waits for the solver.
insert into plans (plan_id, site, asked_by, request, layout_version)
values (%(plan_id)s, %(site)s, %(asked_by)s, %(request)s::jsonb, %(layout_version)s);

-- name: defer
-- The queue's own function, so that the job exists exactly when the plan does: one transaction.
select procrastinate_defer_jobs_v1(array[
    row('plans', 'solve_plan', 0, null, null, jsonb_build_object('plan_id', %(plan_id)s::text), null)
]::procrastinate_job_to_defer_v1[]);

-- name: replace
-- The plan that was followed so far steps back to done; what of its moves was not carried out falls away.
with former as (
    update plans set state = 'done' where site = %(site)s and state = 'approved' and plan_id <> %(plan_id)s
    returning plan_id
), dropped as (
    delete from moves where plan_id in (select plan_id from former) and state = 'open'
)
select plan_id from former;

-- name: approve
-- From now on the site follows this plan.
update plans set state = 'approved', approved_at = now(), approved_by = %(approved_by)s where plan_id = %(plan_id)s;

-- name: fill_moves
-- Turn the plan's moves into the list that people carry out.
insert into moves (plan_id, step, sku, from_bin, to_bin, saves_m_per_day, why)
select p.plan_id, m.step, m.sku, m."from", m."to", m.saves_m_per_day, coalesce(m.why, '')
from plans p, jsonb_to_recordset(p.plan -> 'moves') as m (step integer, sku text, "from" text, "to" text,
     saves_m_per_day double precision, why text)
where p.plan_id = %(plan_id)s
on conflict (plan_id, step) do nothing;

-- name: moves
-- The moves of a plan: as approved, or as proposed while nobody has approved them.
select step, sku, from_bin, to_bin, saves_m_per_day, why, state, done_at as decided_at, decided_by
from moves where plan_id = %(plan_id)s
union all
select m.step, m.sku, m."from", m."to", m.saves_m_per_day, coalesce(m.why, ''), 'proposed', null, null
from plans p, jsonb_to_recordset(p.plan -> 'moves') as m (step integer, sku text, "from" text, "to" text,
     saves_m_per_day double precision, why text)
where p.plan_id = %(plan_id)s and p.state = 'done'
  and not exists (select from moves d where d.plan_id = p.plan_id and d.step = m.step)
order by step;

-- name: move
-- One move of a plan.
select step, sku, from_bin, to_bin, saves_m_per_day, why, state, done_at as decided_at, decided_by
from moves where plan_id = %(plan_id)s and step = %(step)s
union all
select m.step, m.sku, m."from", m."to", m.saves_m_per_day, coalesce(m.why, ''), 'proposed', null, null
from plans p, jsonb_to_recordset(p.plan -> 'moves') as m (step integer, sku text, "from" text, "to" text,
     saves_m_per_day double precision, why text)
where p.plan_id = %(plan_id)s and p.state = 'done' and m.step = %(step)s
  and not exists (select from moves d where d.plan_id = p.plan_id and d.step = m.step);

-- name: decide_move
-- A move ends.
update moves set state = %(state)s, done_at = now(), decided_by = %(decided_by)s
where plan_id = %(plan_id)s and step = %(step)s;

-- name: take_out
-- The SKU is not kept in its old bin any more.
delete from bin_skus where site = %(site)s and bin = %(from_bin)s and sku = %(sku)s;

-- name: put_in
-- It is kept in the new one; a bin that the floor has no more is left alone.
insert into bin_skus (site, bin, sku) select site, bin, %(sku)s from bins where site = %(site)s and bin = %(to_bin)s
on conflict (site, bin, sku) do nothing;

-- name: touch_floor
-- Count a change of the floor: other plans were made for another one.
update sites set layout_version = layout_version + 1, layout_updated_at = now() where site = %(site)s;

-- name: keep_up
-- The plan that is followed is made for the floor that follows from it.
update plans set layout_version = (select layout_version from sites where site = %(site)s)
where plan_id = %(plan_id)s and layout_version = (select layout_version - 1 from sites where site = %(site)s);
