-- name: open_sessions
-- The sessions that are open at a site's doors, with what is missing and what should not have passed, a few of each by name.
select s.door, s.session_id, s.kind, s.order_id, s.partner, s.opened_at, s.due_at, s.units_expected, s.units_missing, s.items_seen,
       s.items_unexpected, s.items_wrong_door, s.lines_missing,
       (select coalesce(jsonb_agg(to_jsonb(l)), '[]')
        from (select sku, epc, missing from session_lines_of(s.site, s.session_id) where missing > 0
              order by missing desc, line limit %(names)s) l) as missing,
       (select coalesce(jsonb_agg(to_jsonb(g)), '[]')
        from (select epc, sku, verdict, door, expected_door, expected_by from session_goods_of(s.site, s.session_id)
              where verdict <> 'expected' order by observed_at desc, epc limit %(names)s) g) as odd
from door_sessions_v1 s
where s.site = %(site)s and s.state = 'open'
order by s.opened_at desc
limit %(rows)s;

-- name: door_gateways
-- Which gateway told last of each door, as far as one did within a day.
select d.door, m.gateway
from unnest(%(doors)s::text[]) as d (door)
cross join lateral (
    select gateway from movements
    where site = %(site)s and door = d.door and observed_at >= now() - interval '24 hours'
    order by observed_at desc, event_id desc limit 1
) m;
