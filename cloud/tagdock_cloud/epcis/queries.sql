-- name: horizon
-- Before this moment nothing can still appear in the record.
select epcis_horizon() as horizon;

-- name: sites_until
-- Each site with how far its record has been told, the least far first, and up to where it may be told now: where something
-- is expected, goods have to have had time to open their session; a minute, if that hangs.
select s.site, u.at, u.observed_at, u.id,
       case when exists (select from orders o where o.site = s.site and o.cancelled_at is null and o.completed_at is null)
            then least(%(horizon)s, greatest((select stored_at from follow_marks where follower = 'sessions'),
                                             %(horizon)s - interval '1 minute'))
            else %(horizon)s end as horizon
from sites_v1 s left join epcis_until u on u.what = 'site/' || s.site
order by u.at nulls first, s.site;

-- name: site_named
-- How a site is called in events.
select * from epcis_sites where site = %(site)s;

-- name: places_named
-- Places of a site that are called by a GLN of their own.
select * from epcis_places where site = %(site)s and place = any(%(places)s);

-- name: matched
-- The order or notice of the session into which each passage fell, where it asks for the item.
select w.n, s.kind, s.order_id, o.partner
from jsonb_to_recordset(%(passages)s::jsonb)
    as w (n integer, site text, door text, observed_at timestamptz, kind text, epc text, sku text)
cross join lateral (
    select d.kind, d.order_id, d.until_at from door_sessions d
    where d.site = w.site and d.door = w.door and d.opened_at <= w.observed_at
    order by d.opened_at desc limit 1
) s
join orders o on (o.site, o.kind, o.order_id) = (w.site, s.kind, s.order_id)
where w.observed_at < s.until_at and s.kind = w.kind
  and (exists (select from order_lines l where (l.site, l.epc, l.kind, l.order_id) = (w.site, w.epc, s.kind, s.order_id))
       or exists (select from order_lines l where (l.site, l.sku, l.kind, l.order_id) = (w.site, w.sku, s.kind, s.order_id)));

-- name: prefixes
-- Every prefix that a site has or had.
select prefix, site from epcis_place_prefixes order by prefix;

-- name: named
-- Every name of the places that go by one of these names, or are these.
select n.uri, n.site, n.place
from (select site, place from epcis_place_names where uri = any(%(uris)s)
      union select * from unnest(%(sites)s::text[], %(places)s::text[])) w
join epcis_place_names n using (site, place);

-- name: is_site
-- Whether there is such a site; it is held against two changes at once.
select site from sites where site = %(site)s for no key update;

-- name: sites_all_named
-- How sites are called in events.
select * from epcis_sites where site = any(%(named)s);

-- name: places_all_named
-- Which of their places have a GLN.
select * from epcis_places where site = any(%(named)s);

-- name: put_site_named
-- Say who a site is.
insert into epcis_sites (site, gln, extension, company_prefix_digits, uri_prefix, party_gln)
values (%(site)s, %(gln)s, %(extension)s, %(company_prefix_digits)s, %(uri_prefix)s, %(party_gln)s)
on conflict (site) do update
set gln = excluded.gln, extension = excluded.extension, company_prefix_digits = excluded.company_prefix_digits,
    uri_prefix = excluded.uri_prefix, party_gln = excluded.party_gln;

-- name: put_place_named
-- Give a door or bin its GLN.
insert into epcis_places (site, place, gln, extension, company_prefix_digits)
values (%(site)s, %(place)s, %(gln)s, %(extension)s, %(company_prefix_digits)s)
on conflict (site, place) do update
set gln = excluded.gln, extension = excluded.extension, company_prefix_digits = excluded.company_prefix_digits;

-- name: forget_place_named
-- Call a place as its site says again; what it was called stays its name.
delete from epcis_places where site = %(site)s and place = %(place)s;

-- name: places_of_site
-- Places of a site that have a GLN, after one.
select * from epcis_places
where site = %(site)s and (%(after)s::text is null or place > %(after)s) order by place limit %(rows)s;

-- name: keep_name
-- A name is a place's for ever; nothing is returned where it is another's.
insert into epcis_place_names as n (uri, site, place) values (%(uri)s, %(site)s, %(place)s)
on conflict (uri) do update set site = n.site where (n.site, n.place) = (excluded.site, excluded.place)
returning uri;

-- name: lock_prefixes
-- One new prefix at a time.
lock table epcis_place_prefixes in share row exclusive mode;

-- name: keep_prefix
-- A prefix is a site's for ever; nothing is returned where it begins another's, or another's it.
insert into epcis_place_prefixes as p (prefix, site)
select %(prefix)s, %(site)s
where not exists (select from epcis_place_prefixes o
                  where o.site <> %(site)s and (starts_with(o.prefix, %(prefix)s) or starts_with(%(prefix)s, o.prefix)))
on conflict (prefix) do update set site = p.site
returning prefix;

-- name: hold_said
-- While events are told, nobody clears away what they say beside their rows.
select pg_advisory_xact_lock_shared(hashtextextended('tagdock.epcis.said', 0));

-- name: forgettable
-- Up to when events may be forgotten now; null: nothing.
select epcis_forgettable() as before;

-- name: forget
-- Forget a step of the oldest.
select epcis_forget(%(before)s, %(rows)s) as forgotten;

-- name: try_said
-- Whether nobody tells events just now; held until the end of the transaction.
select pg_try_advisory_xact_lock(hashtextextended('tagdock.epcis.said', 0)) as is_held;

-- name: forget_said
-- What no event says any more, a step of it; nothing where nothing was ever forgotten.
delete from epcis_said where said_id in (
    select s.said_id from epcis_said s
    where exists (select from epcis_keeping where begins_at is not null)
      and not exists (select from epcis_told t where t.said_id = s.said_id)
    order by s.said_id limit %(rows)s
);

-- name: say
-- What events say beside their rows, each once.
insert into epcis_said (digest, said)
select decode(s.digest, 'hex'), s.said from jsonb_to_recordset(%(said)s::jsonb) as s (digest text, said jsonb)
where not exists (select from epcis_said e where e.digest = decode(s.digest, 'hex'))     -- a conflict would use up a number
on conflict (digest) do nothing;

-- name: said_by
-- The numbers of what is said.
select encode(digest, 'hex') as digest, said_id from epcis_said where digest = any(%(digests)s::bytea[]);

-- name: untold
-- What settled in a site after a key of its record, in the order in which it was stored; `left_before`: its last step other
-- than `in` by a door was `out` by a door. The steps before are asked for all at once: Citus does not look row by row.
with page as materialized (
    select m.*
    from settled_movements m
    where m.site = %(site)s and m.stored_at < %(horizon)s
      and (%(at)s::timestamptz is null or (m.stored_at, m.observed_at, m.event_id) > (%(at)s, %(observed_at)s, %(id)s::uuid))
    order by m.stored_at, m.observed_at, m.event_id
    limit %(rows)s
), before as materialized (
    select distinct on (f.observed_at, f.event_id) f.observed_at as at, f.event_id as id, s.site, s.door, s.observed_at
    from page f
    join settled_movements s on s.epc = f.epc and (s.observed_at, s.event_id) < (f.observed_at, f.event_id)
    where f.door is not null and f.direction = 'in'
      and s.direction in ('in', 'out') and not (s.door is not null and s.direction = 'in')
    order by f.observed_at, f.event_id, s.observed_at desc, s.event_id desc
), known as materialized (
    select i.epc, i.registered_bin, i.registered_at from items i where i.epc in (select epc from page)
)
select f.site, f.observed_at, f.event_id as movement_id, f.stored_at, f.epc, f.sku, f.door, f.bin, f.direction,
       coalesce(t.door is not null, false)
       and not coalesce(i.registered_bin is not null and i.registered_at > t.observed_at and i.registered_at <= f.observed_at,
                        false) as left_before,
       t.site as left_site, t.observed_at as left_at
from page f
left join before t on (t.at, t.id) = (f.observed_at, f.event_id)
left join known i on i.epc = f.epc
order by f.stored_at, f.observed_at, f.event_id;

-- name: settled_as
-- One movement as it counts now; nothing where it was not there.
with one as materialized (
    select m.*
    from settled_movements m
    where m.site = %(site)s and m.observed_at = %(observed_at)s and m.event_id = %(movement_id)s
), before as materialized (
    select s.site, s.door, s.observed_at
    from one f join settled_movements s on s.epc = f.epc and (s.observed_at, s.event_id) < (f.observed_at, f.event_id)
    where s.direction in ('in', 'out') and not (s.door is not null and s.direction = 'in')
    order by s.observed_at desc, s.event_id desc
    limit 1
)
select f.site, f.observed_at, f.event_id as movement_id, f.epc, f.sku, f.door, f.bin, f.direction,
       exists (select from before where door is not null) as left_before, (select site from before) as left_site,
       (select observed_at from before) as left_at
from one f;

-- name: by_transfer
-- Which of these had left by a transfer; one at a time, as Citus does not look into the record row by row.
select n.movement_id
from unnest(%(ids)s::uuid[], %(sites)s::text[], %(epcs)s::text[], %(ats)s::timestamptz[]) as n (movement_id, site, epc, at)
where left_by_transfer(n.site, n.epc, n.at);

-- name: tell
-- Add to the log. What says the same as an event that is there already is that event.
insert into epcis_told (site, observed_at, movement_id, epc, place, step, revision, digest, declared_at, reason, corrective, said_id)
select site, observed_at, movement_id, epc, place, step, revision, decode(digest, 'hex'),
       coalesce(declared_at, '-infinity'), reason, decode(corrective, 'hex'), said_id
from jsonb_to_recordset(%(rows)s::jsonb) as r (site text, observed_at timestamptz, movement_id uuid, epc text, place text,
     step text, revision smallint, digest text, declared_at timestamptz, reason text, corrective text, said_id integer)
on conflict (digest, declared_at) do nothing;

-- name: get_to
-- Keep how far telling has got.
insert into epcis_until (what, at, observed_at, id) values (%(what)s, %(at)s, %(observed_at)s, %(id)s)
on conflict (what) do update set at = excluded.at, observed_at = excluded.observed_at, id = excluded.id;

-- name: corrections_since
-- Corrections of the record that were not looked at yet, oldest first.
select c.site, c.observed_at, c.event_id as movement_id, c.epc, c.corrected_at, c.correction_id, c.lost_to,
       m.stored_at < %(horizon)s as is_reached,
       m.stored_at < (select begins_at from epcis_keeping) is true as is_forgotten
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
    select number, site, observed_at, movement_id, epc, place, step, revision, digest, said_id
    from epcis_told
    where epc = %(epc)s and site = %(site)s and movement_id = %(movement_id)s and declared_at = '-infinity'
) t
order by t.number;

-- name: told_page
-- Events of our own after a key. The marks are replaced by what a question asks for; all of them are in find.py.
select p.*, s.said
from /*each*/ (select 1) e cross join lateral (
    select t.number, t.recorded_at, t.site, t.observed_at, t.epc, t.place, t.step, t.revision, t.digest,
           nullif(t.declared_at, '-infinity') as declared_at, t.reason, t.corrective, t.said_id, t./*by*/observed_at as key_at
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
      and (%(epcs_like)s::text[] is null or t.epc like any(%(epcs_like)s::text[]))
      and (%(digests)s::bytea[] is null or t.digest = any(%(digests)s::bytea[]))
      and (%(said)s::jsonb is null or t.said_id in (
           select s.said_id from epcis_said s
           where s.said @> any(%(said_first)s::jsonb[])
             and not exists (select from jsonb_array_elements(%(said)s::jsonb) as w
                             where not exists (select from jsonb_array_elements(w.value) one where s.said @> one.value))))
      and (%(after_at)s::timestamptz is null
           or (t./*by*/observed_at, t.number) /*past*/< (%(after_at)s, %(after_number)s::bigint))
    order by t./*by*/observed_at /*way*/desc, t.number /*way*/desc
    limit %(rows)s
) p
left join epcis_said s on s.said_id = p.said_id
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
       or c.read_point like any(%(read_points_within)s::text[])
       or c.read_point in (select n.uri from epcis_place_names n where n.site = any(%(read_points_sites)s::text[]))
       or exists (select from epcis_place_prefixes x
                  where x.site = any(%(read_points_sites)s::text[]) and starts_with(c.read_point, x.prefix)))
  and (%(biz_locations)s::text[] is null or c.biz_location = any(%(biz_locations)s)
       or c.biz_location like any(%(biz_locations_within)s::text[])
       or c.biz_location in (select n.uri from epcis_place_names n where n.site = any(%(biz_locations_sites)s::text[]))
       or exists (select from epcis_place_prefixes x
                  where x.site = any(%(biz_locations_sites)s::text[]) and starts_with(c.biz_location, x.prefix)))
  and (%(keys)s::bytea[] is null or c.event_key = any(%(keys)s::bytea[]))
  and (%(ge_event)s::timestamptz is null or c.event_time >= %(ge_event)s)
  and (%(lt_event)s::timestamptz is null or c.event_time < %(lt_event)s)
  and (%(ge_record)s::timestamptz is null or c.recorded_at >= %(ge_record)s)
  and (%(lt_record)s::timestamptz is null or c.recorded_at < %(lt_record)s)
  and (not %(declared)s or c.declared_at > '-infinity')
  and (%(ge_declared)s::timestamptz is null or c.declared_at >= %(ge_declared)s)
  and (%(lt_declared)s::timestamptz is null or c.declared_at < %(lt_declared)s and c.declared_at > '-infinity')
  and not exists (
      select from jsonb_to_recordset(%(names)s::jsonb) as w (names jsonb, roles jsonb, likes jsonb)
      where not exists (
          select from epcis_names n where n.number = c.number and w.roles ? n.role
          and (w.names ? n.name or exists (select from jsonb_array_elements_text(w.likes) l (one) where n.name like l.one))))
  and not exists (
      select from jsonb_array_elements(%(holds)s::jsonb) as w
      where not exists (select from jsonb_array_elements(w.value) one where c.body @> one.value))
  and not exists (select from unnest(%(paths)s::text[]) w (path) where not c.body @? w.path::jsonpath)
  and not exists (
      select from jsonb_to_recordset(%(timed)s::jsonb) as w (path text, sign text, at jsonb)
      where not exists (
          select from jsonb_path_query(c.body, w.path::jsonpath, silent => true) found (value),
               jsonb_array_elements_text(w.at) asked (at),
               epcis_instant(found.value #>> '{}') told, epcis_instant(asked.at) wanted
          where case w.sign when '==' then told = wanted when '>' then told > wanted when '>=' then told >= wanted
                            when '<' then told < wanted else told <= wanted end))
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
      and (%(site)s::text is null or site = %(site)s)
      and (%(since)s::timestamptz is null or event_time >= %(since)s)
      and (%(until)s::timestamptz is null or event_time < %(until)s)
      and (%(before_at)s::timestamptz is null or event_time <= %(before_at)s)
) h
where %(before_at)s::timestamptz is null or (observed_at, key_id) < (%(before_at)s, %(before_id)s::uuid)
order by observed_at desc, key_id desc
limit %(rows)s;
