-- name: count_ahead
-- Count what is over and was not counted yet, for some ten seconds at most.
select count_ahead() as is_done
