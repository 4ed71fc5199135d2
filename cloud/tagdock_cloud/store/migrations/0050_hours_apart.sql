-- Each writer of an ingest program counts passages by hour for itself (decision 0141): what a statement counted is held until
-- its transaction ends, and the same few doors and the same hour are in every group. `throughput_v1` adds them up, as it did.

-- Where passages by hour are a table. Building its key anew holds ingest up for as long as that takes; the table has a row a
-- door and hour. Whoever does not say which writer it is, as the previous version, counts as number 0.
do $$
begin
    if to_regprocedure('count_hours()') is not null then
        -- Whoever stores movements now ends first: the function of before would find its key gone in the middle.
        lock table only movements in share mode;
        alter table hours add column writer smallint not null default 0;
        alter table hours drop constraint hours_pkey, add primary key (site, hour_at, door, writer);
        create or replace function count_hours() returns trigger language plpgsql as $count$
        begin
            insert into hours as h (site, hour_at, door, writer, in_count, out_count, pass_count, uncertain_count)
            select site, date_bin('1 hour', observed_at, '2000-01-01Z'), door,
                   coalesce(nullif(current_setting('tagdock.writer', true), ''), '0')::smallint,
                   count(*) filter (where direction = 'in'), count(*) filter (where direction = 'out'),
                   count(*) filter (where direction = 'pass'), count(*) filter (where direction = 'uncertain')
            from added where door is not null group by 1, 2, 3 order by 1, 2, 3
            on conflict (site, hour_at, door, writer) do update set
                in_count = h.in_count + excluded.in_count, out_count = h.out_count + excluded.out_count,
                pass_count = h.pass_count + excluded.pass_count,
                uncertain_count = h.uncertain_count + excluded.uncertain_count;
            return null;
        end
        $count$;
    end if;
end
$$;
