-- What the HTTP interface's further resources need: zones, moves that people decide on, and what stood where in the past.

-- A part of a site and what it is for; bins refer to it by name.
create table zones (
    site text not null references sites,
    zone text not null,
    kind text not null default 'storage' check (kind in ('storage', 'picking', 'staging', 'returns', 'quarantine')),
    description text not null default '',
    temperature_c_min double precision,
    temperature_c_max double precision check (temperature_c_max >= temperature_c_min),
    humidity_pct_min double precision,
    humidity_pct_max double precision check (humidity_pct_max >= humidity_pct_min),
    primary key (site, zone)
);

-- A bin's zone exists from the first bin on, whatever version of the code wrote it.
create function lay_down_zones() returns trigger language plpgsql as $$
begin
    insert into zones (site, zone) select distinct site, zone from placed where zone is not null
    on conflict (site, zone) do nothing;
    return null;
end
$$;
create trigger bins_lay_down_zones after insert on bins referencing new table as placed
    for each statement execute function lay_down_zones();
create trigger bins_change_zones after update on bins referencing new table as placed
    for each statement execute function lay_down_zones();
insert into zones (site, zone) select distinct site, zone from bins where zone is not null;

create view zones_v1 as
select site, zone, kind, description, temperature_c_min, temperature_c_max, humidity_pct_min, humidity_pct_max,
       (select count(*) from bins b where b.site = z.site and b.zone = z.zone) as bins
from zones z;

-- A move ends when somebody confirms it or calls it off.
alter table moves drop constraint moves_state_check;
alter table moves add constraint moves_state_check check (state in ('open', 'done', 'cancelled'));
alter table moves add column decided_by text;

-- Items in the order in which stock is counted, and those of which nobody knows what they are.
drop index if exists items_by_sku;
create index items_by_sku on items (sku, epc);
create index items_unnamed on items (epc) where sku is null;

-- Where items stood at a moment: what `project_items` would say if the record ended there. One row an item that was known.
create function items_at(epcs text[], at_moment timestamptz)
returns table (epc text, site text, door text, bin text, state text) language sql stable as $$
    select e.epc, coalesce(l.site, f.site), case when l.site is null then f.door else l.door end,
           case when l.site is null then f.bin when l.direction = 'in' then l.bin end,
           case when l.site is null then 'unknown' else item_state(l.door, l.direction, coalesce(t.left_before, false)) end
    from unnest(epcs) as e (epc)
    left join lateral (                     -- the last step
        select s.* from (
            (select m.observed_at, m.event_id, m.site, m.door, m.bin, m.direction from settled_movements m
             where m.epc = e.epc and m.observed_at <= at_moment and m.direction in ('in', 'out')
             order by m.observed_at desc, m.event_id desc limit 1)
            union all
            (select k.observed_at, k.event_id, k.site, k.door, k.bin, k.direction from kept_steps k
             where k.epc = e.epc and k.observed_at <= at_moment and k.direction in ('in', 'out')
             order by k.observed_at desc, k.event_id desc limit 1)
            union all
            select i.registered_at, '00000000-0000-0000-0000-000000000000', i.registered_site, null, i.registered_bin, 'in'
            from items i where i.epc = e.epc and i.registered_bin is not null and i.registered_at <= at_moment
        ) s order by s.observed_at desc, s.event_id desc limit 1
    ) l on true
    left join lateral (                     -- the last step that was not `in` by a door: did it leave?
        select s.door is not null as left_before from (
            (select m.observed_at, m.event_id, m.door from settled_movements m
             where m.epc = e.epc and m.observed_at <= at_moment and m.direction in ('in', 'out')
               and not (m.door is not null and m.direction = 'in')
             order by m.observed_at desc, m.event_id desc limit 1)
            union all
            (select k.observed_at, k.event_id, k.door from kept_steps k
             where k.epc = e.epc and k.observed_at <= at_moment and k.direction in ('in', 'out')
               and not (k.door is not null and k.direction = 'in')
             order by k.observed_at desc, k.event_id desc limit 1)
            union all
            select i.registered_at, '00000000-0000-0000-0000-000000000000', null
            from items i where i.epc = e.epc and i.registered_bin is not null and i.registered_at <= at_moment
        ) s order by s.observed_at desc, s.event_id desc limit 1
    ) t on l.door is not null and l.direction = 'in'
    left join lateral (                     -- what was never placed shows where it was first sighted
        select s.site, s.door, s.bin from (
            (select m.observed_at, m.event_id, m.site, m.door, m.bin from movements m
             where m.epc = e.epc and m.observed_at <= at_moment order by m.observed_at, m.event_id limit 1)
            union all
            (select k.observed_at, k.event_id, k.site, k.door, k.bin from kept_steps k
             where k.epc = e.epc and k.observed_at <= at_moment order by k.observed_at, k.event_id limit 1)
        ) s where l.site is null order by s.observed_at, s.event_id limit 1
    ) f on true
    where l.site is not null or f.site is not null
$$;
