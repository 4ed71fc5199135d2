-- part: shown
-- What is shown of a report.
select report_id, name, kpis, sites, by_person, period, time_zone, runs_at, language, formats, send_to, is_active, next_at, created_at,
       created_by, updated_at
from reports

-- part: head
-- What is shown of a result, but for its figures.
select result_id, report_id, sites, since, until, former_since, is_scheduled, is_sent, asked, asked_at, asked_by, state, attempts, ended_at,
       error

-- name: page
-- Reports by name; of a caller with some sites, those of no others.
{{shown}}
where (%(sites)s::text[] is null or sites <@ %(sites)s) and (%(site)s::text is null or sites is null or %(site)s = any(sites))
  and (%(after_name)s::text is null or (name, report_id) > (%(after_name)s, %(after_id)s::uuid))
order by name, report_id
limit %(rows)s

-- name: one
-- One report; none that tells of other sites than the caller's.
{{shown}} where report_id = %(report_id)s and (%(sites)s::text[] is null or sites <@ %(sites)s)

-- name: count
-- How many there are; the lock lets two requests not both make the last one.
select count(*) as reports, pg_advisory_xact_lock(hashtextextended('tagdock.reports', 0)) is null as locked from reports

-- name: missing_site
-- The first of these sites that is not there.
select s.site from unnest(%(sites)s::text[]) with ordinality s (site, place)
where not exists (select from sites k where k.site = s.site) order by s.place limit 1

-- name: webhooks
-- Of these webhooks those that the caller may name, and whether they listen to reports of these sites.
select webhook_id, 'report' = any (topics) as listens, sites is null or %(of)s::text[] <@ sites as hears_sites
from webhooks
where webhook_id = any(%(webhooks)s::uuid[]) and owner = 'api' and (%(sites)s::text[] is null or sites <@ %(sites)s)

-- name: insert
-- A new report.
insert into reports (report_id, name, kpis, sites, by_person, period, time_zone, runs_at, language, formats, send_to, is_active, next_day,
                     next_at, created_by)
values (%(report_id)s, %(name)s, %(kpis)s, %(sites)s, %(by_person)s, %(period)s, %(time_zone)s, %(runs_at)s, %(language)s, %(formats)s,
        %(send_to)s, %(is_active)s, %(next_day)s, %(next_at)s, %(created_by)s)

-- name: replace
-- A report, told anew.
update reports
set name = %(name)s, kpis = %(kpis)s, sites = %(sites)s, by_person = %(by_person)s, period = %(period)s, time_zone = %(time_zone)s,
    runs_at = %(runs_at)s, language = %(language)s, formats = %(formats)s, send_to = %(send_to)s, is_active = %(is_active)s,
    next_day = %(next_day)s, next_at = %(next_at)s, updated_at = now()
where report_id = %(report_id)s

-- name: remove
-- A report goes, with its results.
delete from reports where report_id = %(report_id)s

-- name: results
-- Results of a report, the newest first; none of other sites than the caller's.
{{head}} from report_results
where report_id = %(report_id)s and (%(sites)s::text[] is null or sites <@ %(sites)s)
  and (%(before_at)s::timestamptz is null or (asked_at, result_id) < (%(before_at)s, %(before_id)s::uuid))
order by asked_at desc, result_id desc
limit %(rows)s

-- name: result
-- One result with its figures.
{{head}}, figures from report_results
where report_id = %(report_id)s and result_id = %(result_id)s and (%(sites)s::text[] is null or sites <@ %(sites)s)

-- name: count_waiting
-- How many results of a report wait; the lock lets two requests not both ask for the last one.
select (select count(*) from report_results r where r.report_id = h.report_id and r.state = 'waiting') as waiting
from (select report_id from reports where report_id = %(report_id)s for no key update) h

-- name: ask
-- Ask for a period: by the clock once.
insert into report_results (report_id, sites, since, until, former_since, is_scheduled, is_sent, asked, asked_by)
values (%(report_id)s, %(sites)s, %(since)s, %(until)s, %(former_since)s, %(is_scheduled)s, %(is_sent)s, %(asked)s::jsonb, %(asked_by)s)
on conflict (report_id, since) where is_scheduled do nothing
returning result_id

-- name: due
-- Reports whose time has come. `next_day` is where their first period begins that was not asked for.
select report_id, name, kpis, sites, by_person, period, time_zone, runs_at, language, formats, send_to, next_day
from reports where is_active and next_at <= %(now)s order by next_at limit %(most)s for update

-- name: go_on
-- A report waits for its next period.
update reports set next_day = %(next_day)s, next_at = %(next_at)s where report_id = %(report_id)s

-- name: waiting
-- The result that has waited for the longest.
{{head}} from report_results where state = 'waiting' and next_at <= clock_timestamp() order by next_at, asked_at limit 1 for update

-- name: sites
-- All sites by name.
select site from sites order by site limit %(most)s

-- name: figures
-- What is counted in a period and in the one before it: of all, of each site, of each reason or state. `words`: what has a reason or
-- state, weighed as it counts for the figure.
select kpi, case when grouping(site) = 0 then 'site' when grouping(word) = 0 then 'word' else 'all' end as level, is_now, site,
       null::text as person, word, coalesce(sum(part), 0)::bigint as part, coalesce(sum(whole), 0)::bigint as whole,
       coalesce(sum(greatest(part, whole)) filter (where word is not null), count(word))::bigint as words,
       count(seconds) as times, percentile_cont(0.5) within group (order by seconds) as median_s,
       percentile_cont(0.9) within group (order by seconds) as nine_of_ten_s
from (
    select kpi, site, part, whole, seconds, word, at >= %(since)s::timestamptz as is_now from kpi_facts_v1
    where kpi = any(%(kpis)s::text[]) and (%(sites)s::text[] is null or site = any(%(sites)s::text[]))
      and at >= %(former_since)s::timestamptz and at < %(until)s::timestamptz
) facts
group by grouping sets ((kpi, is_now), (kpi, is_now, site), (kpi, is_now, word))
having grouping(word) = 1 or word is not null

-- name: figures_of_people
-- The same of each person at each site.
select kpi, 'person' as level, is_now, site, person, null::text as word, coalesce(sum(part), 0)::bigint as part,
       coalesce(sum(whole), 0)::bigint as whole, count(word) as words, count(seconds) as times,
       percentile_cont(0.5) within group (order by seconds) as median_s, percentile_cont(0.9) within group (order by seconds) as nine_of_ten_s
from (
    select kpi, site, person, part, whole, seconds, word, at >= %(since)s::timestamptz as is_now from kpi_people_v1
    where kpi = any(%(kpis)s::text[]) and (%(sites)s::text[] is null or site = any(%(sites)s::text[]))
      and at >= %(former_since)s::timestamptz and at < %(until)s::timestamptz
) facts
group by kpi, is_now, site, person

-- name: done
-- It is worked out.
update report_results set state = 'done', figures = %(figures)s::jsonb, ended_at = clock_timestamp(), attempts = attempts + 1, error = null
where result_id = %(result_id)s

-- name: failed
-- It could not be worked out: it is tried again later, or no more (`wait_s` null).
update report_results
set attempts = attempts + 1, error = %(error)s, state = case when %(wait_s)s::double precision is null then 'failed' else 'waiting' end,
    ended_at = case when %(wait_s)s::double precision is null then clock_timestamp() end,
    next_at = clock_timestamp() + make_interval(secs => coalesce(%(wait_s)s::double precision, 0))
where result_id = %(result_id)s

-- name: receivers
-- Those who are told of a report and listen to it still.
select webhook_id, url from webhooks
where webhook_id = any(%(webhooks)s::uuid[]) and is_active and owner = 'api' and 'report' = any (topics)
  and (sites is null or %(of)s::text[] <@ sites)
order by webhook_id for key share

-- name: tell
-- Queue one message for one webhook.
select tell_webhook(%(webhook_id)s, 'report', null, %(body)s::jsonb) as delivery_id

-- name: forget_old
-- Results are kept so long.
delete from report_results where state <> 'waiting' and asked_at < now() - make_interval(days => %(keep_days)s)

-- name: forget_many
-- And of each report so many, the newest.
delete from report_results where result_id in (
    select result_id from (
        select result_id, row_number() over (partition by report_id order by asked_at desc, result_id desc) as number
        from report_results where state <> 'waiting'
    ) numbered where number > %(keep_most)s
)
