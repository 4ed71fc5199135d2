-- name: token_add
-- Add an API token under a name that no token in force has.
insert into tokens (token_hash, name, role, sites, rights, expires_at, created_by)
select %(token_hash)s, %(name)s, %(role)s, %(sites)s::text[], %(rights)s::text[], %(expires_at)s::timestamptz,
       %(created_by)s
where not exists (select from tokens
                  where name = %(name)s and revoked_at is null and (expires_at is null or expires_at > now()))
returning name, role, sites, rights, created_at, created_by, expires_at, revoked_at

-- name: tokens_list
-- All tokens, those in force first.
select name, role, sites, rights, created_at, created_by, expires_at, revoked_at from tokens
order by revoked_at nulls first, name, created_at

-- name: token_revoke
-- Revoke a token by name.
update tokens set revoked_at = now()
where name = %(name)s and revoked_at is null and (expires_at is null or expires_at > now())
returning name, role, sites, rights, created_at, created_by, expires_at, revoked_at

-- name: tokens_page
-- Tokens, newest first, after a key; those whose sites all lie within the asker's.
select name, role, sites, rights, created_at, created_by, expires_at, revoked_at from tokens
where (%(before_at)s::timestamptz is null or (created_at, name) < (%(before_at)s, %(before_name)s::text))
  and (%(listed)s::text[] is null or sites <@ %(listed)s)
order by created_at desc, name desc
limit %(rows)s

-- name: audit_page
-- Changes, newest first, after a key.
select audit_id, at, who, kind, action, subject, site, before, after, request_id from audit
where (%(before)s::bigint is null or audit_id < %(before)s)
  and (%(who)s::text is null or who = %(who)s)
  and (%(action)s::text is null or action = %(action)s)
  and (%(subject)s::text is null or subject = %(subject)s)
  and (%(site)s::text is null or site = %(site)s)
  and (%(sites)s::text[] is null or site = any(%(sites)s))
  and (%(since)s::timestamptz is null or at >= %(since)s)
  and (%(until)s::timestamptz is null or at < %(until)s)
order by audit_id desc
limit %(rows)s

-- name: token_caller
-- Who holds this token.
select name, role, sites, rights, 'token' as kind from tokens
where token_hash = %(digest)s and revoked_at is null and (expires_at is null or expires_at > now())

-- name: session_caller
-- Whose session this is; used once a minute, it is kept from falling idle.
with found as (
    select session_hash, user_name, token_hash, seen_at from console_sessions
    where session_hash = %(digest)s and expires_at > now() and seen_at > now() - make_interval(secs => %(idle_s)s)
), seen as (
    update console_sessions s set seen_at = now() from found f
    where s.session_hash = f.session_hash and f.seen_at < now() - interval '1 minute'
)
select u.name, u.role, u.sites, null::text[] as rights, 'user' as kind
from found f join users u on u.name = f.user_name
where u.disabled_at is null
union all
select t.name, t.role, t.sites, t.rights, 'token'
from found f join tokens t using (token_hash)
where t.revoked_at is null and (t.expires_at is null or t.expires_at > now())

-- name: session_start
-- A browser is logged in.
insert into console_sessions (session_hash, user_name, token_hash, expires_at)
values (%(digest)s, %(user)s, %(token_hash)s, now() + make_interval(secs => %(lifetime_s)s))

-- name: session_end
-- A browser is logged out.
delete from console_sessions where session_hash = %(digest)s

-- name: sessions_end_alike
-- All browsers of the same user or token are logged out.
delete from console_sessions s using console_sessions mine
where mine.session_hash = %(digest)s
  and (s.user_name = mine.user_name or s.token_hash = mine.token_hash)

-- name: sessions_end_of
-- All browsers of a user are logged out.
delete from console_sessions where user_name = %(user)s

-- name: sessions_forget
-- Sessions that have ended, a few at each login.
delete from console_sessions
where session_hash in (select session_hash from console_sessions
                       where expires_at < now() or seen_at < now() - make_interval(secs => %(idle_s)s) limit 100)

-- name: login_attempt
-- Count an attempt, unless it has to wait; failures older than an hour are forgiven.
insert into login_failures as f (key, failures) values (%(key)s, 1)
on conflict (key) do update set
    failures = case when f.failed_at < now() - interval '1 hour' then 1 else f.failures + 1 end,
    failed_at = now(),
    wait_until = now() + make_interval(secs => case
        when f.failed_at < now() - interval '1 hour' or f.failures < %(free)s then 0
        else least(%(most_s)s::double precision, 2.0 ^ least(f.failures + 1 - %(free)s, 30)) end)
where f.wait_until <= now()
returning failures

-- name: login_wait
-- How long an attempt has to wait.
select greatest(1, ceil(extract(epoch from wait_until - now())))::integer as wait_s from login_failures
where key = %(key)s

-- name: login_good
-- The user knew the password: their failures are forgiven, and the address gets its attempt back.
with forgiven as (delete from login_failures where key = %(user_key)s)
update login_failures set failures = greatest(0, failures - 1), wait_until = now() where key = %(address_key)s

-- name: login_unlock
-- Let somebody try again at once.
delete from login_failures where key = %(key)s

-- name: login_forget
-- Failures of yesterday, and the oldest where there are more than a hundred thousand; a few at each attempt.
delete from login_failures
where key in (select key from login_failures where failed_at < now() - interval '1 day' limit 100)
   or key in (select key from login_failures order by failed_at desc offset 100000 limit 1000)

-- name: user_login
-- What a login is checked against.
select name, password_hash from users where name = %(name)s and disabled_at is null

-- name: user_rehash
-- The same password, hashed as is usual today.
update users set password_hash = %(password_hash)s where name = %(name)s

-- name: token_in_force
-- A token that a browser logs in with.
select name, role from tokens
where token_hash = %(digest)s and revoked_at is null and (expires_at is null or expires_at > now())

-- name: user_add
-- Add a user.
insert into users (name, password_hash, role, sites) values (%(name)s, %(password_hash)s, %(role)s, %(sites)s::text[])
on conflict (name) do nothing
returning name, role, sites, created_at, disabled_at, password_hash is not null as has_password, oidc_subject

-- name: users_list
-- Users by name, after a key; those whose sites all lie within the asker's.
select name, role, sites, created_at, disabled_at, password_hash is not null as has_password, oidc_subject
from users
where (%(after)s::text is null or name > %(after)s) and (%(listed)s::text[] is null or sites <@ %(listed)s)
order by name
limit %(rows)s::bigint

-- name: user_one
-- One user, held until the transaction ends.
select name, role, sites, created_at, disabled_at, password_hash is not null as has_password, oidc_subject
from users where name = %(name)s for update

-- name: user_change
-- Change a user's role, sites, or whether they may come in.
update users set role = %(role)s, sites = %(sites)s::text[],
                 disabled_at = case when %(disabled)s then coalesce(disabled_at, now()) end
where name = %(name)s
returning name, role, sites, created_at, disabled_at, password_hash is not null as has_password, oidc_subject

-- name: user_password
-- Give a user a new password.
update users set password_hash = %(password_hash)s, password_changed_at = now() where name = %(name)s returning name

-- name: oidc_leave
-- A browser goes to the OpenID provider.
insert into oidc_logins (state_hash, nonce, code_verifier, go_to, expires_at)
values (%(state)s, %(nonce)s, %(verifier)s, %(to)s, now() + make_interval(secs => %(seconds)s))

-- name: oidc_return
-- It came back; it comes back once.
delete from oidc_logins where state_hash = %(state)s and expires_at > now() returning nonce, code_verifier, go_to

-- name: oidc_forget
-- Logins that never came back, a few at each use.
delete from oidc_logins where state_hash in (select state_hash from oidc_logins where expires_at < now() limit 100)

-- name: oidc_user
-- Whom the provider means, held until the transaction ends.
select name, role, sites, created_at, disabled_at, password_hash is not null as has_password, oidc_subject
from users where oidc_subject = %(subject)s for update

-- name: oidc_add
-- Somebody whom the provider sent for the first time.
insert into users (name, oidc_subject, role, sites) values (%(name)s, %(subject)s, %(role)s, %(sites)s::text[])
on conflict (name) do nothing
returning name, role, sites, created_at, disabled_at, password_hash is not null as has_password, oidc_subject

-- name: admins_left
-- How many could still administer everything, were this user not there.
select (select count(*) from users where role = 'admin' and sites is null and disabled_at is null and name <> %(name)s)
     + (select count(*) from tokens where role = 'admin' and sites is null and rights is null and revoked_at is null
        and (expires_at is null or expires_at > now())) as admins

-- name: gateway_add
-- Register a gateway with its secret; one that registered itself in lab mode gets one now.
insert into gateways (site, gateway, secret_hash, secret_bcrypt)
values (%(site)s, %(gateway)s, %(secret_hash)s, %(secret_bcrypt)s)
on conflict (site, gateway) do update
set secret_hash = excluded.secret_hash, secret_bcrypt = excluded.secret_bcrypt where gateways.secret_hash is null
returning gateway

-- name: site_add
-- A gateway's site exists from its first gateway on.
insert into sites (site) values (%(site)s) on conflict (site) do nothing

-- name: gateways_list
-- All gateways as an operator sees them.
select site, gateway, secret_hash is not null as has_secret, registered_at, last_event_stored_at
from gateways order by site, gateway

-- name: gateway_remove
-- Remove a gateway; what it reported stays.
delete from gateways where site = %(site)s and gateway = %(gateway)s returning gateway

-- name: gateway_secrets
-- The hashes that a broker checks passwords against.
select site, gateway, secret_hash, secret_bcrypt from gateways where secret_hash is not null order by site, gateway

-- name: gateway_secret
-- The hash that one gateway's password is checked against.
select secret_hash from gateways where site = %(site)s and gateway = %(gateway)s and secret_hash is not null
