-- Runs after each migration, as the schema's owner: Grafana reads the views named *_v1, and no table.
\set ON_ERROR_STOP on
SELECT format('GRANT SELECT ON %I.%I TO tagdock_grafana', schemaname, viewname)
FROM pg_views
WHERE schemaname = 'public' AND viewname LIKE '%\_v1' AND viewowner = current_user \gexec
