-- What is pooled is laid out otherwise: it is taken in anew, run by run.
DELETE FROM pooled_runs;
UPDATE runs SET pooled = FALSE WHERE pooled;
