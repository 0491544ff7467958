-- Marks the file as ours ("BMRK"): files of other programs are not touched.
PRAGMA application_id = 1112363595;

-- All moments are text of the form 2025-01-31T12:00:00.000000Z, whose order is
-- the order in time. All ids are UUIDs in lower case.

-- What can be measured. The built-in metrics are written at every start, so
-- that those of a new version are there; operators add their own.
CREATE TABLE metrics (
    name VARCHAR(20) NOT NULL PRIMARY KEY,
    unit VARCHAR(20) NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('lower', 'higher')),
    definition VARCHAR(500) NOT NULL
);

-- What is ranked. Name and provider are its identity; the id is derived from
-- both, which makes it unique where the provider is unknown too.
CREATE TABLE llms (
    id TEXT NOT NULL PRIMARY KEY,
    name VARCHAR(200) NOT NULL,
    provider VARCHAR(100)
) WITHOUT ROWID;
CREATE INDEX llms_in_order ON llms (name, provider);

-- The conditions under which numbers may be compared.
CREATE TABLE workloads (
    slug VARCHAR(100) NOT NULL PRIMARY KEY,
    input_tokens INTEGER,
    output_tokens INTEGER,
    concurrency INTEGER,
    request_rate FLOAT,
    region TEXT,
    labels TEXT NOT NULL -- a JSON object of strings
);

-- One benchmark of one LLM on one workload at one time. The id is derived from
-- what the run says: that is what makes recording it twice recording it once.
CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    llm_id TEXT NOT NULL REFERENCES llms (id),
    workload VARCHAR(100) NOT NULL REFERENCES workloads (slug),
    source TEXT NOT NULL CHECK (source IN ('simulation', 'import', 'push', 'probe')),
    started_at TEXT NOT NULL,
    tool VARCHAR(100),
    tool_version VARCHAR(100),
    attempted_requests INTEGER NOT NULL,
    failed_requests INTEGER NOT NULL,
    file_sha256 BLOB,
    file_name TEXT,
    importer_version TEXT,
    recorded_at TEXT NOT NULL
) WITHOUT ROWID;
-- Runs are listed by start, under any one of three filters.
CREATE INDEX runs_in_order ON runs (started_at, id);
CREATE INDEX runs_of_llm_in_order ON runs (llm_id, started_at, id);
CREATE INDEX runs_on_workload_in_order ON runs (workload, started_at, id);
CREATE INDEX runs_from_source_in_order ON runs (source, started_at, id);
-- A default ranking counts the requests of an LLM from its newest run on.
CREATE INDEX runs_of_llm_on_workload_in_order ON runs (llm_id, workload, started_at, id);

-- What a run says about one metric. With a sketch it is a summary of samples;
-- without, it is what a tool reported, and what it did not report is NULL.
-- The rows lie in the order in which rankings read them, which is why the
-- run's workload and start are repeated here.
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
CREATE INDEX run_metrics_of_run ON run_metrics (run_id);

-- Each LLM's newest run, kept as runs are recorded, so that a default ranking
-- costs as much as there are LLMs, however many runs there are.
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
-- A new run moves every ranking on its workload in which its LLM stands.
CREATE INDEX latest_runs_of_llm ON latest_runs (workload, llm_id);

-- How many recordings said something about a scope or about an LLM that stands
-- in it, and how many of them the newest publication knows of. Where the two
-- differ, one is due.
CREATE TABLE rankings (
    metric VARCHAR(20) NOT NULL REFERENCES metrics (name),
    workload VARCHAR(100) NOT NULL REFERENCES workloads (slug),
    revision INTEGER NOT NULL,
    published_revision INTEGER,
    PRIMARY KEY (metric, workload)
) WITHOUT ROWID;

-- The default rankings that were published, each made from the recordings up
-- to its revision.
CREATE TABLE publications (
    metric VARCHAR(20) NOT NULL,
    workload VARCHAR(100) NOT NULL,
    revision INTEGER NOT NULL,
    published_at TEXT NOT NULL,
    PRIMARY KEY (metric, workload, revision),
    FOREIGN KEY (metric, workload) REFERENCES rankings (metric, workload)
) WITHOUT ROWID;

-- The entries of all publications, for SQL consumers. The current ranking is
-- the entries whose revision is the published_revision of its row in rankings.
CREATE TABLE benchmark (
    id TEXT NOT NULL PRIMARY KEY,
    metric VARCHAR(20) NOT NULL,
    workload VARCHAR(100) NOT NULL,
    revision INTEGER NOT NULL,
    llm_name VARCHAR(200) NOT NULL,
    provider VARCHAR(100),
    mean_value FLOAT NOT NULL,
    rank INTEGER NOT NULL,
    rank_low INTEGER NOT NULL,
    rank_high INTEGER NOT NULL,
    tier TEXT NOT NULL CHECK (tier IN ('reliable', 'mostly_failed')),
    value FLOAT NOT NULL,
    ci_low FLOAT,
    ci_high FLOAT,
    provisional BOOLEAN NOT NULL,
    p50 FLOAT,
    p90 FLOAT,
    p95 FLOAT,
    p99 FLOAT,
    sample_count INTEGER NOT NULL,
    run_count INTEGER NOT NULL,
    attempted_requests INTEGER NOT NULL,
    failed_requests INTEGER NOT NULL,
    source TEXT NOT NULL,
    timestamp TEXT NOT NULL, -- when the newest run behind the entry started
    FOREIGN KEY (metric, workload, revision)
        REFERENCES publications (metric, workload, revision)
);
CREATE INDEX benchmark_by_publication ON benchmark (metric, workload, revision);

-- Who may ask what. Only the SHA-256 of a key is known.
CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    scopes TEXT NOT NULL, -- names of scopes, separated by spaces
    owner TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT,
    revoked_at TEXT
);
