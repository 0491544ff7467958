-- What a run measured is found by the run alone, also where a ranking looks for it:
-- the workload and the start are those of the run, and a row has one key to be
-- entered in. That its metric is known, `rankings` checks once for all of them.
ALTER TABLE latest_runs DROP CONSTRAINT latest_runs_metric_workload_started_at_run_id_fkey;
DROP INDEX run_metrics_of_run;
ALTER TABLE run_metrics
    DROP CONSTRAINT run_metrics_pkey,
    DROP CONSTRAINT run_metrics_metric_fkey,
    DROP COLUMN workload,
    DROP COLUMN started_at,
    ADD PRIMARY KEY (run_id, metric);
ALTER TABLE latest_runs
    ADD FOREIGN KEY (run_id, metric) REFERENCES run_metrics (run_id, metric);
