-- name: policies
-- All published tables.
select policy_id, site, source from life_policies order by policy_id

-- name: publish
-- One more table; nothing is returned where this version is there already.
insert into life_policies (site, version, author, effective_at, source, published_by)
values (%(site)s, %(version)s, %(author)s, %(effective_at)s, %(source)s, %(by)s)
on conflict (site, version) do nothing
returning policy_id

-- name: lock_policies
-- One publishing at a time.
select pg_advisory_xact_lock(hashtextextended('tagdock.life_policies', 0)), now() as now

-- name: tables
-- Tables as they were published, after one.
select policy_id, site, version, author, effective_at, published_at, published_by from life_policies
where (%(sites)s::text[] is null or site is null or site = any (%(sites)s))
  and (%(after)s::integer is null or policy_id > %(after)s)
order by policy_id
limit %(rows)s

-- name: table
-- One table.
select policy_id, site, version, author, effective_at, published_at, published_by, source from life_policies
where policy_id = %(policy_id)s and (%(sites)s::text[] is null or site is null or site = any (%(sites)s))

-- name: sites
-- All sites.
select site from sites_v1 order by site

-- name: passed
-- What passed doors, or was seen in bins, in a stretch of the record.
select site, epc, event_id, observed_at, door, bin, direction as way
from settled_movements
where site = any (%(sites)s::text[]) and stored_at > %(after)s and stored_at <= %(upto)s
  and (door is not null and direction in ('in', 'out') or door is null and bin is not null and direction = 'in')

-- name: registered_away
-- What people registered in a bin after it had left, and that is away by its life; what was told of it is not told again.
select i.registered_site as site, l.epc, i.registered_at as observed_at, null as door, i.registered_bin as bin, 'in' as way
from lives l join items i on i.epc = l.epc
where l.disposition = any (%(away)s::text[]) and i.registered_bin is not null and i.registered_at > l.since
  and not exists (select from life_steps s where s.epc = l.epc and s.kind = 'contradicted' and s.at >= l.since
                  and s.findings ? 'bin' and (s.at >= i.registered_at
                       or not exists (select from life_steps w where w.closes = s.step_id)))
order by l.epc
limit %(rows)s

-- name: horizon
-- How far corrections were followed, and how far they may be: what began before has ended.
select f.stored_at as mark, epcis_horizon() as horizon from follow_marks f where follower = 'lives_corrected' for update

-- name: corrected
-- Movements that were corrected, as they count now; `way` null: as no passage.
select distinct on (m.epc, m.event_id) m.site, m.epc, m.event_id, m.observed_at, coalesce(c.door, m.door) as door,
       case when coalesce(c.direction, m.direction) in ('in', 'out') then coalesce(c.direction, m.direction) end as way
from correction_events e
join movements m on (m.site, m.observed_at, m.event_id) = (e.site, e.observed_at, e.event_id)
left join corrections c on (c.site, c.observed_at, c.event_id) = (e.site, e.observed_at, e.event_id)
where e.corrected_at >= %(mark)s and e.corrected_at < %(horizon)s and m.door is not null
order by m.epc, m.event_id

-- name: followed
-- Note how far corrections were followed.
update follow_marks set stored_at = %(horizon)s where follower = 'lives_corrected'

-- name: moved_since
-- From when on the record can hold movements of these, where weeks are listed (decision 0121); null: from the beginning.
select e.epc, (select to_timestamp(before_week::bigint * 604800) from weeks_listed) as listed_upto,
       to_timestamp((select min(w.week) from item_weeks w where w.item = item_number(e.epc))::bigint * 604800) as first_at,
       to_timestamp((select max(w.week) from item_weeks w where w.item = item_number(e.epc))::bigint * 604800) as last_at
from unnest(%(epcs)s::text[]) as e (epc)

-- name: last_before
-- What was told last of each of these before it came in: when and where, and whether it had left by a door then. What somebody
-- registered anew in between did not come back, nor did what lies in a bin where a door saw it come in.
with told as materialized (
    select site, epc, observed_at, event_id, door, door is not null and direction = 'in' as comes from settled_movements
    where epc = any (%(epcs)s::text[]) and observed_at >= %(since)s and observed_at <= %(upto)s
      and direction in ('in', 'out')
), last as materialized (
    select distinct on (n.event_id) n.epc, n.event_id, n.at, t.site, t.observed_at as left_at,
           case when not t.comes then t.door end as door
    from unnest(%(epcs)s::text[], %(event_ids)s::uuid[], %(ats)s::timestamptz[], %(seen)s::boolean[]) as n (epc, event_id, at, seen)
    join told t on t.epc = n.epc and (t.observed_at, t.event_id) < (n.at, n.event_id) and (n.seen or not t.comes)
    order by n.event_id, t.observed_at desc, t.event_id desc
)
select l.event_id, l.epc, l.site, l.left_at,
       l.door is not null
       and not coalesce(i.registered_bin is not null and i.registered_at > l.left_at and i.registered_at < l.at, false) as has_left
from last l left join items i on i.epc = l.epc

-- name: by_transfer
-- The transfers by which these left; one at a time, as Citus does not look into the record row by row.
select n.event_id, t.transfer, t.start_site, t.goal_site
from unnest(%(event_ids)s::uuid[], %(sites)s::text[], %(epcs)s::text[], %(ats)s::timestamptz[]) as n (event_id, site, epc, at)
cross join lateral transfer_left_by(n.site, n.epc, n.at) t

-- name: claim
-- Room for lives that begin, so that there is something to hold.
insert into lives (epc, site, state, condition, disposition, is_sellable, since, steps)
select epc, %(site)s, '', 'new', 'unknown', false, now(), 0 from unnest(%(epcs)s::text[]) as e (epc) order by epc
on conflict (epc) do nothing

-- name: hold
-- Hold lives, in the order in which everybody does.
select epc from lives where epc = any (%(epcs)s::text[]) order by epc for update

-- name: unclaim
-- A life that did not begin after all.
delete from lives where epc = %(epc)s and steps = 0

-- name: story
-- The record of items, in the order in which it was written.
select number, step_id, site, epc, at, recorded_at, kind, policy_id, transition, to_state, disposition, is_sellable, actor, roles,
       findings, reason, case_ref, event_id, door, way, closes
from life_steps where epc = any (%(epcs)s::text[]) order by epc, number

-- name: add_steps
-- Add to the record.
insert into life_steps (step_id, site, epc, at, kind, policy_id, transition, to_state, disposition, is_sellable, actor, roles,
                        findings, reason, case_ref, event_id, door, way, closes)
select r.step_id, r.site, r.epc, r.at, r.kind, r.policy_id, r.transition, r.to_state, r.disposition, r.is_sellable, r.actor,
       array(select jsonb_array_elements_text(r.roles)), r.findings, r.reason, r.case_ref, r.event_id, r.door, r.way, r.closes
from jsonb_array_elements(%(rows)s::jsonb) with ordinality as e (row, place)
cross join lateral jsonb_to_record(e.row) as r (step_id uuid, site text, epc text, at timestamptz, kind text, policy_id integer,
    transition text, to_state text, disposition text, is_sellable boolean, actor text, roles jsonb, findings jsonb, reason text,
    case_ref text, event_id uuid, door text, way text, closes uuid)
order by e.place

-- name: put_lives
-- Where items stand now.
insert into lives (epc, site, state, condition, grade, disposition, is_sellable, inspections, is_owed, work_orders_open,
                   scrap_asked_by, contradictions, missing_since, since, steps)
select epc, site, state, condition, grade, disposition, is_sellable, inspections, is_owed, work_orders_open, scrap_asked_by,
       contradictions, missing_since, since, steps
from jsonb_to_recordset(%(rows)s::jsonb) as r (epc text, site text, state text, condition text, grade text, disposition text,
    is_sellable boolean, inspections jsonb, is_owed boolean, work_orders_open integer, scrap_asked_by text,
    contradictions integer, missing_since timestamptz, since timestamptz, steps integer)
order by epc
on conflict (epc) do update set
    site = excluded.site, state = excluded.state, condition = excluded.condition, grade = excluded.grade,
    disposition = excluded.disposition, is_sellable = excluded.is_sellable, inspections = excluded.inspections,
    is_owed = excluded.is_owed, work_orders_open = excluded.work_orders_open, scrap_asked_by = excluded.scrap_asked_by,
    contradictions = excluded.contradictions, missing_since = excluded.missing_since, since = excluded.since,
    steps = excluded.steps

-- name: end_tasks
-- What steps of these items opened before is done; what follows up, and what a contradiction asked, stays.
update tasks t set state = 'done', done_at = clock_timestamp(), done_by = %(by)s
where t.epc = any (%(epcs)s::text[]) and t.state = 'open' and t.kind <> 'follow_up' and t.opened_by is not null
  and not exists (select from life_steps s where s.step_id = t.opened_by and s.kind = 'contradicted')

-- name: end_tasks_of
-- What these rows of the record had opened is settled.
update tasks t set state = 'done', done_at = clock_timestamp(), done_by = %(by)s
where t.opened_by = any (%(step_ids)s::uuid[]) and t.state = 'open'

-- name: open_tasks
-- What there is to do now.
insert into tasks (site, kind, role, epc, case_ref, opened_by, why, due_at)
select site, kind, role, epc, case_ref, opened_by, why, due_at
from jsonb_to_recordset(%(rows)s::jsonb) as r (site text, kind text, role text, epc text, case_ref text, opened_by uuid, why text,
    due_at timestamptz)
on conflict (opened_by, kind) where opened_by is not null do nothing

-- name: has_doors
-- Whether a site has doors, which tell what passes them.
select exists (select from doors where site = %(site)s) as has_doors, now() as now

-- name: page
-- Lives by EPC, after a key.
select epc, sku, site, state, condition, grade, disposition, is_sellable, door, bin, presence, since, contradictions,
       work_orders_open
from lives_v1
where state <> '' and (%(after)s::text is null or epc > %(after)s)
  and (%(site)s::text is null or site = %(site)s) and (%(sites)s::text[] is null or site = any(%(sites)s))
  and (%(state)s::text is null or state = %(state)s)
  and (%(disposition)s::text is null or disposition = %(disposition)s)
  and (%(sellable)s::boolean is null or is_sellable = %(sellable)s)
  and (%(presence)s::text is null or presence = %(presence)s)
order by epc
limit %(rows)s

-- name: one
-- Where an item stands.
select epc, sku, site, state, condition, grade, disposition, is_sellable, door, bin, presence, since, contradictions,
       work_orders_open
from lives_v1 where epc = %(epc)s

-- name: open_tasks_of
-- What is to do with an item.
select task_id, kind, role, why, opened_at, due_at, assignee from tasks
where epc = %(epc)s and state = 'open' order by opened_at, task_id

-- name: all_epcs
-- Items that have a record, after one.
select distinct epc from life_steps where epc > %(after)s order by epc limit %(rows)s

-- name: lock_lives
-- Nobody takes a step meanwhile.
lock table lives in share row exclusive mode

-- name: forget_lives
-- Where items stand is worked out anew from the record.
delete from lives
