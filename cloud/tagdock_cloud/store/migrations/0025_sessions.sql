-- Door sessions: goods expected against goods seen; corrections of what was seen by mistake.

-- Every correction ever made: a person's decision, a report that lost against another gateway's, a loss taken back. Only added to.
create table correction_events (
    site text not null,
    correction_id uuid not null default gen_random_uuid(),
    observed_at timestamptz not null,           -- of the movement that is corrected, as its event_id
    event_id uuid not null,
    epc text not null,
    kind text not null check (kind in ('decided', 'lost', 'withdrawn')),
    door text,
    direction text check (direction in ('in', 'out', 'pass', 'none')),     -- none: it was not there; null: as reported
    corrected_at timestamptz not null default clock_timestamp(),
    corrected_by text not null,
    reason text not null default '',
    lost_to uuid,                               -- event_id of the report that stands in its place
    primary key (site, correction_id)
);
create index correction_events_by_movement on correction_events (site, observed_at, event_id, corrected_at);
create index correction_events_by_time on correction_events (corrected_at);

-- The correction in effect of each movement that has one. The movement itself is never changed.
create table corrections (
    site text not null,
    observed_at timestamptz not null,
    event_id uuid not null,
    correction_id uuid not null,
    epc text not null,
    kind text not null check (kind in ('decided', 'lost')),
    door text,
    direction text not null check (direction in ('in', 'out', 'pass', 'none')),
    corrected_at timestamptz not null,
    corrected_by text not null,
    reason text not null,
    lost_to uuid,
    primary key (site, observed_at, event_id)
);
create index corrections_by_epc on corrections (epc);

-- What counts: movements as they were corrected, without those that were not there.
create view settled_movements as
select m.site, m.observed_at, m.stored_at, m.event_id, m.gateway, m.epc, m.epc_hex, m.sku, coalesce(c.door, m.door) as door,
       m.bin, coalesce(c.direction, m.direction) as direction, m.confidence, m.evidence, c.kind as correction, c.corrected_at
from movements m left join corrections c using (site, observed_at, event_id)
where c.direction is distinct from 'none';

-- What was reported, and beside it what counts.
create or replace view movements_v1 as
select m.site, m.observed_at, m.stored_at, m.event_id, m.epc, m.sku, m.door, m.bin, m.direction, m.confidence, m.gateway,
       c.corrected_at, c.kind as correction, coalesce(c.door, m.door) as settled_door,
       coalesce(c.direction, m.direction) as settled_direction
from movements m left join corrections c using (site, observed_at, event_id);

-- As before, over what counts. What was not there at all still shows where the tag was first sighted.
create or replace function project_items(epcs text[]) returns void language plpgsql as $$
begin
    with seen as (
        select m.epc, m.observed_at, m.event_id, m.site, coalesce(c.door, m.door) as door, m.bin,
               coalesce(c.direction, m.direction) as direction
        from movements m left join corrections c using (site, observed_at, event_id)
        where m.epc = any (epcs)
        union all
        select epc, observed_at, event_id, site, door, bin, direction from kept_steps where epc = any (epcs)
        union all
        select epc, registered_at, '00000000-0000-0000-0000-000000000000', registered_site, null, registered_bin, 'in'
        from items where epc = any (epcs) and registered_bin is not null
    ),
    latest as (                             -- the last step; only what was never placed shows where it was first sighted
        select distinct on (epc) *, direction in ('in', 'out') as placed from seen
        order by epc, direction in ('in', 'out') desc,
                 case when direction in ('in', 'out') then observed_at end desc,
                 case when direction in ('in', 'out') then event_id end desc,
                 observed_at, event_id
    ),
    turn as (
        select distinct on (epc) epc, door is not null as left_before from seen
        where direction in ('in', 'out') and not (door is not null and direction = 'in')
        order by epc, observed_at desc, event_id desc
    )
    update items i
    set site = l.site, door = l.door, bin = case when l.direction = 'in' or not l.placed then l.bin end, since = l.observed_at,
        state = case when l.placed then item_state(l.door, l.direction, coalesce(t.left_before, false)) else 'unknown' end
    from latest l left join turn t using (epc)
    where i.epc = l.epc;
end
$$;

-- Correct movements and all that follows from them, in the caller's transaction; returns how many it was told something new
-- of. `wanted` is a list of {site, observed_at, event_id, kind, door, direction, by, reason, lost_to}, each movement once.
-- Locks as ingest does, in its order: items by EPC, then flows by key.
create function correct_movements(wanted jsonb) returns integer language plpgsql as $$
declare
    told jsonb;                                 -- what is really new, with what counted before and what counts now
    epcs text[];
begin
    lock table items in row exclusive mode;     -- before any row: a rebuild locks the tables in this order
    perform from (
        select from items where epc in (
            select m.epc from jsonb_to_recordset(wanted) as w (site text, observed_at timestamptz, event_id uuid)
            join movements m using (site, observed_at, event_id)
        ) order by epc for update
    ) locked;

    select jsonb_agg(to_jsonb(t)), array_agg(distinct t.epc) into told, epcs from (
        select w.*, gen_random_uuid() as correction_id, clock_timestamp() as corrected_at, m.epc,
               m.sku, coalesce(c.door, m.door) as old_door, coalesce(c.direction, m.direction) as old_direction,
               coalesce(w.door, m.door) as new_door, coalesce(w.direction, m.direction) as new_direction
        from jsonb_to_recordset(wanted) as w (site text, observed_at timestamptz, event_id uuid, kind text, door text,
                                              direction text, "by" text, reason text, lost_to uuid)
        join movements m using (site, observed_at, event_id)
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

-- Move the counts of passages from where they were counted to where they count now.
create function move_flows(told jsonb) returns void language plpgsql as $$
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
end
$$;

-- A correction as the interface shows it.
create function correction_json(correction_id uuid, kind text, direction text, door text, corrected_at timestamptz,
                                corrected_by text, reason text, lost_to uuid) returns jsonb language sql stable as $$
    select jsonb_build_object(
        'correction_id', correction_id, 'kind', kind, 'direction', direction, 'door', door,
        'corrected_at', to_char(corrected_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'corrected_by', corrected_by, 'reason', reason, 'lost_to', lost_to)
$$;

-- ---- between gateways ------------------------------------------------------------------------------------------------

-- Reports of one tag by two gateways of a site, this close together, are of one passage; 0: never (decision 0087).
alter table sites add column settle_window_s real not null default 5 check (settle_window_s between 0 and 60);

-- How far a duty has followed the record, by `stored_at`.
create table follow_marks (
    follower text primary key,
    stored_at timestamptz not null default now()
);
insert into follow_marks (follower) values ('settle'), ('review'), ('sessions');

-- What a person decided may settle the reports around it anew.
create table unsettled (
    site text not null,
    epc text not null,
    observed_at timestamptz not null,
    primary key (site, epc, observed_at)
);

-- ---- orders and advance notices --------------------------------------------------------------------------------------

-- What is to leave (an order, outbound) or to come (an advance notice, inbound).
create table orders (
    site text not null,
    kind text not null check (kind in ('outbound', 'inbound')),
    order_id text not null,
    partner text not null default '',
    door text,                                  -- where it is to pass; null: at any
    due_at timestamptz,
    cancelled_at timestamptz,
    completed_at timestamptz,                   -- when a session was closed with which nothing was missing any more
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    updated_by text not null default '',
    primary key (site, kind, order_id)
);
create index orders_open on orders (site, kind, due_at) where cancelled_at is null and completed_at is null;

-- Either one item by its EPC, or so many units of a SKU: an item counts the units that were registered of it, else one.
create table order_lines (
    site text not null,
    kind text not null,
    order_id text not null,
    line integer not null,
    epc text,
    sku text,
    quantity bigint,
    primary key (site, kind, order_id, line),
    foreign key (site, kind, order_id) references orders on delete cascade,
    check (epc is not null and sku is null and quantity is null or epc is null and sku is not null and quantity > 0)
);
create unique index order_lines_by_epc on order_lines (site, epc, kind, order_id) where epc is not null;
create unique index order_lines_by_sku on order_lines (site, sku, kind, order_id) where sku is not null;

-- ---- door sessions ---------------------------------------------------------------------------------------------------

-- One truck at a door, for one order or notice: what passes there from `opened_at` on and before `until_at`.
create table door_sessions (
    site text not null,
    session_id uuid not null default gen_random_uuid(),
    kind text not null,
    order_id text not null,
    door text not null,
    state text not null default 'open' check (state in ('open', 'closed', 'reopened')),
    opened_at timestamptz not null,
    opened_by text not null,                    -- 'rule': by what passed
    until_at timestamptz not null default 'infinity',
    closed_at timestamptz,                      -- when that was said, as opened_at and until_at are times of observation
    closed_by text,                             -- 'idle': nobody said so
    idle_after_s integer not null default 900 check (idle_after_s between 60 and 86400),
    entered_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),      -- when what was seen changed last
    told_at timestamptz,                        -- when its end was told; null: it was not yet
    is_watched boolean not null default true,   -- somebody may have stored a movement without seeing this session
    watched_from xid8,
    primary key (site, session_id),
    foreign key (site, kind, order_id) references orders,
    check (opened_at < until_at)
);
create unique index door_sessions_one_open on door_sessions (site, door) where until_at = 'infinity';
create index door_sessions_by_id on door_sessions (session_id);
create index door_sessions_by_end on door_sessions (site, until_at);
create index door_sessions_by_begin on door_sessions (opened_at desc, session_id desc);
create index door_sessions_by_order on door_sessions (site, kind, order_id, opened_at);
create index door_sessions_unfinished on door_sessions (site) where state <> 'closed' or told_at is null or is_watched;

-- The projection: which items each session saw at its door, and which it expected and another door saw meanwhile.
create table session_goods (
    site text not null,
    session_id uuid not null,
    epc text not null,
    door text not null,
    observed_at timestamptz not null,
    event_id uuid not null,
    primary key (site, session_id, epc),
    foreign key (site, session_id) references door_sessions on delete cascade
);

-- Work out what the given sessions saw of the given items, from what counts in the record. The last step at the session's
-- own door decides; where that is none of its way, the last one of its way at another door, if the item is expected.
-- `is_news`: tell who listens, and reopen a session that was closed.
create function project_session_goods(pairs jsonb, is_news boolean) returns void language plpgsql as $$
declare
    told bigint;
begin
    perform from (                              -- sessions before their goods, in the order of their keys: nobody locks crosswise
        select from door_sessions
        where (site, session_id) in (
            select site, session_id from jsonb_to_recordset(pairs) as p (site text, session_id uuid)
        )
        order by site, session_id for update
    ) locked;
    with wanted as materialized (
        select distinct p.site, p.session_id, p.epc, s.kind, s.order_id, s.door, s.opened_at, s.until_at,
               case s.kind when 'outbound' then 'out' else 'in' end as way
        from jsonb_to_recordset(pairs) as p (site text, session_id uuid, epc text) join door_sessions s using (site, session_id)
    ), weighed as materialized (
        select w.site, w.session_id, w.epc, coalesce(here.door, there.door) as door, coalesce(here.observed_at, there.observed_at) as observed_at,
               coalesce(here.event_id, there.event_id) as event_id
        from wanted w
        left join lateral (
            select last.* from (
                select m.door, m.observed_at, m.event_id, m.direction from settled_movements m
                where m.epc = w.epc and m.site = w.site and m.observed_at >= w.opened_at and m.observed_at < w.until_at
                  and m.door = w.door and m.direction in ('in', 'out')
                order by m.observed_at desc, m.event_id desc limit 1
            ) last where last.direction = w.way
        ) here on true
        left join lateral (
            select m.door, m.observed_at, m.event_id from settled_movements m
            where here.door is null
              and m.epc = w.epc and m.site = w.site and m.observed_at >= w.opened_at and m.observed_at < w.until_at
              and m.door <> w.door and m.direction = w.way
              and (exists (select from order_lines l where (l.site, l.epc, l.kind, l.order_id) = (w.site, m.epc, w.kind, w.order_id))
                   or exists (select from order_lines l where (l.site, l.sku, l.kind, l.order_id) = (w.site, m.sku, w.kind, w.order_id)))
            order by m.observed_at desc, m.event_id desc limit 1
        ) there on true
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

-- Work out all that one session saw.
create function project_session(of_site text, of_session uuid, is_news boolean) returns void language sql as $$
    select project_session_goods(jsonb_agg(jsonb_build_object('site', of_site, 'session_id', of_session, 'epc', epc)), is_news)
    from (
        select m.epc
        from door_sessions s join settled_movements m on m.site = s.site and m.observed_at >= s.opened_at and m.observed_at < s.until_at
        where s.site = of_site and s.session_id = of_session and m.door is not null and m.direction in ('in', 'out')
          and (m.door = s.door
               or exists (select from order_lines l where (l.site, l.epc, l.kind, l.order_id) = (s.site, m.epc, s.kind, s.order_id))
               or exists (select from order_lines l where (l.site, l.sku, l.kind, l.order_id) = (s.site, m.sku, s.kind, s.order_id)))
        union
        select epc from session_goods where site = of_site and session_id = of_session
    ) touched
    having count(*) > 0
$$;

-- Units by SKU that earlier sessions of the same order saw, items named by a line apart: a second truck takes the rest.
create function units_earlier(s door_sessions) returns table (sku text, units bigint) language sql stable as $$
    select i.sku, sum(i.quantity)::bigint
    from door_sessions e
    join session_goods g on (g.site, g.session_id, g.door) = (e.site, e.session_id, e.door)
    join items i on i.epc = g.epc
    where (e.site, e.kind, e.order_id) = (s.site, s.kind, s.order_id) and (e.opened_at, e.session_id) < (s.opened_at, s.session_id)
      and i.sku is not null
      and not exists (select from order_lines l where (l.site, l.epc, l.kind, l.order_id) = (s.site, g.epc, s.kind, s.order_id))
    group by i.sku
$$;

-- What a session was to see, line by line; in units, an item named by its EPC as one.
create function session_lines_of(of_site text, of_session uuid)
returns table (line integer, epc text, sku text, expected bigint, seen bigint, seen_earlier bigint, missing bigint)
language plpgsql stable as $$
#variable_conflict use_column
declare
    s door_sessions;
begin
    select * into s from door_sessions where site = of_site and session_id = of_session;
    return query
    with lines as materialized (
        select l.line, l.epc, l.sku, coalesce(l.quantity, 1) as expected
        from order_lines l where (l.site, l.kind, l.order_id) = (s.site, s.kind, s.order_id)
    ), here as materialized (
        select g.epc, i.sku, coalesce(i.quantity, 1) as quantity
        from session_goods g left join items i on i.epc = g.epc
        where (g.site, g.session_id, g.door) = (s.site, s.session_id, s.door)
    ), by_sku as materialized (
        select h.sku, sum(h.quantity)::bigint as units from here h
        where h.epc not in (select l.epc from lines l where l.epc is not null) group by h.sku
    ), earlier_epcs as materialized (
        select distinct g.epc from door_sessions e join session_goods g on (g.site, g.session_id, g.door) = (e.site, e.session_id, e.door)
        where (e.site, e.kind, e.order_id) = (s.site, s.kind, s.order_id) and (e.opened_at, e.session_id) < (s.opened_at, s.session_id)
    ), counted as (
        select l.*, case when l.epc is not null then (h.epc is not null)::integer::bigint else coalesce(b.units, 0) end as seen,
               case when l.epc is not null then (x.epc is not null)::integer::bigint else coalesce(u.units, 0) end as seen_earlier
        from lines l
        left join here h on h.epc = l.epc
        left join by_sku b on b.sku = l.sku
        left join earlier_epcs x on x.epc = l.epc
        left join units_earlier(s) u on u.sku = l.sku
    )
    select c.line, c.epc, c.sku, c.expected, c.seen, c.seen_earlier, greatest(c.expected - c.seen - c.seen_earlier, 0) from counted c;
end
$$;

-- What a session saw, and what to make of it. `expected`: a line asks for it. `wrong_door`: it was expected at another door,
-- or is expected here and passed another. `unexpected`: nobody asked for it, or for fewer.
create function session_goods_of(of_site text, of_session uuid)
returns table (epc text, sku text, quantity integer, door text, observed_at timestamptz, event_id uuid, verdict text,
               expected_door text, expected_by text)
language plpgsql stable as $$
#variable_conflict use_column
declare
    s door_sessions;
begin
    select * into s from door_sessions where site = of_site and session_id = of_session;
    return query
    with lines as materialized (
        select l.epc, l.sku, l.quantity from order_lines l where (l.site, l.kind, l.order_id) = (s.site, s.kind, s.order_id)
    ), seen as materialized (
        select g.epc, i.sku, coalesce(i.quantity, 1) as quantity, g.door, g.observed_at, g.event_id, g.door = s.door as is_here,
               le.epc is not null as is_named, ls.sku as line_sku, ls.quantity - coalesce(u.units, 0) as wanted
        from session_goods g
        left join items i on i.epc = g.epc
        left join lines le on le.epc = g.epc
        left join lines ls on le.epc is null and ls.sku = i.sku
        left join units_earlier(s) u on u.sku = ls.sku
        where g.site = s.site and g.session_id = s.session_id
    ), counted as (
        select v.*, coalesce(sum(v.quantity) filter (where v.is_here) over (
                   partition by v.line_sku order by v.observed_at, v.event_id rows between unbounded preceding and 1 preceding), 0) as before,
               coalesce(sum(v.quantity) filter (where v.is_here) over (partition by v.line_sku), 0) as units
        from seen v
    ), judged as materialized (
        select c.*, c.is_named or c.line_sku is not null and c.before < c.wanted as is_asked_for from counted c
    ), strays as materialized (
        select j.epc, j.sku from judged j where j.is_here and not j.is_asked_for
    ), others as materialized (                 -- who else asks for them, by EPC or by SKU
        select l.epc, l.sku, o.order_id, o.due_at, coalesce(os.door, o.door) as door
        from (
            select l.* from strays x cross join lateral (
                select * from order_lines l where l.site = s.site and l.epc = x.epc and l.kind = s.kind offset 0) l
            union all
            select l.* from (select distinct sku from strays where sku is not null) x cross join lateral (
                select * from order_lines l where l.site = s.site and l.sku = x.sku and l.kind = s.kind offset 0) l
        ) l
        join orders o on (o.site, o.kind, o.order_id) = (l.site, l.kind, l.order_id)
        left join door_sessions os on (os.site, os.kind, os.order_id) = (o.site, o.kind, o.order_id) and os.until_at = 'infinity'
        where o.order_id <> s.order_id and o.cancelled_at is null and o.completed_at is null
    ), by_epc as materialized (
        select distinct on (epc) epc, order_id, door from others where epc is not null order by epc, door is null, due_at, order_id
    ), by_sku as materialized (
        select distinct on (sku) sku, order_id, door from others where sku is not null order by sku, door is null, due_at, order_id
    )
    select j.epc, j.sku, j.quantity, j.door, j.observed_at, j.event_id,
           case when not j.is_here then 'wrong_door'
                when j.is_asked_for then 'expected'
                when coalesce(e.door, k.door) <> s.door then 'wrong_door'
                else 'unexpected' end,
           case when not j.is_here or j.is_asked_for then s.door else coalesce(e.door, k.door) end,
           case when not j.is_here or j.is_asked_for then s.order_id else coalesce(e.order_id, k.order_id) end
    from judged j
    left join by_epc e on e.epc = j.epc and j.is_here and not j.is_asked_for
    left join by_sku k on k.sku = j.sku and j.is_here and not j.is_asked_for and e.epc is null
    where j.is_here or j.is_named
       or j.units < j.wanted and not exists (     -- passed where nobody waits for its like
           select from door_sessions d join order_lines l using (site, kind, order_id)
           where d.site = s.site and d.door = j.door and d.kind = s.kind and d.opened_at <= j.observed_at and d.until_at > j.observed_at
             and (l.epc = j.epc or l.sku = j.sku));
end
$$;

create view session_goods_v1 as
select s.site, s.session_id, g.* from door_sessions s cross join lateral session_goods_of(s.site, s.session_id) g;

create view session_lines_v1 as
select s.site, s.session_id, s.order_id, l.* from door_sessions s cross join lateral session_lines_of(s.site, s.session_id) l;

create view door_sessions_v1 as
select s.site, s.session_id, s.kind, s.order_id, o.partner, s.door, s.state, s.opened_at, s.opened_by, nullif(s.until_at, 'infinity') as until_at,
       s.closed_at, s.closed_by, s.changed_at, o.due_at, l.lines, l.units_expected, l.lines_missing, l.units_missing, g.items_seen,
       g.items_unexpected, g.items_wrong_door
from door_sessions s
join orders o using (site, kind, order_id)
left join lateral (
    select count(*) as lines, coalesce(sum(expected), 0)::bigint as units_expected, count(*) filter (where missing > 0) as lines_missing,
           coalesce(sum(missing), 0)::bigint as units_missing
    from session_lines_of(s.site, s.session_id) v
) l on true
left join lateral (
    select count(*) filter (where door = s.door) as items_seen, count(*) filter (where verdict = 'unexpected') as items_unexpected,
           count(*) filter (where verdict = 'wrong_door') as items_wrong_door
    from session_goods_of(s.site, s.session_id) v
) g on true;

create view orders_v1 as
select site, kind, order_id, partner, door, due_at,
       case when cancelled_at is not null then 'cancelled' when completed_at is not null then 'complete' else 'open' end as state,
       created_at, updated_at, cancelled_at, completed_at,
       (select count(*) from order_lines l where (l.site, l.kind, l.order_id) = (o.site, o.kind, o.order_id)) as lines
from orders o;

-- Let sessions follow what was corrected, where it counted and where it counts now.
create function follow_corrections(told jsonb) returns void language sql as $$
    select project_session_goods(jsonb_agg(to_jsonb(p)), true)
    from (
        select distinct s.site, s.session_id, t.epc
        from jsonb_to_recordset(told)
            as t (site text, observed_at timestamptz, epc text, sku text, old_door text, new_door text)
        join door_sessions s on s.site = t.site and s.opened_at <= t.observed_at and s.until_at > t.observed_at
        where s.door in (t.old_door, t.new_door)
           or exists (select from order_lines l where (l.site, l.epc, l.kind, l.order_id) = (s.site, t.epc, s.kind, s.order_id))
           or exists (select from order_lines l where (l.site, l.sku, l.kind, l.order_id) = (s.site, t.sku, s.kind, s.order_id))
    ) p
    having count(*) > 0
$$;
