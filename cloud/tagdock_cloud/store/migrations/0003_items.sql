-- Projections: what follows from the record. They move in the transaction that stores the movement, and can be rebuilt.

-- Each item's present place and state, and what was registered of it.
create table items (
    epc text primary key,
    gtin text,                                                   -- of an SGTIN: names the SKU where nobody registered one
    sku text,
    quantity integer not null default 1 check (quantity >= 0),   -- units in the carton, as registered
    registered_at timestamptz,                                   -- null: only ever seen, never registered
    registered_site text,
    registered_bin text,
    site text not null,
    door text,
    bin text,
    state text not null check (state in ('sellable_accessible', 'in_progress', 'in_transit', 'returned', 'unknown')),
    since timestamptz not null
);
create index items_by_place on items (site, state, sku);
create index items_by_bin on items (site, bin) where bin is not null;
create index items_by_sku on items (sku);
create index items_by_gtin on items (gtin) where registered_at is null;

-- A SKU that learns its GTIN late names the items that were seen before.
create function name_items_by_gtin() returns trigger language plpgsql as $$
begin
    update items set sku = new.sku where gtin = new.gtin and registered_at is null and sku is distinct from new.sku;
    return null;
end
$$;
create trigger skus_name_items after insert or update of gtin on skus
    for each row when (new.gtin is not null) execute function name_items_by_gtin();

-- The state an item is in after a movement (dispositions of CBV 2.0). `left_before`: its last step other than `in` by a
-- door was `out` by a door, so it comes back.
create function item_state(door text, direction text, left_before boolean) returns text
language sql immutable parallel safe as $$
    select case
        when door is null and direction = 'in' then 'sellable_accessible'
        when door is null then 'in_progress'                     -- taken out of its bin, not yet out of the house
        when direction = 'out' then 'in_transit'
        when left_before then 'returned'
        else 'in_progress'
    end
$$;

-- Work out place and state of the given items from the whole record and their registration. The result depends on what
-- was observed when, not on the order in which it arrived. The caller locks the rows where others may be at them.
create function project_items(epcs text[]) returns void language sql as $$
    with seen as (
        select epc, observed_at, event_id, site, door, bin, direction from movements where epc = any (epcs)
        union all
        select epc, registered_at, '00000000-0000-0000-0000-000000000000', registered_site, null, registered_bin, 'in'
        from items where epc = any (epcs) and registered_bin is not null
    ),
    latest as (                             -- the last step; only what was never placed shows where it was first sighted
        select distinct on (epc) *, direction in ('in', 'out') as placed from seen
        order by epc, direction in ('in', 'out') desc,
                 case when direction in ('in', 'out') then observed_at end desc,
                 case when direction in ('in', 'out') then event_id end desc,
                 observed_at, event_id
    ),
    turn as (
        select distinct on (epc) epc, door is not null as left_before from seen
        where direction in ('in', 'out') and not (door is not null and direction = 'in')
        order by epc, observed_at desc, event_id desc
    )
    update items i
    set site = l.site, door = l.door, bin = case when l.direction = 'in' or not l.placed then l.bin end, since = l.observed_at,
        state = case when l.placed then item_state(l.door, l.direction, coalesce(t.left_before, false)) else 'unknown' end
    from latest l left join turn t using (epc)
    where i.epc = l.epc
$$;

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
