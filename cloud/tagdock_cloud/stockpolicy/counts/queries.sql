-- part: shown
-- A count in one line.
select count_id, site, method, bin, zone, sku, velocity, why, state, asked_at, asked_by, due_at, counted_at, counted_by, settled_at,
       case when counted_at is not null then expected end as expected, case when counted_at is not null then found end as found,
       case when counted_at is not null then missing end as missing, case when counted_at is not null then extra end as extra, open_differences
from counts_v1

-- name: page
-- Counts, newest first.
{{shown}}
where (%(sites)s::text[] is null or site = any (%(sites)s)) and (%(site)s::text is null or site = %(site)s)
  and (%(state)s::text is null or state = %(state)s) and (%(bin)s::text is null or bin = %(bin)s)
  and (%(before_at)s::timestamptz is null or (asked_at, count_id) < (%(before_at)s, %(before_id)s::uuid))
order by asked_at desc, count_id desc
limit %(rows)s

-- name: one
-- One count.
{{shown}} where count_id = %(count_id)s

-- name: differences
-- Its differences.
select number, kind, epc, bin, sku, units, record_says, verdict, reason, settled_at, settled_by from count_differences_v1
where count_id = %(count_id)s order by number

-- name: hold
-- Hold a count, so that it is told or settled by one at a time.
select from counts where count_id = %(count_id)s for update

-- name: scope_known
-- Whether there is such a site, bin, zone or SKU.
select exists (select from sites where site = %(site)s) as site,
       %(bin)s::text is null or exists (select from bins where (site, bin) = (%(site)s, %(bin)s::text)) as bin,
       %(zone)s::text is null or exists (select from bins where (site, zone) = (%(site)s, %(zone)s::text)) as zone,
       %(sku)s::text is null or exists (select from skus where sku = %(sku)s::text)
       or exists (select from items where (site, sku) = (%(site)s, %(sku)s::text)) as sku

-- name: ask
-- Ask for a count, with its task; what is asked for already is not asked for again.
with asked as (
    insert into counts (site, method, bin, zone, sku, velocity, why, due_at, asked_by)
    values (%(site)s, %(method)s, %(bin)s, %(zone)s, %(sku)s, %(velocity)s, %(why)s, %(due_at)s, %(by)s)
    on conflict (site, bin, zone, sku) where state = 'asked' do nothing
    returning *
), task as (
    insert into tasks (site, kind, role, bin, sku, case_ref, opened_by, why, due_at)
    select site, 'count', 'operator', bin, sku, 'count/' || count_id, count_id,
           'Count ' || coalesce('bin ' || bin, 'zone ' || zone, 'SKU ' || sku) || case method when 'epcs' then ' by its tags' else ' by units' end,
           due_at
    from asked
)
select count_id from asked

-- name: asked_already
-- The count of the same that is asked for already.
select count_id from counts
where state = 'asked' and (site, bin, zone, sku) is not distinct from (%(site)s, %(bin)s, %(zone)s, %(sku)s)

-- part: in_scope
-- Items in the scope of a count.
from items i join counts c on c.count_id = %(count_id)s and i.site = c.site
left join bins b on (b.site, b.bin) = (i.site, i.bin)
where i.state not in ('in_transit', 'unknown')
  and (c.bin is null or i.bin = c.bin) and (c.zone is null or b.zone = c.zone) and (c.sku is null or i.sku = c.sku)
  and not exists (select from lives l where l.epc = i.epc and l.missing_since is not null)

-- name: expected
-- Items that should be there and have not moved since it began; what is known to be missing is not expected.
select i.epc, coalesce(i.sku, '') as sku, i.quantity as units, coalesce(i.bin, '') as bin, i.since > %(counted_at)s as has_moved
{{in_scope}} order by i.epc limit %(most)s

-- name: elsewhere
-- Where the record has other items that were read.
select i.epc, coalesce(i.sku, '') as sku, i.quantity as units, coalesce(i.bin, '') as bin,
       case when l.missing_since is not null then 'missing' when i.site <> %(site)s then 'site ' || i.site
            when i.state = 'in_transit' then 'left' when i.state = 'unknown' then 'unknown' when i.bin is not null then 'bin ' || i.bin
            else 'door ' || coalesce(i.door, '') end as where_,
       i.since > %(counted_at)s as has_moved
from items i left join lives l using (epc)
where i.epc = any (%(epcs)s)

-- name: report
-- A count is told: how it stands, what was told.
update counts set state = %(state)s, counted_at = %(counted_at)s, counted_by = %(by)s, reported = %(reported)s::jsonb,
                  settled_at = case when %(state)s = 'settled' then now() end
where count_id = %(count_id)s

-- name: write_lines
-- What it says of each SKU in each bin.
insert into count_lines (count_id, bin, sku, velocity, expected, missing, extra)
select %(count_id)s, l.bin, l.sku, coalesce(o.velocity, 'C'), l.expected, l.missing, l.extra
from jsonb_to_recordset(%(lines)s::jsonb) l (bin text, sku text, expected bigint, missing bigint, extra bigint)
left join sku_outlooks o on (o.site, o.sku) = (%(site)s, l.sku)

-- name: write_differences
-- What is not as the record has it.
insert into count_differences (count_id, number, kind, epc, bin, sku, units, record_says)
select %(count_id)s, d.number, d.kind, d.epc, d.bin, d.sku, d.units, d.record_says
from jsonb_to_recordset(%(differences)s::jsonb) d (number integer, kind text, epc text, bin text, sku text, units bigint, record_says text)

-- name: task_done
-- The task of counting is done; where something differs, one to investigate it is opened.
with done as (
    update tasks set state = 'done', done_at = now(), done_by = %(by)s
    where opened_by = %(count_id)s and kind = 'count' and state = 'open'
)
insert into tasks (site, kind, role, case_ref, opened_by, why)
select %(site)s, 'exception', 'operator', 'count/' || %(count_id)s::text, %(count_id)s, %(why)s where %(why)s <> ''
on conflict (opened_by, kind) where opened_by is not null do nothing

-- name: settle
-- A person says what became of a difference.
update count_differences set verdict = %(verdict)s, reason = %(reason)s, settled_at = now(), settled_by = %(by)s
where count_id = %(count_id)s and number = %(number)s and verdict is null

-- name: finish
-- With its last difference a count is settled, and its task done.
with finished as (
    update counts set state = 'settled', settled_at = now()
    where count_id = %(count_id)s and state = 'differs'
      and not exists (select from count_differences d where d.count_id = %(count_id)s and d.verdict is null)
    returning count_id
)
update tasks set state = 'done', done_at = now(), done_by = %(by)s
where opened_by in (select count_id from finished) and kind = 'exception' and state = 'open'

-- name: tell
-- Who listens is told how a count stands.
select tell_webhooks('count', c.site, to_jsonb(c)) as told from counts_v1 c where c.count_id = %(count_id)s

-- name: cancel
-- Call a count off that nobody has made, with its task.
with cancelled as (
    update counts set state = 'cancelled' where count_id = %(count_id)s and state = 'asked' returning count_id
), task as (
    update tasks set state = 'cancelled', done_at = now(), done_by = %(by)s
    where opened_by in (select count_id from cancelled) and kind = 'count' and state = 'open'
)
select count_id from cancelled

-- name: cadence
-- How often each class is counted at a site.
select max(every_days) filter (where velocity = 'A') as a_days, max(every_days) filter (where velocity = 'B') as b_days,
       max(every_days) filter (where velocity = 'C') as c_days
from count_cadences where site = %(site)s

-- name: forget_cadence
-- Forget it.
delete from count_cadences where site = %(site)s

-- name: write_cadence
-- Write it anew.
insert into count_cadences (site, velocity, every_days)
select %(site)s, velocity, days from (values ('A', %(a_days)s::integer), ('B', %(b_days)s::integer), ('C', %(c_days)s::integer)) v (velocity, days)
where days is not null

-- name: cadenced_sites
-- Sites where bins are counted by class.
select distinct site from count_cadences order by site

-- name: due
-- Bins with stock whose last count, of their own or their zone's, is older than their class allows; the class of a bin is that of
-- the fastest SKU in it.
with held as (
    select c.site, c.bin, c.sku, sum(c.quantity) as units
    from (select * from stock_counts union all select * from stock_deltas) c
    where c.site = %(site)s and c.bin is not null and c.state not in ('in_transit', 'unknown')
    group by 1, 2, 3 having sum(c.items) > 0
), filled as (
    select h.site, h.bin, min(coalesce(o.velocity, 'C')) as velocity, sum(h.units)::bigint as units
    from held h left join sku_outlooks o using (site, sku) group by 1, 2
)
select f.site, f.bin, b.zone, f.velocity, f.units, greatest(own.at, zones.at) as counted_at, n.every_days
from filled f join bins b using (site, bin) join count_cadences n on (n.site, n.velocity) = (f.site, f.velocity)
left join lateral (select max(counted_at) as at from counts c where c.site = f.site and c.bin = f.bin) own on true
left join lateral (select max(counted_at) as at from counts c where c.site = f.site and c.zone = b.zone) zones on true
where coalesce(greatest(own.at, zones.at), '-infinity') < now() - make_interval(days => n.every_days)
  and not exists (select from counts c where c.state = 'asked' and c.site = f.site and (c.bin = f.bin or c.zone = b.zone))
order by f.velocity, greatest(own.at, zones.at) nulls first, f.bin
limit %(rows)s

-- name: asked_today
-- How many counts of a site are open that its cadence asked for.
select count(*) as open from counts where site = %(site)s and state = 'asked' and asked_by = %(by)s
