-- name: sites
-- Sites where goods may open a session: something is expected there.
select distinct site from orders where cancelled_at is null and completed_at is null order by site

-- name: newcomers
-- What passed a door where no session is open, and an open order or notice asks for: whoever asks for this very item at any
-- door that it allows; whoever asks for its SKU only at the door that it names. One a door, the first due.
with passed as materialized (
    select site, epc, sku, door, observed_at, case direction when 'out' then 'outbound' else 'inbound' end as kind
    from settled_movements
    where site = any (%(sites)s::text[]) and stored_at > %(after)s and stored_at <= %(upto)s and door is not null
      and direction in ('in', 'out') and observed_at > now() - interval '1 hour'
), news as materialized (
    select n.site, n.door, n.kind, n.epc, n.sku, min(n.observed_at) as seen_at
    from passed n
    where not exists (select from door_sessions d where d.site = n.site and d.door = n.door and d.until_at > n.observed_at)
    group by 1, 2, 3, 4, 5
), asked_for as (
    select n.site, n.door, n.kind, n.seen_at, l.order_id, true as by_epc
    from news n cross join lateral (
        select order_id from order_lines l where l.site = n.site and l.epc = n.epc and l.kind = n.kind offset 0
    ) l
    union all
    select n.site, n.door, n.kind, n.seen_at, l.order_id, false
    from (select site, door, kind, sku, min(seen_at) as seen_at from news where sku is not null group by 1, 2, 3, 4) n
    cross join lateral (
        select order_id from order_lines l where l.site = n.site and l.sku = n.sku and l.kind = n.kind offset 0
    ) l
)
select distinct on (a.site, a.door) a.site, a.door, a.kind, a.order_id,
       min(a.seen_at) over (partition by a.site, a.door, a.kind, a.order_id) as seen_at,
       (select max(d.until_at) from door_sessions d where d.site = a.site and d.door = a.door and d.until_at < 'infinity') as last_until_at
from asked_for a join orders o using (site, kind, order_id)
where o.cancelled_at is null and o.completed_at is null and (o.door = a.door or o.door is null and a.by_epc)
order by a.site, a.door, not a.by_epc, o.due_at, o.order_id, a.seen_at

-- name: open
-- Open a session that goods opened, unless a person was faster.
insert into door_sessions (site, kind, order_id, door, opened_at, opened_by)
values (%(site)s, %(kind)s, %(order_id)s, %(door)s, %(opened_at)s, 'rule')
on conflict (site, door) where until_at = 'infinity' do nothing
returning site, session_id

-- name: project
-- Work out what a session saw, and tell who listens.
select project_session(%(site)s, %(session_id)s, true)

-- name: idle
-- Close sessions where nothing has passed for long, neither by the door's time nor by when news came in.
update door_sessions s
set until_at = q.silent_at, state = 'closed', closed_at = now(), closed_by = 'idle', told_at = null, is_watched = true,
    watched_from = null, changed_at = clock_timestamp()
from (
    select site, session_id,
           greatest(opened_at, (select max(g.observed_at) from session_goods g
                                where (g.site, g.session_id, g.door) = (d.site, d.session_id, d.door)))
           + make_interval(secs => idle_after_s) as silent_at
    from door_sessions d where until_at = 'infinity' for update skip locked
) q
where (s.site, s.session_id) = (q.site, q.session_id) and q.silent_at < now()
  and s.changed_at + make_interval(secs => s.idle_after_s) < now()
returning pg_notify('tagdock_sessions', s.site)

-- name: seen_by_all
-- Sessions that every transaction has seen by now which may store a movement: one that began before did not.
select site, session_id from door_sessions
where is_watched and watched_from < pg_snapshot_xmin(pg_current_snapshot())
for update skip locked

-- name: unwatch
-- Their goods were worked out anew since; they miss nothing any more.
update door_sessions set is_watched = false, watched_from = null
where (site, session_id) in (select * from unnest(%(sites)s::text[], %(session_ids)s::uuid[]))
  and watched_from < pg_snapshot_xmin(pg_current_snapshot())

-- name: watch
-- From when on a session is seen by whoever begins.
update door_sessions set watched_from = pg_current_xact_id()
where (site, session_id) in (
    select site, session_id from door_sessions where is_watched and watched_from is null for update skip locked
)

-- name: settle_down
-- What was reopened by something late is closed again when nothing more comes.
update door_sessions set state = 'closed', changed_at = clock_timestamp()
where (site, session_id) in (
    select site, session_id from door_sessions
    where state = 'reopened' and changed_at < now() - interval '30 seconds' for update skip locked
)

-- name: ended
-- Sessions whose end was not told yet.
select s.site, s.session_id from orders o join door_sessions s using (site, kind, order_id)
where s.state = 'closed' and s.told_at is null and not s.is_watched
limit 100
for no key update skip locked

-- name: complete
-- An order of which nothing is missing any more is complete, and open again where something turns out to be missing.
update orders o
set completed_at = case when not v.is_short then coalesce(o.completed_at, now()) end
from (
    select s.site, s.kind, s.order_id,
           exists (select from session_lines_of(s.site, s.session_id) l where l.missing > 0) as is_short
    from door_sessions s where s.site = %(site)s and s.session_id = %(session_id)s
) v
where (o.site, o.kind, o.order_id) = (v.site, v.kind, v.order_id)
  and (o.completed_at is null) <> v.is_short

-- name: told
-- Note that the end was told.
update door_sessions set told_at = now() where site = %(site)s and session_id = %(session_id)s

-- name: tell
-- Tell webhooks.
select tell_webhooks('session.differences', %(site)s::text, %(body)s::jsonb)
