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
select series, keep_days, begins_at from retention order by series;

-- name: keep
-- Keep a series for so many days from now on; null: for ever.
update retention set keep_days = %(keep_days)s where series = %(series)s;

-- name: follow_retention
-- What TimescaleDB does by itself has to know: hours that were counted stay when the movements are gone.
select follow_retention();

-- name: fold_stock
-- Add up what changed in the stock since the last time.
select fold_stock();

-- name: forget_empty_stock
-- Places where nothing is any more.
delete from stock_counts where items = 0 and quantity = 0;
