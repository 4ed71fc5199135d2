-- name: gateways
-- Gateways, and the database's clock to judge them by. A clock is told by a word that came as it was said: not by the
-- will, which was left when the gateway connected, and not by a retained one, of which nobody knows how long it took.
select site, gateway, v.state, v.last_seen_at, v.last_event_stored_at, v.outbox_events, v.outbox_refused_batches,
       v.oldest_unacked_at, v.readers, coalesce(g.status ->> 'software', '') as software,
       coalesce(g.status -> 'lost', '{}') as lost,
       case when v.state = 'online' and (g.status ->> 'at')::timestamptz <> g.status_at
            then round(extract(epoch from (g.status ->> 'at')::timestamptz - g.status_at), 3)::double precision
            end as clock_offset_s,
       now() as now
from gateways_v1 v join gateways g using (site, gateway)
where (%(site)s::text is null or site = %(site)s) and (%(sites)s::text[] is null or site = any(%(sites)s))
  and (%(gateway)s::text is null or gateway = %(gateway)s)
order by site, gateway;

-- name: refused
-- The batches that were refused last, before a key, with the reason.
select refusal_id, refused_at, site, gateway, epoch, seq, reason, octet_length(payload) as payload_bytes
from refused_batches
where (%(site)s::text is null or site = %(site)s) and (%(sites)s::text[] is null or site = any(%(sites)s))
  and (%(gateway)s::text is null or gateway = %(gateway)s)
  and (%(since)s::timestamptz is null or refused_at >= %(since)s)
  and (%(until)s::timestamptz is null or refused_at < %(until)s)
  and (%(before_at)s::timestamptz is null or (refused_at, refusal_id) < (%(before_at)s, %(before_id)s::bigint))
order by refused_at desc, refusal_id desc
limit %(rows)s;

-- name: refusal
-- One refused batch without what it held; nobody else changes it meanwhile.
select refusal_id, refused_at, site, gateway, epoch, seq, reason, octet_length(payload) as payload_bytes
from refused_batches where refusal_id = %(refusal_id)s for update;

-- name: forget_refusal
-- Forget one refused batch.
delete from refused_batches where refusal_id = %(refusal_id)s;

-- name: plan_queue
-- What waits for the solver, and since when.
select count(*) filter (where state = 'asked') as waiting, count(*) filter (where state = 'solving') as solving,
       min(asked_at) filter (where state = 'asked') as oldest_at
from plans_v1
where (%(site)s::text is null or site = %(site)s) and (%(sites)s::text[] is null or site = any(%(sites)s));

-- name: schema
-- Which schema the database has.
select version_num from alembic_version;

-- name: refused_by_gateway
-- How many batches of each gateway were refused so far.
select site, gateway, count(*) as batches from refused_batches
where %(sites)s::text[] is null or site = any(%(sites)s)
group by site, gateway;

-- name: ingests
-- What each ingest program has done since its first start.
select client_id, events_stored, events_doubled, batches_committed, batches_refused, last_group_events, last_lag_s,
       last_committed_at
from ingests
order by client_id;

-- name: duties
-- When each duty was last done, and how often in a row it failed.
select duty, done_at, failures from duties_v1 order by duty;

-- name: deliveries
-- Messages to webhooks that wait, or were given up.
select count(*) filter (where state = 'waiting') as waiting, count(*) filter (where state = 'dead') as dead
from deliveries where state in ('waiting', 'dead');

-- name: open_alerts
-- Open alerts by site and severity.
select site, severity, count(*) as alerts from alerts_v1
where cleared_at is null and (%(sites)s::text[] is null or site = any(%(sites)s))
group by site, severity;
