-- A late event moves its item by all that is on record of it. Where the record is compressed that opened every chunk: now only
-- the weeks on the list of decision 0121, and what is newer than the list. Elsewhere an index by EPC does, as before.

-- What is on record of items, as it counts. Each week is asked for by a statement of its own, planned with its times at hand:
-- so the plan leaves all other chunks out, and does not grow with the age of the record.
create function steps_of_items(epcs text[])
returns table (epc text, observed_at timestamptz, event_id uuid, site text, door text, bin text, direction text)
language plpgsql stable as $$
declare
    asked constant text := 'select m.epc, m.observed_at, m.event_id, m.site, coalesce(c.door, m.door), m.bin,
                                   coalesce(c.direction, m.direction)
                            from movements m left join corrections c using (site, observed_at, event_id)
                            where m.epc = any ($1)';
    listed constant integer := (select before_week from weeks_listed where store_flavour() = 'timescaledb');
    of_week record;
begin
    if listed is null then
        return query execute asked using epcs;
        return;
    end if;
    return query execute asked || ' and m.observed_at >= $2' using epcs, to_timestamp(listed::bigint * 604800);
    for of_week in
        select w.week::bigint * 604800 as begins_s, array_agg(e.epc) as moved
        from unnest(epcs) e (epc) join item_weeks w on w.item = item_number(e.epc)
        where w.week < listed group by w.week
    loop
        return query execute asked || ' and m.observed_at >= $2 and m.observed_at < $3'
        using of_week.moved, to_timestamp(of_week.begins_s), to_timestamp(of_week.begins_s + 604800);
    end loop;
end
$$;

do $$
begin
    if store_flavour() = 'timescaledb' then
        -- As before, but for where the steps are looked for.
        create or replace function project_items(epcs text[]) returns void language plpgsql as $project$
        begin
            with seen as (
                select * from steps_of_items(epcs)
                union all
                select epc, observed_at, event_id, site, door, bin, direction from kept_steps where epc = any (epcs)
                union all
                select epc, registered_at, '00000000-0000-0000-0000-000000000000', registered_site, null, registered_bin, 'in'
                from items where epc = any (epcs) and registered_bin is not null
            ),
            latest as (                     -- the last step; only what was never placed shows where it was first sighted
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
            set site = l.site, door = l.door, bin = case when l.direction = 'in' or not l.placed then l.bin end,
                since = l.observed_at,
                state = case when l.placed then item_state(l.door, l.direction, coalesce(t.left_before, false))
                             else 'unknown' end
            from latest l left join turn t using (epc)
            where i.epc = l.epc;
        end
        $project$;
    end if;
end
$$;
