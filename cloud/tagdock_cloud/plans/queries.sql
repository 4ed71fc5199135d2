-- name: page
-- Plans, newest first, after a key.
select v.plan_id, v.site, v.asked_at, v.asked_by, v.request, v.state, v.status, v.current_m_per_day,
       v.objective_m_per_day, v.lower_bound_m_per_day, v.solver, v.seconds, v.finished_at, v.error,
       jsonb_array_length(v.plan -> 'moves') as moves,
       p.layout_version is distinct from s.layout_version as layout_changed, v.progress, v.cancel_asked_at
from plans_v1 v join plans p using (plan_id) join sites s on s.site = v.site
where (%(site)s::text is null or v.site = %(site)s) and (%(sites)s::text[] is null or v.site = any(%(sites)s))
  and (%(since)s::timestamptz is null or v.asked_at >= %(since)s)
  and (%(until)s::timestamptz is null or v.asked_at < %(until)s)
  and (%(before_at)s::timestamptz is null or (v.asked_at, v.plan_id) < (%(before_at)s, %(before_id)s::uuid))
order by v.asked_at desc, v.plan_id desc
limit %(rows)s;

-- name: one
-- One plan whole.
select v.plan_id, v.site, v.asked_at, v.asked_by, v.request, v.state, v.status, v.current_m_per_day,
       v.objective_m_per_day, v.lower_bound_m_per_day, v.solver, v.seconds, v.finished_at, v.error,
       jsonb_array_length(v.plan -> 'moves') as moves,
       p.layout_version is distinct from s.layout_version as layout_changed, v.progress, v.cancel_asked_at, v.plan, p.approved_at, p.approved_by
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
-- The plan that was followed so far steps back to done. What of its moves was not carried out falls away, but for those
-- whose bins the new plan was made around.
with former as (
    update plans set state = 'done' where site = %(site)s and state = 'approved' and plan_id <> %(plan_id)s
    returning plan_id
), held as (
    select b ->> 'id' as bin from plans p, jsonb_array_elements(p.problem -> 'bins') b
    where p.plan_id = %(plan_id)s and b ->> 'use' = 'held'
), dropped as (
    delete from moves m using plans p
    where p.plan_id = m.plan_id and p.site = %(site)s and m.plan_id <> %(plan_id)s and m.state = 'open'
      and not (m.to_bin in (select bin from held) or m.from_bin in (select bin from held))
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

-- name: open_moves
-- Work out which task waits for which.
select open_moves(%(plan_id)s::uuid);

-- name: moves
-- The moves of a plan: as approved, or as proposed while nobody has approved them. One step, or all.
with told as (
    select m.* from plans p, jsonb_to_recordset(p.plan -> 'moves') as m (step integer, sku text, "from" text, "to" text,
         saves_m_per_day double precision, why text, chain integer, cost_m double precision, payback_days double precision)
    where p.plan_id = %(plan_id)s and (%(step)s::integer is null or m.step = %(step)s)
), chains as (
    select m.chain, count(*) as chain_moves, sum(m.cost_m) as chain_cost_m
    from plans p, jsonb_to_recordset(p.plan -> 'moves') as m (chain integer, cost_m double precision)
    where p.plan_id = %(plan_id)s and m.chain is not null group by m.chain
), listed as (
    select step, sku, from_bin, to_bin, saves_m_per_day, why, state, move_status(state, flag, ready_at) as status, waits_for,
           ready_at, done_at as decided_at, decided_by, confirmed_at, flag, flagged_at, seen_bin, seen_epc
    from moves where plan_id = %(plan_id)s and (%(step)s::integer is null or step = %(step)s)
    union all
    select t.step, t.sku, t."from", t."to", t.saves_m_per_day, coalesce(t.why, ''), 'proposed', 'proposed', '{}', null, null,
           null, null, null, null, null, null
    from told t join plans p on p.plan_id = %(plan_id)s and p.state = 'done'
    where not exists (select from moves d where d.plan_id = p.plan_id and d.step = t.step)
)
select l.*, t.cost_m, t.payback_days, t.chain, c.chain_moves, c.chain_cost_m
from listed l left join told t using (step) left join chains c using (chain)
where %(after)s::integer is null or step > %(after)s
order by step
limit %(rows)s;

-- name: end_move
-- A task ends, by what a person says.
select end_move(%(plan_id)s::uuid, %(step)s, %(state)s, %(decided_by)s) as is_ended;

-- name: confirm_moves
-- Confirm tasks by what was read.
select * from confirm_moves();

-- name: flag_moves
-- Flag tasks whose goods were read elsewhere, or not in time.
select * from flag_moves(make_interval(hours => %(late_after_h)s));

-- name: tell
-- Tell webhooks what became of a task.
select tell_webhooks('move', %(site)s::text, %(body)s::jsonb);

-- name: cancel
-- Call a plan off: one that nobody works at has failed, one that is being solved ends with the best so far.
update plans set cancel_asked_at = coalesce(cancel_asked_at, now()), cancel_asked_by = coalesce(cancel_asked_by, %(asked_by)s),
                 state = case when state = 'asked' then 'failed' else state end,
                 error = case when state = 'asked' then 'called off by ' || %(asked_by)s else error end,
                 finished_at = case when state = 'asked' then now() else finished_at end
where plan_id = %(plan_id)s and state in ('asked', 'solving');

-- name: pictures
-- The pictures that a plan has.
select what from plan_pictures where plan_id = %(plan_id)s order by what;

-- name: picture
-- One picture.
select svg from plan_pictures where plan_id = %(plan_id)s and what = %(what)s;

-- name: savings
-- What a plan promised and what its moves saved, week by week.
select week, days, promised_m_per_day, expected_m_per_day, measured_m_per_day, moves_done, moves
from plan_savings_v1 where plan_id = %(plan_id)s order by week;

-- name: rates
-- The rates that a plan was made for.
select rates from plans where plan_id = %(plan_id)s;
