-- Runs after each migration, as the schema's owner: Grafana and slotting read the views named *_v1, and no table of ours.
\set ON_ERROR_STOP on
SELECT format('GRANT SELECT ON %I.%I TO tagdock_grafana, tagdock_slotting', schemaname, viewname)
FROM pg_views
WHERE schemaname = 'public' AND viewname LIKE '%\_v1' AND viewowner = current_user \gexec

-- Slotting takes its plans from the job queue and writes them back through functions.
GRANT EXECUTE ON FUNCTION plan_start_v1(uuid, jsonb), plan_finish_v1(uuid, jsonb), plan_fail_v1(uuid, text),
    plan_progress_v1(uuid, jsonb), plan_note_v1(uuid, text, jsonb), plan_picture_v1(uuid, text, text),
    question_start_v1(uuid), question_finish_v1(uuid, jsonb), question_fail_v1(uuid, text) TO tagdock_slotting;
SELECT format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.%I TO tagdock_slotting', schemaname, tablename)
FROM pg_tables
WHERE schemaname = 'public' AND tablename LIKE 'procrastinate\_%' AND tableowner = current_user \gexec
SELECT format('GRANT USAGE ON SEQUENCE %I.%I TO tagdock_slotting', schemaname, sequencename)
FROM pg_sequences
WHERE schemaname = 'public' AND sequencename LIKE 'procrastinate\_%' AND sequenceowner = current_user \gexec

-- On Citus the workers are asked as the role that asks, so there a view's rights are not enough.
SELECT format('GRANT SELECT ON %I TO tagdock_grafana, tagdock_slotting', series)
FROM pg_extension, unnest(ARRAY['movements', 'bin_readings', 'reader_events']) AS series
WHERE extname = 'citus' \gexec
