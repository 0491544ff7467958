-- Stores an answer, unless what it is about was forgotten since it was asked
-- for: it would replace a newer one.
--
-- KEYS[1]  the generation.
-- KEYS[2]  the answer.
-- ARGV[1]  the generation that the answer is of.
-- ARGV[2]  the answer.
-- ARGV[3]  how long to keep it, in milliseconds.
if redis.call('GET', KEYS[1]) == ARGV[1] then
    redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
end
return 0
