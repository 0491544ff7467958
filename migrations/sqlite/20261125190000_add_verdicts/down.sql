DROP INDEX runs_by_verdict_in_order;
ALTER TABLE runs DROP COLUMN findings;
ALTER TABLE runs DROP COLUMN verdict;
