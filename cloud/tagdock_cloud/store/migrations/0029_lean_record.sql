-- A lean record: what ingest pays for each movement (decision 0096).

-- Evidence as the gateway said it; taking it apart costs more than storing it, and few of it is ever read. `evidence` is
-- what versions before wrote; where `evidence_said` stands, it counts. The contract has made sure that it is JSON.
alter table movements add column evidence_said text;

create or replace view settled_movements as
select m.site, m.observed_at, m.stored_at, m.event_id, m.gateway, m.epc, m.epc_hex, m.sku, coalesce(c.door, m.door) as door,
       m.bin, coalesce(c.direction, m.direction) as direction, m.confidence, coalesce(m.evidence_said::jsonb, m.evidence) as evidence,
       c.kind as correction, c.corrected_at
from movements m left join corrections c using (site, observed_at, event_id)
where c.direction is distinct from 'none';

-- A group moves many items of a page at once: with half a page free they all stay on it (HOT), even where the versions of the
-- group before are still seen by somebody. Pages fill up to that from now on; none is rewritten.
alter table items set (fillfactor = 50);

-- Where passages by hour are a table: the same counts, by arithmetic instead of a calendar.
do $$
begin
    if to_regprocedure('count_hours()') is not null then
        create or replace function count_hours() returns trigger language plpgsql as $count$
        begin
            insert into hours as h
            select site, date_bin('1 hour', observed_at, '2000-01-01Z'), door,
                   count(*) filter (where direction = 'in'), count(*) filter (where direction = 'out'),
                   count(*) filter (where direction = 'pass'), count(*) filter (where direction = 'uncertain')
            from added where door is not null group by 1, 2, 3 order by 1, 2, 3
            on conflict (site, hour_at, door) do update set
                in_count = h.in_count + excluded.in_count, out_count = h.out_count + excluded.out_count,
                pass_count = h.pass_count + excluded.pass_count,
                uncertain_count = h.uncertain_count + excluded.uncertain_count;
            return null;
        end
        $count$;
    end if;
end
$$;

-- Differences of stock: each side is added up before the two meet.
create or replace function count_stock() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into stock_deltas select site, sku, bin, state, count(*), sum(quantity) from added group by 1, 2, 3, 4;
    elsif tg_op = 'DELETE' then
        insert into stock_deltas select site, sku, bin, state, -count(*), -sum(quantity) from removed group by 1, 2, 3, 4;
    else
        insert into stock_deltas
        select site, sku, bin, state, sum(n), sum(units)
        from (select site, sku, bin, state, count(*) as n, sum(quantity) as units from added group by 1, 2, 3, 4
              union all select site, sku, bin, state, -count(*), -sum(quantity) from removed group by 1, 2, 3, 4) changed
        group by 1, 2, 3, 4
        having sum(n) <> 0 or sum(units) <> 0;
    end if;
    return null;
end
$$;
