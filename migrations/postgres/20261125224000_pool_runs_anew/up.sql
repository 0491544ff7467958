-- What is pooled is laid out otherwise: it is taken in anew, run by run. Its key
-- leads through the days of one LLM after those of another, which is how both
-- windows and default rankings go through them.
--
-- It is derived from runs that are checked in the same transaction: looking up what
-- each of its rows names took longer than writing them. Half of each page is left
-- free for the next version of its rows, so that a run more on a day that has some
-- makes no new entry in the key.
DROP TABLE pooled_runs;
CREATE TABLE pooled_runs (
    metric VARCHAR(20) COLLATE "C" NOT NULL,
    workload VARCHAR(100) COLLATE "C" NOT NULL,
    llm_id UUID NOT NULL,
    day TIMESTAMP WITH TIME ZONE NOT NULL, -- its first moment, in UTC
    pool BYTEA NOT NULL,
    PRIMARY KEY (metric, workload, llm_id, day)
) WITH (fillfactor = 50);
UPDATE runs SET pooled = FALSE WHERE pooled;
