-- Who may do what: users, roles limited to sites, tokens with an end, and the audit.

alter table tokens drop constraint tokens_role_check;
alter table tokens add constraint tokens_role_check
    check (role in ('admin', 'manager', 'planner', 'operator', 'viewer', 'integrator', 'device'));
alter table tokens
    add column sites text[] check (cardinality(sites) > 0),         -- null: all sites
    add column rights text[] check (cardinality(rights) > 0),       -- null: all that the role has
    add column expires_at timestamptz,                              -- null: never
    add column created_by text;

create table users (
    name text primary key check (name ~ '^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$'),
    password_hash text,                                             -- argon2id; null: comes in by OIDC alone
    oidc_subject text unique,                                       -- issuer and subject; null: not known there
    role text not null check (role in ('admin', 'manager', 'planner', 'operator', 'viewer', 'integrator')),
    sites text[] check (cardinality(sites) > 0),                    -- null: all sites
    created_at timestamptz not null default now(),
    disabled_at timestamptz,
    password_changed_at timestamptz not null default now()
);

-- Browsers that are logged in, as a user or with an API token.
create table console_sessions (
    session_hash bytea primary key,                                 -- SHA-256 of a random 256-bit cookie
    user_name text references users (name) on delete cascade,
    token_hash bytea references tokens (token_hash) on delete cascade,
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),                     -- brought up to date once a minute at most
    expires_at timestamptz not null,
    check (num_nonnulls(user_name, token_hash) = 1)
);
create index console_sessions_by_user on console_sessions (user_name);
create index console_sessions_by_end on console_sessions (expires_at);

-- Failed logins, by user and by address; both hashed, so that what was typed into the wrong field is kept nowhere.
create table login_failures (
    key bytea primary key,
    failures integer not null,
    failed_at timestamptz not null default now(),
    wait_until timestamptz not null default now()
);
create index login_failures_by_age on login_failures (failed_at);

-- Logins that were sent to the OIDC provider and have not come back yet.
create table oidc_logins (
    state_hash bytea primary key,
    nonce text not null,
    code_verifier text not null,
    go_to text not null,
    expires_at timestamptz not null
);
create index oidc_logins_by_end on oidc_logins (expires_at);

-- A gateway's secret for brokers that read bcrypt (NATS); null: it was registered before there was one.
alter table gateways add column secret_bcrypt text;

-- Every change that somebody made: who, what, before, after. Nothing in it is ever changed or taken out.
create table audit (
    audit_id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    who text not null,
    kind text not null,                                             -- user, token, command, lab
    action text not null,                                           -- such as plan.approve
    subject text not null,                                          -- such as plan/0198...
    site text,
    before jsonb,
    after jsonb,
    request_id text
);
create index audit_by_time on audit (at);
create index audit_by_who on audit (who, audit_id);
create index audit_by_subject on audit (subject, audit_id);

create function audit_stays() returns trigger language plpgsql as $$
begin
    raise exception 'the audit is only ever added to' using errcode = 'integrity_constraint_violation';
end
$$;
create trigger audit_stays before update or delete on audit for each row execute function audit_stays();
create trigger audit_is_not_emptied before truncate on audit for each statement execute function audit_stays();
