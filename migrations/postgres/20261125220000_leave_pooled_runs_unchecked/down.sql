ALTER TABLE pooled_runs
    ADD CONSTRAINT pooled_runs_metric_fkey FOREIGN KEY (metric) REFERENCES metrics (name),
    ADD CONSTRAINT pooled_runs_workload_fkey FOREIGN KEY (workload) REFERENCES workloads (slug),
    ADD CONSTRAINT pooled_runs_llm_id_fkey FOREIGN KEY (llm_id) REFERENCES llms (id);
