-- The columns of the views that slotting reads and the functions that it calls, as the service's database has them.
create table bins_v1 (site text, bin text, zone text, x_m double precision, y_m double precision, z_m double precision,
    aisle integer, cell integer, volume_m3 double precision, mass_kg double precision, items_at_most integer, skus text[]);
create table doors_v1 (site text, door text, x_m double precision, y_m double precision, aisle integer, aisle_end text,
    gap_m double precision);
create table skus_v1 (sku text, gtin text, description text, volume_m3 double precision, mass_kg double precision,
    bins_needed integer, zones text[], family text, keep_apart text[]);
create table flows_v1 (site text, sku text, door text, day date, "in" bigint, "out" bigint, order_lines bigint);
create table movements_v1 (site text, observed_at timestamptz, sku text, door text, direction text,
                           settled_door text generated always as (door) stored,
                           settled_direction text generated always as (direction) stored);
create table layouts_v1 (site text, version bigint, aisles jsonb, bin_door_m jsonb, bin_bin_m jsonb, updated_at timestamptz);
create table plans_v1 (site text, plan_id uuid primary key, asked_at timestamptz not null default now(), asked_by text,
    request jsonb, state text default 'asked', problem jsonb, plan jsonb, error text);

create function plan_start_v1(plan_id uuid, problem jsonb) returns void language sql as $$
    update plans_v1 p set state = 'solving', problem = plan_start_v1.problem, error = null
    where p.plan_id = plan_start_v1.plan_id and p.state in ('asked', 'solving', 'failed')
$$;
create function plan_finish_v1(plan_id uuid, plan jsonb) returns void language sql as $$
    update plans_v1 p set state = 'done', plan = plan_finish_v1.plan, error = null
    where p.plan_id = plan_finish_v1.plan_id and p.state in ('asked', 'solving', 'failed')
$$;
create function plan_fail_v1(plan_id uuid, reason text) returns void language sql as $$
    update plans_v1 p set state = 'failed', error = left(reason, 2000)
    where p.plan_id = plan_fail_v1.plan_id and p.state in ('asked', 'solving')
$$;
