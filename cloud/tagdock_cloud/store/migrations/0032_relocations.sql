-- Approved plans become tasks that reads confirm.

-- ---- plans: what is known while one is being solved, and what its pictures show ------------------------------------------

alter table plans add column progress jsonb;            -- the best so far while it is solved: objective, bound, seconds
alter table plans add column cancel_asked_at timestamptz;
alter table plans add column cancel_asked_by text;
alter table plans add column rates jsonb;               -- each SKU's rate with its interval, and the days that were counted
alter table plans add column walks jsonb;               -- a row a move: metres from both its bins to each door

create table plan_pictures (
    plan_id uuid not null references plans on delete cascade,
    what text not null,
    svg text not null,
    primary key (plan_id, what)
);

-- What slotting may write beside the three functions that it has.
create function plan_progress_v1(plan_id uuid, progress jsonb) returns boolean language sql as $$
    update plans p set progress = plan_progress_v1.progress
    where p.plan_id = plan_progress_v1.plan_id and p.state = 'solving'
    returning p.cancel_asked_at is not null
$$;

create function plan_note_v1(plan_id uuid, name text, note jsonb) returns void language sql as $$
    update plans p set rates = case when name = 'rates' then note else p.rates end,
                       walks = case when name = 'walks' then note else p.walks end
    where p.plan_id = plan_note_v1.plan_id and p.state = 'solving'
$$;

create function plan_picture_v1(plan_id uuid, what text, svg text) returns void language sql as $$
    insert into plan_pictures (plan_id, what, svg)
    select p.plan_id, plan_picture_v1.what, plan_picture_v1.svg from plans p
    where p.plan_id = plan_picture_v1.plan_id and p.state = 'solving'
    on conflict (plan_id, what) do update set svg = excluded.svg
$$;

alter function plan_progress_v1(uuid, jsonb) security definer set search_path = public, pg_temp;
alter function plan_note_v1(uuid, text, jsonb) security definer set search_path = public, pg_temp;
alter function plan_picture_v1(uuid, text, text) security definer set search_path = public, pg_temp;
revoke execute on function plan_progress_v1(uuid, jsonb), plan_note_v1(uuid, text, jsonb), plan_picture_v1(uuid, text, text)
    from public;

create or replace view plans_v1 as
select site, plan_id, asked_at, asked_by, request, state,
       plan ->> 'status' as status,
       (plan ->> 'current_m_per_day')::double precision as current_m_per_day,
       (plan ->> 'objective_m_per_day')::double precision as objective_m_per_day,
       (plan ->> 'lower_bound_m_per_day')::double precision as lower_bound_m_per_day,
       plan ->> 'solver' as solver,
       (plan ->> 'seconds')::double precision as seconds,
       finished_at, error, plan, progress, cancel_asked_at, rates, approved_at
from plans;

-- ---- moves: tasks ----------------------------------------------------------------------------------------------------

alter table moves add column waits_for integer[] not null default '{}';
alter table moves add column ready_at timestamptz;      -- since when nothing that it waits for is open
alter table moves add column flag text check (flag in ('elsewhere', 'late'));
alter table moves add column flagged_at timestamptz;
alter table moves add column confirmed_at timestamptz;  -- when it was read where it belongs; null: a person said so, or nobody
alter table moves add column seen_bin text;
alter table moves add column seen_epc text;
alter table moves add column changed_at timestamptz not null default now();
create index moves_open on moves (plan_id) where state = 'open';
create index moves_by_sku on moves (plan_id, sku);

-- A step waits for those before it that empty the bin that it goes to, and for the one that brought its goods where it
-- takes them up.
create function open_moves(plan_id uuid) returns void language plpgsql
set enable_nestloop = off as $$             -- the rows are new: nothing tells the planner yet how many there are
begin
    analyze moves;                          -- and whoever follows them shortly has to know
    with pairs as (                         -- two joins on equal columns: one with `or` would look at every pair of steps
        select late.step, early.step as before_it
        from moves late join moves early on early.plan_id = late.plan_id and early.from_bin = late.to_bin
        where late.plan_id = open_moves.plan_id and early.step < late.step
        union
        select late.step, early.step
        from moves late join moves early on early.plan_id = late.plan_id and early.sku = late.sku and early.to_bin = late.from_bin
        where late.plan_id = open_moves.plan_id and early.step < late.step
    ),
    waits as (
        select step, array_agg(before_it order by before_it) as steps from pairs group by step
    )
    update moves m set waits_for = coalesce(w.steps, '{}'), changed_at = now(),
                       ready_at = case when w.steps is null then now() end
    from moves n left join waits w using (step)
    where m.plan_id = open_moves.plan_id and n.plan_id = m.plan_id and n.step = m.step and m.state = 'open';
end
$$;

select open_moves(o.plan_id) from (select distinct plan_id from moves where state = 'open') o;

-- What a task is to those who carry it out.
create function move_status(state text, flag text, ready_at timestamptz) returns text language sql immutable parallel safe as $$
    select case when state <> 'open' then state when flag is not null then 'flagged'
                when ready_at is null then 'waiting' else 'open' end
$$;

-- End an open task: it was done (the SKU is kept in the new bin from now on), or it is called off. The caller holds the
-- site's row. `seen_*`: what was read of it; null where a person says so. Returns false where it was not open.
create function end_move(plan_id uuid, step integer, state text, decided_by text, seen_bin text default null,
                         seen_epc text default null, seen_at timestamptz default null) returns boolean
language plpgsql as $$
declare
    ended moves;
    at_site text;
begin
    update moves m set state = end_move.state, done_at = now(), decided_by = end_move.decided_by, changed_at = now(),
                       confirmed_at = end_move.seen_at, seen_bin = coalesce(end_move.seen_bin, m.seen_bin),
                       seen_epc = coalesce(end_move.seen_epc, m.seen_epc)
    where m.plan_id = end_move.plan_id and m.step = end_move.step and m.state = 'open'
    returning m.* into ended;
    if not found then
        return false;
    end if;
    select p.site into at_site from plans p where p.plan_id = end_move.plan_id;
    if end_move.state = 'done' then
        delete from bin_skus b where b.site = at_site and b.bin = ended.from_bin and b.sku = ended.sku;
        insert into bin_skus (site, bin, sku)           -- a bin that the floor has no more is left alone
        select at_site, b.bin, ended.sku from bins b where b.site = at_site and b.bin = ended.to_bin
          and not exists (select from moves l where l.plan_id = ended.plan_id and l.sku = ended.sku and l.step > ended.step
                            and l.from_bin = ended.to_bin and l.state = 'done')     -- it has gone on from there already
        on conflict do nothing;
        update sites s set layout_version = layout_version + 1, layout_updated_at = now() where s.site = at_site;
        update plans p set layout_version = s.layout_version    -- what is followed is made for the floor that it makes
        from sites s
        where s.site = at_site and p.site = at_site and p.layout_version = s.layout_version - 1
          and (p.plan_id = end_move.plan_id or p.state = 'approved');
    end if;
    update moves m set ready_at = now(), changed_at = now()
    where m.plan_id = end_move.plan_id and m.state = 'open' and m.ready_at is null and end_move.step = any (m.waits_for)
      and not exists (select from moves o where o.plan_id = m.plan_id and o.step = any (m.waits_for) and o.state <> 'done');
    return true;
end
$$;

-- Open tasks with what they need to be followed. One look at an empty index while there are none.
create function open_tasks() returns table (site text, approved_at timestamptz, plan_id uuid, step integer, sku text,
                                            from_bin text, to_bin text, ready_at timestamptz, flag text)
language sql stable as $$
    select p.site, p.approved_at, m.plan_id, m.step, m.sku, m.from_bin, m.to_bin, m.ready_at, m.flag
    from moves m join plans p using (plan_id) where m.state = 'open'
$$;

-- Confirm tasks by what was read, and return those that ended. An item of the SKU in the new bin counts from the moment of
-- approval on; so does one that is where the task after it takes it.
create function confirm_moves()
returns table (site text, plan_id uuid, step integer, sku text, from_bin text, to_bin text, status text, seen_bin text, seen_epc text)
language plpgsql as $$
#variable_conflict use_column
begin
    -- Before any task: whoever ends one holds its site, all of them in one order.
    perform from sites s where s.site in (select t.site from open_tasks() t) order by s.site for update;
    return query
    with open_ as materialized (select * from open_tasks()),
    goals as (
        select o.site, o.approved_at, o.plan_id, o.step, o.sku, o.to_bin as bin from open_ o
        union all
        select o.site, o.approved_at, o.plan_id, o.step, o.sku, l.to_bin
        from open_ o join moves l on l.plan_id = o.plan_id and l.sku = o.sku and l.from_bin = o.to_bin and l.step > o.step
    ),
    seen as materialized (                  -- the first item that shows it
        select distinct on (g.plan_id, g.step) g.plan_id, g.step, i.bin, i.epc, i.since
        from goals g join items i on i.site = g.site and i.bin = g.bin and i.sku = g.sku and i.since >= g.approved_at
        order by g.plan_id, g.step, i.since, i.epc
    ),
    ended as materialized (
        select s.*, end_move(s.plan_id, s.step, 'done', 'reads', s.bin, s.epc, s.since) as is_ended
        from (select * from seen order by plan_id, step) s
    )
    select o.site, o.plan_id, o.step, o.sku, o.from_bin, o.to_bin, 'done', e.bin, e.epc
    from ended e join open_ o on o.plan_id = e.plan_id and o.step = e.step where e.is_ended;
end
$$;

-- Flag tasks whose goods were read in a bin that they have nothing to do in, or that nobody did in time; return those.
create function flag_moves(late_after interval)
returns table (site text, plan_id uuid, step integer, sku text, from_bin text, to_bin text, status text, seen_bin text, seen_epc text)
language sql as $$
    with open_ as materialized (select * from open_tasks() where flag is null),
    strayed as materialized (
        select distinct on (o.plan_id, o.step) o.plan_id, o.step, i.bin, i.epc
        from open_ o join items i on i.site = o.site and i.sku = o.sku and i.bin is not null and i.since >= o.approved_at
        where not exists (select from bin_skus b where b.site = o.site and b.sku = o.sku and b.bin = i.bin)
          and not exists (select from moves l where l.plan_id = o.plan_id and l.sku = o.sku and l.to_bin = i.bin)
        order by o.plan_id, o.step, i.since, i.epc
    ),
    wrong as materialized (                 -- few: what is updated is looked up by its key
        select o.site, o.plan_id, o.step, s.bin, s.epc
        from open_ o join strayed s on s.plan_id = o.plan_id and s.step = o.step
        union all
        select o.site, o.plan_id, o.step, null, null from open_ o
        where o.ready_at < now() - late_after and (o.plan_id, o.step) not in (select plan_id, step from strayed)
    ),
    flagged as (
        update moves m set flag = case when w.bin is not null then 'elsewhere' else 'late' end, flagged_at = now(),
                           changed_at = now(), seen_bin = w.bin, seen_epc = w.epc
        from wrong w where m.plan_id = w.plan_id and m.step = w.step and m.state = 'open'
        returning m.*, w.site as at_site
    )
    select f.at_site, f.plan_id, f.step, f.sku, f.from_bin, f.to_bin, 'flagged', f.seen_bin, f.seen_epc from flagged f
$$;

create or replace view moves_v1 as
select p.site, m.plan_id, m.step, m.sku, m.from_bin, m.to_bin, m.saves_m_per_day, m.why, m.state,
       move_status(m.state, m.flag, m.ready_at) as status, m.waits_for, m.ready_at, m.done_at, m.decided_by, m.confirmed_at,
       m.flag, m.flagged_at, m.seen_bin, m.seen_epc, m.changed_at
from moves m join plans p using (plan_id);

-- ---- what a plan promised and what it saved --------------------------------------------------------------------------

-- Week by week (from Monday, UTC) since the approval, whole days only: what the plan promised, what its done moves promised,
-- and what those saved on the order lines that really left, by the doors that they left by. One way a line, as plans count.
create view plan_savings_v1 as
with approved as (
    select p.site, p.plan_id, p.approved_at, p.walks, m.moves,
           ((p.plan ->> 'current_m_per_day')::double precision - (p.plan ->> 'objective_m_per_day')::double precision) as promised
    from plans p join lateral (select count(*) as moves from moves m where m.plan_id = p.plan_id) m on m.moves > 0
    where p.approved_at is not null
),
days as (
    select a.site, a.plan_id, d::date as day
    from approved a, generate_series((a.approved_at at time zone 'UTC')::date + 1, (now() at time zone 'UTC')::date - 1, interval '1 day') d
    where d < (a.approved_at at time zone 'UTC')::date + 371
),
done as (
    select a.site, a.plan_id, m.step, m.sku, m.saves_m_per_day,
           (coalesce(m.confirmed_at, m.done_at) at time zone 'UTC')::date as day, w.value -> 'doors' as doors,
           coalesce((w.value ->> 'bins')::double precision, 1) as bins
    from approved a join moves m on m.plan_id = a.plan_id and m.state = 'done'
    left join lateral jsonb_array_elements(a.walks) w on (w.value ->> 'step')::integer = m.step
),
measured as (
    select o.plan_id, f.day, sum(f.out_count / o.bins * ((o.doors -> f.door ->> 0)::double precision
                                                         - (o.doors -> f.door ->> 1)::double precision)) as saved
    from done o join flows f on f.site = o.site and f.sku = o.sku and f.day > o.day and o.doors ? f.door
    group by o.plan_id, f.day
)
select d.site, d.plan_id, date_trunc('week', d.day::timestamp)::date as week, count(*) as days,
       max(a.promised) as promised_m_per_day,
       avg(coalesce((select sum(o.saves_m_per_day) from done o where o.plan_id = d.plan_id and o.day < d.day), 0)) as expected_m_per_day,
       sum(coalesce(m.saved, 0)) / count(*) as measured_m_per_day,
       (select count(*) from done o where o.plan_id = d.plan_id and o.day < max(d.day)) as moves_done, max(a.moves) as moves
from days d join approved a using (plan_id) left join measured m on m.plan_id = d.plan_id and m.day = d.day
group by d.site, d.plan_id, date_trunc('week', d.day::timestamp);
