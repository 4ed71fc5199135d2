-- name: rule
-- What a site's floor is asked by itself.
select site, put_away, extract(epoch from pick_ahead)::float8 / 3600 as pick_ahead_h, pack from floor_rules where site = %(site)s

-- name: site
-- A site that is there, held: its rule is written once at a time.
select site from sites where site = %(site)s for no key update

-- name: put_rule
-- Say it anew. What came in before it was said is nobody's task.
insert into floor_rules (site, put_away, pick_ahead, pack)
values (%(site)s, %(put_away)s, make_interval(secs => %(pick_ahead_h)s::float8 * 3600), %(pack)s)
on conflict (site) do update set put_away = excluded.put_away, pick_ahead = excluded.pick_ahead, pack = excluded.pack,
                                 changed_at = clock_timestamp()

-- name: full
-- Sites whose floor has so much to do that nothing more is asked of it.
select r.site from floor_rules r
where (select count(*) from (select from tasks t where t.site = r.site and t.state = 'open' limit %(most)s) o) >= %(most)s

-- name: put_away
-- What came in by a door, is known, and lies in no bin, is to be put away: once an arrival, and not while something else is to be done with it.
insert into tasks (site, kind, role, epc, to_bin, why, due_at, by_rule)
select i.site, 'put_away', 'operator', i.epc, null, 'came in at ' || i.door || coalesce('; its goods lie in ' || fullest_bin(i.site, i.sku), ''), now() + %(due)s, true
from items i join floor_rules r on r.site = i.site and r.put_away
where i.epc = any (%(epcs)s::text[]) and i.state in ('in_progress', 'sellable_accessible') and i.sku is not null
  and i.door is not null and i.bin is null and i.since > r.changed_at and i.site <> all (%(full)s::text[])
  and not exists (select from tasks t where t.epc = i.epc and t.state = 'open')
  and not exists (select from tasks t where t.epc = i.epc and t.kind = 'put_away' and t.opened_at >= i.since)

-- name: moot
-- What is not there any more is put away by nobody. Of these items, or of all (null).
update tasks t set state = 'cancelled', done_at = clock_timestamp(), done_by = 'tagdock', result = '{"note": "it left"}'
from items i
where t.by_rule and t.state = 'open' and t.kind = 'put_away' and i.epc = t.epc
  and (%(epcs)s::text[] is null or t.epc = any (%(epcs)s))
  and (i.site <> t.site or i.state not in ('in_progress', 'sellable_accessible'))

-- name: pick
-- Orders that are due soon: what is not picked of them yet is to be picked. An order that changed meanwhile is gone through
-- again: what is asked for no more is called off, what is asked for besides is opened.
with due as (
    update orders set picked_as = updated_at
    where (site, kind, order_id) in (
        select o.site, o.kind, o.order_id
        from floor_rules r
        join orders o on o.site = r.site and o.kind = 'outbound' and o.cancelled_at is null and o.completed_at is null
                     and o.picked_as is distinct from o.updated_at and (o.due_at is null or o.due_at <= now() + r.pick_ahead)
        where r.pick_ahead is not null and r.site <> all (%(full)s::text[])
        order by o.urgent desc, o.due_at nulls last, o.order_id
        limit %(rows)s for update of o skip locked
    )
    returning site, order_id, due_at, urgent
), had as (
    select t.site, t.order_id, t.epc, t.sku, (array_agg(t.task_id) filter (where t.state = 'open'))[1] as open_id,
           coalesce(sum(coalesce((t.result ->> 'quantity')::bigint, t.quantity, 1)) filter (where t.state = 'done'), 0) as taken
    from due d join tasks t using (site, order_id)
    where t.kind = 'pick'
    group by 1, 2, 3, 4
), wanted as (
    select d.*, l.line, l.epc, l.sku, coalesce(l.quantity, 1) - coalesce(h.taken, 0) as units, h.open_id
    from due d
    join order_lines l on (l.site, l.kind, l.order_id) = (d.site, 'outbound', d.order_id)
    left join had h on (h.site, h.order_id) = (d.site, d.order_id) and h.epc is not distinct from l.epc and h.sku is not distinct from l.sku
), changed as (
    update tasks t set quantity = least(w.units, 1000000), due_at = coalesce(w.due_at, t.due_at)
    from wanted w where t.task_id = w.open_id and w.units > 0 and t.epc is null
), called_off as (
    update tasks t set state = 'cancelled', done_at = clock_timestamp(), done_by = 'tagdock', result = '{"note": "the order changed"}'
    from due d
    where (t.site, t.order_id) = (d.site, d.order_id) and t.by_rule and t.state = 'open' and t.kind = 'pick'
      and not exists (select from wanted w where w.open_id = t.task_id and w.units > 0)
)
insert into tasks (site, kind, role, priority, epc, sku, quantity, bin, order_id, due_at, by_rule)
select w.site, 'pick', 'operator', case when w.urgent then 2 else 3 end, w.epc, w.sku, case when w.epc is null then least(w.units, 1000000) end,
       case when w.epc is null then fullest_bin(w.site, w.sku) else (select i.bin from items i where i.epc = w.epc and i.site = w.site) end,
       w.order_id, coalesce(w.due_at, now() + %(due)s), true
from wanted w
where w.open_id is null and w.units > 0
order by w.site, w.order_id, w.line

-- name: pack
-- What is picked whole is to be packed, once an order.
with picked as (
    update orders set pack_asked_at = clock_timestamp()
    where (site, kind, order_id) in (
        select o.site, o.kind, o.order_id
        from floor_rules r
        join orders o on o.site = r.site and o.kind = 'outbound' and o.cancelled_at is null and o.completed_at is null
                     and o.picked_as is not null and o.pack_asked_at is null
        where r.pack and r.site <> all (%(full)s::text[])
          and exists (select from tasks t where (t.site, t.order_id) = (o.site, o.order_id) and t.kind = 'pick' and t.state = 'done')
          and not exists (select from tasks t where (t.site, t.order_id) = (o.site, o.order_id) and t.kind = 'pick' and t.state = 'open')
        limit %(rows)s for update of o skip locked
    )
    returning site, order_id, due_at, urgent
)
insert into tasks (site, kind, role, priority, order_id, due_at, why, by_rule)
select site, 'pack', 'operator', case when urgent then 2 else 3 end, order_id, coalesce(due_at, now() + %(due)s), 'picked whole', true
from picked

-- name: called_off
-- Nobody picks or packs for an order that was cancelled, or is not there any more.
update tasks t set state = 'cancelled', done_at = clock_timestamp(), done_by = 'tagdock', result = '{"note": "the order was cancelled"}'
where t.by_rule and t.state = 'open' and t.kind in ('pick', 'pack')
  and not exists (select from orders o where (o.site, o.kind, o.order_id) = (t.site, 'outbound', t.order_id) and o.cancelled_at is null)
