-- A listing by both goes down one index: down either of the others it may pass
-- every run there is.
CREATE INDEX runs_from_source_by_verdict_in_order ON runs (source, verdict, started_at, id);
