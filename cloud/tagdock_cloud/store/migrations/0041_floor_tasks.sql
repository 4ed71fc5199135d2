-- Tasks for people, work orders, service requests (decisions 0129 and 0130).

-- ---- tasks -----------------------------------------------------------------------------------------------------------

alter table tasks add column priority smallint not null default 3 check (priority between 1 and 5);    -- 1: before all others
alter table tasks add column sku text;
alter table tasks add column quantity integer check (quantity between 0 and 1000000);
alter table tasks add column bin text;                  -- where it is taken up, or counted
alter table tasks add column to_bin text;               -- where it goes
alter table tasks add column order_id text;             -- of the outbound order that it is picked or packed for
alter table tasks add column plan_id uuid;              -- of the plan whose move it is
alter table tasks add column step integer;
alter table tasks add column assigned_at timestamptz;
alter table tasks add column assigned_by text;          -- 'tagdock', who took it up, or the manager who gave it
alter table tasks add column assigned_why jsonb;        -- what made the rule, or the manager, give it to this person
alter table tasks add column not_for text[] not null default '{}';      -- who gave it back
alter table tasks add column started_at timestamptz;
alter table tasks add column reminded_at timestamptz;
alter table tasks add column escalated_at timestamptz;
alter table tasks add column done_how text check (done_how in ('scan', 'said', 'read', 'step'));
alter table tasks add column result jsonb;              -- what was found: a count, a note, the bin
alter table tasks add column changed_at timestamptz not null default now();
create unique index tasks_of_moves on tasks (plan_id, step) where plan_id is not null;
create index tasks_of_people on tasks (assignee) where state = 'open' and assignee is not null;
create index tasks_waiting on tasks (site, role, priority, due_at, opened_at, task_id) where state = 'open' and assignee is null;
create index tasks_changed on tasks (site, changed_at);
create index tasks_by_age on tasks (opened_at, task_id);
create index tasks_due on tasks (due_at) where state = 'open' and (reminded_at is null or escalated_at is null);

create function task_change_id(task_id uuid, changed_at timestamptz) returns uuid language sql immutable parallel safe as $$
    select md5(task_id::text || ' ' || extract(epoch from changed_at)::text)::uuid
$$;

create or replace view tasks_v1 as
select task_id, site, kind, role, epc, case_ref, why, opened_at, due_at, state, assignee, done_at, done_by,
       priority, sku, quantity, bin, to_bin, order_id, plan_id, step, assigned_at, assigned_by, started_at, reminded_at,
       escalated_at, done_how
from tasks;

-- What somebody else's program hears of a task. The reason and what was found are for people of the house.
create function task_news(t tasks, event text) returns jsonb language sql immutable as $$
    select jsonb_build_object('event', event, 'task_id', t.task_id, 'site', t.site, 'kind', t.kind, 'role', t.role, 'epc', t.epc,
        'sku', t.sku, 'quantity', t.quantity, 'order', t.order_id, 'case', t.case_ref, 'bin', t.bin, 'to_bin', t.to_bin,
        'assignee', t.assignee, 'opened_at', t.opened_at, 'due_at', t.due_at, 'state', t.state, 'done_at', t.done_at,
        'done_by', t.done_by, 'done_how', t.done_how)
$$;

create function touch_task() returns trigger language plpgsql as $$
begin
    new.changed_at := clock_timestamp();
    if tg_op = 'UPDATE' and old.state = 'open' and new.state = 'done' and new.done_how is null then
        new.done_how := 'step';                         -- whoever else ends a task took a step of the item's life
    end if;
    return new;
end
$$;
create trigger tasks_touched before insert or update on tasks for each row execute function touch_task();

create function tell_task() returns trigger language plpgsql as $$
begin
    if old.state = 'open' and new.state <> 'open' then
        perform tell_webhooks('task', new.site, task_news(new, new.state));
    elsif old.escalated_at is null and new.escalated_at is not null then
        perform tell_webhooks('task', new.site, task_news(new, 'overdue'));
    elsif old.reminded_at is null and new.reminded_at is not null then
        perform tell_webhooks('task', new.site, task_news(new, 'due_soon'));
    end if;
    return null;
end
$$;
create trigger tasks_told after update of state, reminded_at, escalated_at on tasks for each row execute function tell_task();

insert into follow_marks (follower) values ('tasks');

-- ---- who is there to do them -----------------------------------------------------------------------------------------

-- People who said that they work now, and where.
create table on_duty (
    person text primary key,                            -- user:mei, token:handheld-7
    site text not null,
    since timestamptz not null default now(),
    dealt_at timestamptz                                -- when a task was last dealt to them
);
create index on_duty_at on on_duty (site);

-- Who may work on the floor at all, and where: users, and tokens of devices that people share.
create view floor_people as
select 'user:' || name as person, name, role, sites from users where disabled_at is null
union all
select 'token:' || name, name, role, sites from tokens
where revoked_at is null and (expires_at is null or expires_at > now()) and (rights is null or 'handle' = any (rights));

-- Whose tasks a role does: an administrator decides as a manager does.
create function floor_role(role text) returns text language sql immutable parallel safe as $$
    select case when role = 'admin' then 'manager' else role end
$$;

-- People on duty with the work that they have.
create view on_duty_v1 as
select d.person, p.name, floor_role(p.role) as role, d.site, d.since, d.dealt_at,
       (select count(*) from tasks t where t.assignee = d.person and t.state = 'open') as open_tasks
from on_duty d join floor_people p using (person)
where p.sites is null or d.site = any (p.sites);

-- ---- moves of plans are tasks ----------------------------------------------------------------------------------------

create function open_task_of_move(site text, m moves) returns void language sql as $$
    insert into tasks (site, kind, role, sku, bin, to_bin, plan_id, step, why, due_at)
    values (site, 'relocate', 'operator', m.sku, m.from_bin, m.to_bin, m.plan_id, m.step, m.why, m.ready_at + interval '24 hours')
    on conflict (plan_id, step) where plan_id is not null do nothing
$$;

create function moves_are_tasks() returns trigger language plpgsql as $$
begin
    perform open_task_of_move(p.site, row(m.*)::moves)
    from changed c join moves m using (plan_id, step) join plans p on p.plan_id = c.plan_id
    where m.state = 'open' and m.ready_at is not null;
    update tasks t set state = m.state, done_at = coalesce(m.done_at, clock_timestamp()), done_by = m.decided_by,
                       done_how = case when m.confirmed_at is not null then 'read' else coalesce(t.done_how, 'said') end
    from changed c join moves m using (plan_id, step)
    where t.plan_id = m.plan_id and t.step = m.step and t.state = 'open' and m.state in ('done', 'cancelled');
    return null;
end
$$;
create trigger moves_open_tasks after insert on moves referencing new table as changed
for each statement execute function moves_are_tasks();
create trigger moves_end_tasks after update on moves referencing new table as changed
for each statement execute function moves_are_tasks();

create function moves_take_tasks_along() returns trigger language plpgsql as $$
begin
    update tasks t set state = 'cancelled', done_at = clock_timestamp(), done_by = 'plan'
    from gone g where t.plan_id = g.plan_id and t.step = g.step and t.state = 'open';
    return null;
end
$$;
create trigger moves_gone after delete on moves referencing old table as gone
for each statement execute function moves_take_tasks_along();

select count(open_task_of_move(p.site, row(m.*)::moves)) from moves m join plans p using (plan_id)
where m.state = 'open' and m.ready_at is not null;

-- ---- what is late ----------------------------------------------------------------------------------------------------

-- One alert for each site and role whose tasks are overdue, as long as there are any.
create function tell_overdue() returns bigint language sql as $$
    with late as (
        select site, role, 'tasks/' || role as originator, count(*) as tasks, min(due_at) as since
        from tasks where state = 'open' and escalated_at is not null group by site, role
    ), raised as (
        insert into alerts (site, kind, originator, severity, value, message, detail, hold_s)
        select site, 'task_overdue', originator, 'warning', tasks,
               format('%s overdue for the role %s, the oldest since %s', case tasks when 1 then '1 task is' else tasks || ' tasks are' end,
                      role, to_char(since at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')),
               jsonb_build_object('role', role, 'tasks', tasks, 'since', since), 0
        from late where not exists (select from alerts a where a.cleared_at is null
                                    and (a.site, a.kind, a.originator) = (late.site, 'task_overdue', late.originator))
        on conflict (site, kind, originator) where cleared_at is null do nothing
        returning *
    ), moved as (
        update alerts a set value = l.tasks, detail = jsonb_build_object('role', l.role, 'tasks', l.tasks, 'since', l.since)
        from late l
        where a.cleared_at is null and (a.site, a.kind, a.originator) = (l.site, 'task_overdue', l.originator) and a.value <> l.tasks
    ), cleared as (
        update alerts a set cleared_at = clock_timestamp()
        where a.kind = 'task_overdue' and a.cleared_at is null
          and not exists (select from late l where (l.site, l.originator) = (a.site, a.originator))
        returning a.*
    ), told as (
        select r.site, tell_webhooks('alert', r.site, alert_news(row(r.*)::alerts, 'raised')) as hooks from raised r
        union all
        select c.site, tell_webhooks('alert', c.site, alert_news(row(c.*)::alerts, 'cleared')) from cleared c
    )
    select count(pg_notify('tagdock_alerts', site)) + 0 * coalesce(sum(hooks), 0) from told
$$;

-- ---- work orders -----------------------------------------------------------------------------------------------------

-- What is repaired. Who repairs it, how urgent it is and until when stands with its task.
create table work_orders (
    work_order_id uuid primary key default gen_random_uuid(),
    reference text not null unique default replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),  -- 244 random bits
    task_id uuid not null unique references tasks,
    site text not null,
    epc text not null,
    case_ref text,
    state text not null default 'open' check (state in ('open', 'waiting_parts', 'testing', 'repaired', 'irreparable')),
    fault text not null default '',
    defect text,
    warranty_until date,
    liability text check (liability in ('customer', 'carrier', 'product', 'warehouse')),
    opened_by text not null default '',
    opened_at timestamptz not null default now(),
    parts_expected_at timestamptz,                      -- of what it waits for
    test_passed boolean,
    test_note text not null default '',
    tested_at timestamptz,
    tested_by text,
    outcome text not null default '',
    closed_at timestamptz,
    closed_by text,
    changed_at timestamptz not null default now(),
    check ((closed_at is not null) = (state in ('repaired', 'irreparable')))
);
create unique index work_orders_open on work_orders (epc) where closed_at is null;
create index work_orders_by_site on work_orders (site, opened_at);
create index work_orders_by_age on work_orders (opened_at, work_order_id);

-- What was taken out and put in; only added to.
create table work_order_parts (
    part_id uuid primary key default gen_random_uuid(),
    work_order_id uuid not null references work_orders,
    way text not null check (way in ('removed', 'installed')),
    epc text,                                           -- the item, or the carton that units were taken from
    sku text,
    bin text,
    quantity integer not null check (quantity between 1 and 1000),
    fate text check (fate in ('scrap', 'supplier', 'keep')),        -- of what was removed
    at timestamptz not null default clock_timestamp(),
    by text not null,
    check (epc is not null or sku is not null)
);
create index work_order_parts_of on work_order_parts (work_order_id, at);

create function work_order_news(w work_orders) returns jsonb language sql immutable as $$
    select jsonb_build_object('event', w.state, 'work_order_id', w.work_order_id, 'reference', w.reference, 'site', w.site, 'epc', w.epc,
        'case', w.case_ref, 'state', w.state, 'opened_at', w.opened_at, 'parts_expected_at', w.parts_expected_at, 'closed_at', w.closed_at)
$$;

create function tell_work_order() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' or old.state <> new.state then
        perform tell_webhooks('repair', new.site, work_order_news(new));
    end if;
    return null;
end
$$;
create trigger work_orders_told after insert or update on work_orders for each row execute function tell_work_order();

-- A task to repair an item is its work order, whoever opened and ended it.
create function tasks_are_work_orders() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into work_orders (task_id, site, epc, case_ref) values (new.task_id, new.site, new.epc, new.case_ref)
        on conflict do nothing;
    else
        update work_orders w set state = case when l.condition in ('repaired', 'refurbished') then 'repaired' else 'irreparable' end,
                                 closed_at = new.done_at, closed_by = new.done_by, changed_at = clock_timestamp()
        from tasks t left join lives l on l.epc = t.epc
        where t.task_id = new.task_id and w.task_id = new.task_id and w.closed_at is null;
    end if;
    return null;
end
$$;
create trigger tasks_open_work_orders after insert on tasks for each row
    when (new.kind = 'repair' and new.epc is not null) execute function tasks_are_work_orders();
create trigger tasks_close_work_orders after update of state on tasks for each row
    when (new.kind = 'repair' and old.state = 'open' and new.state <> 'open') execute function tasks_are_work_orders();

insert into work_orders (task_id, site, epc, case_ref)
select task_id, site, epc, case_ref from tasks where kind = 'repair' and state = 'open' and epc is not null on conflict do nothing;

create view work_orders_v1 as
select w.work_order_id, w.site, w.epc, coalesce(t.sku, i.sku) as sku, w.case_ref, w.state, w.defect, w.liability, w.warranty_until,
       t.assignee as technician, t.priority, t.due_at, w.opened_at, w.parts_expected_at, w.test_passed, w.tested_at, w.closed_at,
       w.closed_by, w.changed_at
from work_orders w join tasks t using (task_id) left join items i on i.epc = w.epc;

-- ---- service requests ------------------------------------------------------------------------------------------------

-- Complaints and enquiries. Who answers and until when stands with the task; of who asked only what their system calls them.
create table service_requests (
    request_id uuid primary key default gen_random_uuid(),
    reference text not null unique default replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),
    task_id uuid not null unique references tasks,
    site text not null,
    kind text not null check (kind in ('complaint', 'enquiry')),
    channel text not null check (channel in ('phone', 'mail', 'chat', 'web', 'shop', 'marketplace', 'letter')),
    class text not null,                                -- the house's word: late, damaged, wrong_item, missing_part
    customer text,                                      -- opaque: what another system calls them
    order_id text,
    epc text,
    case_ref text,
    text text not null default '',
    state text not null default 'open' check (state in ('open', 'closed')),
    resolution text,
    liability text check (liability in ('customer', 'carrier', 'product', 'warehouse', 'nobody')),
    opened_by text not null,
    opened_at timestamptz not null default now(),
    closed_at timestamptz,
    closed_by text,
    score smallint check (score between 1 and 5),
    score_note text not null default '',
    scored_at timestamptz,
    changed_at timestamptz not null default now(),
    check ((state = 'closed') = (closed_at is not null)),
    check ((resolution is not null) = (closed_at is not null)),
    check (score is null or closed_at is not null)
);
create index service_requests_by_age on service_requests (opened_at, request_id);
create index service_requests_by_site on service_requests (site, opened_at);

create function tell_request() returns trigger language plpgsql as $$
declare
    event text := case when tg_op = 'INSERT' then 'opened' when old.state <> new.state then new.state
                       when old.scored_at is distinct from new.scored_at then 'scored' end;
begin
    if event is not null then
        perform tell_webhooks('request', new.site, jsonb_build_object(
            'event', event, 'request_id', new.request_id, 'reference', new.reference, 'site', new.site, 'kind', new.kind,
            'class', new.class, 'channel', new.channel, 'customer', new.customer, 'order', new.order_id, 'epc', new.epc,
            'case', new.case_ref, 'state', new.state, 'liability', new.liability, 'opened_at', new.opened_at,
            'closed_at', new.closed_at, 'score', new.score));
    end if;
    return null;
end
$$;
create trigger service_requests_told after insert or update on service_requests for each row execute function tell_request();

create view service_requests_v1 as
select r.request_id, r.site, r.kind, r.channel, r.class, r.order_id, r.epc, r.case_ref, r.state, r.liability, t.assignee as owner,
       t.due_at, r.opened_at, r.closed_at, r.closed_by, r.score, r.scored_at, r.changed_at
from service_requests r join tasks t using (task_id);

-- Who ends its task has answered it.
create function tasks_close_requests() returns trigger language plpgsql as $$
begin
    update service_requests set state = 'closed', closed_at = new.done_at, closed_by = new.done_by, changed_at = clock_timestamp(),
                                resolution = coalesce(new.result ->> 'note', new.state)
    where task_id = new.task_id and closed_at is null;
    return null;
end
$$;
create trigger tasks_close_requests after update of state on tasks for each row
    when (new.kind = 'follow_up' and old.state = 'open' and new.state <> 'open') execute function tasks_close_requests();
