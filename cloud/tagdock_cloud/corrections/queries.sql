-- name: uncertain
-- Passages of a site that wait for a person, newest first, after a key.
select m.site, observed_at, event_id, m.epc, m.sku, m.door, m.direction, m.confidence, m.gateway,
       coalesce(m.evidence_said::jsonb, m.evidence) as evidence,
       null::jsonb as correction
from movements m left join corrections c using (site, observed_at, event_id)
where site = %(site)s and m.direction = 'uncertain' and m.door is not null and c.correction_id is null
  and (%(before_at)s::timestamptz is null or (observed_at, event_id) < (%(before_at)s, %(before_id)s::uuid))
  and (%(since)s::timestamptz is null or observed_at >= %(since)s)
  and (%(until)s::timestamptz is null or observed_at < %(until)s)
  and (%(door)s::text is null or m.door = %(door)s)
order by observed_at desc, event_id desc
limit %(rows)s;

-- name: decided
-- Passages of a site that persons decided, newest first, after a key.
select m.site, m.observed_at, m.event_id, m.epc, m.sku, m.door, m.direction, m.confidence, m.gateway,
       coalesce(m.evidence_said::jsonb, m.evidence) as evidence, c.correction
from (
    select site, observed_at, event_id,
           correction_json(correction_id, kind, direction, door, corrected_at, corrected_by, reason, lost_to) as correction
    from corrections
    where kind = 'decided' and site = %(site)s
      and (%(before_at)s::timestamptz is null or (observed_at, event_id) < (%(before_at)s, %(before_id)s::uuid))
      and (%(since)s::timestamptz is null or observed_at >= %(since)s)
      and (%(until)s::timestamptz is null or observed_at < %(until)s)
    order by observed_at desc, event_id desc
    offset 0
) c join movements m using (site, observed_at, event_id)
where m.site = %(site)s and m.door is not null and (%(door)s::text is null or m.door = %(door)s)
order by m.observed_at desc, m.event_id desc
limit %(rows)s;

-- name: passage
-- One passage as it was reported.
select site, observed_at, event_id, epc, sku, door, direction, confidence, gateway,
       coalesce(evidence_said::jsonb, evidence) as evidence
from movements
where site = %(site)s and observed_at = %(observed_at)s and event_id = %(event_id)s and door is not null;

-- name: passage_corrections
-- What stands against it, and all that ever did, newest first.
select (select correction_json(c.correction_id, c.kind, c.direction, c.door, c.corrected_at, c.corrected_by, c.reason, c.lost_to)
        from corrections c
        where (c.site, c.observed_at, c.event_id) = (k.site, k.observed_at, k.event_id)) as correction,
       (select coalesce(jsonb_agg(correction_json(e.correction_id, e.kind, e.direction, e.door, e.corrected_at, e.corrected_by,
                                                  e.reason, e.lost_to) order by e.corrected_at desc), '[]')
        from correction_events e
        where (e.site, e.observed_at, e.event_id) = (k.site, k.observed_at, k.event_id)) as history
from (values (%(site)s::text, %(observed_at)s::timestamptz, %(event_id)s::uuid)) as k (site, observed_at, event_id);

-- name: settlement
-- How a site settles between gateways.
select site, settle_window_s::float8 as window_s from sites where site = %(site)s;

-- name: set_settlement
-- Set it.
update sites set settle_window_s = %(window_s)s where site = %(site)s;

-- name: correct
-- Enter a correction, and move what follows from it.
select correct_movements(%(rows)s::jsonb) as told;
