-- name: antennas
-- What each antenna read of the goods that were told lately: of the last day, 3,000 movements at most; `now_reads` of the
-- last quarter of an hour. `now_passages` counts what passed its doors in that time, so silence can be told from peace.
with told as (
    select m.door, m.observed_at, coalesce(m.evidence_said::jsonb, m.evidence) as evidence,
           m.observed_at > now() - interval '15 minutes' as is_now
    from movements m
    where m.site = %(site)s and m.door is not null and m.observed_at > now() - interval '1 day'
    order by m.observed_at desc limit 3000
), doors as (
    select door, count(*) filter (where is_now) as now_passages, min(observed_at) filter (where is_now) as now_since
    from told group by door
), heard as (
    select a ->> 'reader' as reader, (a ->> 'antenna')::integer as antenna, t.door, t.is_now, t.observed_at,
           (a ->> 'reads')::bigint as reads, (a ->> 'peak_rssi_dbm')::double precision as rssi_dbm
    from told t cross join lateral jsonb_path_query(t.evidence, '$.antennas[*] ? (exists (@.reader) && exists (@.reads))') a
)
select h.reader, h.antenna, h.door, d.now_passages, coalesce(sum(h.reads) filter (where h.is_now), 0)::bigint as now_reads,
       coalesce(sum(h.reads) filter (where h.is_now), 0)::double precision
           / greatest(1, extract(epoch from now() - d.now_since)) as reads_per_s,
       avg(h.rssi_dbm) filter (where h.is_now) as rssi_dbm, max(h.observed_at) as last_at
from heard h join doors d using (door)
group by h.reader, h.antenna, h.door, d.now_passages, d.now_since
order by h.reader, h.antenna, h.door limit 500;

-- name: photo_eyes
-- Photo-eyes by door and side: how many of the goods that passed broke them, today and in the last quarter of an hour.
with told as (
    select m.door, m.observed_at, coalesce(m.evidence_said::jsonb, m.evidence) as evidence,
           m.observed_at > now() - interval '15 minutes' as is_now
    from movements m
    where m.site = %(site)s and m.door is not null and m.direction in ('in', 'out') and m.observed_at > now() - interval '1 day'
    order by m.observed_at desc limit 3000
), passed as (
    select door, count(*) filter (where is_now) as now_passages from told group by door
), broken as (
    select distinct t.door, t.observed_at, t.is_now, eye ->> 'side' as side
    from told t cross join lateral jsonb_path_query(t.evidence, '$.photo_eyes[*] ? (exists (@.side))') eye
)
select b.door, b.side, p.now_passages, count(*) filter (where b.is_now) as now_broken, max(b.observed_at) as last_at
from broken b join passed p using (door)
group by b.door, b.side, p.now_passages order by b.door, b.side limit 500;

-- name: fallen_antennas
-- Antennas whose reader said last that they fell off.
select reader, antenna, observed_at, detail from (
    select distinct on (reader, antenna) reader, antenna, state, observed_at, detail
    from reader_events
    where site = %(site)s and state in ('antenna_up', 'antenna_down') and observed_at > now() - interval '7 days'
    order by reader, antenna, observed_at desc
) newest where state = 'antenna_down' order by reader, antenna limit 100;

-- name: ill_sensors
-- Sensors that have been silent for an hour, or whose battery is low.
select bin, quantity, value, observed_at, gateway, observed_at < now() - interval '1 hour' as is_old
from sensors_v1
where site = %(site)s
  and (observed_at < now() - interval '1 hour' or quantity = 'battery_pct' and value < 15 or quality <> 'good')
order by observed_at limit 200;

-- name: sensor_count
-- How many sensors have spoken within a month, and how many of them within the hour.
select count(*) as sensors, count(*) filter (where observed_at > now() - interval '1 hour') as awake
from sensors_v1 where site = %(site)s;

-- name: ingests
-- What each ingest program did last. One that has stored nothing for a week is not there any more.
select client_id, events_stored, batches_refused, last_group_events, last_lag_s, last_committed_at, now() as now
from ingests_v1 where last_committed_at > now() - interval '7 days' order by client_id limit 100;

-- name: webhooks
-- Webhooks that have something waiting, given up or failing, with the newest of what was given up.
select w.webhook_id, w.name, w.is_active, w.failures, d.waiting, d.dead, d.oldest_at, d.dead_ids, d.error
from webhooks w
cross join lateral (
    select count(*) filter (where state = 'waiting') as waiting, count(*) filter (where state = 'dead') as dead,
           min(queued_at) filter (where state = 'waiting') as oldest_at,
           (array_agg(delivery_id order by queued_at desc) filter (where state = 'dead'))[1:20] as dead_ids,
           (array_agg(error order by queued_at desc) filter (where error is not null))[1] as error
    from (select * from deliveries q where q.webhook_id = w.webhook_id and q.state in ('waiting', 'dead')
          order by q.queued_at desc limit 10000) q
) d
where w.owner = 'api' and (%(sites)s::text[] is null or w.sites <@ %(sites)s) and (d.dead > 0 or w.failures > 0 or d.waiting > 100)
order by w.name limit 100;

-- name: duties
-- Due work, and how long ago each was done.
select duty, every_s, done_at, failed_at, failures, error, extract(epoch from now() - done_at)::double precision as age_s
from duties_v1 order by duty;

-- name: database
-- How large the database is, and until when the record has partitions (null where something else makes them).
select pg_database_size(current_database()) as size_bytes, current_setting('server_version') as version, now() as now,
       (select min(until) from (
            select max((regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''([^'']+)''\)'))[1]::timestamptz) as until
            from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent in (select p.oid from pg_class p where p.relname in ('movements', 'bin_readings', 'reader_events')
                                  and p.relkind = 'p')
            group by i.inhparent) parents) as partitions_until;

-- name: refused
-- The batches that were refused last, with the reason.
select refusal_id, refused_at, site, gateway, seq, reason, octet_length(payload) as payload_bytes
from refused_batches
where (%(site)s::text is null or site = %(site)s) and (%(sites)s::text[] is null or site = any(%(sites)s))
order by refused_at desc, refusal_id desc limit 50;
