-- Allocation, transfers, shipments and runs over many sites.

-- ---- orders: where they go to, how soon, how much hangs on them --------------------------------------------------------

alter table orders add column destination jsonb;                -- lat_deg, lon_deg, address; null: it is fetched, or nobody said
alter table orders add column deliver_from timestamptz;         -- nobody is there before
alter table orders add column promised_at timestamptz;          -- it is to be there by then
alter table orders add column urgent boolean not null default false;
alter table orders add column value double precision;           -- in the house's money
alter table orders add column mass_kg double precision;         -- what it takes on a vehicle
alter table orders add column volume_m3 double precision;

-- Orders that no site ships yet: they wait for an allocation, or for stock.
create table waiting_orders (
    order_id text primary key,
    partner text not null default '',
    asked_at timestamptz not null default now(),
    due_at timestamptz,
    destination jsonb not null,
    deliver_from timestamptz,
    promised_at timestamptz,
    urgent boolean not null default false,
    value double precision,
    mass_kg double precision,
    volume_m3 double precision,
    may_split boolean not null default false,
    lines jsonb not null,                       -- [{sku, quantity}]
    updated_at timestamptz not null default now(),
    updated_by text not null default '',
    cancelled_at timestamptz,
    allocated_at timestamptz,
    question_id uuid                            -- the allocation that gave it to its sites
);
create index waiting_orders_open on waiting_orders (asked_at) where cancelled_at is null and allocated_at is null;

-- ---- sites: where they lie and what they can do --------------------------------------------------------------------------

create table site_facts (
    site text primary key references sites,
    lat_deg double precision not null,
    lon_deg double precision not null,
    lines_per_day integer,                      -- order lines that it can pick; null: not limited
    cut_off time,                               -- what it gets later leaves tomorrow; null: everything leaves today
    time_zone text not null default 'UTC',
    vehicles jsonb not null default '[]'        -- [{id, count, mass_kg, volume_m3, starts, ends}]
);

-- Ways between sites that somebody knows better than the distance tells.
create table lanes (
    start_site text not null references sites,
    goal_site text not null references sites,
    cost_per_unit double precision not null,
    lead_days double precision not null,
    primary key (start_site, goal_site),
    check (start_site <> goal_site)
);

-- When a site's working day began: at the last cut-off, or at midnight where it has none.
create function day_began_at(cut_off time, time_zone text, at timestamptz) returns timestamptz language sql stable as $$
    select ((at at time zone time_zone)::date - case when (at at time zone time_zone)::time < coalesce(cut_off, '00:00') then 1 else 0 end
            + coalesce(cut_off, '00:00')) at time zone time_zone
$$;

-- ---- questions: what a solver is asked over several sites ----------------------------------------------------------------

create table questions (
    question_id uuid primary key,
    kind text not null check (kind in ('allocation', 'rebalancing', 'split', 'run')),
    sites text[] not null,                      -- whose: who asks, reads or approves has to be at home at all of them
    asked_at timestamptz not null default now(),
    asked_by text not null default '',
    request jsonb not null,
    problem jsonb not null,                     -- what the solver gets, as its command reads it
    time_limit_s double precision not null,
    seed integer not null default 0,
    state text not null default 'asked' check (state in ('asked', 'solving', 'done', 'failed', 'approved')),
    answer jsonb,
    error text,
    started_at timestamptz,
    finished_at timestamptz,
    approved_at timestamptz,
    approved_by text
);
create index questions_by_time on questions (kind, asked_at desc, question_id desc);
create index questions_open on questions (kind) where state in ('asked', 'solving');

-- What slotting may do: take a question up, answer it, or say why there is no answer. One that was called off stays so.
create function question_start_v1(question_id uuid)
returns table (kind text, problem jsonb, time_limit_s double precision, seed integer) language sql as $$
    update questions q set state = 'solving', started_at = now(), error = null
    where q.question_id = question_start_v1.question_id and q.state in ('asked', 'solving')
    returning q.kind, q.problem, q.time_limit_s, q.seed
$$;

create function question_finish_v1(question_id uuid, answer jsonb) returns void language sql as $$
    update questions q set state = 'done', answer = question_finish_v1.answer, finished_at = now(), error = null
    where q.question_id = question_finish_v1.question_id and q.state = 'solving'
$$;

create function question_fail_v1(question_id uuid, reason text) returns void language sql as $$
    update questions q set state = 'failed', error = left(reason, 2000), finished_at = now()
    where q.question_id = question_fail_v1.question_id and q.state in ('asked', 'solving')
$$;

alter function question_start_v1(uuid) security definer set search_path = public, pg_temp;
alter function question_finish_v1(uuid, jsonb) security definer set search_path = public, pg_temp;
alter function question_fail_v1(uuid, text) security definer set search_path = public, pg_temp;
revoke execute on function question_start_v1(uuid), question_finish_v1(uuid, jsonb), question_fail_v1(uuid, text) from public;

-- ---- transfers, shipments, runs -------------------------------------------------------------------------------------------

-- From site to site: an order at the one and a notice at the other, both under this name. What became of it their doors tell.
create table transfers (
    transfer_id text primary key,
    start_site text not null references sites,
    goal_site text not null references sites,
    question_id uuid,
    planned_at timestamptz not null default now(),
    planned_by text not null default '',
    check (start_site <> goal_site)
);
create index transfers_by_time on transfers (planned_at desc, transfer_id desc);

create table shipments (
    shipment_id uuid primary key default gen_random_uuid(),
    site text not null,
    order_id text not null,
    carrier text not null,
    service text not null default '',
    is_insured boolean not null default false,
    is_signed boolean not null default false,   -- handed over against a signature only
    tracking text not null,
    created_at timestamptz not null default now(),
    created_by text not null default '',
    unique (carrier, tracking)
);
create index shipments_by_order on shipments (site, order_id);
create index shipments_by_time on shipments (created_at desc, shipment_id desc);

-- Whatever was told of a shipment. Only added to; the newest by its own time says how it stands, whatever came in first.
create table shipment_events (
    shipment_id uuid not null references shipments,
    happened_at timestamptz not null,
    state text not null check (state in ('announced', 'collected', 'in_transit', 'out_for_delivery', 'delivered', 'delayed', 'refused',
                                         'undeliverable', 'damaged', 'lost', 'returned')),
    note text not null default '',
    told_at timestamptz not null default clock_timestamp(),
    told_by text not null default '',
    primary key (shipment_id, happened_at, state)
);

-- Stops of approved runs, each order of a site on one run at most that has not failed there.
create table run_stops (
    question_id uuid not null references questions,
    site text not null,
    order_id text not null,
    run integer not null,
    place integer not null,
    vehicle text not null,
    arrives_at timestamptz not null,
    begins_at timestamptz not null,
    state text not null default 'planned' check (state in ('planned', 'delivered', 'failed')),
    ended_at timestamptz,
    ended_by text,
    note text not null default '',
    primary key (question_id, order_id)
);
create unique index run_stops_once on run_stops (site, order_id) where state <> 'failed';

-- ---- views ------------------------------------------------------------------------------------------------------------------

create view questions_v1 as
select question_id, kind, sites, asked_at, asked_by, request, state, time_limit_s, answer, error, started_at, finished_at, approved_at,
       approved_by
from questions;

create view waiting_orders_v1 as
select order_id, partner, asked_at, due_at, destination, deliver_from, promised_at, urgent, value, mass_kg, volume_m3, may_split, lines,
       updated_at,
       case when cancelled_at is not null then 'cancelled' when allocated_at is not null then 'allocated' else 'waiting' end as state,
       allocated_at, question_id
from waiting_orders;

create or replace view orders_v1 as
select site, kind, order_id, partner, door, due_at,
       case when cancelled_at is not null then 'cancelled' when completed_at is not null then 'complete' else 'open' end as state,
       created_at, updated_at, cancelled_at, completed_at,
       (select count(*) from order_lines l where (l.site, l.kind, l.order_id) = (o.site, o.kind, o.order_id)) as lines,
       destination, deliver_from, promised_at, urgent, value, mass_kg, volume_m3
from orders o;

-- What doors have still to see of open orders and notices, in units, line by line.
create view awaited_lines_v1 as
with seen as (
    select s.site, s.kind, s.order_id, v.line, sum(v.seen)::bigint as seen
    from orders o join door_sessions s using (site, kind, order_id) cross join lateral session_lines_of(s.site, s.session_id) v
    where o.cancelled_at is null and o.completed_at is null
    group by 1, 2, 3, 4
)
select o.site, o.kind, o.order_id, l.line, coalesce(l.sku, i.sku) as sku, coalesce(l.quantity, i.quantity, 1)::bigint as expected,
       greatest(coalesce(l.quantity, i.quantity, 1) - coalesce(case when l.epc is null then v.seen else v.seen * coalesce(i.quantity, 1) end, 0),
                0)::bigint as awaited
from orders o
join order_lines l using (site, kind, order_id)
left join items i on i.epc = l.epc
left join seen v on (v.site, v.kind, v.order_id, v.line) = (l.site, l.kind, l.order_id, l.line)
where o.cancelled_at is null and o.completed_at is null;

-- Whether a door saw an item leave for another site at that moment: when it comes in there, nobody sent it back.
create function left_by_transfer(of_site text, of_epc text, left_at timestamptz) returns boolean language sql stable as $$
    select exists (
        select from transfers t
        join door_sessions d on (d.site, d.kind, d.order_id) = (t.start_site, 'outbound', t.transfer_id)
        join session_goods g on (g.site, g.session_id, g.epc) = (d.site, d.session_id, of_epc)
        where t.start_site = of_site and t.planned_at > left_at - interval '180 days' and g.observed_at = left_at
    )
$$;

-- Items that came in by a transfer and are not put away yet. Whatever left by a door and came in by another, doors call
-- `returned`; an item that was given back once and has a life is looked at first.
create view arrived_by_transfer as
select i.epc, i.site, i.sku, i.quantity from items i
where i.state = 'returned' and not exists (select from lives l where l.epc = i.epc)
  and exists (
    select from transfers t
    join door_sessions d on (d.site, d.kind, d.order_id) = (t.goal_site, 'inbound', t.transfer_id)
    join session_goods g on (g.site, g.session_id, g.epc) = (d.site, d.session_id, i.epc)
    where t.goal_site = i.site and t.planned_at > i.since - interval '180 days' and g.observed_at = i.since
  );

-- Units of each SKU at each site: in the house, promised to open orders, free to be promised, and announced to come.
-- What came in and is not put away yet counts, and what is picked, as its order awaits it; but not what came back and is
-- not sellable again.
create view stock_by_site_v1 as
with held as (
    select site, sku, sum(units)::bigint as units from (
        select site, sku, quantity as units from stock_v1 where sku is not null and state in ('sellable_accessible', 'in_progress')
        union all
        select site, sku, quantity from arrived_by_transfer where sku is not null
        union all
        select i.site, i.sku, -i.quantity from lives l join items i using (epc)
        where l.is_here and l.disposition = 'in_progress' and not l.is_sellable and (l.is_owed or l.grade is not null)
          and i.sku is not null and i.state not in ('in_transit', 'unknown') and l.missing_since is null
    ) s group by 1, 2
), awaited as (
    select site, sku, coalesce(sum(awaited) filter (where kind = 'outbound'), 0)::bigint as promised,
           coalesce(sum(awaited) filter (where kind = 'inbound'), 0)::bigint as announced
    from awaited_lines_v1 where sku is not null group by 1, 2
)
select site, sku, greatest(coalesce(h.units, 0), 0) as units, coalesce(a.promised, 0) as promised,
       greatest(coalesce(h.units, 0) - coalesce(a.promised, 0), 0) as free, coalesce(a.announced, 0) as announced
from held h full join awaited a using (site, sku);

-- A transfer by what the doors of both sites saw: planned, shipped, received, short, or cancelled at its start.
create view transfers_v1 as
select t.transfer_id, t.start_site, t.goal_site, t.planned_at, t.planned_by, t.question_id, o.due_at, p.units as units_planned,
       coalesce(s.units, 0) as units_shipped, coalesce(r.units, 0) as units_received, s.first_at as shipped_at, r.last_at as received_at,
       case when o.cancelled_at is not null and s.units is null then 'cancelled'
            when coalesce(r.units, 0) >= p.units then 'received'
            when r.has_ended then 'short'
            when coalesce(s.units, 0) > 0 then 'shipped'
            else 'planned' end as state
from transfers t
join orders o on (o.site, o.kind, o.order_id) = (t.start_site, 'outbound', t.transfer_id)
cross join lateral (
    select coalesce(sum(quantity), 0)::bigint as units from order_lines l
    where (l.site, l.kind, l.order_id) = (t.start_site, 'outbound', t.transfer_id)
) p
left join lateral (
    select nullif(sum(v.seen), 0)::bigint as units, min(d.opened_at) as first_at
    from door_sessions d cross join lateral session_lines_of(d.site, d.session_id) v
    where (d.site, d.kind, d.order_id) = (t.start_site, 'outbound', t.transfer_id)
) s on true
left join lateral (
    select sum(v.seen)::bigint as units, max(nullif(d.until_at, 'infinity')) as last_at, bool_or(d.until_at <> 'infinity') as has_ended
    from door_sessions d cross join lateral session_lines_of(d.site, d.session_id) v
    where (d.site, d.kind, d.order_id) = (t.goal_site, 'inbound', t.transfer_id)
) r on true;

-- What the doors saw of each order: nothing yet, some of it, all of it; and what they saw leave with it that it did not ask for.
create view verified_orders_v1 as
select o.site, o.kind, o.order_id, l.units_expected, coalesce(v.units_seen, 0)::bigint as units_seen,
       coalesce(v.items_unexpected, 0)::bigint as items_unexpected, coalesce(v.items_wrong_door, 0)::bigint as items_wrong_door,
       case when v.sessions is null then 'unseen'
            when coalesce(v.items_unexpected, 0) + coalesce(v.items_wrong_door, 0) > 0 then 'wrong'
            when v.units_missing = 0 then 'complete'
            else 'short' end as verdict, v.seen_at
from orders o
cross join lateral (select coalesce(sum(coalesce(quantity, 1)), 0)::bigint as units_expected from order_lines l
                    where (l.site, l.kind, l.order_id) = (o.site, o.kind, o.order_id)) l
left join lateral (
    select count(*) as sessions, sum(w.seen) as units_seen, min(w.missing) as units_missing, sum(g.unexpected) as items_unexpected,
           sum(g.wrong_door) as items_wrong_door, max(s.changed_at) as seen_at
    from door_sessions s
    cross join lateral (select coalesce(sum(seen), 0) as seen, coalesce(sum(missing), 0) as missing
                        from session_lines_of(s.site, s.session_id)) w
    cross join lateral (select count(*) filter (where verdict = 'unexpected') as unexpected,
                               count(*) filter (where verdict = 'wrong_door') as wrong_door
                        from session_goods_of(s.site, s.session_id)) g
    where (s.site, s.kind, s.order_id) = (o.site, o.kind, o.order_id)
    having count(*) > 0
) v on true;

-- A shipment as it stands; `is_exception`: somebody has to see to it.
create view shipments_v1 as
select s.shipment_id, s.site, s.order_id, s.carrier, s.service, s.is_insured, s.is_signed, s.tracking, s.created_at, s.created_by,
       coalesce(e.state, 'announced') as state, e.happened_at as state_since,
       coalesce(e.state in ('refused', 'undeliverable', 'damaged', 'lost'), false) as is_exception,
       (select min(d.happened_at) from shipment_events d where d.shipment_id = s.shipment_id and d.state = 'delivered') as delivered_at
from shipments s
left join lateral (
    select state, happened_at from shipment_events e where e.shipment_id = s.shipment_id
    order by happened_at desc, array_position(array['announced', 'collected', 'in_transit', 'delayed', 'out_for_delivery', 'refused',
             'undeliverable', 'damaged', 'lost', 'delivered', 'returned'], e.state) desc
    limit 1
) e on true;

create view run_stops_v1 as
select question_id as run_id, site, run, place, vehicle, order_id, arrives_at, begins_at, state, ended_at, ended_by, note from run_stops;

-- Orders against the time at which they were to leave: a dashboard counts what was on time.
create view dispatch_v1 as
select site, order_id, partner, urgent, created_at, coalesce(due_at, promised_at) as due_at, completed_at as left_at,
       case when completed_at <= coalesce(due_at, promised_at) then 'on_time'
            when completed_at is not null then 'late'
            when coalesce(due_at, promised_at) < now() then 'overdue'
            else 'open' end as state
from orders where kind = 'outbound' and cancelled_at is null and coalesce(due_at, promised_at) is not null;

-- What each site did a day, in its own time: orders by when they were due, the rest by when it happened.
create view site_days_v1 as
with facts as (
    select site, due_at as at, 'orders_' || state as what from dispatch_v1
    union all
    select site, created_at, 'shipments' from shipments
    union all
    select site, delivered_at, 'shipments_delivered' from shipments_v1 where delivered_at is not null
    union all
    select site, state_since, 'shipments_exceptional' from shipments_v1 where is_exception
    union all
    select r.site, r.ended_at, case when r.state = 'failed' then 'stops_failed'
                                    when r.ended_at > o.promised_at then 'stops_late' else 'stops_on_time' end
    from run_stops r join orders o on (o.site, o.kind, o.order_id) = (r.site, 'outbound', r.order_id) where r.state <> 'planned'
    union all
    select goal_site, received_at, 'transfers_' || state from transfers_v1 where state in ('received', 'short')
)
select f.site, (f.at at time zone coalesce(s.time_zone, 'UTC'))::date as day,
       count(*) filter (where what = 'orders_on_time') as orders_on_time, count(*) filter (where what = 'orders_late') as orders_late,
       count(*) filter (where what = 'orders_overdue') as orders_overdue, count(*) filter (where what = 'orders_open') as orders_open,
       count(*) filter (where what = 'shipments') as shipments,
       count(*) filter (where what = 'shipments_delivered') as shipments_delivered,
       count(*) filter (where what = 'shipments_exceptional') as shipments_exceptional,
       count(*) filter (where what = 'stops_on_time') as stops_on_time, count(*) filter (where what = 'stops_late') as stops_late,
       count(*) filter (where what = 'stops_failed') as stops_failed,
       count(*) filter (where what = 'transfers_received') as transfers_received,
       count(*) filter (where what = 'transfers_short') as transfers_short
from facts f left join site_facts s using (site)
group by 1, 2;

-- All sites in one view. Of order lines those count that came since the site's working day began.
create view network_v1 as
select s.site, s.name, f.lat_deg, f.lon_deg, f.time_zone, f.cut_off, f.lines_per_day,
       coalesce(k.units, 0) as units, coalesce(k.units_free, 0) as units_free, coalesce(k.skus, 0) as skus,
       coalesce(o.open_orders, 0) as open_orders, coalesce(o.overdue_orders, 0) as overdue_orders, coalesce(o.urgent_orders, 0) as urgent_orders,
       coalesce(t.transfers_in, 0) as transfers_in, coalesce(t.transfers_out, 0) as transfers_out, coalesce(t.units_in, 0) as units_in,
       coalesce(l.lines, 0) as lines_today,
       case when f.lines_per_day is not null then greatest(f.lines_per_day - coalesce(l.lines, 0), 0) end as lines_left_today
from sites s
left join site_facts f using (site)
left join (select site, sum(units)::bigint as units, sum(free)::bigint as units_free, count(*) filter (where units > 0) as skus
           from stock_by_site_v1 group by site) k using (site)
left join (select site, count(*) as open_orders, count(*) filter (where coalesce(due_at, promised_at) < now()) as overdue_orders,
                  count(*) filter (where urgent) as urgent_orders
           from orders where kind = 'outbound' and cancelled_at is null and completed_at is null group by site) o using (site)
left join (
    select site, sum(ins)::bigint as transfers_in, sum(outs)::bigint as transfers_out, sum(units)::bigint as units_in
    from (select goal_site as site, 1 as ins, 0 as outs, units_planned - units_received as units from transfers_v1 where state in ('planned', 'shipped')
          union all
          select start_site, 0, 1, 0 from transfers_v1 where state in ('planned', 'shipped')) w
    group by site
) t using (site)
left join lateral (
    select count(*) as lines from orders n join order_lines x using (site, kind, order_id)
    where n.site = s.site and n.kind = 'outbound' and n.cancelled_at is null and n.created_at >= day_began_at(f.cut_off, coalesce(f.time_zone, 'UTC'), now())
) l on true;

-- Raise an alert for each of these shipments that needs somebody, with what a case is opened from, and a task for a manager;
-- clear and cancel those of the others. Whoever calls it holds the shipments.
create function follow_shipments(ids uuid[]) returns bigint language sql as $$
    with now_so as (
        select v.*, 'shipment/' || v.carrier || '/' || v.tracking as originator, o.partner
        from shipments_v1 v left join orders o on (o.site, o.kind, o.order_id) = (v.site, 'outbound', v.order_id)
        where v.shipment_id = any (ids)
    ), opened as (
        insert into tasks (site, kind, role, case_ref, order_id, why, due_at)
        select site, 'exception', 'manager', originator, order_id,
               format('%s of order %s: %s tells %s', tracking, order_id, carrier, state), now() + interval '1 day'
        from now_so n
        where is_exception and not exists (select from tasks t where t.case_ref = n.originator and t.state = 'open')
        returning 1
    ), done as (
        update tasks t set state = 'cancelled', done_at = now(), done_by = n.carrier
        from now_so n where not n.is_exception and t.state = 'open' and t.kind = 'exception' and t.case_ref = n.originator
        returning 1
    ), raised as (
        insert into alerts (site, kind, originator, severity, message, detail, hold_s)
        select site, 'shipment_exception', originator, case when state = 'lost' then 'critical' else 'warning' end,
               format('Shipment %s of order %s is %s', tracking, order_id, state),
               jsonb_build_object('shipment_id', shipment_id, 'order_id', order_id, 'partner', partner, 'carrier', carrier,
                                  'tracking', tracking, 'is_insured', is_insured, 'state', state, 'since', state_since), 0
        from now_so where is_exception
        on conflict (site, kind, originator) where cleared_at is null do update
        set message = excluded.message, detail = excluded.detail, severity = excluded.severity
        where alerts.detail is distinct from excluded.detail
        returning *
    ), cleared as (
        update alerts a set cleared_at = clock_timestamp() from now_so n
        where not n.is_exception and a.cleared_at is null and (a.site, a.kind, a.originator) = (n.site, 'shipment_exception', n.originator)
        returning a.*
    ), told as (
        select r.site, tell_webhooks('alert', r.site, alert_news(row(r.*)::alerts, 'raised')) as hooks from raised r
        union all
        select c.site, tell_webhooks('alert', c.site, alert_news(row(c.*)::alerts, 'cleared')) from cleared c
    )
    select count(pg_notify('tagdock_alerts', site)) + 0 * coalesce(sum(hooks), 0) from told
$$;

-- Tasks are found by the case that they are of.
create index tasks_of_case on tasks (case_ref) where state = 'open' and case_ref is not null;
