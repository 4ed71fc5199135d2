-- name: mark
-- How far a follower has come; its row is locked, so that it follows once.
select stored_at from follow_marks where follower = %(follower)s for update

-- name: upto
-- How far it may go: `stored_at` is when a transaction began, and until it ends its rows can't be seen. So no further than
-- the oldest transaction that has written, or may be about to (a younger one than any that ingest leaves open without a
-- word), and no further than `rows` movements of these sites.
with horizon as (
    select least(now(), min(xact_start)) - interval '1 microsecond' as at
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
      and (backend_xid is not null or xact_start > now() - interval '60 seconds')
)
select upto, rows from horizon cross join lateral follow_upto(%(sites)s::text[], %(mark)s, at, %(rows)s)

-- name: advance
-- Note how far it has come.
update follow_marks set stored_at = %(upto)s where follower = %(follower)s
