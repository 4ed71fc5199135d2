-- name: network
-- The caller's sites, and how many orders wait for one.
select n.site, n.name, n.lat_deg, n.lon_deg, n.units, n.units_free, n.skus, n.open_orders, n.overdue_orders, n.urgent_orders,
       n.transfers_in, n.transfers_out, n.units_in, n.lines_per_day, n.lines_today, n.lines_left_today
from network_v1 n
where %(listed)s::text[] is null or n.site = any (%(listed)s)
order by n.site;

-- name: waiting
-- Orders that wait for a site.
select count(*) as orders from waiting_orders where cancelled_at is null and allocated_at is null;

-- name: facts
-- Where a site lies and what it can do.
select site, lat_deg, lon_deg, lines_per_day, to_char(cut_off, 'HH24:MI:SS') as cut_off, time_zone, vehicles from site_facts
where site = %(site)s;

-- name: site
-- A site that is there, held: its facts are written one after the other.
select site from sites where site = %(site)s for no key update;

-- name: put_facts
-- Say it anew.
insert into site_facts (site, lat_deg, lon_deg, lines_per_day, cut_off, time_zone, vehicles)
values (%(site)s, %(lat_deg)s, %(lon_deg)s, %(lines_per_day)s, %(cut_off)s, %(time_zone)s, %(vehicles)s::jsonb)
on conflict (site) do update
set lat_deg = excluded.lat_deg, lon_deg = excluded.lon_deg, lines_per_day = excluded.lines_per_day, cut_off = excluded.cut_off,
    time_zone = excluded.time_zone, vehicles = excluded.vehicles;

-- name: lanes
-- All lanes.
select start_site, goal_site, cost_per_unit, lead_days from lanes order by 1, 2;

-- name: lanes_missing
-- The first lane with an end that nobody knows.
select place - 1 as place, row ->> 'start_site' as start_site, row ->> 'goal_site' as goal_site
from jsonb_array_elements(%(lanes)s::jsonb) with ordinality as b (row, place)
where not exists (select from sites where site = row ->> 'start_site') or not exists (select from sites where site = row ->> 'goal_site')
order by place
limit 1;

-- name: lock_lanes
-- One list at a time.
lock table lanes in share row exclusive mode;

-- name: forget_lanes
-- The list is replaced whole.
delete from lanes;

-- name: put_lanes
-- Enter the lanes.
insert into lanes (start_site, goal_site, cost_per_unit, lead_days)
select start_site, goal_site, cost_per_unit, lead_days
from jsonb_to_recordset(%(lanes)s::jsonb) as b (start_site text, goal_site text, cost_per_unit double precision, lead_days double precision);
