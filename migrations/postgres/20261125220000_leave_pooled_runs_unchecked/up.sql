-- What is pooled is derived from runs that are checked in the same transaction:
-- looking up what each of its rows names took longer than writing them.
ALTER TABLE pooled_runs
    DROP CONSTRAINT pooled_runs_metric_fkey,
    DROP CONSTRAINT pooled_runs_workload_fkey,
    DROP CONSTRAINT pooled_runs_llm_id_fkey;
