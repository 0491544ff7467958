DROP INDEX runs_not_pooled;
ALTER TABLE runs DROP COLUMN pooled;
DROP TABLE pooled_runs;
