-- name: take
-- Take a duty for this transaction, unless another worker has it.
select pg_try_advisory_xact_lock(hashtextextended('tagdock.duty.' || %(duty)s, 0)) as mine

-- name: is_due
-- Whether nobody did it just now. The tenth of slack lets a worker's clock and the database's differ a little.
select not exists (
    select from duties
    where duty = %(duty)s and done_at > clock_timestamp() - make_interval(secs => 0.9 * %(every_s)s::double precision)
) as due

-- name: statement_timeout
-- Bound each statement of this transaction.
select set_config('statement_timeout', %(timeout_ms)s::text, true)

-- name: done
-- Note that it was done, in the transaction that did it.
insert into duties as d (duty, every_s, done_at, took_s)
values (%(duty)s, %(every_s)s, clock_timestamp(), extract(epoch from clock_timestamp() - now()))
on conflict (duty) do update
set every_s = excluded.every_s, done_at = excluded.done_at, took_s = excluded.took_s, failures = 0, error = null

-- name: failed
-- Note that it failed, in a transaction of its own.
insert into duties as d (duty, every_s, failed_at, failures, error)
values (%(duty)s, %(every_s)s, clock_timestamp(), 1, %(error)s)
on conflict (duty) do update
set every_s = excluded.every_s, failed_at = excluded.failed_at, failures = d.failures + 1, error = excluded.error
