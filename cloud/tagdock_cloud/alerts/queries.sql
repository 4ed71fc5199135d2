-- name: is_due
-- Whether there is anything to look at: an active rule of these kinds, or an alert that is still open.
select exists (select from alert_rules where is_active and kind = any (%(rule_kinds)s))
    or exists (select from alerts where cleared_at is null and kind = any (%(kinds)s)) as due

-- name: sites
-- All sites: the record is asked by them, so that each is found along its own index.
select site from sites_v1

-- name: staging
-- What a look finds; it is empty after each transaction.
create temporary table if not exists alert_found (
    site text, kind text, originator text, rule_id uuid, severity text, hold_s double precision, is_raised boolean,
    value double precision, limit_value double precision, message text, detail jsonb, event_id uuid
) on commit delete rows

-- name: keep_best
-- Where several rules speak of one originator, the one counts that raises, then the most severe.
delete from alert_found where ctid in (
    select ctid from (
        select ctid, row_number() over (
            partition by site, kind, originator
            order by is_raised desc, array_position(array['critical', 'warning', 'info'], severity), rule_id) as number
        from alert_found
    ) ranked where number > 1
)

-- name: still_there
-- What is found again is not missing; its value moves along, and a severity that rose is told.
with changed as (
    update alerts a
    set missing_since = null, value = coalesce(f.value, a.value), limit_value = coalesce(f.limit_value, a.limit_value),
        message = case when f.is_raised then f.message else a.message end,
        severity = case when f.is_raised then f.severity else a.severity end,
        rule_id = f.rule_id, hold_s = f.hold_s
    from alert_found f
    where a.cleared_at is null and (a.site, a.kind, a.originator) = (f.site, f.kind, f.originator)
      and (a.missing_since is not null or a.rule_id is distinct from f.rule_id or a.hold_s <> f.hold_s
           or f.value is not null and f.value is distinct from a.value or (f.is_raised and a.severity <> f.severity))
    returning a.*
), worse as (
    select c.* from changed c join alerts before using (alert_id)      -- the table as it was before this statement
    where array_position(array['info', 'warning', 'critical'], c.severity)
        > array_position(array['info', 'warning', 'critical'], before.severity)
)
select count(tell_webhooks('alert', w.site, alert_news(row(w.*)::alerts, 'worsened'))) as worse,
       count(pg_notify('tagdock_alerts', w.site)) as told
from worse w

-- name: raise
-- Raise what was found and is not open yet; of each site and kind so many are open at once, the first found go first.
with room as (
    select site, kind, %(most_open)s - count(*) as places from alerts
    where cleared_at is null and kind = any (%(kinds)s) group by 1, 2
), numbered as (
    select f.*, row_number() over (partition by f.site, f.kind order by f.value desc nulls last, f.originator) as number
    from alert_found f
    where f.is_raised
      and not exists (select from alerts a where a.cleared_at is null and (a.site, a.kind, a.originator) = (f.site, f.kind, f.originator))
      and not exists (select from alerts a where a.event_id = f.event_id)
), raised as (
    insert into alerts (site, kind, originator, rule_id, severity, value, limit_value, message, detail, event_id, hold_s)
    select n.site, n.kind, n.originator, n.rule_id, n.severity, n.value, n.limit_value, n.message, coalesce(n.detail, '{}'), n.event_id,
           n.hold_s
    from numbered n left join room using (site, kind)
    where n.number <= coalesce(room.places, %(most_open)s)
    on conflict (site, kind, originator) where cleared_at is null do nothing
    returning *
)
select count(tell_webhooks('alert', r.site, alert_news(row(r.*)::alerts, 'raised'))) as raised,
       count(pg_notify('tagdock_alerts', r.site)) as told
from raised r

-- name: clear
-- What was not found is missing from now on; what has been missing for long enough is cleared.
with gone as (
    select a.alert_id, coalesce(a.missing_since, now()) as since, a.hold_s from alerts a
    where a.cleared_at is null and a.kind = any (%(kinds)s)
      and not exists (select from alert_found f where (f.site, f.kind, f.originator) = (a.site, a.kind, a.originator))
), noted as (
    update alerts a
    set missing_since = g.since, cleared_at = case when g.since + make_interval(secs => g.hold_s) <= now() then clock_timestamp() end
    from gone g
    where a.alert_id = g.alert_id
      and (a.missing_since is null or g.since + make_interval(secs => g.hold_s) <= now())
    returning a.*
)
select count(tell_webhooks('alert', n.site, alert_news(row(n.*)::alerts, 'cleared'))) as cleared,
       count(pg_notify('tagdock_alerts', n.site)) as told
from noted n where n.cleared_at is not null

-- name: forget_old
-- The history is kept a year.
delete from alerts where cleared_at < now() - make_interval(days => %(keep_days)s)

-- name: forget_many
-- And of it so many of the newest.
delete from alerts where cleared_at < (
    select cleared_at from alerts where cleared_at is not null order by cleared_at desc offset %(keep_most)s limit 1
)

-- name: forget_sensors
-- A sensor that has been silent for a month was taken away.
delete from sensor_latest where observed_at < now() - interval '30 days'

-- name: page
-- Alerts, newest first.
select alert_id, site, kind, originator, severity, value, limit_value, message, detail, raised_at, cleared_at, acknowledged_at,
       acknowledged_by, comment, rule_id
from alerts_v1
where (%(sites)s::text[] is null or site = any (%(sites)s)) and (%(site)s::text is null or site = %(site)s)
  and (%(kind)s::text is null or kind = %(kind)s) and (%(severity)s::text is null or severity = %(severity)s)
  and (%(originator)s::text is null or originator = %(originator)s)
  and (%(is_open)s::boolean is null or (cleared_at is null) = %(is_open)s)
  and (%(is_acknowledged)s::boolean is null or (acknowledged_at is not null) = %(is_acknowledged)s)
  and (%(since)s::timestamptz is null or raised_at >= %(since)s) and (%(until)s::timestamptz is null or raised_at < %(until)s)
  and (%(before_at)s::timestamptz is null or (raised_at, alert_id) < (%(before_at)s, %(before_id)s::uuid))
order by raised_at desc, alert_id desc
limit %(rows)s

-- name: one
-- One alert.
select alert_id, site, kind, originator, severity, value, limit_value, message, detail, raised_at, cleared_at, acknowledged_at,
       acknowledged_by, comment, rule_id
from alerts_v1 where alert_id = %(alert_id)s

-- name: acknowledge
-- Somebody has seen it; the first one stays on record.
with seen as (
    update alerts set acknowledged_at = clock_timestamp(), acknowledged_by = %(by)s, comment = %(comment)s
    where alert_id = %(alert_id)s and acknowledged_at is null
    returning *
)
select tell_webhooks('alert', s.site, alert_news(row(s.*)::alerts, 'acknowledged')) as told, pg_notify('tagdock_alerts', s.site)
from seen s

-- name: rules
-- Rules in the order of their names.
select rule_id, kind, name, site, severity, is_active, sku, family, zone, bin, door, quantity, low, high, near, band, velocity, safety,
       lead_days, at_least, after_s, hold_s, created_by, updated_at
from alert_rules
where (%(sites)s::text[] is null or site is null or site = any (%(sites)s)) and (%(site)s::text is null or site = %(site)s)
  and (%(kind)s::text is null or kind = %(kind)s)
  and (%(after_name)s::text is null or (name, rule_id) > (%(after_name)s, %(after_id)s::uuid))
order by name, rule_id
limit %(rows)s

-- name: rule
-- One rule.
select rule_id, kind, name, site, severity, is_active, sku, family, zone, bin, door, quantity, low, high, near, band, velocity, safety,
       lead_days, at_least, after_s, hold_s, created_by, updated_at
from alert_rules where rule_id = %(rule_id)s

-- name: count_rules
-- How many there are, but for the limits of single SKUs that an import wrote; the lock lets two requests not both make the last one.
select count(*) as rules, pg_advisory_xact_lock(hashtextextended('tagdock.alert_rules', 0)) is null as locked from alert_rules
where kind <> 'stock' or sku is null

-- name: insert_rule
-- A new rule.
insert into alert_rules (rule_id, kind, name, site, severity, is_active, sku, family, zone, bin, door, quantity, low, high, near, band,
                         at_least, after_s, hold_s, velocity, safety, lead_days, created_by)
values (%(rule_id)s, %(kind)s, %(name)s, %(site)s, %(severity)s, %(is_active)s, %(sku)s, %(family)s, %(zone)s, %(bin)s, %(door)s,
        %(quantity)s, %(low)s, %(high)s, %(near)s, %(band)s, %(at_least)s, %(after_s)s, %(hold_s)s,
        %(velocity)s, %(safety)s, %(lead_days)s, %(created_by)s)

-- name: replace_rule
-- A rule becomes another one, under the same id.
update alert_rules
set kind = %(kind)s, name = %(name)s, site = %(site)s, severity = %(severity)s, is_active = %(is_active)s, sku = %(sku)s,
    family = %(family)s, zone = %(zone)s, bin = %(bin)s, door = %(door)s, quantity = %(quantity)s, low = %(low)s, high = %(high)s,
    near = %(near)s, band = %(band)s, at_least = %(at_least)s, after_s = %(after_s)s, hold_s = %(hold_s)s, velocity = %(velocity)s,
    safety = %(safety)s, lead_days = %(lead_days)s, updated_at = now()
where rule_id = %(rule_id)s

-- name: delete_rule
-- A rule goes; what it raised is cleared, as its cause is not found any more.
delete from alert_rules where rule_id = %(rule_id)s
