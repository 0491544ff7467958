-- What the runs of an LLM that started on one day say together about a metric,
-- kept as they are recorded: a ranking over a window costs as much as there are
-- days. Unrankable runs are not in it.
CREATE TABLE pooled_runs (
    metric VARCHAR(20) NOT NULL REFERENCES metrics (name),
    workload VARCHAR(100) NOT NULL REFERENCES workloads (slug),
    day TEXT NOT NULL, -- its first moment, in UTC
    llm_id TEXT NOT NULL REFERENCES llms (id),
    pool BLOB NOT NULL,
    PRIMARY KEY (metric, workload, day, llm_id)
) WITHOUT ROWID;

-- Whether a run is in pooled_runs, or is not to be. Those recorded by a version
-- that pools none are read one by one until a later one has taken them in.
ALTER TABLE runs ADD COLUMN pooled BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX runs_not_pooled ON runs (workload, started_at) WHERE NOT pooled;
