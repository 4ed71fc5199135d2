-- name: token_add
-- Add an API token under a name that no token in force has.
insert into tokens (token_hash, name, role, sites, rights, expires_at, created_by)
select %(token_hash)s, %(name)s, %(role)s, %(sites)s::text[], %(rights)s::text[], %(expires_at)s::timestamptz,
       %(created_by)s
where not exists (select from tokens
                  where name = %(name)s and revoked_at is null and (expires_at is null or expires_at > now()))
returning name

-- name: tokens_list
-- All tokens, those in force first.
select name, role, sites, rights, created_at, created_by, expires_at, revoked_at from tokens
order by revoked_at nulls first, name, created_at

-- name: token_revoke
-- Revoke a token by name.
update tokens set revoked_at = now() where name = %(name)s and revoked_at is null returning name

-- name: token_caller
-- Who holds this token.
select name, role, sites, rights from tokens
where token_hash = %(token_hash)s and revoked_at is null and (expires_at is null or expires_at > now())

-- name: gateway_add
-- Register a gateway with its secret; one that registered itself in lab mode gets one now.
insert into gateways (site, gateway, secret_hash) values (%(site)s, %(gateway)s, %(secret_hash)s)
on conflict (site, gateway) do update set secret_hash = excluded.secret_hash where gateways.secret_hash is null
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
select site, gateway, secret_hash from gateways where secret_hash is not null order by site, gateway

-- name: gateway_secret
-- The hash that one gateway's password is checked against.
select secret_hash from gateways where site = %(site)s and gateway = %(gateway)s and secret_hash is not null
