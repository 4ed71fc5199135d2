-- EPCIS 2.0: what was told of our own movements, captured events, capture jobs, queries and subscriptions.

-- One order for all events, whoever they come from.
create sequence epcis_numbers;

-- What has been told of the record: a log that only grows, one row an event, written by one duty (decision 0091). The event
-- itself is written from its row whenever it is asked for. What turns out not to have happened so stays, and a second row with
-- the same digest declares the error.
create table epcis_told (
    recorded_at timestamptz not null default now(),
    number bigint not null default nextval('epcis_numbers'),
    site text not null,
    observed_at timestamptz not null,
    movement_id uuid not null,
    epc text not null,
    place text not null,                        -- door/D1 or bin/A-01-1
    step text not null check (step in ('receiving', 'returned', 'shipping', 'storing', 'picking')),
    revision smallint not null default 1,       -- counts what was told of one movement
    digest bytea not null check (octet_length(digest) = 32),
    declared_at timestamptz not null default '-infinity',   -- when it was declared an error; -infinity: it is none
    reason text check (reason in ('did_not_occur', 'incorrect_data')),
    corrective bytea,                           -- digest of the event that stands in its place
    primary key (recorded_at, number),
    check ((declared_at = '-infinity') = (reason is null))
);
create unique index epcis_told_once on epcis_told (digest, declared_at);
create index epcis_told_by_epc on epcis_told (epc, observed_at, number);
create index epcis_told_by_place on epcis_told (site, place, observed_at, number);
create index epcis_told_by_time on epcis_told (observed_at, number);

-- How far the log has got: in each site's record (`site/<name>`), and in the corrections (`corrections`).
create table epcis_until (
    what text primary key,
    at timestamptz not null,
    observed_at timestamptz not null default '-infinity',
    id uuid not null default '00000000-0000-0000-0000-000000000000'
);

-- Events that others told us. `event_key` is the hash in a CBV hash id, else a hash of the id with a leading 1.
create table epcis_captured (
    number bigint primary key default nextval('epcis_numbers'),
    recorded_at timestamptz not null default now(),
    event_key bytea not null,
    declared_at timestamptz not null default '-infinity',
    event_id text not null,
    event_type text not null,
    event_time timestamptz not null,
    action text,
    biz_step text,
    disposition text,
    read_point text,
    biz_location text,
    site text,                                  -- as its places name one of ours; null: none of ours
    body jsonb not null,
    captured_by text not null
);
create unique index epcis_captured_once on epcis_captured (event_key, declared_at);
create index epcis_captured_by_time on epcis_captured (event_time, number);
create index epcis_captured_by_record on epcis_captured (recorded_at, number);
create index epcis_captured_by_read_point on epcis_captured (read_point, event_time) where read_point is not null;
create index epcis_captured_by_location on epcis_captured (biz_location, event_time) where biz_location is not null;

-- What captured events name: EPCs, classes and transactions, in canonical form.
create table epcis_names (
    name text not null,
    role text not null,         -- epc, parent, child, input, output; class, child_class, ...; transaction:<type>
    number bigint not null references epcis_captured on delete cascade,
    event_time timestamptz not null,
    primary key (name, number, role)
);
create index epcis_names_by_event on epcis_names (number);
create index epcis_names_by_time on epcis_names (name, event_time desc);

-- Items' histories take captured events in from here.
create view epcis_history_v1 as
select n.name as epc, c.event_time, c.recorded_at, c.number, c.event_id, c.event_type, n.role, c.action, c.biz_step, c.disposition,
       c.read_point, c.biz_location, c.site, c.captured_by, nullif(c.declared_at, '-infinity') as declared_at
from epcis_names n join epcis_captured c using (number)
where n.role in ('epc', 'parent', 'child', 'input', 'output');

-- Store events; returns the places (in the caller's list) of those that are known already. Where all or none are wanted and
-- one is known, none is stored.
create function epcis_capture(events jsonb, all_or_none boolean) returns integer[] language plpgsql as $$
declare
    refused integer[];
begin
    begin
        with given as (
            select e.*, decode(e.key, 'hex') as event_key, coalesce(e.declared_at, '-infinity') as declared,
                   row_number() over (partition by e.key, e.declared_at order by e.place) as nth
            from jsonb_to_recordset(events) as e (place integer, key text, declared_at timestamptz, event_id text,
                event_type text, event_time timestamptz, action text, biz_step text, disposition text, read_point text,
                biz_location text, site text, body jsonb, names jsonb, captured_by text)
        ),
        stored as (
            insert into epcis_captured (event_key, declared_at, event_id, event_type, event_time, action, biz_step, disposition,
                                        read_point, biz_location, site, body, captured_by)
            select event_key, declared, event_id, event_type, event_time, action, biz_step, disposition, read_point,
                   biz_location, site, body, captured_by
            from given g
            where nth = 1
              and not exists (select from epcis_told t where t.digest = g.event_key and t.declared_at = g.declared)
            order by event_key, declared
            on conflict (event_key, declared_at) do nothing
            returning number, event_key, declared_at, event_time
        ),
        named as (
            insert into epcis_names (name, role, number, event_time)
            select distinct n.name, n.role, s.number, s.event_time
            from stored s join given g on (g.event_key, g.declared, g.nth) = (s.event_key, s.declared_at, 1),
                 jsonb_to_recordset(g.names) as n (name text, role text)
        )
        select coalesce(array_agg(g.place order by g.place), '{}') into refused
        from given g left join stored s on (g.event_key, g.declared, g.nth) = (s.event_key, s.declared_at, 1)
        where s.number is null;
        if all_or_none and refused <> '{}' then
            raise exception using errcode = 'EP409';
        end if;
    exception when sqlstate 'EP409' then
        null;                                   -- what was stored in this block is gone again
    end;
    return refused;
end
$$;

create table epcis_jobs (
    job_id uuid primary key default gen_random_uuid(),
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    behaviour text not null check (behaviour in ('rollback', 'proceed')),
    success boolean not null default true,
    errors jsonb not null default '[]',
    events integer not null,
    asked_by text not null,
    sites text[],                               -- of who asked; null: all
    waiting jsonb                               -- what is still to be stored
);
create index epcis_jobs_by_time on epcis_jobs (created_at desc, job_id);
create index epcis_jobs_waiting on epcis_jobs (created_at) where waiting is not null;

create table epcis_queries (
    name text primary key,
    query jsonb not null,
    created_at timestamptz not null default now(),
    created_by text not null
);

create table epcis_subscriptions (
    subscription_id uuid primary key default gen_random_uuid(),
    name text not null references epcis_queries on delete cascade,
    webhook_id uuid not null references webhooks,
    dest text not null,                         -- as it may be shown
    schedule jsonb,                             -- null: a stream
    report_if_empty boolean not null default false,
    epc_format text not null,
    sites text[],                               -- of who subscribed; null: all
    created_at timestamptz not null default now(),
    created_by text not null,
    after_at timestamptz not null,              -- told so far
    after_number bigint not null default 0,
    next_at timestamptz,                        -- of the schedule
    notified_at timestamptz,
    problem text                                -- why it does not run
);
create index epcis_subscriptions_by_name on epcis_subscriptions (name, created_at, subscription_id);

-- Before this moment every writing transaction has ended: what carries an earlier one of the database's own times is visible,
-- and nothing earlier can still appear. One that only reads (a backup) does not hold it up for longer than two minutes, in
-- which ours have long ended. Sessions of other users show nothing of theirs unless we may look (pg_read_all_stats): where one
-- of them may write movements, those two minutes are kept, too. Superusers are taken not to.
create function epcis_horizon() returns timestamptz language sql volatile as $$
    select least(
        now(),
        min(xact_start) filter (where backend_type = 'client backend'
            and (backend_xid is not null or xact_start > clock_timestamp() - interval '2 minutes')),
        case when bool_or(backend_type is null and not r.rolsuper and has_table_privilege(r.oid, 'movements', 'insert'))
             then clock_timestamp() - interval '2 minutes' end)
    from pg_stat_activity a left join pg_roles r on r.oid = a.usesysid
    where a.datname = current_database() and a.pid <> pg_backend_pid()
$$;
