-- name: follow
-- A step of ingest: sessions follow what is new. Where no session spans it, one look at the index is all that it costs.
with span as materialized (
    select site, min(observed_at) as from_at, max(observed_at) as to_at
    from moved where door is not null and direction in ('in', 'out') group by site
), live as materialized (
    select s.site, s.session_id, s.kind, s.order_id, s.door, s.opened_at, s.until_at
    from span join door_sessions s on s.site = span.site and s.until_at > span.from_at and s.opened_at <= span.to_at
), pairs as (
    select distinct s.site, s.session_id, m.epc
    from live s join moved m on m.site = s.site and m.observed_at >= s.opened_at and m.observed_at < s.until_at
    where m.door is not null and m.direction in ('in', 'out')
      and (m.door = s.door
           or exists (select from order_lines l where (l.site, l.epc, l.kind, l.order_id) = (s.site, m.epc, s.kind, s.order_id))
           or exists (select from order_lines l where (l.site, l.sku, l.kind, l.order_id) = (s.site, m.sku, s.kind, s.order_id)))
)
select project_session_goods(jsonb_agg(to_jsonb(pairs)), true) from pairs having count(*) > 0

-- name: page
-- Sessions, newest first, after a key.
select site, session_id, kind, order_id, partner, door, state, opened_at, opened_by, until_at, closed_at, closed_by, due_at,
       lines, lines_missing, units_expected, units_missing, items_seen, items_unexpected, items_wrong_door
from door_sessions_v1
where (%(site)s::text is null or site = %(site)s)
  and (%(sites)s::text[] is null or site = any (%(sites)s))
  and (%(door)s::text is null or door = %(door)s)
  and (%(state)s::text is null or state = %(state)s)
  and (%(order)s::text is null or order_id = %(order)s)
  and (%(since)s::timestamptz is null or opened_at >= %(since)s)
  and (%(until)s::timestamptz is null or opened_at < %(until)s)
  and (%(before_at)s::timestamptz is null or (opened_at, session_id) < (%(before_at)s, %(before_id)s::uuid))
order by opened_at desc, session_id desc
limit %(rows)s;

-- part: changes
-- What became of sessions last.
select v.site, v.session_id, v.kind, v.order_id, v.partner, v.door, v.state, v.opened_at, v.opened_by, v.until_at, v.closed_at,
       v.closed_by, v.due_at, v.lines, v.lines_missing, v.units_expected, v.units_missing, v.items_seen, v.items_unexpected,
       v.items_wrong_door, s.changed_at, s.change_id, s.change
from (
    select site, session_id, changed_at, session_change_id(session_id, changed_at) as change_id,
           session_change(state, entered_at, changed_at) as change
    from door_sessions

-- part: not_seen
-- The next of them in their order.
      and changed_at > %(after)s and session_change_id(session_id, changed_at) <> all (%(seen)s::uuid[])
    order by changed_at, 4
    limit %(rows)s
) s join door_sessions_v1 v using (site, session_id)
order by s.changed_at, s.change_id

-- name: changed
-- Sessions of any of the sites that changed since a moment shortly ago, without the changes that were seen already.
{{changes}}
    where site = any (%(sites)s::text[])
{{not_seen}};

-- name: changed_at
-- The same of one site, from a moment long ago.
{{changes}}
    where site = %(site)s
{{not_seen}};

-- name: site_of
-- Which site a session is of.
select site from door_sessions where session_id = %(session_id)s;

-- name: one
-- One session whole: what each line still misses, and what to make of all that was seen.
select site, session_id, kind, order_id, partner, door, state, opened_at, opened_by, until_at, closed_at, closed_by, due_at,
       lines as line_count, lines_missing, units_expected, units_missing, items_seen, items_unexpected, items_wrong_door,
       (select coalesce(jsonb_agg(jsonb_build_object(
                   'line', l.line, 'epc', l.epc, 'sku', l.sku, 'expected', l.expected, 'seen', l.seen,
                   'seen_earlier', l.seen_earlier, 'missing', l.missing) order by l.line), '[]')
        from session_lines_of(s.site, s.session_id) l) as lines,
       (select coalesce(jsonb_agg(jsonb_build_object(
                   'epc', g.epc, 'sku', g.sku, 'quantity', g.quantity, 'verdict', g.verdict, 'door', g.door,
                   'observed_at', to_char(g.observed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                   'event_id', g.event_id, 'expected_door', g.expected_door, 'expected_by', g.expected_by)
                   order by g.verdict = 'expected', g.observed_at, g.epc), '[]')
        from (select * from session_goods_of(s.site, s.session_id) g
              order by g.verdict = 'expected', g.observed_at, g.epc limit %(goods)s) g) as goods
from door_sessions_v1 s
where s.site = %(site)s and s.session_id = %(session_id)s;

-- name: order
-- The order that a session is to be opened for, held so that nobody cancels it meanwhile.
select order_id, cancelled_at is not null as is_cancelled from orders
where site = %(site)s and kind = %(kind)s and order_id = %(order)s
for no key update;

-- name: lock_door
-- One opening at a door at a time.
select pg_advisory_xact_lock(hashtextextended('tagdock.session.' || %(site)s || '/' || %(door)s, 0));

-- name: at_door
-- The session that is open at a door, and until when the last closed one lasted.
select (select session_id from door_sessions where site = %(site)s and door = %(door)s and until_at = 'infinity') as session_id,
       (select max(until_at) from door_sessions where site = %(site)s and door = %(door)s and until_at < 'infinity') as until_at,
       now() as now;

-- name: open
-- Open a session.
insert into door_sessions (site, kind, order_id, door, opened_at, opened_by, idle_after_s)
values (%(site)s, %(kind)s, %(order)s, %(door)s, %(opened_at)s, %(by)s, %(idle_after_s)s)
returning session_id;

-- name: lock_one
-- Hold a session.
select site, state, opened_at, until_at = 'infinity' as is_open, now() as now
from door_sessions where site = %(site)s and session_id = %(session_id)s
for update;

-- name: close
-- Close a session; what is seen from then on is another's.
update door_sessions
set until_at = %(until_at)s, state = 'closed', closed_at = now(), closed_by = %(by)s, told_at = null, is_watched = true,
    watched_from = null, changed_at = clock_timestamp()
where site = %(site)s and session_id = %(session_id)s;

-- name: project
-- Work out what a session saw.
select project_session(%(site)s, %(session_id)s, false);

-- name: announce
-- Tell who listens that a site's sessions are others now.
select pg_notify('tagdock_sessions', %(site)s);
