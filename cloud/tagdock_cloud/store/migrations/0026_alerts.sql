-- Alerts, the rules that raise them, and webhooks.

-- ---- due work --------------------------------------------------------------------------------------------------------

-- When each duty of `tagdock-cloud work` was last done, whichever of several workers did it.
create table duties (
    duty text primary key,
    every_s double precision not null,
    done_at timestamptz,                    -- the end of its last run that committed
    took_s double precision,
    failed_at timestamptz,
    failures integer not null default 0,    -- in a row
    error text
);
create view duties_v1 as select duty, every_s, done_at, took_s, failed_at, failures, error from duties;

-- ---- webhooks --------------------------------------------------------------------------------------------------------

-- Where news is sent. `url` and `secret` hold secrets that no answer and no view shows (decision 0090).
create table webhooks (
    webhook_id uuid primary key default gen_random_uuid(),
    name text not null,
    url text not null,
    topics text[] not null,
    sites text[],                           -- null: all
    secret text,                            -- signs what is sent; null where a message is sent by mail or MQTT
    is_enveloped boolean not null default true,     -- false: the body goes out as it is, without type and timestamp
    is_active boolean not null default true,
    owner text not null default 'api',      -- 'epcis': belongs to a subscription there and is changed only there
    failures integer not null default 0,    -- attempts in a row that failed, whatever they carried
    resume_at timestamptz,                  -- after failures nothing is sent before
    created_at timestamptz not null default now(),
    created_by text not null default '',
    updated_at timestamptz not null default now()
);

-- One row a message and webhook: the queue, the dead letters, and for a while what was delivered.
create table deliveries (
    delivery_id uuid primary key default gen_random_uuid(),     -- the same in every attempt
    webhook_id uuid not null references webhooks on delete cascade,
    topic text not null,
    site text,
    body jsonb not null,
    queued_at timestamptz not null default clock_timestamp(),
    state text not null default 'waiting' check (state in ('waiting', 'done', 'dead')),
    attempts integer not null default 0,
    next_at timestamptz not null default now(),     -- not before; while a worker sends it: when its claim ends
    begun_at timestamptz not null default now(),    -- when it was queued, or by a person once more: its day counts from here
    ended_at timestamptz,
    status integer,                         -- of the last answer
    error text                              -- of the last attempt
);
create index deliveries_waiting on deliveries (webhook_id, queued_at) where state = 'waiting';
create index deliveries_due on deliveries (next_at) where state = 'waiting';
create index deliveries_by_webhook on deliveries (webhook_id, state, queued_at desc, delivery_id);
create index deliveries_ended on deliveries (ended_at) where state <> 'waiting';

-- Queue one message for one webhook, in the caller's transaction. The queue of a webhook holds 10,000: where it is full,
-- the oldest that nobody sends just now becomes a dead letter, as the newest tells most. Returns the delivery's id.
create function tell_webhook(webhook uuid, topic text, site text, body jsonb) returns uuid
language plpgsql as $$
declare
    most_waiting constant integer := 10000;
    most_bytes constant integer := 1048576;
    is_large constant boolean := octet_length(body::text) > most_bytes;
    delivery uuid;
begin
    if (select count(*) from (
            select from deliveries d where d.webhook_id = webhook and d.state = 'waiting' limit most_waiting) w) = most_waiting then
        update deliveries set state = 'dead', ended_at = clock_timestamp(), error = 'the queue was full: the oldest went first'
        where delivery_id = (
            select d.delivery_id from deliveries d where d.webhook_id = webhook and d.state = 'waiting' and d.next_at <= now()
            order by d.queued_at limit 1 for update skip locked);
    end if;
    insert into deliveries (webhook_id, topic, site, body, state, ended_at, error)
    values (webhook, topic, site, case when is_large then '{}' else body end, case when is_large then 'dead' else 'waiting' end,
            case when is_large then clock_timestamp() end,
            case when is_large then format('the body is larger than %s bytes: it was not kept', most_bytes) end)
    returning delivery_id into delivery;
    return delivery;
end
$$;

-- Queue one message for every active webhook that listens to the topic and the site. Returns how many there are.
-- A message of no site (null) goes to those that hear of all sites.
create function tell_webhooks(topic text, site text, body jsonb) returns integer
language sql as $$
    select count(tell_webhook(w.webhook_id, $1, $2, $3))::integer
    from webhooks w
    where w.is_active and $1 = any (w.topics) and (w.sites is null or $2 = any (w.sites))
$$;
