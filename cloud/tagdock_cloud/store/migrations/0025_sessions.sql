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
insert into follow_marks (follower) values ('settle'), ('sessions');

-- What a person decided may settle the reports around it anew.
create table unsettled (
    site text not null,
    epc text not null,
    observed_at timestamptz not null,
    primary key (site, epc, observed_at)
);
