-- The columns of the cloud's *_v1 views that dashboards may read, with rows made up on the spot.

CREATE VIEW movements_v1 AS
SELECT 'hangzhou-1'::text AS site, now() - n * interval '1 minute' AS observed_at,
       now() - n * interval '1 minute' + (200 + n % 50) * interval '1 millisecond' AS stored_at,
       gen_random_uuid() AS event_id, 'urn:epc:id:sgtin:9521234.' || n AS epc,
       CASE WHEN n % 9 <> 0 THEN 'SKU-' || n % 7 END AS sku, 'D' || n % 3 AS door, NULL::text AS bin,
       (ARRAY['in', 'out', 'out', 'pass', 'uncertain'])[1 + n % 5] AS direction,
       (0.5 + n % 50 / 100.0)::real AS confidence, 'gw-1'::text AS gateway
FROM generate_series(1, 600) n;

CREATE VIEW gateways_v1 AS
SELECT 'hangzhou-1'::text AS site, gateway, state, last_seen_at, last_seen_at AS last_event_stored_at,
       3::bigint AS outbox_events, 0::bigint AS outbox_refused_batches, now() - interval '2 seconds' AS oldest_unacked_at,
       '[]'::jsonb AS readers
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
SELECT 'hangzhou-1'::text AS site, 'SKU-1'::text AS sku, 'D2'::text AS door, current_date AS day, 1::bigint AS "in",
       2::bigint AS "out", 2::bigint AS order_lines;

CREATE VIEW stock_v1 AS
SELECT 'hangzhou-1'::text AS site, 'SKU-' || n AS sku, CASE WHEN n % 4 <> 0 THEN 'ambient' END AS zone,
       'sellable_accessible'::text AS state, n::bigint AS items, (10 * n)::bigint AS quantity
FROM generate_series(1, 30) n;

CREATE VIEW plans_v1 AS
SELECT 'hangzhou-1'::text AS site, '0197a000-0000-7000-8000-000000000001'::uuid AS plan_id, now() AS asked_at,
       'planner'::text AS asked_by, '{}'::jsonb AS request, 'done'::text AS state, 'optimal'::text AS status,
       1000.0::float8 AS current_m_per_day, 700.0::float8 AS objective_m_per_day, 700.0::float8 AS lower_bound_m_per_day,
       'assignment'::text AS solver, 0.5::float8 AS seconds, now() AS finished_at, NULL::text AS error, '{}'::jsonb AS plan;

CREATE VIEW moves_v1 AS
SELECT 'hangzhou-1'::text AS site, '0197a000-0000-7000-8000-000000000001'::uuid AS plan_id, 1 AS step, 'SKU-1'::text AS sku,
       'A-01-1'::text AS from_bin, 'A-01-2'::text AS to_bin, 3.0::float8 AS saves_m_per_day, 'nearer'::text AS why,
       'open'::text AS state;
