-- Marks the schema as ours: tables of other programs are not touched. It stays
-- when everything else is reverted.
COMMENT ON TABLE __diesel_schema_migrations IS 'benchmark-api';

-- Names are compared and ordered by their bytes, as the service does itself,
-- whatever the locale of the database.

-- What can be measured. The built-in metrics are written at every start, so
-- that those of a new version are there; operators add their own.
CREATE TABLE metrics (
    name VARCHAR(20) COLLATE "C" NOT NULL PRIMARY KEY,
    unit VARCHAR(20) NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('lower', 'higher')),
    definition VARCHAR(500) NOT NULL
);

-- What is ranked. Name and provider are its identity; the id is derived from
-- both, which makes it unique where the provider is unknown too.
CREATE TABLE llms (
    id UUID NOT NULL PRIMARY KEY,
    name VARCHAR(200) COLLATE "C" NOT NULL,
    provider VARCHAR(100) COLLATE "C"
);
CREATE INDEX llms_in_order ON llms (name, provider NULLS FIRST);

-- The conditions under which numbers may be compared.
CREATE TABLE workloads (
    slug VARCHAR(100) COLLATE "C" NOT NULL PRIMARY KEY,
    input_tokens BIGINT,
    output_tokens BIGINT,
    concurrency BIGINT,
    request_rate DOUBLE PRECISION,
    region TEXT,
    labels JSONB NOT NULL -- an object of strings
);

-- One benchmark of one LLM on one workload at one time. The id is derived from
-- what the run says: that is what makes recording it twice recording it once.
CREATE TABLE runs (
    id UUID NOT NULL PRIMARY KEY,
    llm_id UUID NOT NULL REFERENCES llms (id),
    workload VARCHAR(100) COLLATE "C" NOT NULL REFERENCES workloads (slug),
    source TEXT NOT NULL CHECK (source IN ('simulation', 'import', 'push', 'probe')),
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    tool VARCHAR(100),
    tool_version VARCHAR(100),
    attempted_requests BIGINT NOT NULL,
    failed_requests BIGINT NOT NULL,
    file_sha256 BYTEA,
    file_name TEXT,
    importer_version TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL
);
-- Runs are listed by start, under any one of three filters.
CREATE INDEX runs_in_order ON runs (started_at, id);
CREATE INDEX runs_of_llm_in_order ON runs (llm_id, started_at, id);
CREATE INDEX runs_on_workload_in_order ON runs (workload, started_at, id);
CREATE INDEX runs_from_source_in_order ON runs (source, started_at, id);
-- A default ranking counts the requests of an LLM from its newest run on.
CREATE INDEX runs_of_llm_on_workload_in_order ON runs (llm_id, workload, started_at, id);

-- What a run says about one metric. With a sketch it is a summary of samples;
-- without, it is what a tool reported, and what it did not report is NULL.
-- The rows are found in the order in which rankings read them, which is why the
-- run's workload and start are repeated here.
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
CREATE INDEX run_metrics_of_run ON run_metrics (run_id);

-- Each LLM's newest run, kept as runs are recorded, so that a default ranking
-- costs as much as there are LLMs, however many runs there are.
CREATE TABLE latest_runs (
    metric VARCHAR(20) COLLATE "C" NOT NULL,
    workload VARCHAR(100) COLLATE "C" NOT NULL,
    llm_id UUID NOT NULL REFERENCES llms (id),
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id UUID NOT NULL,
    PRIMARY KEY (metric, workload, llm_id),
    FOREIGN KEY (metric, workload, started_at, run_id)
        REFERENCES run_metrics (metric, workload, started_at, run_id)
);
-- A new run moves every ranking on its workload in which its LLM stands.
CREATE INDEX latest_runs_of_llm ON latest_runs (workload, llm_id);

-- How many recordings said something about a scope or about an LLM that stands
-- in it, and how many of them the newest publication knows of. Where the two
-- differ, one is due.
CREATE TABLE rankings (
    metric VARCHAR(20) COLLATE "C" NOT NULL REFERENCES metrics (name),
    workload VARCHAR(100) COLLATE "C" NOT NULL REFERENCES workloads (slug),
    revision BIGINT NOT NULL,
    published_revision BIGINT,
    PRIMARY KEY (metric, workload)
);

-- The default rankings that were published, each made from the recordings up
-- to its revision.
CREATE TABLE publications (
    metric VARCHAR(20) COLLATE "C" NOT NULL,
    workload VARCHAR(100) COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (metric, workload, revision),
    FOREIGN KEY (metric, workload) REFERENCES rankings (metric, workload)
);

-- The entries of all publications, for SQL consumers. The current ranking is
-- the entries whose revision is the published_revision of its row in rankings.
CREATE TABLE benchmark (
    id UUID NOT NULL PRIMARY KEY,
    metric VARCHAR(20) COLLATE "C" NOT NULL,
    workload VARCHAR(100) COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL,
    llm_name VARCHAR(200) COLLATE "C" NOT NULL,
    provider VARCHAR(100) COLLATE "C",
    mean_value DOUBLE PRECISION NOT NULL,
    rank INTEGER NOT NULL,
    rank_low INTEGER NOT NULL,
    rank_high INTEGER NOT NULL,
    tier TEXT NOT NULL CHECK (tier IN ('reliable', 'mostly_failed')),
    value DOUBLE PRECISION NOT NULL,
    ci_low DOUBLE PRECISION,
    ci_high DOUBLE PRECISION,
    provisional BOOLEAN NOT NULL,
    p50 DOUBLE PRECISION,
    p90 DOUBLE PRECISION,
    p95 DOUBLE PRECISION,
    p99 DOUBLE PRECISION,
    sample_count BIGINT NOT NULL,
    run_count BIGINT NOT NULL,
    attempted_requests BIGINT NOT NULL,
    failed_requests BIGINT NOT NULL,
    source TEXT NOT NULL,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL, -- when the newest run behind the entry started
    FOREIGN KEY (metric, workload, revision)
        REFERENCES publications (metric, workload, revision)
);
CREATE INDEX benchmark_by_publication ON benchmark (metric, workload, revision);

-- Who may ask what. Only the SHA-256 of a key is known.
CREATE TABLE api_keys (
    id UUID NOT NULL PRIMARY KEY,
    hash BYTEA NOT NULL UNIQUE,
    scopes TEXT NOT NULL, -- names of scopes, separated by spaces
    owner TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    last_used_at TIMESTAMP WITH TIME ZONE
);
CREATE INDEX api_keys_in_order ON api_keys (created_at, id);

-- What was sent under an idempotency key, and what became of it. Forgotten
-- after a day.
CREATE TABLE submissions (
    sender TEXT COLLATE "C" NOT NULL,
    key VARCHAR(255) COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL, -- SHA-256 of all that was sent
    outcomes TEXT NOT NULL, -- a letter per run: n for new, k for known
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (sender, key)
);
CREATE INDEX submissions_by_age ON submissions (recorded_at);
