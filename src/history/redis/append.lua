-- Appends a message and publishes it, unless its id was seen of late.
--
-- `seen` holds a field for each id, and a queue of them from slot `first` to before slot `next`.
local SEEN = KEYS[3]
local SIZE, IDS_LAST, ID, MESSAGE = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7], ARGV[8]
local CHANNEL, PAYLOAD = ARGV[9], ARGV[10]
local MOST, AT_ONCE = 65536, 100

local first, free = 0, 0
if ID ~= '' then
  local seen = redis.call('HGET', SEEN, ID)
  if seen then
    local when, in_epoch, offset, message = string.match(seen, '^%d+ (%d+) (%S+) (%d+) (.*)$')
    if now - tonumber(when) <= IDS_LAST then
      return { in_epoch, offset, message, 0 }
    end
  end
  local ends = redis.call('HMGET', SEEN, 'first', 'next')
  first, free = tonumber(ends[1]) or 0, tonumber(ends[2]) or 0
end

if not epoch then
  begin()
end
local offset = last + 1
local id = whole(offset) .. '-0'
local entry = { 'at', whole(now), 'payload', PAYLOAD }
local added = redis.pcall('XADD', STREAM, 'MAXLEN', whole(SIZE), id, unpack(entry))
if added.err then
  if not string.find(added.err, 'equal or smaller', 1, true) then
    return added
  end
  -- The stream knows of entries that its meta does not.
  begin()
  offset, id = 1, '1-0'
  redis.call('XADD', STREAM, 'MAXLEN', whole(SIZE), id, unpack(entry))
end
last, at = offset, now
redis.call('HSET', META, 'last', whole(last), 'at', whole(at))
touch()
redis.call('PEXPIRE', STREAM, whole(AGE + HOUR))

if ID ~= '' then
  for _ = 1, AT_ONCE do
    local slot = 'q' .. whole(first)
    local name = first < free and redis.call('HGET', SEEN, slot)
    if not name then
      break
    end
    local known = redis.call('HGET', SEEN, name) or ''
    local of, when = string.match(known, '^(%d+) (%d+) ')
    local is_own = of == whole(first)
    if is_own and now - tonumber(when) <= IDS_LAST and free - first < MOST then
      break
    end
    redis.call('HDEL', SEEN, slot)
    if is_own then
      redis.call('HDEL', SEEN, name)
    end
    first = first + 1
  end
  local known = { whole(free), whole(now), epoch, whole(offset), MESSAGE }
  redis.call('HSET', SEEN, ID, table.concat(known, ' '), 'q' .. whole(free), ID,
    'first', whole(first), 'next', whole(free + 1))
  redis.call('PEXPIRE', SEEN, whole(IDS_LAST + HOUR))
end

local rest = string.sub(PAYLOAD, 2)
redis.call('PUBLISH', CHANNEL, '{"offset":' .. whole(offset) .. ',"epoch":"' .. epoch .. '",' .. rest)
return { epoch, whole(offset), MESSAGE, 1 }
