#!/bin/sh
# Runs at every start, after the database and before the migration: the cloud has a role that owns its database but is no
# superuser, Grafana and slotting one each that may do what grants.sql says and no more. What is missing is made, also in
# a database that is older than a role; passwords are those of the secrets.
#
#     roles HOST:PORT...        as PostgreSQL's superuser, on each of these servers
set -eu
PGPASSWORD=$(cat /run/secrets/postgres_password)
PGCONNECT_TIMEOUT=10
export PGPASSWORD PGCONNECT_TIMEOUT
roles() {
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
        --set owner_password="$(cat /run/secrets/database_password)" \
        --set grafana_password="$(cat /run/secrets/grafana_password)" \
        --set slotting_password="$(cat /run/secrets/slotting_password)" <<'END'
SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY['tagdock', 'tagdock_grafana', 'tagdock_slotting']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE tagdock PASSWORD :'owner_password';
ALTER ROLE tagdock_grafana PASSWORD :'grafana_password' CONNECTION LIMIT 20;
ALTER ROLE tagdock_grafana SET default_transaction_read_only = on;
ALTER ROLE tagdock_grafana SET statement_timeout = '30s';
ALTER ROLE tagdock_slotting PASSWORD :'slotting_password' CONNECTION LIMIT 20;
SELECT format('ALTER DATABASE %I OWNER TO tagdock', current_database()) \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO tagdock_grafana, tagdock_slotting', current_database()) \gexec
END
}
for server in "$@"; do
    PGHOST=${server%:*} PGPORT=${server##*:}
    export PGHOST PGPORT
    roles
done
