-- What `dashboards_queries.py` fills a migrated database with: three sites of eight doors, four gateways and 2,000 bins
-- each, 3,000 SKUs, 100,000 items present and 1.5 million gone, sensors, orders with their sessions, plans, alerts, returns and what follows from them. Movements come by day, from Python.

-- name: floor
insert into sites (site) select * from unnest(array['hangzhou-1', 'ningbo-1', 'suzhou-1']);
insert into doors (site, door, x_m, y_m) select site, 'D' || n, 15.0 * n, 0 from sites, generate_series(1, 8) n;
insert into zones (site, zone, kind, temperature_c_min, temperature_c_max, humidity_pct_min, humidity_pct_max)
select site, 'zone ' || n, 'storage', 4, 25, 20, 70 from sites, generate_series(0, 4) n;
insert into bins (site, bin, zone, x_m, y_m, z_m, volume_m3, items_at_most)
select site, 'B' || n, 'zone ' || n % 5, 3.0 * (n / 50), 2.0 + n % 50, 0, 1.2, 2 from sites, generate_series(1, 2000) n;
insert into skus (sku, description, volume_m3, mass_kg)
select 'SKU-' || n, 'Thing ' || n, 0.01 * (n % 90), 2 from generate_series(0, 2999) n;
insert into bin_skus (site, bin, sku) select site, 'B' || 1 + n % 2000, 'SKU-' || n from sites, generate_series(0, 2999) n;
insert into items (epc, sku, quantity, site, bin, door, state, since)
select 'urn:epc:id:sgtin:9521234.' || n, 'SKU-' || n % 3000, 1 + n % 24, (array['hangzhou-1', 'ningbo-1', 'suzhou-1'])[1 + n % 3],
       case when n % 50 > 0 then 'B' || 1 + (n % 3000) % 2000 end, case when n % 50 = 0 then 'D' || 1 + n % 8 end,
       case when n % 50 > 0 then 'sellable_accessible' else 'in_progress' end, now() - n % 120 * interval '1 day'
from generate_series(1, 100000) n;
insert into items (epc, sku, quantity, site, state, since)
select 'urn:epc:id:sgtin:9521235.' || n, 'SKU-' || n % 3000, 1, (array['hangzhou-1', 'ningbo-1', 'suzhou-1'])[1 + n % 3], 'in_transit',
       now() - n * interval '4 seconds'
from generate_series(1, 1500000) n;

-- name: fleet
insert into gateways (site, gateway, status, status_at, last_event_stored_at)
select site, 'gw-' || n, jsonb_build_object(
           'state', 'online', 'at', now() - interval '20 ms', 'software', 'tagdock-edge 0.1.0', 'outbox_events', n,
           'readers', (select jsonb_agg(jsonb_build_object(
               'name', 'dock-' || r, 'state', 'up', 'reads', 100000 * r, 'last_read_at', now(), 'clock_offset_s', 0.01 * n))
               from generate_series(2 * n - 1, 2 * n) r)), now(), now()
from sites, generate_series(1, 4) n;
insert into ingests (client_id, events_stored, last_lag_s, last_committed_at, last_group_events)
values ('tagdock-ingest-1', 10000000, 0.12, now(), 800);
insert into refused_batches (site, gateway, epoch, seq, reason, payload, refused_at)
select site, 'gw-1', gen_random_uuid(), n, 'epc: is no EPC', 'x', now() - n * interval '5 hours' from sites, generate_series(1, 300) n;
insert into reader_events (site, observed_at, event_id, gateway, reader, antenna, state, detail)
select site, now() - n * interval '13 minutes', gen_random_uuid(), 'gw-1', 'dock-1', 1, (array['up', 'down'])[1 + n % 2], ''
from sites, generate_series(1, 2000) n;
insert into duties (duty, every_s, done_at, took_s, failures) values ('keeping.stock', 5, now(), 0.01, 0);

-- name: sensors
insert into sensor_latest
select site, 'B' || n, q, now() - case when n % 97 = 0 then interval '2 hours' else interval '1 minute' end,
       case q when 'temperature_c' then 12 + n % 12 when 'humidity_pct' then 50 when 'battery_pct' then 10 + n % 90 else n % 2 end,
       'good', 'gw-1'
from sites, generate_series(1, 2000) n, unnest(array['temperature_c', 'humidity_pct', 'battery_pct', 'occupied']) q
where q <> 'temperature_c' and q <> 'humidity_pct' or n <= 100;
insert into bin_readings (site, observed_at, event_id, gateway, bin, quantity, value, quality)
select site, now() - m * interval '5 minutes', gen_random_uuid(), 'gw-1', 'B' || n, q,
       case q when 'temperature_c' then 14 + n % 9 + sin(m / 20.0) * 3 else 50 + 10 * cos(m / 30.0) end, 'good'
from sites, generate_series(1, 50) n, generate_series(1, 2016) m, unnest(array['temperature_c', 'humidity_pct']) q;

-- name: orders
insert into orders (site, kind, order_id, partner, door)
select site, 'outbound', 'SO-' || n, 'Shop ' || n % 40, 'D' || 1 + n % 8 from sites, generate_series(1, 9000) n;
insert into order_lines (site, kind, order_id, line, sku, quantity)
select site, 'outbound', 'SO-' || n, l, 'SKU-' || (n * 7 + l * 131) % 3000, 1 + l
from sites, generate_series(1, 9000) n, generate_series(1, 6) l;
insert into door_sessions (site, kind, order_id, door, state, opened_at, opened_by, until_at, closed_at, closed_by)
select site, 'outbound', 'SO-' || n, 'D' || 1 + n % 8, case when n > 8 then 'closed' else 'open' end,
       now() - n * interval '14 minutes', 'rule', case when n > 8 then now() - n * interval '14 minutes' + interval '35 minutes' else 'infinity' end,
       case when n > 8 then now() - n * interval '14 minutes' + interval '35 minutes' end, case when n > 8 then 'idle' end
from sites, generate_series(1, 9000) n;
insert into session_goods (site, session_id, epc, door, observed_at, event_id)
select s.site, s.session_id, 'urn:epc:id:sgtin:9521234.' || 1 + (substr(s.order_id, 4)::integer * 7 + l * 131) % 3000, s.door,
       s.opened_at + interval '5 minutes', gen_random_uuid()
from door_sessions s, generate_series(1, 6) l where (substr(s.order_id, 4)::integer + l) % 29 > 0
on conflict do nothing;

-- name: plans
insert into plans (plan_id, site, request, state, plan, asked_at, finished_at, approved_at, approved_by)
select gen_random_uuid(), site, '{}', 'done',
       jsonb_build_object('status', 'optimal', 'current_m_per_day', 9000 - 100 * n, 'objective_m_per_day', 8000 - 100 * n,
                          'lower_bound_m_per_day', 7900 - 100 * n, 'solver', 'transport', 'seconds', 3),
       now() - (90 - n * 8) * interval '1 day', now() - (90 - n * 8) * interval '1 day', now() - (89 - n * 8) * interval '1 day', 'planner'
from sites, generate_series(1, 10) n;
insert into moves (plan_id, step, sku, from_bin, to_bin, saves_m_per_day, why, state, ready_at, done_at, confirmed_at, decided_by)
select p.plan_id, n, 'SKU-' || n * 7, 'B' || n, 'B' || 1000 + n, 10.0 / n, 'nearer to D1', case when n <= 60 then 'done' else 'open' end,
       p.approved_at, case when n <= 60 then p.approved_at + n * interval '1 hour' end,
       case when n <= 40 then p.approved_at + n * interval '1 hour' end, case when n <= 60 then 'reads' end
from plans p, generate_series(1, 100) n;
update plans p set walks = (
    select jsonb_agg(jsonb_build_object('step', n, 'bins', 1, 'doors', (
        select jsonb_object_agg('D' || d, jsonb_build_array(30 + d, 20 + d)) from generate_series(1, 8) d)))
    from generate_series(1, 100) n);

-- name: alerts
insert into alert_rules (kind, name, site, severity, low, high, near, created_by)
values ('stock', 'All SKUs', null, 'warning', 380, 700, 20, 'planner');
insert into alerts (site, kind, originator, severity, message, hold_s, raised_at, cleared_at)
select site, (array['environment', 'gateway_stale', 'stock_below', 'unordered_exit'])[1 + n % 4], 'thing/' || n, 'warning',
       'Thing ' || n || ' is out of order', 60, now() - n * interval '30 minutes', case when n > 8 then now() - n * interval '29 minutes' end
from sites, generate_series(1, 4000) n;

-- name: movements
-- One day, {rows} movements from {first} on: three sites, two doors a gateway, one in a hundred stored a minute late, one in
-- a thousand hours late; evidence of two antennas on the days that {evidence} says.
insert into movements (site, observed_at, stored_at, event_id, gateway, epc, epc_hex, sku, door, direction, confidence, evidence_said)
select (array['hangzhou-1', 'hangzhou-1', 'hangzhou-1', 'ningbo-1', 'ningbo-1', 'suzhou-1'])[1 + n % 6], at,
       at + case when n % 1000 = 7 then interval '5 hours' when n % 100 = 7 then interval '1 minute' else (150 + n % 400) * interval '1 ms' end,
       gen_random_uuid(), 'gw-' || 1 + d / 2, 'urn:epc:id:sgtin:9521234.' || n % 100000, '3034257BF7194E4000001A85',
       'SKU-' || n % 100000 % 3000, 'D' || 1 + d,
       case when n % 1000 = 0 then 'uncertain' when n % 7 = 0 then 'in' when n % 50 = 0 then 'pass' else 'out' end, 0.95,
       case when {evidence} then format(
           '{{"reads":%s,"antennas":[{{"reader":"dock-%s","antenna":1,"reads":%s,"first_at":"%s","peak_at":"%s","peak_rssi_dbm":%s,"last_at":"%s",'
           '"side":"outside"}},{{"reader":"dock-%s","antenna":2,"reads":%s,"first_at":"%s","peak_at":"%s","peak_rssi_dbm":%s,"last_at":"%s","side":"inside"}}]}}',
           8 + n % 30, 1 + d, 4 + n % 15, told, told, -50 - n % 20, told, 1 + d, 4 + n % 15, told, told, -48 - n % 17, told) end
from (select n, (n / 6 % 8)::integer as d, at, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as told
      from (select n, {day}::timestamptz + (n - {first}) * interval '1 day' / {rows} as at
            from generate_series({first}::bigint, {first}::bigint + {rows} - 1) n) t) m
where at < now();

-- name: flows
insert into flows (site, day, sku, door, out_count, in_count)
select site, (observed_at at time zone 'UTC')::date, sku, door, count(*) filter (where direction = 'out'), count(*) filter (where direction = 'in')
from movements where observed_at >= {day}::timestamptz and observed_at < {day}::timestamptz + interval '1 day' and direction in ('in', 'out')
group by 1, 2, 3, 4;

-- name: corrections
insert into corrections (site, observed_at, event_id, correction_id, epc, kind, door, direction, corrected_at, corrected_by, reason)
select site, observed_at, event_id, gen_random_uuid(), epc, 'decided', door, 'in', now(), 'dock', ''
from movements where direction = 'uncertain' and observed_at < now() - interval '1 day';
select recount_moved_hours();

-- name: after_sales
-- So many cases of returns a site over twelve weeks with what follows from them, two people at each; the site after each in
-- the alphabet is where its transfers go.
insert into life_policies (version, author, effective_at, source, published_by)
select 1, 'fill', '2026-01-01Z', '', 'fill' where not exists (select from life_policies);
insert into orders (site, kind, order_id, partner, due_at, created_at, completed_at)
select site, 'outbound', 'AS-' || n, 'Shop ' || n % 9, now() - n * interval '84 days' / (10 * {cases}) + interval '6 hours',
       now() - n * interval '84 days' / (10 * {cases}) - interval '1 day',
       case when n > 5 then now() - n * interval '84 days' / (10 * {cases}) + (n % 12 - 4) * interval '1 hour' end
from sites, generate_series(1, 10 * {cases}) n;
insert into order_lines (site, kind, order_id, line, sku, quantity)
select site, kind, order_id, 1, '22423', 1 + length(order_id) % 3 from orders where order_id like 'AS-%';
insert into returns (case_ref, site, kind, state, reason, order_id, liability, freight_payer, applied_at, applied_by, received_at,
                     decided_at, closed_at, refunded_at, exchanged_at)
select 'R-' || site || '-' || n, site, k.kind, s.state, r.reason, 'AS-' || 10 * n, 'product', 'customer', a.at, 'user:shop',
       case when s.state not in ('announced', 'on_hold', 'declined') then a.at + interval '3 days' end,
       case when s.state in ('decided', 'closed') then a.at + interval '4 days' end,
       case when s.state = 'closed' then a.at + interval '6 days' end,
       case when s.state = 'closed' and k.kind = 'self_return' then a.at + (5 + n % 9) * interval '1 day' end,
       case when s.state = 'closed' and k.kind = 'exchange' then a.at + interval '5 days' end
from sites, generate_series(1, {cases}) n
cross join lateral (values (now() - n * interval '84 days' / {cases})) a (at)
cross join lateral (values ((array['self_return', 'self_return', 'self_return', 'exchange', 'repair', 'undelivered', 'refused'])[1 + n % 7])) k (kind)
cross join lateral (values (case when n > {cases} / 6 then (case n % 19 when 0 then 'declined' else 'closed' end)
                                 else (array['announced', 'received', 'on_hold', 'decided', 'closed'])[1 + n % 5] end)) s (state)
cross join lateral (values ((array['changed_mind', 'defective', 'changed_mind', 'wrong_item', 'damaged_in_transit', 'defective', 'late',
                                   'changed_mind', 'not_as_described', 'changed_mind', 'defective'])[1 + n % 11])) r (reason);
insert into return_lines (case_ref, line, epc, sku, received_at, grade, outcome, outcome_at, outcome_by, done_at)
select case_ref, 1, 'urn:epc:id:sgtin:9521234.9.' || split_part(case_ref, '-', 4), '22423', received_at, g.grade, g.outcome,
       decided_at, 'user:mei', closed_at
from returns
left join lateral (values ((array['A', 'B', 'B', 'C', 'C'])[1 + split_part(case_ref, '-', 4)::integer % 5],
    (array['restock', 'repack', 'restock', 'repair', 'scrap'])[1 + split_part(case_ref, '-', 4)::integer % 5])) g (grade, outcome)
    on decided_at is not null;
insert into life_steps (site, epc, at, kind, policy_id, to_state, disposition, is_sellable, actor)
select r.site, 'urn:epc:id:sgtin:9521234.9.' || r.site || '.' || split_part(r.case_ref, '-', 4), r.received_at + w.after * (1 + length(r.reason) / 9.0),
       w.kind, p.policy_id, w.state, w.disposition, w.state = 'stored', 'user:mei'
from returns r
cross join (select min(policy_id) as policy_id from life_policies) p
cross join (values ('begun', 'returned', 'returned', interval '0', 0), ('taken', 'unpacked', 'returned', '5 hours', 0),
                   ('taken', 'inspected', 'returned', '9 hours', 1), ('taken', 'graded', 'unavailable', '20 hours', 2),
                   ('taken', 'in_repair', 'needs_replacement', '26 hours', 3), ('taken', 'repaired', 'unavailable', '60 hours', 4),
                   ('taken', 'stored', 'sellable_accessible', '70 hours', 5)) w (kind, state, disposition, after, place)
where r.received_at is not null and (r.state = 'closed' or w.place <= length(r.case_ref) % 4);
insert into tasks (site, kind, role, epc, case_ref, opened_at, due_at, assigned_at, assignee, state, done_at, done_by, done_how)
select r.site, k.kind, k.role, 'urn:epc:id:sgtin:9521234.9.' || r.site || '.' || split_part(r.case_ref, '-', 4), r.case_ref, r.received_at + k.after,
       r.received_at + k.after + interval '2 days', r.received_at + k.after + interval '30 minutes', w.person, d.state,
       case d.state when 'done' then r.received_at + k.after + (2 + length(r.reason)) * interval '1 hour' end,
       case d.state when 'done' then w.person end, case d.state when 'done' then (array['scan', 'read', 'said'])[1 + length(r.reason) % 3] end
from returns r
cross join (values ('inspect', 'inspector', interval '1 hour'), ('repair', 'technician', '26 hours'), ('put_away', 'operator', '62 hours'))
    k (kind, role, after)
cross join lateral (values (case r.state when 'closed' then 'done' else 'open' end)) d (state)
cross join lateral (values ((array['user:mei', 'user:jun', 'user:li', null])[1 + (length(k.kind) + ascii(right(r.case_ref, 1))) % 4])) w (person)
where r.received_at is not null and (k.kind <> 'repair' or right(r.case_ref, 1) in ('3', '4', '8'));
update work_orders w set opened_at = t.opened_at, opened_by = 'user:mei', state = e.state, closed_at = t.done_at, closed_by = t.done_by
from tasks t
cross join lateral (values (case when t.state = 'open' then 'waiting_parts' when right(t.case_ref, 2) in ('13', '48') then 'irreparable'
                                 else 'repaired' end)) e (state)
where t.task_id = w.task_id;
with asked as (
    insert into tasks (site, kind, role, why, opened_at, due_at, assignee, state, done_at, done_by)
    select site, 'follow_up', 'manager', n::text, a.at, a.at + interval '2 days', 'user:ann', case when n > {cases} / 20 then 'done' else 'open' end,
           case when n > {cases} / 20 then a.at + (1 + n % 40) * interval '1 hour' end, case when n > {cases} / 20 then 'user:ann' end
    from sites, generate_series(1, {cases} / 2) n
    cross join lateral (values (now() - n * interval '168 days' / {cases})) a (at)
    returning *
)
insert into service_requests (task_id, site, kind, channel, class, opened_by, opened_at, state, resolution, liability, closed_at, closed_by, score)
select task_id, site, case when why::integer % 3 = 0 then 'enquiry' else 'complaint' end, 'mail',
       (array['late', 'damaged', 'wrong_item', 'missing_part', 'late'])[1 + why::integer % 5], 'user:shop', opened_at,
       case state when 'done' then 'closed' else 'open' end, case state when 'done' then 'answered' end,
       case state when 'done' then (array['carrier', 'warehouse', 'nobody'])[1 + why::integer % 3] end, done_at, done_by,
       case when state = 'done' and why::integer % 4 > 0 then 2 + why::integer % 4 end
from asked;
insert into counts (site, method, bin, velocity, state, asked_at, counted_at, counted_by)
select site, 'epcs', 'A-' || n, 'A', 'settled', now() - n * interval '84 days' / {cases}, now() - n * interval '84 days' / {cases}, 'user:jun'
from sites, generate_series(1, {cases}) n;
insert into count_lines (count_id, bin, sku, velocity, expected, missing, extra)
select count_id, bin, 'SKU-' || l, (array['A', 'B', 'C'])[l], 20, case when hashtext(bin || l || site) % 40 = 0 then 1 else 0 end, 0
from counts, generate_series(1, 3) l where bin is not null;
insert into count_differences (count_id, number, kind, bin, sku, units, record_says, verdict, settled_at, settled_by)
select count_id, right(sku, 1)::integer, 'missing', bin, sku, missing, 'bin ' || bin, 'missing', now(), 'user:jun' from count_lines where missing > 0;
insert into transfers (transfer_id, start_site, goal_site, planned_at)
select 'T-' || s.site || '-' || n, s.site, s.goal, now() - n * interval '84 days' / {cases}
from (select site, coalesce(lead(site) over (order by site), min(site) over ()) as goal from sites) s, generate_series(1, {cases} / 20) n
where s.site <> s.goal;
insert into orders (site, kind, order_id, partner, due_at, created_at)
select t.start_site, 'outbound', t.transfer_id, t.goal_site, t.planned_at + interval '3 days', t.planned_at from transfers t;
insert into order_lines (site, kind, order_id, line, sku, quantity)
select start_site, 'outbound', transfer_id, 1, '22423', 12 from transfers;
insert into shipments (site, order_id, carrier, service, tracking, created_at)
select site, order_id, (array['SF', 'YTO', 'DHL'])[1 + substr(order_id, 4)::integer % 3], 'standard', site || '-' || order_id, completed_at
from orders where order_id like 'AS-%' and completed_at is not null;
insert into shipment_events (shipment_id, happened_at, state)
select shipment_id, created_at + e.after, e.state
from shipments cross join (values ('collected', interval '2 hours'), ('delivered', '2 days'), ('damaged', '40 hours')) e (state, after)
where created_at + e.after < now() and (e.state <> 'damaged' or right(order_id, 2) in ('17', '57'))
  and (e.state <> 'delivered' or right(order_id, 2) <> '17');
insert into waiting_orders (order_id, partner, asked_at, destination, promised_at, urgent, value, lines)
select 'W-' || n, 'Shop ' || n, now() - n * interval '3 hours', '{{}}', now() + (n - 2) * interval '1 day', n = 3, 40 + n,
       '[{{"sku": "22423", "quantity": 2}}]'
from generate_series(1, 6) n;

-- name: limits
-- Beside the rule of all SKUs: rules of families, zones, a velocity class and single SKUs, and each SKU's outlook.
update skus set family = 'family ' || substr(sku, 5)::integer % 12;
insert into sku_outlooks (site, sku, velocity, velocity_since, lines, lines_share, asked_last_on, weeks, units_per_week)
select site, 'SKU-' || n, (array['A', 'B', 'C', 'C', 'C'])[1 + n % 5], current_date - 30, 3000 - n, n / 3000.0, current_date - n % 300, 26, n % 40
from sites, generate_series(0, 2999) n;
insert into alert_rules (kind, name, severity, family, low, near, created_by)
select 'stock', 'Family ' || n, 'warning', 'family ' || n, 20000 + 1000 * n, 500, 'planner' from generate_series(0, 11) n;
insert into alert_rules (kind, name, site, severity, zone, high, created_by)
select 'stock', 'Zone ' || n, site, 'warning', 'zone ' || n, 80000, 'planner' from sites, generate_series(0, 4) n;
insert into alert_rules (kind, name, severity, velocity, low, safety, lead_days, created_by)
values ('stock', 'Class A', 'warning', 'A', 400, 100, 7, 'planner');
insert into alert_rules (kind, name, site, severity, sku, low, high, created_by)
select 'stock', 'SKU-' || n, site, 'warning', 'SKU-' || n, 300, 800, 'planner' from sites, generate_series(0, 2999, 10) n;

-- name: network
-- What sites may take a day; what came in by transfers, some of it not put away yet; runs and what became of their stops.
insert into site_facts (site, lat_deg, lon_deg, lines_per_day, cut_off) select site, 30.0, 120.0, 60000, '15:00' from sites;
insert into orders (site, kind, order_id, partner, created_at)
select goal_site, 'inbound', transfer_id, start_site, planned_at from transfers;
insert into order_lines (site, kind, order_id, line, sku, quantity) select goal_site, 'inbound', transfer_id, 1, 'SKU-22', 12 from transfers;
insert into door_sessions (site, kind, order_id, door, state, opened_at, opened_by, until_at, closed_at, closed_by)
select goal_site, 'inbound', transfer_id, 'D' || 1 + substr(transfer_id, length(transfer_id))::integer % 8, 'closed', planned_at + interval '1 day',
       'rule', planned_at + interval '25 hours', planned_at + interval '25 hours', 'idle'
from transfers where planned_at < now() - interval '26 hours';
insert into session_goods (site, session_id, epc, door, observed_at, event_id)
select site, session_id, 'urn:epc:id:sgtin:9521236.' || order_id || '.' || n, door, opened_at + n * interval '1 second', gen_random_uuid()
from door_sessions, generate_series(1, 12) n where kind = 'inbound';
insert into items (epc, sku, quantity, site, door, state, since)
select g.epc, 'SKU-22', 1, g.site, g.door, case when g.observed_at > now() - interval '5 days' then 'returned' else 'in_transit' end, g.observed_at
from session_goods g where g.epc like 'urn:epc:id:sgtin:9521236.%';
insert into questions (question_id, kind, sites, asked_at, request, problem, time_limit_s, state, finished_at, approved_at, approved_by)
select gen_random_uuid(), 'run', array[site], now() - n * interval '1 day', '{{}}', '{{}}', 10, 'approved', now() - n * interval '1 day',
       now() - n * interval '1 day', 'user:ann'
from sites, generate_series(0, 83) n;
insert into run_stops (question_id, site, order_id, run, place, vehicle, arrives_at, begins_at, state, ended_at, ended_by)
select q.question_id, o.site, o.order_id, 1 + o.n % 6, o.n / 6, 'van-' || 1 + o.n % 3, r.at, r.at,
       case when r.at > now() - interval '2 hours' then 'planned' when o.n % 43 = 0 then 'failed' else 'delivered' end,
       case when r.at <= now() - interval '2 hours' then r.at + (o.n % 30 - 20) * interval '1 minute' end,
       case when r.at <= now() - interval '2 hours' then 'user:driver' end
from questions q
join lateral (
    select site, order_id, row_number() over (order by created_at, order_id)::integer as n from orders
    where site = q.sites[1] and kind = 'outbound' and order_id like 'AS-%' and created_at >= q.asked_at - interval '2 days'
      and created_at < q.asked_at - interval '1 day' limit 120
) o on true
cross join lateral (values (q.asked_at + (o.n / 6) * interval '12 minutes')) r (at)
where q.kind = 'run'
on conflict do nothing;
