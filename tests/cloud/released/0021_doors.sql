-- name: sites
-- All sites.
select site, name, layout_version, layout_updated_at from sites_v1 order by site;

-- name: site
-- One site.
select site, name, layout_version, layout_updated_at from sites_v1 where site = %(site)s;

-- name: doors
-- Every door of the layout, and every other that something passed today, with what passed.
with today as (
    select door, sum("in") as in_today, sum("out") as out_today
    from flows_v1 where site = %(site)s and day = (now() at time zone 'UTC')::date
    group by door
), uncertain as (
    select door, count(*) as uncertain_today
    from movements
    where site = %(site)s and direction = 'uncertain' and door is not null
      and observed_at >= date_trunc('day', now() at time zone 'UTC') at time zone 'UTC'
    group by door
), known as (
    select door from doors_v1 where site = %(site)s union select door from today union select door from uncertain
)
select %(site)s::text as site, k.door, d.x_m, d.y_m, coalesce(t.in_today, 0)::bigint as in_today,
       coalesce(t.out_today, 0)::bigint as out_today, coalesce(u.uncertain_today, 0) as uncertain_today,
       l.last_movement
from known k
left join doors_v1 d on d.site = %(site)s and d.door = k.door
left join today t on t.door = k.door
left join uncertain u on u.door = k.door
left join lateral (
    select jsonb_build_object('observed_at', to_char(m.observed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                              'epc', m.epc, 'sku', m.sku, 'direction', m.direction,
                              'confidence', m.confidence) as last_movement
    from movements_v1 m
    where m.site = %(site)s and m.door = k.door and m.observed_at >= now() - interval '24 hours'
    order by m.observed_at desc, m.event_id desc
    limit 1
) l on true
order by k.door;
