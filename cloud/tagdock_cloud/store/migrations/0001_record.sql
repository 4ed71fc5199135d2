-- The record: what gateways reported, as it came, never changed afterwards.
--
-- One schema, two flavours: where TimescaleDB is loaded the three time series are hypertables, elsewhere native range
-- partitions by month. The key (site, observed_at, event_id) serves both, and a database distributed by site.

create table gateways (
    site text not null,
    gateway text not null,
    secret_hash text,                       -- as in mosquitto's password file; null: registered itself in lab mode
    registered_at timestamptz not null default now(),
    status jsonb,                           -- the last status message, whole
    status_at timestamptz,                  -- when that message was received here
    last_event_stored_at timestamptz,
    primary key (site, gateway)
);

-- Batches that were refused, with the reason; the newest are kept.
create table refused_batches (
    refused_at timestamptz not null default now(),
    refusal_id bigint generated always as identity primary key,
    site text not null,
    gateway text not null,
    epoch uuid,
    seq bigint,
    reason text not null,
    payload bytea not null                  -- bounded by the contract's largest payload
);
create unique index refused_batches_once on refused_batches (site, gateway, epoch, seq) where epoch is not null;

-- What each ingest program has done, counted in the transactions that did it, so the counts can't drift from the record.
create table ingests (
    client_id text primary key,
    started_at timestamptz not null default now(),
    events_stored bigint not null default 0,
    events_doubled bigint not null default 0,       -- delivered again; the record already had them
    batches_committed bigint not null default 0,
    batches_refused bigint not null default 0,
    groups_committed bigint not null default 0,
    last_group_events integer,
    last_lag_s double precision,                    -- from the group's oldest `sent_at` to its commit
    last_committed_at timestamptz
);

do $$
declare
    -- Its settings are there where the server has loaded it, and anybody may look; shared_preload_libraries is for few.
    timescale boolean := exists (select from pg_available_extensions where name = 'timescaledb')
        and exists (select from pg_settings where name like 'timescaledb.%');
    flavour text := case when timescale then '' else 'partition by range (observed_at)' end;
    series text;
begin
    if timescale then
        create extension if not exists timescaledb;
    end if;

    execute $table$ create table movements (
        site text not null,
        observed_at timestamptz not null,
        event_id uuid not null,
        stored_at timestamptz not null default now(),
        gateway text not null,
        epc text not null,
        epc_hex text not null,
        sku text,                           -- as known when it was stored
        door text,
        bin text,
        direction text not null check (direction in ('in', 'out', 'pass', 'uncertain')),
        confidence real not null check (confidence between 0 and 1),
        evidence jsonb not null default '{}',
        primary key (site, observed_at, event_id),
        check (num_nonnulls(door, bin) = 1)
    ) $table$ || flavour;

    execute $table$ create table bin_readings (
        site text not null,
        observed_at timestamptz not null,
        event_id uuid not null,
        stored_at timestamptz not null default now(),
        gateway text not null,
        bin text not null,
        quantity text not null,
        value double precision not null,
        quality text not null,
        primary key (site, observed_at, event_id)
    ) $table$ || flavour;

    execute $table$ create table reader_events (
        site text not null,
        observed_at timestamptz not null,
        event_id uuid not null,
        stored_at timestamptz not null default now(),
        gateway text not null,
        reader text not null,
        antenna integer,
        state text not null,
        detail text not null default '',
        primary key (site, observed_at, event_id)
    ) $table$ || flavour;

    if timescale then
        foreach series in array array['movements', 'bin_readings', 'reader_events'] loop
            perform create_hypertable(series, 'observed_at', chunk_time_interval => interval '7 days');
        end loop;
    end if;
end
$$;

create index movements_by_epc on movements (epc, observed_at desc);
create index movements_by_stored_at on movements (site, stored_at);
create index bin_readings_by_bin on bin_readings (site, bin, quantity, observed_at desc);

-- Make the monthly partitions that hold the given times; nothing to do on hypertables. Safe to call at once from
-- several sessions: they queue on the advisory lock, and only where a partition is really missing.
create function ensure_partitions(first_at timestamptz, last_at timestamptz) returns void
language plpgsql as $$
declare
    series text;
    month_at timestamp;                     -- months are cut in UTC, whatever the session's time zone
    child text;
begin
    foreach series in array array['movements', 'bin_readings', 'reader_events'] loop
        if (select relkind from pg_class where oid = series::regclass) <> 'p' then
            continue;
        end if;
        month_at := date_trunc('month', first_at at time zone 'UTC');
        while month_at <= last_at at time zone 'UTC' loop
            child := format('%s_%s', series, to_char(month_at, 'YYYY_MM'));
            if to_regclass(child) is null then
                perform pg_advisory_xact_lock(hashtext('tagdock.partitions'));
                execute format('create table if not exists %I partition of %I for values from (%L) to (%L)', child, series,
                               month_at at time zone 'UTC', (month_at + interval '1 month') at time zone 'UTC');
            end if;
            month_at := month_at + interval '1 month';
        end loop;
    end loop;
end
$$;
select ensure_partitions(now() - interval '1 month', now() + interval '2 months');
