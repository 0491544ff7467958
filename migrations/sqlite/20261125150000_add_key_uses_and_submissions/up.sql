ALTER TABLE api_keys ADD COLUMN last_used_at TEXT;
CREATE INDEX api_keys_in_order ON api_keys (created_at, id);

-- What was sent under an idempotency key, and what became of it. Forgotten
-- after a day.
CREATE TABLE submissions (
    sender TEXT NOT NULL,
    key VARCHAR(255) NOT NULL,
    digest BLOB NOT NULL, -- SHA-256 of all that was sent
    outcomes TEXT NOT NULL, -- a letter per run: n for new, k for known
    recorded_at TEXT NOT NULL,
    PRIMARY KEY (sender, key)
) WITHOUT ROWID;
CREATE INDEX submissions_by_age ON submissions (recorded_at);
