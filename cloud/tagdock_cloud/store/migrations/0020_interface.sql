-- What the HTTP interface needs beside the record: answers to repeat, and which layout a plan was made for.

-- The answer to a POST that carried an Idempotency-Key, kept a day and given again to the same caller.
create table idempotency_keys (
    caller text not null,
    key text not null,
    request_hash bytea not null,                -- of method, path and body: another request may not reuse the key
    asked_at timestamptz not null default now(),
    status integer,
    headers jsonb,
    body bytea,
    primary key (caller, key)
);
create index idempotency_keys_by_age on idempotency_keys (asked_at);

-- The layout that a plan was asked for: moves worked out for another floor are not approved.
alter table plans add column layout_version bigint;

-- One site follows one plan at a time.
create unique index plans_one_approved on plans (site) where state = 'approved';

-- Uncertain passages are few and are asked for by every page that shows doors.
create index movements_uncertain on movements (site, observed_at) where direction = 'uncertain';

create view sites_v1 as
select site, coalesce(s.name, '') as name, coalesce(s.layout_version, 0) as layout_version, s.layout_updated_at
from (select site from sites union select site from gateways) known left join sites s using (site);
