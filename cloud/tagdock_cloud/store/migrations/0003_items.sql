-- Projections: what follows from the record. They move in the transaction that stores the movement, and can be rebuilt.

-- Each item's present place and state. `since` only ever grows: a late movement never turns an item back.
create table items (
    epc text primary key,
    sku text,
    quantity integer not null default 1 check (quantity >= 0),   -- units in the carton, as registered
    registered_at timestamptz,                                   -- null: only ever seen, never registered
    site text not null,
    door text,
    bin text,
    state text not null check (state in ('sellable_accessible', 'in_progress', 'in_transit', 'returned', 'unknown')),
    since timestamptz not null
);
create index items_by_place on items (site, state, sku);
create index items_by_bin on items (site, bin) where bin is not null;
create index items_by_sku on items (sku);

-- Passages by SKU, door and UTC day.
create table flows (
    site text not null,
    day date not null,
    sku text not null,                      -- '' where the item's SKU is not known
    door text not null,
    in_count bigint not null default 0,
    out_count bigint not null default 0,
    primary key (site, day, sku, door)
);
