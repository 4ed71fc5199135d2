-- PostgreSQL compiles (`jit`) what it believes to be dear. Over partitions it believes that of statements that touch a few rows,
-- and a new connection's first group of movements took two seconds instead of a tenth. For every later connection, Grafana's too.
do $$
begin
    execute format('alter database %I set jit = off', current_database());
exception when insufficient_privilege then
    raise notice 'the database belongs to somebody else: ask its owner for ALTER DATABASE % SET jit = off', current_database();
end
$$;
