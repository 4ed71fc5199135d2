-- The transfer by which an item left: as in step 0046, in a language whose functions Citus calls with parameters: it refuses
-- functions in SQL that ask distributed tables, so nothing that came back was followed there. The record is asked by itself: Citus
-- joins its tables with local ones in no other way.
create or replace function transfer_left_by(of_site text, of_epc text, left_at timestamptz)
returns table (transfer text, start_site text, goal_site text) language plpgsql stable as $$
begin
    return query
    with m as materialized (
        select site, epc, sku, door, observed_at from settled_movements
        where site = of_site and epc = of_epc and observed_at = left_at and door is not null and direction = 'out'
    )
    select t.transfer_id, t.start_site, t.goal_site
    from m
    join transfers t on t.start_site = m.site and t.planned_at > m.observed_at - interval '180 days'
    join door_sessions d on (d.site, d.kind, d.order_id) = (t.start_site, 'outbound', t.transfer_id)
        and m.observed_at >= d.opened_at and m.observed_at < d.until_at
    where d.door = m.door
       or exists (select from order_lines l
                  where (l.site, l.kind, l.order_id) = (d.site, d.kind, d.order_id) and (l.epc = m.epc or l.sku = m.sku))
    order by d.door <> m.door, d.opened_at desc, t.transfer_id
    limit 1;
end
$$;
