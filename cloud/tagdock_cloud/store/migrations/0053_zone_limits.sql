-- Limits of a SKU in one zone (a pick face), and proposals to refill it (decision 0147).

-- Which rules speak of each SKU's stock: as before, but a rule of a SKU in a zone speaks of that zone alone.
create or replace view sku_rules as
select site, sku, unnest(rule_ids) as rule_id, place
from (
    select distinct on (site, sku) site, sku, place, array_agg(rule_id) as rule_ids
    from (
        select s.site, r.sku, r.rule_id, case when r.site is null then 2 else 1 end as place
        from alert_rules r join sites s on r.site is null or r.site = s.site
        where r.kind = 'stock' and r.is_active and r.sku is not null and r.zone is null
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

-- Which rules speak of a SKU in a zone: the site's before the house's, several of one kind all. What of the house's speaks of a
-- site is told by what is kept there, as of a SKU.
create view sku_zone_rules as
select site, sku, zone, unnest(rule_ids) as rule_id
from (
    select distinct on (s.site, r.sku, r.zone) s.site, r.sku, r.zone, array_agg(r.rule_id) as rule_ids
    from alert_rules r join sites s on r.site is null or r.site = s.site
    where r.kind = 'stock' and r.is_active and r.sku is not null and r.zone is not null
      and exists (select from bins b where (b.site, b.zone) = (s.site, r.zone))
      and (r.site is not null or exists (select from bin_skus k where (k.site, k.sku) = (s.site, r.sku)))
    group by s.site, r.sku, r.zone, r.site is null
    order by s.site, r.sku, r.zone, r.site is null
) nearest;

-- What lies in a zone of a SKU whose limits speak of that zone, and what of it lies for sale in other zones of the site.
create view zone_stock_v1 as
with held as (
    select s.site, s.sku, s.zone, sum(s.quantity) filter (where s.state not in ('in_transit', 'unknown')) as units,
           sum(s.quantity) filter (where s.state = 'sellable_accessible') as ready
    from stock_v1 s where s.zone is not null and (s.site, s.sku) in (select site, sku from sku_zone_rules)
    group by 1, 2, 3
), amounts as (
    select n.site, n.zone, n.sku, n.rule_id, coalesce(h.units, 0)::bigint as units,
           greatest(coalesce(a.ready, 0) - coalesce(h.ready, 0), 0)::bigint as elsewhere
    from sku_zone_rules n
    left join held h using (site, sku, zone)
    left join (select site, sku, sum(ready) as ready from held group by 1, 2) a using (site, sku)
)
select a.site, a.zone, a.sku, a.rule_id, r.name as rule, r.severity, a.units, a.elsewhere, r.low as minimum, r.high as maximum, r.near,
       r.safety,
       case when a.units < r.safety then 'below_safety' when a.units < r.low then 'below' when a.units > r.high then 'above'
            when a.units < r.low + r.near or a.units > r.high - r.near then 'near' else 'within' end as state
from amounts a join alert_rules r using (rule_id);

-- What is present against the stock rules that count: as before, and of SKUs in zones; which SKU and zone that is.
create or replace view stock_limits_v1 as
with held as (
    select site, sku, zone, sum(quantity) as units from stock_v1 where state not in ('in_transit', 'unknown') group by 1, 2, 3
), here as (
    select r.*, s.site as at_site from alert_rules r join sites s on r.site is null or r.site = s.site
    where r.kind = 'stock' and r.is_active
), amounts as (
    select r.rule_id, r.name as rule, r.severity, n.site, 'SKU' as kind, n.sku as what, r.low, r.high, r.near, u.units, r.safety, r.lead_days,
           r.velocity, n.sku, null::text as zone
    from sku_rules n join alert_rules r using (rule_id)
    left join (select site, sku, sum(units) as units from held group by 1, 2) u on (u.site, u.sku) = (n.site, n.sku)
    union all
    select h.rule_id, h.name, h.severity, h.at_site, 'family', h.family, h.low, h.high, h.near, u.units, h.safety, h.lead_days, null, null, null
    from here h
    left join (select site, family, sum(units) as units from held join skus using (sku) group by 1, 2) u
        on (u.site, u.family) = (h.at_site, h.family)
    where h.family is not null
    union all
    select h.rule_id, h.name, h.severity, h.at_site, 'zone', h.zone, h.low, h.high, h.near, u.units, h.safety, h.lead_days, null, null, h.zone
    from here h left join (select site, zone, sum(units) as units from held group by 1, 2) u on (u.site, u.zone) = (h.at_site, h.zone)
    where h.zone is not null and h.sku is null
    union all
    select rule_id, rule, severity, site, 'SKU in zone', sku || ' in ' || zone, minimum, maximum, near, units, safety, null, null, sku, zone
    from zone_stock_v1
)
select site, rule_id, rule, severity, kind, what, coalesce(units, 0)::bigint as units, low, high,
       case when coalesce(units, 0) < low then 'below' when coalesce(units, 0) > high then 'above'
            when coalesce(units, 0) < low + near or coalesce(units, 0) > high - near then 'near' else 'within' end as state,
       safety, lead_days, velocity, sku, zone
from amounts;

-- Proposals to bring a SKU into a zone from other zones of the site; approved, one is a task. They have a table of their own: a worker
-- of the version before goes on with the others, of which it knows one open for each SKU.
create table refills (
    proposal_id uuid primary key default gen_random_uuid(),
    site text not null,
    sku text not null,
    zone text not null,
    quantity integer not null check (quantity > 0),
    order_on date not null,
    needed_on date not null,
    reorder_point double precision not null,
    up_to double precision not null,
    why text not null,
    rule_id uuid,
    state text not null default 'open' check (state in ('open', 'approved', 'declined', 'lapsed')),
    proposed_at timestamptz not null default now(),
    decided_at timestamptz,
    decided_by text,
    reason text not null default '',
    task_id uuid references tasks,
    check ((state in ('approved', 'declined')) = (decided_by is not null))
);
create unique index refills_one_open on refills (site, sku, zone) where state = 'open';
create index refills_by_time on refills (proposed_at desc, proposal_id desc);
create index refills_of_sku on refills (site, sku, zone, decided_at) where state = 'declined';
create index refills_of_tasks on refills (task_id) where task_id is not null;

create or replace view replenishments_v1 as
select proposal_id, site, sku, quantity, order_on, needed_on, reorder_point, up_to, why, rule_id, state, proposed_at, decided_at, decided_by,
       reason, notice_id, null::text as zone, null::uuid as task_id
from replenishments
union all
select proposal_id, site, sku, quantity, order_on, needed_on, reorder_point, up_to, why, rule_id, state, proposed_at, decided_at, decided_by,
       reason, null, zone, task_id
from refills;
