DROP TABLE submissions;
DROP INDEX api_keys_in_order;
ALTER TABLE api_keys DROP COLUMN last_used_at;
