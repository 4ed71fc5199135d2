-- name: forget_old
-- Keys older than a day are forgotten, a few at each use.
delete from idempotency_keys
where (caller, key) in (select caller, key from idempotency_keys where asked_at < now() - interval '24 hours' limit 100);

-- name: take
-- Take a key; a request that holds it already is waited for.
insert into idempotency_keys (caller, key, request_hash) values (%(caller)s, %(key)s, %(request_hash)s)
on conflict (caller, key) do nothing;

-- name: answer
-- What the first request with this key was answered.
select request_hash, status, headers, body from idempotency_keys where caller = %(caller)s and key = %(key)s;

-- name: keep
-- Keep the answer beside the key.
update idempotency_keys set status = %(status)s, headers = %(headers)s, body = %(body)s
where caller = %(caller)s and key = %(key)s;

-- name: audit
-- Record a change.
insert into audit (who, kind, action, subject, site, before, after, request_id)
values (%(who)s, %(kind)s, %(action)s, %(subject)s, %(site)s, %(before)s::jsonb, %(after)s::jsonb, %(request_id)s);

-- name: now_and_sites
-- The database's clock, and all sites.
select clock_timestamp() as now, array(select site from sites_v1 order by site) as sites;
