-- How far a user has read in the current epoch.
local kept_at = redis.call('HGET', KEYS[3], ARGV[5])
local in_epoch, offset = string.match(kept_at or '', '^(%S+):(%d+)$')
if not epoch or in_epoch ~= epoch then
  return false
end
return { epoch, offset }
