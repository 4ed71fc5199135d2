-- The columns of the cloud's *_v1 views that dashboards may read, with rows made up on the spot.

CREATE VIEW movements_v1 AS
SELECT 'hangzhou-1'::text AS site, now() - n * interval '1 minute' AS observed_at,
       now() - n * interval '1 minute' + (200 + n % 50) * interval '1 millisecond' AS stored_at,
       gen_random_uuid() AS event_id, 'urn:epc:id:sgtin:9521234.' || n AS epc,
       CASE WHEN n % 9 <> 0 THEN 'SKU-' || n % 7 END AS sku, 'D' || n % 3 AS door, NULL::text AS bin,
       (ARRAY['in', 'out', 'out', 'pass', 'uncertain'])[1 + n % 5] AS direction,
       (0.5 + n % 50 / 100.0)::real AS confidence, 'gw-1'::text AS gateway, 'D' || n % 3 AS settled_door,
       (ARRAY['in', 'out', 'out', 'pass', 'uncertain'])[1 + n % 5] AS settled_direction
FROM generate_series(1, 600) n;

CREATE VIEW gateways_v1 AS
SELECT 'hangzhou-1'::text AS site, gateway, state, last_seen_at, last_seen_at AS last_event_stored_at,
       3::bigint AS outbox_events, 0::bigint AS outbox_refused_batches, now() - interval '2 seconds' AS oldest_unacked_at,
       '[]'::jsonb AS readers, 'tagdock-edge 0.1.0'::text AS software, '{}'::jsonb AS lost, 0.01::float8 AS clock_offset_s
FROM (VALUES ('gw-1', 'online', now()), ('gw-2', 'online', now() - interval '1 hour'), ('gw-3', 'offline', NULL))
     AS g (gateway, state, last_seen_at);

CREATE VIEW layouts_v1 AS
SELECT 'hangzhou-1'::text AS site, 1::bigint AS version, NULL::jsonb AS aisles, NULL::jsonb AS bin_door_m,
       NULL::jsonb AS bin_bin_m, now() AS updated_at;

CREATE VIEW doors_v1 AS
SELECT 'hangzhou-1'::text AS site, 'D' || n AS door, n::float8 AS x_m, 0::float8 AS y_m, n AS aisle,
       'front'::text AS aisle_end, 0::float8 AS gap_m
FROM generate_series(0, 1) n;

CREATE VIEW flows_v1 AS
SELECT 'hangzhou-1'::text AS site, 'SKU-1'::text AS sku, 'D2'::text AS door, current_date - n AS day, 1::bigint AS "in",
       2::bigint AS "out", 2::bigint AS order_lines
FROM generate_series(0, 20) n;

CREATE VIEW stock_v1 AS
SELECT 'hangzhou-1'::text AS site, 'SKU-' || n AS sku, CASE WHEN n % 4 <> 0 THEN 'ambient' END AS zone,
       'sellable_accessible'::text AS state, n::bigint AS items, (10 * n)::bigint AS quantity
FROM generate_series(1, 30) n;

CREATE VIEW plans_v1 AS
SELECT 'hangzhou-1'::text AS site, '0197a000-0000-7000-8000-000000000001'::uuid AS plan_id, now() AS asked_at,
       'planner'::text AS asked_by, '{}'::jsonb AS request, 'done'::text AS state, 'optimal'::text AS status,
       1000.0::float8 AS current_m_per_day, 700.0::float8 AS objective_m_per_day, 700.0::float8 AS lower_bound_m_per_day,
       'assignment'::text AS solver, 0.5::float8 AS seconds, now() AS finished_at, NULL::text AS error, '{}'::jsonb AS plan,
       now() - interval '9 days' AS approved_at;

CREATE VIEW moves_v1 AS
SELECT 'hangzhou-1'::text AS site, '0197a000-0000-7000-8000-000000000001'::uuid AS plan_id, 1 AS step, 'SKU-1'::text AS sku,
       'A-01-1'::text AS from_bin, 'A-01-2'::text AS to_bin, 3.0::float8 AS saves_m_per_day, 'nearer'::text AS why,
       'open'::text AS state, 'open'::text AS status, now() AS ready_at, NULL::timestamptz AS confirmed_at, NULL::text AS seen_bin;

CREATE VIEW throughput_v1 AS
SELECT 'hangzhou-1'::text AS site, date_trunc('hour', now()) - n * interval '1 hour' AS hour_at, 'D1'::text AS door,
       5::bigint AS "in", 20::bigint AS "out", 1::bigint AS pass, (n % 50 = 0)::int::bigint AS uncertain
FROM generate_series(0, 500) n;

CREATE VIEW items_v1 AS
SELECT 'urn:epc:id:sgtin:9521234.' || n AS epc, 'SKU-' || n % 30 AS sku, 10 AS quantity, 'hangzhou-1'::text AS site, 'D1'::text AS door,
       'A-01-' || n % 6 AS bin, 'sellable_accessible'::text AS state, now() - n * interval '1 day' AS since
FROM generate_series(1, 200) n;

CREATE VIEW bins_v1 AS
SELECT 'hangzhou-1'::text AS site, 'A-01-' || n AS bin, 'ambient'::text AS zone FROM generate_series(0, 5) n;

CREATE VIEW zones_v1 AS SELECT 'hangzhou-1'::text AS site, 'ambient'::text AS zone;

CREATE VIEW bin_fill_v1 AS
SELECT site, bin, zone, 3.0::float8 AS x_m, row_number() OVER (ORDER BY bin)::float8 AS y_m, 0.0::float8 AS z_m, 1 AS aisle, 2 AS cell,
       1::bigint AS skus, 4::bigint AS items, 40::bigint AS units, 0.5::float8 AS filled_share, 1.0::float8 AS occupied,
       now() AS occupied_observed_at
FROM bins_v1;

CREATE VIEW stock_limits_v1 AS
SELECT 'hangzhou-1'::text AS site, gen_random_uuid() AS rule_id, 'All SKUs'::text AS rule, 'warning'::text AS severity, 'SKU'::text AS kind,
       'SKU-' || n AS what, (10 * n)::bigint AS units, 50.0::float8 AS low, 250.0::float8 AS high,
       CASE WHEN 10 * n < 50 THEN 'below' WHEN 10 * n > 250 THEN 'above' ELSE 'within' END AS state,
       'SKU-' || n AS sku, CASE WHEN n % 2 = 0 THEN 'ambient' END::text AS zone
FROM generate_series(1, 30) n;

CREATE VIEW sensors_v1 AS
SELECT 'hangzhou-1'::text AS site, 'A-01-' || n AS bin, 'ambient'::text AS zone, quantity,
       now() - CASE WHEN n = 0 THEN interval '3 hours' ELSE interval '1 minute' END AS observed_at, (20 + 3 * n)::float8 AS value,
       'good'::text AS quality, 'gw-1'::text AS gateway, CASE WHEN quantity = 'temperature_c' THEN 4.0 END::float8 AS low,
       CASE WHEN quantity = 'temperature_c' THEN 25.0 END::float8 AS high
FROM generate_series(0, 5) n, unnest(ARRAY['temperature_c', 'humidity_pct', 'battery_pct', 'occupied']) AS quantity;

CREATE VIEW bin_readings_v1 AS
SELECT 'hangzhou-1'::text AS site, now() - n * interval '10 minutes' AS observed_at, 'A-01-' || n % 6 AS bin, quantity, 20.0::float8 AS value,
       'good'::text AS quality
FROM generate_series(1, 100) n, unnest(ARRAY['temperature_c', 'humidity_pct']) AS quantity;

CREATE VIEW readers_v1 AS
SELECT 'hangzhou-1'::text AS site, 'gw-1'::text AS gateway, 'dock-1'::text AS reader, 'up'::text AS state, now() AS last_read_at,
       1000::bigint AS reads, ''::text AS detail, 0.001::float8 AS clock_offset_s, now() AS told_at;

CREATE VIEW reader_events_v1 AS
SELECT 'hangzhou-1'::text AS site, now() - interval '5 minutes' AS observed_at, 'dock-1'::text AS reader, 1 AS antenna, 'down'::text AS state,
       'no route to host'::text AS detail;

CREATE VIEW alerts_v1 AS
SELECT gen_random_uuid() AS alert_id, 'hangzhou-1'::text AS site, kind, 'bin/A-01-1'::text AS originator, 'warning'::text AS severity,
       'out of order'::text AS message, now() - interval '2 days' AS raised_at, NULL::timestamptz AS cleared_at,
       NULL::timestamptz AS acknowledged_at, NULL::text AS acknowledged_by
FROM unnest(ARRAY['environment', 'stock_below', 'unordered_exit']) AS kind;

CREATE VIEW refused_batches_v1 AS
SELECT now() - interval '10 minutes' AS refused_at, 'hangzhou-1'::text AS site, 'gw-1'::text AS gateway, 7::bigint AS seq,
       'not JSON'::text AS reason, 12 AS payload_bytes;

CREATE VIEW ingests_v1 AS
SELECT 'tagdock-ingest-1'::text AS client_id, 1000::bigint AS events_stored, 0::bigint AS events_doubled, 0::bigint AS batches_refused,
       100 AS last_group_events, 0.1::float8 AS last_lag_s, now() AS last_committed_at;

CREATE VIEW duties_v1 AS
SELECT 'alerts.stock'::text AS duty, 30.0::float8 AS every_s, now() AS done_at, 0.1::float8 AS took_s, 0 AS failures, NULL::text AS error;

CREATE VIEW door_sessions_v1 AS
SELECT 'hangzhou-1'::text AS site, 'D1'::text AS door, 'outbound'::text AS kind, 'SO-1'::text AS order_id, 'Jumbo'::text AS partner,
       CASE WHEN n = 1 THEN 'open' ELSE 'closed' END AS state, now() - n * interval '1 day' AS opened_at, 10::bigint AS units_expected,
       2::bigint AS units_missing, 8::bigint AS items_seen, now() - n * interval '1 day' AS closed_at, 0::bigint AS lines_missing, 0::bigint AS items_unexpected,
       0::bigint AS items_wrong_door
FROM generate_series(1, 20) n;

CREATE VIEW marks_v1 AS
SELECT 'hangzhou-1'::text AS site, now() - interval '1 hour' AS begins_at, NULL::timestamptz AS ends_at, 'plan'::text AS kind,
       'Plan approved'::text AS words;

CREATE VIEW plan_savings_v1 AS
SELECT 'hangzhou-1'::text AS site, (now() - n * interval '7 days')::date AS week, 300.0::float8 AS promised_m_per_day,
       200.0::float8 AS expected_m_per_day, 180.0::float8 AS measured_m_per_day
FROM generate_series(0, 3) n;

CREATE VIEW bin_flows_v1 AS
SELECT site, bin, zone, x_m, y_m, skus, 2.5::float8 AS lines_per_day FROM bin_fill_v1;

CREATE VIEW skus_v1 AS SELECT 'SKU-' || n AS sku FROM generate_series(0, 30) n;

CREATE VIEW lateness_v1 AS
SELECT 'hangzhou-1'::text AS site, date_trunc('hour', now()) - n * interval '1 hour' AS hour_at, 'D' || n % 3 AS door, 'gw-1'::text AS gateway,
       0.2::float8 AS late_s, 20::bigint AS passages, 1::bigint AS uncertain, 0.3::float8 AS slowest_s
FROM generate_series(0, 500) n;

CREATE VIEW lateness_days_v1 AS
SELECT site, date_trunc('day', hour_at) AS day_at, door, gateway, late_s, passages, uncertain, slowest_s FROM lateness_v1;

CREATE VIEW picks_v1 AS
SELECT 'hangzhou-1'::text AS site, current_date - n AS day, 100::bigint AS order_lines, 90::bigint AS placed_lines,
       (2000 + 10 * n)::float8 AS walk_m, now() AS counted_at
FROM generate_series(0, 30) n;

CREATE VIEW session_ends_v1 AS
SELECT 'hangzhou-1'::text AS site, gen_random_uuid() AS session_id, 'outbound'::text AS kind, 'D1'::text AS door,
       now() - n * interval '10 hours' - interval '30 minutes' AS opened_at, now() - n * interval '10 hours' AS closed_at,
       10::bigint AS units_expected, (n % 5)::bigint AS units_missing, 8::bigint AS items_seen, 0::bigint AS items_unexpected,
       0::bigint AS items_wrong_door
FROM generate_series(0, 40) n;

CREATE VIEW stock_ages_v1 AS
SELECT 'hangzhou-1'::text AS site, 'SKU-' || n AS sku, CASE WHEN n % 5 = 0 THEN 'D1' END AS door, (n % 5)::smallint AS age, 3::bigint AS items,
       12::bigint AS units, now() - n * interval '1 day' AS first_since, now() - n * interval '10 hours' AS last_since, now() AS counted_at
FROM generate_series(1, 20) n;

CREATE VIEW counted_v1 AS
SELECT date_trunc('hour', now()) AS counted_until, now() AS looked_until, now() AS stock_at;

CREATE VIEW passage_evidence_v1 AS
SELECT site, observed_at, door, gateway, direction,
       '{"antennas": [{"reader": "dock-1", "antenna": 1, "reads": 5, "peak_rssi_dbm": -52.5}, {"antenna": "left", "reads": "many"}]}' AS evidence
FROM movements_v1;

CREATE VIEW plan_weeks_v1 AS SELECT * FROM plan_savings_v1;

CREATE VIEW reading_hours_v1 AS
SELECT site, date_trunc('hour', observed_at) AS hour_at, bin, quantity, count(*) AS readings, sum(value) AS total
FROM bin_readings_v1 GROUP BY 1, 2, 3, 4;

CREATE VIEW orders_v1 AS
SELECT 'hangzhou-1'::text AS site, 'outbound'::text AS kind, 'SO-' || n AS order_id,
       CASE WHEN n > 4 THEN now() - n * interval '9 hours' END AS completed_at
FROM generate_series(1, 200) n;

CREATE VIEW returns_v1 AS
SELECT 'R-' || n AS case_ref, 'hangzhou-1'::text AS site, (ARRAY['self_return', 'undelivered', 'refused', 'exchange', 'repair'])[1 + n % 5] AS kind,
       (ARRAY['announced', 'on_hold', 'received', 'decided', 'closed', 'closed', 'declined'])[1 + n % 7] AS state,
       (ARRAY['changed_mind', 'changed_mind', 'defective', 'late'])[1 + n % 4] AS reason, 'SO-' || n AS order_id, 'customer'::text AS liability,
       CASE WHEN n % 7 IN (4, 5) THEN now() - n * interval '9 hours' END AS refunded_at, NULL::timestamptz AS exchanged_at,
       now() - n * interval '10 hours' - interval '4 days' AS applied_at, now() - n * interval '10 hours' - interval '2 days' AS received_at
FROM generate_series(1, 40) n;

CREATE VIEW return_lines_v1 AS
SELECT case_ref, site, 1 AS line, 'urn:epc:id:sgtin:9521234.7'::text AS epc, (ARRAY['A', 'B', 'C'])[1 + length(case_ref) % 3] AS grade,
       'restock'::text AS outcome, now() - interval '1 day' AS outcome_at
FROM returns_v1;

CREATE VIEW life_stays_v1 AS
SELECT 'hangzhou-1'::text AS site, 'urn:epc:id:sgtin:9521234.' || n AS epc, (ARRAY['returned', 'graded', 'in_repair', 'stored'])[1 + n % 4] AS state,
       'returned'::text AS disposition, now() - n * interval '5 hours' AS since,
       CASE WHEN n % 3 > 0 THEN now() - n * interval '4 hours' END AS until, (3600.0 * n)::float8 AS seconds, 'user:mei'::text AS actor,
       false AS is_gone
FROM generate_series(1, 40) n;

CREATE VIEW tasks_v1 AS
SELECT gen_random_uuid() AS task_id, 'hangzhou-1'::text AS site, (ARRAY['inspect', 'repair', 'put_away', 'count'])[1 + n % 4] AS kind,
       now() - n * interval '6 hours' AS opened_at, now() - n * interval '6 hours' + interval '1 day' AS due_at,
       CASE WHEN n % 3 = 0 THEN 'open' ELSE 'done' END AS state, CASE WHEN n % 5 > 0 THEN 'user:mei' END AS assignee,
       CASE WHEN n % 3 > 0 THEN now() - n * interval '5 hours' END AS done_at, now() - n * interval '6 hours' AS assigned_at,
       CASE WHEN n % 3 > 0 THEN 'scan' END AS done_how
FROM generate_series(1, 40) n;

CREATE VIEW work_orders_v1 AS
SELECT ('0197a000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid AS work_order_id, 'hangzhou-1'::text AS site,
       'urn:epc:id:sgtin:9521234.' || n % 9 AS epc, CASE WHEN n % 4 = 0 THEN 'irreparable' ELSE 'repaired' END AS state,
       CASE WHEN n % 5 > 0 THEN 'user:li' END AS technician, now() - n * interval '10 hours' - interval '5 hours' AS opened_at,
       now() - n * interval '10 hours' AS closed_at
FROM generate_series(1, 20) n;

CREATE VIEW service_requests_v1 AS
SELECT 'hangzhou-1'::text AS site, 'complaint'::text AS kind, (ARRAY['late', 'damaged'])[1 + n % 2] AS class,
       CASE WHEN n % 3 = 0 THEN 'open' ELSE 'closed' END AS state, 'carrier'::text AS liability, now() - n * interval '4 hours' AS due_at,
       now() - n * interval '9 hours' AS opened_at, CASE WHEN n % 3 > 0 THEN now() - n * interval '7 hours' END AS closed_at,
       CASE WHEN n % 3 > 0 THEN (1 + n % 5)::smallint END AS score
FROM generate_series(1, 20) n;

CREATE VIEW network_v1 AS
SELECT 'hangzhou-1'::text AS site, 100::bigint AS units, 5::bigint AS open_orders, 1::bigint AS overdue_orders, 2::bigint AS transfers_in,
       1::bigint AS transfers_out, 300::bigint AS lines_left_today
FROM (VALUES (1)) AS one (n);

CREATE VIEW dispatch_v1 AS
SELECT 'hangzhou-1'::text AS site, 'SO-' || n AS order_id, now() - n * interval '9 hours' AS due_at,
       (ARRAY['on_time', 'on_time', 'late', 'overdue'])[1 + n % 4] AS state
FROM generate_series(1, 200) n;

CREATE VIEW count_accuracy_v1 AS
SELECT 'hangzhou-1'::text AS site, 'A'::text AS velocity, current_date - n AS day, 20::bigint AS lines, (20 - n % 3)::bigint AS lines_right
FROM generate_series(0, 30) n;

CREATE VIEW shipments_v1 AS
SELECT 'hangzhou-1'::text AS site, 'SO-' || n AS order_id, 'SF'::text AS carrier, 'T-' || n AS tracking,
       CASE WHEN n % 9 = 0 THEN 'damaged' ELSE 'delivered' END AS state, now() - n * interval '9 hours' AS state_since, n % 9 = 0 AS is_exception,
       now() - n * interval '10 hours' AS created_at
FROM generate_series(1, 40) n;

CREATE VIEW shipment_exceptions_v1 AS SELECT * FROM shipments_v1 WHERE is_exception;

CREATE VIEW run_stops_v1 AS
SELECT '00000000-0000-0000-0000-00000000000a'::uuid AS run_id, 'hangzhou-1'::text AS site, 1 AS run, n AS place, 'van-1'::text AS vehicle,
       'SO-' || n AS order_id, now() + (n - 5) * interval '20 minutes' AS arrives_at,
       CASE WHEN n = 3 THEN 'failed' WHEN n < 5 THEN 'delivered' ELSE 'planned' END AS state
FROM generate_series(1, 9) n;

CREATE VIEW transfers_v1 AS
SELECT 'T-' || n AS transfer_id, 'hangzhou-1'::text AS start_site, 'ningbo-1'::text AS goal_site, now() + interval '1 day' AS due_at,
       12::bigint AS units_planned, 12::bigint AS units_shipped, 0::bigint AS units_received, NULL::timestamptz AS received_at,
       (ARRAY['planned', 'shipped', 'received'])[1 + n % 3] AS state
FROM generate_series(1, 9) n;

CREATE VIEW waiting_orders_v1 AS
SELECT 'W-' || n AS order_id, 'Shop'::text AS partner, now() - n * interval '2 hours' AS asked_at, now() + interval '2 days' AS promised_at,
       n = 1 AS urgent, 40.0::float8 AS value, '[{"sku": "SKU-1"}]'::jsonb AS lines, 'waiting'::text AS state
FROM generate_series(1, 5) n;

CREATE VIEW repairs_v1 AS
SELECT work_order_id, site, epc, technician, state, opened_at, closed_at, extract(epoch FROM closed_at - opened_at)::float8 AS took_s,
       false AS is_repeat, state = 'repaired' AS is_fixed
FROM work_orders_v1;

CREATE VIEW kpi_facts_v1 AS
SELECT 'stock_accuracy'::text AS kpi, site, day::timestamptz AS at, lines_right::integer AS part, lines::integer AS whole, NULL::float8 AS seconds,
       NULL::text AS word
FROM count_accuracy_v1
UNION ALL
SELECT 'on_time_dispatch', site, due_at, (state = 'on_time')::integer, 1, NULL, state FROM dispatch_v1
UNION ALL
SELECT 'return_rate', site, applied_at, 1, 0, NULL, reason FROM returns_v1
UNION ALL
SELECT 'return_rate', site, completed_at, 0, 1, NULL, NULL FROM orders_v1;

CREATE VIEW kpi_people_v1 AS
SELECT kpi, site, 'user:mei'::text AS person, at, part, whole, seconds, word FROM kpi_facts_v1
UNION ALL
SELECT 'repair_time', site, technician, closed_at, NULL, NULL, took_s, NULL FROM repairs_v1;
