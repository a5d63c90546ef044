-- Moves a user's cursor: never back, nor behind the last message, nor by another epoch's offset.
local CURSORS, USER, KEEP_CURSORS = KEYS[3], ARGV[5], tonumber(ARGV[6])
local TO, IN_EPOCH = tonumber(ARGV[7]), ARGV[8]
if not epoch then
  return '0'
end
local in_epoch, reached = string.match(redis.call('HGET', CURSORS, USER) or '', '^(%S+):(%d+)$')
reached = in_epoch == epoch and tonumber(reached) or 0
-- With an `=` in front, so that an empty epoch is not none.
if IN_EPOCH ~= '' and IN_EPOCH ~= '=' .. epoch then
  TO = 0
end
TO = math.min(TO, last)
if TO > 0 then
  reached = math.max(reached, TO)
  redis.call('HSET', CURSORS, USER, epoch .. ':' .. whole(reached))
  redis.call('PEXPIRE', CURSORS, whole(KEEP_CURSORS))
  touch()
end
return whole(reached)
