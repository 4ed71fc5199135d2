-- What the interface tells of changes: sessions in the order in which they changed, throughput as it was settled.

-- ---- sessions that change --------------------------------------------------------------------------------------------

create index door_sessions_by_change on door_sessions (site, changed_at);

-- A change of a session by a name of its own: who saw it, is not told it again.
create function session_change_id(session_id uuid, changed_at timestamptz) returns uuid language sql immutable parallel safe as $$
    select md5(session_id::text || ' ' || extract(epoch from changed_at)::text)::uuid
$$;

-- What became of a session last. One that was opened has changed when it was entered and not since.
create function session_change(state text, entered_at timestamptz, changed_at timestamptz) returns text
language sql immutable parallel safe as $$
    select case when state = 'closed' then 'closed' when changed_at = entered_at then 'opened' else 'changed' end
$$;

-- ---- door sessions on every kind of store ----------------------------------------------------------------------------

-- As before, but the record is asked once for all, and not once an item: Citus reaches into no distributed table for each
-- row of a local one.
create or replace function project_session_goods(pairs jsonb, is_news boolean) returns void language plpgsql as $$
declare
    of_sites text[];
    of_epcs text[];
    from_at timestamptz;
    to_at timestamptz;
    steps jsonb;
    told bigint;
begin
    perform from (                              -- sessions before their goods, in the order of their keys: nobody locks crosswise
        select from door_sessions
        where (site, session_id) in (
            select site, session_id from jsonb_to_recordset(pairs) as p (site text, session_id uuid)
        )
        order by site, session_id for update
    ) locked;
    select array_agg(distinct site), array_agg(distinct p.epc), min(s.opened_at), max(s.until_at)
    into of_sites, of_epcs, from_at, to_at
    from jsonb_to_recordset(pairs) as p (site text, session_id uuid, epc text) join door_sessions s using (site, session_id);
    select jsonb_agg(jsonb_build_array(m.site, m.epc, m.sku, m.door, m.direction, m.observed_at, m.event_id)) into steps
    from settled_movements m
    where m.site = any (of_sites) and m.epc = any (of_epcs) and m.observed_at >= from_at and m.observed_at < to_at
      and m.door is not null and m.direction in ('in', 'out');
    with wanted as materialized (
        select distinct p.site, p.session_id, p.epc, s.kind, s.order_id, s.door, s.opened_at, s.until_at,
               case s.kind when 'outbound' then 'out' else 'in' end as way
        from jsonb_to_recordset(pairs) as p (site text, session_id uuid, epc text) join door_sessions s using (site, session_id)
    ), passed as materialized (
        select m ->> 0 as site, m ->> 1 as epc, m ->> 2 as sku, m ->> 3 as door, m ->> 4 as direction,
               (m ->> 5)::timestamptz as observed_at, (m ->> 6)::uuid as event_id
        from jsonb_array_elements(steps) m
    ), here as materialized (                   -- the last step at the session's own door, where that is of its way
        select * from (
            select distinct on (w.site, w.session_id, w.epc) w.site, w.session_id, w.epc, w.way, m.door, m.direction, m.observed_at,
                   m.event_id
            from wanted w join passed m on m.site = w.site and m.epc = w.epc and m.door = w.door
            where m.observed_at >= w.opened_at and m.observed_at < w.until_at
            order by w.site, w.session_id, w.epc, m.observed_at desc, m.event_id desc
        ) last where last.direction = last.way
    ), there as materialized (                  -- else the last one of its way at another door, if the item is expected
        select distinct on (w.site, w.session_id, w.epc) w.site, w.session_id, w.epc, m.door, m.observed_at, m.event_id
        from wanted w join passed m on m.site = w.site and m.epc = w.epc and m.direction = w.way
        where m.door <> w.door and m.observed_at >= w.opened_at and m.observed_at < w.until_at
          and not exists (select from here h where (h.site, h.session_id, h.epc) = (w.site, w.session_id, w.epc))
          and (exists (select from order_lines l where (l.site, l.epc, l.kind, l.order_id) = (w.site, m.epc, w.kind, w.order_id))
               or exists (select from order_lines l where (l.site, l.sku, l.kind, l.order_id) = (w.site, m.sku, w.kind, w.order_id)))
        order by w.site, w.session_id, w.epc, m.observed_at desc, m.event_id desc
    ), weighed as materialized (
        select site, session_id, epc, coalesce(here.door, there.door) as door,
               coalesce(here.observed_at, there.observed_at) as observed_at, coalesce(here.event_id, there.event_id) as event_id
        from wanted left join here using (site, session_id, epc) left join there using (site, session_id, epc)
    ), gone as (
        delete from session_goods g using weighed w
        where (g.site, g.session_id, g.epc) = (w.site, w.session_id, w.epc) and w.door is null
        returning g.site, g.session_id
    ), come as (
        insert into session_goods as g (site, session_id, epc, door, observed_at, event_id)
        select site, session_id, epc, door, observed_at, event_id from weighed where door is not null order by 1, 2, 3
        on conflict (site, session_id, epc) do update
        set door = excluded.door, observed_at = excluded.observed_at, event_id = excluded.event_id
        where (g.door, g.observed_at, g.event_id) is distinct from (excluded.door, excluded.observed_at, excluded.event_id)
        returning g.site, g.session_id
    ), changed as (
        update door_sessions s
        set changed_at = clock_timestamp(), state = case s.state when 'open' then 'open' else 'reopened' end, told_at = null
        from (select * from gone union select * from come) c
        where is_news and (s.site, s.session_id) = (c.site, c.session_id)
        returning s.site
    )
    select count(pg_notify('tagdock_sessions', site)) into told from (select distinct site from changed) c;
end
$$;

create or replace function project_session(of_site text, of_session uuid, is_news boolean) returns void language plpgsql as $$
declare
    s door_sessions;
    pairs jsonb;
begin
    select * into s from door_sessions where site = of_site and session_id = of_session;
    with passed as materialized (
        select epc, sku, door from settled_movements
        where site = s.site and observed_at >= s.opened_at and observed_at < s.until_at
          and door is not null and direction in ('in', 'out')
    )
    select jsonb_agg(jsonb_build_object('site', of_site, 'session_id', of_session, 'epc', epc)) into pairs
    from (
        select m.epc from passed m
        where m.door = s.door
           or exists (select from order_lines l where (l.site, l.epc, l.kind, l.order_id) = (s.site, m.epc, s.kind, s.order_id))
           or exists (select from order_lines l where (l.site, l.sku, l.kind, l.order_id) = (s.site, m.sku, s.kind, s.order_id))
        union
        select epc from session_goods where site = of_site and session_id = of_session
    ) touched;
    if pairs is not null then
        perform project_session_goods(pairs, is_news);
    end if;
end
$$;

-- As before, but what was reported is read once by its keys.
create or replace function correct_movements(wanted jsonb) returns integer language plpgsql as $$
declare
    reported jsonb;                             -- the movements as they were reported; on Citus no local table joins them
    told jsonb;                                 -- what is really new, with what counted before and what counts now
    epcs text[];
begin
    lock table items in row exclusive mode;     -- before any row: a rebuild locks the tables in this order
    select jsonb_agg(jsonb_build_object('site', m.site, 'observed_at', m.observed_at, 'event_id', m.event_id, 'epc', m.epc,
                                        'sku', m.sku, 'door', m.door, 'direction', m.direction)) into reported
    from movements m
    where (m.site, m.observed_at, m.event_id) in (
        select site, observed_at, event_id
        from jsonb_to_recordset(wanted) as w (site text, observed_at timestamptz, event_id uuid)
    );
    perform from (
        select from items where epc in (select epc from jsonb_to_recordset(reported) as m (epc text)) order by epc for update
    ) locked;

    select jsonb_agg(to_jsonb(t)), array_agg(distinct t.epc) into told, epcs from (
        select w.*, gen_random_uuid() as correction_id, clock_timestamp() as corrected_at, m.epc,
               m.sku, coalesce(c.door, m.door) as old_door, coalesce(c.direction, m.direction) as old_direction,
               coalesce(w.door, m.door) as new_door, coalesce(w.direction, m.direction) as new_direction
        from jsonb_to_recordset(wanted) as w (site text, observed_at timestamptz, event_id uuid, kind text, door text,
                                              direction text, "by" text, reason text, lost_to uuid)
        join jsonb_to_recordset(reported) as m (site text, observed_at timestamptz, event_id uuid, epc text, sku text,
                                                door text, direction text) using (site, observed_at, event_id)
        left join corrections c using (site, observed_at, event_id)
        where case w.kind when 'withdrawn' then c.kind = 'lost'
                          when 'lost' then c.kind is null or c.kind = 'lost' and c.lost_to is distinct from w.lost_to
                          else (c.kind, c.direction, c.door, c.corrected_by, c.reason) is distinct from
                               (w.kind, w.direction, w.door, w."by", coalesce(w.reason, '')) end
    ) t;                                        -- a person's word is never overruled by a rule
    if told is null then
        return 0;
    end if;

    insert into correction_events (site, correction_id, observed_at, event_id, epc, kind, door, direction, corrected_at,
                                   corrected_by, reason, lost_to)
    select site, correction_id, observed_at, event_id, epc, kind, door, direction, corrected_at, "by", coalesce(reason, ''), lost_to
    from jsonb_to_recordset(told) as t (site text, correction_id uuid, observed_at timestamptz, event_id uuid, epc text, kind text,
        door text, direction text, corrected_at timestamptz, "by" text, reason text, lost_to uuid);

    delete from corrections c
    using jsonb_to_recordset(told) as t (site text, observed_at timestamptz, event_id uuid, kind text)
    where t.kind = 'withdrawn' and (c.site, c.observed_at, c.event_id) = (t.site, t.observed_at, t.event_id);

    insert into corrections as c
    select site, observed_at, event_id, correction_id, epc, kind, door, direction, corrected_at, corrected_by, reason, lost_to
    from correction_events e
    where e.kind <> 'withdrawn' and (site, correction_id) in (
        select site, correction_id from jsonb_to_recordset(told) as t (site text, correction_id uuid)
    )
    on conflict (site, observed_at, event_id) do update
    set correction_id = excluded.correction_id, kind = excluded.kind, door = excluded.door, direction = excluded.direction,
        corrected_at = excluded.corrected_at, corrected_by = excluded.corrected_by, reason = excluded.reason,
        lost_to = excluded.lost_to;

    insert into unsettled (site, epc, observed_at)
    select site, epc, observed_at
    from jsonb_to_recordset(told) as t (site text, epc text, observed_at timestamptz, kind text)
    where kind = 'decided'
    order by 1, 2, 3
    on conflict do nothing;

    perform move_flows(told);
    perform project_items(epcs);
    perform follow_corrections(told);
    perform pg_notify('tagdock_movements', site)
    from (select distinct site from jsonb_to_recordset(told) as t (site text)) news;
    return jsonb_array_length(told);
end
$$;

-- How far a follower of the record may go: up to the horizon, and no further than so many movements of these sites. Each site
-- is walked along its own index, and no further than the movements found so far reach.
create function follow_upto(sites text[], mark timestamptz, horizon timestamptz, most integer)
returns table (upto timestamptz, rows bigint) language plpgsql stable as $$
declare
    of_site text;
    ahead timestamptz[] := '{}';
    until timestamptz := horizon;
begin
    foreach of_site in array sites loop
        ahead := ahead || array(
            select stored_at from movements m
            where m.site = of_site and m.stored_at > mark and m.stored_at <= until
            order by m.stored_at limit most);
        if cardinality(ahead) >= most then
            ahead := array(select at from unnest(ahead) at order by at limit most);
            until := ahead[most];
        end if;
    end loop;
    return query select case when cardinality(ahead) = most then until else greatest(mark, horizon) end,
                        cardinality(ahead)::bigint;
end
$$;

-- ---- alerts on every kind of store -----------------------------------------------------------------------------------

-- Passages by door within each of some times back from now, and how many of them were uncertain as reported.
create function passages_within(sites text[], spans double precision[])
returns table (span double precision, site text, door text, passages bigint, unsure bigint) language plpgsql stable as $$
#variable_conflict use_column
declare
    back double precision;
begin
    foreach back in array spans loop
        return query
        select back, m.site, m.door, count(*), count(*) filter (where m.direction = 'uncertain')
        from movements m
        where m.site = any (sites) and m.stored_at > now() - make_interval(secs => back)
          and m.observed_at > now() - interval '7 days' and m.door is not null
        group by m.site, m.door;
    end loop;
end
$$;

-- Tags of no SKU that anybody knows by door within each of some times back from now.
create function unknown_tags_within(sites text[], spans double precision[])
returns table (span double precision, site text, door text, tags bigint) language plpgsql stable as $$
#variable_conflict use_column
declare
    back double precision;
begin
    foreach back in array spans loop
        return query
        with seen as materialized (
            select distinct m.site, m.door, m.epc from settled_movements m
            where m.site = any (sites) and m.stored_at > now() - make_interval(secs => back)
              and m.observed_at > now() - interval '7 days' and m.sku is null and m.door is not null
        )
        select back, s.site, s.door, count(*)
        from seen s join items i on i.epc = s.epc and i.sku is null
        group by s.site, s.door;
    end loop;
end
$$;

-- ---- throughput as it was settled ------------------------------------------------------------------------------------

-- What corrections changed of the counts by hour: `hours` counts what was reported, each store in its own way, and this is
-- added to it.
create table hours_moved (
    site text not null,
    hour_at timestamptz not null,
    door text not null,
    in_count bigint not null default 0,
    out_count bigint not null default 0,
    pass_count bigint not null default 0,
    uncertain_count bigint not null default 0,
    primary key (site, hour_at, door)
);

-- Move counts by hour: {site, observed_at, old_door, old_direction, new_door, new_direction} each. Locks in the order of keys.
create function move_hours(told jsonb) returns void language sql as $$
    insert into hours_moved as h
    select site, date_trunc('hour', observed_at, 'UTC'), door,
           sum(case direction when 'in' then n else 0 end), sum(case direction when 'out' then n else 0 end),
           sum(case direction when 'pass' then n else 0 end), sum(case direction when 'uncertain' then n else 0 end)
    from (
        select site, observed_at, old_door as door, old_direction as direction, -1 as n
        from jsonb_to_recordset(told) as t (site text, observed_at timestamptz, old_door text, old_direction text)
        union all
        select site, observed_at, new_door, new_direction, 1
        from jsonb_to_recordset(told) as t (site text, observed_at timestamptz, new_door text, new_direction text)
    ) moved
    where door is not null and direction <> 'none'
    group by 1, 2, 3
    order by 1, 2, 3
    on conflict (site, hour_at, door) do update
    set in_count = h.in_count + excluded.in_count, out_count = h.out_count + excluded.out_count,
        pass_count = h.pass_count + excluded.pass_count, uncertain_count = h.uncertain_count + excluded.uncertain_count
$$;

-- As before, and by hour as well.
create or replace function move_flows(told jsonb) returns void language plpgsql as $$
declare
    changes jsonb;
begin
    select jsonb_agg(to_jsonb(k)) into changes from (
        select site, (observed_at at time zone 'UTC')::date as day, coalesce(sku, '') as sku, door,
               sum(case direction when 'in' then n else 0 end) as ins, sum(case direction when 'out' then n else 0 end) as outs
        from (
            select site, observed_at, sku, old_door as door, old_direction as direction, -1 as n
            from jsonb_to_recordset(told)
                as t (site text, observed_at timestamptz, sku text, old_door text, old_direction text)
            union all
            select site, observed_at, sku, new_door, new_direction, 1
            from jsonb_to_recordset(told)
                as t (site text, observed_at timestamptz, sku text, new_door text, new_direction text)
        ) moved
        where door is not null and direction in ('in', 'out')
        group by 1, 2, 3, 4
        having sum(case direction when 'in' then n else 0 end) <> 0 or sum(case direction when 'out' then n else 0 end) <> 0
        order by 1, 2, 3, 4
    ) k;
    insert into flows as f (site, day, sku, door, in_count, out_count)
    select * from jsonb_to_recordset(changes) as k (site text, day date, sku text, door text, ins bigint, outs bigint)
    order by 1, 2, 3, 4
    on conflict (site, day, sku, door) do update
    set in_count = f.in_count + excluded.in_count, out_count = f.out_count + excluded.out_count;
    delete from flows f using jsonb_to_recordset(changes) as k (site text, day date, sku text, door text)
    where (f.site, f.day, f.sku, f.door) = (k.site, k.day, k.sku, k.door) and f.in_count = 0 and f.out_count = 0;
    perform move_hours(told);
end
$$;

-- Work the moved counts of what the record still holds out anew, from the corrections in effect; also what was corrected
-- before there was this table.
create function recount_moved_hours() returns void language plpgsql as $$
declare
    kept_from constant timestamptz := (select coalesce(begins_at, '-infinity') from retention where series = 'movements');
begin
    lock table corrections in share row exclusive mode;     -- nobody corrects meanwhile
    delete from hours_moved where hour_at >= kept_from;
    insert into hours_moved (site, hour_at, door, in_count, out_count, pass_count, uncertain_count)
    with told as materialized (
        select site, observed_at, m.door as old_door, m.direction as old_direction, coalesce(c.door, m.door) as new_door,
               c.direction as new_direction
        from movements m join corrections c using (site, observed_at, event_id)
    )
    select site, date_trunc('hour', observed_at, 'UTC'), door,
           sum(case direction when 'in' then n else 0 end), sum(case direction when 'out' then n else 0 end),
           sum(case direction when 'pass' then n else 0 end), sum(case direction when 'uncertain' then n else 0 end)
    from (
        select site, observed_at, old_door as door, old_direction as direction, -1 as n from told
        union all
        select site, observed_at, new_door, new_direction, 1 from told
    ) moved
    where door is not null and direction <> 'none'
    group by 1, 2, 3;
end
$$;
create or replace view throughput_v1 as
select site, hour_at, door, sum(in_count)::bigint as "in", sum(out_count)::bigint as "out", sum(pass_count)::bigint as pass,
       sum(uncertain_count)::bigint as uncertain
from (
    select site, hour_at, door, in_count, out_count, pass_count, uncertain_count from hours
    union all
    select site, hour_at, door, in_count, out_count, pass_count, uncertain_count from hours_moved
) h
group by site, hour_at, door
having sum(in_count) <> 0 or sum(out_count) <> 0 or sum(pass_count) <> 0 or sum(uncertain_count) <> 0;

-- On Citus hours are counted when somebody asks: what was dropped counts no more, nor what was corrected of it.
do $$
begin
    if store_flavour() = 'citus' then
        create function forget_moved_hours() returns trigger language plpgsql as $forget$
        begin
            delete from hours_moved where hour_at < new.begins_at;
            return null;
        end
        $forget$;
        create trigger retention_forgets_moved_hours after update of begins_at on retention
        for each row when (new.series = 'movements' and new.begins_at is not null) execute function forget_moved_hours();
    end if;
end
$$;

-- What was corrected so far. Last, and only where there is something: Citus makes no function after it asked all its shards.
do $$
begin
    if exists (select from corrections) then
        perform recount_moved_hours();
    end if;
end
$$;
