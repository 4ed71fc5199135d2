-- Plans: asked for by planners, worked out by slotting, approved into moves.

create table plans (
    plan_id uuid primary key,
    site text not null references sites,
    asked_at timestamptz not null default now(),
    asked_by text not null default '',
    request jsonb not null,
    state text not null default 'asked' check (state in ('asked', 'solving', 'done', 'failed', 'approved')),
    problem jsonb,
    plan jsonb,
    error text,
    started_at timestamptz,
    finished_at timestamptz,
    approved_at timestamptz,
    approved_by text
);
create index plans_by_site on plans (site, asked_at desc);

create table moves (
    plan_id uuid not null references plans on delete cascade,
    step integer not null,
    sku text not null,
    from_bin text,
    to_bin text not null,
    saves_m_per_day double precision,
    why text not null default '',
    state text not null default 'open' check (state in ('open', 'done')),
    done_at timestamptz,
    primary key (plan_id, step)
);

-- What slotting may write. A plan that was approved meanwhile, or that another worker finished, is left as it is.
create function plan_start_v1(plan_id uuid, problem jsonb) returns void language sql as $$
    update plans p set state = 'solving', problem = plan_start_v1.problem, started_at = now(), error = null
    where p.plan_id = plan_start_v1.plan_id and p.state in ('asked', 'solving', 'failed')
$$;

create function plan_finish_v1(plan_id uuid, plan jsonb) returns void language sql as $$
    update plans p set state = 'done', plan = plan_finish_v1.plan, finished_at = now(), error = null
    where p.plan_id = plan_finish_v1.plan_id and p.state in ('asked', 'solving', 'failed')
$$;

create function plan_fail_v1(plan_id uuid, reason text) returns void language sql as $$
    update plans p set state = 'failed', error = left(reason, 2000), finished_at = now()
    where p.plan_id = plan_fail_v1.plan_id and p.state in ('asked', 'solving')
$$;
