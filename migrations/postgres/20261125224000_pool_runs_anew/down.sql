DROP TABLE pooled_runs;
CREATE TABLE pooled_runs (
    metric VARCHAR(20) COLLATE "C" NOT NULL REFERENCES metrics (name),
    workload VARCHAR(100) COLLATE "C" NOT NULL REFERENCES workloads (slug),
    day TIMESTAMP WITH TIME ZONE NOT NULL, -- its first moment, in UTC
    llm_id UUID NOT NULL REFERENCES llms (id),
    pool BYTEA NOT NULL,
    PRIMARY KEY (metric, workload, day, llm_id)
);
UPDATE runs SET pooled = FALSE WHERE pooled;
