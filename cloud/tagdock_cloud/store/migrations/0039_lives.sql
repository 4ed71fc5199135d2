-- The life of each item: its steps, and where it stands (decision 0124).

-- Who inspects, and who repairs.
alter table tokens drop constraint tokens_role_check;
alter table tokens add constraint tokens_role_check check (role in (
    'admin', 'manager', 'planner', 'operator', 'inspector', 'technician', 'viewer', 'integrator', 'device'));
alter table users drop constraint users_role_check;
alter table users add constraint users_role_check check (role in (
    'admin', 'manager', 'planner', 'operator', 'inspector', 'technician', 'viewer', 'integrator'));

-- ---- what may happen -------------------------------------------------------------------------------------------------

-- Tables of states and transitions, each as it was published. What happened counts under the one that it happened under.
create table life_policies (
    policy_id integer generated always as identity primary key,
    site text,                                  -- null: the house's, for every site that has none of its own
    version integer not null check (version between 1 and 1000000),
    author text not null,
    effective_at timestamptz not null,
    source text not null check (octet_length(source) <= 262144),    -- TOML
    published_at timestamptz not null default now(),
    published_by text not null
);
create unique index life_policies_by_version on life_policies (site, version) nulls not distinct;

-- ---- what happened ---------------------------------------------------------------------------------------------------

-- Nothing in it is ever changed or taken out: what turns out to be wrong is closed by a row of its own.
create table life_steps (
    number bigint generated always as identity primary key,
    step_id uuid not null default gen_random_uuid() unique,
    site text not null,
    epc text not null,
    at timestamptz not null,                    -- when it happened: of two at once, the lower number came first
    recorded_at timestamptz not null default clock_timestamp(),
    kind text not null check (kind in ('begun', 'taken', 'contradicted', 'settled', 'withdrawn', 'missing', 'found')),
    policy_id integer not null references life_policies,
    transition text,                            -- of what was taken
    to_state text not null,                     -- where the item stands after it
    disposition text not null,                  -- and what EPCIS calls that
    is_sellable boolean not null,               -- and whether it may be sold there
    actor text not null,                        -- user:mei, token:wms, door:D1
    roles text[] not null default '{}',
    findings jsonb not null default '{}',       -- grade, sealed, defects, package, photo
    reason text not null default '',
    case_ref text,                              -- the return or work order that it belongs to
    event_id uuid,                              -- the passage that caused it
    door text,
    way text check (way in ('in', 'out')),
    closes uuid                                 -- the row that a settlement or withdrawal ends
);
create index life_steps_by_item on life_steps (epc, at, number);
create index life_steps_by_event on life_steps (event_id) where event_id is not null;
create index life_steps_by_case on life_steps (case_ref) where case_ref is not null;
create unique index life_steps_closed_once on life_steps (closes) where closes is not null;
create index life_steps_by_site on life_steps (site, at);

create function life_stays() returns trigger language plpgsql as $$
begin
    raise exception 'the record of lives is only ever added to' using errcode = 'integrity_constraint_violation';
end
$$;
create trigger life_stays before update or delete on life_steps for each row execute function life_stays();
create trigger life_is_not_emptied before truncate on life_steps for each statement execute function life_stays();

-- ---- where each item stands: follows from the steps ------------------------------------------------------------------

create table lives (
    epc text primary key,
    site text not null,
    state text not null,
    condition text not null check (condition in ('new', 'opened', 'faulty', 'repaired', 'refurbished', 'scrap')),
    grade text check (grade in ('A', 'B', 'C')),        -- of the last inspection since it last came back
    disposition text not null,
    is_sellable boolean not null,
    inspections jsonb not null default '[]',            -- those that count now
    is_owed boolean not null default false,             -- it owes inspections
    work_orders_open integer not null default 0 check (work_orders_open >= 0),
    scrap_asked_by text,
    contradictions integer not null default 0,          -- passages that nobody has settled yet
    missing_since timestamptz,
    since timestamptz not null,
    steps integer not null,
    is_here boolean not null generated always as (
        contradictions > 0 or missing_since is not null
        or disposition not in ('in_transit', 'retail_sold', 'dispensed', 'stolen', 'unknown')) stored
);
create index lives_by_state on lives (site, state, epc);
create index lives_here on lives (site, epc) where is_here;
create index lives_contradicted on lives (epc) where contradictions > 0;

-- What stock counts an item as: what the doors tell, unless its life tells that it may not be sold. What came back and was
-- not looked at since, is `returned`, whatever bin it lies in; what nobody finds is `unknown`.
create function counted_state(item_state text, item_since timestamptz, life_disposition text, life_is_sellable boolean,
                              life_since timestamptz, life_is_missing boolean) returns text
language sql immutable parallel safe as $$
    select case
        when life_disposition is null or item_state in ('in_transit', 'unknown') then item_state
        when life_is_missing then 'unknown'
        when life_is_sellable and item_state = 'returned' and life_since >= item_since then 'sellable_accessible'
        when life_is_sellable then item_state
        when life_disposition in ('in_transit', 'retail_sold', 'dispensed', 'stolen', 'unknown') then 'returned'
        when life_disposition = 'sellable_accessible' then 'sellable_not_accessible'
        else life_disposition
    end
$$;

-- What is counted apart from what the doors tell, as differences: looked at only for items that have a life and are here.
create view stock_apart as
select i.site, i.sku, i.bin, v.state, v.n as items, v.n * i.quantity as quantity
from lives l join items i using (epc)
cross join lateral (select counted_state(i.state, i.since, l.disposition, l.is_sellable, l.since,
                                         l.missing_since is not null) as told) t
cross join lateral (values (i.state, -1::bigint), (t.told, 1::bigint)) v (state, n)
where l.is_here and t.told <> i.state and v.state not in ('destroyed', 'disposed');

create or replace view stock_v1 as
select c.site, c.sku, b.zone, c.state, sum(c.items)::bigint as items, sum(c.quantity)::bigint as quantity
from (select * from stock_counts union all select * from stock_deltas union all select * from stock_apart) c
left join bins b using (site, bin)
group by c.site, c.sku, b.zone, c.state
having sum(c.items) <> 0;

-- What may be sold.
create view sellable_stock_v1 as
select site, sku, zone, items, quantity from stock_v1 where state = 'sellable_accessible';

-- ---- tasks -----------------------------------------------------------------------------------------------------------

create table tasks (
    task_id uuid primary key default gen_random_uuid(),
    site text not null,
    kind text not null check (kind in ('put_away', 'pick', 'pack', 'relocate', 'count', 'inspect', 'repair', 'follow_up',
                                       'exception')),
    role text not null check (role in ('operator', 'inspector', 'technician', 'manager')),
    epc text,
    case_ref text,
    opened_by uuid,                             -- the step that opened it
    why text not null default '',
    opened_at timestamptz not null default now(),
    due_at timestamptz,
    state text not null default 'open' check (state in ('open', 'done', 'cancelled')),
    assignee text,
    done_at timestamptz,
    done_by text,
    check ((state = 'open') = (done_at is null))
);
create unique index tasks_once on tasks (opened_by, kind) where opened_by is not null;
create index tasks_open on tasks (site, role, due_at) where state = 'open';
create index tasks_of_item on tasks (epc) where state = 'open' and epc is not null;

create view tasks_v1 as
select task_id, site, kind, role, epc, case_ref, why, opened_at, due_at, state, assignee, done_at, done_by from tasks;

create view lives_v1 as
select l.epc, i.sku, l.site, l.state, l.condition, l.grade, l.disposition, l.is_sellable, i.door, i.bin,
       case when l.missing_since is not null then 'missing'
            when exists (select from tasks t where t.epc = l.epc and t.state = 'open' and t.due_at < now()) then 'overdue'
            else 'seen' end as presence,
       l.since, l.contradictions, l.work_orders_open
from lives l left join items i using (epc);

create view life_steps_v1 as
select site, epc, at, recorded_at, step_id, kind, transition, to_state, disposition, is_sellable, actor, findings, reason,
       case_ref, event_id, door, way, closes
from life_steps;

-- ---- what follows ----------------------------------------------------------------------------------------------------

insert into follow_marks (follower) values ('lives'), ('lives_corrected');

alter table alert_rules drop constraint alert_rules_kind_check;
alter table alert_rules add constraint alert_rules_kind_check check (kind in (
    'stock', 'bin_over', 'environment', 'sensor_stale', 'gateway_stale', 'unordered_exit', 'dwell', 'unknown_tags',
    'read_quality', 'life_contradiction'));
insert into alert_rules (kind, name, severity) values ('life_contradiction', 'A passage contradicts an item''s life', 'warning');
