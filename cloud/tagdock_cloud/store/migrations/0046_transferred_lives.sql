-- Items that have a life arrive by a transfer as what they were (decision 0133).

alter table life_steps drop constraint life_steps_kind_check;
alter table life_steps add constraint life_steps_kind_check check (kind in (
    'begun', 'taken', 'arrived', 'contradicted', 'settled', 'withdrawn', 'missing', 'found'));

-- The transfer by which an item left a site at a moment: a door saw it leave in a session of the transfer's order, at the door
-- of the session, or at another one where the order asks for it. It is read from the record and not from what sessions have
-- worked out so far, so that goods which are told of together with their arrival have left by it, too.
create function transfer_left_by(of_site text, of_epc text, left_at timestamptz)
returns table (transfer text, start_site text, goal_site text) language sql stable as $$
    select t.transfer_id, t.start_site, t.goal_site
    from settled_movements m
    join transfers t on t.start_site = m.site and t.planned_at > m.observed_at - interval '180 days'
    join door_sessions d on (d.site, d.kind, d.order_id) = (t.start_site, 'outbound', t.transfer_id)
        and m.observed_at >= d.opened_at and m.observed_at < d.until_at
    where m.site = of_site and m.epc = of_epc and m.observed_at = left_at and m.door is not null and m.direction = 'out'
      and (d.door = m.door
           or exists (select from order_lines l
                      where (l.site, l.kind, l.order_id) = (d.site, d.kind, d.order_id) and (l.epc = m.epc or l.sku = m.sku)))
    order by d.door <> m.door, d.opened_at desc, t.transfer_id
    limit 1
$$;
create or replace function left_by_transfer(of_site text, of_epc text, left_at timestamptz) returns boolean language sql stable as $$
    select exists (select from transfer_left_by(of_site, of_epc, left_at))
$$;

-- As before; what arrived by a transfer begins another stay.
create or replace view life_stays_v1 as
select site, epc, state, disposition, since, until, extract(epoch from coalesce(until, now()) - since)::float8 as seconds, actor,
       disposition in ('in_transit', 'retail_sold', 'dispensed', 'stolen', 'destroyed', 'disposed') as is_gone, ended_by
from (
    select s.site, s.epc, s.to_state as state, s.disposition, s.at as since, s.actor,
           lead(s.at) over later as until, lead(s.actor) over later as ended_by
    from life_steps s
    where s.kind in ('begun', 'taken', 'arrived', 'settled')
      and not exists (select from life_steps w where w.closes = s.step_id and w.kind = 'withdrawn')
    window later as (partition by s.epc order by s.at, s.number)
) stays;
