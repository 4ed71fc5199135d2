-- name: ensure_ahead
-- The partitions of this month and the next two.
select ensure_partitions(now(), now() + interval '2 months');

-- name: drop_old
-- Drop the months that nobody wants to keep any more.
select drop_old_record() as dropped;

-- name: lock_timeout
-- Rather try again later than make readers queue behind a lock that is waited for.
select set_config('lock_timeout', '2s', true);

-- name: retention
-- How long each series is kept.
select series, keep_days, begins_at from retention
union all
select 'epcis', keep_days, begins_at from epcis_keeping
order by series;

-- name: keep
-- Keep a series for so many days from now on; null: for ever.
update retention set keep_days = %(keep_days)s where series = %(series)s;

-- name: keep_epcis
-- Keep EPCIS events for so many days after they were recorded; null: for ever.
update epcis_keeping set keep_days = %(keep_days)s;

-- name: follow_retention
-- What TimescaleDB does by itself has to know: hours that were counted stay when the movements are gone.
select follow_retention();

-- name: fold_stock
-- Add up what changed in the stock since the last time.
select fold_stock();

-- name: forget_empty_stock
-- Places where nothing is any more.
delete from stock_counts where items = 0 and quantity = 0;

-- name: weeks_mark
-- How far the weeks of items are listed, and how far they are due: two weeks after their end, as migration 0044 says why.
-- Only where the record is compressed; elsewhere no row.
select before_week, week_of(now()) - 2 as due_week from weeks_listed where store_flavour() = 'timescaledb' for update;

-- name: first_week
-- The week of the oldest movement; it is asked once, before anything is listed.
select week_of(min(observed_at)) as week from movements;

-- part: of_week
-- A week's movements.
observed_at >= to_timestamp(%(week)s::bigint * 604800) and observed_at < to_timestamp((%(week)s::bigint + 1) * 604800)

-- name: list_week
-- List which items moved in a week, in the order of EPCs, as ingest lists what comes late.
insert into item_weeks
select item_number(epc), %(week)s from (select distinct epc from movements where {{of_week}} order by epc) moved
on conflict do nothing;

-- name: list_bits
-- List what that week's tags were called.
insert into named_bits
select distinct upper(epc_hex), epc from movements where {{of_week}} and is_nameless(epc_hex, epc) order by 2
on conflict do nothing;

-- name: weeks_advance
-- Note how far they are listed now.
update weeks_listed set before_week = %(before_week)s;

-- name: forget_weeks
-- Forget the weeks that the record does not reach back to any more.
delete from item_weeks where week < (select week_of(begins_at) from retention where series = 'movements');
