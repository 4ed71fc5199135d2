-- What dashboards read over long periods, counted ahead by a duty and never by ingest (decision 0117). Each row can be
-- counted again from the record, the flows, the sessions and the items at any time; nothing else reads these tables.

-- How far the counting has got. Every hour before `counted_until` is counted; what was stored, corrected or changed before
-- the other times has been looked at.
create table counted_ahead (
    is_only boolean primary key default true check (is_only),
    counted_until timestamptz,                  -- null: not begun
    looked_until timestamptz not null default '-infinity',
    looked_back_until timestamptz not null default '-infinity',     -- as above, over the whole record and not the last month
    sessions_until timestamptz not null default '-infinity',
    stock_at timestamptz not null default '-infinity'
);
insert into counted_ahead default values;

-- How late passages were stored, by hour and by day of observation, as reported. A band holds what took from
-- 10 ^ (band / 10) ms to a quarter more (26 %); what took less than a millisecond, or came before it was seen, is in band 0.
create table lateness_hours (
    site text not null,
    from_at timestamptz not null,
    door text not null,
    gateway text not null,
    band smallint not null,
    passages bigint not null,
    uncertain bigint not null,
    slowest_s double precision not null,
    primary key (site, from_at, door, gateway, band)
);
create table lateness_days (like lateness_hours including all);

-- What sensors of the environment read, by hour of observation; good readings only.
create table reading_hours (
    site text not null,
    from_at timestamptz not null,
    bin text not null,
    quantity text not null,
    readings bigint not null,
    total double precision not null,
    primary key (site, from_at, bin, quantity)
);

-- Which bin kept which SKU, and when: so that the walks of a day gone by are measured on the floor of that day.
create table bin_sku_spans (
    site text not null,
    sku text not null,
    bin text not null,
    from_at timestamptz not null,
    until_at timestamptz not null default 'infinity',
    primary key (site, sku, bin, from_at)
);

create function note_bin_skus() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        update bin_sku_spans s set until_at = now() from removed r
        where (s.site, s.sku, s.bin, s.until_at) = (r.site, r.sku, r.bin, 'infinity'::timestamptz);
        return null;
    end if;
    -- An import takes all away and brings most of it back: that was never gone.
    update bin_sku_spans s set until_at = 'infinity' from added a
    where (s.site, s.sku, s.bin, s.until_at) = (a.site, a.sku, a.bin, now());
    insert into bin_sku_spans (site, sku, bin, from_at)
    select a.site, a.sku, a.bin, now() from added a
    where not exists (select from bin_sku_spans s
                      where (s.site, s.sku, s.bin, s.until_at) = (a.site, a.sku, a.bin, 'infinity'::timestamptz));
    return null;
end
$$;
create trigger bin_skus_note_added after insert on bin_skus referencing new table as added
for each statement execute function note_bin_skus();
create trigger bin_skus_note_removed after delete on bin_skus referencing old table as removed
for each statement execute function note_bin_skus();
insert into bin_sku_spans (site, sku, bin, from_at) select site, sku, bin, '-infinity' from bin_skus;

-- Order lines of a day, and the metres from bin to door that they were, one way. A line is `placed` where its SKU was kept in
-- a bin whose way to the door that it left by is known; of several bins each is as likely.
create table pick_days (
    site text not null,
    day date not null,
    order_lines bigint not null,
    placed_lines bigint not null,
    walk_m double precision not null,
    counted_at timestamptz not null,
    primary key (site, day)
);
create table pick_days_due (
    site text not null,
    day date not null,
    primary key (site, day)
);

-- Order lines of a SKU in the last 28 days with today.
create table sku_lines (
    site text not null,
    sku text not null,
    lines bigint not null,
    primary key (site, sku)
);

-- How each session that is over ended.
create table session_ends (
    site text not null,
    session_id uuid not null,
    kind text not null,
    door text not null,
    opened_at timestamptz not null,
    closed_at timestamptz not null,             -- the end of its time at the door, as observed
    units_expected bigint not null,
    units_missing bigint not null,
    items_seen bigint not null,
    items_unexpected bigint not null,
    items_wrong_door bigint not null,
    changed_at timestamptz not null,
    primary key (site, session_id),
    foreign key (site, session_id) references door_sessions on delete cascade
);
create index session_ends_by_end on session_ends (site, closed_at);

-- What is present, by how long it stands. `door`: it came in there and has no bin yet. `age`: 0 under a day, 1 under a week,
-- 2 under four, 3 under thirteen, 4 more.
create table stock_ages (
    site text not null,
    sku text,
    door text,
    age smallint not null,
    items bigint not null,
    units bigint not null,
    first_since timestamptz not null,
    last_since timestamptz not null
);
create index stock_ages_by_site on stock_ages (site);

-- What plan_savings_v1 says, which joins years of flows.
create table plan_weeks (
    site text not null,
    plan_id uuid not null,
    week date not null,
    days bigint not null,
    promised_m_per_day double precision,
    expected_m_per_day double precision,
    measured_m_per_day double precision,
    moves_done bigint,
    moves bigint
);

-- ---- counting ---------------------------------------------------------------------------------------------------------

-- Count lateness anew for whole hours, and the days that they are of. The rest of those days comes from the hours.
create function recount_lateness(of_sites text[], first_at timestamptz, end_at timestamptz) returns void language plpgsql as $$
declare
    first_day constant timestamptz := date_trunc('day', first_at, 'UTC');
begin
    if end_at <= (select begins_at from retention where series = 'movements') then
        return;                                 -- what was dropped stays as it was counted
    end if;
    delete from lateness_hours where site = any (of_sites) and from_at >= first_at and from_at < end_at;
    insert into lateness_hours
    select m.site, date_bin('1 hour', m.observed_at, '2000-01-01Z'), m.door, m.gateway,
           floor(10 * log(greatest(date_part('epoch', m.stored_at - m.observed_at) * 1000, 1)))::smallint,
           count(*), count(*) filter (where m.direction = 'uncertain'),
           max(date_part('epoch', m.stored_at - m.observed_at))
    from movements m
    where m.site = any (of_sites) and m.observed_at >= first_at and m.observed_at < end_at and m.door is not null
    group by 1, 2, 3, 4, 5;
    delete from lateness_days where site = any (of_sites) and from_at >= first_day and from_at < end_at;
    insert into lateness_days
    select site, date_trunc('day', from_at, 'UTC'), door, gateway, band, sum(passages), sum(uncertain), max(slowest_s)
    from lateness_hours
    where site = any (of_sites) and from_at >= first_day and from_at < date_trunc('day', end_at + interval '23:59:59', 'UTC')
    group by 1, 2, 3, 4, 5
    on conflict do nothing;
    insert into pick_days_due
    select s, d::date from unnest(of_sites) s, generate_series(first_day at time zone 'UTC', (end_at - interval '1 ms') at time zone 'UTC', interval '1 day') d
    on conflict do nothing;
end
$$;

-- Count readings anew for whole hours.
create function recount_readings(of_sites text[], first_at timestamptz, end_at timestamptz) returns void language plpgsql as $$
begin
    if end_at <= (select begins_at from retention where series = 'bin_readings') then
        return;
    end if;
    delete from reading_hours where site = any (of_sites) and from_at >= first_at and from_at < end_at;
    insert into reading_hours
    select r.site, date_bin('1 hour', r.observed_at, '2000-01-01Z'), r.bin, r.quantity, count(*), sum(r.value)
    from bin_readings r
    where r.site = any (of_sites) and r.observed_at >= first_at and r.observed_at < end_at
      and r.quantity in ('temperature_c', 'humidity_pct') and r.quality = 'good'
    group by 1, 2, 3, 4;
end
$$;

-- Measure a day's walks anew: by the matrix that was given, else along the aisles, else |dx| + |dy|, as slotting does.
create function recount_picks(of_site text, of_day date) returns void language plpgsql as $$
declare
    floor_plan sites;
    ends_at constant timestamptz := least((of_day + 1)::timestamp at time zone 'UTC', now());
    back_m double precision;
begin
    select * into floor_plan from sites s where s.site = of_site;
    back_m := coalesce((floor_plan.aisles ->> 'front_gap_m')::double precision, 0)
        + ((floor_plan.aisles ->> 'cells')::integer - 1) * (floor_plan.aisles ->> 'cell_m')::double precision
        + coalesce((select sum((c ->> 'width_m')::double precision) from jsonb_array_elements(floor_plan.aisles -> 'cross_aisles') c
                    where (c ->> 'after_cell')::integer < (floor_plan.aisles ->> 'cells')::integer - 1), 0)
        + coalesce((floor_plan.aisles ->> 'back_gap_m')::double precision, 0);
    delete from pick_days where site = of_site and day = of_day;
    insert into pick_days
    with picked as materialized (
        select f.sku, f.door, sum(f.out_count) as lines from flows f
        where f.site = of_site and f.day = of_day and f.out_count > 0 group by 1, 2
    ), given as materialized (
        select b.bin, d.door, (r.row ->> (d.number - 1)::integer)::double precision as way_m
        from jsonb_array_elements_text(floor_plan.bin_door_m -> 'bins') with ordinality b (bin, number)
        join jsonb_array_elements(floor_plan.bin_door_m -> 'rows') with ordinality r (row, number) using (number)
        cross join jsonb_array_elements_text(floor_plan.bin_door_m -> 'doors') with ordinality d (door, number)
    ), kept as materialized (
        select k.sku, b.bin, b.x_m, b.y_m, b.aisle,
               coalesce((floor_plan.aisles ->> 'front_gap_m')::double precision, 0)
               + b.cell * (floor_plan.aisles ->> 'cell_m')::double precision
               + coalesce((select sum((c ->> 'width_m')::double precision)
                           from jsonb_array_elements(floor_plan.aisles -> 'cross_aisles') c
                           where (c ->> 'after_cell')::integer < b.cell), 0) as along_m
        from bin_sku_spans k join bins b on (b.site, b.bin) = (k.site, k.bin)
        where k.site = of_site and k.from_at < ends_at and k.until_at >= ends_at and k.sku in (select p.sku from picked p)
    ), ways as (
        select p.sku, p.door, p.lines,
               avg(case when floor_plan.bin_door_m is not null then g.way_m
                        when floor_plan.aisles is not null
                        then abs(k.along_m - case when d.aisle_end = 'back' then back_m else 0 end)
                             + abs(k.aisle - d.aisle) * (floor_plan.aisles ->> 'pitch_m')::double precision + coalesce(d.gap_m, 0)
                        else abs(k.x_m - d.x_m) + abs(k.y_m - d.y_m) end) as way_m
        from picked p
        left join kept k on k.sku = p.sku
        left join doors d on d.site = of_site and d.door = p.door
        left join given g on (g.bin, g.door) = (k.bin, p.door)
        group by 1, 2, 3
    )
    select of_site, of_day, coalesce(sum(lines), 0), coalesce(sum(lines) filter (where way_m is not null), 0),
           coalesce(sum(lines * way_m), 0), now()
    from ways;
    delete from pick_days_due where site = of_site and day = of_day;
end
$$;

-- Note how a page of sessions that changed ended; returns how far it got, null where it came to the end.
create function count_session_ends(after_at timestamptz) returns timestamptz language plpgsql as $$
declare
    page jsonb;
begin
    select jsonb_agg(jsonb_build_object('site', p.site, 'session_id', p.session_id, 'changed_at', p.changed_at)) into page from (
        select d.site, d.session_id, d.changed_at from door_sessions d where d.changed_at > after_at order by d.changed_at limit 200
    ) p;
    delete from session_ends e using jsonb_to_recordset(page) as p (site text, session_id uuid)
    where (e.site, e.session_id) = (p.site, p.session_id);
    insert into session_ends
    select v.site, v.session_id, v.kind, v.door, v.opened_at, coalesce(v.until_at, v.closed_at, v.changed_at), v.units_expected,
           v.units_missing, v.items_seen, v.items_unexpected, v.items_wrong_door, v.changed_at
    from jsonb_to_recordset(page) as p (site text, session_id uuid) join door_sessions_v1 v using (site, session_id)
    where v.state = 'closed';
    return case when jsonb_array_length(page) = 200 then (page -> 199 ->> 'changed_at')::timestamptz end;
end
$$;

-- Count what is present by its age, what left in four weeks, and what plans saved.
create function count_standing() returns void language plpgsql as $$
begin
    delete from stock_ages;
    insert into stock_ages
    select i.site, i.sku, case when i.bin is null and i.state in ('in_progress', 'returned') then i.door end,
           width_bucket(date_part('epoch', now() - i.since) / 86400, array[1, 7, 28, 91]), count(*), sum(i.quantity),
           min(i.since), max(i.since)
    from items i where i.state not in ('in_transit', 'unknown') group by 1, 2, 3, 4;
    delete from sku_lines;
    insert into sku_lines
    select f.site, f.sku, sum(f.out_count) from flows f
    where f.day > (now() at time zone 'UTC')::date - 28 and f.sku <> '' and f.out_count > 0 group by 1, 2;
    delete from plan_weeks;
    insert into plan_weeks
    select site, plan_id, week, days, promised_m_per_day, expected_m_per_day, measured_m_per_day, moves_done, moves from plan_savings_v1;
end
$$;

-- Count what is over and was not counted, and again what changed since. Returns true when nothing is left to do; works for
-- some ten seconds at most, so that a record of years is counted in many short transactions. Late events are found by when
-- they were stored, ten minutes back, which no transaction of ingest lasts: of the last month each time, of all once a day,
-- since old chunks may be compressed. An hour is over a quarter of an hour after its end.
create function count_ahead() returns boolean language plpgsql as $$
declare
    begun_at constant timestamptz := now();
    stop_at constant timestamptz := clock_timestamp() + interval '10 seconds';
    over_at constant timestamptz := date_bin('1 hour', begun_at - interval '15 minutes', '2000-01-01Z');
    kept_from constant timestamptz := (select coalesce(begins_at, '-infinity') from retention where series = 'movements');
    all_sites constant text[] := array(select s.site from sites s union select g.site from gateways g order by 1);
    done counted_ahead;
    late record;
    due record;
    back_to timestamptz;
    step_at timestamptz;
    first_at timestamptz;
begin
    select * into done from counted_ahead for update;
    if done.counted_until is null then
        done.counted_until := over_at;
        for due in select unnest(all_sites) as site loop
            select min(m.observed_at) into first_at from movements m where m.site = due.site;
            done.counted_until := least(done.counted_until, date_bin('1 hour', case when first_at < kept_from then kept_from else first_at end, '2000-01-01Z'));
            select min(r.observed_at) into first_at from bin_readings r where r.site = due.site;
            done.counted_until := least(done.counted_until, date_bin('1 hour', first_at, '2000-01-01Z'));
        end loop;
        done.looked_until := begun_at;
        done.looked_back_until := begun_at;
    end if;

    back_to := case when done.looked_back_until < begun_at - interval '1 day' then kept_from
                    else greatest(kept_from, begun_at - interval '31 days') end;
    step_at := case when done.looked_back_until < begun_at - interval '1 day' then done.looked_back_until else done.looked_until end;
    for late in
        select distinct m.site, date_bin('1 hour', m.observed_at, '2000-01-01Z') as hour_at from movements m
        where m.site = any (all_sites) and m.stored_at >= step_at - interval '10 minutes'
          and m.observed_at >= back_to and m.observed_at < done.counted_until
    loop
        perform recount_lateness(array[late.site], late.hour_at, late.hour_at + interval '1 hour');
    end loop;
    -- Readings have no index by when they were stored: two days are read through, once a day the last month.
    for late in
        select distinct r.site, date_bin('1 hour', r.observed_at, '2000-01-01Z') as hour_at from bin_readings r
        where r.site = any (all_sites) and r.stored_at >= step_at - interval '10 minutes'
          and r.observed_at >= begun_at - case when done.looked_back_until < begun_at - interval '1 day'
                                               then interval '31 days' else interval '2 days' end
          and r.observed_at < done.counted_until
    loop
        perform recount_readings(array[late.site], late.hour_at, late.hour_at + interval '1 hour');
    end loop;
    if done.looked_back_until < begun_at - interval '1 day' then
        done.looked_back_until := begun_at;
    end if;
    insert into pick_days_due
    select distinct c.site, (c.observed_at at time zone 'UTC')::date from correction_events c
    where c.corrected_at >= done.looked_until - interval '10 minutes'
    on conflict do nothing;
    done.looked_until := begun_at;

    while done.counted_until < over_at and clock_timestamp() < stop_at loop
        step_at := least(date_trunc('day', done.counted_until, 'UTC') + interval '1 day', over_at);
        perform recount_lateness(all_sites, done.counted_until, step_at);
        perform recount_readings(all_sites, done.counted_until, step_at);
        done.counted_until := step_at;
    end loop;

    step_at := done.sessions_until - interval '10 minutes';
    while step_at is not null and clock_timestamp() < stop_at loop
        first_at := step_at;
        step_at := count_session_ends(step_at);
    end loop;
    done.sessions_until := case when step_at is null then begun_at else step_at + interval '10 minutes' end;

    if done.stock_at < begun_at - interval '5 minutes' or not exists (select from stock_ages) then
        perform count_standing();
        insert into pick_days_due select s, (begun_at at time zone 'UTC')::date from unnest(all_sites) s on conflict do nothing;
        done.stock_at := begun_at;
    end if;

    for due in select d.site, d.day from pick_days_due d order by d.day desc loop
        exit when clock_timestamp() > stop_at;
        perform recount_picks(due.site, due.day);
    end loop;

    update counted_ahead set (counted_until, looked_until, looked_back_until, sessions_until, stock_at)
        = (done.counted_until, done.looked_until, done.looked_back_until, done.sessions_until, done.stock_at);
    return done.counted_until >= over_at and step_at is null and not exists (select from pick_days_due);
end
$$;

-- Forget all that is counted of what the record still holds, and count it anew, to the end.
create function count_ahead_anew() returns void language plpgsql as $$
declare
    kept_from constant timestamptz := (select coalesce(begins_at, '-infinity') from retention where series = 'movements');
begin
    delete from lateness_hours where from_at >= kept_from;
    delete from lateness_days where from_at >= kept_from;
    delete from reading_hours
    where from_at >= (select coalesce(begins_at, '-infinity') from retention where series = 'bin_readings');
    insert into pick_days_due select site, day from pick_days where (day::timestamp at time zone 'UTC') >= kept_from on conflict do nothing;
    update counted_ahead set counted_until = null, sessions_until = '-infinity', stock_at = '-infinity';
    while not count_ahead() loop
    end loop;
end
$$;

-- What a view asks a function, the function asks as whoever reads the view: Grafana's role may read no table.
alter function session_lines_of(text, uuid) security definer set search_path = public, pg_temp;
alter function session_goods_of(text, uuid) security definer set search_path = public, pg_temp;

-- ---- views ------------------------------------------------------------------------------------------------------------

-- Where the record goes on from. A function that is asked before the plan is made, so that the plan is one for few rows;
-- Citus has no such functions on its workers and asks the table.
create function counted_until() returns timestamptz language sql stable security definer set search_path = public, pg_temp as $$
    select coalesce((select c.counted_until from counted_ahead c), '-infinity')
$$;

-- How late passages were stored, by hour of observation, or by UTC day for long periods: what is counted, and from the record
-- what is not over yet. `late_s` is the middle of a band, 12 % from what it stands for at most; `slowest_s` is exact.
do $$
declare
    goes_on_from constant text := case when store_flavour() = 'citus'
        then 'coalesce((select c.counted_until from counted_ahead c), ''-infinity'')' else 'counted_until()' end;
    late_s constant text := '10 ^ ((floor(10 * log(greatest(date_part(''epoch'', stored_at - observed_at) * 1000, 1))) + 0.5) / 10 - 3)';
    named record;
begin
    for named in select * from (values ('lateness_v1', 'hour_at', 'lateness_hours', 'date_bin(''1 hour'', observed_at, ''2000-01-01Z'')'),
                                       ('lateness_days_v1', 'day_at', 'lateness_days', 'date_trunc(''day'', observed_at, ''UTC'')'))
                        as v (view, at, counted, point) loop
        execute format($view$
            create view %1$I as
            select site, from_at as %2$I, door, gateway, 10::double precision ^ ((band + 0.5::double precision) / 10 - 3) as late_s, passages, uncertain, slowest_s
            from %3$I
            union all
            select site, %4$s, door, gateway, %5$s, count(*), count(*) filter (where direction = 'uncertain'),
                   max(date_part('epoch', stored_at - observed_at))
            from movements where door is not null and observed_at >= %6$s group by 1, 2, 3, 4, 5
        $view$, named.view, named.at, named.counted, named.point, late_s, goes_on_from);
    end loop;
end
$$;

-- What sensors of the environment read, by hour.
do $$
begin
    execute format($view$
        create view reading_hours_v1 as
        select site, from_at as hour_at, bin, quantity, readings, total from reading_hours
        union all
        select site, date_bin('1 hour', observed_at, '2000-01-01Z'), bin, quantity, count(*), sum(value)
        from bin_readings
        where quantity in ('temperature_c', 'humidity_pct') and quality = 'good' and observed_at >= %s
        group by 1, 2, 3, 4
    $view$, case when store_flavour() = 'citus'
                 then 'coalesce((select c.counted_until from counted_ahead c), ''-infinity'')' else 'counted_until()' end);
end
$$;

-- Order lines and walks by UTC day.
create view picks_v1 as
select site, day, order_lines, placed_lines, walk_m, counted_at from pick_days;

-- Sessions that are over.
create view session_ends_v1 as
select site, session_id, kind, door, opened_at, closed_at, units_expected, units_missing, items_seen, items_unexpected,
       items_wrong_door from session_ends;

-- What is present, by SKU, by the door at which it still stands, and by age; as of `counted_at`.
create view stock_ages_v1 as
select site, sku, door, age, items, units, first_since, last_since, stock_at as counted_at from stock_ages, counted_ahead;

-- How far what is counted ahead reaches.
create view counted_v1 as
select counted_until, nullif(looked_until, '-infinity') as looked_until, nullif(stock_at, '-infinity') as stock_at from counted_ahead;

-- Why passages were reported, as JSON in the words of their gateways.
create view passage_evidence_v1 as
select site, observed_at, door, gateway, direction, coalesce(evidence_said, evidence::text) as evidence
from movements where door is not null;

-- Promised and measured savings by week, as counted.
create view plan_weeks_v1 as
select site, plan_id, week, days, promised_m_per_day, expected_m_per_day, measured_m_per_day, moves_done, moves from plan_weeks;

-- As before, from what is counted ahead.
create or replace view bin_flows_v1 as
select b.site, b.bin, b.zone, b.x_m, b.y_m, b.z_m, b.aisle, b.cell, coalesce(k.skus, 0) as skus, coalesce(k.lines, 0) / 28.0 as lines_per_day
from bins b
left join (
    select kept.site, kept.bin, count(*) as skus, sum(f.lines / kept.bins::double precision) as lines
    from (select site, bin, sku, count(*) over (partition by site, sku) as bins from bin_skus) kept
    left join sku_lines f using (site, sku)
    group by 1, 2
) k using (site, bin)
