-- name: sites
-- Sites where two gateways may tell of one passage.
select site, coalesce(max(s.settle_window_s), 5)::float8 as window_s
from gateways left join sites s using (site)
group by site
having count(*) > 1 and coalesce(max(s.settle_window_s), 5) > 0
order by site

-- name: rivals
-- Which tags were newly told of by one gateway while another told of them too, and when.
select s.site, n.epc, s.window_s, min(n.observed_at) as from_at, max(n.observed_at) as to_at
from unnest(%(sites)s::text[], %(windows)s::float8[]) as s (site, window_s)
cross join lateral (
    select epc, observed_at, gateway from movements
    where site = s.site and stored_at > %(after)s and stored_at <= %(upto)s and door is not null and direction <> 'pass'
) n
where exists (
    select from movements o
    where o.epc = n.epc and o.site = s.site and o.gateway <> n.gateway and o.door is not null and o.direction <> 'pass'
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
select r.n, m.site, m.observed_at, m.event_id, m.gateway, m.door, m.direction, m.confidence::float8 as confidence,
       m.evidence, c.kind, c.direction as corrected_direction, c.lost_to
from unnest(%(sites)s::text[], %(epcs)s::text[], %(from_ats)s::timestamptz[], %(to_ats)s::timestamptz[])
     with ordinality as r (site, epc, from_at, to_at, n)
join movements m on m.epc = r.epc and m.site = r.site and m.observed_at between r.from_at and r.to_at
left join corrections c on (c.site, c.observed_at, c.event_id) = (m.site, m.observed_at, m.event_id)
where m.door is not null and (m.direction <> 'pass' or c.kind = 'decided')
order by r.n, m.observed_at, m.event_id

-- name: listened
-- Sites of whose uncertain passages somebody wants to hear.
select site from sites_v1 s
where exists (select from webhooks w where w.is_active and 'passage.uncertain' = any (w.topics)
                                       and (w.sites is null or s.site = any (w.sites)))
order by site

-- name: tell_uncertain
-- Tell webhooks of passages that wait for a person.
select tell_webhooks('passage.uncertain', s.site, to_jsonb(m))
from unnest(%(sites)s::text[]) as s (site)
cross join lateral (
    select site, to_char(observed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as observed_at, event_id, epc, sku, door,
           confidence, gateway, evidence ->> 'reason' as reason
    from settled_movements
    where site = s.site and stored_at > %(after)s and stored_at <= %(upto)s and direction = 'uncertain' and door is not null
) m

-- name: correct
-- Enter what was settled.
select correct_movements(%(rows)s::jsonb) as told
