-- name: due_sites
-- Sites whose outlooks are older than a while, which grows with what they cost; one never worked out comes first.
select s.site from sites s left join outlook_runs r using (site)
where r.site is null or r.computed_at < now() - make_interval(secs => greatest(%(every_s)s, %(shares)s * r.took_s))
order by r.computed_at nulls first, s.site

-- name: demand
-- What was asked for of each SKU by week: by orders from a site's first order on, before by what left through its doors. `net`:
-- units that left less those that came in. Transfers are no demand.
with first_order as (
    select coalesce(min(created_at), 'infinity') as at from orders where site = %(site)s and kind = 'outbound'
), sizes as (
    select sku, sum(quantity)::double precision / sum(items) as units from stock_v1 where sku is not null group by sku having sum(items) > 0
), asked as (
    select coalesce(l.sku, i.sku) as sku, (o.created_at at time zone 'UTC')::date as day,
           coalesce(l.quantity, i.quantity, 1)::double precision as units, 1::double precision as lines, 0::double precision as net
    from orders o join order_lines l using (site, kind, order_id) left join items i on i.epc = l.epc
    where o.site = %(site)s and o.kind = 'outbound' and o.cancelled_at is null and o.created_at >= %(since)s::date
      and not exists (select from transfers t where (t.start_site, t.transfer_id) = (o.site, o.order_id))
), moved as (
    select f.sku, f.day, f.is_before * f.outs * coalesce(z.units, 1) as units, f.is_before * f.outs as lines,
           (f.outs - f.ins) * coalesce(z.units, 1) as net
    from (select sku, day, sum(out_count)::double precision as outs, sum(in_count)::double precision as ins,
                 case when day < (select at from first_order) then 1 else 0 end as is_before
          from flows where site = %(site)s and day >= %(since)s::date and sku <> '' group by sku, day) f
    left join sizes z using (sku)
), weeks as (
    select sku, date_trunc('week', day)::date as week, sum(units) as units, sum(lines) as lines, sum(net) as net,
           max(day) filter (where units > 0) as last_on
    from (select * from asked union all select * from moved) every where sku is not null group by 1, 2
)
select sku, max(last_on) as asked_last_on, array_agg((week - %(since)s::date) / 7 order by week) as weeks, array_agg(units order by week) as units,
       array_agg(lines order by week) as lines, array_agg(net order by week) as nets
from weeks group by sku order by sku

-- name: kept
-- SKUs that a site keeps, with the units that are there.
select sku, sum(units)::double precision as units from (
    select sku, sum(quantity) as units from stock_v1
    where site = %(site)s and sku is not null and state not in ('in_transit', 'unknown') group by sku
    union all
    select distinct sku, 0 from bin_skus where site = %(site)s
) every group by sku

-- name: forget_outlooks
-- Forget a site's, before they are written anew.
delete from sku_outlooks where site = %(site)s

-- name: write_outlooks
-- Write outlooks.
insert into sku_outlooks
select * from jsonb_populate_recordset(null::sku_outlooks, %(rows)s::jsonb)
on conflict (site, sku) do nothing

-- name: ran
-- Say when, and from what.
insert into outlook_runs (site, computed_at, took_s, before_week, skus)
values (%(site)s, clock_timestamp(), %(took_s)s, %(before_week)s, %(skus)s)
on conflict (site) do update set computed_at = excluded.computed_at, took_s = excluded.took_s, before_week = excluded.before_week,
                                 skus = excluded.skus

-- name: limited
-- SKUs with a minimum or a safety stock: their limits, what is here, promised and announced, what they are expected to need.
select n.site, n.sku, r.rule_id, r.low, r.high, r.safety, r.lead_days, coalesce(k.units, 0)::double precision as units,
       coalesce(k.promised, 0)::double precision as promised, coalesce(k.announced, 0)::double precision as announced,
       coalesce(o.units_per_week, 0) as mean, coalesce(o.variance, 0) as variance, o.reach, coalesce(o.low, 0) as expected_low,
       coalesce(o.high, 0) as expected_high
from (select distinct on (n.site, n.sku) n.site, n.sku, r.rule_id, r.low, r.high, r.safety, r.lead_days
      from sku_rules n join alert_rules r using (rule_id)
      where n.site = %(site)s and (r.low is not null or r.safety is not null)
      order by n.site, n.sku, r.low desc nulls last, r.rule_id) n
join alert_rules r using (rule_id)
left join stock_by_site_v1 k on (k.site, k.sku) = (n.site, n.sku)
left join sku_outlooks o on (o.site, o.sku) = (n.site, n.sku)
where not exists (select from replenishments d where (d.site, d.sku) = (n.site, n.sku) and d.state = 'declined'
                  and d.decided_at > now() - make_interval(days => %(rest_days)s))
order by n.sku

-- name: faces
-- SKUs whose minimum in a zone is not there: what is, what lies for sale elsewhere, what is on its way, what is expected to go in a week.
select z.sku, z.zone, z.rule_id, z.minimum as low, z.maximum as high, z.units, z.elsewhere,
       coalesce((select sum(t.quantity) from refills p join tasks t using (task_id)
                 where (p.site, p.sku, p.zone) = (z.site, z.sku, z.zone) and t.state = 'open'), 0)::bigint as coming,
       coalesce(o.units_per_week, 0) as per_week
from (select distinct on (sku, zone) * from zone_stock_v1 where site = %(site)s and minimum is not null
      order by sku, zone, minimum desc, rule_id) z
left join sku_outlooks o using (site, sku)
where z.units < z.minimum
  and not exists (select from refills d where (d.site, d.sku, d.zone) = (z.site, z.sku, z.zone) and d.state = 'declined'
                  and d.decided_at > now() - make_interval(days => %(rest_days)s))
order by z.sku, z.zone

-- name: sites
-- Sites of which limits may speak.
select site from sites where exists (select from alert_rules where kind = 'stock' and is_active)
   or exists (select from replenishments where state = 'open') or exists (select from refills where state = 'open') order by site

-- name: propose
-- Open proposals to order as they are now; a new one is told, one that is not needed any more lapses.
with wanted as (
    select * from jsonb_to_recordset(%(rows)s::jsonb) as w (sku text, quantity integer, order_on date, needed_on date,
        reorder_point double precision, up_to double precision, why text, rule_id uuid)
), lapsed as (
    update replenishments r set state = 'lapsed'
    where r.site = %(site)s and r.state = 'open' and not exists (select from wanted w where w.sku = r.sku)
), kept as (
    update replenishments r
    set quantity = w.quantity, order_on = w.order_on, needed_on = w.needed_on, reorder_point = w.reorder_point, up_to = w.up_to, why = w.why,
        rule_id = w.rule_id
    from wanted w
    where r.site = %(site)s and r.state = 'open' and w.sku = r.sku and (r.quantity, r.order_on, r.why) is distinct from (w.quantity, w.order_on, w.why)
), added as (
    insert into replenishments (site, sku, quantity, order_on, needed_on, reorder_point, up_to, why, rule_id)
    select %(site)s, sku, quantity, order_on, needed_on, reorder_point, up_to, why, rule_id from wanted
    on conflict (site, sku) where state = 'open' do nothing
    returning *
)
select count(tell_webhooks('replenishment', a.site, jsonb_build_object('change', 'proposed') || to_jsonb(a))) as told from added a

-- name: propose_refills
-- The same of proposals to bring a SKU into a zone.
with wanted as (
    select * from jsonb_to_recordset(%(rows)s::jsonb) as w (sku text, zone text, quantity integer, order_on date, needed_on date,
        reorder_point double precision, up_to double precision, why text, rule_id uuid)
), lapsed as (
    update refills r set state = 'lapsed'
    where r.site = %(site)s and r.state = 'open' and not exists (select from wanted w where w.sku = r.sku and w.zone = r.zone)
), kept as (
    update refills r
    set quantity = w.quantity, order_on = w.order_on, needed_on = w.needed_on, reorder_point = w.reorder_point, up_to = w.up_to, why = w.why,
        rule_id = w.rule_id
    from wanted w
    where r.site = %(site)s and r.state = 'open' and w.sku = r.sku and w.zone = r.zone and (r.quantity, r.order_on, r.why) is distinct from (w.quantity, w.order_on, w.why)
), added as (
    insert into refills (site, sku, zone, quantity, order_on, needed_on, reorder_point, up_to, why, rule_id)
    select %(site)s, sku, zone, quantity, order_on, needed_on, reorder_point, up_to, why, rule_id from wanted
    on conflict (site, sku, zone) where state = 'open' do nothing
    returning *
)
select count(tell_webhooks('replenishment', a.site, jsonb_build_object('change', 'proposed') || to_jsonb(a))) as told from added a

-- part: proposal
-- A proposal as it is shown.
select proposal_id, site, sku, quantity, order_on, needed_on, reorder_point, up_to, why, rule_id, state, proposed_at, decided_at, decided_by,
       reason, notice_id, zone, task_id
from replenishments_v1

-- name: proposals
-- Proposals, newest first.
{{proposal}}
where (%(sites)s::text[] is null or site = any (%(sites)s)) and (%(site)s::text is null or site = %(site)s)
  and (%(sku)s::text is null or sku = %(sku)s) and (%(state)s::text is null or state = %(state)s)
  and (%(before_at)s::timestamptz is null or (proposed_at, proposal_id) < (%(before_at)s, %(before_id)s::uuid))
order by proposed_at desc, proposal_id desc
limit %(rows)s

-- name: one_proposal
-- One proposal.
{{proposal}} where proposal_id = %(proposal_id)s

-- name: hold_proposal
-- Hold a proposal, so that one person decides.
with ordered as (select from replenishments where proposal_id = %(proposal_id)s for update),
     brought as (select from refills where proposal_id = %(proposal_id)s for update)
select from ordered union all select from brought

-- name: decide_proposal
-- A person decided; who listens is told.
with ordered as (
    update replenishments set state = %(state)s, quantity = %(quantity)s, decided_at = now(), decided_by = %(by)s, reason = %(reason)s,
                              notice_id = %(notice_id)s
    where proposal_id = %(proposal_id)s and state = 'open'
    returning *
), brought as (
    update refills set state = %(state)s, quantity = %(quantity)s, decided_at = now(), decided_by = %(by)s, reason = %(reason)s,
                       task_id = %(task_id)s
    where proposal_id = %(proposal_id)s and state = 'open'
    returning *
), decided as (select site, to_jsonb(o) as told from ordered o union all select site, to_jsonb(b) from brought b)
select count(tell_webhooks('replenishment', site, jsonb_build_object('change', %(state)s::text) || told)) as told from decided

-- name: way_to_face
-- From which bin of other zones most can be taken, and to which of the zone's it goes: its own, else where it lies, else the first.
select (select c.bin
        from (select bin, quantity from stock_counts where (site, sku, state) = (%(site)s, %(sku)s, 'sellable_accessible')
              union all select bin, quantity from stock_deltas where (site, sku, state) = (%(site)s, %(sku)s, 'sellable_accessible')) c
        join bins b on (b.site, b.bin) = (%(site)s, c.bin) and b.zone <> %(zone)s
        group by c.bin having sum(c.quantity) > 0 order by sum(c.quantity) desc, c.bin limit 1) as bin,
       (select b.bin from bins b left join bin_skus k on (k.site, k.bin, k.sku) = (b.site, b.bin, %(sku)s)
        where b.site = %(site)s and b.zone = %(zone)s
        order by k.bin is null, not exists (select from items i where (i.site, i.bin, i.sku) = (b.site, b.bin, %(sku)s)), b.bin
        limit 1) as to_bin

-- name: zone_stock
-- What lies in each zone of the SKUs whose limits speak of it.
select site, zone, sku, rule_id, rule, severity, units, elsewhere, minimum, maximum, near, safety, state
from zone_stock_v1
where (%(sites)s::text[] is null or site = any (%(sites)s)) and (%(site)s::text is null or site = %(site)s)
  and (%(zone)s::text is null or zone = %(zone)s) and (%(sku)s::text is null or sku = %(sku)s)
  and (%(state)s::text is null or state = %(state)s)
  and (%(after_site)s::text is null or (site, zone, sku, rule_id) > (%(after_site)s, %(after_zone)s, %(after_sku)s, %(after_rule)s::uuid))
order by site, zone, sku, rule_id
limit %(rows)s

-- name: policies
-- What each SKU at a site is: class, limits, stock, outlook.
select site, sku, velocity, velocity_since, lines, lines_share, asked_last_on, weeks, units_per_week, horizon_weeks, expected, expected_low,
       expected_high, turnover, units, oldest_since, cover_weeks, pace, rule_id, minimum, maximum, safety, lead_days, state
from stock_policy_v1
where (%(sites)s::text[] is null or site = any (%(sites)s)) and (%(site)s::text is null or site = %(site)s)
  and (%(sku)s::text is null or sku = %(sku)s) and (%(velocity)s::text is null or velocity = %(velocity)s)
  and (%(pace)s::text is null or pace = %(pace)s)
  and (%(after_site)s::text is null or (site, sku) > (%(after_site)s, %(after_sku)s))
order by site, sku
limit %(rows)s

-- name: error_of_sites
-- How far off forecasts were, by site and class: root mean squares beside the naive forecast's, and what the interval held.
select site, velocity, max(before_week) as before_week, count(*) as skus, sqrt(sum(squares) / sum(weeks_judged)) as error_units,
       sqrt(sum(naive_squares) / sum(weeks_judged)) as naive_error_units, sqrt(sum(squares) / nullif(sum(naive_squares), 0)) as of_naive,
       avg(is_within::integer)::double precision as held_share
from forecast_error_v1
where (%(sites)s::text[] is null or site = any (%(sites)s)) and (%(site)s::text is null or site = %(site)s)
group by site, velocity order by site, velocity

-- name: lock_limits
-- One import of limits at a time, as rules are counted.
select pg_advisory_xact_lock(hashtextextended('tagdock.alert_rules', 0)) is null

-- name: limit_names_missing
-- The first row of an import whose site, family or zone nobody knows.
select b.place - 1 as place,
       case when b.row ->> 'site' is not null and s.site is null then 'site' else 'zone' end as field
from jsonb_array_elements(%(rows)s::jsonb) with ordinality b (row, place)
left join sites s on s.site = b.row ->> 'site'
where (b.row ->> 'site' is not null and s.site is null)
   or (b.row ->> 'zone' is not null
       and not exists (select from bins n where n.zone = b.row ->> 'zone' and n.site = coalesce(b.row ->> 'site', n.site)))
order by b.place limit 1

-- name: limits_before
-- What an import will replace.
select jsonb_agg(to_jsonb(r) order by r.rule_id) as rules
from alert_rules r join jsonb_to_recordset(%(rows)s::jsonb) b (site text, sku text, family text, zone text, velocity text)
  on (r.site, r.sku, r.family, r.zone, r.velocity) is not distinct from (b.site, b.sku, b.family, b.zone, b.velocity)
where r.kind = 'stock'

-- name: forget_limits
-- Take out what an import says anew.
delete from alert_rules r using jsonb_to_recordset(%(rows)s::jsonb) b (site text, sku text, family text, zone text, velocity text)
where r.kind = 'stock' and (r.site, r.sku, r.family, r.zone, r.velocity) is not distinct from (b.site, b.sku, b.family, b.zone, b.velocity)

-- name: write_limits
-- Enter limits.
insert into alert_rules (kind, name, site, severity, sku, family, zone, velocity, low, high, near, band, safety, lead_days, created_by)
select 'stock', name, site, severity, sku, family, zone, velocity, low, high, near, band, safety, lead_days, %(by)s
from jsonb_to_recordset(%(rows)s::jsonb) b (name text, site text, severity text, sku text, family text, zone text, velocity text,
     low double precision, high double precision, near double precision, band double precision, safety double precision,
     lead_days double precision)

-- name: count_limits
-- How many limits of single SKUs there are.
select count(*) as limits from alert_rules where kind = 'stock' and sku is not null
