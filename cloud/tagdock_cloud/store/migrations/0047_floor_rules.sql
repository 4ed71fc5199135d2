-- What a site's floor is asked to do without anybody asking: put away what came in, pick and pack what is ordered.

create table floor_rules (
    site text primary key,
    put_away boolean not null default false,    -- what comes in by a door
    pick_ahead interval check (pick_ahead between interval '0' and interval '31 days'),     -- orders due within so long; null: none
    pack boolean not null default false,        -- an order when all of it is picked
    changed_at timestamptz not null default clock_timestamp()   -- what came in before is not asked about
);

alter table tasks add column by_rule boolean not null default false;
create index tasks_of_orders on tasks (site, order_id) where order_id is not null;
create index tasks_of_arrivals on tasks (epc, opened_at) where kind = 'put_away';

alter table orders add column picked_as timestamptz;    -- `updated_at` of what its picks were opened for
alter table orders add column pack_asked_at timestamptz;
create index orders_to_pick on orders (site, due_at)
    where kind = 'outbound' and cancelled_at is null and completed_at is null and picked_as is distinct from updated_at;
create index orders_to_pack on orders (site)
    where kind = 'outbound' and cancelled_at is null and completed_at is null and picked_as is not null and pack_asked_at is null;

-- Where most of a SKU lies, to be taken from or put beside; null: in no bin.
create function fullest_bin(of_site text, of_sku text) returns text language sql stable as $$
    select bin
    from (select bin, items from stock_counts where (site, sku) = (of_site, of_sku) and bin is not null
          union all select bin, items from stock_deltas where (site, sku) = (of_site, of_sku) and bin is not null) c
    group by bin having sum(items) > 0
    order by sum(items) desc, bin limit 1
$$;
