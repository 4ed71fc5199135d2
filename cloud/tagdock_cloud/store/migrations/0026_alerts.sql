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
    severity text not null default 'info' check (severity in ('info', 'warning', 'critical')),  -- of alerts at least
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
-- A message of no site (null) goes to those that hear of all sites; an alert to those that want its severity.
create function tell_webhooks(topic text, site text, body jsonb) returns integer
language sql as $$
    select count(tell_webhook(l.webhook_id, $1, $2, $3))::integer
    from (
        select w.webhook_id from webhooks w
        where w.is_active and $1 = any (w.topics) and (w.sites is null or $2 = any (w.sites))
          and ($1 <> 'alert' or w.severity = 'info' or $3 ->> 'severity' = 'critical' or $3 ->> 'severity' = w.severity)
        for key share                       -- one that is being removed is passed over: the caller's work must not fail
    ) l
$$;

-- ---- alerts ----------------------------------------------------------------------------------------------------------

-- What raises alerts. Which columns a kind uses, `alerts/records.py` says and checks.
create table alert_rules (
    rule_id uuid primary key default gen_random_uuid(),
    kind text not null check (kind in ('stock', 'bin_over', 'environment', 'sensor_stale', 'gateway_stale', 'unordered_exit',
                                       'dwell', 'unknown_tags', 'read_quality')),
    name text not null,
    site text,                              -- null: every site
    severity text not null check (severity in ('info', 'warning', 'critical')),
    is_active boolean not null default true,
    sku text,
    family text,
    zone text,
    bin text,
    door text,
    quantity text,
    low double precision,
    high double precision,
    near double precision not null default 0,       -- so far from a limit counts as near it
    band double precision not null default 0,       -- so far back inside a limit it has to come before it counts as well
    at_least integer not null default 1,            -- so many before it counts at all
    after_s double precision not null default 0,    -- an age, or how far back is looked
    hold_s double precision not null default 60,    -- so long it has to be well before the alert is cleared
    created_by text not null default '',
    updated_at timestamptz not null default now()
);

-- What a fresh system looks at. Stock has no limits that suit everybody: those are set.
insert into alert_rules (kind, name, severity, quantity, high, band, at_least, after_s) values
    ('gateway_stale', 'A gateway is silent', 'warning', null, null, 0, 1, 300),
    ('sensor_stale', 'A sensor is silent', 'warning', null, null, 0, 1, 3600),
    ('environment', 'Temperature out of the zone''s range', 'warning', 'temperature_c', null, 0.5, 1, 3600),
    ('environment', 'Humidity out of the zone''s range', 'warning', 'humidity_pct', null, 2, 1, 3600),
    ('bin_over', 'A bin holds more than it may', 'warning', null, 1, 0.05, 1, 0),
    ('unordered_exit', 'An item left without an order', 'warning', null, null, 0, 1, 86400),
    ('dwell', 'An item waits at a door', 'info', null, null, 0, 1, 14400),
    ('unknown_tags', 'Unknown tags at a door', 'info', null, null, 0, 5, 900),
    ('read_quality', 'A door is often uncertain', 'warning', null, 0.2, 0.05, 20, 3600);

create table alerts (
    alert_id uuid primary key default gen_random_uuid(),
    site text not null,
    kind text not null,                     -- as the rule's, but stock: stock_below, stock_near_below, stock_above, stock_near_above
    originator text not null,               -- what it is about, such as sku/85123A or door/D1
    rule_id uuid references alert_rules on delete set null,
    severity text not null,
    value double precision,
    limit_value double precision,
    message text not null,
    detail jsonb not null default '{}',
    event_id uuid,                          -- the movement that raised it, where one did
    hold_s double precision not null,
    raised_at timestamptz not null default clock_timestamp(),
    missing_since timestamptz,              -- since when its cause has not been found any more
    cleared_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    comment text
);
create unique index alerts_one_open on alerts (site, kind, originator) where cleared_at is null;
create index alerts_by_time on alerts (raised_at desc, alert_id desc);
create index alerts_by_event on alerts (event_id) where event_id is not null;
create index alerts_cleared on alerts (cleared_at) where cleared_at is not null;

create view alerts_v1 as
select alert_id, site, kind, originator, severity, value, limit_value, message, detail, raised_at, cleared_at, acknowledged_at,
       acknowledged_by, comment, rule_id
from alerts;

-- What is said of an alert to those who listen: raised, worsened, cleared, acknowledged.
create function alert_news(alert alerts, change text) returns jsonb language sql immutable as $$
    select jsonb_build_object('change', change) || (to_jsonb(alert) - array['hold_s', 'missing_since', 'event_id'])
$$;

-- The last reading of each sensor that spoke within the last month, kept by the duty that looks at them.
create table sensor_latest (
    site text not null,
    bin text not null,
    quantity text not null,
    observed_at timestamptz not null,
    value double precision not null,
    quality text not null,
    gateway text not null,
    primary key (site, bin, quantity)
);

-- Whether an order that is or was just open speaks of an item, by itself or by its SKU.
create function is_ordered(of_site text, of_epc text, of_sku text, at timestamptz) returns boolean language sql stable as $$
    select exists (
        select from order_lines l join orders o using (site, kind, order_id)
        where l.site = of_site and l.kind = 'outbound' and (l.epc = of_epc or l.sku = of_sku)
          and o.cancelled_at is null and (o.completed_at is null or o.completed_at > at - interval '1 hour')
    )
$$;
