-- name: gateways
-- All gateways, and the database's clock to judge them by.
select site, gateway, state, last_seen_at, last_event_stored_at, outbox_events, outbox_refused_batches,
       oldest_unacked_at, readers, now() as now
from gateways_v1
where (%(site)s::text is null or site = %(site)s) and (%(sites)s::text[] is null or site = any(%(sites)s))
order by site, gateway;

-- name: refused
-- The batches that were refused last, with the reason.
select refusal_id, refused_at, site, gateway, epoch, seq, reason, octet_length(payload) as payload_bytes
from refused_batches
where (%(site)s::text is null or site = %(site)s) and (%(sites)s::text[] is null or site = any(%(sites)s))
order by refused_at desc
limit 50;

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
