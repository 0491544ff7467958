-- Takes one from a subject's allowance, by the generic cell rate algorithm.
--
-- KEYS[1]  the subject. Holds the moment at which the whole allowance is there
--          again, in microseconds; it is gone once that moment has passed.
-- ARGV[1]  microseconds in which one comes back.
-- ARGV[2]  how many there are.
--
-- Returns whether it may go on (1 or 0), how many remain, and in microseconds
-- how long until one may go on and until all may.
local interval, requests = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local whole = interval * requests

local stored = (tonumber(redis.call('GET', KEYS[1])) or now) - now
-- Further ahead than the whole: the limit was larger, or the clock set back.
local ahead = math.min(math.max(stored, 0), whole)
local allowed = 0
if ahead + interval <= whole then
    allowed = 1
    ahead = ahead + interval
end
if allowed == 1 or stored > whole then
    redis.call('SET', KEYS[1], string.format('%.0f', now + ahead), 'PX', math.ceil(ahead / 1000))
end
local remaining = math.floor((whole - ahead) / interval)
return { allowed, remaining, math.max(ahead + interval - whole, 0), ahead }
