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
    request jsonb, state text default 'asked', problem jsonb, plan jsonb, error text, progress jsonb, rates jsonb,
    cancel_asked_at timestamptz, walks jsonb);
create table moves_v1 (site text, plan_id uuid, step integer, from_bin text, to_bin text, state text);
create table door_sessions_v1 (site text, session_id integer, kind text, opened_at timestamptz);
create table session_goods_v1 (site text, session_id integer, sku text, verdict text);
create table plan_pictures (plan_id uuid, what text, svg text);

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
create function plan_progress_v1(plan_id uuid, progress jsonb) returns boolean language sql as $$
    update plans_v1 p set progress = plan_progress_v1.progress
    where p.plan_id = plan_progress_v1.plan_id and p.state = 'solving'
    returning p.cancel_asked_at is not null
$$;
create function plan_note_v1(plan_id uuid, name text, note jsonb) returns void language sql as $$
    update plans_v1 p set rates = case when name = 'rates' then note else p.rates end,
                          walks = case when name = 'walks' then note else p.walks end
    where p.plan_id = plan_note_v1.plan_id and p.state = 'solving'
$$;
create function plan_picture_v1(plan_id uuid, what text, svg text) returns void language sql as $$
    insert into plan_pictures values (plan_id, what, svg)
$$;

create table questions (question_id uuid primary key, kind text, problem jsonb, time_limit_s double precision, seed integer,
                        state text default 'asked', answer jsonb, error text);
create function question_start_v1(question_id uuid)
returns table (kind text, problem jsonb, time_limit_s double precision, seed integer) language sql as $$
    update questions q set state = 'solving' where q.question_id = question_start_v1.question_id and q.state in ('asked', 'solving')
    returning q.kind, q.problem, q.time_limit_s, q.seed
$$;
create function question_finish_v1(question_id uuid, answer jsonb) returns void language sql as $$
    update questions q set state = 'done', answer = question_finish_v1.answer
    where q.question_id = question_finish_v1.question_id and q.state = 'solving'
$$;
create function question_fail_v1(question_id uuid, reason text) returns void language sql as $$
    update questions q set state = 'failed', error = left(reason, 2000)
    where q.question_id = question_fail_v1.question_id and q.state in ('asked', 'solving')
$$;
