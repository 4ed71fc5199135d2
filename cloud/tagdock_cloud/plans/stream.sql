-- part: tasks
-- Tasks of approved plans as they are now, and when they became so.
select p.site, m.plan_id, m.step, m.sku, m.from_bin, m.to_bin, m.saves_m_per_day, m.why, m.state,
       move_status(m.state, m.flag, m.ready_at) as status, m.waits_for, m.ready_at, m.done_at as decided_at, m.decided_by,
       m.confirmed_at, m.flag, m.flagged_at, m.seen_bin, m.seen_epc, m.changed_at,
       move_change_id(m.plan_id, m.step, m.changed_at) as change_id
from moves m join plans p using (plan_id)

-- part: not_seen
-- The next of them in their order.
  and m.changed_at > %(after)s and move_change_id(m.plan_id, m.step, m.changed_at) <> all (%(seen)s::uuid[])
order by m.changed_at, move_change_id(m.plan_id, m.step, m.changed_at)
limit %(rows)s

-- name: changed
-- Tasks of any of the sites that changed since a moment shortly ago, without the changes that were seen already.
{{tasks}}
where p.site = any (%(sites)s::text[])
{{not_seen}};

-- name: changed_at
-- The same of one site, from a moment long ago.
{{tasks}}
where p.site = %(site)s
{{not_seen}};
