-- The floor and the goods: what a site is made of and what may stand in it.

create table sites (
    site text primary key,
    name text not null default '',
    layout_version bigint not null default 0,   -- counts imports; the layout's ETag
    layout_updated_at timestamptz,
    aisles jsonb,
    bin_door_m jsonb,
    bin_bin_m jsonb
);

create table doors (
    site text not null references sites,
    door text not null,
    x_m double precision,
    y_m double precision,
    aisle integer,
    aisle_end text check (aisle_end in ('front', 'back')),
    gap_m double precision,
    primary key (site, door)
);

create table bins (
    site text not null references sites,
    bin text not null,
    zone text,
    x_m double precision,
    y_m double precision,
    z_m double precision,
    aisle integer,
    cell integer,
    volume_m3 double precision,
    mass_kg double precision,
    items_at_most integer,
    primary key (site, bin)
);

create table skus (
    sku text primary key,
    gtin text unique check (gtin ~ '^[0-9]{14}$'),
    description text not null default '',
    volume_m3 double precision,
    mass_kg double precision,
    bins_needed integer not null default 1 check (bins_needed >= 1),
    zones text[] not null default '{}',
    family text,
    keep_apart text[] not null default '{}',
    updated_at timestamptz not null default now()
);

-- Which SKU is stored where by the present layout (an assignment, not a count).
create table bin_skus (
    site text not null,
    bin text not null,
    sku text not null,
    primary key (site, bin, sku),
    foreign key (site, bin) references bins on delete cascade
);
create index bin_skus_by_sku on bin_skus (site, sku);
