-- Tasks can be followed as they change.

-- A change of a task has a name of its own, by which a stream goes on after it.
create function move_change_id(plan_id uuid, step integer, changed_at timestamptz) returns uuid
language sql immutable parallel safe as $$
    select md5(plan_id::text || ' ' || step::text || ' ' || extract(epoch from changed_at)::text)::uuid
$$;

-- When a task changed is when it was written, not when its transaction began: who follows tasks looks back a little only,
-- and a plan of ten thousand moves takes a while to be approved.
create function touch_move() returns trigger language plpgsql as $$
begin
    new.changed_at := clock_timestamp();
    return new;
end
$$;
create trigger moves_changed before insert or update on moves for each row execute function touch_move();

create index moves_by_change on moves (changed_at);
