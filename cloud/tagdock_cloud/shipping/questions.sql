-- part: shown
-- A question in one line.
select question_id, kind, sites, asked_at, asked_by, request, state, error, started_at, finished_at, approved_at, approved_by

-- name: page
-- Questions of a kind, newest first, as far as all their sites are the caller's.
{{shown}} from questions_v1
where kind = %(kind)s and (%(listed)s::text[] is null or sites <@ %(listed)s)
  and (%(before_at)s::timestamptz is null or (asked_at, question_id) < (%(before_at)s, %(before_id)s::uuid))
order by asked_at desc, question_id desc
limit %(rows)s;

-- name: one
-- One question whole.
{{shown}}, answer from questions_v1 where kind = %(kind)s and question_id = %(question_id)s;

-- name: lock
-- Hold a question: nobody approves it twice.
select question_id from questions where question_id = %(question_id)s for update;

-- name: open
-- How many of a kind nobody has answered yet; whoever asks waits for who asks at the same time.
select count(*) as questions, pg_advisory_xact_lock(hashtextextended('tagdock.questions', 0)) is null as locked
from questions where kind = %(kind)s and state in ('asked', 'solving');

-- name: insert
-- A question that waits for the solver.
insert into questions (question_id, kind, sites, asked_by, request, problem, time_limit_s, seed)
values (%(question_id)s, %(kind)s, %(sites)s, %(asked_by)s, %(request)s::jsonb, %(problem)s::jsonb, %(time_limit_s)s, %(seed)s);

-- name: defer
-- The queue's own function, so that the job exists exactly when the question does: one transaction.
select procrastinate_defer_jobs_v1(array[
    row('questions', 'answer_question', 0, null, null, jsonb_build_object('question_id', %(question_id)s::text), null)
]::procrastinate_job_to_defer_v1[]);

-- name: cancel
-- Nobody wants the answer any more.
update questions set state = 'failed', error = 'called off by ' || %(by)s, finished_at = now()
where question_id = %(question_id)s and state in ('asked', 'solving');

-- name: approve
-- What was answered is what will be done.
update questions set state = 'approved', approved_at = now(), approved_by = %(by)s where question_id = %(question_id)s;
