-- name: horizon
-- Before this moment nothing can still appear in the record.
select epcis_horizon() as horizon;

-- name: sites_until
-- Each site with how far its record has been told, the least far first.
select s.site, u.at, u.observed_at, u.id
from sites_v1 s left join epcis_until u on u.what = 'site/' || s.site
order by u.at nulls first, s.site;

-- name: untold
-- What settled in a site after a key of its record, in the order in which it was stored; `left_before`: its last step other
-- than `in` by a door was `out` by a door.
select f.site, f.observed_at, f.event_id as movement_id, f.stored_at, f.epc, f.door, f.bin, f.direction,
       coalesce(t.door is not null, false)
       and not coalesce(i.registered_bin is not null and i.registered_at > t.observed_at and i.registered_at <= f.observed_at,
                        false) as left_before
from (
    select m.*
    from settled_movements m
    where m.site = %(site)s and m.stored_at < %(horizon)s
      and (%(at)s::timestamptz is null or (m.stored_at, m.observed_at, m.event_id) > (%(at)s, %(observed_at)s, %(id)s::uuid))
    order by m.stored_at, m.observed_at, m.event_id
    limit %(rows)s
) f
left join lateral (
    select s.door, s.observed_at
    from settled_movements s
    where f.door is not null and f.direction = 'in' and s.epc = f.epc
      and (s.observed_at, s.event_id) < (f.observed_at, f.event_id)
      and s.direction in ('in', 'out') and not (s.door is not null and s.direction = 'in')
    order by s.observed_at desc, s.event_id desc
    limit 1
) t on true
left join items i on i.epc = f.epc
order by f.stored_at, f.observed_at, f.event_id;

-- name: settled_as
-- One movement as it counts now; nothing where it was not there.
select f.site, f.observed_at, f.event_id as movement_id, f.epc, f.door, f.bin, f.direction,
       coalesce(t.door is not null, false) as left_before
from settled_movements f
left join lateral (
    select s.door
    from settled_movements s
    where s.epc = f.epc and (s.observed_at, s.event_id) < (f.observed_at, f.event_id)
      and s.direction in ('in', 'out') and not (s.door is not null and s.direction = 'in')
    order by s.observed_at desc, s.event_id desc
    limit 1
) t on true
where f.site = %(site)s and f.observed_at = %(observed_at)s and f.event_id = %(movement_id)s;

-- name: tell
-- Add to the log. What says the same as an event that is there already is that event.
insert into epcis_told (site, observed_at, movement_id, epc, place, step, revision, digest, declared_at, reason, corrective)
select site, observed_at, movement_id, epc, place, step, revision, decode(digest, 'hex'),
       coalesce(declared_at, '-infinity'), reason, decode(corrective, 'hex')
from jsonb_to_recordset(%(rows)s::jsonb) as r (site text, observed_at timestamptz, movement_id uuid, epc text, place text,
     step text, revision smallint, digest text, declared_at timestamptz, reason text, corrective text)
on conflict (digest, declared_at) do nothing;

-- name: get_to
-- Keep how far telling has got.
insert into epcis_until (what, at, observed_at, id) values (%(what)s, %(at)s, %(observed_at)s, %(id)s)
on conflict (what) do update set at = excluded.at, observed_at = excluded.observed_at, id = excluded.id;

-- name: corrections_since
-- Corrections of the record that were not looked at yet, oldest first.
select c.site, c.observed_at, c.event_id as movement_id, c.epc, c.corrected_at, c.correction_id, c.lost_to,
       m.stored_at < %(horizon)s as is_reached
from correction_events c
join movements m using (site, observed_at, event_id)
left join epcis_until u on u.what = 'corrections'
where c.corrected_at < %(horizon)s and (u.at is null or (c.corrected_at, c.correction_id) > (u.at, u.id))
order by c.corrected_at, c.correction_id
limit %(rows)s;

-- name: told_of
-- What was told of a movement, oldest first; `is_standing`: not declared an error.
select t.*, not exists (
    select from epcis_told d where d.digest = t.digest and d.declared_at > '-infinity' and d.number > t.number
) as is_standing
from (
    select number, site, observed_at, movement_id, epc, place, step, revision, digest
    from epcis_told
    where epc = %(epc)s and site = %(site)s and movement_id = %(movement_id)s and declared_at = '-infinity'
) t
order by t.number;

-- name: told_page
-- Events of our own after a key. The marks are replaced by what a question asks for; all of them are in find.py.
select p.*
from /*each*/ (select 1) e cross join lateral (
    select t.number, t.recorded_at, t.site, t.observed_at, t.epc, t.place, t.step, t.revision, t.digest,
           nullif(t.declared_at, '-infinity') as declared_at, t.reason, t.corrective, t./*by*/observed_at as key_at
    from epcis_told t
    where /*match*/ true
      and (%(sites)s::text[] is null or t.site = any(%(sites)s))
      and (%(places)s::text[] is null or t.site || '/' || t.place = any(%(places)s))
      and (%(locations)s::text[] is null or case t.step when 'shipping' then null when 'storing'
           then t.site || '/' || t.place else t.site end = any(%(locations)s))
      and (%(steps)s::text[] is null or t.step = any(%(steps)s))
      and (%(ge_event)s::timestamptz is null or t.observed_at >= %(ge_event)s)
      and (%(lt_event)s::timestamptz is null or t.observed_at < %(lt_event)s)
      and (%(ge_record)s::timestamptz is null or t.recorded_at >= %(ge_record)s)
      and (%(lt_record)s::timestamptz is null or t.recorded_at < %(lt_record)s)
      and (not %(declared)s or t.declared_at > '-infinity')
      and (%(ge_declared)s::timestamptz is null or t.declared_at >= %(ge_declared)s)
      and (%(lt_declared)s::timestamptz is null or t.declared_at < %(lt_declared)s and t.declared_at > '-infinity')
      and (%(reasons)s::text[] is null or t.reason = any(%(reasons)s))
      and (%(correctives)s::bytea[] is null or t.corrective = any(%(correctives)s))
      and (%(epcs)s::text[] is null or t.epc = any(%(epcs)s))
      and (%(digests)s::bytea[] is null or t.digest = any(%(digests)s::bytea[]))
      and (%(after_at)s::timestamptz is null
           or (t./*by*/observed_at, t.number) /*past*/< (%(after_at)s, %(after_number)s::bigint))
    order by t./*by*/observed_at /*way*/desc, t.number /*way*/desc
    limit %(rows)s
) p
order by p.key_at /*way*/desc, p.number /*way*/desc
limit %(rows)s;

-- name: captured_page
-- Captured events after a key. `names` and `holds` are lists that all have to be met, each by one of several.
select c.number, c.recorded_at, c.event_id, c.body, c./*by*/event_time as key_at
from epcis_captured c
where (%(sites)s::text[] is null or c.site = any(%(sites)s))
  and (%(numbered)s::text[] is null or c.number in (select n.number from epcis_names n where n.name = any(%(numbered)s)))
  and (%(types)s::text[] is null or c.event_type = any(%(types)s))
  and (%(actions)s::text[] is null or c.action = any(%(actions)s))
  and (%(biz_steps)s::text[] is null or c.biz_step = any(%(biz_steps)s))
  and (%(dispositions)s::text[] is null or c.disposition = any(%(dispositions)s))
  and (%(read_points)s::text[] is null or c.read_point = any(%(read_points)s)
       or c.read_point like any(%(read_points_within)s::text[]))
  and (%(biz_locations)s::text[] is null or c.biz_location = any(%(biz_locations)s)
       or c.biz_location like any(%(biz_locations_within)s::text[]))
  and (%(keys)s::bytea[] is null or c.event_key = any(%(keys)s::bytea[]))
  and (%(ge_event)s::timestamptz is null or c.event_time >= %(ge_event)s)
  and (%(lt_event)s::timestamptz is null or c.event_time < %(lt_event)s)
  and (%(ge_record)s::timestamptz is null or c.recorded_at >= %(ge_record)s)
  and (%(lt_record)s::timestamptz is null or c.recorded_at < %(lt_record)s)
  and (not %(declared)s or c.declared_at > '-infinity')
  and (%(ge_declared)s::timestamptz is null or c.declared_at >= %(ge_declared)s)
  and (%(lt_declared)s::timestamptz is null or c.declared_at < %(lt_declared)s and c.declared_at > '-infinity')
  and not exists (
      select from jsonb_to_recordset(%(names)s::jsonb) as w (names jsonb, roles jsonb)
      where not exists (select from epcis_names n where n.number = c.number and w.names ? n.name and w.roles ? n.role))
  and not exists (
      select from jsonb_array_elements(%(holds)s::jsonb) as w
      where not exists (select from jsonb_array_elements(w.value) one where c.body @> one.value))
  and (%(after_at)s::timestamptz is null
       or (c./*by*/event_time, c.number) /*past*/< (%(after_at)s, %(after_number)s::bigint))
order by c./*by*/event_time /*way*/desc, c.number /*way*/desc
limit %(rows)s;

-- name: capture
-- Store prepared events; returns the places of those that are known already.
select epcis_capture(%(events)s::jsonb, %(all_or_none)s) as known;

-- name: open_job
-- A capture job: done at once where `waiting` is null.
insert into epcis_jobs (finished_at, behaviour, success, errors, events, asked_by, sites, waiting)
values (case when %(waiting)s::jsonb is null then clock_timestamp() end, %(behaviour)s, %(success)s, %(errors)s::jsonb, %(events)s,
        %(asked_by)s, %(sites)s::text[], %(waiting)s::jsonb)
returning job_id;

-- name: waiting_jobs
-- How many jobs wait.
select count(*) as waiting from epcis_jobs where waiting is not null;

-- name: next_job
-- The oldest job that waits; a worker that is killed with it leaves it to the next.
select job_id, behaviour, errors, waiting from epcis_jobs
where waiting is not null order by created_at limit 1 for update skip locked;

-- name: end_job
-- A job is done.
update epcis_jobs set waiting = null, finished_at = clock_timestamp(), success = %(success)s, errors = %(errors)s::jsonb
where job_id = %(job_id)s;

-- name: jobs
-- Capture jobs, newest first. Who is limited to sites sees their own.
select job_id, created_at, finished_at, behaviour, success, errors, events, asked_by
from epcis_jobs
where (%(asked_by)s::text is null or asked_by = %(asked_by)s)
  and (%(job_id)s::uuid is null or job_id = %(job_id)s)
  and (%(after_at)s::timestamptz is null or (created_at, job_id) < (%(after_at)s, %(after_id)s::uuid))
order by created_at desc, job_id desc
limit %(rows)s;

-- name: known_epcs
-- EPCs that events name, in order, after one.
select epc from (
    (select distinct t.epc from epcis_told t
     where (%(after)s::text is null or t.epc > %(after)s) and (%(sites)s::text[] is null or t.site = any(%(sites)s))
     order by t.epc limit %(rows)s)
    union
    (select distinct n.name from epcis_names n join epcis_captured c using (number)
     where n.role in ('epc', 'parent', 'child', 'input', 'output') and (%(after)s::text is null or n.name > %(after)s)
       and (%(sites)s::text[] is null or c.site = any(%(sites)s))
     order by n.name limit %(rows)s)
) known
order by epc
limit %(rows)s;

-- name: known_places
-- Places of ours that were told, found by leaping from one to the next in the index, and how items were there.
with recursive leap as (
    (select site, place from epcis_told where (%(sites)s::text[] is null or site = any(%(sites)s)) order by site, place limit 1)
    union all
    select n.site, n.place
    from leap l cross join lateral (
        select t.site, t.place from epcis_told t
        where (t.site, t.place) > (l.site, l.place) and (%(sites)s::text[] is null or t.site = any(%(sites)s))
        order by t.site, t.place limit 1
    ) n
)
select site, place from leap limit 20000;

-- name: captured_words
-- What captured events say in one field, each once.
select distinct v.value
from epcis_captured c cross join lateral (values (case %(field)s
    when 'read_point' then c.read_point when 'biz_location' then c.biz_location
    when 'biz_step' then c.biz_step when 'disposition' then c.disposition end)) v (value)
where v.value is not null and (%(sites)s::text[] is null or c.site = any(%(sites)s))
order by v.value
limit 20000;

-- name: query_add
-- Name a query, once.
insert into epcis_queries (name, query, created_by) values (%(name)s, %(query)s::jsonb, %(created_by)s)
on conflict (name) do nothing;

-- name: query_find
-- One named query.
select name, query, created_at from epcis_queries where name = %(name)s;

-- name: queries
-- Named queries by name, after one.
select name, query from epcis_queries where (%(after)s::text is null or name > %(after)s) order by name limit %(rows)s;

-- name: query_remove
-- Forget a query; its subscriptions go with it.
delete from epcis_queries where name = %(name)s;

-- name: webhook_add
-- Where a subscription's events are sent: a webhook that only its subscription changes.
insert into webhooks (name, url, topics, sites, secret, is_enveloped, owner, created_by)
values (%(name)s, %(url)s, '{epcis}', %(sites)s::text[], %(secret)s, false, 'epcis', %(created_by)s)
returning webhook_id;

-- name: subscription_add
-- Subscribe to a query.
insert into epcis_subscriptions (name, webhook_id, dest, schedule, report_if_empty, epc_format, sites, created_by, after_at, next_at)
values (%(name)s, %(webhook_id)s, %(dest)s, %(schedule)s::jsonb, %(report_if_empty)s, %(epc_format)s, %(sites)s::text[],
        %(created_by)s, coalesce(%(after_at)s, now()), %(next_at)s)
returning subscription_id, created_at;

-- name: subscriptions
-- Subscriptions to a query, oldest first. Who is limited to sites sees their own.
select s.subscription_id, s.dest, s.schedule, s.report_if_empty, s.epc_format, s.created_at, s.after_at, s.notified_at, s.webhook_id
from epcis_subscriptions s
where s.name = %(name)s and (%(created_by)s::text is null or s.created_by = %(created_by)s)
  and (%(subscription_id)s::uuid is null or s.subscription_id = %(subscription_id)s)
  and (%(after_at)s::timestamptz is null or (s.created_at, s.subscription_id) > (%(after_at)s, %(after_id)s::uuid))
order by s.created_at, s.subscription_id
limit %(rows)s;

-- name: webhooks_of_query
-- The webhooks of a query's subscriptions.
select webhook_id from epcis_subscriptions where name = %(name)s;

-- name: subscription_remove
-- End a subscription.
delete from epcis_subscriptions where subscription_id = %(subscription_id)s returning webhook_id;

-- name: webhooks_remove
-- Webhooks without their subscription, and what still waits for them.
delete from webhooks where owner = 'epcis' and webhook_id = any(%(webhook_ids)s::uuid[]);

-- name: subscriptions_due
-- Streams, and what its schedule makes due; each with its query.
select s.*, q.query
from epcis_subscriptions s join epcis_queries q using (name) join webhooks w using (webhook_id)
where w.is_active and s.problem is null and (s.schedule is null or s.next_at <= now())
order by s.after_at
limit 200
for update of s skip locked;

-- name: subscription_moved
-- How far a subscription was told, and when it is due again.
update epcis_subscriptions
set after_at = %(after_at)s, after_number = %(after_number)s, next_at = %(next_at)s,
    notified_at = case when %(told)s then now() else notified_at end, problem = %(problem)s
where subscription_id = %(subscription_id)s;

-- name: tell_webhook
-- Queue a document for a subscription's webhook.
select tell_webhook(%(webhook_id)s, 'epcis', null, %(body)s::jsonb);


-- name: history
-- What captured events say of an item, newest first; `key_id` makes one order with the ids of movements.
select * from (
    select site, event_time as observed_at, recorded_at as stored_at,
           ('00000000-0000-8000-8000-' || lpad(to_hex(number), 12, '0'))::uuid as key_id,
           epc, event_id, event_type, role, action, biz_step, disposition, read_point, biz_location, declared_at
    from epcis_history_v1
    where epc = any(%(names)s::text[]) and (%(sites)s::text[] is null or site = any(%(sites)s))
      and (%(before_at)s::timestamptz is null or event_time <= %(before_at)s)
) h
where %(before_at)s::timestamptz is null or (observed_at, key_id) < (%(before_at)s, %(before_id)s::uuid)
order by observed_at desc, key_id desc
limit %(rows)s;
