-- How the record is kept: partitions made ahead, retention, compression, throughput by hour, and on Citus distribution.
-- Nothing above this file asks which flavour the database is of.

-- What the database offers: plain PostgreSQL, TimescaleDB in its community or its Apache edition, Citus.
create function store_flavour() returns text language sql stable as $$
    select case
        when exists (select from pg_extension where extname = 'citus') then 'citus'
        when not exists (select from pg_extension where extname = 'timescaledb') then 'plain'
        when current_setting('timescaledb.license', true) = 'timescale' then 'timescaledb'
        else 'timescaledb-apache'
    end
$$;

-- Make the monthly partitions that hold the given times; nothing to do on hypertables. A partition is made aside and
-- attached: that waits for nobody who reads or writes, where `create table ... partition of` would stop them all. Safe to
-- call at once from several sessions: they queue on the advisory lock, and only where a partition is really missing.
create or replace function ensure_partitions(first_at timestamptz, last_at timestamptz) returns void
language plpgsql as $$
declare
    series text;
    month_at timestamp;                     -- months are cut in UTC, whatever the session's time zone
    child text;
begin
    foreach series in array array['movements', 'bin_readings', 'reader_events'] loop
        if (select relkind from pg_class where oid = series::regclass) <> 'p' then
            continue;
        end if;
        month_at := date_trunc('month', first_at at time zone 'UTC');
        while month_at <= last_at at time zone 'UTC' loop
            child := format('%s_%s', series, to_char(month_at, 'YYYY_MM'));
            if to_regclass(child) is null then
                perform pg_advisory_xact_lock(hashtext('tagdock.partitions'));
                if to_regclass(child) is null then
                    execute format('create table %I (like %I including all)', child, series);
                    execute format('alter table %I attach partition %I for values from (%L) to (%L)', series, child,
                                   month_at at time zone 'UTC', (month_at + interval '1 month') at time zone 'UTC');
                end if;
            end if;
            month_at := month_at + interval '1 month';
        end loop;
    end loop;
end
$$;

-- How long each series is kept. Nothing is dropped unless somebody says so (`tagdock-cloud retention`).
create table retention (
    series text primary key check (series in ('movements', 'bin_readings', 'reader_events')),
    keep_days integer check (keep_days >= 31),      -- null: for ever
    begins_at timestamptz                           -- what was observed before this moment has been dropped
);
insert into retention (series) values ('movements'), ('bin_readings'), ('reader_events');

-- What an item's place hangs on of the movements that were dropped: its last step, the last step that was not `in` by a
-- door, and where it was only ever sighted, the first sighting. `project_items` reads them as if they were in the record.
create table kept_steps (
    epc text not null,
    observed_at timestamptz not null,
    event_id uuid not null,
    site text not null,
    door text,
    bin text,
    direction text not null,
    primary key (epc, observed_at, event_id)
);

create function keep_steps(before timestamptz) returns void language plpgsql as $$
begin
    create temp table steps_to_keep on commit drop as table kept_steps with no data;
    execute format($sql$
        with seen as (
            select epc, observed_at, event_id, site, door, bin, direction, direction in ('in', 'out') as placed,
                   direction in ('in', 'out') and not (door is not null and direction = 'in') as turned
            from (select epc, observed_at, event_id, site, door, bin, direction from %I where observed_at < %L
                  union all select epc, observed_at, event_id, site, door, bin, direction from kept_steps) all_steps
        ), numbered as (
            select *, row_number() over (partition by epc, placed order by observed_at desc, event_id desc) as of_placed,
                   row_number() over (partition by epc, turned order by observed_at desc, event_id desc) as of_turned,
                   row_number() over (partition by epc order by placed desc, observed_at, event_id) as first_seen,
                   bool_or(placed) over (partition by epc) as ever_placed
            from seen
        )
        insert into steps_to_keep
        select distinct epc, observed_at, event_id, site, door, bin, direction from numbered
        where (placed and of_placed = 1) or (turned and of_turned = 1) or (not ever_placed and first_seen = 1)
    $sql$, case when to_regclass('settled_movements') is null then 'movements' else 'settled_movements' end, before);
    delete from kept_steps;
    insert into kept_steps table steps_to_keep;
    drop table steps_to_keep;
end
$$;

-- Drop whole months that nobody wants to keep any more, and return how many partitions or chunks went. One transaction
-- with what has to be remembered of them.
create function drop_old_record() returns integer language plpgsql as $$
declare
    wanted record;
    part record;
    cut_at timestamptz;
    dropped integer := 0;
begin
    for wanted in select series, keep_days, begins_at from retention where keep_days is not null for update loop
        cut_at := date_trunc('month', now() - make_interval(days => wanted.keep_days), 'UTC');
        continue when cut_at <= wanted.begins_at;
        if wanted.series = 'movements' then
            perform keep_steps(cut_at);
        end if;
        if store_flavour() like 'timescaledb%' then
            execute 'select count(*) from drop_chunks($1::regclass, older_than => $2)' into part using wanted.series, cut_at;
            dropped := dropped + part.count;
        else
            for part in
                select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
                where i.inhparent = wanted.series::regclass
                  and c.relname < format('%s_%s', wanted.series, to_char(cut_at at time zone 'UTC', 'YYYY_MM'))
            loop
                execute format('drop table %I', part.name);
                dropped := dropped + 1;
            end loop;
        end if;
        update retention set begins_at = cut_at where series = wanted.series;
    end loop;
    return dropped;
end
$$;

-- The continuous aggregate must not look again at what was dropped, or it would forget what it counted there. TimescaleDB's
-- own retention policy is not used: it would drop movements before the steps that items hang on are kept.
create function follow_retention() returns void language plpgsql as $$
begin
    if store_flavour() = 'timescaledb' then
        perform remove_continuous_aggregate_policy('hours', if_exists => true);
        perform add_continuous_aggregate_policy('hours',
            (select make_interval(days => keep_days) from retention where series = 'movements'),
            interval '1 hour', interval '10 minutes');
    end if;
end
$$;

-- What slotting may write goes through these three; its role has no table (deploy/database/grants.sql).
alter function plan_start_v1(uuid, jsonb) security definer set search_path = public, pg_temp;
alter function plan_finish_v1(uuid, jsonb) security definer set search_path = public, pg_temp;
alter function plan_fail_v1(uuid, text) security definer set search_path = public, pg_temp;
revoke execute on function plan_start_v1(uuid, jsonb), plan_finish_v1(uuid, jsonb), plan_fail_v1(uuid, text) from public;

-- Passages by door and hour. On TimescaleDB's community edition a continuous aggregate; on Citus counted when asked,
-- by all workers; elsewhere a table that a trigger moves, so that it is exact whatever version of ingest writes.
do $$
begin
    if store_flavour() = 'timescaledb' then
        create materialized view hours
        with (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) as
        select site, time_bucket(interval '1 hour', observed_at) as hour_at, door,
               count(*) filter (where direction = 'in') as in_count, count(*) filter (where direction = 'out') as out_count,
               count(*) filter (where direction = 'pass') as pass_count,
               count(*) filter (where direction = 'uncertain') as uncertain_count
        from movements where door is not null group by 1, 2, 3
        with no data;
        create index on hours (site, hour_at desc);
        perform follow_retention();
        alter table movements set (timescaledb.enable_columnstore, timescaledb.segmentby = 'site',
                                   timescaledb.orderby = 'observed_at desc, event_id desc');
        alter table bin_readings set (timescaledb.enable_columnstore, timescaledb.segmentby = 'site, bin, quantity',
                                      timescaledb.orderby = 'observed_at desc, event_id desc');
        alter table reader_events set (timescaledb.enable_columnstore, timescaledb.segmentby = 'site',
                                       timescaledb.orderby = 'observed_at desc, event_id desc');
        perform add_compression_policy(series, interval '30 days')
        from unnest(array['movements', 'bin_readings', 'reader_events']) as series;
    elsif store_flavour() = 'citus' then
        perform create_distributed_table(series, 'site')
        from unnest(array['movements', 'bin_readings', 'reader_events']) as series;
        create view hours as
        select site, date_trunc('hour', observed_at, 'UTC') as hour_at, door,
               count(*) filter (where direction = 'in') as in_count, count(*) filter (where direction = 'out') as out_count,
               count(*) filter (where direction = 'pass') as pass_count,
               count(*) filter (where direction = 'uncertain') as uncertain_count
        from movements where door is not null group by 1, 2, 3;
    else
        create table hours (
            site text not null,
            hour_at timestamptz not null,
            door text not null,
            in_count bigint not null default 0,
            out_count bigint not null default 0,
            pass_count bigint not null default 0,
            uncertain_count bigint not null default 0,
            primary key (site, hour_at, door)
        );
        create function count_hours() returns trigger language plpgsql as $count$
        begin
            insert into hours as h
            select site, date_trunc('hour', observed_at, 'UTC'), door,
                   count(*) filter (where direction = 'in'), count(*) filter (where direction = 'out'),
                   count(*) filter (where direction = 'pass'), count(*) filter (where direction = 'uncertain')
            from added where door is not null group by 1, 2, 3 order by 1, 2, 3
            on conflict (site, hour_at, door) do update set
                in_count = h.in_count + excluded.in_count, out_count = h.out_count + excluded.out_count,
                pass_count = h.pass_count + excluded.pass_count,
                uncertain_count = h.uncertain_count + excluded.uncertain_count;
            return null;
        end
        $count$;
        -- From here to the commit nobody else writes movements, so the sum below is exact; ingest waits and goes on.
        create trigger movements_count_hours after insert on movements referencing new table as added
        for each statement execute function count_hours();
        insert into hours
        select site, date_trunc('hour', observed_at, 'UTC'), door,
               count(*) filter (where direction = 'in'), count(*) filter (where direction = 'out'),
               count(*) filter (where direction = 'pass'), count(*) filter (where direction = 'uncertain')
        from movements where door is not null group by 1, 2, 3;
    end if;
end
$$;

create view throughput_v1 as
select site, hour_at, door, in_count as "in", out_count as "out", pass_count as pass, uncertain_count as uncertain from hours;

-- Stock by SKU, place and state, so that asking costs nothing for what left years ago. What changes items leaves
-- differences, which nobody waits for and which lock nothing; a duty adds them up (`fold_stock`).
create table stock_counts (
    site text not null,
    sku text,
    bin text,
    state text not null,
    items bigint not null,
    quantity bigint not null
) with (fillfactor = 60);
create unique index stock_counts_by_place on stock_counts (site, state, sku, bin) nulls not distinct;

create table stock_deltas (like stock_counts)
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_analyze_threshold = 1000000);

create function count_stock() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into stock_deltas select site, sku, bin, state, count(*), sum(quantity) from added group by 1, 2, 3, 4;
    elsif tg_op = 'DELETE' then
        insert into stock_deltas select site, sku, bin, state, -count(*), -sum(quantity) from removed group by 1, 2, 3, 4;
    else
        insert into stock_deltas
        select site, sku, bin, state, sum(n), sum(n * quantity)
        from (select site, sku, bin, state, quantity, 1 as n from added
              union all select site, sku, bin, state, quantity, -1 from removed) changed
        group by 1, 2, 3, 4
        having sum(n) <> 0 or sum(n * quantity) <> 0;
    end if;
    return null;
end
$$;
create trigger items_count_added after insert on items referencing new table as added
for each statement execute function count_stock();
create trigger items_count_removed after delete on items referencing old table as removed
for each statement execute function count_stock();
create trigger items_count_changed after update on items referencing new table as added old table as removed
for each statement execute function count_stock();
-- As above: until the commit nobody else changes items.
insert into stock_counts select site, sku, bin, state, count(*), sum(quantity) from items group by 1, 2, 3, 4;

-- Add up the differences; returns how many there were. One at a time: the duty that calls it is done by one worker.
create function fold_stock() returns bigint language sql as $$
    with taken as (
        delete from stock_deltas returning site, sku, bin, state, items, quantity
    ), folded as (
        insert into stock_counts as c
        select site, sku, bin, state, sum(items), sum(quantity) from taken group by 1, 2, 3, 4
        on conflict (site, state, sku, bin) do update
        set items = c.items + excluded.items, quantity = c.quantity + excluded.quantity
    )
    select count(*) from taken
$$;

create or replace view stock_v1 as
select c.site, c.sku, b.zone, c.state, sum(c.items)::bigint as items, sum(c.quantity)::bigint as quantity
from (select * from stock_counts union all select * from stock_deltas) c left join bins b using (site, bin)
group by c.site, c.sku, b.zone, c.state
having sum(c.items) <> 0;
