-- A history is read from its end, within a span of time: a step down this index
-- for each publication that is shown, however many there are.
CREATE INDEX publications_in_time
    ON publications (metric, workload, published_at, revision);
