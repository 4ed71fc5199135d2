-- What EPCIS needs to know of places and parties, what it said beside the log, and how long all of it is kept.

-- Who a site is in EPCIS: its GLN with extension, the prefix of addresses for its places, and the GLN of the company that runs it.
create table epcis_sites (
    site text primary key references sites,
    gln text check (gln ~ '^[0-9]{13}$'),
    extension text,
    company_prefix_digits smallint check (company_prefix_digits between 6 and 12),  -- null: unknown, so no URN can be written
    uri_prefix text,
    party_gln text check (party_gln ~ '^[0-9]{13}$')
);

-- Doors and bins that have a GLN of their own.
create table epcis_places (
    site text not null references sites,
    place text not null,                        -- door/D1 or bin/A-01-1
    gln text not null check (gln ~ '^[0-9]{13}$'),
    extension text,
    company_prefix_digits smallint check (company_prefix_digits between 6 and 12),
    primary key (site, place)
);

-- Every name that a place ever had, for ever: no other place may get it, and the place answers to it.
create table epcis_place_names (
    uri text primary key,                       -- canonical
    site text not null,
    place text not null                         -- '': the site itself
);
create index epcis_place_names_by_place on epcis_place_names (site, place);
create table epcis_place_prefixes (
    prefix text primary key,
    site text not null
);

-- What an event of the log says beside its row: other names of its places, transactions, sources, destinations. Written once
-- for all events that say the same, never changed: their ids are made of it.
create table epcis_said (
    said_id integer generated always as identity primary key,
    digest bytea not null unique,
    said jsonb not null
);
create index epcis_said_words on epcis_said using gin (said jsonb_path_ops);
alter table epcis_told add column said_id integer;          -- null: nothing
create index epcis_told_by_said on epcis_told (said_id, observed_at, number) where said_id is not null;

-- Which session a passage fell into.
create index door_sessions_by_door on door_sessions (site, door, opened_at desc);

-- How long events are kept, ours and captured ones, counted from when they were recorded.
create table epcis_keeping (
    is_one boolean primary key default true check (is_one),
    keep_days integer check (keep_days >= 31),              -- null: for ever
    begins_at timestamptz                                   -- what was recorded before may be gone
);
insert into epcis_keeping default values;

-- Up to when events may be forgotten now: nothing that a subscriber still has to be told. Null: nothing at all.
create function epcis_forgettable() returns timestamptz language sql stable as $$
    select least(now() - make_interval(days => k.keep_days), (select min(s.after_at) from epcis_subscriptions s))
    from epcis_keeping k where k.keep_days is not null
$$;

-- Forget a step of the oldest events; returns how many.
create function epcis_forget(before timestamptz, most integer) returns integer language plpgsql as $$
declare
    told integer;
    captured integer;
begin
    update epcis_keeping set begins_at = before where begins_at is null or begins_at < before;
    delete from epcis_told t using (
        select recorded_at, number from epcis_told where recorded_at < before order by recorded_at, number limit most
    ) old where (t.recorded_at, t.number) = (old.recorded_at, old.number);
    get diagnostics told = row_count;
    delete from epcis_captured c using (
        select number from epcis_captured where recorded_at < before order by recorded_at, number limit most
    ) old where c.number = old.number;
    get diagnostics captured = row_count;
    delete from epcis_jobs j using (
        select job_id from epcis_jobs where finished_at < before order by created_at limit most
    ) old where j.job_id = old.job_id;
    return greatest(told, captured);
end
$$;

-- An instant as JSON has it; null for any other text, so that a comparison can ask anything.
create function epcis_instant(written text) returns timestamptz language plpgsql immutable as $$
begin
    if written !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]' then
        return null;
    end if;
    return written::timestamptz;
exception when others then
    return null;
end
$$;
