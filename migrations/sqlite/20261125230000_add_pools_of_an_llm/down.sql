DROP INDEX pools_of_llm_in_order;
