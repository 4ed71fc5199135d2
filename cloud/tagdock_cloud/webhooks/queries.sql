-- name: claim
-- Take what is due, a few of each webhook so that none takes all the room, and nobody else sends it before the claim ends.
-- `busy`: how many of a webhook this worker is sending. A webhook that failed gets one message at a time, when its pause is over.
update deliveries d
set attempts = d.attempts + 1, next_at = clock_timestamp() + make_interval(secs => %(claim_s)s::double precision)
from (
    select f.delivery_id, w.url, w.secret, w.is_enveloped
    from webhooks w
    left join jsonb_each_text(%(busy)s::jsonb) b on b.key = w.webhook_id::text
    cross join lateral (
        select q.delivery_id, q.queued_at from deliveries q
        where q.webhook_id = w.webhook_id and q.state = 'waiting' and q.next_at <= now()
        order by q.queued_at
        limit greatest(case when w.failures > 0 then 1 else %(of_one)s::integer end - coalesce(b.value::integer, 0), 0)
        for update skip locked
    ) f
    where w.is_active and (w.resume_at is null or w.resume_at <= now())
    order by f.queued_at
    limit %(most)s
) due
where d.delivery_id = due.delivery_id
returning d.delivery_id, d.webhook_id, d.topic, d.site, d.body, d.queued_at, d.attempts, d.next_at as claimed_until,
          due.url, due.secret, due.is_enveloped

-- name: delivered
-- Note that a message arrived, and that its webhook is well.
with arrived as (
    update deliveries set state = 'done', ended_at = clock_timestamp(), status = %(status)s, error = null
    where delivery_id = %(delivery_id)s and state = 'waiting' and next_at = %(claimed_until)s
)
update webhooks set failures = 0, resume_at = null where webhook_id = %(webhook_id)s and failures > 0

-- name: failed
-- Note that an attempt failed: it waits for the next one, or becomes a dead letter where none is left (`wait_s` null).
with missed as (
    update deliveries
    set state = case when %(wait_s)s::double precision is null then 'dead' else 'waiting' end,
        ended_at = case when %(wait_s)s::double precision is null then clock_timestamp() end,
        next_at = clock_timestamp() + make_interval(secs => coalesce(%(wait_s)s::double precision, 0)),
        status = %(status)s, error = %(error)s
    where delivery_id = %(delivery_id)s and state = 'waiting' and next_at = %(claimed_until)s
)
update webhooks
set failures = failures + 1, is_active = is_active and not %(is_gone)s,
    resume_at = clock_timestamp() + make_interval(secs => %(pause_s)s::double precision)
where webhook_id = %(webhook_id)s
returning failures

-- name: webhook_failures
-- How often a webhook has failed in a row.
select failures from webhooks where webhook_id = %(webhook_id)s

-- name: give_up
-- What waited for more than a day becomes a dead letter.
update deliveries set state = 'dead', ended_at = clock_timestamp(), error = coalesce(error, 'the receiver was away') || '; given up after a day'
where state = 'waiting' and next_at <= now() and begun_at < now() - make_interval(secs => %(given_up_after_s)s)

-- name: forget_old
-- Delivered messages are kept three days, dead letters thirty.
delete from deliveries
where state <> 'waiting' and ended_at < now() - interval '3 days'
  and (state = 'done' or ended_at < now() - interval '30 days')

-- name: forget_many
-- And of each webhook and state the newest ten thousand.
delete from deliveries where delivery_id in (
    select delivery_id from (
        select delivery_id, row_number() over (partition by webhook_id, state order by queued_at desc) as number
        from deliveries where state <> 'waiting'
    ) numbered where number > 10000
)

-- name: page
-- Webhooks in the order of their names; none that belongs to another subject.
select webhook_id, name, url, topics, sites, severity, is_active, failures, created_at, created_by, updated_at,
       (select count(*) from deliveries d where d.webhook_id = w.webhook_id and d.state = 'waiting') as waiting,
       (select count(*) from deliveries d where d.webhook_id = w.webhook_id and d.state = 'dead') as dead
from webhooks w
where owner = 'api' and (%(allowed)s::text[] is null or w.sites <@ %(allowed)s)
  and (%(after_name)s::text is null or (name, webhook_id) > (%(after_name)s, %(after_id)s::uuid))
order by name, webhook_id
limit %(rows)s

-- name: one
-- One webhook.
select webhook_id, name, url, topics, sites, severity, is_active, failures, created_at, created_by, updated_at,
       (select count(*) from deliveries d where d.webhook_id = w.webhook_id and d.state = 'waiting') as waiting,
       (select count(*) from deliveries d where d.webhook_id = w.webhook_id and d.state = 'dead') as dead
from webhooks w
where webhook_id = %(webhook_id)s and owner = 'api' and (%(allowed)s::text[] is null or w.sites <@ %(allowed)s)

-- name: count
-- How many there are; the lock lets two requests not both make the last one.
select count(*) as webhooks, pg_advisory_xact_lock(hashtextextended('tagdock.webhooks', 0)) is null as locked
from webhooks where owner = 'api'

-- name: insert
-- A new webhook.
insert into webhooks (name, url, topics, sites, severity, secret, is_active, created_by)
values (%(name)s, %(url)s, %(topics)s, %(sites)s, %(severity)s, %(secret)s, %(is_active)s, %(created_by)s)
returning webhook_id

-- name: change
-- What is given changes, the rest stays; a changed webhook is tried at once.
update webhooks
set name = coalesce(%(name)s, name), url = coalesce(%(url)s, url), topics = coalesce(%(topics)s, topics),
    sites = case when %(has_sites)s then %(sites)s::text[] else sites end, is_active = coalesce(%(is_active)s, is_active),
    severity = coalesce(%(severity)s, severity),
    secret = case when %(has_secret)s then %(secret)s else secret end, failures = 0, resume_at = null, updated_at = now()
where webhook_id = %(webhook_id)s

-- name: remove
-- A webhook goes, and what waits for it.
delete from webhooks where webhook_id = %(webhook_id)s

-- name: deliveries
-- Deliveries of a webhook, newest first.
select delivery_id, topic, site, body, queued_at, state, attempts,
       case when state = 'waiting' then next_at end as next_at, ended_at, status, error
from deliveries
where webhook_id = %(webhook_id)s and (%(state)s::text is null or state = %(state)s)
  and (%(site)s::text is null or site = %(site)s)
  and (%(since)s::timestamptz is null or queued_at >= %(since)s)
  and (%(until)s::timestamptz is null or queued_at < %(until)s)
  and (%(before_at)s::timestamptz is null or (queued_at, delivery_id) < (%(before_at)s, %(before_id)s::uuid))
order by queued_at desc, delivery_id desc
limit %(rows)s

-- name: again
-- A dead or delivered message is sent once more, under the same id.
update deliveries
set state = 'waiting', attempts = 0, next_at = now(), begun_at = now(), ended_at = null, status = null, error = null
where webhook_id = %(webhook_id)s and delivery_id = %(delivery_id)s and state <> 'waiting'
returning delivery_id

-- name: delivery
-- One delivery.
select delivery_id, topic, site, body, queued_at, state, attempts,
       case when state = 'waiting' then next_at end as next_at, ended_at, status, error
from deliveries where webhook_id = %(webhook_id)s and delivery_id = %(delivery_id)s

-- name: tell_one
-- Queue one message for one webhook.
select tell_webhook(%(webhook_id)s, %(topic)s, null, %(body)s::jsonb) as delivery_id
