-- name: stock
-- Units of a family, a zone, a SKU in a zone, or of each SKU against the nearest limits that speak of it. What left or is unknown does not count.
insert into alert_found (site, kind, originator, rule_id, severity, hold_s, is_raised, value, limit_value, message)
with rules as materialized (
    select * from alert_rules where kind = 'stock' and is_active
), here as (
    select r.*, s.site as at_site from rules r join sites s on r.site is null or r.site = s.site
), counts as not materialized (    -- what is counted anyway: far fewer rows than there are items
    select site, sku, bin, state, quantity from stock_counts
    union all
    select site, sku, bin, state, quantity from stock_deltas
), held as materialized (          -- one pass for all rules
    select site, sku, sum(quantity) as units from counts
    where state not in ('in_transit', 'unknown') and sku is not null
      and (exists (select from rules where sku is null and zone is null) or sku in (select sku from rules where sku is not null))
    group by site, sku
), in_bins as materialized (
    select site, bin, sum(quantity) as units from counts
    where state not in ('in_transit', 'unknown') and bin is not null and exists (select from rules where zone is not null)
    group by site, bin
), held_in_zones as materialized (
    select i.site, b.zone, sum(i.units) as units from in_bins i join bins b using (site, bin)
    where b.zone in (select zone from rules where zone is not null)
    group by 1, 2
), skus_in_zones as materialized (
    select c.site, b.zone, c.sku, sum(c.quantity) as units from counts c join bins b using (site, bin)
    where c.state not in ('in_transit', 'unknown') and (b.zone, c.sku) in (select zone, sku from rules where sku is not null and zone is not null)
    group by 1, 2, 3
), amounts as (
    select n.rule_id, n.site as at_site, 'sku/' || n.sku as originator, 'Stock of ' || n.sku as what, coalesce(held.units, 0) as units
    from sku_rules n left join held on (held.site, held.sku) = (n.site, n.sku)
    union all
    select h.rule_id, h.at_site, 'family/' || h.family, 'Stock of the family ' || h.family, coalesce(sum(held.units), 0)
    from here h left join (held join skus k on k.sku = held.sku) on held.site = h.at_site and k.family = h.family
    where h.family is not null group by h.rule_id, h.at_site, h.family
    union all
    select h.rule_id, h.at_site, 'zone/' || h.zone, 'Stock in the zone ' || h.zone, coalesce(sum(z.units), 0)
    from here h left join held_in_zones z on (z.site, z.zone) = (h.at_site, h.zone)
    where h.zone is not null and h.sku is null and exists (select from bins b where (b.site, b.zone) = (h.at_site, h.zone))
    group by h.rule_id, h.at_site, h.zone
    union all
    select n.rule_id, n.site, 'sku/' || n.sku || '/zone/' || n.zone, 'Stock of ' || n.sku || ' in the zone ' || n.zone, coalesce(z.units, 0)
    from sku_zone_rules n left join skus_in_zones z using (site, zone, sku)
)
select a.at_site, v.kind, a.originator, r.rule_id,
       case when v.is_near then 'info' when v.kind = 'stock_below' and a.units < r.safety then 'critical' else r.severity end, r.hold_s,
       v.is_raised, a.units, v.limit_value, format('%%s is %%s, %%s %%s', a.what, a.units, v.says, v.limit_value)
from amounts a join rules r using (rule_id)
cross join lateral (values
    ('stock_below', r.low, 'below', false, a.units < r.low, a.units < r.low + r.band),
    ('stock_near_below', r.low, 'near the lower limit', true,
     a.units >= r.low and a.units < r.low + r.near, a.units >= r.low and r.near > 0 and a.units < r.low + r.near + r.band),
    ('stock_above', r.high, 'above', false, a.units > r.high, a.units > r.high - r.band),
    ('stock_near_above', r.high, 'near the upper limit', true,
     a.units <= r.high and a.units > r.high - r.near, a.units <= r.high and r.near > 0 and a.units > r.high - r.near - r.band)
) v (kind, limit_value, says, is_near, is_raised, is_kept)
where v.is_kept

-- name: bin_over
-- What lies in a bin against what it may hold: SKUs, volume and mass as slotting counts them, and the mass that a scale measured.
insert into alert_found (site, kind, originator, rule_id, severity, hold_s, is_raised, value, limit_value, message, detail)
with rules as materialized (
    select * from alert_rules where kind = 'bin_over' and is_active
), filled as (
    select f.site, f.bin, count(*) as skus, sum(k.volume_m3) as volume_m3, sum(k.mass_kg) as mass_kg
    from (select site, bin, sku from items where bin is not null group by site, bin, sku) f left join skus k using (sku)
    group by f.site, f.bin
), loaded as (
    select b.site, b.bin, b.zone, l.what, l.held, l.most
    from bins b left join filled f using (site, bin)
    left join sensor_latest s on (s.site, s.bin, s.quantity) = (b.site, b.bin, 'mass_kg') and s.observed_at > now() - interval '1 hour'
    cross join lateral (values
        ('SKUs', f.skus::double precision, b.items_at_most::double precision),
        ('m3', f.volume_m3, b.volume_m3),
        ('kg', greatest(f.mass_kg, s.value), b.mass_kg)
    ) l (what, held, most)
    where l.held is not null and l.most is not null and (l.held > 0.5 * l.most)
)
select distinct on (l.site, l.bin, r.rule_id)
       l.site, 'bin_over', 'bin/' || l.bin, r.rule_id, r.severity, r.hold_s, l.held > r.high * l.most, l.held, r.high * l.most,
       format('Bin %%s holds %%s %%s, %%s at most', l.bin, round(l.held::numeric, 3), l.what, round((r.high * l.most)::numeric, 3)),
       jsonb_build_object('counted', l.what)
from loaded l join rules r on (r.site is null or r.site = l.site) and (r.zone is null or r.zone = l.zone)
where l.held > (r.high - r.band) * l.most
order by l.site, l.bin, r.rule_id, l.held / greatest(l.most, 1e-9) desc

-- name: read_sensors
-- Bring the last reading of each sensor up to date: what was observed since a quarter of an hour before the newest one.
insert into sensor_latest as l (site, bin, quantity, observed_at, value, quality, gateway)
select distinct on (site, bin, quantity) site, bin, quantity, observed_at, value, quality, gateway
from bin_readings
where observed_at > least(coalesce((select max(observed_at) from sensor_latest), now() - interval '1 day'), now()) - interval '15 minutes'
order by site, bin, quantity, observed_at desc
on conflict (site, bin, quantity) do update
set observed_at = excluded.observed_at, value = excluded.value, quality = excluded.quality, gateway = excluded.gateway
where excluded.observed_at > l.observed_at

-- name: environment
-- The last reading of a quantity against the rule's limits, or those of the bin's zone. A silent sensor clears nothing.
insert into alert_found (site, kind, originator, rule_id, severity, hold_s, is_raised, value, limit_value, message, detail)
select l.site, 'environment', 'bin/' || l.bin || '/' || l.quantity, r.rule_id, r.severity, r.hold_s,
       coalesce(s.is_fresh and (l.value < m.low or l.value > m.high), false), case when s.is_fresh then l.value end,
       case when l.value < m.low + r.band then m.low else m.high end,
       format('%%s in bin %%s is %%s, %%s %%s', l.quantity, l.bin, l.value,
              case when l.value < m.low then 'below' else 'above' end, case when l.value < m.low then m.low else m.high end),
       jsonb_build_object('observed_at', l.observed_at)
from sensor_latest l
left join bins b using (site, bin)
left join zones z on (z.site, z.zone) = (b.site, b.zone)
join alert_rules r on r.kind = 'environment' and r.is_active and r.quantity = l.quantity and (r.site is null or r.site = l.site)
    and (r.zone is null or r.zone = b.zone) and (r.bin is null or r.bin = l.bin)
cross join lateral (values (
    coalesce(r.low, case l.quantity when 'temperature_c' then z.temperature_c_min when 'humidity_pct' then z.humidity_pct_min end),
    coalesce(r.high, case l.quantity when 'temperature_c' then z.temperature_c_max when 'humidity_pct' then z.humidity_pct_max end)
)) m (low, high)
cross join lateral (values (l.quality = 'good' and l.observed_at > now() - make_interval(secs => r.after_s))) s (is_fresh)
where not s.is_fresh or l.value < m.low + r.band or l.value > m.high - r.band

-- name: sensor_stale
-- Sensors that spoke and are silent. While their gateway is silent too, that is told of the gateway alone.
insert into alert_found (site, kind, originator, rule_id, severity, hold_s, is_raised, limit_value, message, detail)
select l.site, 'sensor_stale', 'bin/' || l.bin || '/' || l.quantity, r.rule_id, r.severity, r.hold_s,
       l.observed_at < now() - make_interval(secs => r.after_s) and coalesce(g.status_at > now() - interval '5 minutes', true),
       r.after_s, format('%%s in bin %%s was last heard of %%s', l.quantity, l.bin, to_char(l.observed_at, 'YYYY-MM-DD HH24:MI "UTC"')),
       jsonb_build_object('observed_at', l.observed_at)
from sensor_latest l
left join bins b using (site, bin)
left join gateways g using (site, gateway)
join alert_rules r on r.kind = 'sensor_stale' and r.is_active and (r.quantity is null or r.quantity = l.quantity)
    and (r.site is null or r.site = l.site) and (r.zone is null or r.zone = b.zone) and (r.bin is null or r.bin = l.bin)
where l.observed_at < now() - make_interval(secs => 0.5 * r.after_s)

-- name: gateway_stale
-- Gateways that say nothing, that said they go, or that never came.
insert into alert_found (site, kind, originator, rule_id, severity, hold_s, is_raised, limit_value, message, detail)
select g.site, 'gateway_stale', 'gateway/' || g.gateway, r.rule_id, r.severity, r.hold_s,
       coalesce(g.status_at, g.registered_at) < now() - make_interval(secs => r.after_s) or g.status ->> 'state' = 'offline',
       r.after_s,
       case when g.status_at is null then format('Gateway %%s has never been heard of', g.gateway)
            else format('Gateway %%s %%s %%s', g.gateway,
                        case g.status ->> 'state' when 'offline' then 'is offline since' else 'was last heard of' end,
                        to_char(g.status_at, 'YYYY-MM-DD HH24:MI "UTC"')) end,
       jsonb_build_object('heard_at', g.status_at)
from gateways g
join alert_rules r on r.kind = 'gateway_stale' and r.is_active and (r.site is null or r.site = g.site)
where coalesce(g.status_at, g.registered_at) < now() - make_interval(secs => 0.5 * r.after_s) or g.status ->> 'state' = 'offline'

-- name: unordered_exit
-- Items that left and that no order speaks of, at sites that keep orders; open ones stay while the item is away and nobody orders it.
insert into alert_found (site, kind, originator, rule_id, severity, hold_s, is_raised, message, detail, event_id)
with gone as materialized (
    select site, epc, door, observed_at, event_id from settled_movements
    where site = any (%(sites)s::text[]) and stored_at > now() - interval '10 minutes' and observed_at > now() - interval '7 days'
      and direction = 'out' and door is not null
)
select m.site, 'unordered_exit', m.epc, r.rule_id, r.severity, r.hold_s, true,
       format('%%s left by door %%s without an order', i.sku, m.door),
       jsonb_build_object('sku', i.sku, 'door', m.door, 'observed_at', m.observed_at), m.event_id
from (select distinct on (site, epc) * from gone order by site, epc, observed_at desc) m
join items i on i.epc = m.epc and i.sku is not null and i.site = m.site and i.state = 'in_transit'
join alert_rules r on r.kind = 'unordered_exit' and r.is_active and (r.site is null or r.site = m.site) and (r.door is null or r.door = m.door)
where not is_ordered(m.site, m.epc, i.sku, m.observed_at)
  and exists (select from orders o where o.site = m.site and o.kind = 'outbound')
union all
select a.site, a.kind, a.originator, r.rule_id, a.severity, a.hold_s, false, a.message, a.detail, a.event_id
from alerts a join alert_rules r using (rule_id) join items i on i.epc = a.originator
where a.cleared_at is null and a.kind = 'unordered_exit' and r.is_active and a.raised_at > now() - make_interval(secs => r.after_s)
  and i.state = 'in_transit' and i.site = a.site and not is_ordered(a.site, i.epc, i.sku, i.since)

-- name: dwell
-- Items that stand at a door or in a zone for too long, the longest first.
insert into alert_found (site, kind, originator, rule_id, severity, hold_s, is_raised, limit_value, message, detail)
select w.site, 'dwell', w.epc, r.rule_id, r.severity, r.hold_s, true, r.after_s,
       format('%%s has been %%s since %%s', coalesce(w.sku, w.epc),
              case when r.zone is null then 'at door ' || w.door else 'in zone ' || r.zone end,
              to_char(w.since, 'YYYY-MM-DD HH24:MI "UTC"')),
       jsonb_build_object('sku', w.sku, 'door', w.door, 'bin', w.bin, 'since', w.since)
from alert_rules r
cross join lateral (
    select i.site, i.epc, i.sku, i.door, i.bin, i.since from items i
    where i.since < now() - make_interval(secs => r.after_s) and (r.site is null or i.site = r.site)
      and case when r.zone is null
               then i.door is not null and i.state in ('in_progress', 'returned') and (r.door is null or i.door = r.door)
               else i.bin is not null and i.state = 'sellable_accessible'
                    and exists (select from bins b where (b.site, b.bin, b.zone) = (i.site, i.bin, r.zone)) end
    order by i.since limit %(most_open)s
) w
where r.kind = 'dwell' and r.is_active

-- name: unknown_tags
-- Tags at a door that are of no SKU that anybody knows, so many within the time.
insert into alert_found (site, kind, originator, rule_id, severity, hold_s, is_raised, value, limit_value, message)
select m.site, 'unknown_tags', 'door/' || m.door, r.rule_id, r.severity, r.hold_s, m.tags >= r.at_least, m.tags, r.at_least,
       format('%%s unknown tags at door %%s within %%s min', m.tags, m.door, round((r.after_s / 60)::numeric))
from alert_rules r
join unknown_tags_within(%(sites)s::text[], array(select distinct after_s from alert_rules where kind = 'unknown_tags' and is_active)) m
    on m.span = r.after_s and (r.site is null or r.site = m.site) and (r.door is null or r.door = m.door)
where r.kind = 'unknown_tags' and r.is_active

-- name: read_quality
-- The share of passages of a door that need a person, where there were enough to speak of a share.
insert into alert_found (site, kind, originator, rule_id, severity, hold_s, is_raised, value, limit_value, message, detail)
select m.site, 'read_quality', 'door/' || m.door, r.rule_id, r.severity, r.hold_s, m.unsure > r.high * m.passages,
       round(m.unsure::numeric / m.passages, 3), r.high,
       format('%%s of %%s passages at door %%s were uncertain', m.unsure, m.passages, m.door),
       jsonb_build_object('uncertain', m.unsure, 'passages', m.passages)
from alert_rules r
join passages_within(%(sites)s::text[], array(select distinct after_s from alert_rules where kind = 'read_quality' and is_active)) m
    on m.span = r.after_s and (r.site is null or r.site = m.site) and (r.door is null or r.door = m.door)
where r.kind = 'read_quality' and r.is_active and m.passages >= r.at_least and m.unsure > (r.high - r.band) * m.passages

-- name: life_contradiction
-- Items of whose passages one contradicts their life, the last of them.
insert into alert_found (site, kind, originator, rule_id, severity, hold_s, is_raised, value, message, detail)
select s.site, 'life_contradiction', s.epc, r.rule_id, r.severity, r.hold_s, true, l.contradictions,
       format('%%s: %%s', coalesce(i.sku, s.epc), s.reason),
       jsonb_build_object('sku', i.sku, 'door', s.door, 'way', s.way, 'observed_at', s.at, 'step_id', s.step_id, 'state', l.state)
from lives l
cross join lateral (
    select c.* from life_steps c
    where c.epc = l.epc and c.kind = 'contradicted' and not exists (select from life_steps w where w.closes = c.step_id)
    order by c.at desc, c.number desc limit 1
) s
left join items i on i.epc = l.epc
join alert_rules r on r.kind = 'life_contradiction' and r.is_active and (r.site is null or r.site = s.site)
                  and (r.door is null or r.door = s.door)
where l.contradictions > 0

-- name: report_failed
-- Reports whose last period could not be worked out, at the first of their sites: one that is worked out later clears it.
insert into alert_found (site, kind, originator, severity, hold_s, is_raised, value, message, detail)
select s.site, 'report_failed', 'report/' || r.report_id, 'warning', 0, true, f.attempts,
       format('The report %%s from %%s could not be worked out', r.name, f.asked_at::date),
       jsonb_build_object('report_id', r.report_id, 'result_id', f.result_id, 'since', f.since, 'until', f.until, 'error', f.error)
from reports r
cross join lateral (
    select * from report_results e where e.report_id = r.report_id and e.state <> 'waiting'
    order by e.ended_at desc, e.result_id limit 1
) f
cross join lateral (
    select site from sites k where r.sites is null or k.site = any (r.sites) order by site limit 1
) s
where f.state = 'failed'

-- name: report_undelivered
-- Receivers of reports whose last report was given up, at the first of their sites: one that arrives clears it, sent once more
-- or the next one.
insert into alert_found (site, kind, originator, severity, hold_s, is_raised, value, message, detail)
select s.site, 'report_undelivered', 'webhook/' || w.webhook_id, 'warning', 0, true, d.attempts,
       format('A report for %%s could not be delivered', w.name),
       jsonb_build_object('webhook_id', w.webhook_id, 'delivery_id', d.delivery_id, 'queued_at', d.queued_at, 'status', d.status)
from webhooks w
cross join lateral (
    select * from deliveries e where e.webhook_id = w.webhook_id and e.topic = 'report' and e.state in ('done', 'dead')
    order by e.ended_at desc, e.delivery_id limit 1
) d
cross join lateral (
    select site from sites k where w.sites is null or k.site = any (w.sites) order by site limit 1
) s
where 'report' = any (w.topics) and d.state = 'dead'
