DROP TABLE pooled_runs;
CREATE TABLE pooled_runs (
    metric VARCHAR(20) NOT NULL REFERENCES metrics (name),
    workload VARCHAR(100) NOT NULL REFERENCES workloads (slug),
    day TEXT NOT NULL, -- its first moment, in UTC
    llm_id TEXT NOT NULL REFERENCES llms (id),
    pool BLOB NOT NULL,
    PRIMARY KEY (metric, workload, day, llm_id)
) WITHOUT ROWID;
UPDATE runs SET pooled = FALSE WHERE pooled;
