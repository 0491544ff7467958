-- What a run measured is found by the run alone, also where a ranking looks for it:
-- the workload and the start are those of the run, and a row has one key to be
-- entered in. That its metric is known, `rankings` checks once for all of them.
CREATE TABLE measured AS SELECT * FROM run_metrics;
CREATE TABLE latest AS SELECT * FROM latest_runs;
DROP TABLE latest_runs;
DROP TABLE run_metrics;
CREATE TABLE run_metrics (
    run_id TEXT NOT NULL REFERENCES runs (id),
    metric VARCHAR(20) NOT NULL,
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
    PRIMARY KEY (run_id, metric)
) WITHOUT ROWID;
INSERT INTO run_metrics
    SELECT run_id, metric, count, mean, squared_deviations, standard_deviation, min, max,
        p50, p90, p95, p99, sketch
    FROM measured ORDER BY run_id, metric;
DROP TABLE measured;
CREATE TABLE latest_runs (
    metric VARCHAR(20) NOT NULL,
    workload VARCHAR(100) NOT NULL,
    llm_id TEXT NOT NULL REFERENCES llms (id),
    started_at TEXT NOT NULL,
    run_id TEXT NOT NULL,
    PRIMARY KEY (metric, workload, llm_id),
    FOREIGN KEY (run_id, metric) REFERENCES run_metrics (run_id, metric)
) WITHOUT ROWID;
INSERT INTO latest_runs SELECT * FROM latest;
DROP TABLE latest;
CREATE INDEX latest_runs_of_llm ON latest_runs (workload, llm_id);
