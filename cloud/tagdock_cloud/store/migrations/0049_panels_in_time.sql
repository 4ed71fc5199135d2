-- The same answers as before, found by what is there now instead of by all that ever was (decision 0139).

-- Which rules speak of each SKU's stock: as before. A rank of 1 was taken for one row in two hundred, and what joined it for
-- loops over all stock, once for each SKU; rules that are gathered and spread again are taken for many.
create or replace view sku_rules as
select site, sku, unnest(rule_ids) as rule_id, place
from (
    select distinct on (site, sku) site, sku, place, array_agg(rule_id) as rule_ids
    from (
        select s.site, r.sku, r.rule_id, case when r.site is null then 2 else 1 end as place
        from alert_rules r join sites s on r.site is null or r.site = s.site
        where r.kind = 'stock' and r.is_active and r.sku is not null
          and (r.site is not null or exists (select from bin_skus b where (b.site, b.sku) = (s.site, r.sku)))
        union all
        select o.site, o.sku, r.rule_id, case when r.site is null then 4 else 3 end
        from alert_rules r join sku_outlooks o on o.velocity = r.velocity and (r.site is null or r.site = o.site)
        where r.kind = 'stock' and r.is_active and r.velocity is not null
        union all
        select b.site, b.sku, r.rule_id, case when r.site is null then 6 else 5 end
        from alert_rules r join (select distinct site, sku from bin_skus) b on r.site is null or r.site = b.site
        where r.kind = 'stock' and r.is_active and num_nonnulls(r.sku, r.family, r.zone, r.velocity) = 0
    ) t
    group by site, sku, place
    order by site, sku, place
) nearest;

-- What is present against the stock rules that count: as before, but what a family has is added up once, not rule by rule.
create or replace view stock_limits_v1 as
with held as (
    select site, sku, zone, sum(quantity) as units from stock_v1 where state not in ('in_transit', 'unknown') group by 1, 2, 3
), here as (
    select r.*, s.site as at_site from alert_rules r join sites s on r.site is null or r.site = s.site
    where r.kind = 'stock' and r.is_active
), amounts as (
    select r.rule_id, r.name as rule, r.severity, n.site, 'SKU' as kind, n.sku as what, r.low, r.high, r.near, u.units, r.safety, r.lead_days,
           r.velocity
    from sku_rules n join alert_rules r using (rule_id)
    left join (select site, sku, sum(units) as units from held group by 1, 2) u on (u.site, u.sku) = (n.site, n.sku)
    union all
    select h.rule_id, h.name, h.severity, h.at_site, 'family', h.family, h.low, h.high, h.near, u.units, h.safety, h.lead_days, null
    from here h
    left join (select site, family, sum(units) as units from held join skus using (sku) group by 1, 2) u
        on (u.site, u.family) = (h.at_site, h.family)
    where h.family is not null
    union all
    select h.rule_id, h.name, h.severity, h.at_site, 'zone', h.zone, h.low, h.high, h.near, u.units, h.safety, h.lead_days, null
    from here h left join (select site, zone, sum(units) as units from held group by 1, 2) u on (u.site, u.zone) = (h.at_site, h.zone)
    where h.zone is not null
)
select site, rule_id, rule, severity, kind, what, coalesce(units, 0)::bigint as units, low, high,
       case when coalesce(units, 0) < low then 'below' when coalesce(units, 0) > high then 'above'
            when coalesce(units, 0) < low + near or coalesce(units, 0) > high - near then 'near' else 'within' end as state,
       safety, lead_days, velocity
from amounts;

-- Items that came in by a transfer and are not put away yet: as before, but found from the transfers. Asked item by item,
-- all items that ever were had to be looked at for their state, of which there is no index (it would cost ingest its updates
-- in place, decision 0083).
create or replace view arrived_by_transfer as
select distinct i.epc, i.site, i.sku, i.quantity
from transfers t
join door_sessions d on (d.site, d.kind, d.order_id) = (t.goal_site, 'inbound', t.transfer_id)
join session_goods g on (g.site, g.session_id) = (d.site, d.session_id)
join items i on (i.epc, i.site, i.since) = (g.epc, t.goal_site, g.observed_at)
where i.state = 'returned' and t.planned_at > i.since - interval '180 days' and not exists (select from lives l where l.epc = i.epc);

-- Units of each SKU in each house that may be promised, without what is promised already.
create view held_units as
select site, sku, greatest(sum(units)::bigint, 0) as units from (
    select site, sku, quantity as units from stock_v1 where sku is not null and state in ('sellable_accessible', 'in_progress')
    union all
    select site, sku, quantity from arrived_by_transfer where sku is not null
    union all
    select i.site, i.sku, -i.quantity from lives l join items i using (epc)
    where l.is_here and l.disposition = 'in_progress' and not l.is_sellable and (l.is_owed or l.grade is not null)
      and i.sku is not null and i.state not in ('in_transit', 'unknown') and l.missing_since is null
) s group by 1, 2;

create or replace view stock_by_site_v1 as
with awaited as (
    select site, sku, coalesce(sum(awaited) filter (where kind = 'outbound'), 0)::bigint as promised,
           coalesce(sum(awaited) filter (where kind = 'inbound'), 0)::bigint as announced
    from awaited_lines_v1 where sku is not null group by 1, 2
)
select site, sku, coalesce(h.units, 0) as units, coalesce(a.promised, 0) as promised,
       greatest(coalesce(h.units, 0) - coalesce(a.promised, 0), 0) as free, coalesce(a.announced, 0) as announced
from held_units h full join awaited a using (site, sku);

-- Which orders came since a moment: a day's lines are counted without the years before.
create index orders_by_creation on orders (site, created_at) where kind = 'outbound';

-- A transfer by what the doors of both sites saw: as before, but when it came in is known from the sessions alone, so that
-- who asks for those on their way, or for those of a period, does not wait for what doors saw of all that ever were.
create or replace view transfers_v1 as
select t.transfer_id, t.start_site, t.goal_site, t.planned_at, t.planned_by, t.question_id, o.due_at, p.units as units_planned,
       coalesce(s.units, 0) as units_shipped, coalesce(r.units, 0) as units_received, s.first_at as shipped_at, e.last_at as received_at,
       case when o.cancelled_at is not null and s.units is null then 'cancelled'
            when coalesce(r.units, 0) >= p.units then 'received'
            when e.last_at is not null then 'short'
            when coalesce(s.units, 0) > 0 then 'shipped'
            else 'planned' end as state
from transfers t
join orders o on (o.site, o.kind, o.order_id) = (t.start_site, 'outbound', t.transfer_id)
left join lateral (
    select max(d.until_at) as last_at from door_sessions d
    where (d.site, d.kind, d.order_id) = (t.goal_site, 'inbound', t.transfer_id) and d.until_at <> 'infinity'
      and exists (select from order_lines l where (l.site, l.kind, l.order_id) = (d.site, d.kind, d.order_id))
) e on true
cross join lateral (
    select coalesce(sum(quantity), 0)::bigint as units from order_lines l
    where (l.site, l.kind, l.order_id) = (t.start_site, 'outbound', t.transfer_id)
) p
left join lateral (
    select nullif(sum(v.seen), 0)::bigint as units, min(d.opened_at) as first_at
    from door_sessions d cross join lateral session_lines_of(d.site, d.session_id) v
    where (d.site, d.kind, d.order_id) = (t.start_site, 'outbound', t.transfer_id)
) s on true
left join lateral (
    select sum(v.seen)::bigint as units
    from door_sessions d cross join lateral session_lines_of(d.site, d.session_id) v
    where (d.site, d.kind, d.order_id) = (t.goal_site, 'inbound', t.transfer_id)
) r on true;

-- All sites in one view: as before, but what is free stands in a join of its own, so that whoever does not ask for it does
-- not wait for what doors saw of every open order.
create or replace view network_v1 as
select s.site, s.name, f.lat_deg, f.lon_deg, f.time_zone, f.cut_off, f.lines_per_day,
       coalesce(k.units, 0) as units, coalesce(u.units_free, 0) as units_free, coalesce(k.skus, 0) as skus,
       coalesce(o.open_orders, 0) as open_orders, coalesce(o.overdue_orders, 0) as overdue_orders, coalesce(o.urgent_orders, 0) as urgent_orders,
       coalesce(t.transfers_in, 0) as transfers_in, coalesce(t.transfers_out, 0) as transfers_out, coalesce(t.units_in, 0) as units_in,
       coalesce(l.lines, 0) as lines_today,
       case when f.lines_per_day is not null then greatest(f.lines_per_day - coalesce(l.lines, 0), 0) end as lines_left_today
from sites s
left join site_facts f using (site)
left join (select site, sum(units)::bigint as units, count(*) filter (where units > 0) as skus from held_units group by site) k using (site)
left join (select site, sum(free)::bigint as units_free from stock_by_site_v1 group by site) u using (site)
left join (select site, count(*) as open_orders, count(*) filter (where coalesce(due_at, promised_at) < now()) as overdue_orders,
                  count(*) filter (where urgent) as urgent_orders
           from orders where kind = 'outbound' and cancelled_at is null and completed_at is null group by site) o using (site)
left join (
    select e.site, sum(e.ins)::bigint as transfers_in, sum(e.outs)::bigint as transfers_out, sum(e.units)::bigint as units_in
    from transfers_v1 w
    cross join lateral (values (w.goal_site, 1, 0, w.units_planned - w.units_received), (w.start_site, 0, 1, 0)) e (site, ins, outs, units)
    where w.received_at is null and w.state in ('planned', 'shipped')
    group by e.site
) t using (site)
left join lateral (
    select count(*) as lines from orders n join order_lines x using (site, kind, order_id)
    where n.site = s.site and n.kind = 'outbound' and n.cancelled_at is null and n.created_at >= day_began_at(f.cut_off, coalesce(f.time_zone, 'UTC'), now())
) l on true;

-- Shipments that somebody has to see to, found from the events that say so: asked shipment by shipment, all of a period had
-- to be looked at for the few.
create index shipment_events_exceptional on shipment_events (shipment_id) where state in ('refused', 'undeliverable', 'damaged', 'lost');

create view shipment_exceptions_v1 as
select * from shipments_v1
where is_exception and shipment_id in (
    select shipment_id from shipment_events where state in ('refused', 'undeliverable', 'damaged', 'lost')
);
