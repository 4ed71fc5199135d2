-- Stock policy, forecasts and counts (decision 0131).

-- ---- limits: also of a velocity class, with a safety stock and a lead time --------------------------------------------------

alter table alert_rules add column velocity text check (velocity in ('A', 'B', 'C'));   -- of a stock rule: each SKU of the class
alter table alert_rules add column safety double precision;                            -- of a stock rule: below it is critical
alter table alert_rules add column lead_days double precision;                         -- of a stock rule: from order to arrival
create index alert_rules_of_skus on alert_rules (sku, site) where kind = 'stock' and sku is not null;

-- ---- how fast each SKU moves and what it is expected to need: follows from orders and flows ---------------------------------

create table sku_outlooks (
    site text not null,
    sku text not null,
    velocity text not null check (velocity in ('A', 'B', 'C')),
    velocity_since date not null,
    lines double precision not null,            -- order lines in the moving window
    lines_share double precision not null,      -- of all lines there, those of faster SKUs
    asked_last_on date,
    weeks integer not null,                     -- whole weeks since its first demand
    units_per_week double precision,            -- expected; null: too few weeks
    variance double precision,
    reach double precision,                     -- standard deviations from the mean to the interval's upper end
    horizon_weeks integer,
    expected double precision,                  -- units over the horizon, and between what nine of ten totals lie
    low bigint,
    high bigint,
    held_expected double precision,             -- what would have been told of the last horizon without it, and what came
    held_low bigint,
    held_high bigint,
    came double precision,
    weeks_judged integer not null default 0,    -- squared errors over so many last weeks, of the forecast and the naive one
    squares double precision not null default 0,
    naive_squares double precision not null default 0,
    turnover double precision,                  -- a year's demand by the mean stock; null: no stock
    primary key (site, sku)
);
create index sku_outlooks_by_class on sku_outlooks (site, velocity);

-- When a site's were worked out, and from which whole weeks.
create table outlook_runs (
    site text primary key,
    computed_at timestamptz not null,
    took_s double precision not null,
    before_week date not null,
    skus integer not null
);

-- Which rules speak of each SKU's stock: its own before those of its class before those of every SKU, and of each those of
-- the site before those of the house. Only the nearest count; several of one kind (a warning, a critical one) all do.
create view sku_rules as
select site, sku, rule_id, place from (
    select t.*, rank() over (partition by site, sku order by place) as number
    from (
        select s.site, r.sku, r.rule_id, case when r.site is null then 2 else 1 end as place
        from alert_rules r join sites s on r.site is null or r.site = s.site
        where r.kind = 'stock' and r.is_active and r.sku is not null
          and (r.site is not null or exists (select from bin_skus b where (b.site, b.sku) = (s.site, r.sku)))
        union all
        select o.site, o.sku, r.rule_id, case when r.site is null then 4 else 3 end
        from alert_rules r join sku_outlooks o on o.velocity = r.velocity and (r.site is null or r.site = o.site)
        where r.kind = 'stock' and r.is_active and r.velocity is not null
        union all
        select b.site, b.sku, r.rule_id, case when r.site is null then 6 else 5 end
        from alert_rules r join (select distinct site, sku from bin_skus) b on r.site is null or r.site = b.site
        where r.kind = 'stock' and r.is_active and num_nonnulls(r.sku, r.family, r.zone, r.velocity) = 0
    ) t
) ranked
where number = 1;

-- ---- proposals to replenish --------------------------------------------------------------------------------------------------

create table replenishments (
    proposal_id uuid primary key default gen_random_uuid(),
    site text not null,
    sku text not null,
    quantity integer not null check (quantity > 0),
    order_on date not null,
    needed_on date not null,
    reorder_point double precision not null,
    up_to double precision not null,
    why text not null,
    rule_id uuid,
    state text not null default 'open' check (state in ('open', 'approved', 'declined', 'lapsed')),
    proposed_at timestamptz not null default now(),
    decided_at timestamptz,
    decided_by text,
    reason text not null default '',
    notice_id text,                             -- of what was approved: the notice under which its goods are awaited
    check ((state in ('approved', 'declined')) = (decided_by is not null))
);
create unique index replenishments_one_open on replenishments (site, sku) where state = 'open';
create index replenishments_by_time on replenishments (proposed_at desc, proposal_id desc);
create index replenishments_of_sku on replenishments (site, sku, decided_at) where state = 'declined';

-- ---- counts: a record --------------------------------------------------------------------------------------------------------

-- How often the bins of each class are to be counted at a site; none: nobody is asked to.
create table count_cadences (
    site text not null,
    velocity text not null check (velocity in ('A', 'B', 'C')),
    every_days integer not null check (every_days between 1 and 3660),
    primary key (site, velocity)
);

create table counts (
    count_id uuid primary key default gen_random_uuid(),
    site text not null,
    method text not null check (method in ('epcs', 'quantity')),
    bin text,
    zone text,
    sku text,
    velocity text check (velocity in ('A', 'B', 'C')),      -- of the fastest in it, when it was asked
    why text not null default '',
    state text not null default 'asked' check (state in ('asked', 'differs', 'settled', 'cancelled')),
    asked_at timestamptz not null default now(),
    asked_by text not null default '',
    due_at timestamptz,
    counted_at timestamptz,
    counted_by text,
    reported jsonb,                             -- what was told, whole
    settled_at timestamptz,
    check (num_nonnulls(bin, zone, sku) = 1),
    check ((counted_at is null) = (state in ('asked', 'cancelled')))
);
create index counts_by_time on counts (asked_at desc, count_id desc);
create index counts_of_bins on counts (site, bin, counted_at) where bin is not null;
create index counts_of_zones on counts (site, zone, counted_at) where zone is not null;
create unique index counts_asked_once on counts (site, bin, zone, sku) nulls not distinct where state = 'asked';

create table count_lines (
    count_id uuid not null references counts,
    bin text not null,                          -- '' where it has none, or the count was not by bins
    sku text not null,                          -- '' where nobody knows it
    velocity text not null,
    expected bigint not null,                   -- units
    missing bigint not null,
    extra bigint not null,
    primary key (count_id, bin, sku)
);

create table count_differences (
    count_id uuid not null references counts,
    number integer not null,
    kind text not null check (kind in ('missing', 'extra')),
    epc text,
    bin text not null,
    sku text not null,
    units bigint not null,
    record_says text not null,                  -- where it should be: 'bin B2', 'site s2', 'left', 'unknown tag'
    verdict text check (verdict in ('missing', 'found', 'here', 'noted', 'recount')),
    reason text not null default '',
    settled_at timestamptz,
    settled_by text,
    primary key (count_id, number),
    check ((verdict is null) = (settled_at is null))
);
create index count_differences_open on count_differences (count_id) where verdict is null;

-- ---- views -------------------------------------------------------------------------------------------------------------------

-- What is present against the stock rules that count: of each SKU the nearest, of families and zones all.
create or replace view stock_limits_v1 as
with held as (
    select site, sku, zone, sum(quantity) as units from stock_v1 where state not in ('in_transit', 'unknown') group by 1, 2, 3
), here as (
    select r.*, s.site as at_site from alert_rules r join sites s on r.site is null or r.site = s.site
    where r.kind = 'stock' and r.is_active
), amounts as (
    select r.rule_id, r.name as rule, r.severity, n.site, 'SKU' as kind, n.sku as what, r.low, r.high, r.near, u.units, r.safety, r.lead_days,
           r.velocity
    from sku_rules n join alert_rules r using (rule_id)
    left join (select site, sku, sum(units) as units from held group by 1, 2) u on (u.site, u.sku) = (n.site, n.sku)
    union all
    select h.rule_id, h.name, h.severity, h.at_site, 'family', h.family, h.low, h.high, h.near,
           (select sum(held.units) from held join skus using (sku) where held.site = h.at_site and skus.family = h.family), h.safety,
           h.lead_days, null
    from here h where h.family is not null
    union all
    select h.rule_id, h.name, h.severity, h.at_site, 'zone', h.zone, h.low, h.high, h.near,
           (select sum(held.units) from held where held.site = h.at_site and held.zone = h.zone), h.safety, h.lead_days, null
    from here h where h.zone is not null
)
select site, rule_id, rule, severity, kind, what, coalesce(units, 0)::bigint as units, low, high,
       case when coalesce(units, 0) < low then 'below' when coalesce(units, 0) > high then 'above'
            when coalesce(units, 0) < low + near or coalesce(units, 0) > high - near then 'near' else 'within' end as state,
       safety, lead_days, velocity
from amounts;

-- A SKU at a site: its class, what it is expected to need, what is here and how long that lasts. `pace`: dead where nobody has
-- asked for it in half a year (nor has it come since), slow in a quarter, or where the stock lasts half a year.
create view stock_policy_v1 as
select o.site, o.sku, o.velocity, o.velocity_since, o.lines, o.lines_share, o.asked_last_on, o.weeks, o.units_per_week, o.horizon_weeks,
       o.expected, o.low as expected_low, o.high as expected_high, o.turnover, coalesce(s.units, 0)::bigint as units, a.oldest_since,
       s.units / nullif(o.units_per_week, 0) as cover_weeks,
       case when coalesce(s.units, 0) = 0 then 'none'
            when greatest(o.asked_last_on, a.oldest_since::date) < current_date - 182 then 'dead'
            when greatest(o.asked_last_on, a.oldest_since::date) < current_date - 91 or s.units > 26 * o.units_per_week then 'slow'
            else 'moving' end as pace,
       r.rule_id, r.low as minimum, r.high as maximum, r.safety, r.lead_days,
       case when r.rule_id is null then null when coalesce(s.units, 0) < r.safety then 'below_safety' when coalesce(s.units, 0) < r.low then 'below'
            when s.units > r.high then 'above' when coalesce(s.units, 0) < r.low + r.near or s.units > r.high - r.near then 'near'
            else 'within' end as state
from sku_outlooks o
left join (select site, sku, sum(quantity) as units from stock_v1 where state not in ('in_transit', 'unknown') group by 1, 2) s using (site, sku)
left join (select site, sku, min(first_since) as oldest_since from stock_ages group by 1, 2) a using (site, sku)
left join (select distinct on (n.site, n.sku) n.site, n.sku, r.rule_id, r.low, r.high, r.near, r.safety, r.lead_days
           from sku_rules n join alert_rules r using (rule_id) order by n.site, n.sku, r.low desc nulls last, r.rule_id) r using (site, sku);

-- Units by how long they stand: since they were last moved.
create view stock_ageing_v1 as
select a.site, a.sku, coalesce(o.velocity, 'C') as velocity,
       (array['under a day', 'under a week', 'under four weeks', 'under thirteen weeks', 'older'])[a.age + 1] as age, a.age as age_order,
       sum(a.items)::bigint as items, sum(a.units)::bigint as units, min(a.first_since) as oldest_since
from stock_ages a left join sku_outlooks o using (site, sku)
group by a.site, a.sku, o.velocity, a.age;

-- How far off the forecast was in weeks that it had not seen, beside the week before taken again.
create view forecast_error_v1 as
select o.site, o.sku, o.velocity, r.before_week, o.weeks_judged, sqrt(o.squares / nullif(o.weeks_judged, 0)) as error_units,
       sqrt(o.naive_squares / nullif(o.weeks_judged, 0)) as naive_error_units, o.squares, o.naive_squares, o.held_expected, o.held_low,
       o.held_high, o.came, o.came between o.held_low and o.held_high as is_within
from sku_outlooks o join outlook_runs r using (site)
where o.weeks_judged > 0;

create view replenishments_v1 as
select proposal_id, site, sku, quantity, order_on, needed_on, reorder_point, up_to, why, rule_id, state, proposed_at, decided_at, decided_by,
       reason, notice_id
from replenishments;

-- A count as it stands; units.
create view counts_v1 as
select c.count_id, c.site, c.method, c.bin, c.zone, c.sku, c.velocity, c.why, c.state, c.asked_at, c.asked_by, c.due_at, c.counted_at,
       c.counted_by, c.settled_at, coalesce(l.expected, 0) as expected, coalesce(l.expected - l.missing, 0) as found,
       coalesce(l.missing, 0) as missing, coalesce(l.extra, 0) as extra, coalesce(d.open, 0) as open_differences
from counts c
left join lateral (select sum(expected)::bigint as expected, sum(missing)::bigint as missing, sum(extra)::bigint as extra
                   from count_lines l where l.count_id = c.count_id) l on true
left join lateral (select count(*) as open from count_differences d where d.count_id = c.count_id and d.verdict is null) d on true;

create view count_differences_v1 as
select c.site, d.count_id, d.number, d.kind, d.epc, d.bin, d.sku, d.units, d.record_says, d.verdict, d.reason, d.settled_at, d.settled_by,
       c.counted_at
from count_differences d join counts c using (count_id);

-- How right the record was, by class and day of counting: of lines (a SKU in a bin) those without a difference, and units. What
-- was found after all was the count's mistake, not the record's.
create view count_accuracy_v1 as
with wrong as (
    select count_id, bin, sku, sum(units) filter (where kind = 'missing') as missing, sum(units) filter (where kind = 'extra') as extra
    from count_differences where verdict is distinct from 'found' and verdict is distinct from 'recount' group by 1, 2, 3
)
select c.site, l.velocity, (c.counted_at at time zone 'UTC')::date as day, c.method, count(distinct c.count_id) as counts, count(*) as lines,
       count(*) filter (where w.count_id is null) as lines_right, sum(l.expected)::bigint as units_expected,
       coalesce(sum(w.missing), 0)::bigint as units_missing, coalesce(sum(w.extra), 0)::bigint as units_extra,
       count(*) filter (where w.count_id is null)::double precision / count(*) as accuracy
from counts c join count_lines l using (count_id)
left join wrong w on (w.count_id, w.bin, w.sku) = (l.count_id, l.bin, l.sku)
where c.counted_at is not null
  and not exists (select from count_differences d where d.count_id = c.count_id and d.verdict = 'recount')
group by 1, 2, 3, 4;
