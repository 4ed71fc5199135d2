-- What the record of movements still needs.

-- ---- Where in a compressed record an item is (decision 0121) ----

-- In which weeks an item moved, so that its history opens those alone, however old the record is: compressed chunks have no
-- index by EPC, and planning over every chunk costs, too. Half an MD5 stands for the EPC: what two share is looked at in
-- vain, and unlike `hashtext` it stays what it is when a backup is restored by another version. Weeks are counted from
-- 1970-01-01, as TimescaleDB cuts chunks.
create table item_weeks (
    item bigint not null,
    week integer not null,
    primary key (item, week)
);

-- What tags were called whose bits do not tell by themselves.
create table named_bits (
    epc_hex text not null,
    epc text not null,
    primary key (epc_hex, epc)
);

-- How far both are listed: all that was observed before this week. Null: nothing yet, or never, as where nothing is
-- compressed an index by EPC does.
create table weeks_listed (
    is_one boolean primary key default true check (is_one),
    before_week integer
);
insert into weeks_listed default values;

create function item_number(epc text) returns bigint language sql immutable parallel safe as
    $$ select ('x' || left(md5(epc), 16))::bit(64)::bigint $$;
create function week_of(at timestamptz) returns integer language sql immutable parallel safe as
    $$ select floor(extract(epoch from at) / 604800)::integer $$;
-- Whether only the record can tell what a tag with these bits is called; as the index `movements_by_hex` says it.
create function is_nameless(epc_hex text, epc text) returns boolean language sql immutable parallel safe as
    $$ select left(epc_hex, 2) not in ('30', '31') and epc not like 'urn:epc:raw:%' $$;

-- A movement that comes late is listed with it. A duty (keeping/weeks.py) lists the others two weeks after their week has
-- passed; what is stored later than one week after it comes this way, so between the two nothing slips through unless a
-- transaction takes a week.
create function list_late_movement() returns trigger language plpgsql as $$
begin
    insert into item_weeks values (item_number(new.epc), week_of(new.observed_at)) on conflict do nothing;
    if is_nameless(new.epc_hex, new.epc) then
        insert into named_bits values (upper(new.epc_hex), new.epc) on conflict do nothing;
    end if;
    return new;
end
$$;
do $$
begin
    if store_flavour() = 'timescaledb' then
        create trigger movements_list_late before insert on movements
        for each row when (new.observed_at < now() - interval '7 days') execute function list_late_movement();
    end if;
end
$$;
