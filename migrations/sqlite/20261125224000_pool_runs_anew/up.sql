-- What is pooled is laid out otherwise: it is taken in anew, run by run. Its key
-- leads through the days of one LLM after those of another, which is how both
-- windows and default rankings go through them. It is derived from runs that are
-- checked in the same transaction.
DROP TABLE pooled_runs;
CREATE TABLE pooled_runs (
    metric VARCHAR(20) NOT NULL,
    workload VARCHAR(100) NOT NULL,
    llm_id TEXT NOT NULL,
    day TEXT NOT NULL, -- its first moment, in UTC
    pool BLOB NOT NULL,
    PRIMARY KEY (metric, workload, llm_id, day)
) WITHOUT ROWID;
UPDATE runs SET pooled = FALSE WHERE pooled;
