CREATE TABLE measured AS SELECT * FROM run_metrics;
CREATE TABLE latest AS SELECT * FROM latest_runs;
DROP TABLE latest_runs;
DROP TABLE run_metrics;
CREATE TABLE run_metrics (
    metric VARCHAR(20) NOT NULL REFERENCES metrics (name),
    workload VARCHAR(100) NOT NULL,
    started_at TEXT NOT NULL,
    run_id TEXT NOT NULL REFERENCES runs (id),
    count INTEGER,
    mean FLOAT NOT NULL,
    squared_deviations FLOAT,
    standard_deviation FLOAT,
    min FLOAT,
    max FLOAT,
    p50 FLOAT,
    p90 FLOAT,
    p95 FLOAT,
    p99 FLOAT,
    sketch BLOB,
    PRIMARY KEY (metric, workload, started_at, run_id)
) WITHOUT ROWID;
INSERT INTO run_metrics
    SELECT metric, workload, started_at, run_id, count, mean, squared_deviations,
        standard_deviation, min, max, p50, p90, p95, p99, sketch
    FROM measured JOIN runs ON runs.id = measured.run_id;
DROP TABLE measured;
CREATE INDEX run_metrics_of_run ON run_metrics (run_id);
CREATE TABLE latest_runs (
    metric VARCHAR(20) NOT NULL,
    workload VARCHAR(100) NOT NULL,
    llm_id TEXT NOT NULL REFERENCES llms (id),
    started_at TEXT NOT NULL,
    run_id TEXT NOT NULL,
    PRIMARY KEY (metric, workload, llm_id),
    FOREIGN KEY (metric, workload, started_at, run_id)
        REFERENCES run_metrics (metric, workload, started_at, run_id)
) WITHOUT ROWID;
INSERT INTO latest_runs SELECT * FROM latest;
DROP TABLE latest;
CREATE INDEX latest_runs_of_llm ON latest_runs (workload, llm_id);
