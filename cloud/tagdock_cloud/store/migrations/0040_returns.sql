-- Cases of returns, and their inspections.

-- Under which terms goods are taken back: a site's own go before the house's (site null).
create table return_terms (
    site text,
    deadline_days integer not null check (deadline_days between 0 and 3650),     -- from buying to applying
    grace_days integer not null check (grace_days between 0 and 3650),           -- from applying to the door
    warranty_days integer not null check (warranty_days between 0 and 36500),    -- from buying to asking for a repair
    needs text[] not null,                      -- details that an application has to have
    refuses_own_fault boolean not null,         -- whether what the customer broke is refused
    reasons jsonb not null,                     -- reason -> {liability, own_fault}
    holding_zone text,                          -- where what came unannounced is put
    updated_at timestamptz not null default now(),
    updated_by text not null default ''
);
create unique index return_terms_of on return_terms (site) nulls not distinct;
-- Fourteen days to withdraw and fourteen to send it (2011/83/EU, articles 9 and 14), two years' warranty (2019/771, article 10).
insert into return_terms (deadline_days, grace_days, warranty_days, needs, refuses_own_fault, reasons)
values (14, 14, 730, '{order}', true, '{
    "changed_mind": {"liability": "customer", "own_fault": false}, "misused": {"liability": "customer", "own_fault": true},
    "refused": {"liability": "customer", "own_fault": false}, "cancelled": {"liability": "customer", "own_fault": false},
    "defective": {"liability": "product", "own_fault": false}, "not_as_described": {"liability": "product", "own_fault": false},
    "wrong_item": {"liability": "warehouse", "own_fault": false}, "bad_package": {"liability": "warehouse", "own_fault": false},
    "damaged_in_transit": {"liability": "carrier", "own_fault": false}, "not_delivered": {"liability": "carrier", "own_fault": false},
    "late": {"liability": "carrier", "own_fault": false}}');

create table returns (
    case_ref text primary key,
    site text not null,
    kind text not null check (kind in ('self_return', 'undelivered', 'refused', 'exchange', 'repair')),
    state text not null check (state in ('declined', 'announced', 'on_hold', 'received', 'decided', 'closed', 'cancelled')),
    reason text not null,                       -- `unannounced` where nobody applied
    note text not null default '',
    order_id text,
    customer text,                              -- a reference of somebody else's system
    bought_at timestamptz,
    carrier text,
    tracking text,
    photo text,
    liability text check (liability in ('customer', 'carrier', 'product', 'warehouse')),
    freight_payer text check (freight_payer in ('customer', 'carrier', 'house')),
    claim_state text check (claim_state in ('open', 'paid', 'refused')),
    claim_ref text,
    findings jsonb not null default '[]',       -- what stands against it: [{rule, text}]
    overruled text[] not null default '{}',     -- rules that a manager set aside for it
    reshipped_order text,
    refunded_at timestamptz,
    exchanged_at timestamptz,
    applied_at timestamptz not null default now(),
    applied_by text not null,
    received_at timestamptz,
    decided_at timestamptz,
    closed_at timestamptz
);
create index returns_of_site on returns (site, state, applied_at);
create index returns_by_age on returns (applied_at, case_ref);
create index returns_of_order on returns (order_id) where order_id is not null;

create table return_lines (
    case_ref text not null references returns,
    line integer not null,
    epc text,                                   -- null: only its SKU was told, and it has not come yet
    sku text,
    quantity integer not null default 1 check (quantity between 1 and 1000000),
    received_at timestamptz,
    grade text check (grade in ('A', 'B', 'C')),        -- when it was decided
    outcome text check (outcome in ('restock', 'repack', 'repair', 'exchange', 'scrap', 'back_to_supplier', 'back_to_customer')),
    outcome_at timestamptz,
    outcome_by text,
    done_at timestamptz,                        -- the goods are where the outcome leads
    primary key (case_ref, line),
    check (epc is not null or sku is not null)
);
create index return_lines_of_item on return_lines (epc) where epc is not null;
create index return_lines_awaited on return_lines (sku) where epc is null and received_at is null;

-- What became of a case, only added to.
create table return_news (
    number bigint generated always as identity primary key,
    case_ref text not null references returns,
    site text not null,
    at timestamptz not null default clock_timestamp(),
    event text not null,
    actor text not null,
    detail jsonb not null default '{}'
);
create index return_news_of on return_news (case_ref, number);
create function return_news_stay() returns trigger language plpgsql as $$
begin
    raise exception 'what became of a return is only ever added to' using errcode = 'integrity_constraint_violation';
end
$$;
create trigger return_news_stay before update or delete on return_news for each row execute function return_news_stay();
create trigger return_news_are_not_emptied before truncate on return_news for each statement execute function return_news_stay();

-- Items whose lives turned, until a duty told the cases: came, left, may be sold again, are gone.
create table lives_turned (
    number bigint generated always as identity primary key,
    epc text not null
);
create function note_turn() returns trigger language plpgsql as $$
declare
    away constant text[] := array['in_transit', 'retail_sold', 'dispensed', 'stolen', 'unknown'];
begin
    if old.state = '' and new.disposition <> 'returned' then
        return null;                            -- a life that begins with something that is here
    end if;
    if (old.disposition = any (away)) <> (new.disposition = any (away)) or new.is_sellable and not old.is_sellable
       or new.disposition in ('destroyed', 'disposed') then
        insert into lives_turned (epc) values (new.epc);
    end if;
    return null;
end
$$;
create trigger lives_turn after update on lives for each row execute function note_turn();

create view returns_v1 as
select case_ref, site, kind, state, reason, order_id, liability, freight_payer, claim_state, reshipped_order, refunded_at,
       exchanged_at, applied_at, received_at, decided_at, closed_at
from returns;

create view return_lines_v1 as
select l.case_ref, r.site, l.line, l.epc, coalesce(l.sku, i.sku) as sku, l.quantity, l.received_at, l.grade, l.outcome,
       l.outcome_at, l.done_at
from return_lines l join returns r using (case_ref) left join items i on i.epc = l.epc;

-- How long each item was in each state; `until` null: it still is. A step that was withdrawn never was.
create view life_stays_v1 as
select site, epc, state, disposition, since, until, extract(epoch from coalesce(until, now()) - since)::float8 as seconds, actor
from (
    select s.site, s.epc, s.to_state as state, s.disposition, s.at as since, s.actor,
           lead(s.at) over (partition by s.epc order by s.at, s.number) as until
    from life_steps s
    where s.kind in ('begun', 'taken', 'settled')
      and not exists (select from life_steps w where w.closes = s.step_id and w.kind = 'withdrawn')
) stays;
