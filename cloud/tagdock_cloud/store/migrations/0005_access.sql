-- Who may come in: API tokens, hashed.

create table tokens (
    token_hash bytea primary key,           -- SHA-256 of a random 256-bit token: no dictionary helps against it
    name text not null,
    role text not null check (role in ('admin', 'planner', 'viewer')),
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);
