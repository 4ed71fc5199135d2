-- name: uncertain
-- Passages that wait for a person, newest first, after a key.
select m.*, null::jsonb as correction
from (select site from sites_v1 where (%(site)s::text is null or site = %(site)s)
                                  and (%(sites)s::text[] is null or site = any (%(sites)s))) s
cross join lateral (
    select site, observed_at, event_id, epc, sku, door, direction, confidence, gateway, evidence
    from movements m
    where site = s.site and direction = 'uncertain' and door is not null
      and not exists (select from corrections c
                      where (c.site, c.observed_at, c.event_id) = (m.site, m.observed_at, m.event_id))
      and (%(before_at)s::timestamptz is null or (observed_at, event_id) < (%(before_at)s, %(before_id)s::uuid))
      and (%(since)s::timestamptz is null or observed_at >= %(since)s)
      and (%(until)s::timestamptz is null or observed_at < %(until)s)
      and (%(door)s::text is null or door = %(door)s)
    order by observed_at desc, event_id desc
    limit %(rows)s
) m
order by m.observed_at desc, m.event_id desc
limit %(rows)s;

-- name: decided
-- Passages that persons decided, newest first, after a key.
select m.site, m.observed_at, m.event_id, m.epc, m.sku, m.door, m.direction, m.confidence, m.gateway, m.evidence,
       correction_json(c.correction_id, c.kind, c.direction, c.door, c.corrected_at, c.corrected_by, c.reason, c.lost_to) as correction
from corrections c join movements m using (site, observed_at, event_id)
where c.kind = 'decided' and m.door is not null
  and (%(site)s::text is null or c.site = %(site)s)
  and (%(sites)s::text[] is null or c.site = any (%(sites)s))
  and (%(before_at)s::timestamptz is null or (c.observed_at, c.event_id) < (%(before_at)s, %(before_id)s::uuid))
  and (%(since)s::timestamptz is null or c.observed_at >= %(since)s)
  and (%(until)s::timestamptz is null or c.observed_at < %(until)s)
  and (%(door)s::text is null or m.door = %(door)s)
order by c.observed_at desc, c.event_id desc
limit %(rows)s;

-- name: passage
-- One passage with its corrections.
select m.site, m.observed_at, m.event_id, m.epc, m.sku, m.door, m.direction, m.confidence, m.gateway, m.evidence,
       (select correction_json(c.correction_id, c.kind, c.direction, c.door, c.corrected_at, c.corrected_by, c.reason, c.lost_to)
        from corrections c
        where (c.site, c.observed_at, c.event_id) = (m.site, m.observed_at, m.event_id)) as correction,
       (select coalesce(jsonb_agg(correction_json(e.correction_id, e.kind, e.direction, e.door, e.corrected_at, e.corrected_by,
                                                  e.reason, e.lost_to) order by e.corrected_at desc), '[]')
        from correction_events e
        where (e.site, e.observed_at, e.event_id) = (m.site, m.observed_at, m.event_id)) as history
from movements m
where m.site = %(site)s and m.observed_at = %(observed_at)s and m.event_id = %(event_id)s and m.door is not null;

-- name: settlement
-- How a site settles between gateways.
select site, settle_window_s::float8 as window_s from sites where site = %(site)s;

-- name: set_settlement
-- Set it.
update sites set settle_window_s = %(window_s)s where site = %(site)s;

-- name: correct
-- Enter a correction, and move what follows from it.
select correct_movements(%(rows)s::jsonb) as told;
