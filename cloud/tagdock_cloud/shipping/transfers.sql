-- part: shown
-- A transfer as the doors of both sites tell it, with its lines.
select t.transfer_id as id, t.start_site, t.goal_site, t.planned_at, t.planned_by, t.question_id, t.due_at, t.units_planned, t.units_shipped,
       t.units_received, t.shipped_at, t.received_at, t.state,
       (select jsonb_agg(jsonb_build_object('sku', l.sku, 'quantity', l.quantity) order by l.line) from order_lines l
        where (l.site, l.kind, l.order_id) = (t.start_site, 'outbound', t.transfer_id)) as lines
from transfers_v1 t

-- name: page
-- Transfers between sites of which one is the caller's, newest first.
{{shown}}
where (%(listed)s::text[] is null or t.start_site = any (%(listed)s) or t.goal_site = any (%(listed)s))
  and (%(site)s::text is null or %(site)s in (t.start_site, t.goal_site)) and (%(state)s::text is null or t.state = %(state)s)
  and (%(before_at)s::timestamptz is null or (t.planned_at, t.transfer_id) < (%(before_at)s, %(before_id)s))
order by t.planned_at desc, t.transfer_id desc
limit %(rows)s;

-- name: one
-- One transfer.
{{shown}}
where t.transfer_id = %(id)s;

-- name: lock
-- Hold a transfer.
select from transfers where transfer_id = %(id)s for update;

-- name: insert
-- A transfer that is planned.
insert into transfers (transfer_id, start_site, goal_site, question_id, planned_by)
values (%(id)s, %(start_site)s, %(goal_site)s, %(question_id)s, %(by)s);

-- name: known
-- Sites of a list that are there, and where they lie.
select s.site, f.lat_deg, f.lon_deg from sites s left join site_facts f using (site)
where s.site = any (%(sites)s::text[]) order by s.site;

-- name: lanes
-- What is known of the ways between them.
select start_site, goal_site, cost_per_unit, lead_days from lanes
where start_site = any (%(sites)s::text[]) and goal_site = any (%(sites)s::text[]) order by 1, 2;

-- name: levels
-- What each site has free of each SKU, what is announced to it, and the units that it sold a day; transfers are no sales.
with sold as (
    select site, sku, sum("out")::double precision as items from flows_v1
    where site = any (%(sites)s::text[]) and sku is not null and day >= current_date - %(days)s::integer and day < current_date
    group by site, sku
), sizes as (
    select sku, sum(quantity)::double precision / sum(items) as units from stock_v1 where sku is not null group by sku having sum(items) > 0
), moved as (
    select t.start_site as site, v.sku, sum(v.seen) as units
    from transfers t
    join door_sessions d on (d.site, d.kind, d.order_id) = (t.start_site, 'outbound', t.transfer_id)
    cross join lateral session_lines_of(d.site, d.session_id) v
    where t.start_site = any (%(sites)s::text[]) and d.opened_at >= current_date - %(days)s::integer and d.opened_at < current_date
    group by 1, 2
)
select site, sku, coalesce(k.free, 0) as free, coalesce(k.announced, 0) as announced,
       greatest(coalesce(s.items * coalesce(z.units, 1), 0) - coalesce(m.units, 0), 0) / %(days)s::double precision as units_a_day
from (select * from stock_by_site_v1 where site = any (%(sites)s::text[])) k
full join sold s using (site, sku)
left join sizes z using (sku)
left join moved m using (site, sku)
order by sku, site;

-- name: sales
-- Mean and variance of the units of a SKU that each site sold a day; days without a sale count.
with sold as (
    select site, day, sum("out")::double precision as items from flows_v1
    where site = any (%(sites)s::text[]) and sku = %(sku)s and day >= current_date - %(days)s::integer and day < current_date
    group by site, day
), sizes as (
    select coalesce(sum(quantity)::double precision / nullif(sum(items), 0), 1) as units from stock_v1 where sku = %(sku)s
)
select w.site, coalesce(sum(s.items), 0) * z.units / %(days)s::double precision as mean,
       greatest(coalesce(sum(s.items ^ 2), 0) / %(days)s::double precision - (coalesce(sum(s.items), 0) / %(days)s::double precision) ^ 2, 0)
       * z.units ^ 2 as variance
from unnest(%(sites)s::text[]) w (site) cross join sizes z left join sold s using (site)
group by w.site, z.units
order by w.site;

-- name: ask_overdue
-- Of what a door was to see come in and did not, somebody says what came of it: a transfer whose receiving ended without all
-- of it, and one that is on the road for too long. Once each, however it was answered.
insert into tasks (site, kind, role, case_ref, order_id, why, due_at)
select t.goal_site, 'exception', 'manager', 'transfer/' || t.transfer_id, t.transfer_id,
       format('%%s of %%s units of the transfer %%s from %%s have come: count what lies there, or say what became of the rest',
              t.units_received, t.units_shipped, t.transfer_id, t.start_site), now() + %(due)s::interval
from transfers_v1 t
where t.planned_at > now() - interval '180 days' and t.units_received < t.units_shipped
  and (t.state = 'short' and t.received_at < now() - %(after_session)s::interval
       or t.state = 'shipped' and greatest(t.shipped_at + %(on_the_road)s::interval, t.due_at) < now())
  and not exists (select from tasks k where k.site = t.goal_site and k.kind = 'exception' and k.case_ref = 'transfer/' || t.transfer_id);

-- name: end_overdue
-- All of it has come.
update tasks k set state = 'done', done_at = clock_timestamp(), done_by = 'reads', done_how = 'read'
from transfers_v1 t
where k.state = 'open' and k.kind = 'exception' and k.case_ref = 'transfer/' || t.transfer_id and k.site = t.goal_site
  and t.planned_at > now() - interval '180 days' and t.units_received >= t.units_shipped;
