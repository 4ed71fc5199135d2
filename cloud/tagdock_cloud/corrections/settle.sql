-- name: sites
-- Sites where two gateways may tell of one passage.
select site, coalesce(max(s.settle_window_s), 5)::float8 as window_s
from gateways left join sites s using (site)
group by site
having count(*) > 1 and coalesce(max(s.settle_window_s), 5) > 0
order by site

-- name: news
-- What was newly told of passages.
select site, epc, observed_at, gateway from movements
where site = any (%(sites)s::text[]) and stored_at > %(after)s and stored_at <= %(upto)s and door is not null and direction <> 'pass'

-- name: rivals
-- Which of these tags another gateway told of at about the same time, and when.
with told as materialized (
    select site, epc, observed_at, gateway from movements
    where site = any (%(sites)s::text[]) and epc = any (%(epcs)s::text[]) and observed_at between %(from_at)s and %(to_at)s
      and door is not null and direction <> 'pass'
)
select n.site, n.epc, s.window_s, min(n.observed_at) as from_at, max(n.observed_at) as to_at
from unnest(%(news_sites)s::text[], %(news_epcs)s::text[], %(news_ats)s::timestamptz[], %(news_gateways)s::text[])
         as n (site, epc, observed_at, gateway)
join unnest(%(sites)s::text[], %(windows)s::float8[]) as s (site, window_s) using (site)
where exists (
    select from told o
    where o.epc = n.epc and o.site = n.site and o.gateway <> n.gateway
      and o.observed_at between n.observed_at - make_interval(secs => s.window_s)
                            and n.observed_at + make_interval(secs => s.window_s)
)
group by 1, 2, 3

-- name: decided
-- Which tags a person decided on since the last time.
with taken as (
    delete from unsettled where site = any (%(sites)s::text[]) returning site, epc, observed_at
)
select t.site, t.epc, s.window_s, min(t.observed_at) as from_at, max(t.observed_at) as to_at
from taken t join unnest(%(sites)s::text[], %(windows)s::float8[]) as s (site, window_s) using (site)
group by 1, 2, 3

-- name: forget_decided
-- Sites with one gateway have nothing to settle.
delete from unsettled where not site = any (%(sites)s::text[])

-- name: reports
-- All that was told of these tags in these times, with what stands against it.
with told as materialized (
    select site, observed_at, event_id, m.gateway, m.epc, m.door, m.direction, m.confidence::float8 as confidence,
           coalesce(m.evidence_said::jsonb, m.evidence) as evidence,
           c.kind, c.direction as corrected_direction, c.lost_to
    from movements m left join corrections c using (site, observed_at, event_id)
    where site = any (%(sites)s::text[]) and m.epc = any (%(epcs)s::text[]) and observed_at between %(from_at)s and %(to_at)s
      and m.door is not null and (m.direction <> 'pass' or c.kind = 'decided')
)
select r.n, m.*
from unnest(%(sites)s::text[], %(epcs)s::text[], %(from_ats)s::timestamptz[], %(to_ats)s::timestamptz[])
     with ordinality as r (site, epc, from_at, to_at, n)
join told m on m.epc = r.epc and m.site = r.site and m.observed_at between r.from_at and r.to_at
order by r.n, m.observed_at, m.event_id

-- name: listened
-- Sites of whose uncertain passages somebody wants to hear.
select site from sites_v1 s
where exists (select from webhooks w where w.is_active and 'passage.uncertain' = any (w.topics)
                                       and (w.sites is null or s.site = any (w.sites)))
order by site

-- name: uncertain
-- New passages that wait for a person.
select site, to_char(observed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as observed_at, event_id, epc, sku, door,
       confidence, gateway, evidence ->> 'reason' as reason
from settled_movements
where site = any (%(sites)s::text[]) and stored_at > %(after)s and stored_at <= %(upto)s and direction = 'uncertain'
  and door is not null

-- name: tell_uncertain
-- Tell webhooks of them.
select tell_webhooks('passage.uncertain', m ->> 'site', m) from jsonb_array_elements(%(passages)s::jsonb) m

-- name: correct
-- Enter what was settled.
select correct_movements(%(rows)s::jsonb) as told
