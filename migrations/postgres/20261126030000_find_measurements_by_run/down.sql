ALTER TABLE latest_runs DROP CONSTRAINT latest_runs_run_id_metric_fkey;
ALTER TABLE run_metrics DROP CONSTRAINT run_metrics_pkey;
ALTER TABLE run_metrics RENAME TO measured;
CREATE TABLE run_metrics (
    metric VARCHAR(20) COLLATE "C" NOT NULL REFERENCES metrics (name),
    workload VARCHAR(100) COLLATE "C" NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id UUID NOT NULL REFERENCES runs (id),
    count BIGINT,
    mean DOUBLE PRECISION NOT NULL,
    squared_deviations DOUBLE PRECISION,
    standard_deviation DOUBLE PRECISION,
    min DOUBLE PRECISION,
    max DOUBLE PRECISION,
    p50 DOUBLE PRECISION,
    p90 DOUBLE PRECISION,
    p95 DOUBLE PRECISION,
    p99 DOUBLE PRECISION,
    sketch BYTEA,
    PRIMARY KEY (metric, workload, started_at, run_id)
);
INSERT INTO run_metrics
    SELECT metric, workload, started_at, run_id, count, mean, squared_deviations,
        standard_deviation, min, max, p50, p90, p95, p99, sketch
    FROM measured JOIN runs ON runs.id = measured.run_id;
DROP TABLE measured;
CREATE INDEX run_metrics_of_run ON run_metrics (run_id);
ALTER TABLE latest_runs
    ADD FOREIGN KEY (metric, workload, started_at, run_id)
        REFERENCES run_metrics (metric, workload, started_at, run_id);
