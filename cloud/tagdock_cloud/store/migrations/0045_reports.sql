-- What sites and persons are judged by, told once for dashboards and reports (decision 0132); and the reports.

-- ---- what the figures are made of ----------------------------------------------------------------------------------------

-- Lines that were counted (a SKU in a bin). What was found after all was the count's mistake, not the record's; a count that
-- is to be made again tells nothing.
create view counted_lines_v1 as
select c.site, c.count_id, c.method, c.counted_at, c.counted_by, l.velocity, l.bin, l.sku, l.expected,
       coalesce(w.missing, 0)::bigint as missing, coalesce(w.extra, 0)::bigint as extra, w.count_id is null as is_right
from counts c
join count_lines l using (count_id)
left join (
    select count_id, bin, sku, sum(units) filter (where kind = 'missing') as missing, sum(units) filter (where kind = 'extra') as extra
    from count_differences where verdict is distinct from 'found' and verdict is distinct from 'recount' group by 1, 2, 3
) w on (w.count_id, w.bin, w.sku) = (l.count_id, l.bin, l.sku)
where c.counted_at is not null
  and not exists (select from count_differences d where d.count_id = c.count_id and d.verdict = 'recount');

-- How right the record was, by class and day of counting: of lines those without a difference, and units.
create or replace view count_accuracy_v1 as
select site, velocity, (counted_at at time zone 'UTC')::date as day, method, count(distinct count_id) as counts, count(*) as lines,
       count(*) filter (where is_right) as lines_right, sum(expected)::bigint as units_expected, sum(missing)::bigint as units_missing,
       sum(extra)::bigint as units_extra, count(*) filter (where is_right)::double precision / count(*) as accuracy
from counted_lines_v1
group by 1, 2, 3, 4;

-- How long each item was in each state; `until` null: it still is. A step that was withdrawn never was. `is_gone`: the item is
-- out of the house for good, or on its way; `ended_by`: whose step ended the stay.
create or replace view life_stays_v1 as
select site, epc, state, disposition, since, until, extract(epoch from coalesce(until, now()) - since)::float8 as seconds, actor,
       disposition in ('in_transit', 'retail_sold', 'dispensed', 'stolen', 'destroyed', 'disposed') as is_gone, ended_by
from (
    select s.site, s.epc, s.to_state as state, s.disposition, s.at as since, s.actor,
           lead(s.at) over later as until, lead(s.actor) over later as ended_by
    from life_steps s
    where s.kind in ('begun', 'taken', 'settled')
      and not exists (select from life_steps w where w.closes = s.step_id and w.kind = 'withdrawn')
    window later as (partition by s.epc order by s.at, s.number)
) stays;

-- Repairs that were closed. `is_repeat`: it followed another repair of the item within 30 days, the span in which service desks
-- count a repeat; `is_fixed`: it ended as repaired, and no other followed within as long.
create view repairs_v1 as
select work_order_id, site, epc, technician, state, opened_at, closed_at, extract(epoch from closed_at - opened_at)::float8 as took_s,
       coalesce(before_at >= opened_at - interval '30 days', false) as is_repeat,
       state = 'repaired' and coalesce(next_at > closed_at + interval '30 days', true) as is_fixed
from (
    select w.*, lag(closed_at) over item as before_at, lead(opened_at) over item as next_at
    from work_orders_v1 w window item as (partition by epc order by opened_at, work_order_id)
) following
where closed_at is not null;

-- ---- the figures ---------------------------------------------------------------------------------------------------------

-- One row a thing that counts for a figure at `at`. A share is sum(part) / sum(whole); a time is the median of `seconds`.
--   stock_accuracy    a line that was counted; part: without a difference
--   on_time_dispatch  an order whose time to leave came; part: it left whole by then; word: on_time, late, overdue
--   return_rate       part: a case of a return, neither declined nor cancelled, word: its reason; whole: an order that left whole
--   time_in_state     a stay of an item in a state that ended; word: the state; items that left for good left out
--   repair_time       a closed repair
--   first_time_fix    a closed repair that repeated no other; part: it was enough
create view kpi_facts_v1 as
select 'stock_accuracy'::text as kpi, site, counted_at as at, is_right::integer as part, 1 as whole, null::float8 as seconds,
       null::text as word
from counted_lines_v1
union all
select 'on_time_dispatch', site, due_at, (state = 'on_time')::integer, 1, null, state from dispatch_v1 where state <> 'open'
union all
select 'return_rate', site, applied_at, 1, 0, null, reason from returns_v1 where state not in ('declined', 'cancelled')
union all
select 'return_rate', site, completed_at, 0, 1, null, null from orders where kind = 'outbound' and completed_at is not null
union all
select 'time_in_state', site, until, null, null, seconds, state from life_stays_v1 where until is not null and not is_gone
union all
select 'repair_time', site, closed_at, null, null, took_s, null from repairs_v1
union all
select 'first_time_fix', site, closed_at, is_fixed::integer, 1, null, null from repairs_v1 where not is_repeat;

-- Who had a hand in an order: picked or packed some of it.
create view order_hands as
select distinct site, order_id, coalesce(assignee, done_by) as person
from tasks where kind in ('pick', 'pack') and state = 'done' and order_id is not null and coalesce(assignee, done_by) ~ '^(user|token):';

-- The same facts by the person who had a hand in them: once for each, so that persons do not add up to their site. A line that
-- they counted; an order that they picked or packed, and its returns; a stay that their step ended; a repair that they had at last.
create view kpi_people_v1 as
select 'stock_accuracy'::text as kpi, site, counted_by as person, counted_at as at, is_right::integer as part, 1 as whole,
       null::float8 as seconds, null::text as word
from counted_lines_v1 where counted_by ~ '^(user|token):'
union all
select 'on_time_dispatch', d.site, h.person, d.due_at, (d.state = 'on_time')::integer, 1, null, d.state
from dispatch_v1 d join order_hands h using (site, order_id) where d.state <> 'open'
union all
select 'return_rate', r.site, h.person, r.applied_at, 1, 0, null, r.reason
from returns_v1 r join order_hands h using (site, order_id) where r.state not in ('declined', 'cancelled')
union all
select 'return_rate', o.site, h.person, o.completed_at, 0, 1, null, null
from orders o join order_hands h using (site, order_id) where o.kind = 'outbound' and o.completed_at is not null
union all
select 'time_in_state', site, ended_by, until, null, null, seconds, state
from life_stays_v1 where until is not null and not is_gone and ended_by ~ '^(user|token):'
union all
select 'repair_time', site, technician, closed_at, null, null, took_s, null from repairs_v1 where technician is not null
union all
select 'first_time_fix', site, technician, closed_at, is_fixed::integer, 1, null, null
from repairs_v1 where not is_repeat and technician is not null;

-- ---- reports -------------------------------------------------------------------------------------------------------------

-- What is to be told, how often and to whom. `next_day`: where the first period begins that was not asked for yet; it is asked
-- for at `next_at`, once, by whoever gets there first.
create table reports (
    report_id uuid primary key default gen_random_uuid(),
    name text not null,
    kpis text[] not null,
    sites text[],                           -- null: all
    by_person boolean not null default false,
    period text not null check (period in ('day', 'week', 'month')),
    time_zone text not null,
    runs_at time not null,                  -- in that zone, on the day after the period
    language text not null check (language in ('en', 'zh')),
    formats text[] not null,                -- what a mail brings with it
    send_to uuid[] not null default '{}',   -- webhooks
    is_active boolean not null default true,
    next_day date not null,
    next_at timestamptz not null,
    created_at timestamptz not null default now(),
    created_by text not null default '',
    updated_at timestamptz not null default now()
);
create index reports_due on reports (next_at) where is_active;

-- One row a period that was asked for: by the clock once, by people as often as they ask. `asked`: what the report was then.
create table report_results (
    result_id uuid primary key default gen_random_uuid(),
    report_id uuid not null references reports on delete cascade,
    sites text[],                           -- as the report had them: whoever reads it has to be at home there
    since timestamptz not null,
    until timestamptz not null,
    former_since timestamptz not null,      -- the period before it, up to `since`
    is_scheduled boolean not null,
    is_sent boolean not null,               -- whether it goes to those who are named
    asked jsonb not null,
    asked_at timestamptz not null default clock_timestamp(),
    asked_by text not null,
    state text not null default 'waiting' check (state in ('waiting', 'done', 'failed')),
    attempts integer not null default 0,
    next_at timestamptz not null default now(),
    ended_at timestamptz,
    figures jsonb,
    error text
);
create unique index report_results_once on report_results (report_id, since) where is_scheduled;
create index report_results_by_time on report_results (report_id, asked_at desc, result_id desc);
create index report_results_waiting on report_results (next_at) where state = 'waiting';
create index report_results_old on report_results (asked_at);
