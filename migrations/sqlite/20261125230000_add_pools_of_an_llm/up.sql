-- A default ranking adds up what an LLM's requests came to on the days since its
-- newest run: a step down this index for each of them, however many other LLMs
-- there are.
CREATE INDEX pools_of_llm_in_order ON pooled_runs (metric, workload, llm_id, day);
