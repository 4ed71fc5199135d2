#!/bin/sh
# Runs once, when the database's volume is new: the cloud gets a role that owns its database but is no superuser,
# Grafana and slotting one each that may do what grants.sql says and no more.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set owner_password="$(cat /run/secrets/database_password)" \
    --set grafana_password="$(cat /run/secrets/grafana_password)" \
    --set slotting_password="$(cat /run/secrets/slotting_password)" <<'END'
CREATE ROLE tagdock LOGIN PASSWORD :'owner_password';
CREATE ROLE tagdock_grafana LOGIN PASSWORD :'grafana_password' CONNECTION LIMIT 20;
ALTER ROLE tagdock_grafana SET default_transaction_read_only = on;
ALTER ROLE tagdock_grafana SET statement_timeout = '30s';
CREATE ROLE tagdock_slotting LOGIN PASSWORD :'slotting_password' CONNECTION LIMIT 20;
SELECT format('ALTER DATABASE %I OWNER TO tagdock', current_database()) \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO tagdock_grafana, tagdock_slotting', current_database()) \gexec
END
