-- name: asked
-- What was asked for the vehicles of a site, newest first.
select question_id, asked_at, asked_by, request, state, error, approved_at, answer ->> 'km' as km, jsonb_array_length(answer -> 'runs') as runs
from questions_v1
where kind = %(kind)s and sites = array[%(site)s::text] and (%(listed)s::text[] is null or sites <@ %(listed)s)
  and (%(before_at)s::timestamptz is null or (asked_at, question_id) < (%(before_at)s, %(before_id)s::uuid))
order by asked_at desc, question_id desc limit %(rows)s

-- name: destinations
-- Where orders of a site go.
select order_id, partner, destination from orders
where site = %(site)s and kind = 'outbound' and order_id = any (%(orders)s::text[])
