-- What there is to be said against a run's figures, as it was judged when it
-- was recorded; NULL where a version recorded it that judged none. Those that
-- are 'unrankable' count in no ranking.
ALTER TABLE runs ADD COLUMN verdict TEXT
    CHECK (verdict IN ('ok', 'notice', 'unrankable'));
-- What the verdict is made of: a JSON array of objects with `code`, `severity`
-- and `message`.
ALTER TABLE runs ADD COLUMN findings TEXT;
CREATE INDEX runs_by_verdict_in_order ON runs (verdict, started_at, id);
