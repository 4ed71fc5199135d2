-- name: one_moment
-- Everything that follows sees the database as it is now.
set transaction isolation level repeatable read read only;

-- name: no_deadline
-- Copying a large table takes as long as it takes.
set local statement_timeout = 0;

-- name: about
-- Which schema and flavour it is, and the moment of the snapshot.
select (select version_num from alembic_version) as revision, now() as made_at,
       coalesce((select extname from pg_extension where extname in ('citus', 'timescaledb')), 'plain') as flavour;

-- name: span
-- From when to when the record goes, for the partitions that must exist.
select min(first_at) as first_at, max(last_at) as last_at
from (select min(observed_at) as first_at, max(observed_at) as last_at from movements
      union all select min(observed_at), max(observed_at) from bin_readings
      union all select min(observed_at), max(observed_at) from reader_events) series;

-- name: has_schema
-- Whether anything is in the database that an extension did not bring.
select exists (
    select from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S')
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
) as filled;

-- name: tables
-- Tables with their columns and the statements that copy them; not partitions, not what an extension brought.
select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns,
       format('copy (select %s from %I) to stdout', string_agg(format('%I', a.attname), ', ' order by a.attnum), c.relname) as copy_out,
       format('copy %I (%s) from stdin', c.relname, string_agg(format('%I', a.attname), ', ' order by a.attnum)) as copy_in
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  and c.relname not in ('alembic_version')
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
group by c.relname
order by c.relname;

-- name: references
-- Which table refers to which.
select distinct conrelid::regclass::text as from_table, confrelid::regclass::text as to_table
from pg_constraint
where contype = 'f' and conrelid <> confrelid and connamespace = 'public'::regnamespace;

-- name: ensure_partitions
-- Make room for the record.
select ensure_partitions(%(first_at)s, %(last_at)s);

-- name: empty
-- Migrations leave some rows in some tables; the backup has them too.
select format('truncate %%s', string_agg(format('%%I', name), ', ')) as statement from unnest(%(tables)s::text[]) as name;

-- name: triggers
-- Our own triggers: the rows are restored as they were, with what once followed from them. Dropped and made again, as
-- TimescaleDB's new chunks take triggers over, but not that they are disabled.
select format('drop trigger %%I on %%I', t.tgname, c.relname) as off, pg_get_triggerdef(t.oid) as on_again
from pg_trigger t join pg_class c on c.oid = t.tgrelid
where not t.tgisinternal and t.tgname not like 'ts\_%%' and t.tgname <> all (%(but)s::text[])
  and c.relnamespace = 'public'::regnamespace and not c.relispartition
order by c.relname, t.tgname;

-- name: sequences
-- Numbers go on behind the highest one that was given.
select format('select setval(%%L::regclass, greatest((select max(%%I) from %%I), 1), (select count(*) > 0 from %%I))',
              pg_get_serial_sequence(format('%%I', c.relname), a.attname), a.attname, c.relname, c.relname) as statement
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'public'::regnamespace and c.relname = any (%(tables)s)
  and pg_get_serial_sequence(format('%%I', c.relname), a.attname) is not null;

-- name: wipe
-- Everything goes, for a restore that was forced.
drop schema public cascade;

-- name: make_schema
-- And an empty one comes, which everybody may enter, as in a new database: without that no right on a view helps.
create schema public;
grant usage on schema public to public;

-- name: scratch_statements
-- A database for a while; utility statements take no parameters.
select format('create database %%I template template0', %(name)s::text) as make,
       format('drop database if exists %%I with (force)', %(name)s::text) as drop_it;
