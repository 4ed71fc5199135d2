-- name: has_role
-- Whether the service's role exists.
select from pg_roles where rolname = %(role)s

-- name: set_password
-- Leave the password where the next statement finds it: a utility statement takes no parameters.
select set_config('tagdock.password', %(password)s, false)

-- name: add_role
-- The service's role: it owns its database and nothing else, so it can run no program and read no file.
do $$ begin execute format('create role tagdock login password %L', current_setting('tagdock.password')); end $$

-- name: let_make_databases
-- A backup is verified in a database beside its own.
alter role tagdock createdb

-- name: has_database
-- Whether the service's database exists.
select from pg_database where datname = %(role)s

-- name: add_database
-- The service's database.
create database tagdock owner tagdock
